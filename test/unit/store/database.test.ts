import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { recordingLogger, silentLogger } from '../../support/logger.ts';
import { type TestDatabase, withTestDatabase } from '../../support/postgres.ts';

let server: TestDatabase;
let database: OpenDatabase;

beforeEach(async () => {
  server = await withTestDatabase();
  database = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
});

afterEach(async () => {
  await database.close();
  await server.drop();
});

describe('connections', () => {
  test('a bigint arrives as a number', async () => {
    const { rows } = await database.pool.query('SELECT 9007199254740991::bigint AS n');
    expect(rows).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
  });

  test('a bigint that a number cannot hold is refused', async () => {
    await expect(database.pool.query('SELECT 9007199254740993::bigint AS n')).rejects.toMatchObject({
      code: 'NUMBER_TOO_LARGE',
    });
  });

  test('the queue pool lives in its own schema and the store pool does not', async () => {
    const queue = await database.queuePool.query('SHOW search_path');
    const store = await database.pool.query('SHOW search_path');
    expect(queue.rows).toEqual([{ search_path: 'bullmq' }]);
    expect(store.rows[0].search_path).not.toContain('bullmq');
  });

  test('both pools end, also when nothing was asked through the store', async () => {
    await database.close();
    expect([database.pool.ended, database.queuePool.ended]).toEqual([true, true]);
    database = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
  });

  test('an idle connection that is cut is replaced', async () => {
    const { rows } = await database.pool.query('SELECT pg_backend_pid() AS pid');
    const lost = new Promise((resolve) => database.pool.once('error', resolve));
    await database.queuePool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await lost;
    await expect(database.pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
  });

  test('a connection that dies in the hands of a transaction fails its next statement and nothing else', async () => {
    const client = await database.pool.connect();
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    const lost = new Promise((resolve) => client.once('end', resolve));
    await database.queuePool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await lost;
    await expect(client.query('SELECT 1')).rejects.toThrow();
    client.release(true);
    await expect(database.pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
  });

  test('an unreachable server is a configuration error without the password', async () => {
    const url = new URL(server.url);
    url.port = '1';
    const failed = openDatabase({ databaseUrl: url.href, dataDir: '/nowhere', logger: silentLogger });
    await expect(failed).rejects.toMatchObject({ kind: 'config', code: 'DATABASE_UNREACHABLE' });
    await expect(failed).rejects.not.toThrow(url.password);
  });
});

describe('migrations', () => {
  const first = { name: '001-first', sql: 'CREATE TABLE a (n int)' };
  const second = { name: '002-second', sql: 'CREATE TABLE b (n int)' };

  test('run in order, once, whoever starts at the same time', async () => {
    const logger = recordingLogger();
    const run = () => migrate({ pool: database.pool, migrations: [first, second], logger });
    await Promise.all([run(), run(), run()]);
    expect(logger.lines.filter((line) => line.message === 'database migrated').map((line) => line.fields)).toEqual([
      { migration: '001-first' },
      { migration: '002-second' },
    ]);
  });

  test('a migration that fails leaves nothing behind and the ones before it applied', async () => {
    const broken = { name: '002-second', sql: 'CREATE TABLE b (n int); SELECT 1/0' };
    await expect(
      migrate({ pool: database.pool, migrations: [first, broken], logger: silentLogger }),
    ).rejects.toMatchObject({ code: '22012' });
    const { rows } = await database.pool.query(
      "SELECT to_regclass('a') IS NOT NULL AS a, to_regclass('b') IS NOT NULL AS b",
    );
    expect(rows).toEqual([{ a: true, b: false }]);
    await migrate({ pool: database.pool, migrations: [first, second], logger: silentLogger });
  });

  test('a database of a newer version is refused untouched', async () => {
    await migrate({ pool: database.pool, migrations: [first, second], logger: silentLogger });
    const third = { name: '0015-between', sql: 'CREATE TABLE c (n int)' };
    await expect(
      migrate({ pool: database.pool, migrations: [first, third], logger: silentLogger }),
    ).rejects.toMatchObject({ kind: 'config', code: 'DATABASE_NEWER' });
    const { rows } = await database.pool.query("SELECT to_regclass('c') AS c");
    expect(rows).toEqual([{ c: null }]);
  });

  test('queue tables that a newer major version made are refused', async () => {
    await migrate({ pool: database.pool, migrations: [], logger: silentLogger });
    await database.queuePool.query('UPDATE migration SET min_client_version = 99');
    await expect(migrate({ pool: database.pool, migrations: [], logger: silentLogger })).rejects.toMatchObject({
      code: 'DATABASE_NEWER',
    });
  });
});
