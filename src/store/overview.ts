/**
 * How things stand, for people and for whoever waits: counts, ages, what is next. Reads only, and takes no lease. The
 * figures of one answer belong to one moment; two answers may not.
 */
import { type Kysely, sql } from 'kysely';
import type { ProfileKey, RecordId, RecordRef, TableName, TargetName } from '../../config/words.ts';
import type { Database, ProfileState } from './tables.ts';

/** What waits for one target. */
export interface OwedNow {
  /** Deliveries and erasures that are due now or later. */
  readonly owed: number;
  /** Milliseconds until the next of them can be claimed, 0 when one can be now; undefined when there is none. */
  readonly dueInMs: number | undefined;
  /** Milliseconds until the target is no longer paused; 0 when it is not, a century when an operator paused it. */
  readonly pausedForMs: number;
}

export interface TargetCounts {
  readonly target: TargetName;
  readonly owed: number;
  /** Since when the oldest owed one is due. */
  readonly oldestDue: Date | null;
  readonly parked: number;
  /** Automatic anonymizations that wait until their lot is complete. */
  readonly staged: number;
  /** Cases of open holds. */
  readonly held: number;
  readonly erasures: number;
  readonly profiles: Readonly<Partial<Record<ProfileState, number>>>;
}

export interface ParkedDelivery {
  readonly target: TargetName;
  readonly ref: RecordRef;
  readonly code: string;
  readonly reason: string;
  readonly at: Date | null;
}

export interface PaceNow {
  readonly target: string;
  /** Calls a second that are allowed now. */
  readonly pace: number;
}

export interface ProfileRecord {
  readonly profileKey: ProfileKey;
  readonly ref: RecordRef;
}

export interface Overview {
  /** The database's clock. */
  now(): Promise<Date>;
  owed(target: TargetName): Promise<OwedNow>;
  /** Deliveries that were brought to their end since then, by the database's clock. */
  appliedSince(target: TargetName, since: Date): Promise<number>;
  counts(): Promise<TargetCounts[]>;
  /** Newest first. */
  parked(limit: number): Promise<ParkedDelivery[]>;
  paces(): Promise<PaceNow[]>;
  /** The records that were last applied to these profiles. */
  recordsOf(target: TargetName, keys: readonly ProfileKey[]): Promise<ProfileRecord[]>;
}

interface CountRow {
  target: TargetName;
  owed: number;
  oldest_due: Date | null;
  parked: number;
  staged: number;
  held: number;
  erasures: number;
  profiles: Partial<Record<ProfileState, number>> | null;
}

export function createOverview(db: Kysely<Database>): Overview {
  return {
    async now() {
      const result = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
      return result.rows[0]?.now ?? new Date();
    },

    async owed(target) {
      const result = await sql<{ owed: number; due_in_ms: number | null; paused_ms: number | null }>`
        with waiting as (
          select greatest(due_at, coalesce(lease_until, due_at)) as at from delivery
          where target = ${target} and due_at is not null
          union all
          select greatest(due_at, coalesce(lease_until, due_at)) from erasure_target
          where target = ${target} and due_at is not null
        )
        select (select count(*)::int from waiting) as owed,
          (select (extract(epoch from min(at) - clock_timestamp()) * 1000)::float8 from waiting) as due_in_ms,
          (select (extract(epoch from paused_until - clock_timestamp()) * 1000)::float8
           from target_state where target = ${target}) as paused_ms`.execute(db);
      const row = result.rows[0];
      return {
        owed: row?.owed ?? 0,
        dueInMs: row?.due_in_ms === null || row === undefined ? undefined : Math.max(0, row.due_in_ms),
        pausedForMs: Math.max(0, row?.paused_ms ?? 0),
      };
    },

    async appliedSince(target, since) {
      const result = await sql<{ n: number }>`select count(*)::int as n from delivery
        where target = ${target} and applied_at >= ${since} and done_seq >= owed_seq`.execute(db);
      return result.rows[0]?.n ?? 0;
    },

    async counts() {
      const result = await sql<CountRow>`
        with d as (
          select target, count(*) filter (where due_at is not null)::int as owed, min(due_at) as oldest_due,
            count(*) filter (where parked_code is not null)::int as parked, count(*) filter (where staged)::int as staged
          from delivery group by target
        ), e as (
          select target, count(*)::int as erasures from erasure_target where state = 'pending' group by target
        ), h as (
          select c.target, count(*)::int as held from hold_case c join hold on hold.id = c.hold_id
          where hold.state = 'open' and c.state = 'held' group by c.target
        ), p as (
          select target, jsonb_object_agg(state, n) as profiles
          from (select target, state, count(*)::int as n from profile group by target, state) s group by target
        )
        select s.target, coalesce(d.owed, 0) as owed, d.oldest_due, coalesce(d.parked, 0) as parked,
          coalesce(d.staged, 0) as staged, coalesce(h.held, 0) as held, coalesce(e.erasures, 0) as erasures, p.profiles
        from target_state s left join d on d.target = s.target left join e on e.target = s.target
          left join h on h.target = s.target left join p on p.target = s.target
        order by s.target`.execute(db);
      return result.rows.map(({ oldest_due: oldestDue, profiles, ...row }) => ({
        ...row,
        oldestDue,
        profiles: profiles ?? {},
      }));
    },

    async parked(limit) {
      const result = await sql<{
        target: TargetName;
        crm_table: TableName;
        id: RecordId;
        parked_code: string;
        parked_reason: string | null;
        parked_at: Date | null;
      }>`select target, crm_table, id, parked_code, parked_reason, parked_at from delivery
        where parked_code is not null order by parked_at desc nulls last, target, crm_table, id limit ${limit}`.execute(
        db,
      );
      return result.rows.map((row) => ({
        target: row.target,
        ref: { table: row.crm_table, id: row.id },
        code: row.parked_code,
        reason: row.parked_reason ?? '',
        at: row.parked_at,
      }));
    },

    async paces() {
      const result = await sql<PaceNow>`select target, pace::float8 as pace from quota order by target`.execute(db);
      return result.rows;
    },

    async recordsOf(target, keys) {
      const result = await sql<{ profile_key: ProfileKey; crm_table: TableName; id: RecordId }>`
        select profile_key, crm_table, id from delivery where target = ${target} and profile_key = any(${keys}::text[])
        order by profile_key, crm_table, id`.execute(db);
      return result.rows.map((row) => ({ profileKey: row.profile_key, ref: { table: row.crm_table, id: row.id } }));
    },
  };
}
