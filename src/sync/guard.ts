/**
 * Before people are erased automatically: the feeds are read to their ends, the members decided again, and the lot is
 * counted. Guarantees: nothing automatic is erased that did not pass here; a lot passes whole or is held whole.
 */
import type { ProfileKey, TargetName } from '../../config/words.ts';
import type { BrakeCase, BrakeLimits, HeldCase } from '../store/brake.ts';
import type { Batch } from './batch.ts';
import { type Core, targetOf } from './core.ts';
import type { Judged } from './judge.ts';

export type GuardVerdict = 'passed' | 'approved' | 'held' | 'staged' | 'rejected';

/** Somebody let a held case pass. */
export interface Approval {
  readonly hold: number;
  readonly by: string;
}

export function approvalOf(row: HeldCase): Approval | undefined {
  if (row.hold_id === null || row.hold_state !== 'approved') return undefined;
  return { hold: row.hold_id, by: row.decided_by ?? 'unknown' };
}

export interface Guarded {
  readonly verdict: GuardVerdict;
  /** For `approved`. */
  readonly approval?: Approval | undefined;
}

/** The most automatic anonymizations a window may see, for a population of `live` profiles. */
export function brakeLimit(brake: Core['settings']['brake'], live: number): number {
  return Math.max(brake.minCount, Math.min(brake.maxCount, Math.floor((brake.maxPercent / 100) * live)));
}

export function brakeLimits(core: Core, target: TargetName): BrakeLimits {
  const { brake } = core.settings;
  return {
    allowed: (live) => brakeLimit(brake, live),
    windowHours: brake.windowHours,
    mayStillBeMailed: !targetOf(core, target).platform.capabilities.pauseReversible,
  };
}

function caseOf(judged: Judged): BrakeCase {
  return { profileKey: judged.key, rule: judged.decision.rule, factsKey: judged.factsKey };
}

function lotOf(judged: Judged): string | undefined {
  return judged.views.flatMap((view) => (view.ledger.claim?.lot ? [view.ledger.claim.lot] : []))[0];
}

/** Judges automatic anonymizations; the answer has every key. */
export async function passBrake(batch: Batch, candidates: readonly Judged[]): Promise<Map<ProfileKey, Guarded>> {
  const { core, lease } = batch;
  const { target } = lease;
  const verdicts = new Map<ProfileKey, Guarded>();
  const cases = await core.store.brake.cases(
    target,
    candidates.map((judged) => judged.key),
  );
  const known = new Map(cases.map((row) => [row.profile_key, row]));
  const fresh: Judged[] = [];
  for (const judged of candidates) {
    const row = known.get(judged.key);
    if (row?.state === 'passed') verdicts.set(judged.key, { verdict: 'passed' });
    else if (row?.state === 'held' && row.approved)
      verdicts.set(judged.key, { verdict: 'approved', approval: approvalOf(row) });
    else if (row?.state === 'held' && row.hold_state === 'open') verdicts.set(judged.key, { verdict: 'held' });
    else if (row?.state === 'staged') verdicts.set(judged.key, { verdict: 'staged' });
    else if (row?.state === 'rejected' && row.facts_key === judged.factsKey)
      verdicts.set(judged.key, { verdict: 'rejected' });
    else fresh.push(judged);
  }
  for (const [lot, members] of Map.groupBy(fresh, lotOf)) {
    if (lot !== undefined) {
      await core.store.brake.stage(target, lot, members.map(caseOf));
      for (const judged of members) verdicts.set(judged.key, { verdict: 'staged' });
      continue;
    }
    const verdict = await core.store.brake.admit(
      target,
      `batch:${lease.token}`,
      members.map(caseOf),
      brakeLimits(core, target),
    );
    for (const judged of members) verdicts.set(judged.key, { verdict });
    if (verdict === 'held') await alarmHold(core, target, members.length);
  }
  return verdicts;
}

async function alarmHold(core: Core, target: TargetName, count: number): Promise<void> {
  await core.alarms.raise(
    'brake',
    target,
    'BRAKE_HOLD',
    `${count} automatic anonymizations are held until somebody reviews them (connector holds)`,
  );
}

/** Judges the lots that have become complete. */
export async function settleLots(core: Core, target: TargetName): Promise<void> {
  const settled = await core.store.brake.settleLots(target, brakeLimits(core, target));
  for (const lot of settled) {
    core.logger.info(
      { target, lot: lot.lot, verdict: lot.verdict, count: lot.count },
      'a lot of automatic anonymizations was counted',
    );
    if (lot.verdict === 'held') await alarmHold(core, target, lot.count);
  }
  if (settled.length > 0) await core.wake.apply(target);
  const isOpen = (await core.store.brake.holds()).some((hold) => hold.target === target && hold.state === 'open');
  if (!isOpen) await core.alarms.clear('brake', target);
}
