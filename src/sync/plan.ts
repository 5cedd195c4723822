/**
 * One profile's decision against what the target holds: what has to be sent, if anything. Guarantees: nothing is sent
 * for what is unchanged; only a profile that the decision allows to be created is created; what is known to be absent is
 * not asked for again. Pure but for the keyed fingerprint.
 */
import type { ProfileKey, RecordId, TargetName } from '../../config/words.ts';
import { Personal, parseRecordId } from '../../config/words.ts';
import type { ContactRef, PermissionBits, UpsertItem } from '../platforms/platform.ts';
import type { Profile, ProfileChange } from '../store/profiles.ts';
import type { Bits, ProfileState } from '../store/tables.ts';
import { type Core, targetOf } from './core.ts';
import type { View } from './gather.ts';
import type { Judged } from './judge.ts';
import { fieldsOf, permissionsOf } from './mapping.ts';
import {
  allFalse,
  loweredBy,
  permissionsForExisting,
  permissionsForNew,
  permissionsRestored,
  raised,
} from './permissions.ts';

/** What the target holds of a profile, with what a look-up found. */
export interface Standing {
  readonly profile: Profile;
  /** Bits that a look-up read just now. */
  readonly foundBits: PermissionBits | undefined;
  /** True when the person is there. */
  readonly present: boolean;
}

export interface UpsertPlan {
  readonly kind: 'upsert';
  readonly key: ProfileKey;
  readonly item: UpsertItem;
  /** State after success. */
  readonly state: ProfileState;
  readonly owner: string;
  readonly dataFingerprint: string;
  readonly permissionFingerprint: string;
  /** Undefined keeps what is stored. */
  readonly bitsBefore: Bits | null | undefined;
  /** Whether the members' CRM bits count as applied. */
  readonly appliesBits: boolean;
  /** A reset to be done before the data is written. */
  readonly resetFirst: boolean;
  /** Permissions that this lowers on a contact that is there, as far as we know; for the evidence. */
  readonly lowers: readonly string[];
}

export type Plan =
  | {
      readonly kind: 'nothing';
      readonly key: ProfileKey;
      readonly state: ProfileState | undefined;
      /** Looked for just now, and not found. */
      readonly lookedFor?: boolean;
    }
  | { readonly kind: 'lookUp'; readonly key: ProfileKey }
  | { readonly kind: 'anonymize'; readonly key: ProfileKey }
  | UpsertPlan;

/**
 * What the person had before they were erased: also by an erasure whose answer nobody knows, if it turns out that it was
 * done.
 */
export function rememberedBits(profile: Profile): Bits | undefined {
  const lost = profile.openIntents.find((intent) => intent.kind === 'anonymize' && intent.bits !== undefined);
  return lost?.bits ?? profile.bitsBefore;
}

/** The person turned out not to be there; what is remembered of them stays. */
export function absentChange(profile: Profile): ProfileChange {
  const bits = rememberedBits(profile);
  return {
    key: profile.key,
    state: 'absent',
    contactKey: null,
    dataFingerprint: null,
    permissionFingerprint: null,
    ...(bits ? { bitsBefore: bits } : {}),
  };
}

export function isPresent(state: ProfileState): boolean {
  return state === 'live' || state === 'reset' || state === 'held';
}

/** A write of somebody who did not live to see its answer is open: whatever the ledger says, the person may be there. */
export function mayHaveLanded(profile: Profile): boolean {
  return profile.openIntents.some((intent) => intent.kind === 'upsert');
}

/** The ledger says so, or cannot rule it out. */
export function mayBeThere(profile: Profile): boolean {
  return isPresent(profile.state) || mayHaveLanded(profile);
}

/** The person, as the platform may know them. The address only where the platform tells people apart by it. */
export function contactRefOf(
  core: Core,
  target: TargetName,
  profile: Profile,
  views: readonly View[],
  heldByOthers: ReadonlySet<string>,
): ContactRef {
  const byAddress = targetOf(core, target).settings.identity === 'address';
  const withAddress = views.find((view) => view.emailKey !== undefined && view.key === profile.key);
  const address = withAddress?.reading.kind === 'row' ? withAddress.reading.row.email.reveal()?.trim() : undefined;
  const ids: RecordId[] = views.map((view) => view.ledger.ref.id);
  return {
    contactKeys: profile.contactKeys.filter((key) => !heldByOthers.has(key)),
    recordIds: ids.filter((id) => !heldByOthers.has(id)),
    ...(byAddress && address ? { address: new Personal(address) } : {}),
  };
}

