/**
 * What is done to one person besides erasing: look-up and permissions. Guarantees: goes over every id and the address;
 * permissions are custom fields, written to every contact of the person that is not deleted; without any configured, the
 * answer is `unsupported`. Blocking a contact is no opt-out: it would keep the person from asking for help.
 * wire: platforms.md 3.4.
 */
import type { ContactRef, Found, Outcome, PermissionBits } from '../platform.ts';
import { isBlank, liveUnder } from './blank.ts';
import type { BoldDeskClient } from './client.ts';
import { contactKeyOf, type LookUp } from './look-up.ts';
import { permissionsOf } from './properties.ts';
import type { Contact } from './schema.ts';
import type { BoldDeskSettings } from './settings.ts';

export interface People {
  find(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined>;
  resetPermissions(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
  setPermissions(ref: ContactRef, permissions: PermissionBits, signal: AbortSignal): Promise<Outcome>;
}

export const noPermissions =
  'BoldDesk has no permissions of its own; map a custom field of type checkbox under "permissions" to have one.';

export const absent: Outcome = { kind: 'absent', status: 404 };

export function createPeople(
  client: Pick<BoldDeskClient, 'update'>,
  lookUp: LookUp,
  settings: Pick<BoldDeskSettings, 'eraseMode' | 'blankDomain' | 'clearWith'>,
  /** The mapped permission names. */
  names: readonly string[],
): People {
  const isLive = liveUnder(settings);

  /** Hiding is all that the mode `soft` does; for the others who is hidden is there still. */
  const isThere = (contact: Contact) => (settings.eraseMode === 'soft' ? isLive(contact) : !isBlank(contact, settings));

  async function write(ref: ContactRef, permissions: PermissionBits, signal: AbortSignal): Promise<Outcome> {
    if (names.length === 0) return { kind: 'unsupported', status: 0, detail: noPermissions };
    let outcome = absent;
    for (const contact of (await lookUp.everybody(ref, signal)).filter(isLive)) {
      const written = await client.update(contact.userId, permissions, signal);
      if (written === undefined) continue;
      const { status, requestId } = written;
      const contactKey = contactKeyOf(contact);
      outcome = { kind: 'done', status, contactKey, ...(requestId === undefined ? {} : { requestId }) };
    }
    return outcome;
  }

  return {
    async find(ref, signal) {
      const there = (await lookUp.everybody(ref, signal)).filter(isThere);
      // Whoever is not deleted tells the permissions that count.
      const [contact, ...others] = [...there.filter(isLive), ...there.filter((one) => !isLive(one))];
      if (contact === undefined) return undefined;
      return {
        contactKey: contactKeyOf(contact),
        otherKeys: others.map(contactKeyOf),
        permissions: permissionsOf(contact, names),
      };
    },

    resetPermissions: (ref, signal) => write(ref, Object.fromEntries(names.map((name) => [name, false])), signal),
    setPermissions: (ref, permissions, signal) => write(ref, permissions, signal),
  };
}
