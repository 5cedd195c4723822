/** Owed work and who is doing it; as src/store/deliveries.ts. */
import { formatRecordRef, type ProfileKey, type RecordRef, type TargetName } from '../../../config/words.ts';
import type { Completion, Deliveries, Lease, LedgerMember } from '../../../src/store/deliveries.ts';
import type { DeliveryRow, RecordRow } from '../../../src/store/tables.ts';
import {
  compareText,
  giveBack,
  inKeyOrder,
  isClaimable,
  newestEpoch,
  ofTarget,
  type Room,
  type Synchronous,
  takeLease,
} from './tables.ts';

/** The delivery of a record under this lease, if it is. */
export function underLease(room: Room, lease: Lease, ref: RecordRef): DeliveryRow | undefined {
  const row = ofTarget(room.tables.deliveries, lease.target).get(formatRecordRef(ref));
  return row?.lease_token === lease.token ? row : undefined;
}

export function completeDeliveries(room: Room, lease: Lease, completions: readonly Completion[]): void {
  const now = room.now();
  for (const completion of completions) {
    const row = underLease(room, lease, completion.ref);
    if (!row) continue;
    const isNews = row.owed_seq > completion.seq;
    const isStaged = completion.staged ?? false;
    const againInMs = completion.againInMs ?? undefined;
    if (againInMs === undefined && !isStaged) row.done_seq = Math.max(row.done_seq, completion.seq);
    if (!isNews) row.due_at = isStaged || againInMs === undefined ? null : new Date(now + againInMs);
    row.staged = isStaged && !isNews;
    if (!isStaged && !isNews) row.lot = null;
    row.forced = row.forced && (isNews || againInMs !== undefined);
    row.attempts = 0;
    row.profile_key = completion.profileKey ?? row.profile_key;
    row.crm_bits = completion.crmBits ?? row.crm_bits;
    row.parked_code = null;
    row.parked_reason = null;
    row.parked_at = null;
    row.applied_at = new Date(now);
    giveBack(row);
  }
}

function memberOf(room: Room, record: RecordRow, delivery: DeliveryRow | undefined, isMine: boolean): LedgerMember {
  const ref: RecordRef = { table: record.crm_table, id: record.id };
  return {
    ref,
    tombstone: record.tombstone,
    gone: record.gone_at !== null,
    emailKey: record.email_key ?? undefined,
    seenKey: record.seen_key ?? undefined,
    erasedEtag: record.erased_etag ?? undefined,
    profileKey: delivery?.profile_key ?? undefined,
    sentKey: delivery && ofTarget(room.tables.contactKeys, delivery.target).get(record.id)?.profile_key,
    crmBits: delivery?.crm_bits ?? undefined,
    claim:
      delivery && isMine
        ? {
            ref,
            seq: delivery.owed_seq,
            attempts: delivery.attempts,
            lot: delivery.lot ?? undefined,
            forced: delivery.forced,
          }
        : undefined,
  };
}

function hasKey(record: RecordRow, keys: ReadonlySet<string>): boolean {
  return (
    (record.email_key !== null && keys.has(record.email_key)) || (record.seen_key !== null && keys.has(record.seen_key))
  );
}