function upsert(
  core: Core,
  target: TargetName,
  judged: Judged,
  standing: Standing,
  ref: ContactRef,
  cap: Bits | undefined,
  forced: boolean,
): Plan {
  const { profile } = standing;
  const owner = judged.decision.owner;
  const view = judged.views.find((v) => v.name === owner?.ref);
  const table = view && targetOf(core, target).settings.tables[view.ledger.ref.table];
  if (!owner || !view || view.reading.kind !== 'row' || !table)
    throw new Error('a decision to write has no owner to write');
  const row = view.reading.row;
  const contactKey = view.ledger.ref.id;
  const crm = permissionsOf(table, row);
  const isReset = judged.decision.action === 'resetPermissions';
  const fields = fieldsOf(table, row);
  const address = row.email.reveal()?.trim() ?? '';
  const dataFingerprint = core.keyring.fingerprint({ contactKey, address, fields });
  const state: ProfileState = isReset ? 'reset' : 'live';
  const permissionFingerprint = core.keyring.fingerprint({ state, owner: view.name, crm });
  const wasLowered = profile.state === 'reset' || profile.state === 'held';
  // Only the owner's own delivery may raise: its stored bits are written when it is applied.
  const lastApplied = view.ledger.claim ? view.ledger.crmBits : undefined;
  const raises = !isReset && profile.state === 'live' ? raised(crm, lastApplied) : [];
  const entersReset = isReset && standing.present && !wasLowered;

  const giveOwnKey = hasKeyOfSomebodyElse(profile, judged, contactKey);
  // What others sent, and nobody knows the answer to, may have changed it since.
  const same =
    profile.openIntents.length === 0 &&
    !giveOwnKey &&
    profile.dataFingerprint === dataFingerprint &&
    profile.permissionFingerprint === permissionFingerprint;
  if (same && raises.length === 0 && !forced && !profile.addressDirty && profile.state === state) {
    return { kind: 'nothing', key: profile.key, state: undefined };
  }

  const update = isReset
    ? allFalse(crm)
    : wasLowered
      ? permissionsRestored(crm, profile.bitsBefore)
      : profile.state === 'live'
        ? permissionsForExisting(crm, lastApplied)
        : permissionsForExisting(crm, undefined);
  // Neither an opt-out at the address that they left nor one that is remembered here is undone.
  const fresh = permissionsForNew(crm, rememberedBits(profile), view.ledger.crmBits);
  const create = cap ? permissionsRestored(fresh, cap) : fresh;
  const lateErasure = profile.openIntents.some((intent) => intent.kind === 'anonymize');
  return {
    kind: 'upsert',
    key: profile.key,
    state,
    owner: view.name,
    dataFingerprint,
    permissionFingerprint,
    bitsBefore: isReset ? undefined : null,
    appliesBits: !isReset,
    resetFirst: entersReset,
    lowers: isReset || wasLowered ? [] : loweredBy(update, profile.state === 'live' ? view.ledger.crmBits : undefined),
    item: {
      contactKey,
      ref: { ...ref, contactKeys: [contactKey, ...ref.contactKeys.filter((key) => key !== contactKey)] },
      address: new Personal(address),
      fields: new Personal(fields),
      permissionsOnCreate: isReset ? allFalse(crm) : create,
      permissionsOnUpdate: update,
      mayCreate: judged.decision.mayCreate,
      known: standing.present && !lateErasure,
      addressChanged: profile.addressDirty,
      giveOwnKey,
    },
  };
}

/** Known there by an id of its own, and shown no more: somebody there may have hidden them, and erased nothing. */
function mayBeHidden(core: Core, target: TargetName, profile: Profile): boolean {
  const { erase } = targetOf(core, target).platform.capabilities;
  if (profile.state !== 'absent' || erase.reachesHidden !== true) return false;
  return profile.contactKeys.some((key) => parseRecordId(key) === undefined);
}

/** The contact goes by the id of a record that has left this profile. An id that is no record's is nobody else's. */
function hasKeyOfSomebodyElse(profile: Profile, judged: Judged, contactKey: string): boolean {
  const key = profile.contactKey;
  if (key === undefined || key === contactKey || parseRecordId(key) === undefined) return false;
  return judged.views.every((view) => view.ledger.ref.id !== key);
}

/**
 * `cap` are the bits of the profile that the person left, where their address changed. `adopt` says whether people may be
 * on the target from earlier times.
 */
export function planProfile(
  core: Core,
  target: TargetName,
  judged: Judged,
  standing: Standing,
  ref: ContactRef,
  options: { readonly cap: Bits | undefined; readonly adopt: boolean; readonly forced: boolean },
): Plan {
  const { profile } = standing;
  const nothing = (state?: ProfileState): Plan => ({ kind: 'nothing', key: profile.key, state });
  const unknown = !standing.present && (mayHaveLanded(profile) || (options.adopt && profile.state === 'new'));
  switch (judged.decision.action) {
    case 'leave':
      return nothing();
    case 'anonymize':
      if (standing.present) return { kind: 'anonymize', key: profile.key };
      if (unknown) return { kind: 'lookUp', key: profile.key };
      if (mayBeHidden(core, target, profile)) return { kind: 'anonymize', key: profile.key };
      return nothing(profile.state === 'new' ? 'absent' : undefined);
    case 'resetPermissions':
      if (standing.present) return upsert(core, target, judged, standing, ref, options.cap, options.forced);
      if (unknown) return { kind: 'lookUp', key: profile.key };
      return nothing(profile.state === 'new' ? 'absent' : undefined);
    case 'sync':
      if (!judged.decision.mayCreate && !standing.present && !unknown) {
        return nothing(profile.state === 'new' ? 'absent' : undefined);
      }
      return upsert(core, target, judged, standing, ref, options.cap, options.forced);
  }
}
