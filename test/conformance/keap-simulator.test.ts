import { describe, expect, it } from '@jest/globals';
import { type Sabotage, startKeapSimulator } from '../../fixtures/simulators/keap/index.ts';
import { type Case, cases } from './keap-judge.ts';

/**
 * The simulator against a judge that was written from the wire facts and uses nothing but fetch; and the judge against
 * simulators that were broken on purpose.
 */
describe('the Keap simulator', () => {
  it.each(cases)('$name', async (one) => {
    await expect(judge(one, [])).resolves.toBeUndefined();
  });

  it('counts calls by kind without ids in them', async () => {
    const simulator = await startKeapSimulator();
    try {
      for (const path of ['/contacts/5', '/contacts/model', '/emailAddresses/a%40b.example/status', '/wrong/7']) {
        await fetch(`${simulator.baseUrl}${path}`);
      }

      expect(simulator.counts()).toEqual({
        'GET /contacts/id': 1,
        'GET /contacts/model': 1,
        'GET /emailAddresses/status': 1,
        'unknown path': 1,
      });
    } finally {
      await simulator.close();
    }
  });

  it('refuses options it does not have', async () => {
    await expect(startKeapSimulator({ emailFilter: 'some' as 'all' })).rejects.toThrow('option emailFilter');
  });
});

describe('the judge of the Keap simulator', () => {
  it.each<[Sabotage, string]>([
    ['keyUnchecked', 'takes the key in its header or as a bearer token, and refuses another'],
    ['numericIds', 'gives ids as text'],
    ['unknownStatus', 'opts an address in by a reason, and out by its status; who unsubscribed stays out with 200'],
    [
      'unknownPropertyAccepted',
      'refuses what a contact does not have, is too long or no address, and says so in its form',
    ],
    ['arraysMerged', 'replaces an array as a whole, and leaves what is not named'],
    ['duplicateOptionIgnored', 'creates with 201, and updates who has the address already with 200'],
    [
      'optOutWithoutEffect',
      'opts an address in by a reason, and out by its status; who unsubscribed stays out with 200',
    ],
    ['deleteWithoutEffect', 'deletes with 204 and for good, and 404 afterwards; the opt-out stays'],
  ])('notices the planted fault %s', async (sabotage, noticedBy) => {
    const failed: string[] = [];
    for (const one of cases) await judge(one, [sabotage]).catch(() => failed.push(one.name));

    expect(failed).toContain(noticedBy);
    expect(failed.length).toBeLessThan(cases.length);
  });
});

/** One case against a simulator of its own. */
async function judge(one: Case, sabotage: readonly Sabotage[]): Promise<void> {
  const simulator = await startKeapSimulator({ sabotage });
  const apiKey = simulator.apiKey();
  try {
    await one.run({
      apiKey,
      async call(method, path, body, headers = { 'x-keap-api-key': apiKey }) {
        const answer = await fetch(`${simulator.baseUrl}${path}`, {
          method,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) };
      },
      async admin(method, path, body) {
        const answer = await fetch(`${simulator.adminUrl}${path}`, { method, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
      },
    });
  } finally {
    await simulator.close();
  }
}
