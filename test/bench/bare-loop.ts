/**
 * The least that anybody could do: the calls that put the same people on the platform, signed and sent over connections
 * that stay open, as many at once as the connector had under way. Reads no CRM, decides nothing, keeps no ledger.
 * Guarantees: the same number of calls, the same people and values; throws when one is not taken.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { Personal } from '../../config/words.ts';
import type { WorldDescription } from '../../fixtures/simulators/world.ts';
import { createOAuth1Signer } from '../../src/http/oauth1.ts';
import type { World } from './stage.ts';

interface SeenContact {
  readonly externalId: string | null;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly permissions: Readonly<Record<string, boolean>>;
}

interface SeenProperty {
  readonly name: string;
  readonly entries: readonly { readonly bit: number; readonly description: string }[];
}

/** The bodies of as many calls as were made there, with everybody who is there now. */
export async function bodiesLike(world: World, calls: number): Promise<string[]> {
  const seen = await world.spotler.get<SeenContact[]>('/contacts');
  const properties = await world.spotler.get<SeenProperty[]>('/properties');
  const entries = properties.find(({ name }) => name === 'permissions')?.entries ?? [];
  const contacts = seen.map(({ externalId, properties: values, permissions }) => ({
    externalId,
    properties: {
      ...values,
      permissions: entries.map(({ bit, description }) => ({ bit, enabled: permissions[description] ?? false })),
    },
  }));
  const size = Math.ceil(contacts.length / calls);
  if (size > 100) throw new Error('more people than so many calls can carry');
  return Array.from({ length: calls }, (_, index) =>
    JSON.stringify({ update: false, purge: false, contacts: contacts.slice(index * size, (index + 1) * size) }),
  ).filter((_, index) => index * size < contacts.length);
}

export interface Loop {
  /** Milliseconds from the first call to the last answer. */
  readonly milliseconds: number;
  /** Processor time of this process meanwhile, milliseconds. */
  readonly processorMs: number;
}

export async function bareLoop(at: WorldDescription['spotler'], bodies: string[], atOnce: number): Promise<Loop> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: atOnce });
  const signer = createOAuth1Signer({
    consumerKey: at.consumerKey,
    consumerSecret: new Personal(at.consumerSecret),
    now: Date.now,
    nonce: () => randomUUID().replaceAll('-', ''),
  });
  const url = `${at.baseUrl}/contact/list`;

  function send(body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: signer.authorize({ method: 'POST', url }),
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      };
      const request = http.request(url, { method: 'POST', agent, headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const rows: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
          if (answer.statusCode === 200 && Array.isArray(rows)) resolve();
          else reject(new Error(`the bare loop was answered ${answer.statusCode}`));
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  const began = performance.now();
  const used = process.cpuUsage();
  let next = 0;
  const lanes = Array.from({ length: atOnce }, async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await send(body);
  });
  await Promise.all(lanes);
  const milliseconds = performance.now() - began;
  const { user, system } = process.cpuUsage(used);
  agent.destroy();
  return { milliseconds, processorMs: (user + system) / 1000 };
}
