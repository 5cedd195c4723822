/**
 * The guard's memory: how many automatic anonymizations passed in the window, what waits to be counted, what is held.
 * Guarantees: counting and passing are one transaction per target, so that two workers cannot both take the last place;
 * a lot passes whole or is held whole.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { ProfileKey, TargetName } from '../../config/words.ts';
import type { Database, HoldCaseRow, HoldRow } from './tables.ts';

export interface BrakeLimits {
  /** Automatic anonymizations allowed in the window. */
  readonly allowed: (live: number) => number;
  readonly windowHours: number;
  /** Whether the platform cannot lower permissions reversibly, so that held people may still be mailed. */
  readonly mayStillBeMailed: boolean;
}

export interface BrakeCase {
  readonly profileKey: ProfileKey;
  readonly rule: string;
  /** Changes when a record of the profile changes. */
  readonly factsKey: string;
}

export type Verdict = 'passed' | 'held';

/** A case with what became of its hold. */
export interface HeldCase extends HoldCaseRow {
  readonly hold_state: HoldRow['state'] | null;
  /** An approval that has not expired. */
  readonly approved: boolean;
  readonly decided_by: string | null;
}

/** Who decided a hold that all cases left by themselves. */
export const nobody = 'nobody: no case is left';

/** Under this key an explicit erasure above the hourly limit is on the list. */
export function erasureCaseKey(erasureId: string): ProfileKey {
  return `erasure:${erasureId}` as ProfileKey;
}

export interface Brake {
  cases(target: TargetName, keys: readonly ProfileKey[]): Promise<HeldCase[]>;
  /** Counts a lot before its first call. `held` puts all of it on a list. */
  admit(target: TargetName, lot: string, cases: readonly BrakeCase[], limits: BrakeLimits): Promise<Verdict>;
  /** Puts cases aside until their lot is complete. */
  stage(target: TargetName, lot: string, cases: readonly BrakeCase[]): Promise<void>;
  /** Judges lots that are complete, and closes holds that no case is left of. Answers what became of the lots. */
  settleLots(target: TargetName, limits: BrakeLimits): Promise<{ lot: string; verdict: Verdict; count: number }[]>;
  /** The case is over: done, or the decision is no longer anonymize. What was staged for it is due again. */
  close(target: TargetName, keys: readonly ProfileKey[]): Promise<void>;
  holds(): Promise<(HoldRow & { cases: number })[]>;
  hold(id: number): Promise<{ hold: HoldRow; cases: HoldCaseRow[] } | undefined>;
  /** Answers false when the hold is not open. */
  decide(id: number, verdict: 'approved' | 'rejected', actor: string): Promise<boolean>;
  /**
   * Counts an explicit erasure before its first call, once however often it is asked; `held` puts it on the list, and
   * `rejected` means that somebody said no to it there. An approved one passes without being counted.
   */
  admitExplicit(
    target: TargetName,
    erasure: { readonly id: string; readonly approved: boolean },
    limit: number,
  ): Promise<Verdict | 'rejected'>;
}

