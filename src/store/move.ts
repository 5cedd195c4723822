/**
 * Copies a whole ledger into another database. Guarantees: everything in one transaction there, from one moment here;
 * every table is compared, by number and by content, before that transaction is committed; sequences go on where they
 * were; the evidence, its seals and what waits to be sealed are the same bytes, so `evidence verify` says what it said
 * before. Needs no superuser. Changes nothing in the database it reads. Not copied: the queue's tables, which hold
 * wake-ups only.
 */
import type pg from 'pg';
import { ConnectorError } from '../http/errors.ts';
import { queueSchema } from './database.ts';
import { type LedgerTable, ledgerTables, sequenceNames } from './move-tables.ts';

export interface MovedTable {
  readonly table: string;
  readonly rows: number;
}

export interface MoveOptions {
  /** Both have the tables of this version. */
  readonly from: pg.Pool;
  readonly to: pg.Pool;
  /** Names this move. */
  readonly id: string;
  /** Who asked for it, for the evidence. */
  readonly actor: string;
  readonly signal: AbortSignal;
  onTable?(moved: MovedTable): void;
}

/** `already`: a former run with this id was committed; nothing was done now. */
export type MoveResult = { readonly kind: 'already' } | { readonly kind: 'moved'; readonly tables: MovedTable[] };

/** Rows that are in memory at once. */
const rowsAtOnce = 2_000;
/** What the migrations themselves put in. */
const seeded = ['connector_migration', 'housekeeping'];
/** Filled by a trigger on the evidence, and copied afterwards as it was. */
const derived = 'evidence_new';

