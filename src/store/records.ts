/**
 * What the ledger remembers of each record: the address it was last read with, the decision that was taken, the etag at
 * which it was erased. Ids and keyed hashes only.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { EmailKey, RecordId, RecordRef, TableName, TargetName } from '../../config/words.ts';
import { markOwed, type SeenChange } from './checkpoints.ts';
import type { Lease } from './deliveries.ts';
import type { Database, DeliveryRow, RecordRow } from './tables.ts';
import { isUnder } from './under-lease.ts';

export interface RecordNote {
  readonly ref: RecordRef;
  readonly gone: boolean;
  /** Undefined keeps the key that is stored: a row without an address still belongs to its former profile. */
  readonly emailKey: EmailKey | undefined;
  readonly action: string;
  readonly rule: string;
  readonly reasons: readonly string[];
}

/** Stores what was read and decided, in the transaction that applies it; of deliveries that are under the lease only. */
export async function noteRecords(
  trx: Transaction<Database>,
  lease: Lease,
  notes: readonly RecordNote[],
): Promise<void> {
  if (notes.length === 0) return;
  const sorted = [...notes].sort((a, b) =>
    a.ref.table === b.ref.table ? (a.ref.id < b.ref.id ? -1 : 1) : a.ref.table < b.ref.table ? -1 : 1,
  );
  // Taken in key order: two batches that share members must not wait for each other in a circle.
  await sql`
    with n as (
      select * from unnest(${sorted.map((n) => n.ref.table)}::text[], ${sorted.map((n) => n.ref.id)}::uuid[],
        ${sorted.map((n) => n.gone)}::boolean[], ${sorted.map((n) => n.emailKey ?? null)}::text[],
        ${sorted.map((n) => n.action)}::text[], ${sorted.map((n) => n.rule)}::text[],
        ${sorted.map((n) => JSON.stringify(n.reasons))}::jsonb[]) as n (crm_table, id, gone, email_key, action, rule, reasons)
    ), locked as (
      select l.crm_table, l.id from (select distinct crm_table, id from n order by crm_table, id) o
      cross join lateral (
        select r.crm_table, r.id from record r join delivery d
          on d.target = ${lease.target} and d.crm_table = r.crm_table and d.id = r.id
          and ${isUnder(lease, 'd.lease_token')}
        where r.crm_table = o.crm_table and r.id = o.id for update of r, d) l
    )
    update record r set gone_at = case when n.gone then coalesce(r.gone_at, now()) end,
      email_key = coalesce(n.email_key, r.email_key), last_action = n.action, last_rule = n.rule,
      last_reasons = n.reasons, decided_at = now()
    from n join locked l on l.crm_table = n.crm_table and l.id = n.id
    where r.crm_table = l.crm_table and r.id = l.id`.execute(trx);
}

export interface Records {
  get(ref: RecordRef): Promise<RecordRow | undefined>;
  deliveries(ref: RecordRef): Promise<DeliveryRow[]>;
  /** Marks records owed on the targets; unknown ones enter the ledger. Answers the highest change number. */
  owe(
    table: TableName,
    changes: readonly SeenChange[],
    targets: readonly TargetName[],
    lot: string | null,
    everyLot: boolean,
  ): Promise<void>;
  /** Owes these records again, due now, wherever they were owed before, or there. Answers how many deliveries that are. */
  oweAgain(refs: readonly RecordRef[], target?: TargetName): Promise<number>;
  /** The same for what is parked: one record's, or everything. */
  retryParked(ref?: RecordRef): Promise<number>;
  /**
   * A Sync Contact job: lifts the mark of an erasure, and sends even what is unchanged. Answers the change number, which
   * no delivery of the record has reached yet.
   */
  forceSync(ref: RecordRef, targets: readonly TargetName[]): Promise<number>;
  byEmailKey(keys: readonly EmailKey[]): Promise<RecordRef[]>;
  /** Some records of a table that were last read with an address and are not known to be gone, other than these. */
  withAddress(table: TableName, except: readonly RecordId[], limit: number): Promise<RecordId[]>;
  /** Ids of a table that a comparison of this generation did not see, and that are not known to be gone. */
  unseen(table: TableName, generation: number, limit: number, after: RecordId | undefined): Promise<RecordId[]>;
  /** Notes that an enumeration saw these ids. Answers those that the ledger did not know, or believed gone. */
  seen(table: TableName, ids: readonly RecordId[], generation: number): Promise<RecordId[]>;
  nextComparison(): Promise<number>;
}

