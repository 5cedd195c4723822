/**
 * What a target holds about each person, who is working on it, and what is about to be sent. Guarantees: one worker at
 * a time per profile; no external id belongs to two live profiles of a target; an intent is stored before a call and
 * closed only by the transaction that knows the answer. Holds keyed hashes and ids only.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { ProfileKey, TargetName } from '../../config/words.ts';
import { unstage } from './brake.ts';
import type { Lease } from './deliveries.ts';
import type { Bits, Database, IntentKind, ProfileRow, ProfileState } from './tables.ts';
import { isUnder } from './under-lease.ts';

export interface Profile {
  readonly key: ProfileKey;
  readonly state: ProfileState;
  /** The external id that was last written. */
  readonly contactKey: string | undefined;
  /** Every external id ever sent, newest first. */
  readonly contactKeys: readonly string[];
  readonly owner: string | undefined;
  readonly dataFingerprint: string | undefined;
  readonly permissionFingerprint: string | undefined;
  /** The bits read before a reset, a hold or an anonymization. */
  readonly bitsBefore: Bits | undefined;
  readonly addressDirty: boolean;
  /** Intents that nobody closed: their calls may still land. */
  readonly openIntents: readonly OpenIntent[];
}

export interface OpenIntent {
  readonly id: string;
  readonly kind: IntentKind;
  /**
   * Milliseconds since its call, or the last of its calls, can have been sent, by the database's clock: since whoever
   * stored it gave its lease back or let it run out.
   */
  readonly ageMs: number;
  readonly sealed: string | undefined;
  readonly bits: Bits | undefined;
}

export interface NewIntent {
  readonly id: string;
  readonly profileKey: ProfileKey;
  readonly kind: IntentKind;
  readonly sealed?: string | undefined;
  readonly bits?: Bits | undefined;
}

export interface ProfileChange {
  readonly key: ProfileKey;
  readonly state: ProfileState;
  readonly contactKey?: string | null;
  readonly owner?: string | null;
  readonly dataFingerprint?: string | null;
  readonly permissionFingerprint?: string | null;
  readonly bitsBefore?: Bits | null;
  readonly addressDirty?: boolean;
}

/** The lease ran out while we worked: nothing of the transaction may stand. */
export class LeaseLostError extends Error {
  constructor() {
    super('the lease of this work ran out before it was finished');
    this.name = 'LeaseLostError';
  }
}

interface OpenIntentRow {
  id: string;
  profile_key: ProfileKey;
  kind: IntentKind;
  age_ms: number;
  sealed: string | null;
  bits: Bits | null;
}

