import { describe, expect, it } from '@jest/globals';
import {
  type Sabotage,
  sabotages,
  startDialogInsightSimulator,
} from '../../fixtures/simulators/dialoginsight/index.ts';
import { type Case, cases } from './dialoginsight-judge.ts';

/**
 * The simulator against a judge that was written from the wire facts and uses nothing but fetch; and the judge against
 * simulators that were broken on purpose.
 */
describe('the Dialog Insight simulator', () => {
  it.each(cases)('$name', async (one) => {
    await expect(judge(one, [])).resolves.toBeUndefined();
  });

  it('counts calls by kind without anything personal in them', async () => {
    const simulator = await startDialogInsightSimulator({ projects: [1], unifiedProject: 2 });
    try {
      for (const [path, idProject] of [
        ['/contacts.ashx?method=Get', 1],
        ['/contacts.ashx?method=Delete', 2],
        ['/contacts.ashx?method=a@b.example', 1],
        ['/a@b.example', 1],
      ] as const) {
        await fetch(`${simulator.baseUrl}${path}`, { method: 'POST', body: JSON.stringify({ idProject }) });
      }

      expect(simulator.counts()).toEqual({
        'contacts.Get': 1,
        'contacts.Delete unified': 1,
        'unknown method': 1,
        'unknown path': 1,
      });
    } finally {
      await simulator.close();
    }
  });

  it('refuses options it does not have', async () => {
    await expect(startDialogInsightSimulator({ failures: 'german' as 'french' })).rejects.toThrow('option failures');
  });
});

describe('the judge of the Dialog Insight simulator', () => {
  const noticed: Readonly<Record<Sabotage, string>> = {
    keyUnchecked: 'says that a key is wrong with status 200 and Success false, and shows nothing',
    failureWithStatus400: 'says that a key is wrong with status 200 and Success false, and shows nothing',
    unknownPathOk: 'knows no other path, and no other method',
    unknownFieldAccepted: 'refuses what a project does not have, record by record',
    badRowFailsAll: 'refuses what a project does not have, record by record',
    insertChanges: 'creates nobody where only updating is allowed, and changes nobody where only inserting is',
    updateCreates: 'creates nobody where only updating is allowed, and changes nobody where only inserting is',
    clauseIgnored: 'finds by a field and by the id, nobody with an empty list, and wants $type first',
    typeAnywhere: 'finds by a field and by the id, nobody with an empty list, and wants $type first',
    maxRowsIgnored: 'deletes by a clause at most as many as are asked for, counts them, and takes them in again as new',
    deleteWithoutEffect:
      'deletes by a clause at most as many as are asked for, counts them, and takes them in again as new',
    notPushedBack: 'pushes into the unified project, and back into it while a source has somebody',
  };

  it.each(sabotages.map((sabotage) => [sabotage, noticed[sabotage]] as const))(
    'notices the planted fault %s',
    async (sabotage, noticedBy) => {
      const failed: string[] = [];
      for (const one of cases) await judge(one, [sabotage]).catch(() => failed.push(one.name));

      expect(failed).toContain(noticedBy);
      expect(failed.length).toBeLessThan(cases.length);
    },
  );
});

/** One case against a simulator of its own. */
async function judge(one: Case, sabotage: readonly Sabotage[]): Promise<void> {
  const projects = [1001, 1002, 2000] as const;
  const simulator = await startDialogInsightSimulator({ projects: [1001, 1002], unifiedProject: 2000, sabotage });
  const { keyId, apiKey } = simulator.credentials();
  const key = { idKey: keyId, Key: apiKey };

  async function post(path: string, body: unknown) {
    const answer = await fetch(`${simulator.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, json: text.startsWith('{') ? JSON.parse(text) : undefined };
  }

  try {
    await one.run({
      key,
      projects,
      post,
      call(name, body) {
        const [service = '', method = ''] = name.split('.');
        return post(`/${service.toLowerCase()}.ashx?method=${method}`, { AuthKey: key, ...body });
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
