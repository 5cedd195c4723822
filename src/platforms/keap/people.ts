/**
 * Everything that is done to one person: look-up, permission, erasure. Guarantees: goes over every id the person may be
 * called by, and the address; `absent` is said only when all of them are unknown there; an erasure deletes every contact
 * with the address, those that nobody here wrote too. Where no address is given, the first one of the contacts that are
 * found stands for it, but then a contact that carries the id of another record is left alone: a person in Keap may have
 * typed that address in. Each step can be repeated: whoever leads to others is deleted last.
 * wire: platforms.md 2.4, 2.5.
 */
import { Personal, parseRecordId } from '../../../config/words.ts';
import { isConnectorError } from '../../http/errors.ts';
import { normaliseAddress } from '../address.ts';
import type { ContactRef, Found, HeldContact, Outcome, PermissionBits } from '../platform.ts';
import type { KeapClient, Removed } from './client.ts';
import { type Consent, staysOptedOut } from './consent.ts';
import { ownEntry } from './contact-body.ts';
import { marketing } from './discovery.ts';
import { addressesOf, contactKeyOf, type LookUp, recordIdsOf, unique } from './look-up.ts';
import type { Contact } from './schema.ts';

export interface People {
  find(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined>;
  read(ref: ContactRef, signal: AbortSignal): Promise<readonly HeldContact[]>;
  resetPermissions(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
  setPermissions(ref: ContactRef, permissions: PermissionBits, signal: AbortSignal): Promise<Outcome>;
  anonymize(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
}

export function createPeople(
  client: KeapClient,
  lookUp: LookUp,
  consent: Consent,
  /** Whether the permission is mapped. */
  hasPermission: boolean,
): People {
  /** By the surest key that finds anybody. */
  async function first(ref: ContactRef, signal: AbortSignal): Promise<Contact | undefined> {
    const [byId] = await lookUp.byKeapIds(ref, signal);
    if (byId) return byId;
    const [byRecord] = await lookUp.byRecordIds(ref, signal);
    if (byRecord || ref.address === undefined) return byRecord;
    return (await lookUp.byAddress(ref.address, signal))[0];
  }

  async function byKeys(ref: ContactRef, signal: AbortSignal): Promise<Contact[]> {
    return unique([...(await lookUp.byKeapIds(ref, signal)), ...(await lookUp.byRecordIds(ref, signal))]);
  }

  /** The contacts to erase: those that were found through others first. */
  async function everybody(ref: ContactRef, signal: AbortSignal): Promise<Contact[]> {
    const keyed = await byKeys(ref, signal);
    const named = ref.address === undefined ? [] : await lookUp.byAddress(ref.address, signal);
    const ours = new Set<string>(recordIdsOf(ref));
    const alike: Contact[] = [];
    for (const contact of keyed) {
      const email = ownEntry(contact, undefined)?.email;
      if (!email || (ref.address && normaliseAddress(ref.address.reveal()) === normaliseAddress(email))) continue;
      for (const other of await lookUp.byAddress(new Personal(email), signal)) {
        const recordId = await lookUp.recordIdOf(other, signal);
        if (recordId === undefined || ours.has(parseRecordId(recordId) ?? recordId)) alike.push(other);
      }
    }
    const known = new Set(keyed.map(({ id }) => id));
    return unique([...[...named, ...alike].filter(({ id }) => !known.has(id)), ...keyed]);
  }

  /** Answers whether Keap took it. An address that Keap itself refuses to look at is not kept from being deleted. */
  async function optOut(address: Personal<string>, signal: AbortSignal): Promise<boolean> {
    try {
      await consent.set(address, false, signal);
      return true;
    } catch (error) {
      if (isConnectorError(error) && error.kind === 'park') return false;
      throw error;
    }
  }

  return {
    async find(ref, signal) {
      const contact = await first(ref, signal);
      if (contact === undefined) return undefined;
      const entry = ownEntry(contact, ref.address?.reveal()) ?? ownEntry(contact, undefined);
      const permissions: PermissionBits = hasPermission ? { [marketing]: await consent.isOptedIn(entry, signal) } : {};
      return { contactKey: contactKeyOf(contact), permissions };
    },

    async read(ref, signal) {
      const named = ref.address === undefined ? [] : await lookUp.byAddress(ref.address, signal);
      const found: HeldContact[] = [];
      for (const contact of unique([...(await byKeys(ref, signal)), ...named])) {
        const data = await client.whole(contact.id, signal);
        if (data) found.push({ contactKey: contactKeyOf(contact), data: new Personal(data) });
      }
      return found;
    },

    async resetPermissions(ref, signal) {
      const keyed = await byKeys(ref, signal);
      const named = ref.address === undefined ? [] : await lookUp.byAddress(ref.address, signal);
      const [contact] = [...keyed, ...named];
      if (contact === undefined) return absent;
      const addresses = keyed.flatMap(addressesOf);
      if (named.length > 0 && ref.address !== undefined) addresses.push(ref.address);
      for (const address of distinct(addresses)) await consent.set(address, false, signal);
      return { kind: 'done', status: 200, contactKey: contactKeyOf(contact) };
    },

    async setPermissions(ref, permissions, signal) {
      const contact = await first(ref, signal);
      if (contact === undefined) return absent;
      const wish = permissions[marketing];
      const { email } = ownEntry(contact, ref.address?.reveal()) ?? ownEntry(contact, undefined) ?? {};
      const contactKey = contactKeyOf(contact);
      if (wish === undefined || !email) return { kind: 'done', status: 200, contactKey };
      const notice = await consent.set(new Personal(email), wish, signal);
      return notice === staysOptedOut
        ? { kind: 'rejected', status: 200, contactKey, detail: staysOptedOut }
        : { kind: 'done', status: 200, contactKey };
    },

    async anonymize(ref, signal) {
      const contacts = await everybody(ref, signal);
      if (contacts.length === 0) return absent;
      let optedOut = true;
      for (const address of distinct(contacts.flatMap(addressesOf))) {
        optedOut = (await optOut(address, signal)) && optedOut;
      }
      let done: { readonly removed: Removed; readonly contactKey: string } | undefined;
      for (const contact of contacts) {
        const removed = await client.remove(contact.id, signal);
        if (removed.found) done = { removed, contactKey: contactKeyOf(contact) };
      }
      if (!done) return absent;
      const { status, requestId } = done.removed;
      return {
        kind: 'done',
        status,
        contactKey: done.contactKey,
        ...(requestId === undefined ? {} : { requestId }),
        ...(optedOut ? {} : { detail: notOptedOut }),
      };
    },
  };
}

const absent: Outcome = { kind: 'absent', status: 404 };

const notOptedOut = 'Deleted; but Keap did not take the opt-out of one of the addresses.';

function distinct(addresses: readonly Personal<string>[]): Personal<string>[] {
  return [...new Map(addresses.map((address) => [normaliseAddress(address.reveal()), address])).values()];
}
