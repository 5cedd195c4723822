/**
 * Finding a person in every project: by the service's own id (`dialoginsight:<project>:<idContact>`), by the record's id
 * in its field, by address. Guarantees: whatever a search finds is compared with what was looked for; an answer that does
 * not show the field it was searched by is an error, never an absence; ids that are not of this platform are passed over.
 * wire: platforms.md 4.2. That `idContact` can be searched by is inferred; `connector check` tries it.
 */
import { Personal, parseRecordId, type RecordId } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import { normaliseAddress } from '../address.ts';
import type { ContactRef } from '../platform.ts';
import type { DialogInsightClient } from './client.ts';
import type { Discovery } from './discovery.ts';
import { type Contact, shownValue } from './schema.ts';

/** Somebody in one project. */
export interface Place {
  readonly project: number;
  readonly contact: Contact;
}

export function contactKeyOf(project: number, idContact: string): string {
  return `dialoginsight:${project}:${idContact}`;
}

/** The service's own ids in one project. */
export function ownIdsOf(ref: Pick<ContactRef, 'contactKeys'>, project: number): string[] {
  const prefix = `dialoginsight:${project}:`;
  const ids = ref.contactKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return [...new Set(ids.filter((id) => /^\d{1,18}$/.test(id)))];
}

export function recordIdsOf(ref: Pick<ContactRef, 'contactKeys' | 'recordIds'>): RecordId[] {
  const ids = [...ref.contactKeys, ...ref.recordIds].map(parseRecordId);
  return [...new Set(ids.filter((id) => id !== undefined))];
}

export interface LookUp {
  byAddress(project: number, address: Personal<string>, signal: AbortSignal): Promise<Contact[]>;
  /** In the first project that has the person, by the surest key that finds anybody. */
  first(ref: ContactRef, signal: AbortSignal): Promise<Place | undefined>;
  /**
   * In all projects, in their order; also by the addresses of whom it finds there. Of those who only share such an
   * address, a contact that carries the id of another record is left out: somebody may have typed that address in.
   */
  everywhere(ref: ContactRef, signal: AbortSignal): Promise<Place[]>;
  /** Whether that very contact is still there, whatever its address is by now. */
  isThere(place: Place, signal: AbortSignal): Promise<boolean>;
  addressOf(place: Place, signal: AbortSignal): Promise<Personal<string> | undefined>;
  /** The record's id that a contact carries. */
  recordIdOf(place: Place, signal: AbortSignal): Promise<string | undefined>;
}

export function createLookUp(
  client: Pick<DialogInsightClient, 'contacts'>,
  discovery: Discovery,
  projects: readonly number[],
): LookUp {
  async function search(
    project: number,
    field: string,
    value: string,
    isIt: (shown: string) => boolean,
    signal: AbortSignal,
  ): Promise<Contact[]> {
    const found = await client.contacts(project, field, value, signal);
    return found.filter((contact) => {
      const shown = shownValue(contact, field);
      if (shown === undefined) throw hidden(project, field);
      return isIt(String(shown ?? ''));
    });
  }

  async function byIds(project: number, ref: ContactRef, signal: AbortSignal): Promise<Contact[]> {
    const found: Contact[] = [];
    for (const id of ownIdsOf(ref, project)) found.push(...(await byId(project, id, signal)));
    return found;
  }

  function byId(project: number, id: string, signal: AbortSignal): Promise<Contact[]> {
    return search(project, 'idContact', id, (shown) => shown === id, signal);
  }

  async function byRecordIds(project: number, ref: ContactRef, signal: AbortSignal): Promise<Contact[]> {
    const { recordId } = await discovery.read(project, signal);
    const found: Contact[] = [];
    for (const id of recordIdsOf(ref)) {
      found.push(...(await search(project, recordId, id, (shown) => parseRecordId(shown) === id, signal)));
    }
    return found;
  }

  async function byAddress(project: number, address: Personal<string>, signal: AbortSignal): Promise<Contact[]> {
    const { email } = await discovery.read(project, signal);
    const wanted = normaliseAddress(address.reveal());
    return search(project, email, address.reveal(), (shown) => normaliseAddress(shown) === wanted, signal);
  }

  async function addressOf({ project, contact }: Place, signal: AbortSignal): Promise<Personal<string> | undefined> {
    return textOf(contact, (await discovery.read(project, signal)).email);
  }

  async function recordIdOf({ project, contact }: Place, signal: AbortSignal): Promise<string | undefined> {
    return textOf(contact, (await discovery.read(project, signal)).recordId)?.reveal();
  }

  return {
    byAddress,
    isThere: async ({ project, contact }, signal) => (await byId(project, contact.idContact, signal)).length > 0,
    addressOf,
    recordIdOf,

    async first(ref, signal) {
      for (const project of projects) {
        const contact =
          (await byIds(project, ref, signal))[0] ??
          (await byRecordIds(project, ref, signal))[0] ??
          (ref.address && (await byAddress(project, ref.address, signal))[0]);
        if (contact) return { project, contact };
      }
      return undefined;
    },

    async everywhere(ref, signal) {
      const ours = new Set<string>(recordIdsOf(ref));
      const given = ref.address && normaliseAddress(ref.address.reveal());
      const places = new Map<string, Place>();
      const asked = new Set<string>();
      const addresses = new Map<string, Personal<string>>();
      if (ref.address && given !== undefined) addresses.set(given, ref.address);

      async function add(project: number, contact: Contact): Promise<void> {
        const place = { project, contact };
        places.set(contactKeyOf(project, contact.idContact), place);
        const address = await addressOf(place, signal);
        if (address && !addresses.has(normaliseAddress(address.reveal()))) {
          addresses.set(normaliseAddress(address.reveal()), address);
        }
      }

      for (const project of projects) {
        for (const contact of await byIds(project, ref, signal)) await add(project, contact);
        for (const contact of await byRecordIds(project, ref, signal)) await add(project, contact);
      }
      // Map iteration reaches what is added on the way: an address that is learnt late is looked for too.
      for (const [key, address] of addresses) {
        for (const project of projects) {
          if (asked.has(`${project} ${key}`)) continue;
          asked.add(`${project} ${key}`);
          for (const contact of await byAddress(project, address, signal)) {
            const carried = await recordIdOf({ project, contact }, signal);
            const isOthers = carried !== undefined && !ours.has(parseRecordId(carried) ?? carried);
            if (key === given || !isOthers) await add(project, contact);
          }
        }
      }
      const all = [...places.values()];
      return projects.flatMap((project) => all.filter((place) => place.project === project));
    },
  };
}

function textOf(contact: Contact, name: string): Personal<string> | undefined {
  const value = shownValue(contact, name);
  return typeof value === 'string' && value.trim() !== '' ? new Personal(value) : undefined;
}

function hidden(project: number, field: string): ConnectorError {
  return new ConnectorError(
    'config',
    'DIALOGINSIGHT_FIELD_HIDDEN',
    `Dialog Insight finds contacts of project ${project} by ${field} and does not show that field. Let the key see it.`,
  );
}
