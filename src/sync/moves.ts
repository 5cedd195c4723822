/**
 * Records whose address changed. A profile whose only member went to an address that nobody has there moves along; where
 * others stay, or the new address has a profile, the record joins that one and the left one is decided again. Guarantees:
 * a move in the ledger is one transaction under both leases; nothing is sent here.
 */
import type { EmailKey, ProfileKey } from '../../config/words.ts';
import type { Profile } from '../store/profiles.ts';
import type { Batch } from './batch.ts';
import { lateEffectLeft } from './complete.ts';
import type { Gathered, View } from './gather.ts';
import { mayBeThere, mayHaveLanded } from './plan.ts';

export interface Assignment {
  /** Profile → the records that belong to it now. */
  readonly members: Map<ProfileKey, View[]>;
  readonly profiles: Map<ProfileKey, Profile>;
  /** The profiles before anybody took one along: what is remembered of whoever was there is gone with a move. */
  readonly before: ReadonlyMap<ProfileKey, Profile>;
  /** Profiles that somebody left and that are still there: they are dealt with first. */
  readonly left: Set<ProfileKey>;
  /** Joined profile → the profiles its new members came from. */
  readonly origins: Map<ProfileKey, Set<ProfileKey>>;
  /** Records that have to wait for another move to be applied first. */
  readonly waiting: View[];
}

/** A record belongs where its address is; one that is not being applied joins only when its own delivery is. */
export function belongs(view: View): boolean {
  const former = view.ledger.profileKey ?? view.ledger.sentKey;
  return view.ledger.claim !== undefined || former === undefined || former === view.key;
}

function isThereStill(profile: Profile | undefined): boolean {
  return profile !== undefined && mayBeThere(profile);
}

/** Other profiles that the record was applied to, or sent for. */
function formerKeysOf({ key, ledger }: View): ProfileKey[] {
  const keys = [ledger.profileKey, ledger.sentKey].filter((former) => former !== undefined && former !== key);
  return [...new Set(keys)] as ProfileKey[];
}

/** Those of them that may still be there because of it. */
function formersOf(view: View, profiles: ReadonlyMap<ProfileKey, Profile>): Profile[] {
  return formerKeysOf(view).flatMap((key) => {
    const profile = profiles.get(key);
    if (profile === undefined || !mayBeThere(profile)) return [];
    // What it was sent for long ago may be somebody else's by now.
    const isItsOwn =
      key === view.ledger.profileKey || mayHaveLanded(profile) || profile.contactKey === view.ledger.ref.id;
    return isItsOwn ? [profile] : [];
  });
}

/** It was only sent for this profile once: others live there, or were sent there after it. */
function isSomebodyElses({ key }: Profile, view: View, views: readonly View[]): boolean {
  if (key === view.ledger.profileKey) return false;
  return views.some((other) => {
    const { profileKey, sentKey } = other.ledger;
    return other.name !== view.name && isThere(other) && (profileKey === key || (other.key === key && sentKey === key));
  });
}

function isForTarget(batch: Batch, view: View): boolean {
  return batch.target.settings.tables[view.ledger.ref.table] !== undefined;
}

function isThere(view: View): boolean {
  return view.reading.kind !== 'deleted';
}

/**
 * An erasure that may still land where they come from names ids that would be used at the new address: it would hit them
 * there. And a creation there whose id nobody knows would stay behind. Nothing is decided about the new address without them.
 */
function mayBeHit(batch: Batch, view: View, profiles: ReadonlyMap<ProfileKey, Profile>): boolean {
  const sent = formerKeysOf(view).flatMap((key) => profiles.get(key)?.openIntents ?? []);
  const kinds = sent.filter(({ kind, sealed }) => kind === 'anonymize' || (kind === 'upsert' && sealed !== undefined));
  return lateEffectLeft(batch, kinds) !== undefined;
}

/** Whether somebody who goes from profile to profile ends up at `goal`: then those on the way would wait for each other. */
export function leadsTo(
  ways: ReadonlyMap<ProfileKey, ReadonlySet<ProfileKey>>,
  start: ProfileKey,
  goal: ProfileKey,
): boolean {
  const seen = new Set<ProfileKey>();
  const next = [start];
  for (let key = next.pop(); key !== undefined; key = next.pop()) {
    if (key === goal) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    next.push(...(ways.get(key) ?? []));
  }
  return false;
}

