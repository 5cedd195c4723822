/**
 * Explicit requests to anonymize, and the Marketing Jobs they came from. Guarantees: a job makes one erasure at most; a
 * target's part is done by one worker at a time; sealed addresses leave in the transaction that closes the erasure.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { EmailKey, RecordRef, TargetName } from '../../config/words.ts';
import type { Lease } from './deliveries.ts';
import type { Database, ErasureRow, ErasureTargetRow, MarketingJobRow } from './tables.ts';

export interface NewErasure {
  readonly id: string;
  readonly source: 'job' | 'cli' | 'api';
  readonly jobId: string | null;
  readonly ref: RecordRef | null;
  readonly emailKey: EmailKey | null;
  readonly sealed: string | null;
  /** Who asked, where somebody is known by name. */
  readonly actor?: string;
}

export type ClaimedErasure = ErasureRow & { attempts: number };

export interface ErasureTargetDone {
  readonly erasureId: string;
  readonly state: 'done' | 'absent';
  readonly status: number;
  readonly requestId: string | undefined;
  /** Somebody had to erase by hand, and did. */
  readonly byHand?: boolean;
  readonly members: readonly RecordRef[];
}

/** Closes one target's part in the transaction that knows the answer. Nothing happens when the lease had passed on. */
export async function completeErasureTarget(
  trx: Transaction<Database>,
  lease: Lease,
  done: ErasureTargetDone,
): Promise<void> {
  const result = await sql`update erasure_target set state = ${done.state}, status = ${done.status},
      request_id = ${done.requestId ?? null}, waiting_code = ${done.byHand ? 'MANUAL' : null}, waiting_reason = null,
      due_at = null, lease_token = null, lease_until = null, completed_at = now()
    where erasure_id = ${done.erasureId}::uuid and target = ${lease.target} and lease_token = ${lease.token}::uuid`.execute(
    trx,
  );
  if (Number(result.numAffectedRows ?? 0) === 0) return;
  if (done.members.length > 0) {
    await sql`insert into erasure_record (erasure_id, crm_table, id)
      select ${done.erasureId}::uuid, t, i from unnest(${done.members.map((m) => m.table)}::text[],
        ${done.members.map((m) => m.id)}::uuid[]) as n (t, i) on conflict do nothing`.execute(trx);
  }
}

export async function markErased(
  trx: Transaction<Database>,
  id: string,
  target: TargetName,
  status: number,
  requestId: string | undefined,
): Promise<void> {
  // A repetition that finds nobody (404) leaves the answer that said "erased" where it is.
  const isKept = sql`status is not null and ${status} = 404`;
  await sql`update erasure_target set status = case when ${isKept} then status else ${status} end,
      request_id = case when ${isKept} then request_id else ${requestId ?? null} end
    where erasure_id = ${id}::uuid and target = ${target}`.execute(trx);
}

/** That it was asked for, and by whom, stands from the first moment. */
async function noteRequest(trx: Transaction<Database>, erasure: NewErasure): Promise<void> {
  const trigger = erasure.jobId === null ? 'command' : `marketing job ${erasure.jobId}`;
  await sql`insert into evidence (crm_table, record_id, profile_key, act, rule, trigger, detail, actor, configuration)
    values (${erasure.ref?.table ?? null}, ${erasure.ref?.id ?? null}::uuid, ${erasure.emailKey}, 'erasure-requested',
      'erased-on-request', ${trigger}, ${`erasure ${erasure.id}`}, ${erasure.actor ?? erasure.source},
      (select fingerprint from configuration order by epoch desc limit 1))`.execute(trx);
}

async function oweProfilesOf(trx: Transaction<Database>, erasure: ErasureRow): Promise<void> {
  await sql`
    with who as (
      select crm_table, id from erasure_record where erasure_id = ${erasure.id}::uuid
      union select crm_table, record_id from erasure where id = ${erasure.id}::uuid and record_id is not null
    ), profiles as (
      select d.target, d.profile_key from delivery d join who on who.crm_table = d.crm_table and who.id = d.id
      where d.profile_key is not null
      union select target, ${erasure.email_key}::text from erasure_target
      where erasure_id = ${erasure.id}::uuid and ${erasure.email_key}::text is not null
    ), owed as (
      select d.target, d.crm_table, d.id from delivery d
      join profiles p on p.target = d.target and p.profile_key = d.profile_key
      order by d.target, d.crm_table, d.id for update of d
    )
    update delivery d set due_at = now(), staged = false, attempts = 0, owed_seq = owed_seq + 1,
      parked_code = null, parked_reason = null, parked_at = null
    from owed where d.target = owed.target and d.crm_table = owed.crm_table and d.id = owed.id`.execute(trx);
}

