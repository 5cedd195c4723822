/**
 * Explicit erasures, target by target. Guarantees: a target's part is done only when the platform said done, or absent
 * under everything the person may be called there; addresses that a repetition needs are sealed before the first call; a
 * platform that refuses or is down leaves the erasure open with its sentence. The brake does not apply; the hourly limit
 * does.
 */
import { formatRecordRef, Personal, type ProfileKey, type RecordId, type TargetName } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { ContactRef, Outcome } from '../platforms/platform.ts';
import { erasureCaseKey } from '../store/brake.ts';
import type { Lease } from '../store/deliveries.ts';
import type { ClaimedErasure, Erasures } from '../store/erasures.ts';
import { LeaseLostError } from '../store/profiles.ts';
import type { UnitOfWork } from '../store/store.ts';
import { outsidePilotCode } from '../store/targets.ts';
import { type Batch, backoffMs, newBatch } from './batch.ts';
import { approvedBy, lateEffectLeft } from './complete.ts';
import { mapLimit } from './concurrency.ts';
import { type Core, newLease } from './core.ts';
import { type GatheredPerson, gatherPerson, ownRef, type Person } from './erase-person.ts';
import { type Approval, approvalOf } from './guard.ts';
import { learnLostIds } from './lost-answers.ts';
import { isDryRun, isInvited, outsidePilotSentence } from './pilot.ts';
import { mayBeThere } from './plan.ts';
import { erase } from './single-writes.ts';
import { english } from './texts/index.ts';

const claimLimit = 20;
const erasuresAtOnce = 4;
/** Milliseconds until a refused erasure is tried again: the mend is a setting or a person's hand. */
const refusedAgainMs = 5 * 60_000;

/** Milliseconds until an erasure is tried again of which somebody else has a profile. */
const busyAgainMs = 1000;

/** Milliseconds until a row that forbids the erasure is looked at again. */
const blockedAgainMs = 60_000;

/** Works on the erasures that are due on a target. Answers how many were claimed. */
export async function applyErasures(core: Core, name: TargetName, signal: AbortSignal): Promise<number> {
  if (isDryRun(core, name)) return 0;
  const claimLease = newLease(core, name);
  const claimed = await core.store.erasures.claim(claimLease, claimLimit, core.epoch);
  const busy: ClaimedErasure[] = [];
  await mapLimit(claimed, erasuresAtOnce, async (erasure) => {
    if (!(await eraseAlone(core, name, signal, claimLease, erasure))) busy.push(erasure);
  });
  // Two people who came to each other's address keep each other from the leases: one after the other they get them.
  for (const erasure of busy)
    if (!(await eraseAlone(core, name, signal, claimLease, erasure)))
      await core.store.erasures.wait(claimLease, erasure.id, busyAgainMs, null, null, false);
  return claimed.length;
}

/** Profiles are leased per erasure, so that one that waits keeps nobody else waiting. False: somebody works on one of them. */
async function eraseAlone(
  core: Core,
  name: TargetName,
  signal: AbortSignal,
  claimLease: Lease,
  erasure: ClaimedErasure,
): Promise<boolean> {
  const lease = newLease(core, name);
  const batch = newBatch(core, name, {
    lease,
    signal,
    deadline: Number.POSITIVE_INFINITY,
    trigger: `erasure ${erasure.id}`,
  });
  try {
    return await eraseOnTarget(batch, claimLease.token, erasure);
  } catch (error) {
    await failErasure(batch, claimLease.token, erasure, error);
    return true;
  } finally {
    await core.store.profiles.release(lease);
  }
}

/** Counts it against the hourly limit; above it, it waits in the list and this answers false. */
async function passExplicit(batch: Batch, claimLease: Lease, erasure: ClaimedErasure): Promise<boolean> {
  const { core, lease } = batch;
  const limit = core.settings.brake.maxExplicitPerHour;
  const verdict = await core.store.brake.admitExplicit(lease.target, erasure, limit);
  if (verdict === 'passed') return true;
  const [code, sentence] =
    verdict === 'held'
      ? ['EXPLICIT_LIMIT', english.waiting.explicitLimit(limit)]
      : ['EXPLICIT_REJECTED', english.waiting.explicitRejected];
  if (verdict === 'held') {
    const message = 'more erasures were requested than the hourly limit allows; they wait (connector holds)';
    await core.alarms.raise('brake', lease.target, 'EXPLICIT_LIMIT', message);
  }
  await core.store.erasures.wait(claimLease, erasure.id, 60_000, code, sentence, false);
  return false;
}

