/**
 * Contacts that a platform made and whose id nobody learnt: the answer was lost, and the platform finds people by their
 * address only. By the time anybody looks the row may be gone, or show another address. So the address of such a creation
 * is kept, sealed, with its intent until the intent is closed, and the id is learnt before the profile is erased, reset
 * or left. Guarantees: nothing of it is kept where the platform finds people by an id that is known beforehand; an id
 * that another live profile holds is not taken. Writes nothing to a platform.
 */
import { Personal, type ProfileKey, parseRecordId } from '../../config/words.ts';
import type { Profile } from '../store/profiles.ts';
import type { Batch } from './batch.ts';
import { keysOf, lookUp } from './single-writes.ts';

/** Whether somebody who was created there can be found again by nothing but the address. */
function findsByAddressOnly(batch: Pick<Batch, 'target'>): boolean {
  return batch.target.platform.capabilities.findsByAddressOnly === true;
}

function knowsItsId(profile: Profile): boolean {
  return profile.contactKeys.some((key) => parseRecordId(key) === undefined);
}

/** What has to be kept with the intent of a write; undefined when nothing has. */
export function sealedFor(batch: Batch, profile: Profile, address: string): string | undefined {
  if (!findsByAddressOnly(batch) || knowsItsId(profile)) return undefined;
  return batch.core.keyring.seal(JSON.stringify([address]));
}

/** Somebody may have been created for it, under an id that nobody knows. */
function hasLostItsId(batch: Batch, profile: Profile): boolean {
  return findsByAddressOnly(batch) && !knowsItsId(profile) && lostAddresses(batch, profile).length > 0;
}

function lostAddresses(batch: Batch, profile: Profile): string[] {
  const sealed = profile.openIntents.flatMap((intent) =>
    intent.kind === 'upsert' && intent.sealed ? intent.sealed : [],
  );
  return [...new Set(sealed.flatMap((text) => JSON.parse(batch.core.keyring.open(text)) as string[]))];
}

/**
 * Looks for those whose present address is not the profile's any more. Answers the profiles as they are known then.
 * Throws ConnectorError when the platform cannot tell, LeaseLostError.
 */
export async function learnLostIds(
  batch: Batch,
  profiles: readonly Profile[],
  isAddressKnown: (key: ProfileKey) => boolean,
): Promise<Profile[]> {
  const lost = profiles.filter((profile) => !isAddressKnown(profile.key) && hasLostItsId(batch, profile));
  if (lost.length === 0) return [...profiles];
  const { core, lease } = batch;
  for (const profile of lost) {
    for (const text of lostAddresses(batch, profile)) {
      const found = await lookUp(batch, { contactKeys: [], recordIds: [], address: new Personal(text) });
      const learnt = keysOf(found).map((contactKey) => ({ profileKey: profile.key, contactKey }));
      if (learnt.length > 0) await core.store.profiles.begin(lease, [], learnt);
    }
  }
  const again = await core.store.profiles.load(
    lease,
    lost.map((profile) => profile.key),
  );
  return profiles.map((profile) => again.find(({ key }) => key === profile.key) ?? profile);
}
