/** Copying a ledger: the same to the microsecond, all or nothing, and once. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { migrations } from '../../../src/store/migrations/index.ts';
import { type MoveOptions, moveLedger, refuseForeignTables } from '../../../src/store/move.ts';
import { ledgerTables } from '../../../src/store/move-tables.ts';
import { createStore } from '../../../src/store/store.ts';
import { silentLogger } from '../../support/logger.ts';
import { type TestDatabase, withTestLedger } from '../../support/postgres.ts';

const id = '6f1f2a52-6d0e-4d2c-9a86-4f3c1e0b7a11';
const signer = { keyId: 'key', mark: (keyId: string, text: string) => `${keyId} ${text}` };

let servers: TestDatabase[];
let opened: OpenDatabase[];
let from: OpenDatabase;
let to: OpenDatabase;

async function open(): Promise<OpenDatabase> {
  const server = await withTestLedger();
  servers.push(server);
  const database = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
  opened.push(database);
  return database;
}

beforeEach(async () => {
  servers = [];
  opened = [];
  [from, to] = [await open(), await open()];
  await fill(from.pool);
});

afterEach(async () => {
  for (const database of opened) await database.close();
  for (const server of servers) await server.drop();
});

/** Whatever a copy could get wrong: microseconds, infinity, arrays, JSON, bytes, quotes, and what was not sealed yet. */
async function fill(pool: pg.Pool): Promise<void> {
  await pool.query(`
    insert into installation (organization_id, hash_key_id) values ('org', 'key');
    insert into record (crm_table, id, change_seq, email_key, last_reasons, decided_at)
      select 'contact', gen_random_uuid(), nextval('change_seq'), E'k\\\\"'' ,{}' || n, '["a", {"b": 1.50}]',
        '2026-03-29 00:59:59.123456+00' from generate_series(1, 4321) n;
    insert into suppression (kind, value, reason) values ('address', 'key 1', 'asked for it');
    insert into target_state (target, paused_until, remembered) values ('main', 'infinity', 'null');
    insert into quota (target, pace) values ('main', 0.1::float8 + 0.2::float8);
    insert into hold (target, lot, reason, window_count, allowed) values ('main', 'lot', 'limit', 3, 2);
    insert into hold_case (target, profile_key, hold_id, lot, rule, state) values ('main', 'k', 1, 'lot', 'deleted', 'held');
    insert into erasure (id, source) values (gen_random_uuid(), 'cli');
    insert into erasure_target (erasure_id, target) select id, 'main' from erasure;
    update housekeeping set retention_at = '2026-01-02 03:04:05.000006+00';
    insert into evidence (act, members, status) values ('anonymize', '{contact/1,"a b"}', 204), ('sync', null, null)`);
  await createStore(from.kysely).evidenceSeals.seal(signer, 365);
  await pool.query(`insert into evidence (act) values ('waiting')`);
}

function move(options: Partial<MoveOptions> = {}) {
  const { signal } = new AbortController();
  return moveLedger({ from: from.pool, to: to.pool, id, actor: 'operator', signal, ...options });
}

async function contents(pool: pg.Pool): Promise<Map<string, string[]>> {
  const tables = await ledgerTables(pool);
  const rows = new Map<string, string[]>();
  for (const { name } of tables) {
    const found = await pool.query<{ text: string }>(`select t::text as text from ${name} t order by 1`);
    rows.set(
      name,
      found.rows.map(({ text }) => text),
    );
  }
  return rows;
}

async function count(pool: pg.Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]?.n ?? -1;
}

