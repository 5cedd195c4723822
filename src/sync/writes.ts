/**
 * Writing people in bulk. Guarantees: intent and external ids are stored before each call; each item's outcome is its
 * own; a call that is refused as a whole is halved until the culprit is alone; what is unknown after a failure stays
 * owed, with its intent open.
 */
import type { ProfileKey } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { Outcome } from '../platforms/platform.ts';
import { idsWouldCrossCode, type Profile } from '../store/profiles.ts';
import type { NewEvidence } from '../store/tables.ts';
import { type Batch, failCall, failCrossing, failEach, keepLease, park, succeeded } from './batch.ts';
import { complete, evidenceOf, type Finished, lateEffectLeft } from './complete.ts';
import { chunk, mapLimit } from './concurrency.ts';
import type { Judged } from './judge.ts';
import { sealedFor } from './lost-answers.ts';
import { absentChange, type UpsertPlan } from './plan.ts';
import { idsWouldCross } from './single-writes.ts';

export interface Write {
  readonly judged: Judged;
  readonly profile: Profile;
  readonly plan: UpsertPlan;
}

const callsAtOnce = 4;

/** Writes all; answers the keys that were completed. */
export async function writeAll(batch: Batch, writes: readonly Write[]): Promise<Set<string>> {
  const done = new Set<string>();
  await mapLimit(chunk(writes, batch.target.platform.capabilities.bulkSize), callsAtOnce, async (part) => {
    for (const key of await writePart(batch, part)) done.add(key);
  });
  return done;
}

/**
 * A record's own id belongs to the profile that it is written to now. Where it is noted at an address that the record left,
 * and somebody else is written there in the same call, it is not theirs.
 */
function withoutIdsOfOthers(writes: readonly Write[]): Write[] {
  const owners = new Map(writes.map(({ plan }) => [plan.item.contactKey, plan.key]));
  return writes.map((write) => {
    const { item, key } = write.plan;
    // The one that the contact goes by stays: whether it may be used elsewhere is the ledger's to say.
    const contactKeys = item.ref.contactKeys.filter(
      (id) => (owners.get(id) ?? key) === key || id === write.profile.contactKey,
    );
    if (contactKeys.length === item.ref.contactKeys.length) return write;
    return { ...write, plan: { ...write.plan, item: { ...item, ref: { ...item.ref, contactKeys } } } };
  });
}

async function writePart(batch: Batch, given: readonly Write[]): Promise<string[]> {
  if (given.length === 0) return [];
  const part = withoutIdsOfOthers(given);
  const { core, lease } = batch;
  const intents = part.map((write) => ({
    id: core.uuid(),
    profileKey: write.plan.key,
    kind: 'upsert' as const,
    sealed: write.plan.item.mayCreate ? sealedFor(batch, write.profile, write.plan.item.address.reveal()) : undefined,
  }));
  let outcomes: Outcome[];
  let sent: readonly Write[] = part;
  try {
    await keepLease(batch);
    const refused = new Set(await core.store.profiles.begin(lease, intents, part.flatMap(idsOf)));
    const crossing = part.filter((write) => write.plan.item.ref.contactKeys.some((id) => refused.has(id)));
    for (const write of crossing) await failCrossing(batch, write.judged.views, idsWouldCrossCode, idsWouldCross);
    sent = part.filter((write) => !crossing.includes(write));
    outcomes =
      sent.length === 0
        ? []
        : await batch.target.platform.upsert(
            sent.map((write) => write.plan.item),
            batch.signal,
          );
    if (sent.length > 0) await succeeded(batch);
    await rememberIds(batch, sent, outcomes);
  } catch (error) {
    return halveOrFail(batch, sent, intents, error);
  }
  const finished: Finished[] = [];
  for (const [index, write] of sent.entries()) {
    const outcome = outcomes[index];
    const intent = intents.find((candidate) => candidate.profileKey === write.plan.key);
    if (!outcome || !intent) throw new Error('the adapter answered with fewer outcomes than items');
    const result = await finishOne(batch, write, outcome, intent.id);
    if (result) finished.push(result);
  }
  try {
    await complete(batch, finished);
  } catch (error) {
    await failCall(
      batch,
      error,
      sent.flatMap((write) => write.judged.views),
    );
    return [];
  }
  // Due again at once: it holds an id that somebody else may wait for.
  return finished.filter((f) => f.change !== undefined && f.againInMs !== 0).map((f) => f.judged.key);
}

/** Every id that the person is called by, the one that is written among them. */
function idsOf(write: Write): { profileKey: ProfileKey; contactKey: string }[] {
  return write.plan.item.ref.contactKeys.map((contactKey) => ({ profileKey: write.plan.key, contactKey }));
}

