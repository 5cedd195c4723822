/**
 * Owed work and who is doing it. Guarantees: a delivery is claimed by one worker at a time (a lease by the database's
 * clock), completes only under the lease that claimed it, and stays owed when news came in meanwhile. Claims and
 * completions are one statement per batch. Knows nothing of what is done with a claim.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { EmailKey, ProfileKey, RecordId, RecordRef, TableName, TargetName } from '../../config/words.ts';
import { type NotesFor, oweNotes } from './record-notes.ts';
import type { Bits, Database } from './tables.ts';
import { isUnder } from './under-lease.ts';

/** A delivery under our lease, with what the ledger knows of its record. */
export interface Claim {
  readonly ref: RecordRef;
  /** The change that is being applied; completing anything newer is somebody else's. */
  readonly seq: number;
  readonly attempts: number;
  readonly lot: string | undefined;
  readonly forced: boolean;
}

/** A record that belongs, or may belong, to a profile. */
export interface LedgerMember {
  readonly ref: RecordRef;
  readonly tombstone: boolean;
  readonly gone: boolean;
  readonly emailKey: EmailKey | undefined;
  readonly seenKey: EmailKey | undefined;
  readonly erasedEtag: string | undefined;
  /** The profile that the record was last applied to on this target. */
  readonly profileKey: ProfileKey | undefined;
  /** The profile that its id was last sent for, although nobody may have lived to see the answer. */
  readonly sentKey?: ProfileKey | undefined;
  /** Permission → the CRM's value when it was last applied on this target. */
  readonly crmBits: Bits | undefined;
  /** Present when the delivery is under our lease. */
  readonly claim: Claim | undefined;
}

export interface Completion {
  readonly ref: RecordRef;
  readonly seq: number;
  readonly profileKey: ProfileKey | undefined;
  /** Undefined keeps what is stored. */
  readonly crmBits: Bits | undefined;
  /** Milliseconds until it is due again although it was applied; undefined when it is done. */
  readonly againInMs?: number | undefined;
  /** Waits in the brake's list instead of being due. */
  readonly staged?: boolean | undefined;
}

export interface PutBack {
  readonly ref: RecordRef;
  readonly inMs: number;
  /** Counts as a failed attempt. */
  readonly failed: boolean;
}

export interface Parking {
  readonly ref: RecordRef;
  readonly seq: number;
  readonly code: string;
  readonly reason: string;
}

export interface Lease {
  readonly target: TargetName;
  readonly token: string;
  readonly seconds: number;
}

interface MemberRow {
  crm_table: TableName;
  id: RecordId;
  tombstone: boolean;
  gone_at: Date | null;
  email_key: EmailKey | null;
  seen_key: EmailKey | null;
  erased_etag: string | null;
  profile_key: ProfileKey | null;
  sent_key: ProfileKey | null;
  crm_bits: Bits | null;
  owed_seq: number | null;
  attempts: number | null;
  lot: string | null;
  forced: boolean | null;
  mine: boolean | null;
}

function toMember(row: MemberRow): LedgerMember {
  const ref: RecordRef = { table: row.crm_table, id: row.id };
  return {
    ref,
    tombstone: row.tombstone,
    gone: row.gone_at !== null,
    emailKey: row.email_key ?? undefined,
    seenKey: row.seen_key ?? undefined,
    erasedEtag: row.erased_etag ?? undefined,
    profileKey: row.profile_key ?? undefined,
    sentKey: row.sent_key ?? undefined,
    crmBits: row.crm_bits ?? undefined,
    claim: row.mine
      ? {
          ref,
          seq: Number(row.owed_seq),
          attempts: row.attempts ?? 0,
          lot: row.lot ?? undefined,
          forced: row.forced ?? false,
        }
      : undefined,
  };
}