export function memoryDeliveries(room: Room): Synchronous<Deliveries> {
  const { tables } = room;

  function held(lease: Lease): DeliveryRow[] {
    return [...ofTarget(tables.deliveries, lease.target).values()].filter((row) => row.lease_token === lease.token);
  }

  function membersOf(
    target: TargetName,
    keys: readonly ProfileKey[],
    refs: readonly RecordRef[],
    isMine: (row: DeliveryRow, isAsked: boolean) => boolean,
  ): LedgerMember[] {
    const wanted = new Set<string>(keys);
    const asked = new Set(refs.map(formatRecordRef));
    const deliveries = ofTarget(tables.deliveries, target);
    const found: LedgerMember[] = [];
    for (const [name, record] of tables.records) {
      const delivery = deliveries.get(name);
      const isApplied = typeof delivery?.profile_key === 'string' && wanted.has(delivery.profile_key);
      if (!isApplied && !asked.has(name) && !hasKey(record, wanted)) continue;
      found.push(memberOf(room, record, delivery, delivery !== undefined && isMine(delivery, asked.has(name))));
    }
    return inKeyOrder(found, (member) => member.ref);
  }

  return {
    claim(lease, limit, epoch) {
      if (epoch !== newestEpoch(tables)) return [];
      const now = room.now();
      const due = [...ofTarget(tables.deliveries, lease.target).values()].filter((row) => isClaimable(row, now));
      due.sort((a, b) => a.priority - b.priority || Number(a.due_at) - Number(b.due_at));
      const members: LedgerMember[] = [];
      for (const row of due.slice(0, limit)) {
        takeLease(row, lease, now);
        const record = tables.records.get(formatRecordRef({ table: row.crm_table, id: row.id }));
        if (record) members.push(memberOf(room, record, row, true));
      }
      return inKeyOrder(members, (member) => member.ref);
    },

    members(lease, keys, refs) {
      const now = room.now();
      const wanted = new Set<string>(keys);
      for (const [name, row] of ofTarget(tables.deliveries, lease.target)) {
        if (!isClaimable(row, now)) continue;
        const record = tables.records.get(name);
        const isApplied = row.profile_key !== null && wanted.has(row.profile_key);
        if (isApplied || (record && hasKey(record, wanted))) takeLease(row, lease, now);
      }
      return membersOf(lease.target, keys, refs, (row) => row.lease_token === lease.token);
    },

    peek: (target, keys, refs) => membersOf(target, keys, refs, (row, isAsked) => row.due_at !== null || isAsked),

    renew(lease) {
      const now = room.now();
      for (const row of ofTarget(tables.profiles, lease.target).values())
        if (row.lease_token === lease.token) takeLease(row, lease, now);
      for (const row of held(lease)) takeLease(row, lease, now);
    },

    putBack(lease, items) {
      const now = room.now();
      for (const item of items) {
        const row = underLease(room, lease, item.ref);
        if (!row) continue;
        row.due_at = new Date(now + Math.round(item.inMs));
        if (item.failed) row.attempts += 1;
        giveBack(row);
      }
    },

    park(lease, items) {
      const now = new Date(room.now());
      for (const item of items) {
        const row = underLease(room, lease, item.ref);
        if (!row) continue;
        const isNews = row.owed_seq > item.seq;
        row.parked_code = isNews ? null : item.code;
        row.parked_reason = isNews ? null : item.reason;
        row.parked_at = isNews ? null : now;
        if (!isNews) {
          row.due_at = null;
          row.lot = null;
        }
        giveBack(row);
      }
    },

    release(lease) {
      for (const row of held(lease)) giveBack(row);
    },

    isDue(target) {
      const now = room.now();
      for (const row of ofTarget(tables.deliveries, target).values()) if (isClaimable(row, now)) return true;
      for (const parts of tables.erasureTargets.values()) {
        const part = parts.get(target);
        if (part && isClaimable(part, now)) return true;
      }
      return false;
    },

    dueTargets() {
      const now = room.now();
      const due = new Set<TargetName>();
      for (const [target, rows] of tables.deliveries)
        if ([...rows.values()].some((row) => isClaimable(row, now))) due.add(target);
      for (const parts of tables.erasureTargets.values())
        for (const [target, part] of parts) if (isClaimable(part, now)) due.add(target);
      for (const [target, cases] of tables.holdCases)
        if ([...cases.values()].some((row) => row.state === 'staged')) due.add(target);
      const isPaused = (target: TargetName): boolean =>
        Number(tables.targetStates.get(target)?.paused_until ?? 0) > now;
      return [...due].filter((target) => !isPaused(target)).sort(compareText);
    },
  };
}
