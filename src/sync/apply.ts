/**
 * Applies what is owed to one target, a batch at a time. Guarantees: claim, leases, rows read under them, one decision
 * per profile, intent before and one transaction after each call; whatever goes wrong leaves the record owed or parked
 * with its reason. One bad record never stops another.
 */
import { formatRecordRef, type ProfileKey, type TargetName } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { ContactRef } from '../platforms/platform.ts';
import type { LedgerMember } from '../store/deliveries.ts';
import type { Profile } from '../store/profiles.ts';
import type { Bits } from '../store/tables.ts';
import { type Batch, backoffMs, failCall, park, putBack } from './batch.ts';
import { complete, evidenceOf, type Finished } from './complete.ts';
import { chunk, mapLimit } from './concurrency.ts';
import { type Core, newLease, targetOf } from './core.ts';
import { applyErasures } from './erase.ts';
import { gather, readRecords, type View, viewOf } from './gather.ts';
import { type GuardVerdict, passBrake, settleLots } from './guard.ts';
import { circumstancesOf, type Judged, judge } from './judge.ts';
import { type Assignment, assign, belongs } from './moves.ts';
import { contactRefOf, isPresent, type Plan, planProfile, type Standing, type UpsertPlan } from './plan.ts';
import { pullEverything } from './pull.ts';
import { erase, lookUp, lower, refusal } from './single-writes.ts';
import type { ApplyResult } from './use-cases.ts';
import { type Write, writeAll } from './writes.ts';

/** Deliveries a claim takes at most: enough for full bulk reads and calls, few enough to be read and held at once. */
const claimLimit = 2000;
/** Milliseconds after which single calls stop and the rest goes back, so that a batch does not outlive its welcome. */
const batchBudgetMs = 20_000;
const singlesAtOnce = 8;

export async function apply(core: Core, name: TargetName, signal: AbortSignal): Promise<ApplyResult> {
  if (await core.store.targets.isPaused(name)) return { claimed: 0, more: false };
  await settleLots(core, name);
  const erased = await applyErasures(core, name, signal);
  const lease = newLease(core, name);
  const claimed = await core.store.deliveries.claim(lease, claimLimit, core.epoch);
  if (claimed.length > 0) {
    const batch: Batch = {
      core,
      target: targetOf(core, name),
      lease,
      signal,
      deadline: core.now() + batchBudgetMs,
      trigger: 'change',
      leasedAt: core.now(),
    };
    try {
      await applyBatch(batch, claimed);
    } finally {
      await core.store.deliveries.release(lease);
      await core.store.profiles.release(lease);
    }
    await settleLots(core, name);
  }
  const paused = await core.store.targets.isPaused(name);
  return { claimed: claimed.length + erased, more: !paused && (await core.store.deliveries.isDue(name)) };
}

/** A profile on its way through the batch. */
interface Case {
  readonly judged: Judged;
  readonly standing: Standing;
  readonly ref: ContactRef;
  readonly plan: Plan;
  /** Bits at the address that the person left. */
  readonly cap: Bits | undefined;
  /** People whom the ledger does not know may be on the target. */
  readonly adopt: boolean;
}

async function applyBatch(batch: Batch, claimed: readonly LedgerMember[]): Promise<void> {
  let assignment: Assignment;
  let cases: Case[];
  try {
    const gathered = await gather(batch.core, batch.lease, claimed, batch.signal);
    await putBack(batch, gathered.busy, 1000);
    assignment = await assign(batch, gathered);
    await putBack(
      batch,
      assignment.waiting.map((view) => view.ledger),
      1000,
    );
    cases = await judgeAll(batch, assignment);
  } catch (error) {
    await failReading(batch, error, claimed);
    return;
  }
  cases = await withFormerBits(batch, cases, assignment);
  const first = cases.filter((c) => assignment.left.has(c.judged.key));
  const done = await applyCases(batch, first, assignment);
  const rest: Case[] = [];
  for (const item of cases.filter((c) => !assignment.left.has(c.judged.key))) {
    const origins = [...(assignment.origins.get(item.judged.key) ?? [])];
    if (origins.every((origin) => done.has(origin))) rest.push(item);
    else
      await putBack(
        batch,
        item.judged.views.map((view) => view.ledger),
        1000,
      );
  }
  await applyCases(batch, rest, assignment);
}

