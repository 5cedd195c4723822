/**
 * A real PostgreSQL for tests: one embedded server for the whole run (no fsync), started by the first test that asks
 * and stopped by the run's teardown; a fresh database for every call. Migrating costs more than copying, so that whoever
 * does not test the migrations gets a copy of a database that was migrated once in this run.
 */
import { randomBytes } from 'node:crypto';
import { access, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbedded } from '../../src/store/embedded.ts';
import { silentLogger } from './logger.ts';

export interface TestDatabase {
  readonly url: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

const template = 'ledger_of_this_version';
/** Advisory lock of whoever makes the template. */
const templateLock = 0x636f6e70;

/** With nothing in it. */
export async function withTestDatabase(): Promise<TestDatabase> {
  const server = await serverUrl();
  return administer(server, (client) => create(client, server, 'STRATEGY file_copy'));
}

/** With the tables of this version and nothing in them, as a first start leaves it. */
export async function withTestLedger(): Promise<TestDatabase> {
  const server = await serverUrl();
  return administer(server, async (client) => {
    if (!(await isThere(client, template))) await makeTemplate(client, server);
    return create(client, server, `TEMPLATE ${template} STRATEGY file_copy`);
  });
}

/** For the run's teardown: the last to leave stops the server. */
export async function stopTestCluster(): Promise<void> {
  const used = await access(join(clusterFolder(), 'postgres.json')).then(
    () => true,
    () => false,
  );
  if (!used) return;
  const server = await startEmbedded({ dataDir: clusterFolder(), logger: silentLogger, durable: false });
  await server.release();
}

async function create(client: Client, server: string, how: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await client.query(`CREATE DATABASE ${name} ${how}`);
  return {
    url: urlOf(server, name),
    drop: () =>
      administer(server, async (again) => void (await again.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

/** Two processes may want it at once; nobody sees half of it. */
async function makeTemplate(client: Client, server: string): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [templateLock]);
  // Ends with the session.
  if (await isThere(client, template)) return;
  const unfinished = `${template}_unfinished`;
  await client.query(`DROP DATABASE IF EXISTS ${unfinished}`);
  await client.query(`CREATE DATABASE ${unfinished}`);
  const databaseUrl = urlOf(server, unfinished);
  // Loaded by the one process that needs them.
  const { openDatabase } = await import('../../src/store/database.ts');
  const { migrate } = await import('../../src/store/migrate.ts');
  const { migrations } = await import('../../src/store/migrations/index.ts');
  const database = await openDatabase({ databaseUrl, dataDir: '/nowhere', logger: silentLogger });
  try {
    await migrate({ pool: database.pool, migrations, logger: silentLogger });
  } finally {
    await database.close();
  }
  await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
}

async function isThere(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  return rowCount === 1;
}

/** Joining the server starts programs to look at it, which takes longer than asking it: done once in a run. */
async function serverUrl(): Promise<string> {
  const file = join(clusterFolder(), 'url');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const server = await startEmbedded({ dataDir: clusterFolder(), logger: silentLogger, durable: false });
  await server.release({ leaveRunning: true });
  const fresh = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(fresh, server.url, { mode: 0o600 });
  await rename(fresh, file);
  return server.url;
}

function clusterFolder(): string {
  const folder = process.env.CONNECTOR_TEST_FOLDER;
  if (!folder) throw new Error('CONNECTOR_TEST_FOLDER is not set: run the tests with Jest, whose globalSetup sets it.');
  return join(folder, 'cluster');
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function administer<T>(server: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
