/** What each target holds about a person, and what is about to be sent; as src/store/profiles.ts. */
import type { ProfileKey, TargetName } from '../../../config/words.ts';
import type { Lease } from '../../../src/store/deliveries.ts';
import {
  idsWouldCrossCode,
  LeaseLostError,
  type Profile,
  type ProfileChange,
  type Profiles,
} from '../../../src/store/profiles.ts';
import type { ProfileRow } from '../../../src/store/tables.ts';
import { unstage } from './brake.ts';
import { makeDue } from './checkpoints.ts';
import { giveBack, isFree, isLive, ofTarget, type Room, type Synchronous, takeLease } from './tables.ts';

function newProfile(target: TargetName, key: ProfileKey, now: number): ProfileRow {
  return {
    target,
    key,
    state: 'new',
    contact_key: null,
    owner: null,
    data_fingerprint: null,
    permission_fingerprint: null,
    bits_before: null,
    address_dirty: false,
    lease_token: null,
    lease_until: null,
    changed_at: new Date(now),
  };
}

/** Throws LeaseLostError unless all of these profiles are under the lease. */
export function assertLeased(room: Room, lease: Lease, changes: readonly ProfileChange[]): void {
  const rows = ofTarget(room.tables.profiles, lease.target);
  const ours = new Set(changes.map((change) => change.key).filter((key) => rows.get(key)?.lease_token === lease.token));
  if (ours.size < changes.length) throw new LeaseLostError();
}

export function changeProfiles(room: Room, lease: Lease, changes: readonly ProfileChange[]): void {
  assertLeased(room, lease, changes);
  const rows = ofTarget(room.tables.profiles, lease.target);
  for (const change of changes) {
    const row = rows.get(change.key);
    if (!row) throw new LeaseLostError();
    row.state = change.state;
    row.changed_at = new Date(room.now());
    if (change.contactKey !== undefined) row.contact_key = change.contactKey;
    if (change.owner !== undefined) row.owner = change.owner;
    if (change.dataFingerprint !== undefined) row.data_fingerprint = change.dataFingerprint;
    if (change.permissionFingerprint !== undefined) row.permission_fingerprint = change.permissionFingerprint;
    if (change.bitsBefore !== undefined) row.bits_before = change.bitsBefore;
    if (change.addressDirty !== undefined) row.address_dirty = change.addressDirty;
  }
  const changed = new Set(changes.map((change) => change.key));
  for (const delivery of ofTarget(room.tables.deliveries, lease.target).values()) {
    if (delivery.parked_code !== idsWouldCrossCode) continue;
    const holder = ofTarget(room.tables.contactKeys, lease.target).get(delivery.id)?.profile_key;
    const row = holder !== undefined && changed.has(holder) ? rows.get(holder) : undefined;
    if (row && !(isLive(row) && row.contact_key === delivery.id)) makeDue(delivery, room.now());
  }
}

export function closeIntents(room: Room, ids: readonly string[]): void {
  for (const id of ids) room.tables.intents.delete(id);
}

