/** Every command for a machine (`--json`) and for nobody (`--quiet`), walked in one process so that it stays short. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { createProgram } from '../../../src/cli-program.ts';
import { commandsOf, pathOf } from '../../../src/cli-tree.ts';
import { connector } from '../../support/connector.ts';
import { addPeople } from '../../support/crm-people.ts';
import { type Ran, runHere } from '../../unit/cli/run-here.ts';

/** What prints no result of its own, and why. */
const without: Readonly<Record<string, string>> = {
  start: 'its log is JSON already',
  completion: 'prints a script',
  targets: 'does nothing without a word after it',
};

describe('every command', () => {
  const c = connector({ emptyDatabase: true });
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'connector-manners-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  async function prepare(): Promise<{ readonly records: string[]; readonly addresses: string[] }> {
    const people = addPeople(c.world, 3);
    await c.configure({ storage: { dataDir } });
    await runHere(['sync', '--quiet', '--config', c.path]);
    // The ledger of this folder is on the server, as after a move.
    const { host, pathname } = new URL(c.database.url);
    const mark = { state: 'moved', id: '6f1f2a52-6d0e-4d2c-9a86-4f3c1e0b7a11', to: host + pathname, at: 'today' };
    await writeFile(join(dataDir, 'moved.json'), JSON.stringify(mark));
    return {
      records: people.map(({ table, id }) => `${table}/${id}`),
      addresses: people.map(({ email }) => email),
    };
  }

  /** Two holds, decided before anything is applied: one without a case would be over then. */
  async function hold(): Promise<string[]> {
    const client = new Client({ connectionString: c.database.url });
    await client.connect();
    const { rows } = await client.query<{ id: string }>(`insert into hold (target, lot, reason, window_count, allowed)
      values ('main', 'a', 'limit', 3, 2), ('main', 'b', 'limit', 3, 2) returning id`);
    await client.end();
    return rows.map(({ id }) => id);
  }

  /** In an order in which each has something to do. */
  function words(record: string, address: string, [one = '', other = '']: string[]): Record<string, string[]> {
    return {
      holds: [],
      'holds show': [one],
      'holds approve': [one],
      'holds reject': [other],
      sync: [],
      reconcile: [],
      rekey: [],
      'move-storage': [],
      check: [],
      status: [],
      errors: ['DATABASE_UNREACHABLE'],
      explain: [record],
      preview: [],
      audit: [],
      report: [record, '--redirected'],
      evidence: [record],
      'evidence verify': [],
      setup: ['--dry-run'],
      erase: [record],
      parked: [],
      'parked retry': [],
      pause: ['main'],
      resume: ['main'],
      'targets accept': ['main'],
      suppress: [address],
      unsuppress: [address],
    };
  }

  async function walk(
    given: Awaited<ReturnType<typeof prepare>>,
    round: number,
    flag: string,
  ): Promise<[path: string, ran: Ran][]> {
    const ran: [string, Ran][] = [];
    const { records, addresses } = given;
    for (const [path, args] of Object.entries(words(records[round] ?? '', addresses[2] ?? '', await hold()))) {
      ran.push([path, await runHere([...path.split(' '), ...args, flag, '--config', c.path])]);
    }
    return ran;
  }

  it('answers a machine in JSON and nothing else, and says nothing where it is told to be quiet', async () => {
    const given = await prepare();
    const known = commandsOf(createProgram(async () => undefined)).map(pathOf);

    const json = await walk(given, 0, '--json');
    const quiet = await walk(given, 1, '--quiet');

    expect([...json.map(([path]) => path), ...Object.keys(without)].sort()).toEqual([...known].sort());
    const unfit = json.filter(([, { stdout, stderr }]) => !isJson(stdout) || stderr !== '');
    expect(unfit).toEqual([]);
    expect(quiet.filter(([, { stdout, stderr }]) => stdout + stderr !== '')).toEqual([]);
    // Used wrongly by this test, a command would have said nothing either.
    expect([...json, ...quiet].filter(([, { code }]) => code === 2)).toEqual([]);
    expect(json.map(([, { code }]) => code)).toEqual(quiet.map(([, { code }]) => code));
    expect(JSON.stringify([json.filter(([path]) => path !== 'report'), quiet])).not.toMatch(/@people\.example/);
  });
});

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
