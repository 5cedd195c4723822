/**
 * Privacy at rest: the real worker under faults, every log at trace, and then a search of everything it left behind for
 * the people it dealt with. Vendor errors quote people in bodies and headers, rows are parked, the worker is killed
 * during a call, an erasure stays open with its sealed addresses. Searched are every row of PostgreSQL, its data folder
 * as bytes, Redis (its keys, RDB and append-only file), all logs and what the commands print. The same search has to
 * find what is planted in each of them.
 *
 * PRIVACY_PEOPLE says how many people (1,000 when it is not set; the full measure is 10,000). Without redis-server the wake-ups are in PostgreSQL.
 */
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { type PersonalString, personalStrings } from '../../fixtures/people/index.ts';
import type { SimRequest, SimResponse } from '../../fixtures/simulators/kit.ts';
import { startSpotlerSimulator } from '../../fixtures/simulators/spotler/index.ts';
import { startWorld, type World } from '../../fixtures/simulators/world.ts';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.ts';
import {
  type ConfigurationFile,
  configurationFile,
  type Finished,
  type RunningCommand,
  runConnector,
  startConnector,
} from '../support/command.ts';
import { addJob, spoil } from '../support/crm-people.ts';
import { testFolder } from '../support/folder.ts';
import { dumpDatabase, filesOf, leaksInFiles, leaksInText } from '../support/leaks.ts';
import { silentLogger } from '../support/logger.ts';
import { findRedisServer, startRedis, type TestRedis } from '../support/redis.ts';
import { configurationOf, type Group, merge } from '../support/worker.ts';

const population = Number(process.env.PRIVACY_PEOPLE ?? 1000);
const seed = 11;
const hashKey = 'hash-key-of-privacy-at-rest-0123456789';
const adminToken = 'admin-token-of-privacy-at-rest';
/** Milliseconds for a search through everything: the files of ten thousand people take a while on a busy machine. */
const searchMs = 300_000;
/** A signed token: three parts, the first two beginning with `{"`. */
const token = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}/;

const redisProgram = await findRedisServer();
if (!redisProgram) {
  test('the Redis half was not run, since redis-server is not installed here', () => {
    expect(process.env.REQUIRE_REDIS).not.toBe('1');
  });
}

let folder: string;
let world: World;
let redis: TestRedis | undefined;
let server: EmbeddedPostgres | undefined;
let client: Client;
let file: ConfigurationFile;
let wanted: PersonalString[];
const printed: Finished[] = [];
let quoted = 0;

/** Everything the service knows about the request and its people, as careless services answer. */
function quote(request: SimRequest, response: SimResponse): void {
  const said = `${decodeURIComponent(request.url.search)} ${request.body} ${JSON.stringify(response.body ?? '')}`;
  if (!/@/.test(said)) return;
  quoted += 1;
  const kinds: SimResponse[] = [
    { status: 400, body: { errorType: 'INVALID_PARAMS', message: `Could not take ${said}` } },
    { status: 500, body: `<html><body>${said.replaceAll('<', '')}</body></html>` },
    { status: 400, body: { errorType: said.slice(0, 200), message: said } },
    { status: 200, body: `{"unexpected": ${JSON.stringify(said)}` },
    {
      status: 500,
      body: { errorType: 'BACKEND_EXCEPTION', message: said },
      headers: { 'x-request-id': firstAddress(said) },
    },
  ];
  Object.assign(response, { headers: {}, ...kinds[quoted % kinds.length] });
}

function firstAddress(text: string): string {
  return encodeURIComponent(/[\w.+-]+@[\w.-]+/.exec(text)?.[0] ?? '');
}

/** One call in so many is answered by quoting, once the plan says so. */
let quoteEvery = 0;
let calls = 0;

async function startQuotingWorld(): Promise<World> {
  const plain = await startWorld({ people: population, seed });
  await plain.spotler.close();
  const spotler = await startSpotlerSimulator({
    observe(request, response) {
      calls += 1;
      if (quoteEvery > 0 && calls % quoteEvery === 0) quote(request, response);
    },
  });
  const described = plain.describe();
  const { url, adminUrl, baseUrl, versionedBaseUrl } = spotler;
  return {
    ...plain,
    spotler,
    describe: () => ({ ...described, spotler: { url, adminUrl, baseUrl, versionedBaseUrl, ...spotler.credentials() } }),
    async close() {
      await Promise.all([plain.entra.close(), plain.dataverse.close(), spotler.close()]);
    },
  };
}

function configuration(): Group {
  const base = configurationOf(world);
  const [target] = base.targets as Group[];
  const storage = { dataDir: join(folder, 'data'), ...(redis ? { redisUrl: redis.url } : {}) };
  return merge(base, {
    dataverse: { pollSeconds: 0.5 },
    targets: [merge(target ?? {}, { verifyErasures: true })],
    brake: { minCount: 1_000_000, maxCount: 1_000_000 },
    marketingJobs: { pollSeconds: 0.5 },
    worker: { sweepSeconds: 0.5, leaseSeconds: 8 },
    privacy: { hashKey },
    server: { port: 0, adminToken },
    storage,
    log: { level: 'trace' },
  });
}

