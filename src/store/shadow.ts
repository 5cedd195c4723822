/**
 * A copy of the whole ledger that a rehearsal may write to. Guarantees: what is done to the copy is never seen by
 * anybody else and is gone with the connection: the copy is made of temporary tables of one session, and that session
 * may write nothing else (PostgreSQL refuses it: its transactions are read only, which temporary tables are exempt
 * from). The copy shows one moment, without the leases of those who are working. Does not reconnect: a connection that
 * is lost takes the rehearsal with it. Asks for the privilege TEMPORARY on the database, which everybody has by default.
 */
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { TableName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import { bigintsAsNumbers } from './database.ts';
import { createStore, type Store } from './store.ts';
import type { Database } from './tables.ts';

/** What of the owed work a rehearsal takes up. */
export interface Share {
  /** Everything when left out. */
  readonly tables?: readonly TableName[] | undefined;
  /** Records of a table and target that are owed already; all when left out. */
  readonly perTable?: number | undefined;
}

export interface Shadow {
  readonly store: Store;
  /** As if so many milliseconds had gone by, for what is due, leased, paused or unanswered in the copy. */
  pass(milliseconds: number): Promise<void>;
  /** What is owed beyond this share is owed no more, in the copy. */
  narrow(share: Share): Promise<void>;
  close(): Promise<void>;
}

/** Tables of which the copy begins empty: nothing is decided by them, and they grow for ever. */
const withoutRows = ['connector_migration', 'evidence', 'evidence_leaf', 'evidence_seal', 'evidence_new'];

/** Throws ConnectorError `config` SHADOW_REFUSED when the user may make no temporary tables. */
export async function openShadow(url: string): Promise<Shadow> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'dynamics-email-connector preview',
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
    types: bigintsAsNumbers,
  });
  // Whoever waits for an answer learns of a lost connection from it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await copyLedger(client);
  } catch (cause) {
    await client.end();
    if ((cause as { code?: unknown }).code !== insufficientPrivilege) throw cause;
    const mend = 'the database user may make no temporary tables; grant it TEMPORARY on the database';
    throw new ConnectorError('config', 'SHADOW_REFUSED', mend, { cause });
  }
  const pool = poolOfOne(client);
  const inTurn = async (work: () => Promise<void>): Promise<void> => {
    const turn = await pool.connect();
    try {
      await work();
    } finally {
      turn.release();
    }
  };
  return {
    store: createStore(new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })),
    pass: (milliseconds) => inTurn(() => pass(client, milliseconds)),
    narrow: (share) => inTurn(() => narrow(client, share)),
    close: () => client.end(),
  };
}

/** PostgreSQL: insufficient_privilege. */
const insufficientPrivilege = '42501';

async function copyLedger(client: pg.Client): Promise<void> {
  await client.query('begin isolation level repeatable read');
  const tables = await client.query<{ name: string; columns: string[] }>(`
    select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relpersistence <> 't'
      and c.relname <> 'quota' group by c.relname order by c.relname`);
  const schema = (await client.query<{ name: string }>('select quote_ident(current_schema()) as name')).rows[0]?.name;
  const sequences = await client.query<{ name: string }>(`select c.relname as name from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'S'
      and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i'))`);
  for (const { name } of sequences.rows) {
    const at = await client.query<{ next: string }>(`select (last_value + 1)::text as next from ${schema}."${name}"`);
    await client.query(`create temporary sequence "${name}" start with ${at.rows[0]?.next ?? '1'}`);
  }
  for (const { name, columns } of tables.rows) {
    await client.query(`create temporary table "${name}" (like ${schema}."${name}" including all)`);
    if (withoutRows.includes(name)) continue;
    const list = columns.map((column) => `"${column}"`).join(', ');
    await client.query(`insert into pg_temp."${name}" (${list}) overriding system value
      select ${list} from ${schema}."${name}"`);
    if (columns.includes('id')) await carryOn(client, name);
    if (columns.includes('lease_until') && columns.includes('lease_token'))
      await client.query(`update pg_temp."${name}" set lease_token = null, lease_until = null
        where lease_token is not null`);
    await client.query(`analyze pg_temp."${name}"`);
  }
  await client.query('commit');
  // From here on only temporary tables can be written to. Their statistics age fast: an index is the better guess.
  await client.query(`set session characteristics as transaction read only`);
  await client.query(`set enable_seqscan = off`);
  await client.query(`set jit = off`);
}

/** Numbers that the table gives itself go on after those that were copied. */
async function carryOn(client: pg.Client, table: string): Promise<void> {
  const name = `pg_temp."${table}"`;
  const own = await client.query<{ sequence: string | null }>(`select pg_get_serial_sequence($1, 'id') as sequence`, [
    name,
  ]);
  const sequence = own.rows[0]?.sequence;
  if (sequence)
    await client.query(`select setval($1::regclass, (select coalesce(max(id), 0) + 1 from ${name}), false)`, [
      sequence,
    ]);
}

async function pass(client: pg.Client, milliseconds: number): Promise<void> {
  const ago = `- ${Math.ceil(milliseconds)} * interval '1 millisecond'`;
  await client.query(`update pg_temp.delivery set due_at = due_at ${ago} where due_at is not null;
    update pg_temp.delivery set lease_until = lease_until ${ago} where lease_until is not null;
    update pg_temp.erasure_target set due_at = due_at ${ago}, lease_until = lease_until ${ago} where due_at is not null;
    update pg_temp.profile set lease_until = lease_until ${ago} where lease_until is not null;
    update pg_temp.intent set sent_at = sent_at ${ago};
    update pg_temp.target_state set paused_until = paused_until ${ago} where paused_until is not null`);
}

async function narrow(client: pg.Client, { tables, perTable }: Share): Promise<void> {
  if (tables)
    await client.query('update pg_temp.delivery set due_at = null where crm_table <> all($1::text[])', [tables]);
  if (perTable !== undefined)
    await client.query(
      `update pg_temp.delivery d set due_at = null from (
        select target, crm_table, id, row_number() over (partition by target, crm_table order by id) as n
        from pg_temp.delivery where due_at is not null) o
      where o.n > $1 and d.target = o.target and d.crm_table = o.crm_table and d.id = o.id`,
      [perTable],
    );
}

/** Everybody gets the one connection in turn; nobody gets another one. */
function poolOfOne(client: pg.Client): PostgresPool {
  let last: Promise<void> = Promise.resolve();
  return {
    async connect(): Promise<PostgresPoolClient> {
      const before = last;
      let release = (): void => undefined;
      last = new Promise((resolve) => {
        release = resolve;
      });
      await before;
      return { query: client.query.bind(client), release } as PostgresPoolClient;
    },
    end: () => client.end(),
    options: {},
  };
}