export interface Erasures {
  /** Stores an erasure and its part for each target, and owes them. Answers false when the job has one already. */
  open(erasure: NewErasure, targets: readonly TargetName[]): Promise<boolean>;
  claim(lease: Lease, limit: number, epoch: number): Promise<ClaimedErasure[]>;
  seal(id: string, sealed: string): Promise<void>;
  wait(
    lease: Lease,
    id: string,
    inMs: number,
    code: string | null,
    reason: string | null,
    failed: boolean,
  ): Promise<void>;
  renew(lease: Lease): Promise<void>;
  /** Of these records and addresses, those with an open erasure; and the records that were erased along with one. */
  openFor(
    refs: readonly RecordRef[],
    keys: readonly EmailKey[],
  ): Promise<{ refs: Set<string>; keys: Set<string>; along: Set<string> }>;
  /** Record → the etag at which it was erased, for those of these that were. */
  marks(refs: readonly RecordRef[]): Promise<Map<string, string>>;
  /** Open erasures whose targets have all answered. */
  ready(limit: number): Promise<ErasureRow[]>;
  targets(id: string): Promise<ErasureTargetRow[]>;
  /** These targets, which have answered, are to do it once more; that somebody was erased stays. Nothing once it is closed. */
  reopen(id: string, targets: readonly TargetName[]): Promise<void>;
  /** The same for a target and all open erasures of these records and addresses. Answers how many have to be done again. */
  reopenFor(target: TargetName, refs: readonly RecordRef[], keys: readonly EmailKey[]): Promise<number>;
  records(id: string): Promise<RecordRef[]>;
  get(id: string): Promise<ErasureRow | undefined>;
  byJob(jobId: string): Promise<ErasureRow | undefined>;
  ofRecord(ref: RecordRef): Promise<ErasureRow[]>;
  /** Erasures that were asked for this record, or that it belonged to; newest first. */
  touching(ref: RecordRef): Promise<ErasureRow[]>;
  countOpen(): Promise<{ open: number; oldest: Date | null }>;
  /**
   * Marks the records with the etags read now, closes the erasure, empties what was sealed, and owes everything of the
   * person's profiles again: what came up while the erasure was open was left alone.
   */
  close(
    erasure: ErasureRow,
    marks: readonly { ref: RecordRef; etag: string }[],
    stillEligible: boolean,
    suppress: readonly { kind: 'address' | 'record'; value: string }[],
  ): Promise<void>;
}

/** Of an erasure `e`: it is about one of these records or addresses. */
function isAbout(refs: readonly RecordRef[], keys: readonly EmailKey[]): RawBuilder<unknown> {
  return sql`((e.crm_table, e.record_id) in (
      select * from unnest(${refs.map((r) => r.table)}::text[], ${refs.map((r) => r.id)}::uuid[]))
    or e.email_key = any(${keys}::text[]))`;
}

