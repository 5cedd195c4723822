/** Which tables, columns and sequences a ledger has, from the catalog of the database itself: none can be forgotten. */
import type pg from 'pg';
import { ConnectorError } from '../http/errors.ts';

export interface LedgerColumn {
  readonly name: string;
  /** As SQL writes it, e.g. `timestamp with time zone`. */
  readonly type: string;
}

export interface LedgerTable {
  readonly name: string;
  readonly columns: readonly LedgerColumn[];
}

type Queryable = Pick<pg.PoolClient, 'query'> | Pick<pg.Pool, 'query'>;

/** A table after those whose rows its own refer to, and the evidence before what a trigger makes of it. */
export async function ledgerTables(db: Queryable): Promise<LedgerTable[]> {
  const columns = await db.query<{ table: string; column: string; type: string }>(`
    select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and a.attgenerated = ''
    order by c.relname, a.attname`);
  const references = await db.query<{ from: string; to: string }>(`
    select f.relname as from, t.relname as to from pg_constraint k
    join pg_class f on f.oid = k.conrelid join pg_class t on t.oid = k.confrelid
    where k.contype = 'f' and f.relnamespace = current_schema()::regnamespace and f.oid <> t.oid`);
  const after = [...references.rows, { from: 'evidence_new', to: 'evidence' }];
  const left = Map.groupBy(columns.rows, ({ table }) => table);
  const ordered: LedgerTable[] = [];
  while (left.size > 0) {
    const free = [...left.keys()].filter((name) => !after.some(({ from, to }) => from === name && left.has(to)));
    if (free.length === 0) {
      throw new ConnectorError(
        'config',
        'MOVE_TABLES_DIFFER',
        'The tables of the ledger refer to each other in a circle.',
      );
    }
    for (const name of free) {
      const own = left.get(name) ?? [];
      ordered.push({ name, columns: own.map(({ column, type }) => ({ name: column, type })) });
      left.delete(name);
    }
  }
  return ordered;
}

/** Those of identity columns too. */
export async function sequenceNames(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(`select relname as name from pg_class
    where relkind = 'S' and relnamespace = current_schema()::regnamespace order by relname`);
  return rows.map(({ name }) => name);
}
