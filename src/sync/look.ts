/**
 * Looking at a record the way `gather` does, without taking part: the same hints, the same rows, the same profiles, and
 * no lease. Guarantees: changes nothing anywhere. Does not guarantee one moment: a worker may be at it meanwhile.
 */
import { formatRecordRef, type ProfileKey, type RecordRef, type TargetName } from '../../config/words.ts';
import type { LedgerMember } from '../store/deliveries.ts';
import type { Profile } from '../store/profiles.ts';
import { type Core, targetOf } from './core.ts';
import { hintedKeys, readRecords, type View, viewOf } from './gather.ts';
import { belongs } from './moves.ts';

export interface Looked {
  /** The record itself. */
  readonly own: View;
  /** All records of its profile, itself included. */
  readonly members: readonly View[];
  readonly profile: Profile;
  /** The profile it was last applied to, when that is another one. */
  readonly former: Profile | undefined;
}

/** A record that no feed has shown yet. */
function unknownMember(ref: RecordRef): LedgerMember {
  return {
    ref,
    tombstone: false,
    gone: false,
    emailKey: undefined,
    seenKey: undefined,
    erasedEtag: undefined,
    profileKey: undefined,
    crmBits: undefined,
    claim: undefined,
  };
}

/** A profile that the ledger has no row of. */
export function unknownProfile(key: ProfileKey): Profile {
  return {
    key,
    state: 'new',
    contactKey: undefined,
    contactKeys: [],
    owner: undefined,
    dataFingerprint: undefined,
    permissionFingerprint: undefined,
    bitsBefore: undefined,
    addressDirty: false,
    openIntents: [],
  };
}

/** Throws ConnectorError when Dataverse cannot tell. */
export async function lookAt(core: Core, target: TargetName, ref: RecordRef, signal: AbortSignal): Promise<Looked> {
  const { identity } = targetOf(core, target).settings;
  const name = formatRecordRef(ref);
  const views = new Map<string, View>();
  const looked = new Set<ProfileKey>();

  async function add(keys: readonly ProfileKey[]): Promise<void> {
    for (const key of keys) looked.add(key);
    const found = await core.store.deliveries.peek(target, keys, [ref]);
    const known = found.some((member) => formatRecordRef(member.ref) === name);
    const unread = [...found, ...(known ? [] : [unknownMember(ref)])].filter(
      (member) => !views.has(formatRecordRef(member.ref)),
    );
    const readings = await readRecords(core, unread, signal);
    for (const member of unread) {
      const reading = readings.get(formatRecordRef(member.ref));
      if (reading) views.set(formatRecordRef(member.ref), viewOf(core, identity, member, reading));
    }
  }

  const [first = unknownMember(ref)] = await core.store.deliveries.peek(target, [], [ref]);
  await add(hintedKeys(identity, first));
  const own = views.get(name);
  if (!own) throw new Error('a record that was asked for was not read');
  if (!looked.has(own.key)) await add([own.key]);

  const profiles = await core.store.profiles.peek(target, [own.key, ...(first.profileKey ? [first.profileKey] : [])]);
  return {
    own,
    members: [...views.values()].filter((view) => view.key === own.key && (view === own || belongs(view))),
    profile: profiles.find((profile) => profile.key === own.key) ?? unknownProfile(own.key),
    former: profiles.find((profile) => profile.key === first.profileKey && profile.key !== own.key),
  };
}