export function createErasures(db: Kysely<Database>): Erasures {
  async function reopenWhere(which: RawBuilder<unknown>): Promise<number> {
    const result = await sql`
      update erasure_target t set state = 'pending', due_at = now(), attempts = 0, completed_at = null,
        status = case when t.state = 'done' then t.status end, request_id = case when t.state = 'done' then t.request_id end
      from erasure e where e.id = t.erasure_id and e.state = 'open' and t.state in ('done', 'absent') and ${which}`.execute(
      db,
    );
    return Number(result.numAffectedRows ?? 0);
  }

  return {
    async open(erasure, targets) {
      return db.transaction().execute(async (trx) => {
        const stored = await trx
          .insertInto('erasure')
          .values({
            id: erasure.id,
            source: erasure.source,
            job_id: erasure.jobId,
            crm_table: erasure.ref?.table ?? null,
            record_id: erasure.ref?.id ?? null,
            email_key: erasure.emailKey,
            sealed: erasure.sealed,
            completed_at: null,
            still_eligible: null,
          })
          .onConflict((oc) => oc.column('job_id').doNothing())
          .returning('id')
          .executeTakeFirst();
        if (!stored) return false;
        await noteRequest(trx, erasure);
        // A record that no feed has shown yet is known from now on: otherwise its address would not be read, and closing
        // the erasure could not mark it.
        if (erasure.ref) {
          await sql`insert into record (crm_table, id, change_seq)
            values (${erasure.ref.table}, ${erasure.ref.id}::uuid, nextval('change_seq')) on conflict do nothing`.execute(
            trx,
          );
        }
        await sql`insert into erasure_target (erasure_id, target, due_at)
          select ${erasure.id}::uuid, t, now() from unnest(${targets}::text[]) as t`.execute(trx);
        return true;
      });
    },

    async claim(lease, limit, epoch) {
      const result = await sql<ClaimedErasure>`
        with chosen as (
          select erasure_id, target from erasure_target
          where target = ${lease.target} and due_at <= now() and (lease_until is null or lease_until < now())
            and ${epoch} = (select max(epoch) from configuration)
          order by due_at limit ${limit} for update skip locked
        ), mine as (
          update erasure_target t set lease_token = ${lease.token}::uuid,
            lease_until = now() + ${lease.seconds} * interval '1 second'
          from chosen c where t.erasure_id = c.erasure_id and t.target = c.target returning t.erasure_id, t.attempts
        )
        select e.*, mine.attempts from erasure e join mine on mine.erasure_id = e.id order by e.requested_at`.execute(
        db,
      );
      return result.rows;
    },

    async seal(id, sealed) {
      await sql`update erasure set sealed = ${sealed} where id = ${id}::uuid and state = 'open' and sealed is null`.execute(
        db,
      );
    },

    async wait(lease, id, inMs, code, reason, failed) {
      await sql`update erasure_target set due_at = now() + ${inMs} * interval '1 millisecond', waiting_code = ${code},
          waiting_reason = ${reason}, attempts = attempts + ${failed ? 1 : 0}, lease_token = null, lease_until = null
        where erasure_id = ${id}::uuid and target = ${lease.target} and lease_token = ${lease.token}::uuid`.execute(db);
    },

    async renew(lease) {
      await sql`update erasure_target set lease_until = now() + ${lease.seconds} * interval '1 second'
        where target = ${lease.target} and lease_token = ${lease.token}::uuid`.execute(db);
    },

    async openFor(refs, keys) {
      const result = await sql<{ name: string | null; email_key: string | null; along: boolean }>`
        select crm_table || '/' || record_id as name, email_key, false as along from erasure e
        where e.state = 'open' and ${isAbout(refs, keys)}
        union all
        select r.crm_table || '/' || r.id, null, true from erasure e join erasure_record r on r.erasure_id = e.id
        where e.state = 'open' and (r.crm_table, r.id) in (
          select * from unnest(${refs.map((r) => r.table)}::text[], ${refs.map((r) => r.id)}::uuid[]))`.execute(db);
      const names = (along: boolean): Set<string> =>
        new Set(result.rows.flatMap((row) => (row.along === along && row.name !== null ? [row.name] : [])));
      return {
        refs: names(false),
        keys: new Set(result.rows.flatMap((row) => (row.email_key ? [row.email_key as EmailKey] : []))),
        along: names(true),
      };
    },

    async marks(refs) {
      if (refs.length === 0) return new Map();
      const result = await sql<{ name: string; erased_etag: string }>`
        select crm_table || '/' || id as name, erased_etag from record where erased_etag is not null
          and (crm_table, id) in (
            select * from unnest(${refs.map((r) => r.table)}::text[], ${refs.map((r) => r.id)}::uuid[]))`.execute(db);
      return new Map(result.rows.map((row) => [row.name, row.erased_etag]));
    },

    async ready(limit) {
      const result = await sql<ErasureRow>`select e.* from erasure e where e.state = 'open' and not exists (
          select 1 from erasure_target t where t.erasure_id = e.id and t.state = 'pending')
        order by e.requested_at limit ${limit}`.execute(db);
      return result.rows;
    },

    async targets(id) {
      return db.selectFrom('erasure_target').selectAll().where('erasure_id', '=', id).orderBy('target').execute();
    },

    async reopen(id, targets) {
      await reopenWhere(sql`e.id = ${id}::uuid and t.target = any(${targets}::text[])`);
    },

    async reopenFor(target, refs, keys) {
      return reopenWhere(sql`t.target = ${target} and ${isAbout(refs, keys)}`);
    },

    async records(id) {
      const rows = await db
        .selectFrom('erasure_record')
        .select(['crm_table', 'id'])
        .where('erasure_id', '=', id)
        .execute();
      return rows.map((row) => ({ table: row.crm_table, id: row.id }));
    },

    async get(id) {
      return db.selectFrom('erasure').selectAll().where('id', '=', id).executeTakeFirst();
    },

    async byJob(jobId) {
      return db.selectFrom('erasure').selectAll().where('job_id', '=', jobId).executeTakeFirst();
    },

    async ofRecord(ref) {
      return db
        .selectFrom('erasure')
        .selectAll()
        .where('crm_table', '=', ref.table)
        .where('record_id', '=', ref.id)
        .orderBy('requested_at', 'desc')
        .execute();
    },

    async touching(ref) {
      const result = await sql<ErasureRow>`select * from erasure e
        where (crm_table = ${ref.table} and record_id = ${ref.id}::uuid) or exists (
          select 1 from erasure_record r where r.erasure_id = e.id and r.crm_table = ${ref.table} and r.id = ${ref.id}::uuid)
        order by requested_at desc limit 20`.execute(db);
      return result.rows;
    },

    async countOpen() {
      const result = await sql<{ open: number; oldest: Date | null }>`
        select count(*)::int as open, min(requested_at) as oldest from erasure where state = 'open'`.execute(db);
      return result.rows[0] ?? { open: 0, oldest: null };
    },

    async close(erasure, marks, stillEligible, suppress) {
      await db.transaction().execute(async (trx) => {
        await sql`update record r set erased_etag = n.etag, erased_at = now()
          from unnest(${marks.map((m) => m.ref.table)}::text[], ${marks.map((m) => m.ref.id)}::uuid[],
            ${marks.map((m) => m.etag)}::text[]) as n (crm_table, id, etag)
          where r.crm_table = n.crm_table and r.id = n.id`.execute(trx);
        if (suppress.length > 0) {
          await sql`insert into suppression (kind, value, reason)
            select k, v, 'erased on request' from unnest(${suppress.map((s) => s.kind)}::text[],
              ${suppress.map((s) => s.value)}::text[]) as n (k, v) on conflict do nothing`.execute(trx);
        }
        await sql`update erasure set state = 'done', sealed = null, completed_at = now(), still_eligible = ${stillEligible}
          where id = ${erasure.id}::uuid`.execute(trx);
        await sql`delete from hold_case where erasure_id = ${erasure.id}::uuid`.execute(trx);
        await oweProfilesOf(trx, erasure);
      });
    },
  };
}

