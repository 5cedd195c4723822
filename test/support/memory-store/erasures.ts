/** Explicit requests to anonymize, target by target; as src/store/erasures.ts. */
import { formatRecordRef, type ProfileKey } from '../../../config/words.ts';
import type { Lease } from '../../../src/store/deliveries.ts';
import type { ClaimedErasure, Erasures, ErasureTargetDone, NewErasure } from '../../../src/store/erasures.ts';
import type { ErasureRow, ErasureTargetRow, NewEvidence } from '../../../src/store/tables.ts';
import { makeDue, newRecord } from './checkpoints.ts';
import { appendEvidence } from './evidence.ts';
import { suppress as suppressOne } from './suppressions.ts';
import {
  compareText,
  giveBack,
  isClaimable,
  newestEpoch,
  ofTarget,
  type Room,
  type Synchronous,
  takeLease,
} from './tables.ts';

export function completeErasureTarget(room: Room, lease: Lease, done: ErasureTargetDone): void {
  const part = room.tables.erasureTargets.get(done.erasureId)?.get(lease.target);
  if (part?.lease_token !== lease.token) return;
  part.state = done.state;
  part.status = done.status;
  part.request_id = done.requestId ?? null;
  part.waiting_code = done.byHand ? 'MANUAL' : null;
  part.waiting_reason = null;
  part.due_at = null;
  part.completed_at = new Date(room.now());
  giveBack(part);
  const members = room.tables.erasureRecords.get(done.erasureId) ?? new Map();
  for (const ref of done.members) members.set(formatRecordRef(ref), ref);
  room.tables.erasureRecords.set(done.erasureId, members);
}

export function markErased(
  room: Room,
  id: string,
  target: ErasureTargetRow['target'],
  status: number,
  requestId: string | undefined,
): void {
  const part = room.tables.erasureTargets.get(id)?.get(target);
  // A repetition that finds nobody (404) leaves the answer that said "erased" where it is.
  if (!part || (part.status !== null && status === 404)) return;
  part.status = status;
  part.request_id = requestId ?? null;
}

function requested(room: Room, erasure: NewErasure): NewEvidence {
  return {
    target: null,
    crm_table: erasure.ref?.table ?? null,
    record_id: erasure.ref?.id ?? null,
    profile_key: erasure.emailKey,
    act: 'erasure-requested',
    rule: 'erased-on-request',
    trigger: erasure.jobId === null ? 'command' : `marketing job ${erasure.jobId}`,
    outcome: null,
    status: null,
    request_id: null,
    detail: `erasure ${erasure.id}`,
    actor: erasure.actor ?? erasure.source,
    configuration: room.tables.configurations.at(-1)?.fingerprint ?? null,
  };
}

export function newPart(id: string, target: ErasureTargetRow['target'], now: number): ErasureTargetRow {
  return {
    erasure_id: id,
    target,
    state: 'pending',
    status: null,
    request_id: null,
    waiting_code: null,
    waiting_reason: null,
    attempts: 0,
    due_at: new Date(now),
    lease_token: null,
    lease_until: null,
    completed_at: null,
  };
}

