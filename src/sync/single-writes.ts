/**
 * The calls that go out one by one: look-ups, permission resets, erasures. Guarantees: bits are read and stored with the
 * intent before anything is lowered or erased, so that a crash cannot lose them; an erasure that met a call of somebody
 * else's is repeated after that call can no longer land, and is done only then.
 */
import type { ProfileKey } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import type { ContactRef, Found, Outcome, PermissionBits, Platform } from '../platforms/platform.ts';
import { idsWouldCrossCode, type OpenIntent, type Profile, type ProfileChange } from '../store/profiles.ts';
import type { Bits, IntentKind } from '../store/tables.ts';
import { type Batch, keepLease, notConfirmed, succeeded } from './batch.ts';
import { lateEffectLeft } from './complete.ts';
import { absentChange } from './plan.ts';

/** Bits from before anything was changed: a crashed attempt's, else what is remembered, else what was read now. */
export function bitsBefore(profile: Profile, found: PermissionBits | undefined): Bits | null {
  const fromIntent = profile.openIntents.find((intent) => intent.bits !== undefined)?.bits;
  if (profile.state === 'reset' || profile.state === 'held') return profile.bitsBefore ?? fromIntent ?? found ?? null;
  return fromIntent ?? downInEither(found, profile.bitsBefore) ?? null;
}

/** An opt-out that is remembered from an earlier life there holds, whoever brought the person back. */
function downInEither(found: PermissionBits | undefined, remembered: Bits | undefined): Bits | undefined {
  if (!found || !remembered) return found ?? remembered;
  const kept = Object.entries(found).map(([name, value]) => [name, value && remembered[name] !== false] as const);
  return { ...remembered, ...Object.fromEntries(kept) };
}

export async function lookUp(batch: Batch, ref: ContactRef): Promise<Found | undefined> {
  const found = await batch.target.platform.find(ref, batch.signal);
  await succeeded(batch);
  return found;
}

/** The same person, called by the ids that a look-up told, but for those that are noted where they are erased as well. */
export function calledAlso(
  ref: ContactRef,
  found: Found | undefined,
  noted: ReadonlySet<string> = new Set(),
): ContactRef {
  // A record's own id is known by the record, and may still be noted at the address that they left.
  const known = new Set<string>([...ref.contactKeys, ...ref.recordIds, ...noted]);
  const told = keysOf(found).filter((key) => !known.has(key));
  return told.length === 0 ? ref : { ...ref, contactKeys: [...ref.contactKeys, ...told] };
}

/** Every id that a look-up told. */
export function keysOf(found: Found | undefined): string[] {
  return [...(found?.contactKey === undefined ? [] : [found.contactKey]), ...(found?.otherKeys ?? [])];
}

/**
 * Stores the intent, and with it every id that the person is called by, one that a look-up found too: a later row may
 * not tell the address any more. Makes sure that the lease outlives the call. Throws ConnectorError `park`.
 */
export async function begin(
  batch: Batch,
  profileKey: ProfileKey,
  kind: IntentKind,
  bits: Bits | null,
  ref: ContactRef,
  sealed?: string,
): Promise<string> {
  const id = batch.core.uuid();
  await keepLease(batch);
  const refused = await batch.core.store.profiles.begin(
    batch.lease,
    [{ id, profileKey, kind, bits: bits ?? undefined, sealed }],
    ref.contactKeys.map((contactKey) => ({ profileKey, contactKey })),
  );
  if (refused.length > 0) throw new ConnectorError('park', idsWouldCrossCode, idsWouldCross);
  return id;
}

export const idsWouldCross =
  'another profile of this target still has this external id; sort it out on the platform, then: connector parked retry';

export interface Lowered {
  readonly outcome: Outcome;
  readonly change: ProfileChange;
  readonly intentId: string | undefined;
}

/** Reads the bits, keeps them, and sets every permission false. `state` is what the profile is then. */
export async function lower(
  batch: Batch,
  profile: Profile,
  ref: ContactRef,
  state: 'reset' | 'held',
  known?: PermissionBits,
): Promise<Lowered> {
  const found = known ? undefined : await batch.target.platform.find(ref, batch.signal);
  const bits = known ?? found?.permissions;
  if (bits === undefined) {
    return { outcome: { kind: 'absent', status: 404 }, change: absentChange(profile), intentId: undefined };
  }
  const before = bitsBefore(profile, bits);
  const intentId = await begin(batch, profile.key, 'reset', before, calledAlso(ref, found));
  const outcome = await batch.target.platform.resetPermissions(ref, batch.signal);
  await succeeded(batch);
  const change: ProfileChange =
    outcome.kind === 'absent'
      ? absentChange(profile)
      : { key: profile.key, state, bitsBefore: before, permissionFingerprint: null };
  return { outcome, change, intentId };
}

