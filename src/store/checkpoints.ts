/**
 * Where each table's change feed stands, and the marking of owed work. Guarantees: a page's records are marked owed in
 * the same transaction that moves the checkpoint, and the checkpoint moves only from the position that was read; whoever
 * comes second changes nothing. Does not talk to Dataverse.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { EmailKey, RecordId, TableName, TargetName } from '../../config/words.ts';
import type { CheckpointMode, CheckpointRow, Database } from './tables.ts';

export interface SeenChange {
  readonly id: RecordId;
  readonly deleted: boolean;
  readonly seenKey: EmailKey | undefined;
}

export interface PageMove {
  readonly table: TableName;
  /** The position that was read; null for the start of a full read. */
  readonly from: string | null;
  readonly fromMode: CheckpointMode;
  readonly to: string;
  readonly toMode: CheckpointMode;
  readonly generation: number;
  /** True when `to` is a delta link: the feed was read to its end. */
  readonly atEnd: boolean;
  /** Names the lot that this pull's deletions (or, in a full read, everything) belong to. */
  readonly lot: string;
  readonly changes: readonly SeenChange[];
  readonly targets: readonly TargetName[];
}

export type OwedMark = {
  readonly table: TableName;
  readonly changes: readonly SeenChange[];
  readonly targets: readonly TargetName[];
  /** Lot of the deletions; `everyLot` puts the other changes into it too. */
  readonly lot: string | null;
  readonly everyLot: boolean;
};

/** Marks records owed on the targets. To be called inside the transaction that makes it true. */
export async function markOwed(trx: Transaction<Database>, mark: OwedMark): Promise<void> {
  if (mark.changes.length === 0) return;
  const ids = mark.changes.map((change) => change.id);
  const deleted = mark.changes.map((change) => change.deleted);
  const keys = mark.changes.map((change) => change.seenKey ?? null);
  // Sorted, so that two markings of the same rows cannot wait for each other in a circle.
  await sql`
    with news as (
      select n.id, n.deleted, n.seen_key from unnest(${ids}::uuid[], ${deleted}::boolean[], ${keys}::text[])
        as n (id, deleted, seen_key) order by n.id
    ), marked as (
      insert into record as r (crm_table, id, change_seq, tombstone, seen_key)
      select ${mark.table}, id, nextval('change_seq'), deleted, seen_key from news
      on conflict (crm_table, id) do update set
        -- a number drawn earlier may be committed later: a record's own sequence still only rises
        change_seq = greatest(excluded.change_seq, r.change_seq + 1),
        tombstone = excluded.tombstone,
        gone_at = case when excluded.tombstone then r.gone_at else null end,
        seen_key = coalesce(excluded.seen_key, r.seen_key)
      returning crm_table, id, change_seq, tombstone
    )
    insert into delivery as d (target, crm_table, id, owed_seq, priority, due_at, lot)
    select t.target, m.crm_table, m.id, m.change_seq, case when m.tombstone then 1 else 2 end, now(),
           case when m.tombstone or ${mark.everyLot} then ${mark.lot}::text end
    from marked m cross join unnest(${mark.targets}::text[]) as t (target)
    order by t.target, m.crm_table, m.id
    on conflict (target, crm_table, id) do update set
      owed_seq = greatest(excluded.owed_seq, d.owed_seq + 1), priority = excluded.priority, due_at = excluded.due_at, attempts = 0,
      parked_code = null, parked_reason = null, parked_at = null, staged = false,
      lot = coalesce(excluded.lot, d.lot)
  `.execute(trx);
}

export interface Checkpoints {
  read(table: TableName): Promise<CheckpointRow | undefined>;
  all(): Promise<CheckpointRow[]>;
  /** Moves on by one page. False: somebody else was faster and nothing was changed. */
  move(move: PageMove): Promise<boolean>;
  /** Starts a full read (again). False when the position is no longer the one that was read. */
  restart(table: TableName, from: string | null, mode: 'initial' | 'enumeration'): Promise<boolean>;
  /** Says that the comparison after a full read of this generation is finished. */
  fullReadDone(table: TableName, generation: number): Promise<void>;
  stop(table: TableName, code: string, reason: string): Promise<void>;
  resume(table: TableName): Promise<void>;
}

export function createCheckpoints(db: Kysely<Database>): Checkpoints {
  return {
    async read(table) {
      return db.selectFrom('checkpoint').selectAll().where('crm_table', '=', table).executeTakeFirst();
    },

    async all() {
      return db.selectFrom('checkpoint').selectAll().orderBy('crm_table').execute();
    },

    async move(move) {
      const moved = await db.transaction().execute(async (trx) => {
        const moved = await sql<{ crm_table: string }>`
          update checkpoint set link = ${move.to}, mode = ${move.toMode}, pulled_at = now(),
            position_at = case when ${move.atEnd} then now() else position_at end,
            lot = ${move.atEnd ? null : move.lot}, stopped_code = null, stopped_reason = null
          where crm_table = ${move.table} and link is not distinct from ${move.from}::text
            and mode = ${move.fromMode} and generation = ${move.generation}
          returning crm_table`.execute(trx);
        if (moved.rows.length === 0) return false;
        await markOwed(trx, {
          table: move.table,
          changes: move.changes,
          targets: move.targets,
          lot: move.lot,
          everyLot: move.fromMode !== 'delta',
        });
        return true;
      });
      // A full read fills tables within seconds of whose rows PostgreSQL knows nothing for a minute or more.
      if (moved && move.atEnd && move.fromMode !== 'delta') await sql`analyze record, delivery`.execute(db);
      return moved;
    },

    async restart(table, from, mode) {
      const result = await sql<{ crm_table: string }>`
        insert into checkpoint as c (crm_table, link, mode, generation) values (${table}, null, ${mode}, 1)
        on conflict (crm_table) do update set link = null, mode = ${mode}, generation = c.generation + 1,
          lot = null, full_read_done = false, stopped_code = null, stopped_reason = null
        where c.link is not distinct from ${from}::text and (c.link is not null or c.mode = 'delta')
        returning crm_table`.execute(db);
      return result.rows.length > 0;
    },

    async fullReadDone(table, generation) {
      await db
        .updateTable('checkpoint')
        .set({ full_read_done: true })
        .where('crm_table', '=', table)
        .where('generation', '=', generation)
        .execute();
    },

    async stop(table, code, reason) {
      await db
        .updateTable('checkpoint')
        .set({ stopped_code: code, stopped_reason: reason })
        .where('crm_table', '=', table)
        .execute();
    },

    async resume(table) {
      await db
        .updateTable('checkpoint')
        .set({ stopped_code: null, stopped_reason: null })
        .where('crm_table', '=', table)
        .execute();
    },
  };
}