export function memoryErasures(room: Room): Synchronous<Erasures> {
  const { tables } = room;
  const all = (): ErasureRow[] => [...tables.erasures.values()];
  const partsOf = (id: string): ErasureTargetRow[] => [...(tables.erasureTargets.get(id)?.values() ?? [])];
  const copies = (rows: readonly ErasureRow[]): ErasureRow[] => rows.map((row) => ({ ...row }));
  const concerns = (row: ErasureRow, ref: { table: string; id: string }): boolean =>
    row.crm_table === ref.table && row.record_id === ref.id;
  const reopenPart = (part: ErasureTargetRow): boolean => {
    if (part.state !== 'done' && part.state !== 'absent') return false;
    if (part.state === 'absent') {
      part.status = null;
      part.request_id = null;
    }
    part.state = 'pending';
    part.due_at = new Date(room.now());
    part.attempts = 0;
    part.completed_at = null;
    return true;
  };

  return {
    open(erasure, targets) {
      if (tables.erasures.has(erasure.id)) throw new Error(`erasure ${erasure.id} is stored already`);
      if (erasure.jobId !== null && all().some((row) => row.job_id === erasure.jobId)) return false;
      const now = room.now();
      tables.erasures.set(erasure.id, {
        id: erasure.id,
        source: erasure.source,
        job_id: erasure.jobId,
        crm_table: erasure.ref?.table ?? null,
        record_id: erasure.ref?.id ?? null,
        email_key: erasure.emailKey,
        sealed: erasure.sealed,
        state: 'open',
        approved: false,
        requested_at: new Date(now),
        completed_at: null,
        still_eligible: null,
      });
      appendEvidence(room, [requested(room, erasure)]);
      if (erasure.ref) {
        const record = newRecord(room, erasure.ref, ++tables.changeSeq);
        const name = formatRecordRef(erasure.ref);
        if (!tables.records.has(name)) tables.records.set(name, record);
      }
      const parts = targets.map((target) => [target, newPart(erasure.id, target, now)] as const);
      tables.erasureTargets.set(erasure.id, new Map(parts));
      return true;
    },

    claim(lease, limit, epoch) {
      if (epoch !== newestEpoch(tables)) return [];
      const now = room.now();
      const due = [...tables.erasureTargets.values()].flatMap((parts) => {
        const part = parts.get(lease.target);
        return part && isClaimable(part, now) ? [part] : [];
      });
      due.sort((a, b) => Number(a.due_at) - Number(b.due_at));
      const claimed = due.slice(0, limit).flatMap((part): ClaimedErasure[] => {
        takeLease(part, lease, now);
        const erasure = tables.erasures.get(part.erasure_id);
        return erasure ? [{ ...erasure, attempts: part.attempts }] : [];
      });
      return claimed.sort((a, b) => Number(a.requested_at) - Number(b.requested_at));
    },

    seal(id, sealed) {
      const row = tables.erasures.get(id);
      if (row?.state === 'open' && row.sealed === null) row.sealed = sealed;
    },

    wait(lease, id, inMs, code, reason, failed) {
      const part = tables.erasureTargets.get(id)?.get(lease.target);
      if (part?.lease_token !== lease.token) return;
      part.due_at = new Date(room.now() + inMs);
      part.waiting_code = code;
      part.waiting_reason = reason;
      if (failed) part.attempts += 1;
      giveBack(part);
    },

    renew(lease) {
      for (const parts of tables.erasureTargets.values()) {
        const part = parts.get(lease.target);
        if (part?.lease_token === lease.token) takeLease(part, lease, room.now());
      }
    },

    openFor(refs, keys) {
      const wanted = new Set(refs.map(formatRecordRef));
      const found = { refs: new Set<string>(), keys: new Set<string>(), along: new Set<string>() };
      for (const row of tables.erasures.values()) {
        if (row.state !== 'open') continue;
        for (const name of tables.erasureRecords.get(row.id)?.keys() ?? []) if (wanted.has(name)) found.along.add(name);
        const name = row.crm_table && row.record_id ? formatRecordRef({ table: row.crm_table, id: row.record_id }) : '';
        const isKey = row.email_key !== null && keys.includes(row.email_key);
        if (!wanted.has(name) && !isKey) continue;
        if (name) found.refs.add(name);
        if (row.email_key) found.keys.add(row.email_key);
      }
      return found;
    },

    marks(refs) {
      const found = new Map<string, string>();
      for (const name of refs.map(formatRecordRef)) {
        const etag = tables.records.get(name)?.erased_etag;
        if (typeof etag === 'string') found.set(name, etag);
      }
      return found;
    },

    ready(limit) {
      const isAnswered = (row: ErasureRow): boolean => partsOf(row.id).every((part) => part.state !== 'pending');
      return copies(
        all()
          .filter((row) => row.state === 'open' && isAnswered(row))
          .slice(0, limit),
      );
    },

    reopen(id, targets) {
      if (tables.erasures.get(id)?.state !== 'open') return;
      for (const part of partsOf(id)) if (targets.includes(part.target)) reopenPart(part);
    },

    reopenFor(target, refs, keys) {
      let count = 0;
      for (const row of all()) {
        const isAbout = refs.some((ref) => concerns(row, ref)) || keys.some((key) => key === row.email_key);
        if (row.state !== 'open' || !isAbout) continue;
        for (const part of partsOf(row.id)) if (part.target === target && reopenPart(part)) count += 1;
      }
      return count;
    },

    targets: (id) =>
      partsOf(id)
        .sort((a, b) => compareText(a.target, b.target))
        .map((part) => ({ ...part })),

    records: (id) => [...(tables.erasureRecords.get(id)?.values() ?? [])],

    get(id) {
      const row = tables.erasures.get(id);
      return row && { ...row };
    },

    byJob: (jobId) => copies(all().filter((row) => row.job_id === jobId))[0],

    ofRecord: (ref) => copies(all().filter((row) => concerns(row, ref))).reverse(),

    touching(ref) {
      const isMember = (row: ErasureRow): boolean =>
        tables.erasureRecords.get(row.id)?.has(formatRecordRef(ref)) ?? false;
      return copies(all().filter((row) => concerns(row, ref) || isMember(row)))
        .reverse()
        .slice(0, 20);
    },

    countOpen() {
      const open = all().filter((row) => row.state === 'open');
      return { open: open.length, oldest: open[0]?.requested_at ?? null };
    },

    close(erasure, marks, stillEligible, suppress) {
      const now = new Date(room.now());
      for (const { ref, etag } of marks) {
        const record = tables.records.get(formatRecordRef(ref));
        if (record) Object.assign(record, { erased_etag: etag, erased_at: now });
      }
      for (const { kind, value } of suppress) suppressOne(room, kind, value, 'erased on request');
      const row = tables.erasures.get(erasure.id);
      if (row) Object.assign(row, { state: 'done', sealed: null, completed_at: now, still_eligible: stillEligible });
      for (const target of tables.holdCases.keys()) {
        const cases = ofTarget(tables.holdCases, target);
        for (const [key, held] of cases) if (held.erasure_id === erasure.id) cases.delete(key);
      }
      const names = new Set(tables.erasureRecords.get(erasure.id)?.keys());
      if (erasure.crm_table && erasure.record_id)
        names.add(formatRecordRef({ table: erasure.crm_table, id: erasure.record_id }));
      for (const [target, deliveries] of tables.deliveries) {
        const keys = new Set([...names].map((name) => deliveries.get(name)?.profile_key ?? null));
        if (erasure.email_key !== null && tables.erasureTargets.get(erasure.id)?.has(target))
          keys.add(erasure.email_key as string as ProfileKey);
        for (const delivery of deliveries.values()) {
          if (delivery.profile_key === null || !keys.has(delivery.profile_key)) continue;
          makeDue(delivery, room.now());
          delivery.owed_seq += 1;
        }
      }
    },
  };
}
