/**
 * Guards for accounts that de-duplicate by address (wire: spotler.md B.8). Guarantees that two people's external ids
 * are never crossed by an address change, and that an account that does not de-duplicate by address is noticed at the
 * first change of owner. Both are look-ups; they write nothing.
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