export interface Erased {
  readonly outcome: Outcome;
  readonly change: ProfileChange | undefined;
  readonly intentId: string | undefined;
  /** Milliseconds after which it has to be sent once more; undefined when it is final. */
  readonly againInMs: number | undefined;
  readonly met: readonly OpenIntent[];
}

/**
 * Erases one profile on the target. `sealed` are the addresses that a repetition will need. Throws ConnectorError.
 * An absence that follows an own erasure which was sent earlier is `done`, with the detail `confirmed absent`.
 */
export async function erase(
  batch: Batch,
  profile: Profile,
  ref: ContactRef,
  options: {
    readonly sealed?: string | undefined;
    readonly found?: PermissionBits | undefined;
    readonly urgent: boolean;
    /** Ids of this person that other profiles have which are erased with this one. */
    readonly noted?: ReadonlySet<string>;
  },
): Promise<Erased> {
  const platform = options.urgent ? batch.target.urgent : batch.target.platform;
  const looked = options.found ? undefined : await platform.find(ref, batch.signal);
  const found = options.found ?? looked?.permissions;
  const earlier = profile.openIntents.filter((intent) => intent.kind === 'anonymize');
  const others = profile.openIntents.filter((intent) => intent.kind !== 'anonymize');
  const before = bitsBefore(profile, found);
  const againInMs = lateEffectLeft(batch, others);
  let intentId: string | undefined;
  let outcome: Outcome = { kind: 'absent', status: 404 };
  // A look-up may not show whom an earlier attempt, or somebody there, has hidden and not erased.
  const mayBeHidden = ref.contactKeys.length > 0 && platform.capabilities.erase.reachesHidden === true;
  if (found !== undefined || mayBeHidden) {
    const called = calledAlso(ref, looked, options.noted);
    intentId = await begin(batch, profile.key, 'anonymize', before, called, options.sealed);
    outcome = await platform.anonymize(ref, batch.signal);
  }
  await succeeded(batch);
  if (outcome.kind === 'done') await confirm(batch, platform, profile, ref);
  if (outcome.kind === 'absent' && earlier.length > 0)
    outcome = { ...outcome, kind: 'done', detail: 'confirmed absent' };
  if (outcome.kind !== 'done' && outcome.kind !== 'absent') {
    return { outcome, change: undefined, intentId, againInMs: undefined, met: [] };
  }
  // Without an address somebody from earlier times cannot be found, even if somebody was found by an id.
  const isSure = batch.target.settings.identity === 'record' || ref.address !== undefined || profile.state !== 'new';
  const isErased = outcome.kind === 'done' || profile.state === 'anonymized';
  const change: ProfileChange = {
    key: profile.key,
    state: !isSure ? 'new' : isErased ? 'anonymized' : 'absent',
    contactKey: null,
    owner: null,
    dataFingerprint: null,
    permissionFingerprint: null,
    addressDirty: false,
    ...(before ? { bitsBefore: before } : {}),
  };
  return {
    outcome,
    change: againInMs === undefined ? change : undefined,
    intentId,
    againInMs,
    met: againInMs === undefined ? profile.openIntents : [],
  };
}

/**
 * Where it is wished, asks the platform whether the person is really gone. Throws ConnectorError `park`
 * ERASURE_NOT_CONFIRMED: the intent stays open, so that a later "not there" is an erasure and no absence.
 */
async function confirm(batch: Batch, platform: Platform, profile: Profile, ref: ContactRef): Promise<void> {
  if (!batch.target.settings.verifyErasures) return;
  const { core, lease } = batch;
  const subject = `${lease.target} ${profile.key}`;
  if ((await platform.find(ref, batch.signal)) === undefined) {
    await core.alarms.clear('erasure-not-confirmed', subject);
    return;
  }
  const sentence = 'the platform confirmed the erasure and still finds the person; it is sent again';
  await core.alarms.raise('erasure-not-confirmed', subject, notConfirmed, sentence);
  throw new ConnectorError('park', notConfirmed, sentence);
}

/** An answer that is neither done nor absent, as the error that it is for an automatic act. */
export function refusal(outcome: Outcome): ConnectorError {
  return new ConnectorError(
    'park',
    `OUTCOME_${outcome.kind.toUpperCase()}`,
    outcome.detail ?? `the platform answered ${outcome.kind}`,
    {
      status: outcome.status,
      ...(outcome.requestId ? { requestId: outcome.requestId } : {}),
    },
  );
}