/** People from earlier times keep the id that they had: without it a deleted record could not be found there. */
async function rememberIds(batch: Batch, sent: readonly Write[], outcomes: readonly Outcome[]): Promise<void> {
  const learnt = sent.flatMap((write, index) => {
    const contactKey = outcomes[index]?.contactKey;
    if (contactKey === undefined || write.plan.item.ref.contactKeys.includes(contactKey)) return [];
    return [{ profileKey: write.plan.key, contactKey }];
  });
  if (learnt.length > 0) await batch.core.store.profiles.begin(batch.lease, [], learnt);
}

async function halveOrFail(
  batch: Batch,
  part: readonly Write[],
  intents: readonly { id: string }[],
  error: unknown,
): Promise<string[]> {
  // Refused means not done: nothing of it can land later. Anything else leaves the intents open.
  const refused =
    isConnectorError(error) &&
    !error.mayHaveLanded &&
    (error.kind === 'park' || error.kind === 'config' || error.kind === 'wait');
  if (refused) await batch.core.store.profiles.drop(intents.map((intent) => intent.id));
  if (isConnectorError(error) && error.kind === 'park' && part.length > 1) {
    const middle = Math.ceil(part.length / 2);
    return [...(await writePart(batch, part.slice(0, middle))), ...(await writePart(batch, part.slice(middle)))];
  }
  await failCall(
    batch,
    error,
    part.flatMap((write) => write.judged.views),
  );
  return [];
}

/** What lowers a consent that stood there, and what the platform had to remark. */
function evidenceOfWrite(batch: Batch, { judged, plan }: Write, outcome: Outcome): NewEvidence[] {
  const rows: NewEvidence[] = [];
  if (plan.lowers.length > 0 && !outcome.created) {
    const detail = [`lowered ${plan.lowers.join(', ')}`, outcome.notice].filter(Boolean).join('; ');
    rows.push(evidenceOf(batch, judged, 'lowerPermissions', outcome, { detail }));
  } else if (outcome.notice) rows.push(evidenceOf(batch, judged, 'sync', outcome, { detail: outcome.notice }));
  return rows;
}

async function finishOne(
  batch: Batch,
  write: Write,
  outcome: Outcome,
  intentId: string,
): Promise<Finished | undefined> {
  const { judged, plan, profile } = write;
  const late = lateEffectLeft(batch, profile.openIntents);
  // The address was changed under the id that the contact has there; now that it is known by it, it is given its own.
  const underOtherId = outcome.contactKey !== undefined && outcome.contactKey !== plan.item.contactKey;
  const again = late ?? (plan.item.addressChanged && plan.item.mayCreate && underOtherId ? 0 : undefined);
  switch (outcome.kind) {
    case 'done':
      return {
        judged,
        intentId,
        appliesBits: plan.appliesBits,
        againInMs: again,
        met: profile.openIntents,
        change: {
          key: plan.key,
          state: plan.state,
          // An update leaves the contact under the id that it has there, which may be another record's.
          contactKey: outcome.contactKey ?? plan.item.contactKey,
          owner: plan.owner,
          // Something older may still land: without a fingerprint it is sent again then.
          dataFingerprint: again === undefined ? plan.dataFingerprint : null,
          permissionFingerprint: plan.permissionFingerprint,
          ...(plan.bitsBefore === undefined ? {} : { bitsBefore: plan.bitsBefore }),
          addressDirty: false,
        },
        evidence: evidenceOfWrite(batch, write, outcome),
      };
    case 'absent':
      if (plan.item.mayCreate) {
        // It was there and is there no more: forget it, and create it the next time.
        return {
          judged,
          intentId,
          againInMs: 0,
          change: absentChange(profile),
        };
      }
      return {
        judged,
        intentId,
        againInMs: late,
        met: profile.openIntents,
        change: absentChange(profile),
      };
    case 'rejected': {
      await batch.core.store.profiles.drop([intentId]);
      const code = outcome.detail ?? 'REJECTED';
      if (code === 'ERROR')
        await failEach(batch, judged.views, 'PLATFORM_ROW_ERROR', 'the platform could not take this row');
      else await park(batch, judged.views, code, `the platform refused this row (${code})`);
      return undefined;
    }
    case 'suppressed':
    case 'blocked':
    case 'manual':
    case 'unsupported':
      await batch.core.store.profiles.drop([intentId]);
      await park(
        batch,
        judged.views,
        `OUTCOME_${outcome.kind.toUpperCase()}`,
        outcome.detail ?? `the platform answered ${outcome.kind}`,
      );
      return undefined;
  }
}
