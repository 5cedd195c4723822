/** The guard's memory: what passed, what waits to be counted, what is held; as src/store/brake.ts. */
import { formatRecordRef, type ProfileKey, type RecordRef, type TargetName } from '../../../config/words.ts';
import {
  type Brake,
  type BrakeCase,
  type BrakeLimits,
  erasureCaseKey,
  heldAtFormerAddressCode,
  nobody,
  type Verdict,
} from '../../../src/store/brake.ts';
import type { HoldCaseRow, HoldRow } from '../../../src/store/tables.ts';
import { makeDue } from './checkpoints.ts';
import { appendEvidence } from './evidence.ts';
import { compareText, inKeyOrder, isLive, ofTarget, type Room, type Synchronous } from './tables.ts';

const hourMs = 3_600_000;
const explicitLot = 'explicit';
const afterLot = 'after';

/** What waits in the list for these profiles is due, whatever its lot: the case is the profile's. */
export function unstage(room: Room, target: TargetName, keys: ReadonlySet<ProfileKey>): void {
  for (const row of ofTarget(room.tables.deliveries, target).values()) {
    const isParked = row.parked_code === heldAtFormerAddressCode;
    const sentFor = ofTarget(room.tables.contactKeys, target).get(row.id)?.profile_key;
    const isTheirs = row.profile_key !== null && keys.has(row.profile_key);
    const wasSent = sentFor !== undefined && keys.has(sentFor);
    if (!(isTheirs && (row.staged || isParked)) && !(wasSent && isParked)) continue;
    row.due_at = new Date(room.now());
    row.staged = false;
    row.lot = null;
    row.parked_code = null;
    row.parked_reason = null;
    row.parked_at = null;
  }
}

/** Who let each of them pass, or not. */
function noteDecision(room: Room, hold: HoldRow, cases: readonly HoldCaseRow[]): void {
  const { tables } = room;
  for (const row of [...cases].sort((a, b) => compareText(a.profile_key, b.profile_key))) {
    const erasure = row.erasure_id === null ? undefined : tables.erasures.get(row.erasure_id);
    const refs = [...ofTarget(tables.deliveries, row.target).values()]
      .filter((delivery) => delivery.profile_key === row.profile_key)
      .map((delivery): RecordRef => ({ table: delivery.crm_table, id: delivery.id }));
    const members = inKeyOrder(refs, (ref) => ref);
    appendEvidence(room, [
      {
        target: row.target,
        crm_table: erasure?.crm_table ?? members[0]?.table ?? null,
        record_id: erasure?.record_id ?? members[0]?.id ?? null,
        profile_key: row.profile_key,
        members: members.length > 0 ? members.map(formatRecordRef) : null,
        act: `hold-${hold.state}`,
        rule: row.rule,
        trigger: erasure ? `erasure ${erasure.id}` : 'command',
        detail: `hold ${hold.id}`,
        actor: hold.decided_by,
        configuration: tables.configurations.at(-1)?.fingerprint ?? null,
      },
    ]);
  }
}