/** Dataverse could not be asked: nobody is judged on that. */
async function failReading(batch: Batch, error: unknown, claimed: readonly LedgerMember[]): Promise<void> {
  const { core } = batch;
  const wait = isConnectorError(error) ? (error.retryAfterMs ?? (error.kind === 'config' ? 60_000 : 5000)) : 5000;
  if (isConnectorError(error) && error.kind === 'config') {
    core.alarms.raise('crm-unreadable', 'dataverse', error.code, error.message);
  }
  core.logger.warn({ target: batch.lease.target, err: error }, 'records could not be read; they stay owed');
  for (const [attempts, members] of Map.groupBy(claimed, (member) => member.claim?.attempts ?? 0)) {
    await putBack(batch, members, Math.max(wait, isConnectorError(error) ? 0 : backoffMs(attempts)));
  }
}

async function judgeAll(batch: Batch, assignment: Assignment): Promise<Case[]> {
  const { core } = batch;
  const keys = new Set([...assignment.left, ...assignment.members.keys()]);
  const relevant = [...keys].filter(
    (key) => assignment.left.has(key) || (assignment.members.get(key) ?? []).some((view) => view.ledger.claim),
  );
  const views = relevant.flatMap((key) => assignment.members.get(key) ?? []);
  const circumstance = await circumstancesOf(core, views);
  const adopt = batch.target.settings.adoptExisting && !(await holdsNobody(batch));
  const others = new Set(
    await core.store.profiles.heldByOthers(
      batch.lease.target,
      views.map((view) => view.ledger.ref.id),
      relevant,
    ),
  );
  const cases: Case[] = [];
  for (const key of relevant) {
    const members = assignment.members.get(key) ?? [];
    const judged = judge(core, batch.lease.target, key, members, circumstance);
    if (judged.unreadable) {
      await parkUnreadable(batch, judged);
      continue;
    }
    const profile = assignment.profiles.get(key);
    if (!profile) continue;
    const standing: Standing = {
      profile: remembering(profile, members, assignment),
      foundBits: undefined,
      present: isPresent(profile.state),
    };
    const ref = contactRefOf(core, batch.lease.target, profile, members, withoutOwn(others, profile.contactKeys));
    cases.push(plan(batch, { judged, standing, ref, cap: undefined, adopt }));
  }
  return cases;
}

/** Somebody who was anonymized at another address keeps the opt-outs of their life there. */
function remembering(profile: Profile, members: readonly View[], assignment: Assignment): Profile {
  if (isPresent(profile.state) || profile.bitsBefore) return profile;
  const earlier = members.flatMap((view) => {
    const former = view.ledger.claim && view.ledger.profileKey && assignment.profiles.get(view.ledger.profileKey);
    return former && !isPresent(former.state) && former.bitsBefore ? [former.bitsBefore] : [];
  })[0];
  return earlier ? { ...profile, bitsBefore: earlier } : profile;
}

/** Milliseconds for which an answer "nobody is here" counts: a first load, and not what others add later. */
const emptinessCountsMs = 3_600_000;

/** Asked once, before the first person is written: who is not there then need not be looked up one by one. */
async function holdsNobody(batch: Batch): Promise<boolean> {
  const { core, lease, target } = batch;
  if (!target.platform.hasNobody) return false;
  const known = await core.store.targets.emptiness(lease.target, emptinessCountsMs);
  if (known.asked) return known.empty;
  let empty = false;
  try {
    empty =
      (await core.store.profiles.countLive(lease.target)) === 0 && (await target.platform.hasNobody(batch.signal));
  } catch (error) {
    // The look-ups will meet the same trouble, and say what it means.
    core.logger.warn({ target: lease.target, err: error }, 'the target could not say whether it holds nobody');
    return false;
  }
  await core.store.targets.noteEmptiness(lease.target, empty);
  return (await core.store.targets.emptiness(lease.target, emptinessCountsMs)).empty;
}

