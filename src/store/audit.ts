/**
 * What an audit asks of the ledger. Looks only, takes no lease: a worker may be at any of it meanwhile. Ids and keyed
 * hashes only.
 */
import { type Kysely, sql } from 'kysely';
import {
  formatRecordRef,
  type RecordId,
  type RecordRef,
  type TableName,
  type TargetName,
  tableNames,
} from '../../config/words.ts';
import type { Database } from './tables.ts';

/** Why nothing can be said about a record yet: its delivery is due or being applied, parked, or waits for the brake. */
export type Pending = 'owed' | 'parked' | 'held';

export interface AuditBook {
  /** Ids of a table in their order, those of deleted records too, after this one; at most `limit`. */
  page(table: TableName, after: RecordId | undefined, limit: number): Promise<RecordId[]>;
  /** `table/guid` → what its delivery on this target waits for; those that are done are not in it. */
  pending(target: TargetName, refs: readonly RecordRef[]): Promise<Map<string, Pending>>;
  /** Of these ids, those that neither a record nor a profile of the target ever had. */
  unknown(target: TargetName, ids: readonly RecordId[]): Promise<RecordId[]>;
  /** Records with these ids of which the ledger says that the target holds nobody under them. */
  believedAbsent(target: TargetName, ids: readonly RecordId[]): Promise<RecordRef[]>;
}

export function createAuditBook(db: Kysely<Database>): AuditBook {
  return {
    async page(table, after, limit) {
      const result = await sql<{ id: RecordId }>`select id from record
        where crm_table = ${table} and (${after ?? null}::uuid is null or id > ${after ?? null}::uuid)
        order by id limit ${limit}`.execute(db);
      return result.rows.map((row) => row.id);
    },

    async pending(target, refs) {
      const result = await sql<{ crm_table: TableName; id: RecordId; pending: Pending }>`
        select d.crm_table, d.id, case when d.parked_code is not null then 'parked' when d.staged then 'held' else 'owed' end
          as pending
        from delivery d join unnest(${refs.map((ref) => ref.table)}::text[], ${refs.map((ref) => ref.id)}::uuid[])
          as w (crm_table, id) on w.crm_table = d.crm_table and w.id = d.id
        where d.target = ${target} and (d.due_at is not null or d.parked_code is not null or d.staged
          or d.lease_until > now())`.execute(db);
      return new Map(
        result.rows.map((row) => [formatRecordRef({ table: row.crm_table, id: row.id }), row.pending] as const),
      );
    },

    async unknown(target, ids) {
      const result = await sql<{ id: RecordId }>`select w.id::text as id from unnest(${ids}::uuid[]) as w (id)
        where not exists (select 1 from record r where r.crm_table = any(${[...tableNames]}::text[]) and r.id = w.id)
          and not exists (select 1 from contact_key c where c.target = ${target} and c.contact_key = w.id::text)`.execute(
        db,
      );
      return result.rows.map((row) => row.id);
    },

    async believedAbsent(target, ids) {
      const result = await sql<{ crm_table: TableName; id: RecordId }>`
        select r.crm_table, r.id from record r join delivery d on d.target = ${target} and d.crm_table = r.crm_table
          and d.id = r.id
        where r.crm_table = any(${[...tableNames]}::text[]) and r.id = any(${ids}::uuid[]) and not exists (
          select 1 from contact_key c join profile p on p.target = c.target and p.key = c.profile_key
          where c.target = ${target} and c.contact_key = r.id::text and p.state in ('live', 'reset', 'held'))`.execute(
        db,
      );
      return result.rows.map((row) => ({ table: row.crm_table, id: row.id }));
    },
  };
}
