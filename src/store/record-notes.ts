/**
 * Which records have a note of ours on their timeline, and which are to get one. Guarantees: what is owed is owed in the
 * transaction that changes what there is to tell; one worker at a time writes a record's note (a lease by the database's
 * clock), and news that comes meanwhile keeps it owed. Of a note it holds a keyed fingerprint only.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { RecordId, RecordRef, TableName, TargetName } from '../../config/words.ts';
import type { Database, ProfileState } from './tables.ts';

/** Whose records get a note: those that are, or once were, anything but synchronised; or all. */
export type NotesFor = 'exceptions' | 'everybody';

export interface NoteLease {
  readonly token: string;
  readonly seconds: number;
}

/** A note under our lease. */
export interface NoteClaim {
  readonly ref: RecordRef;
  /** The reason that is being dealt with; a later one keeps the note owed. */
  readonly dueSeq: number;
  /** Fingerprint of what the note says; undefined when it was never written. */
  readonly shown: string | undefined;
  readonly attempts: number;
}

export interface NoteTarget {
  readonly target: TargetName;
  /** Undefined where nothing was applied yet. */
  readonly state: ProfileState | undefined;
  /** The profile is another record's as well. */
  readonly shared: boolean;
  readonly parked: { readonly code: string; readonly reason: string } | undefined;
  /** The brake keeps the decision from being carried out. */
  readonly held: boolean;
}

/** What there is to tell about a record. */
export interface Standing {
  readonly ref: RecordRef;
  /** Undefined while nothing could be decided. */
  readonly decision: { readonly action: string; readonly rule: string } | undefined;
  readonly targets: readonly NoteTarget[];
}

export interface RecordNotes {
  /** Owes a note to every record that is to have one and has none: those that were decided before notes were asked for. */
  oweMissing(notes: NotesFor): Promise<void>;
  /** Owes again what was not compared with the ledger for so long. Answers how many. */
  oweStale(olderThanSeconds: number, limit: number): Promise<number>;
  /** Notes that are due and that nobody works on, under our lease. */
  claim(lease: NoteLease, limit: number): Promise<NoteClaim[]>;
  /** The notes of these records, as far as the ledger knows them; undefined when somebody works on one of them. */
  lease(lease: NoteLease, refs: readonly RecordRef[]): Promise<NoteClaim[] | undefined>;
  /**
   * What there is to tell. Left out are records that are gone, and those of which an erasure is open or was done and that
   * have not changed since: their rows, and whatever hangs on them, stay untouched.
   */
  standings(refs: readonly RecordRef[]): Promise<Standing[]>;
  /** `shown` undefined leaves what the note says. */
  done(
    lease: NoteLease,
    items: readonly { readonly claim: NoteClaim; readonly shown: string | undefined }[],
  ): Promise<void>;
  /** Counts as a failed attempt. The lease is kept until it runs out where the write may still take effect. */
  putBack(lease: NoteLease, claims: readonly NoteClaim[], inMs: number, keepLease: boolean): Promise<void>;
  /** Of records that are not there any more. */
  drop(lease: NoteLease, refs: readonly RecordRef[]): Promise<void>;
}

/** What there is to tell about these records has changed. */
export async function oweNotes(trx: Transaction<Database>, refs: readonly RecordRef[], notes: NotesFor): Promise<void> {
  if (refs.length === 0) return;
  await sql`
    insert into record_note as k (crm_table, id, due_at)
    select r.crm_table, r.id, now() from record r where ${isAmong(refs, 'r')} and r.gone_at is null and (
      ${isToBeTold(notes)}
      or exists (select 1 from record_note o where o.crm_table = r.crm_table and o.id = r.id))
    order by r.crm_table, r.id
    on conflict (crm_table, id) do update set due_at = least(k.due_at, now()), due_seq = k.due_seq + 1`.execute(trx);
}

/** Of a record `r`: it gets a note although it has none yet. */
function isToBeTold(notes: NotesFor): RawBuilder<unknown> {
  return sql`(${notes === 'everybody'} or r.last_action <> 'sync'
    or exists (select 1 from delivery d left join profile p on p.target = d.target and p.key = d.profile_key
      where d.crm_table = r.crm_table and d.id = r.id
        and (d.parked_code is not null or p.state in ('reset', 'held', 'anonymized'))))`;
}

function isAmong(refs: readonly RecordRef[], table: string): RawBuilder<unknown> {
  return sql`(${sql.ref(`${table}.crm_table`)}, ${sql.ref(`${table}.id`)}) in (
    select * from unnest(${refs.map((ref) => ref.table)}::text[], ${refs.map((ref) => ref.id)}::uuid[]))`;
}

interface ClaimRow {
  crm_table: TableName;
  id: RecordId;
  shown: string | null;
  due_seq: number;
  attempts: number;
}

function toClaim(row: ClaimRow): NoteClaim {
  return {
    ref: { table: row.crm_table, id: row.id },
    dueSeq: row.due_seq,
    shown: row.shown ?? undefined,
    attempts: row.attempts,
  };
}

interface StandingRow {
  crm_table: TableName;
  id: RecordId;
  last_action: string | null;
  last_rule: string | null;
  targets:
    | {
        target: TargetName;
        state: ProfileState | null;
        shared: boolean;
        code: string | null;
        reason: string | null;
        held: boolean;
      }[]
    | null;
}

const isFree = sql`(k.lease_until is null or k.lease_until < now())`;

/** Erased, or about to be, and not changed in Dynamics since. */
const isErased = sql`((r.erased_etag is not null
    and (r.decided_at <= r.erased_at or r.last_rule in ('erased-before', 'erased-on-request')))
  or exists (select 1 from erasure e where e.state = 'open' and ((e.crm_table = r.crm_table and e.record_id = r.id)
    or e.email_key in (r.email_key, r.seen_key)))
  or exists (select 1 from erasure_record m join erasure e on e.id = m.erasure_id
    where m.crm_table = r.crm_table and m.id = r.id and e.state = 'open'))`;