export function createRecords(db: Kysely<Database>): Records {
  async function oweSome(which: RawBuilder<unknown>): Promise<number> {
    const result =
      await sql`update delivery d set due_at = now(), staged = false, attempts = 0, owed_seq = owed_seq + 1,
        parked_code = null, parked_reason = null, parked_at = null
      from (select target, crm_table, id from delivery where ${which} order by target, crm_table, id for update) w
      where d.target = w.target and d.crm_table = w.crm_table and d.id = w.id`.execute(db);
    return Number(result.numAffectedRows ?? 0);
  }

  return {
    async get(ref) {
      return db
        .selectFrom('record')
        .selectAll()
        .where('crm_table', '=', ref.table)
        .where('id', '=', ref.id)
        .executeTakeFirst();
    },

    async deliveries(ref) {
      return db
        .selectFrom('delivery')
        .selectAll()
        .where('crm_table', '=', ref.table)
        .where('id', '=', ref.id)
        .orderBy('target')
        .execute();
    },

    async owe(table, changes, targets, lot, everyLot) {
      await db.transaction().execute((trx) => markOwed(trx, { table, changes, targets, lot, everyLot }));
    },

    async oweAgain(refs, target) {
      const only = target === undefined ? sql`` : sql`target = ${target} and`;
      return oweSome(sql`${only} (crm_table, id) in (
        select * from unnest(${refs.map((ref) => ref.table)}::text[], ${refs.map((ref) => ref.id)}::uuid[]))`);
    },

    async retryParked(ref) {
      const only = ref ? sql`and crm_table = ${ref.table} and id = ${ref.id}::uuid` : sql``;
      return oweSome(sql`parked_code is not null ${only}`);
    },

    async forceSync(ref, targets) {
      return db.transaction().execute(async (trx) => {
        const change: SeenChange = { id: ref.id, deleted: false, seenKey: undefined };
        const former = await trx
          .selectFrom('record')
          .select('tombstone')
          .where('crm_table', '=', ref.table)
          .where('id', '=', ref.id)
          .executeTakeFirst();
        await markOwed(trx, {
          table: ref.table,
          changes: [{ ...change, deleted: former?.tombstone ?? false }],
          targets,
          lot: null,
          everyLot: false,
        });
        // A delivery that was owed again without any change of the record is ahead of the record's own number.
        const wanted = await sql<{ seq: number }>`
          update record r set erased_etag = null, erased_at = null, change_seq = greatest(r.change_seq,
            (select max(d.owed_seq) from delivery d where d.crm_table = r.crm_table and d.id = r.id))
          where r.crm_table = ${ref.table} and r.id = ${ref.id}::uuid returning r.change_seq as seq`.execute(trx);
        const seq = wanted.rows[0]?.seq ?? 0;
        await sql`update delivery set forced = true, owed_seq = ${seq} where crm_table = ${ref.table}
          and id = ${ref.id}::uuid and target = any(${targets}::text[])`.execute(trx);
        return seq;
      });
    },

    async byEmailKey(keys) {
      const result = await sql<{ crm_table: TableName; id: RecordId }>`
        select crm_table, id from record where email_key = any(${keys}::text[])
        union select crm_table, id from record where seen_key = any(${keys}::text[])`.execute(db);
      return result.rows.map((row) => ({ table: row.crm_table, id: row.id }));
    },

    async withAddress(table, except, limit) {
      const result = await sql<{ id: RecordId }>`select id from record where crm_table = ${table}
        and email_key is not null and gone_at is null and not tombstone and id <> all(${except}::uuid[])
        order by decided_at desc nulls last limit ${limit}`.execute(db);
      return result.rows.map((row) => row.id);
    },

    async unseen(table, generation, limit, after) {
      const result = await sql<{ id: RecordId }>`
        select id from record where crm_table = ${table} and seen_generation < ${generation} and gone_at is null
          and not tombstone and (${after ?? null}::uuid is null or id > ${after ?? null}::uuid)
        order by id limit ${limit}`.execute(db);
      return result.rows.map((row) => row.id);
    },

    async seen(table, ids, generation) {
      const result = await sql<{ id: RecordId }>`
        with n as (select id from unnest(${ids}::uuid[]) as n (id)),
        known as (
          update record r set seen_generation = ${generation} from n
          where r.crm_table = ${table} and r.id = n.id and r.gone_at is null and not r.tombstone returning r.id
        )
        select id from n where id not in (select id from known)`.execute(db);
      return result.rows.map((row) => row.id);
    },

    async nextComparison() {
      const result = await sql<{ n: number }>`select nextval('change_seq')::int as n`.execute(db);
      return result.rows[0]?.n ?? 0;
    },
  };
}
