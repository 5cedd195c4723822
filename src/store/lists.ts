/**
 * Lists of what the ledger knows, a page at a time, for people who look something up. Guarantees: a page takes up where
 * the one before ended, whatever was added or left meanwhile; reads only. Holds ids, codes and our own sentences.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { RecordId, RecordRef, TableName, TargetName } from '../../config/words.ts';
import type { Database, ErasureRow } from './tables.ts';

/**
 * `in-sync`: the latest change is dealt with, and the decision was to sync. `excluded`: it is dealt with, and the decision
 * was another one, which the brake may hold. `failing`: it is parked, or was tried in vain and is tried again. `parked`: the first of these alone.
 * A record that is owed and was not tried yet, or that waits at the brake, is in none.
 */
export const listNames = ['in-sync', 'excluded', 'failing', 'parked'] as const;
export type ListName = (typeof listNames)[number];

/** Where a page ended. */
export interface ListPlace {
  readonly target: TargetName;
  readonly ref: RecordRef;
}

export interface ListedRecord extends ListPlace {
  readonly action: string | undefined;
  readonly rule: string | undefined;
  readonly appliedAt: Date | null;
  readonly parked: { readonly code: string; readonly reason: string; readonly at: Date | null } | undefined;
  /** The brake keeps the decision from being carried out. */
  readonly held: boolean;
  readonly attempts: number;
  readonly dueAt: Date | null;
}

export interface ListQuery {
  readonly list: ListName;
  readonly table?: TableName | undefined;
  /** The first and the last id that are wanted, both included. */
  readonly ids?: { readonly from: RecordId; readonly to: RecordId } | undefined;
  readonly after?: ListPlace | undefined;
  readonly limit: number;
}

export interface Lists {
  /** In the order of target, table and id. */
  records(query: ListQuery): Promise<ListedRecord[]>;
  /** Open ones oldest first, or finished ones newest first. */
  erasures(state: ErasureRow['state'], limit: number): Promise<ErasureRow[]>;
}

interface Row {
  target: TargetName;
  crm_table: TableName;
  id: RecordId;
  last_action: string | null;
  last_rule: string | null;
  applied_at: Date | null;
  parked_code: string | null;
  parked_reason: string | null;
  parked_at: Date | null;
  held: boolean;
  attempts: number;
  due_at: Date | null;
}

const isSettled = sql`d.due_at is null and d.parked_code is null and not d.staged and d.applied_at is not null`;

const belongs: Readonly<Record<ListName, RawBuilder<unknown>>> = {
  'in-sync': sql`${isSettled} and r.last_action = 'sync'`,
  excluded: sql`${isSettled} and r.last_action <> 'sync'`,
  failing: sql`(d.parked_code is not null or (d.due_at is not null and d.attempts > 0))`,
  parked: sql`d.parked_code is not null`,
};

export function createLists(db: Kysely<Database>): Lists {
  return {
    async records({ list, table, ids, after, limit }) {
      const isOfTable = table ? sql`and d.crm_table = ${table}` : sql``;
      const isOfIds = ids ? sql`and d.id between ${ids.from}::uuid and ${ids.to}::uuid` : sql``;
      const isAfter = after
        ? sql`and (d.target, d.crm_table, d.id) > (${after.target}, ${after.ref.table}, ${after.ref.id}::uuid)`
        : sql``;
      const result = await sql<Row>`
        select d.target, d.crm_table, d.id, r.last_action, r.last_rule, d.applied_at, d.parked_code, d.parked_reason,
          d.parked_at, d.attempts, d.due_at, exists (select 1 from hold_case c
            where c.target = d.target and c.profile_key = d.profile_key and c.state = 'held') as held
        from delivery d join record r on r.crm_table = d.crm_table and r.id = d.id
        where ${belongs[list]} ${isOfTable} ${isOfIds} ${isAfter}
        order by d.target, d.crm_table, d.id limit ${limit}`.execute(db);
      return result.rows.map((row) => ({
        target: row.target,
        ref: { table: row.crm_table, id: row.id },
        action: row.last_action ?? undefined,
        rule: row.last_rule ?? undefined,
        appliedAt: row.applied_at,
        parked: row.parked_code
          ? { code: row.parked_code, reason: row.parked_reason ?? '', at: row.parked_at }
          : undefined,
        held: row.held,
        attempts: row.attempts,
        dueAt: row.due_at,
      }));
    },

    async erasures(state, limit) {
      const query = db.selectFrom('erasure').selectAll().where('state', '=', state).limit(limit);
      return state === 'open'
        ? query.orderBy('requested_at').execute()
        : query.orderBy('completed_at', 'desc').execute();
    },
  };
}