describe('moving a ledger', () => {
  test('every table is the same there, and only the evidence of the move is new', async () => {
    const before = await contents(from.pool);

    const result = await move();

    const [after, there] = [await contents(from.pool), await contents(to.pool)];
    expect(after).toEqual(before);
    for (const [name, rows] of before) {
      if (name === 'evidence') expect(there.get(name)).toEqual(expect.arrayContaining(rows));
      else if (name === 'evidence_new') expect(there.get(name)).toHaveLength(2);
      else expect([name, there.get(name)]).toEqual([name, rows]);
    }
    expect(there.get('evidence')).toHaveLength(4);
    expect(result).toMatchObject({ kind: 'moved' });
    expect(result.kind === 'moved' && result.tables).toContainEqual({ table: 'record', rows: 4321 });
    expect([...before.values()].filter((rows) => rows.length > 0).length).toBeGreaterThan(14);
  });

  test('numbers go on where they were, and the evidence is as it was sealed and can be sealed further', async () => {
    await move();

    const next = async (pool: pg.Pool) => (await pool.query(`select nextval('change_seq')::int as n`)).rows;
    expect(await next(to.pool)).toEqual(await next(from.pool));
    const hold = await to.pool.query(`insert into hold (target, lot, reason, window_count, allowed)
      values ('main', 'next', 'limit', 1, 1) returning id`);
    expect(hold.rows).toEqual([{ id: 2 }]);
    const { evidenceSeals } = createStore(to.kysely);
    expect(await evidenceSeals.verify(signer)).toMatchObject({ seals: 1, waiting: 2, findings: [] });
    await evidenceSeals.seal(signer, 365);
    expect(await evidenceSeals.verify(signer)).toMatchObject({ seals: 2, waiting: 0, rows: 4, findings: [] });
    await expect(to.pool.query('delete from evidence')).rejects.toMatchObject({ code: '23001' });
  });

  test('ended before any table, it leaves nothing there and can be done again', async () => {
    const tables = await ledgerTables(from.pool);
    for (const { name } of tables) {
      const stop = new AbortController();
      const onTable = ({ table }: { table: string }) => table === name && stop.abort(new Error('killed'));
      await expect(move({ signal: stop.signal, onTable })).rejects.toThrow('killed');
      expect([name, await count(to.pool, 'record'), await count(to.pool, 'evidence')]).toEqual([name, 0, 0]);
      expect(await count(to.pool, 'connector_migration')).toBe(migrations.length);
    }

    expect(await move()).toMatchObject({ kind: 'moved' });
  });

  test('a move that was committed is not done twice, also when somebody has worked there since', async () => {
    await move();
    await to.pool.query('delete from suppression');

    expect(await move()).toEqual({ kind: 'already' });
    expect(await count(to.pool, 'suppression')).toBe(0);
    await expect(move({ id: '7f1f2a52-6d0e-4d2c-9a86-4f3c1e0b7a11' })).rejects.toMatchObject({
      code: 'MOVE_TARGET_NOT_EMPTY',
    });
  });

  test('a value that arrives changed is found, and nothing stays there', async () => {
    await to.pool.query(`create function spoil() returns trigger language plpgsql as
      $$ begin new.reason := 'another'; return new; end $$;
      create trigger spoil before insert on suppression for each row execute function spoil()`);

    await expect(move()).rejects.toMatchObject({
      code: 'MOVE_DIFFERS',
      message: expect.stringContaining('suppression'),
    });
    expect(await count(to.pool, 'record')).toBe(0);
  });

  test.each([
    ['a row', `insert into suppression (kind, value, reason) values ('record', 'x', 'y')`, 'MOVE_TARGET_NOT_EMPTY'],
    ['a column of another version', 'alter table record add column later text', 'MOVE_TABLES_DIFFER'],
  ])('refuses a database with %s', async (_what, statement, code) => {
    await to.pool.query(statement);

    await expect(move()).rejects.toMatchObject({ code });
  });

  test.each([['public'], ['elsewhere']])('refuses a database with a foreign table in the schema %s', async (schema) => {
    await expect(refuseForeignTables(from.pool, to.pool)).resolves.toBeUndefined();
    await to.pool.query(`create schema if not exists ${schema}; create table ${schema}.customers (id int)`);

    await expect(refuseForeignTables(from.pool, to.pool)).rejects.toMatchObject({ code: 'MOVE_TARGET_NOT_EMPTY' });
  });
});
