/**
 * Finding the contacts of a person: by Keap's own id (`keap:123`), by the record's id in its custom field, by address.
 * Guarantees: whatever a search finds is compared with what was looked for; ids that are not of this platform are passed
 * over.
 * wire: platforms.md 2.2. Whether `email==` looks at EMAIL2 and EMAIL3 is not known: what it finds is compared in all
 * slots.
 */
import { Personal, parseRecordId, type RecordId } from '../../../config/words.ts';
import type { ContactRef } from '../platform.ts';
import type { KeapClient } from './client.ts';
import { ownEntry } from './contact-body.ts';
import type { Discovery } from './discovery.ts';
import type { Contact } from './schema.ts';

const prefix = 'keap:';

/** How the core calls a contact: Keap's own id, in a form that is told from a record's. */
export function contactKeyOf(contact: Pick<Contact, 'id'>): string {
  return `${prefix}${contact.id}`;
}

export function keapIdsOf(ref: Pick<ContactRef, 'contactKeys'>): string[] {
  const ids = ref.contactKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return [...new Set(ids.filter((id) => /^\d{1,18}$/.test(id)))];
}

export function recordIdsOf(ref: Pick<ContactRef, 'contactKeys' | 'recordIds'>): RecordId[] {
  const ids = [...ref.contactKeys, ...ref.recordIds].map(parseRecordId);
  return [...new Set(ids.filter((id) => id !== undefined))];
}

export interface LookUp {
  byKeapIds(ref: ContactRef, signal: AbortSignal): Promise<Contact[]>;
  byRecordIds(ref: ContactRef, signal: AbortSignal): Promise<Contact[]>;
  byAddress(address: Personal<string>, signal: AbortSignal): Promise<Contact[]>;
  /** The record's id that a contact carries; undefined when it carries none. */
  recordIdOf(contact: Contact, signal: AbortSignal): Promise<string | undefined>;
}

export function createLookUp(client: KeapClient, discovery: Discovery, recordIdField: string): LookUp {
  async function recordIdOf(contact: Contact, signal: AbortSignal): Promise<string | undefined> {
    const { recordId } = await discovery.read(signal);
    const content = contact.custom_fields?.find(({ id }) => id === recordId.id)?.content;
    return typeof content === 'string' && content !== '' ? content : undefined;
  }

  return {
    recordIdOf,

    async byKeapIds(ref, signal) {
      const found: Contact[] = [];
      for (const id of keapIdsOf(ref)) {
        const contact = await client.contact(id, signal);
        if (contact) found.push(contact);
      }
      return found;
    },

    async byRecordIds(ref, signal) {
      const found: Contact[] = [];
      for (const id of recordIdsOf(ref)) {
        for (const contact of await client.search(recordIdField, id, signal)) {
          if (parseRecordId(await recordIdOf(contact, signal)) === id) found.push(contact);
        }
      }
      return unique(found);
    },

    async byAddress(address, signal) {
      const found = await client.search('email', address.reveal(), signal);
      return unique(found.filter((contact) => ownEntry(contact, address.reveal())));
    },
  };
}

export function unique(contacts: readonly Contact[]): Contact[] {
  return [...new Map(contacts.map((contact) => [contact.id, contact])).values()];
}

/** Every address of a contact. */
export function addressesOf(contact: Contact): Personal<string>[] {
  return (contact.email_addresses ?? []).flatMap(({ email }) => (email ? [new Personal(email)] : []));
}