export function memoryProfiles(room: Room): Synchronous<Profiles> {
  const { tables } = room;

  function read(target: TargetName, keys: readonly ProfileKey[], only: (row: ProfileRow) => boolean): Profile[] {
    const rows = ofTarget(tables.profiles, target);
    const now = room.now();
    return [...new Set(keys)].flatMap((key) => {
      const row = rows.get(key);
      if (!row || !only(row)) return [];
      const ids = [...ofTarget(tables.contactKeys, target).values()].filter((id) => id.profile_key === key).reverse();
      const intents = [...tables.intents.values()].filter((i) => i.profile_key === key && i.target === target);
      return {
        key,
        state: row.state,
        contactKey: row.contact_key ?? undefined,
        contactKeys: ids.map((id) => id.contact_key),
        owner: row.owner ?? undefined,
        dataFingerprint: row.data_fingerprint ?? undefined,
        permissionFingerprint: row.permission_fingerprint ?? undefined,
        bitsBefore: row.bits_before ?? undefined,
        addressDirty: row.address_dirty,
        openIntents: intents.map((intent) => ({
          id: intent.id,
          kind: intent.kind,
          ageMs: now - intent.sent_at.getTime(),
          sealed: intent.sealed ?? undefined,
          bits: intent.bits ?? undefined,
        })),
      };
    });
  }

  const load = (lease: Lease, keys: readonly ProfileKey[]): Profile[] =>
    read(lease.target, keys, (row) => row.lease_token === lease.token);

  /** Gives the id to the profile; false when a live profile of somebody else has it. */
  function takeContactKey(target: TargetName, contactKey: string, profileKey: ProfileKey): boolean {
    const ids = ofTarget(tables.contactKeys, target);
    const former = ids.get(contactKey);
    if (former?.profile_key === profileKey) return true;
    const holder = former && ofTarget(tables.profiles, target).get(former.profile_key);
    if (holder && isLive(holder) && holder.contact_key === contactKey) return false;
    ids.delete(contactKey);
    ids.set(contactKey, { contact_key: contactKey, profile_key: profileKey, added_at: room.now() });
    return true;
  }

  /** What was begun under this lease can have been sent until then. */
  function sentUntil(target: TargetName, token: string, at: number, key?: ProfileKey): void {
    for (const intent of tables.intents.values()) {
      if (intent.target !== target || intent.lease_token !== token) continue;
      if (key !== undefined && intent.profile_key !== key) continue;
      intent.sent_at = new Date(Math.max(intent.sent_at.getTime(), at));
    }
  }

  return {
    load,

    peek: (target, keys) => read(target, keys, () => true),

    lease(lease, keys) {
      const rows = ofTarget(tables.profiles, lease.target);
      const now = room.now();
      for (const key of new Set(keys)) {
        const row = rows.get(key) ?? newProfile(lease.target, key, now);
        rows.set(key, row);
        if (row.lease_token !== null && row.lease_token !== lease.token && Number(row.lease_until) < now)
          sentUntil(lease.target, row.lease_token, Number(row.lease_until), key);
        if (isFree(row, now) || row.lease_token === lease.token) takeLease(row, lease, now);
      }
      return load(lease, [...keys].sort());
    },

    release(lease) {
      sentUntil(lease.target, lease.token, room.now());
      for (const row of ofTarget(tables.profiles, lease.target).values())
        if (row.lease_token === lease.token) giveBack(row);
    },

    begin(lease, intents, contactKeys) {
      const rows = ofTarget(tables.profiles, lease.target);
      const now = room.now();
      for (const intent of intents) {
        const row = rows.get(intent.profileKey);
        if (row?.lease_token !== lease.token || Number(row.lease_until) <= now) throw new LeaseLostError();
        if (tables.intents.has(intent.id)) throw new Error(`intent ${intent.id} is stored already`);
      }
      const refused = contactKeys.filter((k) => !takeContactKey(lease.target, k.contactKey, k.profileKey));
      const refusedProfiles = new Set(refused.map((k) => k.profileKey));
      for (const intent of intents) {
        if (refusedProfiles.has(intent.profileKey)) continue;
        tables.intents.set(intent.id, {
          id: intent.id,
          target: lease.target,
          profile_key: intent.profileKey,
          kind: intent.kind,
          sealed: intent.sealed ?? null,
          bits: intent.bits ?? null,
          lease_token: lease.token,
          sent_at: new Date(now),
        });
      }
      return refused.map((k) => k.contactKey);
    },

    drop: (intentIds) => closeIntents(room, intentIds),

    move(lease, from, to) {
      const rows = ofTarget(tables.profiles, lease.target);
      const former = rows.get(from);
      const next = rows.get(to);
      if (!former || !next || former.lease_token !== lease.token || next.lease_token !== lease.token)
        throw new LeaseLostError();
      const changedAt = new Date(room.now());
      const { state, contact_key, owner, permission_fingerprint, bits_before } = former;
      Object.assign(next, { state, contact_key, owner, permission_fingerprint, bits_before });
      Object.assign(next, { data_fingerprint: null, address_dirty: true, changed_at: changedAt });
      const ids = ofTarget(tables.contactKeys, lease.target);
      for (const [id, row] of ids) if (row.profile_key === from) ids.set(id, { ...row, profile_key: to });
      for (const intent of tables.intents.values())
        if (intent.target === lease.target && intent.profile_key === from) intent.profile_key = to;
      for (const row of ofTarget(tables.deliveries, lease.target).values())
        if (row.profile_key === from && row.lease_token === lease.token) row.profile_key = to;
      const cases = ofTarget(tables.holdCases, lease.target);
      const held = cases.get(from);
      if (held) {
        cases.delete(from);
        cases.set(to, { ...held, profile_key: to });
      }
      unstage(room, lease.target, new Set([from]));
      const { lease_token, lease_until } = former;
      const left = state === 'new' ? state : 'absent';
      Object.assign(former, newProfile(lease.target, from, room.now()), { state: left, lease_token, lease_until });
    },

    heldByOthers(target, contactKeys, own) {
      const ids = ofTarget(tables.contactKeys, target);
      const rows = ofTarget(tables.profiles, target);
      return [...new Set(contactKeys)].filter((contactKey) => {
        const id = ids.get(contactKey);
        const holder = id && !own.includes(id.profile_key) ? rows.get(id.profile_key) : undefined;
        return holder !== undefined && isLive(holder);
      });
    },

    countLive: (target) => [...ofTarget(tables.profiles, target).values()].filter(isLive).length,
  };
}
