/**
 * Append-only proof of what was done, why, and what the platform answered. Holds ids, codes, keyed hashes and our own
 * sentences. The database refuses to change or remove a row; what the seals add is in evidence-seals.ts.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import { formatRecordRef, type RecordRef } from '../../config/words.ts';
import type { Database, NewEvidence } from './tables.ts';

export async function appendEvidence(
  trx: Kysely<Database> | Transaction<Database>,
  rows: readonly NewEvidence[],
): Promise<void> {
  if (rows.length > 0)
    await trx
      .insertInto('evidence')
      .values([...rows])
      .execute();
}

export interface EvidenceLine {
  /** Number of the row. */
  readonly id: number;
  readonly at: Date;
  readonly target: string | null;
  /** The record that was worked on; `members` are all of the profile. */
  readonly crm_table: string | null;
  readonly record_id: string | null;
  readonly members: readonly string[] | null;
  readonly act: string;
  readonly rule: string | null;
  readonly trigger: string | null;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly request_id: string | null;
  readonly answered_at: Date | null;
  readonly detail: string | null;
  readonly actor: string | null;
  readonly configuration: string | null;
  /** Number of the seal; null until the next minute. */
  readonly seal: number | null;
}

export interface EvidenceBook {
  append(rows: readonly NewEvidence[]): Promise<void>;
  /** Everything about a record, and about the profiles it belonged to. Newest first. */
  of(ref: RecordRef, limit: number): Promise<EvidenceLine[]>;
}

export function createEvidence(db: Kysely<Database>): EvidenceBook {
  return {
    append: (rows) => appendEvidence(db, rows),
    async of(ref, limit) {
      const own = sql`crm_table = ${ref.table} and id = ${ref.id}::uuid`;
      const result = await sql<EvidenceLine>`
        with wanted as (
          select id from evidence where crm_table = ${ref.table} and record_id = ${ref.id}::uuid
          union select id from evidence where members @> array[${formatRecordRef(ref)}]::text[]
          union select e.id from evidence e join delivery d on d.target = e.target and d.profile_key = e.profile_key
            where d.crm_table = ${ref.table} and d.id = ${ref.id}::uuid
          union select e.id from evidence e join (select distinct erasure_id from erasure_record where ${own}) r
            on e.trigger = 'erasure ' || r.erasure_id and e.trigger like 'erasure %'
        )
        select e.id, e.at, e.target, e.crm_table, e.record_id, e.members, e.act, e.rule, e.trigger, e.outcome, e.status,
          e.request_id, e.answered_at, e.detail, e.actor, e.configuration, l.seal_id as seal
        from wanted w join evidence e on e.id = w.id left join evidence_leaf l on l.evidence_id = e.id
        order by e.id desc limit ${limit}`.execute(db);
      return result.rows;
    },
  };
}
