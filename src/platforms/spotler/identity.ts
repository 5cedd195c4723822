/**
 * Guards for what an account de-duplicates by (wire: spotler.md B.8). Guarantees that two people's external ids are never
 * crossed by an address change, and that an account that de-duplicates otherwise than `identity` says is noticed at the
 * first change of owner, or at the first address that two records share. All are look-ups; they write nothing.
 */
import { ConnectorError } from '../../http/errors.ts';
import { sameAddress } from '../address.ts';
import type { UpsertItem } from '../platform.ts';
import type { SpotlerClient } from './client.ts';

/** Throws `park` when somebody else's contact has the new address. */
export async function checkAddressIsFree(client: SpotlerClient, item: UpsertItem, signal: AbortSignal): Promise<void> {
  const ours = new Set(item.ref.contactKeys.map((key) => key.toLowerCase()));
  for (const { externalId } of await client.search(item.address, signal)) {
    if (!externalId) {
      throw new ConnectorError(
        'park',
        'SPOTLER_IDS_WOULD_CROSS',
        'Spotler has a contact without an external id under the new address. Give it one, or remove it, in Spotler.',
      );
    }
    if (!ours.has(externalId.toLowerCase())) {
      throw new ConnectorError(
        'park',
        'SPOTLER_IDS_WOULD_CROSS',
        'Another Spotler contact has the new address already: two external ids would be switched. Merge or remove one in Spotler.',
      );
    }
  }
}

/**
 * For accounts that keep a contact a record: Spotler said that the contact is there already. Throws `config` when it is not
 * there under its own id: then it is somebody else's contact with the same address, and writing would take that away.
 */
export async function checkItsOwnContact(client: SpotlerClient, item: UpsertItem, signal: AbortSignal): Promise<void> {
  for (const key of new Set([item.contactKey, ...item.ref.contactKeys]))
    if ((await client.contact(key, signal)) !== undefined) return;
  throw deduplicates();
}

/** The contacts with the address that are not the item's own, by their ids. */
export async function othersWithAddress(
  client: SpotlerClient,
  item: UpsertItem,
  signal: AbortSignal,
): Promise<Set<string>> {
  const ours = new Set([item.contactKey, ...item.ref.contactKeys].map((key) => key.toLowerCase()));
  const ids = (await client.search(item.address, signal)).flatMap(({ externalId }) => externalId ?? []);
  return new Set(ids.filter((id) => !ours.has(id.toLowerCase())));
}

/** Throws `config` when one of these contacts is not there any more after the item got its address. */
export async function checkOthersAreStillThere(
  client: SpotlerClient,
  others: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const id of others) if ((await client.contact(id, signal)) === undefined) throw deduplicates();
}

function deduplicates(): ConnectorError {
  return new ConnectorError(
    'config',
    'SPOTLER_ADDRESS_DEDUPLICATION',
    'This Spotler account keeps one contact for each address: it de-duplicates by address. Set identity: address.',
  );
}

/** Enough for the changes of owner between two starts; forgetting costs one look-up each. */
const longestMemory = 10_000;

/** Throws `config` when the id that the profile had before is still a contact of its own with the same address. */
export async function checkFormerIdIsGone(
  client: SpotlerClient,
  item: UpsertItem,
  gone: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const former = item.ref.contactKeys.find((key) => key !== item.contactKey);
  if (former === undefined || gone.has(former)) return;
  const email = (await client.contact(former, signal))?.properties?.email;
  if (typeof email === 'string' && sameAddress(email, item.address.reveal())) {
    throw new ConnectorError(
      'config',
      'SPOTLER_NO_ADDRESS_DEDUPLICATION',
      'This Spotler account keeps two contacts with one address: it does not de-duplicate by address. Set identity: record.',
    );
  }
  if (gone.size >= longestMemory) gone.clear();
  gone.add(former);
}