async function lock(trx: Transaction<Database>, target: TargetName): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('brake'), hashtext(${target}))`.execute(trx);
}

async function judge(
  trx: Transaction<Database>,
  target: TargetName,
  lot: string,
  count: number,
  limits: BrakeLimits,
): Promise<{ verdict: Verdict; holdId: number | null }> {
  const figures = await sql<{ passed: number; live: number; open: number | null; after: number | null }>`select
    (select count(*)::int from brake_pass where target = ${target} and not explicit
       and passed_at > now() - ${limits.windowHours} * interval '1 hour') as passed,
    (select count(*)::int from profile where target = ${target} and state in ('live', 'reset', 'held')) as live,
    (select min(id) from hold where target = ${target} and state = 'open' and lot <> 'explicit') as open,
    (select min(id) from hold where target = ${target} and state = 'open' and lot = 'after') as after`.execute(trx);
  const { passed = 0, live = 0, open = null, after = null } = figures.rows[0] ?? {};
  const allowed = limits.allowed(live);
  if (open === null && passed + count <= allowed) {
    await sql`insert into brake_pass (target, explicit) select ${target}, false from generate_series(1, ${count})`.execute(
      trx,
    );
    return { verdict: 'passed', holdId: null };
  }
  if (after !== null) return { verdict: 'held', holdId: Number(after) };
  const hold = await trx
    .insertInto('hold')
    .values({
      target,
      lot: open === null ? lot : 'after',
      reason: open === null ? 'limit' : 'after',
      window_count: passed + count,
      allowed,
      may_still_be_mailed: limits.mayStillBeMailed,
      decided_at: null,
      decided_by: null,
      approved_until: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { verdict: 'held', holdId: Number(hold.id) };
}

async function putCases(
  trx: Transaction<Database>,
  target: TargetName,
  lot: string,
  cases: readonly BrakeCase[],
  state: HoldCaseRow['state'],
  holdId: number | null,
): Promise<void> {
  await sql`insert into hold_case (target, profile_key, hold_id, lot, rule, state, facts_key)
    select ${target}, n.key, ${holdId}, ${lot}, n.rule, ${state}, n.facts
    from unnest(${cases.map((c) => c.profileKey)}::text[], ${cases.map((c) => c.rule)}::text[],
      ${cases.map((c) => c.factsKey)}::text[]) as n (key, rule, facts)
    on conflict (target, profile_key) do update set hold_id = excluded.hold_id, lot = excluded.lot, rule = excluded.rule,
      state = excluded.state, facts_key = excluded.facts_key, created_at = now()`.execute(trx);
}

const explicitLot = 'explicit';

/** Puts an explicit erasure above the hourly limit on the list. */
async function listExplicit(
  trx: Transaction<Database>,
  target: TargetName,
  erasureId: string,
  allowed: number,
  count: number,
): Promise<void> {
  const open = await sql<{ id: number }>`select id from hold
    where target = ${target} and state = 'open' and lot = ${explicitLot} limit 1`.execute(trx);
  const made = await sql<{ id: number }>`insert into hold (target, lot, reason, window_count, allowed)
    select ${target}, ${explicitLot}, 'explicit-limit', ${count}, ${allowed}
    where ${open.rows[0] === undefined} returning id`.execute(trx);
  await sql`insert into hold_case (target, profile_key, hold_id, lot, rule, erasure_id, state)
    values (${target}, ${erasureCaseKey(erasureId)}, ${(open.rows[0] ?? made.rows[0])?.id ?? null}, ${explicitLot},
      'erased-on-request', ${erasureId}::uuid, 'held')`.execute(trx);
}

/** Who let each of them pass, or not, in the transaction that decides it. */
async function noteDecision(
  trx: Transaction<Database>,
  id: number,
  verdict: 'approved' | 'rejected',
  actor: string,
): Promise<void> {
  await sql`insert into evidence (target, crm_table, record_id, profile_key, members, act, rule, trigger, detail, actor, configuration)
    select c.target, coalesce(e.crm_table, m.first_table), coalesce(e.record_id, m.first_id), c.profile_key, m.members,
      ${`hold-${verdict}`}, c.rule, case when e.id is null then 'command' else 'erasure ' || e.id end, ${`hold ${id}`}, ${actor},
      (select fingerprint from configuration order by epoch desc limit 1)
    from hold_case c left join erasure e on e.id = c.erasure_id
    left join lateral (
      select array_agg(d.crm_table || '/' || d.id order by d.crm_table, d.id) as members,
        (array_agg(d.crm_table order by d.crm_table, d.id))[1] as first_table,
        (array_agg(d.id order by d.crm_table, d.id))[1] as first_id
      from delivery d where d.target = c.target and d.profile_key = c.profile_key) m on true
    where c.hold_id = ${id} order by c.profile_key`.execute(trx);
}

/** Parked until the profile that the record came from is dealt with: the brake keeps that waiting. */
export const heldAtFormerAddressCode = 'HELD_AT_FORMER_ADDRESS';

/**
 * What waits in the list for these profiles is due, whatever its lot: the case is the profile's. So is who left one of
 * them, or was only ever sent for it, and was parked until the brake has done with it.
 */
export async function unstage(
  trx: Transaction<Database>,
  target: TargetName,
  keys: readonly ProfileKey[],
): Promise<void> {
  const isId = sql`contact_key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'`;
  await sql`update delivery d set due_at = now(), staged = false, lot = null, parked_code = null, parked_reason = null,
      parked_at = null
    from (
      select crm_table, id from delivery where target = ${target}
        and ((profile_key = any(${keys}::text[]) and (staged or parked_code = ${heldAtFormerAddressCode}))
          or (parked_code = ${heldAtFormerAddressCode} and id in (
            select case when ${isId} then contact_key::uuid end from contact_key
            where target = ${target} and profile_key = any(${keys}::text[]))))
      order by crm_table, id for update) w
    where d.target = ${target} and d.crm_table = w.crm_table and d.id = w.id`.execute(trx);
}

