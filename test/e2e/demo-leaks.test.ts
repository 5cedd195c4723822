/**
 * Plays the demo with every log at trace, and searches what it leaves behind for the people in it: every row of every
 * table, every file of the data folder as bytes (tables, write-ahead log, PostgreSQL's own log), and all logs of the
 * worker and the commands. The same search must find what is planted in each of the three places.
 */
import { appendFile, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createScreen } from '../../fixtures/demo/output.ts';
import { type DemoResult, runDemo } from '../../fixtures/demo/run.ts';
import {
  findLeaks,
  generatePeople,
  type People,
  type PersonalString,
  personalStrings,
} from '../../fixtures/people/index.ts';
import { split } from '../../fixtures/simulators/world.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { testFolder } from '../support/folder.ts';
import { silentLogger } from '../support/logger.ts';

const population = 300;
const seed = 7;
const people: People = generatePeople({ seed, ...split(population) });
const wanted = personalStrings(people);

let folder: string;
let dataDir: string;
let logFile: string;
let result: DemoResult;
let shown = '';
let secrets: PersonalString[] = [];

beforeAll(async () => {
  folder = await testFolder('leaks');
  dataDir = join(folder, 'data');
  logFile = join(folder, 'worker.log');
  const screen = createScreen({ write: (text) => (shown += text) }, {});
  const options = {
    platforms: ['spotler'],
    people: population,
    seed,
    keep: false,
    dataDir,
    logFile,
    logLevel: 'trace',
  } as const;
  result = await runDemo(options, screen, new AbortController().signal, {
    onWorld(world, env) {
      const texts = [
        world.dataverse.clientSecret,
        world.spotler.consumerSecret,
        env.DEMO_HASH_KEY ?? '',
        env.DEMO_ADMIN_TOKEN ?? '',
      ];
      secrets = texts.map((value) => ({ value, form: 'plain', kind: 'fullName' }));
    },
  });
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The database as text, with the embedded server started for it and stopped after it. */
async function withDatabase<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const server = await startEmbedded({ dataDir, logger: silentLogger });
  try {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  } finally {
    await server.release();
  }
}

interface Dump {
  readonly tables: number;
  readonly rows: number;
  readonly text: string;
}

async function dump(client: Client): Promise<Dump> {
  const tables = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const lines: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    for (const { row } of rows) lines.push(`${name} ${row}`);
  }
  return { tables: tables.rows.length, rows: lines.length, text: lines.join('\n') };
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Bytes searched at once: preparing a search costs as much as some megabytes of searching. */
const portion = 32 * 1024 * 1024;

async function leaksInFiles(files: readonly string[], strings: readonly PersonalString[]): Promise<string[]> {
  const leaks = new Set<string>();
  let waiting: Buffer[] = [];
  let size = 0;
  const search = (): void => {
    for (const { kind, form } of findLeaks(Buffer.concat(waiting), strings)) leaks.add(`${kind} as ${form}`);
    waiting = [];
    size = 0;
  };
  for (const file of files) {
    const content = await readFile(file);
    waiting.push(content, Buffer.from('\n'));
    size += content.length;
    if (size > portion) search();
  }
  search();
  return [...leaks];
}

describe('what the demo leaves behind', () => {
  test('is that of a demo whose every fact was as expected', () => {
    expect({ wrong: result.wrong, lines: shown.split('\n').filter((line) => line.includes('✗')) }).toEqual({
      wrong: 0,
      lines: [],
    });
    expect(result.facts).toBeGreaterThan(50);
    expect(wanted.length).toBeGreaterThan(population);
  });

  test('holds no address, no name and no secret in the database', async () => {
    const { text, tables, rows } = await withDatabase(dump);

    expect(tables).toBeGreaterThan(15);
    expect(rows).toBeGreaterThan(3 * population);
    expect(findLeaks(text, [...wanted, ...secrets])).toEqual([]);
  });

  test('holds none in the files of the data folder', async () => {
    const files = await filesOf(dataDir);

    expect(files.some((file) => file.includes('pg_wal'))).toBe(true);
    expect(await leaksInFiles(files, [...wanted, ...secrets])).toEqual([]);
  });

  test('holds none in the logs, which are at trace', async () => {
    const log = await readFile(logFile, 'utf8');

    expect(log.match(/^\{"level":"debug"/gm)?.length).toBeGreaterThan(100);
    expect(findLeaks(log, [...wanted, ...secrets])).toEqual([]);
  });
});

describe('the search', () => {
  const person = people.contacts.find(({ emailaddress1 }) => emailaddress1 !== null);
  const address = person?.emailaddress1 ?? '';

  test('finds an address that is planted in the database, in its rows and in its files', async () => {
    const { text } = await withDatabase(async (client) => {
      await client.query('create table planted (detail text)');
      await client.query('insert into planted values ($1)', [`could not be sent to ${address}`]);
      await client.query('checkpoint');
      return dump(client);
    });

    expect(findLeaks(text, wanted).map(({ value }) => value)).toContain(address);
    expect(await leaksInFiles(await filesOf(dataDir), wanted)).toContain('address as plain');
  });

  test('finds a name that is planted in a file of the data folder', async () => {
    const file = join(dataDir, 'planted.txt');
    await appendFile(file, Buffer.from(`\0\x01${person?.firstname} ${person?.lastname}\0`));

    expect(await leaksInFiles([file], wanted)).toEqual(['fullName as plain']);
  });

  test('finds an address in base64, and a secret, that are planted in a log', async () => {
    const line = {
      msg: 'failed',
      body: Buffer.from(`{"email":"${address}"}`).toString('base64'),
      key: secrets[0]?.value,
    };
    await appendFile(logFile, `${JSON.stringify(line)}\n`);
    const found = findLeaks(await readFile(logFile, 'utf8'), [...wanted, ...secrets]);

    expect(found.map(({ form }) => form)).toContain('base64');
    expect(found.map(({ value }) => value)).toContain(secrets[0]?.value);
  });
});