function withoutOwn(others: ReadonlySet<string>, own: readonly string[]): Set<string> {
  return new Set([...others].filter((key) => !own.includes(key)));
}

async function parkUnreadable(batch: Batch, judged: Judged): Promise<void> {
  for (const view of judged.views) {
    const bad = view.reading.kind === 'malformed' ? view.reading.malformed : undefined;
    if (bad) await park(batch, [view], bad.code, bad.reason);
    else
      await park(
        batch,
        [view],
        'SIBLING_UNREADABLE',
        'another record with this address cannot be read, so nothing can be decided about the person',
      );
  }
}

function plan(batch: Batch, item: Omit<Case, 'plan'>): Case {
  const forced = item.judged.views.some((view) => view.ledger.claim?.forced);
  const options = { cap: item.cap, adopt: item.adopt, forced };
  // An explicit erasure does its own work on each target, with its own result: nothing is to be done here.
  if (item.judged.decision.rule === 'erased-on-request') {
    return { ...item, plan: { kind: 'nothing', key: item.judged.key, state: undefined } };
  }
  return { ...item, plan: planProfile(batch.core, batch.lease.target, item.judged, item.standing, item.ref, options) };
}

/** Brings cases to their end. Answers the keys of those that got there. */
async function applyCases(batch: Batch, given: readonly Case[], assignment: Assignment): Promise<Set<ProfileKey>> {
  const done = new Set<ProfileKey>();
  let cases = await singles(batch, given, done, (item) =>
    item.plan.kind === 'lookUp' ? resolveLookUp(batch, item) : item,
  );
  cases = cases.map((item) => leftBehind(item, assignment));
  cases = await guardAutomatic(batch, cases, done, assignment);

  const nothing = cases.filter((item) => item.plan.kind === 'nothing');
  await finishNothing(batch, nothing, done);
  const writes: Write[] = [];
  await singles(
    batch,
    cases.filter((item) => item.plan.kind === 'anonymize'),
    done,
    async (item) => {
      await anonymizeCase(batch, item, done);
      return undefined;
    },
  );
  const upserts = cases.filter((item) => item.plan.kind === 'upsert');
  const ready = await singles(batch, upserts, done, async (item) =>
    (item.plan as UpsertPlan).resetFirst ? resetCase(batch, item, done) : item,
  );
  for (const item of ready) {
    if (item.plan.kind === 'upsert')
      writes.push({ judged: item.judged, profile: item.standing.profile, plan: item.plan });
  }
  await closeLeftHolds(batch, cases);
  for (const key of await writeAll(batch, writes)) done.add(key as ProfileKey);
  return done;
}

/** Runs a step over cases, a few at once; a case whose step fails is put back or parked and leaves. */
async function singles(
  batch: Batch,
  cases: readonly Case[],
  done: Set<ProfileKey>,
  step: (item: Case) => Promise<Case | undefined> | Case | undefined,
): Promise<Case[]> {
  const results = await mapLimit(cases, singlesAtOnce, async (item) => {
    if (done.has(item.judged.key)) return undefined;
    if (batch.core.now() > batch.deadline && item.plan.kind !== 'upsert' && item.plan.kind !== 'nothing') {
      await putBack(
        batch,
        item.judged.views.map((view) => view.ledger),
        0,
      );
      return undefined;
    }
    try {
      return await step(item);
    } catch (error) {
      await failCall(batch, error, item.judged.views);
      return undefined;
    }
  });
  return results.filter((item) => item !== undefined);
}

/**
 * A person who comes from another address gets no permission that was down there: the bits are read before anything is
 * written, since the former contact may be erased by this batch.
 */
async function withFormerBits(batch: Batch, cases: readonly Case[], assignment: Assignment): Promise<Case[]> {
  const byKey = new Map(cases.map((item) => [item.judged.key, item]));
  return singles(batch, cases, new Set(), async (item) => {
    const origins = assignment.origins.get(item.judged.key);
    if (!origins || item.standing.present) return item;
    let cap: Record<string, boolean> | undefined;
    for (const origin of origins) {
      const former = byKey.get(origin);
      const { profile } = former?.standing ?? {};
      const lowered = profile?.state === 'reset' || profile?.state === 'held';
      const bits = lowered ? profile?.bitsBefore : former && (await lookUp(batch, former.ref))?.permissions;
      for (const [name, value] of Object.entries(bits ?? {})) cap = { ...cap, [name]: value && (cap?.[name] ?? true) };
    }
    return plan(batch, { ...item, cap: cap ?? {} });
  });
}