async function until(what: string, isSo: () => Promise<boolean>, withinMs = 120_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${withinMs / 1000} s`);
    await delay(100);
  }
}

async function count(sql: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`select (${sql})::int as n`);
  return rows[0]?.n ?? 0;
}

async function command(...args: string[]): Promise<Finished> {
  const finished = await runConnector([...args, '--config', file.path, '--log-level', 'trace']);
  printed.push(finished);
  return finished;
}

function startWorker(): RunningCommand {
  return startConnector(['start', '--config', file.path]);
}

/** The middle of a day in the life: edits of every kind, by people who are in the sample. */
function editPeople(): void {
  const { crm } = world.dataverse;
  const contacts = world.people.contacts;
  for (const [index, person] of contacts.slice(100, 200).entries()) {
    const id = person.contactid;
    if (index % 5 === 0) crm.delete('contact', id);
    else if (index % 5 === 1) crm.update('contact', id, { donotemail: true });
    else if (index % 5 === 2) crm.update('contact', id, { donotbulkemail: true });
    else if (index % 5 === 3)
      crm.update('contact', id, { emailaddress1: `moved.${person.emailaddress1 ?? 'x@people.example'}` });
    else crm.update('contact', id, { new_newsletter: false });
  }
  for (const person of contacts.slice(200, 205)) {
    const name = `${person.firstname} ${person.lastname} <${person.emailaddress1}> `;
    spoil(
      world,
      { table: 'contact', id: person.contactid },
      { firstname: { nested: name }, lastname: name.repeat(40_000) },
    );
  }
}

beforeAll(async () => {
  folder = await testFolder('privacy');
  redis = redisProgram ? await startRedis(redisProgram, { persistent: true }) : undefined;
  world = await startQuotingWorld();
  wanted = personalStrings(world.people);
  file = await configurationFile(configuration());
  server = await startEmbedded({ dataDir: join(folder, 'data'), logger: silentLogger });
  client = new Client({ connectionString: server.url });
  await client.connect();
  await play();
}, 540_000);

afterAll(async () => {
  await client?.end().catch(() => undefined);
  await server?.release();
  await redis?.stop();
  await world?.close();
  await file?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function play(): Promise<void> {
  quoteEvery = 7;
  world.spotler.setFaults({
    seed,
    faults: [
      { kind: 'cutAfter', probability: 0.03 },
      { kind: 'html', probability: 0.03 },
    ],
  });
  let worker = startWorker();
  await worker.said(/"msg":"ready"/);
  await until(
    'the initial load',
    async () => (await count('select count(*) from delivery where done_seq > 0')) > population * 0.8,
  );
  editPeople();
  await until('the edits', async () => (await count(`select count(*) from evidence where act = 'anonymize'`)) > 10);
  await until(
    'the parking',
    async () => (await count('select count(*) from delivery where parked_code is not null')) > 0,
  );

  // A crash during an erasure: the call is under way and never answered.
  world.spotler.setFaults([{ kind: 'hang', match: 'anonymize' }]);
  const sealed = world.people.contacts.slice(300, 306);
  for (const person of sealed) addJob(world, 'anonymize', { table: 'contact', id: person.contactid });
  await until(
    'an erasure under way',
    async () => (await count(`select count(*) from intent where kind = 'anonymize' and sealed is not null`)) > 0,
  );
  worker.process.kill('SIGKILL');
  printed.push(await worker.finished);

  // From now on every erasure is refused by an answer that quotes: they stay open, with what they need sealed.
  quoteEvery = 1;
  world.spotler.setFaults([]);
  worker = startWorker();
  await until(
    'the next attempt',
    async () => (await count('select count(*) from erasure_target where attempts > 0')) > 0,
  );
  const other = world.people.contacts[400];
  await Promise.all([
    command('suppress', world.people.contacts[410]?.emailaddress1 ?? ''),
    command('erase', '--email', other?.emailaddress1 ?? '', '--no-wait'),
    command('erase', '--email', 'nobody@people.example', '--no-wait'),
    command('explain', `contact/${other?.contactid}`, '--lookup'),
    command('evidence', `contact/${world.people.contacts[100]?.contactid}`, '--json'),
    command('parked'),
    command('check'),
  ]);
  worker.process.kill('SIGTERM');
  printed.push(await worker.finished);
}

function logs(): string {
  return printed.map(({ stdout, stderr }) => `${stdout}\n${stderr}`).join('\n');
}

function secrets(): PersonalString[] {
  const { dataverse, spotler } = world.describe();
  const texts = [dataverse.clientSecret, spotler.consumerSecret, hashKey, adminToken];
  return texts.flatMap((value): PersonalString[] => [
    { value, form: 'plain', kind: 'fullName' },
    { value: Buffer.from(value).toString('base64').replace(/=+$/, ''), form: 'base64', kind: 'fullName' },
  ]);
}

async function redisFiles(): Promise<string[]> {
  if (!redis) return [];
  const connection = new Redis(redis.url);
  await connection.save();
  await connection.quit();
  return filesOf(redis.folder);
}

describe('a worker in trouble', () => {
  test('met what it was to meet', async () => {
    expect(quoted).toBeGreaterThan(20);
    expect(await count('select count(*) from delivery where parked_code is not null')).toBeGreaterThan(0);
    expect(await count(`select count(*) from erasure where state = 'open' and sealed is not null`)).toBeGreaterThan(0);
    expect(await count(`select count(*) from evidence`)).toBeGreaterThan(10);
    expect(logs().match(/"level":"(debug|trace)"/g)?.length).toBeGreaterThan(100);
    expect(logs().match(/"level":"(warn|error)"/g)?.length).toBeGreaterThan(5);
    expect(wanted.length).toBeGreaterThan(population);
  });

  test('leaves nobody and no secret in the rows of the database', async () => {
    const { text, rows } = await dumpDatabase(client);
    expect(rows).toBeGreaterThan(population);
    expect(leaksInText(text, [...wanted, ...secrets()])).toEqual([]);
    expect(text).not.toMatch(token);
  });

  test(
    'leaves nobody and no secret in the files of the database',
    async () => {
      await client.query('checkpoint');
      const files = await filesOf(join(folder, 'data'));
      expect(files.some((name) => name.includes('pg_wal'))).toBe(true);
      expect(await leaksInFiles(files, [...wanted, ...secrets()])).toEqual([]);
    },
    searchMs,
  );

  test('leaves nobody and no secret in Redis', async () => {
    const files = await redisFiles();
    if (redis) {
      expect(files.map((name) => /appendonlydir|\.rdb$/.test(name))).toContain(true);
      const bytes = (await Promise.all(files.map((name) => readFile(name)))).reduce(
        (sum, { length }) => sum + length,
        0,
      );
      expect(bytes).toBeGreaterThan(1000);
    }
    expect(await leaksInFiles(files, [...wanted, ...secrets()])).toEqual([]);
  });

  test('leaves nobody and no secret in the logs, nor in what the commands print', () => {
    expect(leaksInText(logs(), [...wanted, ...secrets()])).toEqual([]);
    expect(logs()).not.toMatch(token);
    expect(logs()).not.toMatch(/nobody@people|nobody%40people/);
  });
});

describe('the search finds what is planted', () => {
  const planted = () => {
    const person = world.people.contacts.find(({ emailaddress1 }) => emailaddress1 !== null);
    const address = person?.emailaddress1 ?? '';
    return { address, name: `${person?.firstname} ${person?.lastname}`, found: `address as plain: ${address}` };
  };

  test(
    'in a row and in the files of the database',
    async () => {
      const { address, found } = planted();
      await client.query('insert into evidence (act, detail) values ($1, $2)', ['planted', `refused: ${address}`]);
      await client.query('checkpoint');
      expect(leaksInText((await dumpDatabase(client)).text, wanted)).toContain(found);
      const files = await filesOf(join(folder, 'data'));
      const log = files.filter((name) => name.includes('pg_wal'));
      expect(await leaksInFiles(log, wanted)).toContain(found);
    },
    searchMs,
  );

  test('in Redis', async () => {
    if (!redis) return expect(process.env.REQUIRE_REDIS).not.toBe('1');
    const { address, name, found } = planted();
    const connection = new Redis(redis.url);
    await connection.set('planted', address);
    await connection.quit();
    const files = await redisFiles();
    const rdb = files.filter((one) => one.endsWith('.rdb'));
    const appended = files.filter((one) => one.includes('.aof'));
    expect(await leaksInFiles(rdb, wanted)).toContain(found);
    expect(await leaksInFiles(appended, wanted)).toContain(found);
    expect(await leaksInFiles(files, wanted)).not.toContain(`fullName as plain: ${name}`);
  });

  test('in a log, in every form and with a secret', async () => {
    const { address, name } = planted();
    const forms = [address.toUpperCase(), encodeURIComponent(address), Buffer.from(`x${address}`).toString('base64')];
    const log = join(folder, 'planted.log');
    await appendFile(log, `${JSON.stringify({ forms, name: name.toLowerCase(), key: hashKey })}\n`);
    const found = await leaksInFiles([log], [...wanted, ...secrets()]);
    expect(found.some((leak) => leak.startsWith('address as url'))).toBe(true);
    expect(found.some((leak) => leak.startsWith('address as base64'))).toBe(true);
    expect(found.some((leak) => leak.startsWith('fullName as lower'))).toBe(true);
    expect(found).toContain(`fullName as plain: ${hashKey}`);
  });
});