const memberColumns = sql`r.crm_table, r.id, r.tombstone, r.gone_at, r.email_key, r.seen_key, r.erased_etag,
  d.profile_key, d.crm_bits, d.owed_seq, d.attempts, d.lot, d.forced,
  (select c.profile_key from contact_key c where c.target = d.target and c.contact_key = d.id::text) as sent_key`;

/**
 * Those of `n` that are under a lease, locked in key order: two statements that touch the same rows then wait for each
 * other in a line and never in a circle. Row by row (a subquery that locks is never merged into another): while nobody
 * has counted the rows of a new table, PostgreSQL takes a target for a small part of them and would read all of its rows.
 */
function lockedUnder(lease: Lease): RawBuilder<unknown> {
  return sql`locked as (
    select l.target, l.crm_table, l.id from (select distinct crm_table, id from n order by crm_table, id) o
    cross join lateral (
      select d.target, d.crm_table, d.id from delivery d
      where d.target = ${lease.target} and d.crm_table = o.crm_table and d.id = o.id and ${isUnder(lease, 'd.lease_token')}
      for update) l)`;
}

/**
 * Whatever may belong to these profiles, a look into the indexes for each key (`offset 0` keeps PostgreSQL from turning
 * them into one look at everything, which it does while it does not know how many rows a key has).
 */
function ofProfiles(target: TargetName, keys: readonly ProfileKey[]): RawBuilder<unknown> {
  return sql`
    select m.crm_table, m.id from unnest(${keys}::text[]) as k (key) cross join lateral (
      select crm_table, id from record where email_key = k.key
      union all select crm_table, id from record where seen_key = k.key
      union all select crm_table, id from delivery where target = ${target} and profile_key = k.key
      offset 0) m`;
}

/** Completes deliveries inside the transaction that makes it true; those that are no longer under the lease stay owed. */
export async function completeDeliveries(
  trx: Transaction<Database>,
  lease: Lease,
  completions: readonly Completion[],
): Promise<void> {
  if (completions.length === 0) return;
  await sql`
    with n as (
      select * from unnest(
        ${completions.map((c) => c.ref.table)}::text[], ${completions.map((c) => c.ref.id)}::uuid[],
        ${completions.map((c) => c.seq)}::bigint[], ${completions.map((c) => c.profileKey ?? null)}::text[],
        ${completions.map((c) => (c.crmBits ? JSON.stringify(c.crmBits) : null))}::jsonb[],
        ${completions.map((c) => c.againInMs ?? null)}::bigint[], ${completions.map((c) => c.staged ?? false)}::boolean[]
      ) as n (crm_table, id, seq, profile_key, crm_bits, again_ms, staged)
    ), ${lockedUnder(lease)}
    update delivery d set
      done_seq = case when n.again_ms is null and not n.staged then greatest(d.done_seq, n.seq) else d.done_seq end,
      due_at = case
        when d.owed_seq > n.seq then d.due_at
        when n.staged then null
        when n.again_ms is not null then now() + n.again_ms * interval '1 millisecond'
      end,
      staged = n.staged and d.owed_seq = n.seq,
      lot = case when n.staged or d.owed_seq > n.seq then d.lot end,
      forced = d.forced and (d.owed_seq > n.seq or n.again_ms is not null),
      attempts = 0, profile_key = coalesce(n.profile_key, d.profile_key), crm_bits = coalesce(n.crm_bits, d.crm_bits),
      parked_code = null, parked_reason = null, parked_at = null,
      applied_at = now(), lease_token = null, lease_until = null
    from n join locked l on l.crm_table = n.crm_table and l.id = n.id
    where d.target = l.target and d.crm_table = l.crm_table and d.id = l.id
  `.execute(trx);
}

