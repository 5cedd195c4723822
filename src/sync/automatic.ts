/**
 * Automatic anonymizations on their way through the brake. Guarantees: the feeds are read to their ends and the members
 * decided again before anything is counted; held people are not mailed while they wait, where the platform can lower
 * permissions reversibly.
 */
import type { ProfileKey } from '../../config/words.ts';
import { formatRecordRef } from '../../config/words.ts';
import { type Batch, failReading } from './batch.ts';
import { type Case, leftBehind, parkUnreadable, planCase, singles } from './cases.ts';
import { complete, evidenceOf, type Finished } from './complete.ts';
import { checkOrganization } from './configuration.ts';
import { readRecords, type View, viewOf } from './gather.ts';
import { type GuardVerdict, passBrake } from './guard.ts';
import { circumstancesOf, judge } from './judge.ts';
import { type Assignment, belongs } from './moves.ts';
import { contactRefOf } from './plan.ts';
import { pullEverything } from './pull.ts';
import { checkAddressesReadable } from './readable.ts';
import { lower } from './single-writes.ts';

/** Reads the feeds to their ends, decides again, and asks the brake. */
export async function guardAutomatic(
  batch: Batch,
  cases: readonly Case[],
  done: Set<ProfileKey>,
  assignment: Assignment,
): Promise<Case[]> {
  const isAutomatic = (item: Case): boolean => item.plan.kind === 'anonymize' && !item.judged.decision.explicit;
  let automatic = cases.filter(isAutomatic);
  if (automatic.length === 0) return [...cases];
  const others = cases.filter((item) => !isAutomatic(item));
  const claimed = automatic.flatMap((item) => item.judged.views.map((view) => view.ledger));
  try {
    if (batch.target.settings.identity === 'address') {
      await pullEverything(batch.core, batch.signal);
      automatic = await decideAgain(batch, automatic, assignment);
    } else {
      // A pull asks this too.
      await checkOrganization(batch.core, batch.signal);
    }
    await checkAddressesReadable(
      batch.core,
      automatic.map((item) => item.judged),
      batch.signal,
    );
  } catch (error) {
    await failReading(batch, error, claimed);
    return others;
  }
  const stillAutomatic = automatic.filter(isAutomatic);
  const verdicts = await passBrake(
    batch,
    stillAutomatic.map((item) => item.judged),
  );
  const go: Case[] = [];
  await singles(batch, stillAutomatic, done, async (item) => {
    const { verdict, approval } = verdicts.get(item.judged.key) ?? { verdict: 'held' };
    if (verdict === 'passed' || verdict === 'approved') go.push({ ...item, approval });
    else await waitAtBrake(batch, item, verdict, done);
    return undefined;
  });
  return [...others, ...automatic.filter((item) => !isAutomatic(item)), ...go];
}

async function decideAgain(batch: Batch, automatic: readonly Case[], assignment: Assignment): Promise<Case[]> {
  const { core, lease } = batch;
  const keys = automatic.map((item) => item.judged.key);
  // By name as well: a record that was only ever sent for a profile is not found by its keys.
  const refs = automatic.flatMap((item) => item.judged.views.map((view) => view.ledger.ref));
  const members = await core.store.deliveries.members(lease, keys, refs);
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
    again.push(leftBehind(planCase(batch, { ...item, judged, ref: kept }), assignment));
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
    // Who is not shown may be hidden, and is still to be erased where that can be.
    const isSure = outcome.kind !== 'absent' || batch.target.platform.capabilities.erase.reachesHidden !== true;
    const evidence = [evidenceOf(batch, judged, 'hold', outcome)];
    await complete(batch, [{ ...finished, change: isSure ? change : undefined, intentId, evidence }]);
  }
  if (judged.members.size > 0) done.add(judged.key);
  else batch.atBrake.add(judged.key);
}