/** Answers false when somebody is working on one of the profiles; then nothing was done. */
async function eraseOnTarget(batch: Batch, claimToken: string, erasure: ClaimedErasure): Promise<boolean> {
  const { core, lease } = batch;
  const claimLease = { ...lease, token: claimToken };
  const gathered = await gatherPerson(batch, erasure);
  if (!gathered) return false;
  const { person } = gathered;
  if (person.blocked) {
    const { column } = core.settings.erasure.blockWhen ?? { column: '' };
    const sentence = english.waiting.blockedByCrm(column);
    await core.store.erasures.wait(claimLease, erasure.id, blockedAgainMs, 'BLOCKED_BY_CRM', sentence, false);
    return true;
  }
  if (isOutsidePilot(batch, erasure, gathered)) {
    await core.store.erasures.wait(
      claimLease,
      erasure.id,
      refusedAgainMs,
      outsidePilotCode,
      outsidePilotSentence,
      false,
    );
    return true;
  }
  if (!(await passExplicit(batch, claimLease, erasure))) return true;
  const at = new Set<string>(person.addresses.map((text) => core.keyring.emailKey(text)));
  const profiles = await learnLostIds(batch, gathered.profiles, (key) => at.has(key));
  const sealed = person.addresses.length > 0 ? core.keyring.seal(JSON.stringify(person.addresses)) : undefined;
  if (sealed) await core.store.erasures.seal(erasure.id, sealed);

  const ids: RecordId[] = person.members.map((member) => member.ref.id);
  const ref = ownRef(erasure);
  const recordIds = [...new Set(ref ? [ref.id, ...ids] : ids)];
  const others = new Set(
    await core.store.profiles.heldByOthers(
      lease.target,
      recordIds,
      profiles.map((profile) => profile.key),
    ),
  );
  const noted = new Set(profiles.flatMap((profile) => profile.contactKeys));
  const approval = await approvalOfErasure(core, lease.target, erasure);
  let absentStatus = 404;
  for (const profile of profiles) {
    const address = person.addresses.find((text) => (core.keyring.emailKey(text) as string) === profile.key);
    const contact: ContactRef = {
      contactKeys: profile.contactKeys,
      recordIds: recordIds.filter((id) => !others.has(id)),
      ...(address ? { address: new Personal(address) } : {}),
    };
    await core.store.erasures.renew(claimLease);
    // By a record's id somebody is found whose own id is noted at another address of theirs.
    const result = await erase(batch, profile, contact, { sealed, urgent: true, noted });
    if (result.outcome.kind !== 'done' && result.outcome.kind !== 'absent') {
      // Where a hand is needed somebody is there: when nobody is any more, that was the erasure.
      const isFirst = profile.openIntents.every((intent) => intent.kind !== 'anonymize');
      const isRemembered = result.outcome.kind === 'manual' && isFirst;
      if (result.intentId && !isRemembered) await core.store.profiles.drop([result.intentId]);
      if (isRemembered) {
        await core.store.transaction((unit) =>
          noteAnswer(unit, batch, erasure, person, profile.key, result.outcome, approval),
        );
      }
      const sentence = result.outcome.detail ?? `the platform answered ${result.outcome.kind}`;
      await core.store.erasures.wait(
        claimLease,
        erasure.id,
        refusedAgainMs,
        result.outcome.kind.toUpperCase(),
        sentence,
        true,
      );
      return true;
    }
    if (result.againInMs !== undefined) {
      // What the platform confirmed stands, although something older may still undo it.
      await core.store.transaction((unit) =>
        noteAnswer(unit, batch, erasure, person, profile.key, result.outcome, approval),
      );
      await core.store.erasures.wait(
        claimLease,
        erasure.id,
        result.againInMs,
        'LATE_EFFECT',
        english.waiting.lateEffect,
        true,
      );
      return true;
    }
    await core.store.transaction(async (unit) => {
      if (result.change) await unit.changeProfiles(lease, [result.change]);
      // What others sent, and what an earlier attempt sent, stays open until it can no longer land.
      const over = result.met.filter((intent) => lateEffectLeft(batch, [intent]) === undefined);
      await unit.closeIntents([...(result.intentId ? [result.intentId] : []), ...over.map((intent) => intent.id)]);
      await noteAnswer(unit, batch, erasure, person, profile.key, result.outcome, approval);
    });
    if (result.outcome.kind === 'absent') absentStatus = result.outcome.status;
  }
  // What any attempt of this erasure was told: a repetition finds nobody, and that is no "absent".
  const final = (await core.store.erasures.targets(erasure.id)).find(
    (row) => row.target === lease.target && row.status !== null,
  );
  await core.store.transaction(async (unit) => {
    await unit.completeErasureTarget(claimLease, {
      erasureId: erasure.id,
      state: final ? 'done' : 'absent',
      status: final?.status ?? absentStatus,
      requestId: final?.request_id ?? undefined,
      byHand: final?.status === 404 && final.waiting_code === 'MANUAL',
      members: person.members.map((member) => member.ref),
    });
  });
  core.meter.erased(lease.target, Math.max(0, core.now() - erasure.requested_at.getTime()));
  await core.alarms.clear('erasure-waiting', `${erasure.id}/${lease.target}`);
  await core.wake.marketingJobs();
  return true;
}

