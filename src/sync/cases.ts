/**
 * The profiles of a batch on their way: who belongs to them, what was decided, what the target holds and what is to be
 * sent. Guarantees: everything is judged from rows that were read under the leases; a person who comes from another
 * address gets no permission that was down there. Writes nothing but the parking of what cannot be read.
 */
import type { ProfileKey } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { ContactRef } from '../platforms/platform.ts';
import type { Profile } from '../store/profiles.ts';
import type { Bits } from '../store/tables.ts';
import { type Batch, failCall, park, putBack } from './batch.ts';
import { mapLimit } from './concurrency.ts';
import type { View } from './gather.ts';
import type { Approval } from './guard.ts';
import { type Circumstance, circumstancesOf, isOvertaken, type Judged, judge } from './judge.ts';
import { matches } from './mapping.ts';
import type { Assignment } from './moves.ts';
import { contactRefOf, isPresent, mayBeThere, type Plan, planProfile, type Standing } from './plan.ts';
import { keysOf, lookUp } from './single-writes.ts';

const singlesAtOnce = 8;

/** A profile on its way through the batch. */
export interface Case {
  readonly judged: Judged;
  readonly standing: Standing;
  readonly ref: ContactRef;
  readonly plan: Plan;
  /** Bits at the address that the person left. */
  readonly cap: Bits | undefined;
  /** People whom the ledger does not know may be on the target. */
  readonly adopt: boolean;
  /** Who let it pass, when the brake had held it. */
  readonly approval?: Approval | undefined;
}

export async function judgeAll(batch: Batch, assignment: Assignment): Promise<Case[]> {
  const { core } = batch;
  const keys = new Set([...assignment.left, ...assignment.members.keys()]);
  const relevant = [...keys].filter(
    (key) => assignment.left.has(key) || (assignment.members.get(key) ?? []).some((view) => view.ledger.claim),
  );
  const views = relevant.flatMap((key) => assignment.members.get(key) ?? []);
  const circumstance = await liftSuppressions(batch, views, await circumstancesOf(core, views));
  const adopt = batch.target.settings.adoptExisting && !(await holdsNobody(batch));
  // Also those that profiles of this batch hold: by them a contact would be found that is not the one that is meant.
  const others = new Set(
    await core.store.profiles.heldByOthers(
      batch.lease.target,
      views.map((view) => view.ledger.ref.id),
      [],
    ),
  );
  const cases: Case[] = [];
  for (const key of relevant) {
    const members = assignment.members.get(key) ?? [];
    if (members.some((view) => isOvertaken(view, circumstance))) {
      const ledger = members.map((view) => view.ledger);
      await putBack(batch, ledger, 0);
      continue;
    }
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
    cases.push(planCase(batch, { judged, standing, ref, cap: undefined, adopt }));
  }
  return cases;
}

/** Whose row says that they came back by themselves is taken off the suppression list. */
async function liftSuppressions(
  batch: Batch,
  views: readonly View[],
  circumstance: Circumstance,
): Promise<Circumstance> {
  const { core } = batch;
  const { liftWhen } = core.settings.suppression;
  if (!liftWhen || circumstance.suppressedAddresses.size + circumstance.suppressedRecords.size === 0)
    return circumstance;
  let lifted = false;
  for (const view of views) {
    if (view.reading.kind !== 'row' || !matches(liftWhen, view.reading.row)) continue;
    const address =
      view.emailKey !== undefined && circumstance.suppressedAddresses.has(view.emailKey) ? view.emailKey : undefined;
    if (address) await core.store.suppressions.remove('address', address);
    if (circumstance.suppressedRecords.has(view.name)) await core.store.suppressions.remove('record', view.name);
    else if (!address) continue;
    lifted = true;
    const { table, id } = view.ledger.ref;
    await core.store.evidence.append([
      { ...emptyEvidence, crm_table: table, record_id: id, act: 'unsuppress', trigger: 'suppression.liftWhen' },
    ]);
  }
  return lifted ? circumstancesOf(core, views) : circumstance;
}

const emptyEvidence = {
  target: null,
  profile_key: null,
  rule: null,
  outcome: null,
  status: null,
  request_id: null,
  detail: null,
  actor: null,
  configuration: null,
} as const;