export function createBrake(db: Kysely<Database>): Brake {
  return {
    async cases(target, keys) {
      const result = await sql<HeldCase>`
        select c.*, h.state as hold_state, h.decided_by, coalesce(h.approved_until > now(), false) as approved
        from hold_case c left join hold h on h.id = c.hold_id
        where c.target = ${target} and c.profile_key = any(${keys}::text[])`.execute(db);
      return result.rows;
    },

    async admit(target, lot, cases, limits) {
      return db.transaction().execute(async (trx) => {
        await lock(trx, target);
        const { verdict, holdId } = await judge(trx, target, lot, cases.length, limits);
        await putCases(trx, target, lot, cases, verdict, holdId);
        return verdict;
      });
    },

    async stage(target, lot, cases) {
      await db.transaction().execute(async (trx) => {
        await lock(trx, target);
        await putCases(trx, target, lot, cases, 'staged', null);
      });
    },

    async settleLots(target, limits) {
      return db.transaction().execute(async (trx) => {
        await lock(trx, target);
        const ready = await sql<{ lot: string; n: number }>`
          select c.lot, count(*)::int as n from hold_case c where c.target = ${target} and c.state = 'staged'
            and not exists (select 1 from checkpoint k where k.lot = c.lot)
            and not exists (select 1 from delivery d where d.target = c.target and d.lot = c.lot and d.due_at is not null)
          group by c.lot order by c.lot`.execute(trx);
        const settled: { lot: string; verdict: Verdict; count: number }[] = [];
        for (const row of ready.rows) {
          const { verdict, holdId } = await judge(trx, target, row.lot, row.n, limits);
          const cases = await sql<{
            profile_key: ProfileKey;
          }>`update hold_case set state = ${verdict}, hold_id = ${holdId}
            where target = ${target} and lot = ${row.lot} and state = 'staged' returning profile_key`.execute(trx);
          await unstage(
            trx,
            target,
            cases.rows.map((c) => c.profile_key),
          );
          settled.push({ lot: row.lot, verdict, count: row.n });
        }
        // What has no case left needs nobody's review, and keeps nobody else waiting.
        await sql`update hold h set state = 'rejected', decided_at = now(), decided_by = ${nobody}
          where h.target = ${target} and h.state = 'open'
            and not exists (select 1 from hold_case c where c.hold_id = h.id)`.execute(trx);
        return settled;
      });
    },

    async close(target, keys) {
      if (keys.length === 0) return;
      const known = await sql<{ profile_key: ProfileKey }>`select profile_key from hold_case
        where target = ${target} and profile_key = any(${keys}::text[])`.execute(db);
      if (known.rows.length === 0) return;
      const closed = known.rows.map((row) => row.profile_key);
      await db.transaction().execute(async (trx) => {
        await sql`delete from hold_case where target = ${target} and profile_key = any(${closed}::text[])`.execute(trx);
        await unstage(trx, target, closed);
      });
    },

    async holds() {
      const result = await sql<HoldRow & { cases: number }>`
        select h.*, (select count(*)::int from hold_case c where c.hold_id = h.id) as cases from hold h
        where h.state = 'open' or h.decided_at > now() - interval '30 days' order by h.id`.execute(db);
      return result.rows;
    },

    async hold(id) {
      const hold = await db.selectFrom('hold').selectAll().where('id', '=', id).executeTakeFirst();
      if (!hold) return undefined;
      const cases = await db
        .selectFrom('hold_case')
        .selectAll()
        .where('hold_id', '=', id)
        .orderBy('profile_key')
        .execute();
      return { hold, cases };
    },

    async decide(id, verdict, actor) {
      return db.transaction().execute(async (trx) => {
        const hold = await sql<HoldRow>`update hold set state = ${verdict}, decided_at = now(), decided_by = ${actor},
            approved_until = case when ${verdict} = 'approved' then now() + interval '24 hours' end
          where id = ${id} and state = 'open' returning *`.execute(trx);
        const row = hold.rows[0];
        if (!row) return false;
        await noteDecision(trx, id, verdict, actor);
        if (verdict === 'rejected') {
          await sql`update hold_case set state = 'rejected' where hold_id = ${id}`.execute(trx);
        }
        // Approved: everything is decided again from the rows. Rejected: the profiles are looked at once more as well.
        await sql`update delivery d set due_at = now(), owed_seq = owed_seq + 1, staged = false, attempts = 0,
            parked_code = null, parked_reason = null, parked_at = null
          from (select o.target, o.crm_table, o.id from delivery o
            join hold_case c on c.hold_id = ${id} and o.target = c.target and o.profile_key = c.profile_key
            order by o.target, o.crm_table, o.id for update of o) w
          where d.target = w.target and d.crm_table = w.crm_table and d.id = w.id`.execute(trx);
        await sql`update erasure e set approved = true from hold_case c
          where c.hold_id = ${id} and e.id = c.erasure_id and ${verdict} = 'approved'`.execute(trx);
        await sql`update erasure_target t set due_at = now(), waiting_code = null, waiting_reason = null
          from hold_case c where c.hold_id = ${id} and t.erasure_id = c.erasure_id and t.target = c.target
            and t.state = 'pending' and ${verdict} = 'approved'`.execute(trx);
        return true;
      });
    },

    async admitExplicit(target, erasure, limit) {
      return db.transaction().execute(async (trx) => {
        await lock(trx, target);
        const key = erasureCaseKey(erasure.id);
        const known = await trx
          .selectFrom('hold_case')
          .select('state')
          .where('target', '=', target)
          .where('profile_key', '=', key)
          .executeTakeFirst();
        if (known?.state === 'passed' || (known?.state === 'rejected' && !erasure.approved)) return known.state;
        const passed = await sql<{ n: number }>`select count(*)::int as n from brake_pass
          where target = ${target} and explicit and passed_at > now() - interval '1 hour'`.execute(trx);
        const count = passed.rows[0]?.n ?? 0;
        if (!erasure.approved && count >= limit) {
          if (!known) await listExplicit(trx, target, erasure.id, limit, count + 1);
          return 'held';
        }
        if (!erasure.approved) await trx.insertInto('brake_pass').values({ target, explicit: true }).execute();
        await sql`insert into hold_case (target, profile_key, lot, rule, erasure_id, state)
          values (${target}, ${key}, ${explicitLot}, 'erased-on-request', ${erasure.id}::uuid, 'passed')
          on conflict (target, profile_key) do update set state = 'passed',
            hold_id = case when ${erasure.approved} then hold_case.hold_id end`.execute(trx);
        return 'passed';
      });
    },
  };
}
