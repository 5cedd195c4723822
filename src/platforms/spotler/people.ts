/**
 * Everything that is done to one person: look-up, permissions, erasure. Guarantees: goes over every id the person may
 * be called by; `absent` is said only when all of them and, where an address is given, the address are unknown there;
 * an erasure is `done` only when Spotler confirmed one and finds nobody under the address any more.
 */
import { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { ContactRef, Found, HeldContact, Outcome, PermissionBits } from '../platform.ts';
import type { Acknowledgement, SpotlerClient } from './client.ts';
import { allBitsFalse, type BitValue, type Discovery, fromBits, toBits } from './discovery.ts';
import { type Contact, isShell } from './schema.ts';

export interface People {
  find(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined>;
  read(ref: ContactRef, signal: AbortSignal): Promise<readonly HeldContact[]>;
  resetPermissions(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
  setPermissions(ref: ContactRef, permissions: PermissionBits, signal: AbortSignal): Promise<Outcome>;
  anonymize(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
}

/** Every id the person may be called by, in the order to try them. */
export function keysOf(ref: ContactRef): string[] {
  return [...new Set([...ref.contactKeys, ...ref.recordIds])];
}

/** Codes that refuse nothing about the data: the contact cannot be mailed, which is what a reset wants. */
const notices = new Set(['SPOTLER_CONTACT_OPTOUT', 'SPOTLER_NO_ACTIVE_CHANNEL']);

/** `CONTACT_OPTOUT` or `NO_ACTIVE_CHANNEL` when that is all the error says. */
export function noticeOf(error: unknown): string | undefined {
  return error instanceof ConnectorError && notices.has(error.code) ? error.code.slice('SPOTLER_'.length) : undefined;
}

export function createPeople(client: SpotlerClient, discovery: Discovery): People {
  async function writePermissions(ref: ContactRef, bits: readonly BitValue[], signal: AbortSignal): Promise<Outcome> {
    let done: Outcome | undefined;
    let missed: Acknowledgement | undefined;

    async function write(externalId: string): Promise<void> {
      try {
        const answer = await client.update({ externalId, properties: { permissions: bits } }, signal);
        if (answer.found) done ??= outcome('done', answer, { contactKey: externalId });
        else missed = answer;
      } catch (error) {
        const notice = noticeOf(error);
        if (notice === undefined || !(error instanceof ConnectorError)) throw error;
        done ??= { kind: 'done', status: error.status ?? 400, contactKey: externalId, notice };
      }
    }

    for (const key of keysOf(ref)) await write(key);
    if (done === undefined && ref.address !== undefined) {
      const found = await client.search(ref.address, signal);
      for (const key of externalIdsOf(found)) await write(key);
      if (found.some(withoutExternalId)) return { kind: 'manual', status: 200, detail: byHand('reset') };
      missed ??= searched;
    }
    return done ?? outcome('absent', missed);
  }

  return {
    async find(ref, signal) {
      const catalogue = await discovery.read(signal);
      for (const key of keysOf(ref)) {
        const contact = await client.contact(key, signal);
        if (contact && !isShell(contact)) return { contactKey: key, permissions: fromBits(catalogue, contact) };
      }
      if (ref.address === undefined) return undefined;
      const found = await client.search(ref.address, signal);
      const contact = found.find((candidate) => !withoutExternalId(candidate)) ?? found[0];
      if (contact === undefined) return undefined;
      const permissions = fromBits(catalogue, contact);
      return contact.externalId ? { contactKey: contact.externalId, permissions } : { permissions };
    },

    async read(ref, signal) {
      const catalogue = await discovery.read(signal);
      const found: Contact[] = [];
      for (const key of keysOf(ref)) {
        const contact = await client.contact(key, signal);
        if (contact && !isShell(contact)) found.push({ ...contact, externalId: contact.externalId ?? key });
      }
      const known = new Set(found.map((contact) => contact.externalId));
      if (ref.address !== undefined)
        for (const contact of await client.search(ref.address, signal))
          if (!contact.externalId || !known.has(contact.externalId)) found.push(contact);
      return found.map((contact): HeldContact => {
        // The names of the permissions say more than the numbers of their bits.
        const permissions = fromBits(catalogue, contact);
        const held = { data: new Personal({ ...contact.properties, permissions }), permissions };
        return contact.externalId ? { contactKey: contact.externalId, ...held } : held;
      });
    },

    async resetPermissions(ref, signal) {
      return writePermissions(ref, allBitsFalse(await discovery.read(signal)), signal);
    },

    async setPermissions(ref, permissions, signal) {
      return writePermissions(ref, toBits(await discovery.read(signal), permissions), signal);
    },

    anonymize: (ref, signal) => anonymize(client, ref, signal),
  };
}

/** Stands for a search that found nobody, where no id was asked for. */
const searched: Acknowledgement = { found: false, status: 200, requestId: undefined };

async function anonymize(client: SpotlerClient, ref: ContactRef, signal: AbortSignal): Promise<Outcome> {
  let done: Outcome | undefined;
  let missed: Acknowledgement | undefined;

  async function erase(externalId: string): Promise<void> {
    const answer = await client.anonymize(externalId, signal);
    if (answer.found) done = outcome('done', answer, { contactKey: externalId });
    else missed = answer;
  }

  for (const key of keysOf(ref)) await erase(key);
  if (ref.address !== undefined) {
    const byHandToo = await eraseByAddress(client, ref.address, erase, signal);
    if (byHandToo) return { kind: 'manual', status: done?.status ?? 200, detail: byHand('erased') };
    missed ??= searched;
  }
  return done ?? outcome('absent', missed);
}

/** Erases whoever the address still finds; true when somebody without an external id is left. */
async function eraseByAddress(
  client: SpotlerClient,
  address: Personal<string>,
  erase: (externalId: string) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await client.search(address, signal);
  const keys = externalIdsOf(found);
  for (const key of keys) await erase(key);
  const left = keys.length === 0 ? found : await client.search(address, signal);
  if (externalIdsOf(left).length === 0) return left.length > 0;
  throw new ConnectorError(
    'retry',
    'SPOTLER_STILL_FOUND',
    'Spotler still finds a contact under the address right after anonymizing it.',
  );
}

function externalIdsOf(contacts: readonly Contact[]): string[] {
  return contacts.flatMap((contact) => (contact.externalId ? [contact.externalId] : []));
}

function withoutExternalId(contact: Contact): boolean {
  return !contact.externalId;
}

function byHand(what: 'erased' | 'reset'): string {
  return `Spotler has a contact with this address but without an external id: to be ${what} by hand in Spotler.`;
}

function outcome(
  kind: 'done' | 'absent',
  answer: Acknowledgement | undefined,
  more: { contactKey?: string } = {},
): Outcome {
  return {
    kind,
    status: answer?.status ?? 0,
    ...(answer?.requestId === undefined ? {} : { requestId: answer.requestId }),
    ...more,
  };
}