/** These profiles, as far as the condition on `p` holds, locked in key order; each is looked up by itself. */
function lockedProfiles(lease: Lease, keys: readonly ProfileKey[], only: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select l.target, l.key from (select distinct k from unnest(${keys}::text[]) as k order by k) o
    cross join lateral (
      select p.target, p.key from profile p where p.target = ${lease.target} and p.key = o.k and ${only} for update) l`;
}

/** Writes profile states under the lease. Throws LeaseLostError when the lease has passed to somebody else. */
export async function changeProfiles(
  trx: Transaction<Database>,
  lease: Lease,
  changes: readonly ProfileChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const keys = changes.map((change) => change.key);
  // A field that is left out keeps what is stored; null empties it.
  const result = await sql`
    with n as (select j from jsonb_array_elements(${JSON.stringify(changes)}::jsonb) as n (j)), locked as (
      ${lockedProfiles(lease, keys, isUnder(lease, 'p.lease_token'))}
    )
    update profile p set state = n.j ->> 'state', changed_at = now(),
      contact_key = case when n.j ? 'contactKey' then n.j ->> 'contactKey' else p.contact_key end,
      owner = case when n.j ? 'owner' then n.j ->> 'owner' else p.owner end,
      data_fingerprint = case when n.j ? 'dataFingerprint' then n.j ->> 'dataFingerprint' else p.data_fingerprint end,
      permission_fingerprint =
        case when n.j ? 'permissionFingerprint' then n.j ->> 'permissionFingerprint' else p.permission_fingerprint end,
      bits_before = case when n.j ? 'bitsBefore' then nullif(n.j -> 'bitsBefore', 'null'::jsonb) else p.bits_before end,
      address_dirty = coalesce((n.j ->> 'addressDirty')::boolean, p.address_dirty)
    from n join locked l on l.key = n.j ->> 'key'
    where p.target = l.target and p.key = l.key`.execute(trx);
  if (Number(result.numAffectedRows ?? 0) < changes.length) throw new LeaseLostError();
  await retryFreed(trx, lease.target, keys);
}

/** The code under which a record is parked whose external id another live profile still has. */
export const idsWouldCrossCode = 'IDS_WOULD_CROSS';

/** Records that were parked because one of these profiles had their external id are due when it has it no longer. */
async function retryFreed(trx: Transaction<Database>, target: TargetName, keys: readonly ProfileKey[]): Promise<void> {
  // What is locked is on its way already; waiting for it here could be waiting in a circle.
  await sql`update delivery d set due_at = now(), attempts = 0, parked_code = null, parked_reason = null, parked_at = null
    from (
      select o.crm_table, o.id from delivery o
        join contact_key c on c.target = o.target and c.contact_key = o.id::text
        join profile p on p.target = c.target and p.key = c.profile_key
      where o.target = ${target} and o.parked_code = ${idsWouldCrossCode} and c.profile_key = any(${keys}::text[])
        and not (p.state in ('live', 'reset', 'held') and p.contact_key is not distinct from c.contact_key)
      order by o.crm_table, o.id for update of o skip locked
    ) freed
    where d.target = ${target} and d.crm_table = freed.crm_table and d.id = freed.id`.execute(trx);
}

export async function closeIntents(trx: Transaction<Database>, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await trx.deleteFrom('intent').where('id', 'in', ids).execute();
}

export interface Profiles {
  /** Leases what is free of these, making rows for the unknown. Answers the profiles that are ours now. */
  lease(lease: Lease, keys: readonly ProfileKey[]): Promise<Profile[]>;
  /** Reads again what is under the lease. */
  load(lease: Lease, keys: readonly ProfileKey[]): Promise<Profile[]>;
  /** Reads without a lease. For looking only. */
  peek(target: TargetName, keys: readonly ProfileKey[]): Promise<Profile[]>;
  release(lease: Lease): Promise<void>;
  /**
   * Stores intents, and the external ids they use, before the call. Answers the external ids that a live profile of
   * somebody else holds: these may not be sent. Throws LeaseLostError.
   */
  begin(
    lease: Lease,
    intents: readonly NewIntent[],
    contactKeys: readonly { profileKey: ProfileKey; contactKey: string }[],
  ): Promise<string[]>;
  /** Forgets intents whose calls were refused: nothing of them can land. */
  drop(intentIds: readonly string[]): Promise<void>;
  /** Carries everything known of a profile over to another key (the person's address changed). */
  move(lease: Lease, from: ProfileKey, to: ProfileKey): Promise<void>;
  /** Of these external ids, those that live profiles other than `own` hold. */
  heldByOthers(target: TargetName, contactKeys: readonly string[], own: readonly ProfileKey[]): Promise<string[]>;
  countLive(target: TargetName): Promise<number>;
}

const liveStates = ['live', 'reset', 'held'] as const;

export function createProfiles(db: Kysely<Database>): Profiles {
  const load = (lease: Lease, keys: readonly ProfileKey[]): Promise<Profile[]> =>
    read(lease.target, keys, sql`and lease_token = ${lease.token}::uuid`);

  async function read(target: TargetName, keys: readonly ProfileKey[], only: RawBuilder<unknown>): Promise<Profile[]> {
    if (keys.length === 0) return [];
    const rows = await sql<ProfileRow>`select p.* from unnest(${[...new Set(keys)]}::text[]) as k cross join lateral (
      select * from profile where target = ${target} and key = k ${only} offset 0) p`.execute(db);
    const ids = await sql<{
      profile_key: ProfileKey;
      contact_key: string;
    }>`select profile_key, contact_key from contact_key
      where target = ${target} and profile_key = any(${keys}::text[]) order by added_at desc, contact_key`.execute(db);
    const intents = await sql<OpenIntentRow>`select id, profile_key, kind, sealed, bits,
        extract(epoch from now() - sent_at) * 1000 as age_ms from intent
      where target = ${target} and profile_key = any(${keys}::text[]) order by sent_at`.execute(db);
    const contactKeys = Map.groupBy(ids.rows, (row) => row.profile_key);
    const openIntents = Map.groupBy(intents.rows, (row) => row.profile_key);
    return rows.rows.map((row) => ({
      key: row.key,
      state: row.state,
      contactKey: row.contact_key ?? undefined,
      contactKeys: (contactKeys.get(row.key) ?? []).map((id) => id.contact_key),
      owner: row.owner ?? undefined,
      dataFingerprint: row.data_fingerprint ?? undefined,
      permissionFingerprint: row.permission_fingerprint ?? undefined,
      bitsBefore: row.bits_before ?? undefined,
      addressDirty: row.address_dirty,
      openIntents: (openIntents.get(row.key) ?? []).map((intent) => ({
        id: intent.id,
        kind: intent.kind,
        ageMs: Number(intent.age_ms),
        sealed: intent.sealed ?? undefined,
        bits: intent.bits ?? undefined,
      })),
    }));
  }

  return {
    load,

    peek: (target, keys) => read(target, keys, sql``),

    async lease(lease, keys) {
      if (keys.length === 0) return [];
      const sorted = [...new Set(keys)].sort();
      // Whoever let a lease run out may have sent something until then: from that moment it can still land.
      await sql`update intent i set sent_at = greatest(i.sent_at, p.lease_until) from profile p
        where p.target = ${lease.target} and p.key = any(${sorted}::text[]) and p.lease_until < now()
          and p.lease_token <> ${lease.token}::uuid and i.target = p.target and i.profile_key = p.key
          and i.lease_token = p.lease_token`.execute(db);
      // One statement in key order: two workers cannot wait for each other in a circle, and nobody waits for a lease.
      await sql`
        insert into profile as p (target, key, lease_token, lease_until)
        select ${lease.target}, k, ${lease.token}::uuid, now() + ${lease.seconds} * interval '1 second'
        from unnest(${sorted}::text[]) as k order by k
        on conflict (target, key) do update set lease_token = excluded.lease_token, lease_until = excluded.lease_until
        where p.lease_until is null or p.lease_until < now() or p.lease_token = excluded.lease_token`.execute(db);
      return load(lease, sorted);
    },

    async release(lease) {
      // What was begun and not answered was sent before now, perhaps just before.
      await sql`update intent set sent_at = now()
        where target = ${lease.target} and lease_token = ${lease.token}::uuid`.execute(db);
      await sql`update profile p set lease_token = null, lease_until = null from (
          select key from profile where target = ${lease.target} and lease_token = ${lease.token}::uuid
          order by key for update) mine
        where p.target = ${lease.target} and p.key = mine.key`.execute(db);
    },

    async begin(lease, intents, contactKeys) {
      return db.transaction().execute(async (trx) => {
        const profileKeys = [...new Set(intents.map((intent) => intent.profileKey))];
        const held = await lockedProfiles(
          lease,
          profileKeys,
          sql`p.lease_token = ${lease.token}::uuid and p.lease_until > now()`,
        ).execute(trx);
        if (held.rows.length < profileKeys.length) throw new LeaseLostError();
        const sorted = [...contactKeys].sort((a, b) => (a.contactKey < b.contactKey ? -1 : 1));
        const taken = await sql<{ contact_key: string }>`
          with wanted as (
            select * from unnest(${sorted.map((k) => k.contactKey)}::text[], ${sorted.map((k) => k.profileKey)}::text[])
              as w (contact_key, profile_key)
          ), written as (
            insert into contact_key as c (target, contact_key, profile_key)
            select distinct on (contact_key) ${lease.target}, contact_key, profile_key from wanted
            order by contact_key, profile_key
            on conflict (target, contact_key) do update set profile_key = excluded.profile_key, added_at = now()
            where c.profile_key <> excluded.profile_key and not exists (
              select 1 from profile p where p.target = c.target and p.key = c.profile_key
                and p.state in ('live', 'reset', 'held') and p.contact_key = c.contact_key)
            returning contact_key
          )
          select w.contact_key from wanted w join contact_key c on c.target = ${lease.target}
            and c.contact_key = w.contact_key and c.profile_key <> w.profile_key
          where w.contact_key not in (select contact_key from written)`.execute(trx);
        const refused = new Set(taken.rows.map((row) => row.contact_key));
        const refusedProfiles = new Set(contactKeys.filter((k) => refused.has(k.contactKey)).map((k) => k.profileKey));
        const allowed = intents.filter((intent) => !refusedProfiles.has(intent.profileKey));
        if (allowed.length > 0) {
          await trx
            .insertInto('intent')
            .values(
              allowed.map((intent) => ({
                id: intent.id,
                target: lease.target,
                profile_key: intent.profileKey,
                kind: intent.kind,
                sealed: intent.sealed ?? null,
                bits: intent.bits ? (JSON.stringify(intent.bits) as unknown as Bits) : null,
                lease_token: lease.token,
              })),
            )
            .execute();
        }
        return [...refused];
      });
    },

    async drop(intentIds) {
      if (intentIds.length > 0)
        await db
          .deleteFrom('intent')
          .where('id', 'in', [...intentIds])
          .execute();
    },

    async move(lease, from, to) {
      await db.transaction().execute(async (trx) => {
        const moved = await sql`
          update profile n set state = o.state, contact_key = o.contact_key, owner = o.owner,
            data_fingerprint = null, permission_fingerprint = o.permission_fingerprint, bits_before = o.bits_before,
            address_dirty = true, changed_at = now()
          from profile o
          where o.target = ${lease.target} and o.key = ${from} and o.lease_token = ${lease.token}::uuid
            and n.target = o.target and n.key = ${to} and n.lease_token = o.lease_token`.execute(trx);
        if (Number(moved.numAffectedRows ?? 0) === 0) throw new LeaseLostError();
        await sql`update contact_key set profile_key = ${to} where target = ${lease.target} and profile_key = ${from}`.execute(
          trx,
        );
        await sql`update intent set profile_key = ${to} where target = ${lease.target} and profile_key = ${from}`.execute(
          trx,
        );
        await sql`update delivery set profile_key = ${to}
          where target = ${lease.target} and profile_key = ${from} and lease_token = ${lease.token}::uuid`.execute(trx);
        const isHeld = sql`exists (select 1 from hold_case o where o.target = ${lease.target} and o.profile_key = ${from})`;
        await sql`delete from hold_case where target = ${lease.target} and profile_key = ${to} and ${isHeld}`.execute(
          trx,
        );
        await sql`update hold_case set profile_key = ${to} where target = ${lease.target} and profile_key = ${from}`.execute(
          trx,
        );
        await unstage(trx, lease.target, [from]);
        // Of an address at which nobody has looked yet it is not known who is there from earlier times.
        await sql`update profile set state = case when state = 'new' then state else 'absent' end,
            contact_key = null, owner = null, data_fingerprint = null,
            permission_fingerprint = null, bits_before = null, address_dirty = false, changed_at = now()
          where target = ${lease.target} and key = ${from}`.execute(trx);
      });
    },

    async heldByOthers(target, contactKeys, own) {
      if (contactKeys.length === 0) return [];
      const result = await sql<{ contact_key: string }>`
        select c.contact_key from unnest(${contactKeys}::text[]) as k
          cross join lateral (select * from contact_key where target = ${target} and contact_key = k offset 0) c
          cross join lateral (select state from profile where target = c.target and key = c.profile_key offset 0) p
        where c.profile_key <> all(${own}::text[]) and p.state = any(${[...liveStates]}::text[])`.execute(db);
      return result.rows.map((row) => row.contact_key);
    },

    async countLive(target) {
      const result = await sql<{ n: number }>`select count(*)::int as n from profile
        where target = ${target} and state = any(${[...liveStates]}::text[])`.execute(db);
      return result.rows[0]?.n ?? 0;
    },
  };
}
