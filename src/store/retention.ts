/**
 * Forgets what has served its purpose. Guarantees: what somebody works on, what is owed, parked, held or sent and not
 * answered, what an open erasure or job names, stays; a deleted record stays while another record of one of its profiles
 * lives, since it has a say there; suppressions stay for good. Rows that somebody has locked are left for the next time.
 * Evidence has its own way: evidence-seals.ts.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { ProfileKey, RecordId, TableName, TargetName } from '../../config/words.ts';
import type { Database } from './tables.ts';

export interface Retention {
  /** True once in so many seconds, for one process: this one does it. */
  isTurn(everySeconds: number): Promise<boolean>;
  /** Records that are gone for so many days, with what the targets' profiles remember. Answers the number of records. */
  dropGone(days: number, limit: number): Promise<number>;
  /** Profiles without any record, and nobody there, for so many days: addresses that people left, or erased by address. */
  dropDeserted(days: number, limit: number): Promise<number>;
  /** Erasures, jobs and decided holds that were finished so many days ago. */
  dropFinished(days: number, limit: number): Promise<number>;
  /** What no window of the brake looks back to any more (at most 30 days). */
  dropPasses(limit: number): Promise<number>;
}

/** Nobody is on the target under this profile, nothing about it is under way, and nothing changed for so long. */
const isQuiet = (days: number) => sql`p.state in ('new', 'absent', 'anonymized')
  and p.changed_at < now() - ${days} * interval '1 day' and coalesce(p.lease_until < now(), true)
  and not exists (select 1 from intent i where i.target = p.target and i.profile_key = p.key)
  and not exists (select 1 from hold_case c where c.target = p.target and c.profile_key = p.key
    and (c.state in ('staged', 'held') or c.erasure_id is not null))
  and not exists (select 1 from erasure e where e.state = 'open' and e.email_key = p.key)`;

/** A record that is gone, for which nothing is owed, and whose profiles are quiet and have only such records. */
function isForgettable(days: number) {
  const isGone = sql`x.gone_at < now() - ${days} * interval '1 day'`;
  return sql`r.gone_at < now() - ${days} * interval '1 day'
    and not exists (select 1 from delivery d where d.crm_table = r.crm_table and d.id = r.id and (d.due_at is not null
      or d.staged or d.parked_code is not null or d.done_seq < d.owed_seq or d.lease_until > now()))
    and not exists (select 1 from erasure e where e.state = 'open' and ((e.crm_table = r.crm_table and e.record_id = r.id)
      or e.email_key in (r.email_key, r.seen_key)))
    and not exists (select 1 from erasure_record m join erasure e on e.id = m.erasure_id
      where m.crm_table = r.crm_table and m.id = r.id and e.state = 'open')
    and not exists (select 1 from marketing_job j where j.closed_at is null and j.crm_table = r.crm_table and j.record_id = r.id)
    and not exists (select 1 from delivery d join profile p on p.target = d.target and p.key = d.profile_key
      where d.crm_table = r.crm_table and d.id = r.id and not (${isQuiet(days)}))
    and not exists (select 1 from record x where (x.email_key in (r.email_key, r.seen_key)
      or x.seen_key in (r.email_key, r.seen_key)) and (${isGone}) is not true)
    and not exists (select 1 from delivery d join delivery o on o.target = d.target and o.profile_key = d.profile_key
      join record x on x.crm_table = o.crm_table and x.id = o.id
      where d.crm_table = r.crm_table and d.id = r.id and (${isGone}) is not true)`;
}

const nobodyBelongs = sql`not exists (select 1 from delivery d where d.target = p.target and d.profile_key = p.key)
  and not exists (select 1 from record r where r.email_key = p.key)
  and not exists (select 1 from record r where r.seen_key = p.key)
  and not exists (select 1 from record r where r.crm_table = split_part(p.key, '/', 1)
    and r.id = case when p.key ~ '^[a-z]+/[0-9a-f-]{36}$' then split_part(p.key, '/', 2)::uuid end)`;

interface Named {
  crm_table: TableName;
  id: RecordId;
}

