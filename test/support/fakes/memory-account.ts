/**
 * The contacts of one account on a platform, and what single requests do to them. With `dedupe: 'address'` the address
 * decides first and the external id second, and a write whose address is there takes that contact over; with
 * `dedupe: 'record'` only the external id counts. Guarantees: nothing of an erased contact is left. wire: spotler.md B.8,
 * B.9; written for the tests of the use cases and without anything of the HTTP simulator.
 */
import type { FieldValue, PermissionBits } from '../../../src/platforms/platform.ts';

export interface StoredContact {
  readonly number: number;
  externalId: string | undefined;
  address: string;
  fields: Record<string, FieldValue>;
  permissions: Record<string, boolean>;
}

/** One contact of a request. */
export interface ContactWrite {
  readonly externalId: string;
  readonly address: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Only those that are to change. */
  readonly permissions: PermissionBits;
}

export type WriteAnswer = 'created' | 'updated' | 'exists' | 'unknown';

export interface Account {
  readonly contacts: ReadonlySet<StoredContact>;
  byId(externalId: string): StoredContact | undefined;
  byAddress(address: string): StoredContact[];
  /** Adds; with `update` a contact that is there is taken over, and one that is not is created all the same. */
  add(write: ContactWrite, update: boolean): WriteAnswer;
  /** Changes the contact with this external id, if there is one. */
  put(externalId: string, change: Partial<Omit<ContactWrite, 'externalId'>>): WriteAnswer;
  anonymize(externalId: string): boolean;
  /** Somebody worked in the platform itself. */
  addByHand(contact: Partial<StoredContact> & { address: string }): StoredContact;
}

export function createAccount(dedupe: 'address' | 'record'): Account {
  const contacts = new Set<StoredContact>();
  let numbers = 0;

  const spelled = (address: string): string => address.trim().normalize('NFC').toLowerCase();
  const byId = (externalId: string): StoredContact | undefined =>
    [...contacts].find((contact) => contact.externalId === externalId);
  const byAddress = (address: string): StoredContact[] =>
    [...contacts].filter((contact) => spelled(contact.address) === spelled(address));

  function make(contact: Omit<StoredContact, 'number'>): StoredContact {
    const made = { ...contact, number: ++numbers };
    contacts.add(made);
    return made;
  }

  function store(contact: StoredContact, change: Partial<Omit<ContactWrite, 'externalId'>>): void {
    if (change.address !== undefined) contact.address = change.address;
    contact.fields = { ...contact.fields, ...change.fields };
    contact.permissions = { ...contact.permissions, ...change.permissions };
  }

  /** The contact with the address takes the id; another one that had it loses it and lives on. */
  function takeOver(contact: StoredContact, externalId: string): void {
    const former = byId(externalId);
    if (former && former !== contact) former.externalId = undefined;
    contact.externalId = externalId;
  }

  return {
    contacts,
    byId,
    byAddress,
    add(write, update) {
      const found = (dedupe === 'address' ? byAddress(write.address)[0] : undefined) ?? byId(write.externalId);
      if (found && !update) return 'exists';
      const contact = found ?? make({ externalId: undefined, address: write.address, fields: {}, permissions: {} });
      takeOver(contact, write.externalId);
      store(contact, write);
      return found ? 'updated' : 'created';
    },
    put(externalId, change) {
      const contact = byId(externalId);
      if (!contact) return 'unknown';
      const other =
        dedupe === 'address' && change.address !== undefined
          ? byAddress(change.address).find((candidate) => candidate !== contact)
          : undefined;
      if (other) takeOver(other, externalId);
      store(other ?? contact, change);
      return 'updated';
    },
    anonymize(externalId) {
      const contact = byId(externalId);
      return contact !== undefined && contacts.delete(contact);
    },
    addByHand: ({ address, externalId, fields = {}, permissions = {} }) =>
      make({ externalId, address, fields: { ...fields }, permissions: { ...permissions } }),
  };
}
