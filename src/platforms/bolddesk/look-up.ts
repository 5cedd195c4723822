/**
 * Finding the contacts of a person: by BoldDesk's own id (`bolddesk:123`) and by address; there is no look-up by the
 * external reference. Guarantees: whatever a search finds is compared with what was looked for; ids that are not of this
 * platform are passed over. Deleted contacts are among what is found, as far as BoldDesk shows them.
 * wire: platforms.md 3.2. Whether deleted contacts are shown by id or address is not known, nor the name of their view.
 */
import type { Personal } from '../../../config/words.ts';
import type { ContactRef } from '../platform.ts';
import { type BoldDeskClient, isPlainAddress } from './client.ts';
import { hasAddress } from './properties.ts';
import type { Contact } from './schema.ts';

const prefix = 'bolddesk:';

/** How the core calls a contact: BoldDesk's own id, in a form that is told from a record's. */
export function contactKeyOf({ userId }: Pick<Contact, 'userId'>): string {
  return `${prefix}${userId}`;
}

export function userIdsOf(ref: Pick<ContactRef, 'contactKeys'>): string[] {
  const ids = ref.contactKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return [...new Set(ids.filter((id) => /^\d{1,15}$/.test(id)))];
}

export interface LookUp {
  byIds(ref: ContactRef, signal: AbortSignal): Promise<Contact[]>;
  /** The quickest way that finds who is listed under the address; for writing, which is told of a double. */
  byAddressQuickly(address: Personal<string>, signal: AbortSignal): Promise<Contact[]>;
  /** Every way there is. */
  byAddress(address: Personal<string>, signal: AbortSignal): Promise<Contact[]>;
  /** By ids, then by address: everybody who is this person. */
  everybody(ref: ContactRef, signal: AbortSignal): Promise<Contact[]>;
}

export function createLookUp(client: BoldDeskClient, deletedView: string | undefined): LookUp {
  async function byIds(ref: ContactRef, signal: AbortSignal): Promise<Contact[]> {
    const ids = userIdsOf(ref);
    const found: Contact[] = [];
    for (const id of ids) {
      const contact = await client.byId(id, signal);
      if (contact) found.push(contact);
    }
    const missing = ids.filter((id) => found.every(({ userId }) => userId !== id));
    if (missing.length === 0 || deletedView === undefined) return found;
    const deleted = await client.search({ ids: missing, view: deletedView }, signal);
    return [...found, ...deleted.filter(({ userId }) => missing.includes(userId)).map(asDeleted)];
  }

  async function listed(address: Personal<string>, view: string | undefined, signal: AbortSignal): Promise<Contact[]> {
    const found = await client.search({ filter: address.reveal(), view }, signal);
    return found.filter((contact) => hasAddress(contact, address.reveal()));
  }

  async function direct(address: Personal<string>, signal: AbortSignal): Promise<Contact[]> {
    const contact = await client.byAddress(address, signal);
    return contact && hasAddress(contact, address.reveal()) ? [contact] : [];
  }

  async function byAddress(address: Personal<string>, signal: AbortSignal): Promise<Contact[]> {
    const found = isPlainAddress(address.reveal()) ? await direct(address, signal) : [];
    found.push(...(await listed(address, undefined, signal)));
    if (deletedView !== undefined) found.push(...(await listed(address, deletedView, signal)).map(asDeleted));
    return unique(found);
  }

  return {
    byIds,
    byAddress,
    byAddressQuickly: (address, signal) =>
      isPlainAddress(address.reveal()) ? direct(address, signal) : listed(address, undefined, signal),

    async everybody(ref, signal) {
      const keyed = await byIds(ref, signal);
      return unique([...keyed, ...(ref.address === undefined ? [] : await byAddress(ref.address, signal))]);
    },
  };
}

/** What the view of deleted contacts lists is deleted, whether or not the contact says so. */
function asDeleted(contact: Contact): Contact {
  return { ...contact, isDeleted: true };
}

function unique(contacts: readonly Contact[]): Contact[] {
  const byId = new Map<string, Contact>();
  for (const contact of contacts) if (!byId.has(contact.userId)) byId.set(contact.userId, contact);
  return [...byId.values()];
}