/** Values as text mean the same in both, whatever the servers' own settings are. */
const sameText = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'iso_8601';
  set local extra_float_digits = 1; set local bytea_output = 'hex'`;

/**
 * Refuses a database with anything in it that is no empty ledger; asked before the ledger's tables are made there.
 * Throws ConnectorError `config` MOVE_TARGET_NOT_EMPTY.
 */
export async function refuseForeignTables(from: pg.Pool, to: pg.Pool): Promise<void> {
  const own = new Set((await ledgerTables(from)).map(({ name }) => name));
  const there = await to.query<{ name: string }>(
    `select c.relname as name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('information_schema', '${queueSchema}')
      and n.nspname not like 'pg\\_%' and (n.nspname <> current_schema() or not c.relname = any($1))`,
    [[...own]],
  );
  if (there.rows.length > 0) {
    throw new ConnectorError(
      'config',
      'MOVE_TARGET_NOT_EMPTY',
      'The database of storage.databaseUrl has tables that are not ours: name an empty database of its own.',
    );
  }
}

/** Throws ConnectorError; nothing stands in the new database then. */
export async function moveLedger(options: MoveOptions): Promise<MoveResult> {
  const source = await options.from.connect();
  const sink = await options.to.connect();
  // A connection that breaks between two statements tells it with the next one.
  for (const client of [source, sink]) client.on('error', () => undefined);
  let isWhole = false;
  try {
    await sink.query('begin');
    await sink.query(sameText);
    const result = await copyAll(options, source, sink);
    await sink.query('commit');
    isWhole = true;
    return result;
  } finally {
    // The sessions were given settings, and may be in any state.
    if (!isWhole) await sink.query('rollback').catch(() => undefined);
    source.release(true);
    sink.release(true);
  }
}

async function copyAll(options: MoveOptions, source: pg.PoolClient, sink: pg.PoolClient): Promise<MoveResult> {
  const tables = await ledgerTables(source);
  refuseDifferent(tables, await ledgerTables(sink));
  const names = tables.map(({ name }) => quoted(name)).join(', ');
  // Whoever opens the new database meanwhile waits, and finds a whole ledger or an empty one.
  await sink.query(`lock table ${names} in access exclusive mode`);
  const former = await sink.query(`select 1 from evidence where act = 'move-storage' and trigger = $1`, [
    triggerOf(options.id),
  ]);
  if (former.rows.length > 0) return { kind: 'already' };
  await refuseFilled(sink, tables);
  await source.query('begin isolation level repeatable read');
  await source.query(sameText);
  await source.query(`lock table ${names} in share mode`);
  for (const name of seeded) await sink.query(`delete from ${quoted(name)}`);
  const moved: MovedTable[] = [];
  for (const table of tables) {
    options.signal.throwIfAborted();
    if (table.name === derived) await sink.query(`delete from ${derived}`);
    await copyTable(table, source, sink, options.signal);
    const done = { table: table.name, rows: await compare(table, source, sink) };
    moved.push(done);
    options.onTable?.(done);
  }
  await copySequences(source, sink);
  await sink.query(
    `insert into evidence (act, trigger, outcome, detail, actor) values ('move-storage', $1, 'done', $2, $3)`,
    [triggerOf(options.id), `${moved.reduce((sum, { rows }) => sum + rows, 0)} rows`, options.actor],
  );
  options.signal.throwIfAborted();
  return { kind: 'moved', tables: moved };
}

function triggerOf(id: string): string {
  return `move ${id}`;
}

function refuseDifferent(from: readonly LedgerTable[], to: readonly LedgerTable[]): void {
  const form = (tables: readonly LedgerTable[]): string =>
    JSON.stringify(tables.map(({ name, columns }) => ({ name, columns })).sort((a, b) => (a.name < b.name ? -1 : 1)));
  if (form(from) === form(to)) return;
  throw new ConnectorError(
    'config',
    'MOVE_TABLES_DIFFER',
    'The tables of the new database are not those of this version: name an empty database of its own.',
  );
}

async function refuseFilled(sink: pg.PoolClient, tables: readonly LedgerTable[]): Promise<void> {
  for (const { name } of tables) {
    if (seeded.includes(name)) continue;
    const { rows } = await sink.query(`select 1 from ${quoted(name)} limit 1`);
    if (rows.length === 0) continue;
    throw new ConnectorError(
      'config',
      'MOVE_TARGET_NOT_EMPTY',
      'The database of storage.databaseUrl holds a ledger already: name an empty database of its own; two ledgers cannot be put together.',
    );
  }
}

/** As text and back, which keeps microseconds, infinity, the form of numbers and what is no value at all. */
async function copyTable(
  { name, columns }: LedgerTable,
  source: pg.PoolClient,
  sink: pg.PoolClient,
  signal: AbortSignal,
): Promise<void> {
  const list = columns.map((column) => quoted(column.name)).join(', ');
  const asText = columns.map((column) => `${quoted(column.name)}::text`).join(', ');
  const back = columns.map((column, index) => `c${index}::${column.type}`).join(', ');
  const given = columns.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const called = columns.map((_, index) => `c${index}`).join(', ');
  await source.query(`declare copying no scroll cursor for select ${asText} from ${quoted(name)}`);
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await source.query<(string | null)[]>({
      text: `fetch ${rowsAtOnce} from copying`,
      rowMode: 'array',
    });
    if (rows.length === 0) break;
    await sink.query(
      `insert into ${quoted(name)} (${list}) overriding system value
        select ${back} from unnest(${given}) as given (${called})`,
      columns.map((_, index) => rows.map((row) => row[index] ?? null)),
    );
  }
  await source.query('close copying');
}

/** Answers the number of rows. Throws ConnectorError when a single value differs. */
async function compare({ name, columns }: LedgerTable, source: pg.PoolClient, sink: pg.PoolClient): Promise<number> {
  const row = columns.map((column) => quoted(column.name)).join(', ');
  // A sum over hashes of the rows: in any order, and in no more memory than one row.
  const text = `select count(*)::text as rows, coalesce(sum(('x' || substr(h, 1, 15))::bit(60)::bigint::numeric), 0)::text
      || '/' || coalesce(sum(('x' || substr(h, 16, 15))::bit(60)::bigint::numeric), 0)::text as content
    from (select md5(row(${row})::text) as h from ${quoted(name)}) hashed`;
  const [here, there] = await Promise.all(
    [source, sink].map(async (client) => (await client.query<{ rows: string; content: string }>(text)).rows[0]),
  );
  if (here && here.rows === there?.rows && here.content === there.content) return Number(here.rows);
  throw new ConnectorError(
    'retry',
    'MOVE_DIFFERS',
    `The table ${name} is not the same in the new database; nothing was changed there: run connector move-storage again.`,
  );
}

async function copySequences(source: pg.PoolClient, sink: pg.PoolClient): Promise<void> {
  for (const name of await sequenceNames(source)) {
    const { rows } = await source.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${quoted(name)}`,
    );
    const [at] = rows;
    if (at) await sink.query('select setval($1::regclass, $2::bigint, $3)', [quoted(name), at.value, at.called]);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