export function createRecordNotes(db: Kysely<Database>): RecordNotes {
  return {
    async oweMissing(notes) {
      await sql`
        insert into record_note (crm_table, id, due_at)
        select r.crm_table, r.id, now() from record r where r.gone_at is null and ${isToBeTold(notes)}
          and not exists (select 1 from record_note o where o.crm_table = r.crm_table and o.id = r.id)
        order by r.crm_table, r.id on conflict do nothing`.execute(db);
    },

    async oweStale(olderThanSeconds, limit) {
      const result = await sql`
        update record_note k set due_at = now(), due_seq = k.due_seq + 1 from (
          select crm_table, id from record_note
          where due_at is null and looked_at < now() - ${olderThanSeconds} * interval '1 second'
          order by looked_at limit ${limit} for update skip locked) o
        where k.crm_table = o.crm_table and k.id = o.id`.execute(db);
      return Number(result.numAffectedRows ?? 0);
    },

    async claim(lease, limit) {
      const result = await sql<ClaimRow>`
        update record_note k set lease_token = ${lease.token}::uuid,
          lease_until = now() + ${lease.seconds} * interval '1 second'
        from (select crm_table, id from record_note k where due_at <= now() and ${isFree}
          order by due_at limit ${limit} for update skip locked) c
        where k.crm_table = c.crm_table and k.id = c.id
        returning k.crm_table, k.id, k.shown, k.due_seq, k.attempts`.execute(db);
      return result.rows.map(toClaim);
    },

    async lease(lease, refs) {
      return db.transaction().execute(async (trx) => {
        const result = await sql<ClaimRow & { mine: boolean }>`
          insert into record_note as k (crm_table, id, lease_token, lease_until)
          select r.crm_table, r.id, ${lease.token}::uuid, now() + ${lease.seconds} * interval '1 second'
          from record r where ${isAmong(refs, 'r')} order by r.crm_table, r.id
          on conflict (crm_table, id) do update set
            lease_token = case when ${isFree} then excluded.lease_token else k.lease_token end,
            lease_until = case when ${isFree} then excluded.lease_until else k.lease_until end
          returning k.crm_table, k.id, k.shown, k.due_seq, k.attempts, k.lease_token = ${lease.token}::uuid as mine`.execute(
          trx,
        );
        if (result.rows.every((row) => row.mine)) return result.rows.map(toClaim);
        await sql`update record_note set lease_token = null, lease_until = null
          where ${isAmong(refs, 'record_note')} and lease_token = ${lease.token}::uuid`.execute(trx);
        return undefined;
      });
    },

    async standings(refs) {
      const result = await sql<StandingRow>`
        select r.crm_table, r.id, r.last_action, r.last_rule, (
          select json_agg(json_build_object('target', d.target, 'state', p.state, 'code', d.parked_code,
            'reason', d.parked_reason,
            'shared', exists (select 1 from delivery o where o.target = d.target and o.profile_key = d.profile_key
              and (o.crm_table, o.id) <> (d.crm_table, d.id)),
            'held', exists (select 1 from hold_case c left join hold h on h.id = c.hold_id
              where c.target = d.target and c.profile_key = d.profile_key
                and (c.state = 'staged' or (c.state = 'held' and h.state = 'open')))) order by d.target)
          from delivery d left join profile p on p.target = d.target and p.key = d.profile_key
          where d.crm_table = r.crm_table and d.id = r.id) as targets
        from record r where ${isAmong(refs, 'r')} and r.gone_at is null
          and not ${isErased}`.execute(db);
      return result.rows.map((row) => ({
        ref: { table: row.crm_table, id: row.id },
        decision: row.last_action === null ? undefined : { action: row.last_action, rule: row.last_rule ?? '' },
        targets: (row.targets ?? []).map(({ target, state, shared, code, reason, held }) => ({
          target,
          state: state ?? undefined,
          shared,
          parked: code === null ? undefined : { code, reason: reason ?? '' },
          held,
        })),
      }));
    },

    async done(lease, items) {
      if (items.length === 0) return;
      await sql`
        update record_note k set shown = coalesce(n.shown, k.shown), attempts = 0, looked_at = now(),
          due_at = case when k.due_seq > n.due_seq then k.due_at end, lease_token = null, lease_until = null
        from unnest(${items.map((i) => i.claim.ref.table)}::text[], ${items.map((i) => i.claim.ref.id)}::uuid[],
          ${items.map((i) => i.claim.dueSeq)}::bigint[], ${items.map((i) => i.shown ?? null)}::text[])
          as n (crm_table, id, due_seq, shown)
        where k.crm_table = n.crm_table and k.id = n.id and k.lease_token = ${lease.token}::uuid`.execute(db);
    },

    async putBack(lease, claims, inMs, keepLease) {
      if (claims.length === 0) return;
      await sql`
        update record_note k set due_at = now() + ${Math.round(inMs)} * interval '1 millisecond', attempts = k.attempts + 1,
          lease_token = case when ${keepLease} then k.lease_token end,
          lease_until = case when ${keepLease} then k.lease_until end
        where ${isAmong(
          claims.map(({ ref }) => ref),
          'k',
        )} and k.lease_token = ${lease.token}::uuid`.execute(db);
    },

    async drop(lease, refs) {
      if (refs.length === 0) return;
      await sql`delete from record_note k
        where ${isAmong(refs, 'k')} and k.lease_token = ${lease.token}::uuid`.execute(db);
    },
  };
}