async function resolveLookUp(batch: Batch, item: Case): Promise<Case> {
  const found = await lookUp(batch, item.ref);
  if (!found) {
    const absent: Plan = { kind: 'nothing', key: item.judged.key, state: 'absent' };
    return { ...item, plan: absent };
  }
  const contactKeys = found.contactKey ? [found.contactKey, ...item.ref.contactKeys] : item.ref.contactKeys;
  return plan(batch, {
    ...item,
    standing: { ...item.standing, present: true, foundBits: found.permissions },
    ref: { ...item.ref, contactKeys: [...new Set(contactKeys)] },
  });
}

/** Everybody left this profile for another address: the person lives on there, so the old contact goes without the brake. */
function leftBehind(item: Case, assignment: Assignment): Case {
  if (!assignment.left.has(item.judged.key) || item.judged.views.length > 0 || !item.standing.present) return item;
  const decision = { ...item.judged.decision, action: 'anonymize' as const, explicit: true };
  return { ...item, judged: { ...item.judged, decision }, plan: { kind: 'anonymize', key: item.judged.key } };
}

/** Reads the feeds to their ends, decides again, and asks the brake. */
async function guardAutomatic(
  batch: Batch,
  cases: readonly Case[],
  done: Set<ProfileKey>,
  assignment: Assignment,
): Promise<Case[]> {
  const isAutomatic = (item: Case): boolean => item.plan.kind === 'anonymize' && !item.judged.decision.explicit;
  let automatic = cases.filter(isAutomatic);
  if (automatic.length === 0) return [...cases];
  const others = cases.filter((item) => !isAutomatic(item));
  if (batch.target.settings.identity === 'address') {
    try {
      await pullEverything(batch.core, batch.signal);
      automatic = await decideAgain(batch, automatic, assignment);
    } catch (error) {
      await failReading(
        batch,
        error,
        automatic.flatMap((item) => item.judged.views.map((view) => view.ledger)),
      );
      return others;
    }
  }
  const stillAutomatic = automatic.filter(isAutomatic);
  const verdicts = await passBrake(
    batch,
    stillAutomatic.map((item) => item.judged),
  );
  const go: Case[] = [];
  await singles(batch, stillAutomatic, done, async (item) => {
    const verdict = verdicts.get(item.judged.key) ?? 'held';
    if (verdict === 'passed' || verdict === 'approved') go.push(item);
    else await waitAtBrake(batch, item, verdict, done);
    return undefined;
  });
  return [...others, ...automatic.filter((item) => !isAutomatic(item)), ...go];
}

async function decideAgain(batch: Batch, automatic: readonly Case[], assignment: Assignment): Promise<Case[]> {
  const { core, lease } = batch;
  const keys = automatic.map((item) => item.judged.key);
  const members = await core.store.deliveries.members(lease, keys, []);
  const readings = await readRecords(core, members, batch.signal);
  const views: View[] = members.flatMap((ledger) => {
    const reading = readings.get(formatRecordRef(ledger.ref));
    return reading ? [viewOf(core, batch.target.settings.identity, ledger, reading)] : [];
  });
  const circumstance = await circumstancesOf(core, views);
  const again: Case[] = [];
  for (const item of automatic) {
    const own = views.filter((view) => view.key === item.judged.key && belongs(view));
    const judged = judge(core, lease.target, item.judged.key, own, circumstance);
    if (judged.unreadable) {
      await parkUnreadable(batch, judged);
      continue;
    }
    const profile = assignment.profiles.get(item.judged.key) ?? item.standing.profile;
    const ref = contactRefOf(core, lease.target, profile, own, new Set());
    const kept = { ...ref, recordIds: item.ref.recordIds, contactKeys: item.ref.contactKeys };
    again.push(plan(batch, { ...item, judged, ref: kept }));
  }
  return again;
}

