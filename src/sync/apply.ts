/**
 * Applies what is owed to one target, a batch at a time. Guarantees: claim, leases, rows read under them, one decision
 * per profile, intent before and one transaction after each call; whatever goes wrong leaves the record owed or parked
 * with its reason. One bad record never stops another.
 */
import type { ProfileKey, TargetName } from '../../config/words.ts';
import { heldAtFormerAddressCode } from '../store/brake.ts';
import type { LedgerMember } from '../store/deliveries.ts';
import { type Batch, failCall, failLeavers, failReading, newBatch, park, putBack } from './batch.ts';
import { type Case, judgeAll, withFormerBits } from './cases.ts';
import { completeWithheld } from './complete.ts';
import { type Core, newLease } from './core.ts';
import { applyErasures } from './erase.ts';
import { type Gathered, gather } from './gather.ts';
import { settleLots } from './guard.ts';
import { oweThoseLeft } from './left-behind.ts';
import { learnLostIds } from './lost-answers.ts';
import { type Assignment, assign, leadsTo } from './moves.ts';
import { isDryRun, withoutOutsiders } from './pilot.ts';
import { applyCases } from './steps.ts';
import type { ApplyResult } from './use-cases.ts';

/** Milliseconds after which single calls stop and the rest goes back, so that a batch does not outlive its welcome. */
const batchBudgetMs = 20_000;

export async function apply(core: Core, name: TargetName, signal: AbortSignal): Promise<ApplyResult> {
  if (isDryRun(core, name) || (await core.store.targets.isPaused(name))) return { claimed: 0, more: false };
  await settleLots(core, name);
  const erased = await applyErasures(core, name, signal);
  const lease = newLease(core, name);
  const claimed = await core.store.deliveries.claim(lease, core.settings.worker.batchSize, core.epoch);
  if (claimed.length > 0) {
    const deadline = core.now() + batchBudgetMs;
    const batch = newBatch(core, name, { lease, signal, deadline, trigger: 'change' });
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

/** The contact at the new address may need the id that the old one still has. */
const heldAtFormerAddress =
  'the contact at the former address has to be erased first, and the brake holds that; it goes on when the hold is approved (connector holds)';

/** Asked again: whoever is parked after the brake has let the former profile pass is woken by nobody. */
async function isAtBrakeStill(batch: Batch, origins: readonly ProfileKey[]): Promise<boolean> {
  const kept = origins.filter((origin) => batch.atBrake.has(origin));
  if (kept.length === 0) return false;
  const cases = await batch.core.store.brake.cases(batch.lease.target, kept);
  return cases.some(({ state }) => state !== 'passed');
}

/** Undefined when the platform could not be asked: then everything claimed waits. */
async function withLostIds(batch: Batch, gathered: Gathered): Promise<Gathered | undefined> {
  const present = new Set(gathered.views.filter((view) => view.emailKey !== undefined).map((view) => view.key));
  try {
    const profiles = await learnLostIds(batch, [...gathered.profiles.values()], (key) => present.has(key));
    return { ...gathered, profiles: new Map(profiles.map((profile) => [profile.key, profile])) };
  } catch (error) {
    await failCall(batch, error, gathered.views);
    return undefined;
  }
}

async function applyBatch(batch: Batch, claimed: readonly LedgerMember[]): Promise<void> {
  let assignment: Assignment;
  let cases: Case[];
  try {
    const all = await gather(batch.core, batch.lease, claimed, batch.signal);
    await putBack(batch, all.busy, 1000);
    const gathered = await withoutOutsiders(batch, all);
    const known = await withLostIds(batch, gathered);
    if (!known) return;
    assignment = await assign(batch, known);
    await oweThoseLeft(batch, gathered.views, assignment);
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
  await batch.core.alarms.clear('crm-unreadable', 'dataverse');
  cases = await withFormerBits(batch, cases, assignment);
  await applyInOrder(batch, cases, assignment);
}

/** Nobody is written where they came to before what they left is settled. Those who go in a circle go together. */
async function applyInOrder(batch: Batch, cases: readonly Case[], assignment: Assignment): Promise<void> {
  const originsOf = ({ judged }: Case): ProfileKey[] => [...(assignment.origins.get(judged.key) ?? [])];
  const done = new Set<ProfileKey>();
  for (let pending = cases; pending.length > 0; ) {
    const keys = new Set(pending.map(({ judged }) => judged.key));
    const free = pending.filter((item) => !originsOf(item).some((origin) => keys.has(origin)));
    const ready = new Set(free.length > 0 ? free : pending.filter((item) => isInCircle(assignment, item.judged.key)));
    const together = new Set(free.length > 0 ? [] : [...ready].map(({ judged }) => judged.key));
    const able: Case[] = [];
    for (const item of ready) {
      if (originsOf(item).every((origin) => done.has(origin) || together.has(origin))) able.push(item);
      else await keepWaiting(batch, item, originsOf(item));
    }
    const applied =
      together.size === 0
        ? await applyCases(batch, able, assignment)
        : await applyTogether(batch, able, together, assignment);
    for (const key of applied) done.add(key);
    pending = pending.filter((item) => !ready.has(item));
  }
}

/**
 * People who change places: each is done when all are, since a profile that its people have left for good would be
 * nobody's. Whoever is refused for good stops nobody.
 */
async function applyTogether(
  batch: Batch,
  cases: readonly Case[],
  together: ReadonlySet<ProfileKey>,
  assignment: Assignment,
): Promise<Set<ProfileKey>> {
  for (const key of together) batch.together.add(key);
  const done = await applyCases(batch, cases, assignment);
  batch.together.clear();
  const withheld = batch.withheld.splice(0);
  const views = withheld.flatMap(({ judged }) => judged.views);
  try {
    if ([...together].every((key) => done.has(key) || batch.refused.has(key))) {
      await completeWithheld(batch, withheld);
      return done;
    }
    const waiting = views.map((view) => view.ledger);
    await putBack(batch, waiting, 1000);
  } catch (error) {
    await failCall(batch, error, views);
  }
  return new Set();
}

function isInCircle({ origins }: Assignment, key: ProfileKey): boolean {
  return [...(origins.get(key) ?? [])].some((origin) => leadsTo(origins, origin, key));
}

/** What they left could not be settled now. */
async function keepWaiting(batch: Batch, { judged: { views } }: Case, origins: readonly ProfileKey[]): Promise<void> {
  const refusal = origins.map((origin) => batch.refused.get(origin)).find((found) => found !== undefined);
  if (refusal) await failLeavers(batch, views, refusal);
  else if (await isAtBrakeStill(batch, origins)) await park(batch, views, heldAtFormerAddressCode, heldAtFormerAddress);
  else {
    const claimed = views.map((view) => view.ledger);
    await putBack(batch, claimed, 1000);
  }
}