async function dropProfiles(
  trx: Transaction<Database>,
  which: readonly { target: TargetName; key: ProfileKey }[],
): Promise<number> {
  if (which.length === 0) return 0;
  const named = sql`(select * from unnest(${which.map((p) => p.target)}::text[], ${which.map((p) => p.key)}::text[]))`;
  await sql`delete from contact_key where (target, profile_key) in ${named}`.execute(trx);
  await sql`delete from hold_case where (target, profile_key) in ${named}`.execute(trx);
  const dropped = await sql`delete from profile where (target, key) in ${named}`.execute(trx);
  return Number(dropped.numAffectedRows ?? 0);
}

export function createRetention(db: Kysely<Database>): Retention {
  return {
    async isTurn(everySeconds) {
      const result = await sql`update housekeeping set retention_at = now()
        where retention_at <= now() - ${everySeconds} * interval '1 second'`.execute(db);
      return Number(result.numAffectedRows ?? 0) > 0;
    },

    async dropGone(days, limit) {
      return db.transaction().execute(async (trx) => {
        const records = await sql<Named>`select r.crm_table, r.id from record r where ${isForgettable(days)}
          order by r.gone_at limit ${limit} for update of r skip locked`.execute(trx);
        if (records.rows.length === 0) return 0;
        const named = sql`(select * from unnest(${records.rows.map((row) => row.crm_table)}::text[],
          ${records.rows.map((row) => row.id)}::uuid[]))`;
        // Locked without waiting for anybody: what others hold is left, and what changed meanwhile is seen now.
        const keys = await sql<{ target: TargetName; key: ProfileKey }>`select p.target, p.key from profile p
          where (p.target, p.key) in (select target, profile_key from delivery where (crm_table, id) in ${named})
          for update of p skip locked`.execute(trx);
        const still = await sql<Named>`delete from record r where (r.crm_table, r.id) in ${named}
          and ${isForgettable(days)} returning r.crm_table, r.id`.execute(trx);
        await sql`delete from delivery where (crm_table, id) in (select * from unnest(
          ${still.rows.map((row) => row.crm_table)}::text[], ${still.rows.map((row) => row.id)}::uuid[]))`.execute(trx);
        const quiet = await sql<{ target: TargetName; key: ProfileKey }>`select p.target, p.key from profile p
          where (p.target, p.key) in (select * from unnest(${keys.rows.map((p) => p.target)}::text[],
            ${keys.rows.map((p) => p.key)}::text[])) and ${isQuiet(days)} and ${nobodyBelongs}`.execute(trx);
        await dropProfiles(trx, quiet.rows);
        return still.rows.length;
      });
    },

    async dropDeserted(days, limit) {
      return db.transaction().execute(async (trx) => {
        const which = await sql<{ target: TargetName; key: ProfileKey }>`select p.target, p.key from profile p
          where ${isQuiet(days)} and ${nobodyBelongs} order by p.changed_at limit ${limit}
          for update of p skip locked`.execute(trx);
        return dropProfiles(trx, which.rows);
      });
    },

    async dropFinished(days, limit) {
      const isOld = (column: string) => sql`${sql.ref(column)} < now() - ${days} * interval '1 day'`;
      const jobs = await sql`delete from marketing_job where job_id in (select job_id from marketing_job
        where closed_at is not null and ${isOld('closed_at')} limit ${limit})`.execute(db);
      const erasures = await sql`delete from erasure where id in (select e.id from erasure e
        where e.state = 'done' and ${isOld('e.completed_at')}
          and not exists (select 1 from marketing_job j where j.job_id = e.job_id and j.closed_at is null)
        limit ${limit})`.execute(db);
      const holds = await sql`delete from hold where id in (select h.id from hold h where h.state <> 'open'
        and ${isOld('h.decided_at')} and not exists (select 1 from hold_case c where c.hold_id = h.id)
        limit ${limit})`.execute(db);
      return [jobs, erasures, holds].reduce((sum, result) => sum + Number(result.numAffectedRows ?? 0), 0);
    },

    async dropPasses(limit) {
      const dropped = await sql`delete from brake_pass where id in (select id from brake_pass
        where passed_at < now() - interval '31 days' order by id limit ${limit})`.execute(db);
      return Number(dropped.numAffectedRows ?? 0);
    },
  };
}
