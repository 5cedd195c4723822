import { describe, expect, it } from '@jest/globals';
import { type MailjetOptions, type Sabotage, startMailjetSimulator } from '../../fixtures/simulators/mailjet/index.ts';
import { vendorClient } from './mailjet-client.ts';
import { type Case, contactCases } from './mailjet-judge.ts';
import { listCases } from './mailjet-judge-lists.ts';

/**
 * The simulator against a judge that was written from the wire facts and asks through the vendor's own client; and the
 * judge against simulators that were broken on purpose.
 */
const cases = [...contactCases, ...listCases];

describe('the Mailjet simulator', () => {
  it.each(cases)('$name', async (one) => {
    await expect(judge(one)).resolves.toBeUndefined();
  });

  it('ends a job after some looks, and lets it take effect at its end when told so', async () => {
    const job = listCases.find(({ name }) => name.startsWith('writes many by a job'))!;
    await expect(judge(job, { jobPolls: 3, jobEffect: 'atEnd' })).resolves.toBeUndefined();
  });

  it('counts calls by kind without ids in them', async () => {
    const simulator = await startMailjetSimulator();
    try {
      for (const path of ['/contact/5', '/contact/a%40b.example', '/contact/managemanycontacts/7', '/contactdata/5']) {
        await fetch(`${simulator.baseUrl}/v3/REST${path}`);
      }
      await fetch(`${simulator.baseUrl}/v4/contacts/5`, { method: 'DELETE' });
      await fetch(`${simulator.baseUrl}/v4/REST/contacts/5`, { method: 'DELETE' });

      expect(simulator.counts()).toEqual({
        'GET /contact/id': 2,
        'GET /contact/managemanycontacts/id': 1,
        'GET /contactdata/id': 1,
        'DELETE /v4/contacts/id': 1,
        'unknown path': 1,
      });
    } finally {
      await simulator.close();
    }
  });

  it('refuses options it does not have', async () => {
    await expect(startMailjetSimulator({ pathLookUp: 'some' as 'exact' })).rejects.toThrow('option pathLookUp');
  });
});

describe('the judge of the Mailjet simulator', () => {
  it.each<[Sabotage, string]>([
    ['keyUnchecked', 'refuses a wrong secret, and changes nothing'],
    ['duplicateAccepted', 'refuses a second contact with an address: MJ18'],
    ['dataReplaced', 'merges properties, stores texts, and is 304 where nothing changes'],
    ['clearIgnored', 'clears the property of an entry without a value'],
    ['unknownKeyAccepted', 'refuses an unknown key and a value of another type, and writes neither'],
    ['addnoforceForces', 'keeps who unsubscribed unsubscribed under addnoforce; only addforce overrides it'],
    ['unchangedIsOk', 'changes what is given and nothing else, 304 where nothing changes'],
    ['eraseWithoutEffect', 'erases by version 4 only: 200 without a body, gone by address at once, anonymous by id'],
    ['idReused', 'takes an erased address in again, with a new id'],
    ['jobWithoutEffect', 'writes many by a job, creates and updates by address, clears by null'],
  ])('notices the planted fault %s', async (sabotage, noticedBy) => {
    const failed: string[] = [];
    for (const one of cases) await judge(one, { sabotage: [sabotage] }).catch(() => failed.push(one.name));

    expect(failed).toContain(noticedBy);
    expect(failed.length).toBeLessThan(cases.length);
  });
});

/** One case against a simulator of its own. */
async function judge(one: Case, options: Partial<MailjetOptions> = {}): Promise<void> {
  const simulator = await startMailjetSimulator(options);
  const keys = simulator.credentials();
  const authorization = `Basic ${Buffer.from(`${keys.publicKey}:${keys.secretKey}`).toString('base64')}`;
  try {
    await one.run({
      client: vendorClient(simulator.baseUrl, keys),
      stranger: vendorClient(simulator.baseUrl, { ...keys, secretKey: 'wrong' }),
      async plain(method, path, body) {
        const answer = await fetch(`${simulator.baseUrl}${path}`, {
          method,
          headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return { status: answer.status, text: await answer.text(), headers: answer.headers };
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
