import { describe, expect, it } from '@jest/globals';
import { type Sabotage, startBoldDeskSimulator } from '../../fixtures/simulators/bolddesk/index.ts';
import { type Case, cases } from './bolddesk-judge.ts';

/**
 * The simulator against a judge that was written from the wire facts and uses nothing but fetch; and the judge against
 * simulators that were broken on purpose.
 */
describe('the BoldDesk simulator', () => {
  it.each(cases)('$name', async (one) => {
    await expect(judge(one, [])).resolves.toBeUndefined();
  });

  it('counts calls by kind without ids or addresses in them', async () => {
    const simulator = await startBoldDeskSimulator();
    try {
      for (const path of ['/contacts/5', '/contacts/a%40b.example', '/contacts?Filter=a', '/wrong/7']) {
        await fetch(`${simulator.baseUrl}${path}`);
      }

      expect(simulator.counts()).toEqual({ 'GET /contacts/key': 2, 'GET /contacts': 1, 'unknown path': 1 });
    } finally {
      await simulator.close();
    }
  });

  it('lets people there act: adds, unsubscribes, deletes, restores', async () => {
    const simulator = await startBoldDeskSimulator();
    const post = (path: string, body: unknown) =>
      fetch(`${simulator.adminUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
    try {
      const customFields = { cf_newsletter: true };
      await post('/contacts', [{ email: 'a@one.example', customFields, tickets: 2, deleted: true }]);
      const [{ id } = { id: '' }] = simulator.contacts();
      expect(simulator.contacts()).toMatchObject([{ deleted: true, tickets: 2, customFields }]);
      await post('/contacts/restore', { id });
      await post('/contacts/unsubscribe', { email: 'a@one.example' });
      expect(simulator.contacts()).toMatchObject([{ deleted: false, customFields: { cf_newsletter: false } }]);
      await post('/contacts/delete', { id });
      const summary = await (await fetch(`${simulator.adminUrl}/summary`)).json();
      expect(summary).toEqual({ live: 0, deleted: 1, tickets: 2 });
      expect((await post('/contacts/delete', { id: '7' })).status).toBe(400);
    } finally {
      await simulator.close();
    }
  });

  it('refuses options it does not have', async () => {
    await expect(startBoldDeskSimulator({ missingAs: '500' as '400' })).rejects.toThrow('option missingAs');
  });
});

describe('the judge of the BoldDesk simulator', () => {
  it.each<[Sabotage, string]>([
    ['keyUnchecked', 'takes the key in its header only'],
    ['doubleAddressTaken', 'refuses an address that another contact has'],
    ['unknownFieldTaken', 'refuses what is missing, unknown, or does not fit, and creates nobody by that'],
    ['putReplacesEverything', 'writes the fields that are named and no other, and says when nothing changes'],
    ['hidingWithoutEffect', 'hides a contact by the first step, which can be undone'],
    ['deletesWithoutHiding', 'deletes for good only whom the first step has hidden'],
    ['ticketsKept', 'deletes for good, tickets included, and lets the address come back'],
    ['deletionWithoutEffect', 'deletes for good, tickets included, and lets the address come back'],
  ])('notices the planted fault %s', async (sabotage, noticedBy) => {
    const failed: string[] = [];
    for (const one of cases) await judge(one, [sabotage]).catch(() => failed.push(one.name));

    expect(failed).toContain(noticedBy);
    expect(failed.length).toBeLessThan(cases.length);
  });
});

/** One case against a simulator of its own. */
async function judge(one: Case, sabotage: readonly Sabotage[]): Promise<void> {
  const simulator = await startBoldDeskSimulator({ sabotage });
  const apiKey = simulator.apiKey();
  try {
    await one.run({
      apiKey,
      async call(method, path, body, headers = { 'x-api-key': apiKey }) {
        const answer = await fetch(`${simulator.baseUrl}${path}`, {
          method,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return {
          status: answer.status,
          headers: answer.headers,
          json: (await answer.json()) as Record<string, unknown>,
        };
      },
      async admin(method, path, body) {
        const sent = body === undefined ? {} : { body: JSON.stringify(body) };
        const answer = await fetch(`${simulator.adminUrl}${path}`, { method, ...sent });
        if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
        return (await answer.json()) as Record<string, unknown>;
      },
    });
  } finally {
    await simulator.close();
  }
}