/**
 * A target that does not take this person on says nothing about them, and so is not done with the erasure either. Of
 * whom it has said something before, it can.
 */
function isOutsidePilot(
  { target: { settings } }: Batch,
  erasure: ClaimedErasure,
  { person, profiles, readings }: GatheredPerson,
): boolean {
  if (!settings.pilot || profiles.some((profile) => profile.state !== 'new' || mayBeThere(profile))) return false;
  const ref = ownRef(erasure);
  const members = [...person.members, ...(ref ? [{ ref }] : [])];
  return !members.some((member) => isInvited(settings, member, readings.get(formatRecordRef(member.ref))));
}

async function approvalOfErasure(
  core: Core,
  target: TargetName,
  erasure: ClaimedErasure,
): Promise<Approval | undefined> {
  if (!erasure.approved) return undefined;
  const [held] = await core.store.brake.cases(target, [erasureCaseKey(erasure.id)]);
  return held && approvalOf(held);
}

/** Evidence of one answer; what was confirmed once is never turned into "was absent" by a repetition. */
async function noteAnswer(
  unit: UnitOfWork,
  batch: Batch,
  erasure: ClaimedErasure,
  person: Person,
  profileKey: ProfileKey,
  outcome: Outcome,
  approval: Approval | undefined,
): Promise<void> {
  const { core, lease } = batch;
  await unit.appendEvidence([
    {
      target: lease.target,
      crm_table: erasure.crm_table,
      record_id: erasure.record_id,
      profile_key: profileKey,
      members: person.members.map((member) => formatRecordRef(member.ref)).sort(),
      act: 'anonymize',
      rule: 'erased-on-request',
      trigger: batch.trigger,
      outcome: outcome.kind,
      status: outcome.status,
      request_id: outcome.requestId ?? null,
      answered_at: new Date(core.now()),
      detail: [approvedBy(approval), outcome.detail].filter(Boolean).join('; ') || null,
      actor: approval?.by ?? erasure.source,
      configuration: core.configuration,
    },
  ]);
  if (outcome.kind === 'done') await unit.markErased(erasure.id, lease.target, outcome.status, outcome.requestId);
}

async function failErasure(batch: Batch, claimToken: string, erasure: ClaimedErasure, error: unknown): Promise<void> {
  const { core, lease } = batch;
  const erasures: Erasures = core.store.erasures;
  const claimLease = { ...lease, token: claimToken };
  const code = isConnectorError(error) ? error.code : error instanceof LeaseLostError ? 'LEASE_LOST' : 'UNEXPECTED';
  const sentence = isConnectorError(error) ? error.message : english.waiting.unexpected;
  const inMs =
    isConnectorError(error) && error.retryAfterMs !== undefined
      ? error.retryAfterMs
      : Math.min(60_000, backoffMs(erasure.attempts));
  core.logger.warn({ target: lease.target, erasure: erasure.id, code, err: error }, 'an erasure could not be done yet');
  if (isConnectorError(error) && error.kind === 'wait') {
    await core.store.targets.pause(lease.target, { code: error.code, reason: error.message, forMs: inMs, by: 'self' });
  }
  if (isConnectorError(error) && error.kind === 'config')
    await core.alarms.raise('erasure-waiting', `${erasure.id}/${lease.target}`, code, sentence);
  await erasures.wait(claimLease, erasure.id, inMs, code, sentence, true);
}