export interface JobBook {
  /** Notes a job at first sight; what is known stays. */
  note(job: {
    jobId: string;
    operation: MarketingJobRow['operation'];
    ref: RecordRef | null;
    wantedSeq: number | null;
  }): Promise<MarketingJobRow>;
  get(jobId: string): Promise<MarketingJobRow | undefined>;
  result(jobId: string, status: 'succeeded' | 'failed', code: string, detail: string): Promise<void>;
  /** The text that was last written to Dynamics, so that it is not written again. */
  wrote(jobId: string, detail: string): Promise<void>;
  closed(jobId: string): Promise<void>;
  open(): Promise<MarketingJobRow[]>;
}

export function createJobBook(db: Kysely<Database>): JobBook {
  return {
    async note(job) {
      await db
        .insertInto('marketing_job')
        .values({
          job_id: job.jobId,
          operation: job.operation,
          crm_table: job.ref?.table ?? null,
          record_id: job.ref?.id ?? null,
          wanted_seq: job.wantedSeq,
          result_status: null,
          result_code: null,
          result_detail: null,
          completed_on: null,
          written_detail: null,
          closed_at: null,
        })
        .onConflict((oc) => oc.column('job_id').doNothing())
        .execute();
      return db.selectFrom('marketing_job').selectAll().where('job_id', '=', job.jobId).executeTakeFirstOrThrow();
    },

    async get(jobId) {
      return db.selectFrom('marketing_job').selectAll().where('job_id', '=', jobId).executeTakeFirst();
    },

    async result(jobId, status, code, detail) {
      await db
        .updateTable('marketing_job')
        .set({ result_status: status, result_code: code, result_detail: detail, completed_on: sql`now()` })
        .where('job_id', '=', jobId)
        .where('result_status', 'is', null)
        .execute();
    },

    async wrote(jobId, detail) {
      await db.updateTable('marketing_job').set({ written_detail: detail }).where('job_id', '=', jobId).execute();
    },

    async closed(jobId) {
      await db.updateTable('marketing_job').set({ closed_at: sql`now()` }).where('job_id', '=', jobId).execute();
    },

    async open() {
      return db
        .selectFrom('marketing_job')
        .selectAll()
        .where('closed_at', 'is', null)
        .orderBy('seen_at')
        .limit(500)
        .execute();
    },
  };
}
