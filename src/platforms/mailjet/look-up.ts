/**
 * Finding the contact of a person: by Mailjet's own id (`mailjet:123`), by address. Guarantees: whatever a search finds
 * is compared with what was looked for; an anonymized contact, which Mailjet shows for 30 days, counts as nobody; ids
 * that are not of this platform are passed over.
 * wire: platforms.md 1.2 (path 404, the filter `Email` whatever the capitals), 1.5 (`@domain.invalid`).
 */
import type { Personal } from '../../../config/words.ts';
import { sameAddress } from '../address.ts';
import type { ContactRef } from '../platform.ts';
import type { MailjetClient } from './client.ts';
import type { Contact } from './schema.ts';

const prefix = 'mailjet:';

/** How the core calls a contact: Mailjet's own id, in a form that is told from a record's. */
export function contactKeyOf(contact: Pick<Contact, 'ID'>): string {
  return `${prefix}${contact.ID}`;
}

export function mailjetIdsOf(ref: Pick<ContactRef, 'contactKeys'>): number[] {
  const texts = ref.contactKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return [...new Set(texts.filter((text) => /^[1-9]\d{0,14}$/.test(text)).map(Number))];
}

export function isErased({ Email }: Contact): boolean {
  return Email.toLowerCase().endsWith('@domain.invalid');
}

export interface LookUp {
  /** By the path alone: a creation that follows tells what it overlooks. */
  quickly(address: Personal<string>, signal: AbortSignal): Promise<Contact | undefined>;
  /** By the path and, where that finds nobody, by the filter, which does not care for capitals. */
  byAddress(address: Personal<string>, signal: AbortSignal): Promise<Contact | undefined>;
  /** Everybody the person may be, by the ids that they were told by first. */
  everybody(ref: ContactRef, signal: AbortSignal): Promise<Contact[]>;
}

export function createLookUp(client: Pick<MailjetClient, 'byId' | 'byAddress' | 'filtered'>): LookUp {
  const isTheirs = (contact: Contact, address: Personal<string>) => sameAddress(contact.Email, address.reveal());

  async function quickly(address: Personal<string>, signal: AbortSignal): Promise<Contact | undefined> {
    const found = await client.byAddress(address, signal);
    return found && isTheirs(found, address) ? found : undefined;
  }

  async function byAddress(address: Personal<string>, signal: AbortSignal): Promise<Contact | undefined> {
    const found = await quickly(address, signal);
    if (found) return found;
    return (await client.filtered(address, signal)).find((contact) => isTheirs(contact, address));
  }

  return {
    quickly,
    byAddress,

    async everybody(ref, signal) {
      const contacts = new Map<number, Contact>();
      for (const id of mailjetIdsOf(ref)) {
        const contact = await client.byId(id, signal);
        if (contact && !isErased(contact)) contacts.set(contact.ID, contact);
      }
      const named = ref.address && (await byAddress(ref.address, signal));
      if (named) contacts.set(named.ID, named);
      return [...contacts.values()];
    },
  };
}