export function memoryBrake(room: Room): Synchronous<Brake> {
  const { tables } = room;
  const casesOf = (target: TargetName): Map<ProfileKey, HoldCaseRow> => ofTarget(tables.holdCases, target);
  const ofHold = (id: number): HoldCaseRow[] =>
    [...tables.holdCases.values()].flatMap((rows) => [...rows.values()].filter((row) => row.hold_id === id));

  function passedSince(target: TargetName, explicit: boolean, windowMs: number): number {
    const from = room.now() - windowMs;
    return tables.brakePasses.filter((p) => p.target === target && p.explicit === explicit && p.at > from).length;
  }

  function addHold(target: TargetName, lot: string, reason: string, rest: Partial<HoldRow>): number {
    const id = ++tables.holdSeq;
    tables.holds.set(id, {
      id,
      target,
      lot,
      reason,
      state: 'open',
      window_count: 0,
      allowed: 0,
      may_still_be_mailed: false,
      created_at: new Date(room.now()),
      decided_at: null,
      decided_by: null,
      approved_until: null,
      ...rest,
    });
    return id;
  }

  function judge(
    target: TargetName,
    lot: string,
    count: number,
    limits: BrakeLimits,
  ): { verdict: Verdict; holdId: number | null } {
    const passed = passedSince(target, false, limits.windowHours * hourMs);
    const allowed = limits.allowed([...ofTarget(tables.profiles, target).values()].filter(isLive).length);
    const open = [...tables.holds.values()].filter(
      (hold) => hold.target === target && hold.state === 'open' && hold.lot !== explicitLot,
    );
    if (open.length === 0 && passed + count <= allowed) {
      for (let n = 0; n < count; n++) tables.brakePasses.push({ target, explicit: false, at: room.now() });
      return { verdict: 'passed', holdId: null };
    }
    const after = open.find((hold) => hold.lot === afterLot);
    if (after) return { verdict: 'held', holdId: after.id };
    const isFirst = open.length === 0;
    const holdId = addHold(target, isFirst ? lot : afterLot, isFirst ? 'limit' : afterLot, {
      window_count: passed + count,
      allowed,
      may_still_be_mailed: limits.mayStillBeMailed,
    });
    return { verdict: 'held', holdId };
  }

  function putCases(
    target: TargetName,
    lot: string,
    cases: readonly BrakeCase[],
    state: HoldCaseRow['state'],
    holdId: number | null,
  ): void {
    const rows = casesOf(target);
    for (const { profileKey, rule, factsKey } of cases) {
      const former = rows.get(profileKey);
      rows.set(profileKey, {
        target,
        profile_key: profileKey,
        hold_id: holdId,
        lot,
        rule,
        erasure_id: former?.erasure_id ?? null,
        state,
        facts_key: factsKey,
        created_at: new Date(room.now()),
      });
    }
  }

  function isLotComplete(target: TargetName, lot: string): boolean {
    const isBeingRead = [...tables.checkpoints.values()].some((row) => row.lot === lot);
    const rows = [...ofTarget(tables.deliveries, target).values()];
    return !isBeingRead && !rows.some((row) => row.lot === lot && row.due_at !== null);
  }

  return {
    cases(target, keys) {
      const rows = casesOf(target);
      return [...new Set(keys)].flatMap((key) => {
        const row = rows.get(key);
        if (!row) return [];
        const hold = row.hold_id === null ? undefined : tables.holds.get(row.hold_id);
        const approved = Number(hold?.approved_until ?? 0) > room.now();
        return [{ ...row, hold_state: hold?.state ?? null, approved, decided_by: hold?.decided_by ?? null }];
      });
    },

    admit(target, lot, cases, limits) {
      const { verdict, holdId } = judge(target, lot, cases.length, limits);
      putCases(target, lot, cases, verdict, holdId);
      return verdict;
    },

    stage: (target, lot, cases) => putCases(target, lot, cases, 'staged', null),

    settleLots(target, limits) {
      const staged = [...casesOf(target).values()].filter((row) => row.state === 'staged');
      const lots = [...Map.groupBy(staged, (row) => row.lot)].sort(([a], [b]) => compareText(a, b));
      const settled: { lot: string; verdict: Verdict; count: number }[] = [];
      for (const [lot, rows] of lots) {
        if (!isLotComplete(target, lot)) continue;
        const { verdict, holdId } = judge(target, lot, rows.length, limits);
        for (const row of rows) Object.assign(row, { state: verdict, hold_id: holdId });
        unstage(room, target, new Set(rows.map((row) => row.profile_key)));
        settled.push({ lot, verdict, count: rows.length });
      }
      for (const hold of tables.holds.values())
        if (hold.target === target && hold.state === 'open' && ofHold(hold.id).length === 0)
          Object.assign(hold, { state: 'rejected', decided_at: new Date(room.now()), decided_by: nobody });
      return settled;
    },

    close(target, keys) {
      const closed = keys.filter((key) => casesOf(target).delete(key));
      if (closed.length > 0) unstage(room, target, new Set(closed));
    },

    holds() {
      const from = room.now() - 30 * 24 * hourMs;
      const recent = [...tables.holds.values()].filter(
        (hold) => hold.state === 'open' || Number(hold.decided_at ?? 0) > from,
      );
      return recent.map((hold) => ({ ...hold, cases: ofHold(hold.id).length }));
    },

    hold(id) {
      const hold = tables.holds.get(id);
      if (!hold) return undefined;
      const cases = ofHold(id).sort((a, b) => compareText(a.profile_key, b.profile_key));
      return { hold: { ...hold }, cases: cases.map((row) => ({ ...row })) };
    },

    decide(id, verdict, actor) {
      const hold = tables.holds.get(id);
      if (hold?.state !== 'open') return false;
      const now = room.now();
      hold.state = verdict;
      hold.decided_at = new Date(now);
      hold.decided_by = actor;
      if (verdict === 'approved') hold.approved_until = new Date(now + 24 * hourMs);
      noteDecision(room, hold, ofHold(id));
      for (const row of ofHold(id)) {
        if (verdict === 'rejected') row.state = 'rejected';
        for (const delivery of ofTarget(tables.deliveries, row.target).values()) {
          if (delivery.profile_key !== row.profile_key) continue;
          makeDue(delivery, now);
          delivery.owed_seq += 1;
        }
        if (verdict === 'approved' && row.erasure_id !== null) approveErasure(row.erasure_id, row.target);
      }
      return true;
    },

    admitExplicit(target, erasure, limit) {
      const key = erasureCaseKey(erasure.id);
      const known = casesOf(target).get(key);
      if (known?.state === 'passed' || (known?.state === 'rejected' && !erasure.approved)) return known.state;
      const count = passedSince(target, true, hourMs);
      const held = !erasure.approved && count >= limit;
      if (held && known) return 'held';
      if (!held && !erasure.approved) tables.brakePasses.push({ target, explicit: true, at: room.now() });
      casesOf(target).set(key, {
        target,
        profile_key: key,
        hold_id: held ? explicitHold(target, limit, count + 1) : erasure.approved ? (known?.hold_id ?? null) : null,
        lot: explicitLot,
        rule: 'erased-on-request',
        erasure_id: erasure.id,
        state: held ? 'held' : 'passed',
        facts_key: null,
        created_at: new Date(room.now()),
      });
      return held ? 'held' : 'passed';
    },
  };

  function explicitHold(target: TargetName, allowed: number, count: number): number {
    const open = [...tables.holds.values()].find(
      (hold) => hold.target === target && hold.state === 'open' && hold.lot === explicitLot,
    );
    return open?.id ?? addHold(target, explicitLot, 'explicit-limit', { window_count: count, allowed });
  }

  function approveErasure(id: string, target: TargetName): void {
    const erasure = tables.erasures.get(id);
    if (erasure) erasure.approved = true;
    const part = tables.erasureTargets.get(id)?.get(target);
    if (part?.state !== 'pending') return;
    part.due_at = new Date(room.now());
    part.waiting_code = null;
    part.waiting_reason = null;
  }
}
