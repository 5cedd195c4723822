/**
 * Records whose address changed. A profile whose only member went to an address that nobody has there moves along; where
 * others stay, or the new address has a profile, the record joins that one and the left one is decided again. Guarantees:
 * a move in the ledger is one transaction under both leases; nothing is sent here.
 */
import type { ProfileKey } from '../../config/words.ts';
import type { Profile } from '../store/profiles.ts';
import type { Batch } from './batch.ts';
import type { Gathered, View } from './gather.ts';
import { isPresent } from './plan.ts';

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
  const former = view.ledger.profileKey;
  return view.ledger.claim !== undefined || former === undefined || former === view.key;
}

function isThere(view: View): boolean {
  return view.reading.kind !== 'deleted';
}

export async function assign(batch: Batch, gathered: Gathered): Promise<Assignment> {
  const profiles = new Map(gathered.profiles);
  const views = gathered.views.filter((view) => profiles.has(view.key) && belongs(view));
  const members: Map<ProfileKey, View[]> = Map.groupBy(views, (view) => view.key);
  const left = new Set<ProfileKey>();
  const origins = new Map<ProfileKey, Set<ProfileKey>>();
  const waiting: View[] = [];
  const vacated = new Set<ProfileKey>();

  for (const view of views) {
    const from = view.ledger.profileKey;
    const former = from === undefined ? undefined : profiles.get(from);
    if (!former || former.key === view.key || !isPresent(former.state)) continue;
    const to = view.key;
    const here = members.get(to) ?? [];
    if (vacated.has(to)) {
      members.set(
        to,
        here.filter((other) => other !== view),
      );
      waiting.push(view);
      continue;
    }
    const stay = (members.get(former.key) ?? []).filter(isThere);
    const occupied = isPresent(profiles.get(to)?.state ?? 'new');
    const movers = here.filter((other) => other.ledger.profileKey !== undefined && other.ledger.profileKey !== to);
    if (stay.length === 0 && !occupied && movers.length === 1 && batch.target.platform.capabilities.addressMutable) {
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
  return { members, profiles, left, origins, waiting };
}