/** Somebody who was anonymized at another address keeps the opt-outs of their life there, beside those that are remembered here. */
function remembering(profile: Profile, members: readonly View[], assignment: Assignment): Profile {
  if (isPresent(profile.state)) return profile;
  const lives = members.flatMap((view) => {
    const former = view.ledger.claim && view.ledger.profileKey && assignment.before.get(view.ledger.profileKey);
    return former && !isPresent(former.state) && former.bitsBefore ? [former.bitsBefore] : [];
  });
  if (profile.bitsBefore) lives.push(profile.bitsBefore);
  if (lives.length === 0) return profile;
  const names = lives.flatMap((bits) => Object.keys(bits));
  const bitsBefore = Object.fromEntries(names.map((name) => [name, lives.every((bits) => bits[name] !== false)]));
  return { ...profile, bitsBefore };
}

/** Milliseconds for which an answer "nobody is here" counts: a first load, and not what others add later. */
export const emptinessCountsMs = 3_600_000;

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

export async function parkUnreadable(batch: Batch, judged: Judged): Promise<void> {
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

export function planCase(batch: Batch, item: Omit<Case, 'plan'>): Case {
  const forced = item.judged.views.some((view) => view.ledger.claim?.forced);
  const options = { cap: item.cap, adopt: item.adopt, forced };
  // An explicit erasure does its own work on each target, with its own result: nothing is to be done here.
  if (item.judged.decision.rule === 'erased-on-request') {
    return { ...item, plan: { kind: 'nothing', key: item.judged.key, state: undefined } };
  }
  return { ...item, plan: planProfile(batch.core, batch.lease.target, item.judged, item.standing, item.ref, options) };
}

/** Runs a step over cases, a few at once; a case whose step fails is put back or parked and leaves. */
export async function singles(
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
      // Also of a profile that everybody has left.
      if (isConnectorError(error) && error.kind === 'park')
        batch.refused.set(item.judged.key, { code: error.code, reason: error.message });
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
export async function withFormerBits(batch: Batch, cases: readonly Case[], assignment: Assignment): Promise<Case[]> {
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
      // Whose creation there was begun and did not come about: nothing was down.
      if (bits === undefined && profile && !isPresent(profile.state)) continue;
      cap ??= {};
      for (const [name, value] of Object.entries(bits ?? {})) cap = { ...cap, [name]: value && (cap?.[name] ?? true) };
    }
    return planCase(batch, { ...item, cap });
  });
}

export async function resolveLookUp(batch: Batch, item: Case): Promise<Case> {
  const found = await lookUp(batch, item.ref);
  if (!found) {
    const wasSent = item.standing.profile.openIntents.some((intent) => intent.kind === 'anonymize');
    if (wasSent && item.judged.decision.action === 'anonymize') {
      // The answer to an erasure was lost: that nobody is there is its confirmation, not an absence.
      return planCase(batch, { ...item, standing: { ...item.standing, present: true } });
    }
    // Without an address nobody from earlier times could be found: that is asked again when one is known.
    const isSure = batch.target.settings.identity === 'record' || item.ref.address !== undefined;
    const state = isSure ? 'absent' : undefined;
    const absent: Plan = { kind: 'nothing', key: item.judged.key, state, lookedFor: true };
    return { ...item, plan: absent };
  }
  const contactKeys = [...keysOf(found), ...item.ref.contactKeys];
  return planCase(batch, {
    ...item,
    standing: { ...item.standing, present: true, foundBits: found.permissions },
    ref: { ...item.ref, contactKeys: [...new Set(contactKeys)] },
  });
}

/**
 * Everybody left this profile for another address, and joined who is there: the old contact goes, through the brake. Whoever
 * was erased on request keeps nobody there, and neither does a record whose table is not for this target.
 */
export function leftBehind(item: Case, assignment: Assignment): Case {
  if (!assignment.left.has(item.judged.key) || !mayBeThere(item.standing.profile)) return item;
  const stays = [...item.judged.members.values()].some(({ decision }) => decision.rule !== 'erased-before');
  if (stays || item.judged.decision.action !== 'leave') return item;
  const decision = { ...item.judged.decision, action: 'anonymize' as const, explicit: false };
  return { ...item, judged: { ...item.judged, decision }, plan: { kind: 'anonymize', key: item.judged.key } };
}