/** Somebody else who is being erased on request had this profile too: it is theirs, also where their record is gone. */
async function isOwedToErasure(batch: Batch, { views }: Gathered, view: View, key: ProfileKey): Promise<boolean> {
  const sharers = views.filter((other) => other !== view && (other.key === key || other.ledger.profileKey === key));
  const refs = sharers.map((other) => other.ledger.ref);
  const open = await batch.core.store.erasures.openFor(refs, [key as string as EmailKey]);
  return open.refs.size > 0 || open.keys.size > 0;
}

export async function assign(batch: Batch, gathered: Gathered): Promise<Assignment> {
  const profiles = new Map(gathered.profiles);
  const views = gathered.views.filter((view) => profiles.has(view.key) && belongs(view));
  const isOthers = (former: Profile, view: View): boolean => isSomebodyElses(former, view, gathered.views);
  // Also those whose own delivery is not being applied yet: what they left is not one person's to take along.
  const leavers = new Map<ProfileKey, number>();
  for (const view of gathered.views.filter(isThere))
    for (const from of formersOf(view, profiles))
      if (!isOthers(from, view)) leavers.set(from.key, (leavers.get(from.key) ?? 0) + 1);
  const departures = new Map<ProfileKey, Set<ProfileKey>>();
  for (const view of views)
    for (const from of formersOf(view, profiles))
      departures.set(from.key, (departures.get(from.key) ?? new Set()).add(view.key));
  const members: Map<ProfileKey, View[]> = Map.groupBy(views, (view) => view.key);
  const left = new Set<ProfileKey>();
  const origins = new Map<ProfileKey, Set<ProfileKey>>();
  const waiting: View[] = [];
  const vacated = new Set<ProfileKey>();
  const delayed = new Set<ProfileKey>();

  function waitFor(view: View): void {
    members.set(
      view.key,
      (members.get(view.key) ?? []).filter((other) => other !== view),
    );
    waiting.push(view);
  }

  const journeys = views.flatMap((view) =>
    formersOf(view, profiles).map((former, _index, all) => ({ view, former, only: all.length === 1 })),
  );
  for (const view of views) if (view.ledger.claim && mayBeHit(batch, view, profiles)) delayed.add(view.key);
  waiting.push(...views.filter((view) => view.ledger.claim && delayed.has(view.key)));
  for (const { view, former, only } of journeys) {
    if (waiting.includes(view)) continue;
    const to = view.key;
    const here = members.get(to) ?? [];
    const becomesFree =
      departures.has(to) &&
      isThereStill(profiles.get(to)) &&
      here.every((other) => !isThere(other) || (other.ledger.profileKey ?? to) !== to) &&
      !leadsTo(departures, to, former.key);
    // Whoever is there goes first: their contact and its permissions are not the newcomer's.
    if (vacated.has(to) || becomesFree) {
      waitFor(view);
      continue;
    }
    // Who comes here from elsewhere does not stay: they wait until this address is free.
    const stay = (members.get(former.key) ?? []).filter(
      (v) => isThere(v) && isForTarget(batch, v) && (v.ledger.profileKey ?? v.key) === v.key,
    );
    const occupied = isThereStill(profiles.get(to));
    const movers = here.filter((other) => formersOf(other, profiles).some((from) => !isOthers(from, other)));
    // What was begun to be erased may be gone or not: it is finished there, and whoever left it is new elsewhere.
    const isBeingErased = former.openIntents.some((intent) => intent.kind === 'anonymize');
    const own = !isOthers(former, view);
    const alone = only && own && stay.length === 0 && leavers.get(former.key) === 1 && !isBeingErased;
    const canMove = alone && !occupied && movers.length === 1 && batch.target.platform.capabilities.addressMutable;
    if (canMove && !(await isOwedToErasure(batch, gathered, view, former.key))) {
      await batch.core.store.profiles.move(batch.lease, former.key, to);
      for (const profile of await batch.core.store.profiles.load(batch.lease, [former.key, to]))
        profiles.set(profile.key, profile);
      const moved = { ...view, ledger: { ...view.ledger, profileKey: to } };
      members.set(
        to,
        here.map((other) => (other === view ? moved : other)),
      );
      vacated.add(former.key);
      continue;
    }
    // Whoever lives there leaves as well, and takes it along in their own turn.
    if (!own && (members.get(former.key) ?? []).length === 0) continue;
    left.add(former.key);
    origins.set(to, (origins.get(to) ?? new Set()).add(former.key));
  }
  for (const key of delayed) {
    members.delete(key);
    left.delete(key);
  }
  return { members, profiles, before: gathered.profiles, left, origins, waiting };
}
