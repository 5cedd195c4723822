/**
 * The last steps of a profile: nothing, an erasure, a reset, a write. Guarantees: each ends in one transaction, or leaves
 * its deliveries owed.
 */
import type { EmailKey, ProfileKey } from '../../config/words.ts';
import type { Profile } from '../store/profiles.ts';
import { guardAutomatic } from './automatic.ts';
import { type Batch, failCall } from './batch.ts';
import { type Case, leftBehind, resolveLookUp, singles } from './cases.ts';
import { complete, evidenceOf, type Finished, lateEffectLeft } from './complete.ts';
import { chunk } from './concurrency.ts';
import type { Judged } from './judge.ts';
import type { Assignment } from './moves.ts';
import { absentChange, mayBeThere, type UpsertPlan } from './plan.ts';
import { erase, lower, refusal } from './single-writes.ts';
import { type Write, writeAll } from './writes.ts';

/** Brings cases to their end. Answers the keys of those that got there. */
export async function applyCases(
  batch: Batch,
  given: readonly Case[],
  assignment: Assignment,
): Promise<Set<ProfileKey>> {
  const done = new Set<ProfileKey>();
  let cases = await singles(batch, given, done, (item) =>
    item.plan.kind === 'lookUp' ? resolveLookUp(batch, item) : item,
  );
  cases = cases.map((item) => leftBehind(item, assignment));
  cases = await guardAutomatic(batch, cases, done, assignment);

  const nothing = cases.filter((item) => item.plan.kind === 'nothing');
  await eraseJoined(batch, nothing);
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

/**
 * Somebody who is being erased has come to share this profile after the target's part was done, while another target is
 * waited for; or has come to an address of which nobody knows yet whether somebody from earlier times has it there; or
 * somebody has come to share the address with them, and is to be kept out with them: that part is owed once more.
 */
async function eraseJoined(batch: Batch, cases: readonly Case[]): Promise<void> {
  const joined = cases.filter(
    ({ judged, standing: { profile } }) =>
      judged.decision.rule === 'erased-on-request' &&
      (mayBeThere(profile) || isNewTo(batch, judged, profile) || hasCompany(judged)),
  );
  if (joined.length === 0) return;
  const refs = joined.flatMap(({ judged }) => judged.views.map((view) => view.ledger.ref));
  const keys = joined.map(({ judged }) => judged.key as string as EmailKey);
  const again = await batch.core.store.erasures.reopenFor(batch.lease.target, refs, keys);
  if (again > 0)
    batch.core.logger.info({ target: batch.lease.target, erasures: again }, 'an erasure is to be done once more');
}

/** An address at which nobody has looked yet. */
function isNewTo({ target: { settings } }: Batch, { views }: Judged, { state }: Profile): boolean {
  const isOpenToAll = settings.identity === 'address' && settings.adoptExisting && state === 'new';
  return isOpenToAll && views.some((view) => view.emailKey !== undefined);
}

/** Somebody is here who was not erased, nor noted, with the person. */
function hasCompany({ members }: Judged): boolean {
  return [...members.values()].some(
    ({ facts }) => facts.existence !== 'deleted' && !facts.erasureOpen && !facts.erasedBefore,
  );
}

async function finishNothing(batch: Batch, cases: readonly Case[], done: Set<ProfileKey>): Promise<void> {
  for (const part of chunk(cases, 500)) {
    const finished = part.map((item): Finished => {
      const state = item.plan.kind === 'nothing' ? item.plan.state : undefined;
      const wasLookedFor = item.plan.kind === 'nothing' && (item.plan.lookedFor ?? state === 'absent');
      const applied = item.judged.decision.action === 'sync' && item.standing.profile.state === 'live';
      return {
        judged: item.judged,
        appliesBits: applied,
        // A write that nobody looked for may have landed: it stays open.
        met: item.standing.profile.openIntents.filter((intent) => wasLookedFor || intent.kind !== 'upsert'),
        // Looked for and not found: what others sent may still land.
        againInMs: wasLookedFor ? lateEffectLeft(batch, item.standing.profile.openIntents) : undefined,
        ...(state === 'absent' ? { change: absentChange(item.standing.profile) } : {}),
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
    // Nothing was sent: then nothing can land, and a later absence is no confirmation.
    if (erased.intentId && erased.outcome.status === 0) await batch.core.store.profiles.drop([erased.intentId]);
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
      evidence: [evidenceOf(batch, judged, 'anonymize', erased.outcome, { approval: item.approval })],
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
    const met = standing.profile.openIntents;
    const againInMs = outcome.kind === 'absent' ? lateEffectLeft(batch, met) : undefined;
    await complete(batch, [{ judged, change: final, intentId, evidence, met, againInMs }]);
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
