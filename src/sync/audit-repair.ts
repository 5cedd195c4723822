/**
 * Mends what an audit found, by the way that everything goes: the ledger learns what was seen on the target, and the
 * record is owed again. Guarantees: nothing is sent from here; whoever is to be anonymized passes the brake, all of one
 * audit as one lot; no permission is raised that `planProfile` would not raise; nobody is created whom the rules do not
 * allow to create; what changed since it was looked at is left alone. Every repair leaves evidence with who asked for it.
 */
import { formatRecordRef, type ProfileKey, type RecordRef, type TargetName } from '../../config/words.ts';
import type { Profile, ProfileChange } from '../store/profiles.ts';
import type { NewEvidence } from '../store/tables.ts';
import type { DriftCause } from './audit-causes.ts';
import type { FoundCause } from './audit-compare.ts';
import { chunk } from './concurrency.ts';
import { type Core, newLease } from './core.ts';
import { unknownProfile } from './look.ts';
import { requestErasure } from './request-erasure.ts';

/** One person of one target with everything that was found about them. */
export interface Mendable {
  readonly target: TargetName;
  /** As it was when it was looked at. */
  readonly profile: Profile;
  readonly action: 'sync' | 'resetPermissions' | 'anonymize' | 'leave';
  /** The records that belong to it and go to this target. */
  readonly refs: readonly RecordRef[];
  /** The one that it is about, where it is about one. */
  readonly subject: RecordRef;
  readonly causes: readonly FoundCause[];
  /** The external id that the target told. */
  readonly contactKey: string | undefined;
}

export interface Repaired {
  /** People who are owed again. */
  readonly owed: number;
  /** Erasures that were asked for again. */
  readonly erasures: number;
  /** Nothing can be done about them from here. */
  readonly byHand: number;
  /** Something happened to them since they were looked at. */
  readonly overtaken: number;
}

const atOnce = 200;

/** What the ledger is to know before the record is decided again. */
function changeOf({ profile, causes, action, contactKey }: Mendable): ProfileChange | undefined {
  const forgotten = { dataFingerprint: null, permissionFingerprint: null } as const;
  const { key, state } = profile;
  const has = (...some: readonly DriftCause[]): boolean => causes.some(({ cause }) => some.includes(cause));
  if (has('missing')) return { key, state: 'absent', contactKey: null, ...forgotten };
  const isThere = state === 'live' || state === 'reset' || state === 'held';
  if (!isThere && has('should-be-gone', 'suppressed-is-there', 'stranger', 'appeared')) {
    // As somebody from earlier times: then nothing of an earlier life here raises a permission.
    if (action === 'sync') return { key, state: 'new', contactKey: null, ...forgotten };
    return { key, state: 'live', contactKey: contactKey ?? null, ...forgotten };
  }
  if (!has('permission-up', 'changed-by-hand')) return undefined;
  return {
    key,
    // Whose permissions were lowered, and are up, is to be lowered once more; opt-outs from before are kept.
    state: has('permission-up') && action !== 'sync' ? 'live' : state,
    ...(has('permission-up') ? { permissionFingerprint: null } : {}),
    ...(has('changed-by-hand') ? { dataFingerprint: null } : {}),
  };
}

export async function repair(core: Core, found: readonly Mendable[], actor: string): Promise<Repaired> {
  const erased = found.filter(({ causes }) => causes.some(({ cause }) => cause === 'erased-is-back'));
  await note(core, erased, actor);
  for (const { subject } of erased) await requestErasure(core, subject, actor);
  const rest = found.filter((item) => !erased.includes(item));
  const mendable = rest.filter(({ causes }) => causes.some(({ cause }) => cause !== 'duplicate'));
  let owed = 0;
  for (const [target, items] of Map.groupBy(mendable, (item) => item.target)) {
    const learnt: Mendable[] = [];
    for (const part of chunk(items, atOnce)) learnt.push(...(await learn(core, target, part, actor)));
    await owe(core, target, learnt);
    owed += learnt.length;
  }
  const byHand = rest.length - mendable.length;
  return { owed, erasures: erased.length, byHand, overtaken: mendable.length - owed };
}

/** At once, and after the ledger has learnt of all: what an audit finds is one lot for the brake. */
async function owe(core: Core, target: TargetName, items: readonly Mendable[]): Promise<void> {
  const lot = `audit:${core.uuid()}`;
  const refs = items.flatMap((item) => item.refs);
  for (const [table, own] of Map.groupBy(refs, (ref) => ref.table)) {
    const news = own.map(({ id }) => ({ id, deleted: false, seenKey: undefined }));
    await core.store.records.owe(table, news, [target], lot, true);
  }
  if (refs.length > 0) await core.wake.apply(target);
}

/** Tells the ledger what was seen. Answers those of whom nothing else has happened since. */
async function learn(core: Core, target: TargetName, items: readonly Mendable[], actor: string): Promise<Mendable[]> {
  const lease = newLease(core, target);
  try {
    const keys = items.map((item) => item.profile.key);
    const now = new Map((await core.store.profiles.lease(lease, keys)).map((profile) => [profile.key, profile]));
    const pending = await core.store.audit.pending(
      target,
      items.flatMap((item) => item.refs),
    );
    const still = items.filter((item) => isUnchanged(item, now, pending));
    await core.store.transaction((unit) =>
      unit.changeProfiles(
        lease,
        still.flatMap((item) => changeOf(item) ?? []),
      ),
    );
    await note(core, still, actor);
    return still;
  } finally {
    await core.store.profiles.release(lease);
  }
}

/** Without those to whom something happened since they were looked at. */
export async function stillSo(core: Core, target: TargetName, items: readonly Mendable[]): Promise<Mendable[]> {
  const still: Mendable[] = [];
  for (const part of chunk(items, atOnce)) {
    const keys = part.map((item) => item.profile.key);
    const now = new Map(keys.map((key) => [key, unknownProfile(key)]));
    for (const profile of await core.store.profiles.peek(target, keys)) now.set(profile.key, profile);
    const refs = part.flatMap((item) => item.refs);
    const pending = await core.store.audit.pending(target, refs);
    still.push(...part.filter((item) => isUnchanged(item, now, pending)));
  }
  return still;
}

/** A person who waits at the brake is owed, and lowered while they wait. */
function isUnchanged(
  item: Mendable,
  now: ReadonlyMap<ProfileKey, Profile>,
  pending: ReadonlyMap<string, string>,
): boolean {
  const { profile, refs } = item;
  const current = now.get(profile.key);
  if (!current) return false;
  const waits = refs.map((ref) => pending.get(formatRecordRef(ref))).filter((why) => why !== undefined);
  return (
    waits.every((why) => why === 'held' && profile.state === 'held') &&
    current.state === profile.state &&
    current.contactKey === profile.contactKey &&
    current.dataFingerprint === profile.dataFingerprint &&
    current.permissionFingerprint === profile.permissionFingerprint
  );
}

async function note(core: Core, items: readonly Mendable[], actor: string): Promise<void> {
  const rows = items.map(
    ({ target, profile, refs, subject, causes }): NewEvidence => ({
      target,
      crm_table: subject.table,
      record_id: subject.id,
      profile_key: profile.key,
      members: refs.map(formatRecordRef).sort(),
      act: 'audit-repair',
      rule: null,
      trigger: 'audit',
      outcome: null,
      status: null,
      request_id: null,
      detail: causes.map(({ cause }) => cause).join(', '),
      actor,
      configuration: core.configuration,
    }),
  );
  if (rows.length > 0) await core.store.evidence.append(rows);
}
