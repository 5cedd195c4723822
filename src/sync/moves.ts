/**
 * Records whose address changed. A profile whose only member went to an address that nobody has there moves along; where
 * others stay, or the new address has a profile, the record joins that one and the left one is decided again. Guarantees:
 * a move in the ledger is one transaction under both leases; nothing is sent here.
 */
import type { ProfileKey } from '../../config/words.ts';
import type { Profile } from '../store/profiles.ts';
import type { Batch } from './batch.ts';
import { lateEffectLeft } from './complete.ts';
import type { Gathered, View } from './gather.ts';
import { mayBeThere, mayHaveLanded } from './plan.ts';

export interface Assignment {
  /** Profile → the records that belong to it now. */
  readonly members: Map<ProfileKey, View[]>;
  readonly profiles: Map<ProfileKey, Profile>;
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

function isForTarget(batch: Batch, view: View): boolean {
  return batch.target.settings.tables[view.ledger.ref.table] !== undefined;
}

function isThere(view: View): boolean {
  return view.reading.kind !== 'deleted';
}

/** Whether somebody who goes where the people of `start` go ends up at `goal`: then they would wait for each other. */
function leadsTo(departures: ReadonlyMap<ProfileKey, ReadonlySet<ProfileKey>>, start: ProfileKey, goal: ProfileKey) {
  const seen = new Set<ProfileKey>();
  const next = [start];
  for (let key = next.pop(); key !== undefined; key = next.pop()) {
    if (key === goal) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    next.push(...(departures.get(key) ?? []));
  }
  return false;
}

export async function assign(batch: Batch, gathered: Gathered): Promise<Assignment> {
  const profiles = new Map(gathered.profiles);
  const views = gathered.views.filter((view) => profiles.has(view.key) && belongs(view));
  // Also those whose own delivery is not being applied yet: what they left is not one person's to take along.
  const leavers = new Map<ProfileKey, number>();
  for (const view of gathered.views.filter(isThere))
    for (const from of formersOf(view, profiles)) leavers.set(from.key, (leavers.get(from.key) ?? 0) + 1);
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

  const journeys = views.flatMap((view) => {
    return formersOf(view, profiles).map((former, _index, all) => ({ view, former, only: all.length === 1 }));
  });
  for (const view of views) {
    const sent = formerKeysOf(view).flatMap((key) => profiles.get(key)?.openIntents ?? []);
    // … and so may a creation whose id nobody knows: the contact would stay behind at the address that is left.
    const erasures = sent.filter(
      (intent) => intent.kind === 'anonymize' || (intent.kind === 'upsert' && intent.sealed !== undefined),
    );
    // An erasure that may still land names ids that would be used at the new address: it would hit them there. Nothing
    // is decided about that address without them.
    if (view.ledger.claim && lateEffectLeft(batch, erasures) !== undefined) delayed.add(view.key);
  }
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
    const movers = here.filter((other) => formersOf(other, profiles).length > 0);
    const alone = only && stay.length === 0 && leavers.get(former.key) === 1;
    if (alone && !occupied && movers.length === 1 && batch.target.platform.capabilities.addressMutable) {
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
    left.add(former.key);
    origins.set(to, (origins.get(to) ?? new Set()).add(former.key));
  }
  for (const key of delayed) {
    members.delete(key);
    left.delete(key);
  }
  return { members, profiles, left, origins, waiting };
}
