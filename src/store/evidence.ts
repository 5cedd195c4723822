/**
 * Append-only proof of what was done, why, and what the platform answered. Holds ids, codes and our own sentences.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { RecordRef } from '../../config/words.ts';
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
  readonly at: Date;
  readonly target: string | null;
  readonly act: string;
  readonly rule: string | null;
  readonly trigger: string | null;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly request_id: string | null;
  readonly detail: string | null;
  readonly actor: string | null;
}

export interface EvidenceBook {
  append(rows: readonly NewEvidence[]): Promise<void>;
  /** Newest first. */
  of(ref: RecordRef, limit: number): Promise<EvidenceLine[]>;
}

export function createEvidence(db: Kysely<Database>): EvidenceBook {
  return {
    append: (rows) => appendEvidence(db, rows),
    async of(ref, limit) {
      const result = await sql<EvidenceLine>`
        select at, target, act, rule, trigger, outcome, status, request_id, detail, actor from evidence
        where (crm_table = ${ref.table} and record_id = ${ref.id}::uuid) or (target, profile_key) in (
          select target, profile_key from delivery
          where crm_table = ${ref.table} and id = ${ref.id}::uuid and profile_key is not null)
        order by id desc limit ${limit}`.execute(db);
      return result.rows;
    },
  };
}