export interface Deliveries {
  /** Claims up to `limit` due deliveries: resets and deletions first, then the rest. None when the epoch has passed. */
  claim(lease: Lease, limit: number, epoch: number): Promise<LedgerMember[]>;
  /** Everything that may belong to these profiles; what is due and free of it comes under the same lease. */
  members(lease: Lease, keys: readonly ProfileKey[], refs: readonly RecordRef[]): Promise<LedgerMember[]>;
  /** The same without any lease: what is owed, and these refs, stand as if they were claimed. For looking only. */
  peek(target: TargetName, keys: readonly ProfileKey[], refs: readonly RecordRef[]): Promise<LedgerMember[]>;
  renew(lease: Lease): Promise<void>;
  putBack(lease: Lease, items: readonly PutBack[]): Promise<void>;
  /**
   * Sets deliveries aside with their reason; those that are no longer under the lease, or have news, are left.
   * @param notes whose notes are owed by that: left out, nobody's
   */
  park(lease: Lease, items: readonly Parking[], notes?: NotesFor): Promise<void>;
  /** Gives everything under this lease back, due as it was. */
  release(lease: Lease): Promise<void>;
  isDue(target: TargetName): Promise<boolean>;
  dueTargets(): Promise<TargetName[]>;
}

export function createDeliveries(db: Kysely<Database>): Deliveries {
  async function membersOf(
    target: TargetName,
    keys: readonly ProfileKey[],
    refs: readonly RecordRef[],
    mine: RawBuilder<unknown>,
  ): Promise<LedgerMember[]> {
    const result = await sql<MemberRow>`
      with who as (
        ${ofProfiles(target, keys)}
        union select * from unnest(${refs.map((ref) => ref.table)}::text[], ${refs.map((ref) => ref.id)}::uuid[])
      )
      select ${memberColumns}, ${mine} as mine
      from who
      cross join lateral (
        select * from record r where r.crm_table = who.crm_table and r.id = who.id offset 0) r
      left join lateral (
        select * from delivery d where d.target = ${target} and d.crm_table = who.crm_table and d.id = who.id offset 0
      ) d on true
      order by r.crm_table, r.id`.execute(db);
    return result.rows.map(toMember);
  }

  return {
    async claim(lease, limit, epoch) {
      const result = await sql<MemberRow>`
        with chosen as (
          select target, crm_table, id from delivery
          where target = ${lease.target} and due_at <= now() and (lease_until is null or lease_until < now())
            and ${epoch} = (select max(epoch) from configuration)
          order by priority, due_at limit ${limit} for update skip locked
        ), d as (
          update delivery d set lease_token = ${lease.token}::uuid,
            lease_until = now() + ${lease.seconds} * interval '1 second'
          from chosen c where d.target = c.target and d.crm_table = c.crm_table and d.id = c.id returning d.*
        )
        select ${memberColumns}, true as mine from d join record r on r.crm_table = d.crm_table and r.id = d.id
        order by r.crm_table, r.id`.execute(db);
      return result.rows.map(toMember);
    },

    async members(lease, keys, refs) {
      await sql`
        with who as (select distinct * from (${ofProfiles(lease.target, keys)}) m)
        update delivery d set lease_token = ${lease.token}::uuid, lease_until = now() + ${lease.seconds} * interval '1 second'
        from (
          select l.target, l.crm_table, l.id from (select crm_table, id from who order by crm_table, id) o
          cross join lateral (
            select d.target, d.crm_table, d.id from delivery d
            where d.target = ${lease.target} and d.crm_table = o.crm_table and d.id = o.id
              and d.due_at <= now() and (d.lease_until is null or d.lease_until < now())
            for update skip locked) l
        ) c where d.target = c.target and d.crm_table = c.crm_table and d.id = c.id`.execute(db);
      return membersOf(lease.target, keys, refs, sql`d.lease_token is not distinct from ${lease.token}::uuid`);
    },

    async peek(target, keys, refs) {
      const isAsked = sql`(r.crm_table, r.id) in (
        select * from unnest(${refs.map((ref) => ref.table)}::text[], ${refs.map((ref) => ref.id)}::uuid[]))`;
      return membersOf(target, keys, refs, sql`(d.due_at is not null or (d.id is not null and ${isAsked}))`);
    },

    async renew(lease) {
      // Rows are locked in key order everywhere, so that two statements never wait for each other in a circle.
      await sql`update profile p set lease_until = now() + ${lease.seconds} * interval '1 second'
        from (select key from profile where target = ${lease.target} and lease_token = ${lease.token}::uuid
          order by key for update) mine where p.target = ${lease.target} and p.key = mine.key`.execute(db);
      await sql`update delivery d set lease_until = now() + ${lease.seconds} * interval '1 second'
        from (select crm_table, id from delivery where target = ${lease.target} and lease_token = ${lease.token}::uuid
          order by crm_table, id for update) mine
        where d.target = ${lease.target} and d.crm_table = mine.crm_table and d.id = mine.id`.execute(db);
    },

    async putBack(lease, items) {
      if (items.length === 0) return;
      await sql`
        with n as (
          select * from unnest(${items.map((i) => i.ref.table)}::text[], ${items.map((i) => i.ref.id)}::uuid[],
          ${items.map((i) => Math.round(i.inMs))}::bigint[], ${items.map((i) => i.failed)}::boolean[])
          as n (crm_table, id, in_ms, failed)
        ), ${lockedUnder(lease)}
        update delivery d set due_at = now() + n.in_ms * interval '1 millisecond',
          attempts = d.attempts + case when n.failed then 1 else 0 end, lease_token = null, lease_until = null
        from n join locked l on l.crm_table = n.crm_table and l.id = n.id
        where d.target = l.target and d.crm_table = l.crm_table and d.id = l.id`.execute(db);
    },

    async park(lease, items, notes) {
      if (items.length === 0) return;
      await db.transaction().execute(async (trx) => {
        await sql`
          with n as (
            select * from unnest(${items.map((i) => i.ref.table)}::text[], ${items.map((i) => i.ref.id)}::uuid[],
            ${items.map((i) => i.seq)}::bigint[], ${items.map((i) => i.code)}::text[], ${items.map((i) => i.reason)}::text[])
            as n (crm_table, id, seq, code, reason)
          ), ${lockedUnder(lease)}
          update delivery d set due_at = case when d.owed_seq > n.seq then d.due_at end,
            parked_code = case when d.owed_seq > n.seq then null else n.code end,
            parked_reason = case when d.owed_seq > n.seq then null else n.reason end,
            parked_at = case when d.owed_seq <= n.seq then now() end, lot = case when d.owed_seq > n.seq then d.lot end,
            lease_token = null, lease_until = null
          from n join locked l on l.crm_table = n.crm_table and l.id = n.id
          where d.target = l.target and d.crm_table = l.crm_table and d.id = l.id`.execute(trx);
        if (notes)
          await oweNotes(
            trx,
            items.map(({ ref }) => ref),
            notes,
          );
      });
    },

    async release(lease) {
      await sql`update delivery d set lease_token = null, lease_until = null
        from (select target, crm_table, id from delivery where target = ${lease.target} and ${isUnder(lease)}
          order by crm_table, id for update) mine
        where d.target = mine.target and d.crm_table = mine.crm_table and d.id = mine.id`.execute(db);
    },

    async isDue(target) {
      const result = await sql<{ due: boolean }>`
        select exists (select 1 from delivery where target = ${target} and due_at <= now()
            and (lease_until is null or lease_until < now()))
          or exists (select 1 from erasure_target where target = ${target} and due_at <= now()
            and (lease_until is null or lease_until < now())) as due`.execute(db);
      return result.rows[0]?.due ?? false;
    },

    async dueTargets() {
      const result = await sql<{ target: TargetName }>`
        select distinct t.target from (
          select target from delivery where due_at <= now() and (lease_until is null or lease_until < now())
          union select target from erasure_target where due_at <= now() and (lease_until is null or lease_until < now())
          union select target from hold_case where state = 'staged'
        ) t left join target_state s on s.target = t.target
        where s.paused_until is null or s.paused_until <= now()`.execute(db);
      return result.rows.map((row) => row.target);
    },
  };
}
