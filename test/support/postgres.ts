/**
 * A real PostgreSQL for tests: one embedded server for the whole run (no fsync), started by the first test that asks
 * and stopped by the run's teardown; a fresh database for every call.
 */
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbedded } from '../../src/store/embedded.ts';
import { silentLogger } from './logger.ts';

export interface TestDatabase {
  readonly url: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

export async function withTestDatabase(): Promise<TestDatabase> {
  const server = await startEmbedded({ dataDir: clusterFolder(), logger: silentLogger, durable: false });
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(server.url, `CREATE DATABASE ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async drop() {
      await administer(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.release({ leaveRunning: true });
    },
  };
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

function clusterFolder(): string {
  const folder = process.env.CONNECTOR_TEST_FOLDER;
  if (!folder) throw new Error('CONNECTOR_TEST_FOLDER is not set: run the tests with Jest, whose globalSetup sets it.');
  return join(folder, 'cluster');
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
