/**
 * Carries the ledger over to another hash key. Guarantees: one transaction per call, safe to repeat; a key that nobody
 * has is no error. Evidence keeps the keys it was written with.
 */
import { type Kysely, sql } from 'kysely';
import type { EmailKey, RecordId, TableName } from '../../config/words.ts';
import type { Database } from './tables.ts';

export interface Renaming {
  readonly from: EmailKey;
  readonly to: EmailKey;
}

export interface RekeyFamily {
  /** Ids of a table's records in order, after one. */
  ids(table: TableName, after: RecordId | undefined, limit: number): Promise<RecordId[]>;
  /** Answers how many profiles were carried over. */
  rename(renamings: readonly Renaming[]): Promise<number>;
  /** Seals that open erasures, and writes whose answer is not known, still need. */
  seals(): Promise<{ id: string; sealed: string }[]>;
  reseal(id: string, sealed: string): Promise<void>;
  /** Makes the key the ledger's. */
  finish(keyId: string): Promise<void>;
}

export function createRekey(db: Kysely<Database>): RekeyFamily {
  return {
    async ids(table, after, limit) {
      const result = await sql<{ id: RecordId }>`select id from record
        where crm_table = ${table} and (${after ?? null}::uuid is null or id > ${after ?? null}::uuid)
        order by id limit ${limit}`.execute(db);
      return result.rows.map((row) => row.id);
    },

    async rename(renamings) {
      if (renamings.length === 0) return 0;
      const from = renamings.map((renaming) => renaming.from);
      const to = renamings.map((renaming) => renaming.to);
      const names = sql`unnest(${from}::text[], ${to}::text[]) as n (old, new)`;
      return db.transaction().execute(async (trx) => {
        await sql`update record r set email_key = n.new from ${names} where r.email_key = n.old`.execute(trx);
        await sql`update record r set seen_key = n.new from ${names} where r.seen_key = n.old`.execute(trx);
        await sql`update erasure e set email_key = n.new from ${names} where e.email_key = n.old`.execute(trx);
        await sql`insert into suppression (kind, value, reason, added_at)
          select s.kind, n.new, s.reason, s.added_at from suppression s join ${names} on s.value = n.old
          where s.kind = 'address' on conflict do nothing`.execute(trx);
        await sql`delete from suppression where kind = 'address' and value = any(${from}::text[])`.execute(trx);
        // A row that only a look at the new key left behind knows nothing yet, and makes room.
        await sql`delete from profile p using ${names} where p.key = n.new and p.state = 'new'
          and exists (select 1 from profile o where o.target = p.target and o.key = n.old)`.execute(trx);
        const moved = await sql`update profile p set key = n.new, data_fingerprint = null, permission_fingerprint = null
          from ${names} where p.key = n.old and not exists (
            select 1 from profile q where q.target = p.target and q.key = n.new)`.execute(trx);
        for (const table of ['contact_key', 'intent', 'delivery', 'hold_case'] as const) {
          await sql`update ${sql.table(table)} t set profile_key = n.new from ${names} where t.profile_key = n.old`.execute(
            trx,
          );
        }
        return Number(moved.numAffectedRows ?? 0);
      });
    },

    async seals() {
      const result = await sql<{ id: string; sealed: string }>`select id, sealed from erasure
        where state = 'open' and sealed is not null union all select id, sealed from intent where sealed is not null`.execute(
        db,
      );
      return result.rows;
    },

    async reseal(id, sealed) {
      await sql`update erasure set sealed = ${sealed} where id = ${id}::uuid and state = 'open'`.execute(db);
      await sql`update intent set sealed = ${sealed} where id = ${id}::uuid and sealed is not null`.execute(db);
    },

    async finish(keyId) {
      await sql`update installation set hash_key_id = ${keyId}`.execute(db);
    },
  };
}