/** Held people are not to be mailed while they wait. */
async function waitAtBrake(batch: Batch, item: Case, verdict: GuardVerdict, done: Set<ProfileKey>): Promise<void> {
  const { judged, standing } = item;
  const finished: Finished = { judged, staged: verdict === 'staged' };
  const lowered = standing.profile.state === 'reset' || standing.profile.state === 'held';
  if (verdict !== 'held' || lowered || !batch.target.platform.capabilities.pauseReversible) {
    await complete(batch, [finished]);
  } else {
    const { outcome, change, intentId } = await lower(batch, standing.profile, item.ref, 'held', standing.foundBits);
    await complete(batch, [{ ...finished, change, intentId, evidence: [evidenceOf(batch, judged, 'hold', outcome)] }]);
  }
  done.add(judged.key);
}

async function finishNothing(batch: Batch, cases: readonly Case[], done: Set<ProfileKey>): Promise<void> {
  for (const part of chunk(cases, 500)) {
    const finished = part.map((item): Finished => {
      const state = item.plan.kind === 'nothing' ? item.plan.state : undefined;
      const applied = item.judged.decision.action === 'sync' && item.standing.profile.state === 'live';
      return {
        judged: item.judged,
        appliesBits: applied,
        met: item.standing.profile.openIntents,
        ...(state ? { change: { key: item.judged.key, state } } : {}),
      };
    });
    try {
      await complete(batch, finished);
      for (const item of part) done.add(item.judged.key);
    } catch (error) {
      await failCall(
        batch,
        error,
        part.flatMap((item) => item.judged.views),
      );
    }
  }
}

async function anonymizeCase(batch: Batch, item: Case, done: Set<ProfileKey>): Promise<void> {
  const { judged, standing } = item;
  const erased = await erase(batch, standing.profile, item.ref, { found: standing.foundBits, urgent: false });
  if (erased.outcome.kind !== 'done' && erased.outcome.kind !== 'absent') {
    throw refusal(erased.outcome);
  }
  await complete(batch, [
    {
      judged,
      change: erased.change,
      intentId: erased.intentId,
      keepIntent: erased.againInMs !== undefined,
      againInMs: erased.againInMs,
      met: erased.met,
      evidence: [evidenceOf(batch, judged, 'anonymize', erased.outcome)],
    },
  ]);
  if (erased.againInMs !== undefined) return;
  await batch.core.store.brake.close(batch.lease.target, [judged.key]);
  done.add(judged.key);
}

/** Lowers first; the data follows in bulk where it changed. */
async function resetCase(batch: Batch, item: Case, done: Set<ProfileKey>): Promise<Case | undefined> {
  const { judged, standing } = item;
  const { outcome, change, intentId } = await lower(batch, standing.profile, item.ref, 'reset', standing.foundBits);
  if (outcome.kind !== 'done' && outcome.kind !== 'absent') throw refusal(outcome);
  const evidence = [evidenceOf(batch, judged, 'resetPermissions', outcome)];
  const upsert = item.plan as UpsertPlan;
  if (outcome.kind === 'absent' || standing.profile.dataFingerprint === upsert.dataFingerprint) {
    const final =
      outcome.kind === 'absent' ? change : { ...change, permissionFingerprint: upsert.permissionFingerprint };
    await complete(batch, [{ judged, change: final, intentId, evidence, met: standing.profile.openIntents }]);
    done.add(judged.key);
    return undefined;
  }
  // The bits are stored now; the delivery itself completes with the data.
  await complete(batch, [{ judged: { ...judged, views: [] }, change, intentId, evidence }]);
  return item;
}

/** A case leaves its hold as soon as its decision is no longer anonymize. */
async function closeLeftHolds(batch: Batch, cases: readonly Case[]): Promise<void> {
  const keys = cases.filter((item) => item.plan.kind !== 'anonymize').map((item) => item.judged.key);
  await batch.core.store.brake.close(batch.lease.target, keys);
}
