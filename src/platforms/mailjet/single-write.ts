/**
 * Writing one person. Guarantees: who is there is looked for first, and where two creations race, Mailjet's "exists
 * already" (MJ18) decides; a contact that is there already never gets a permission raised but by `permissionsOnUpdate`;
 * what goes down goes down before the data, what goes up comes last; only the mapped properties are written; `created`
 * is said only when Mailjet created the contact for us. Where the answer to the creation is lost, the repetition finds
 * somebody and gives them no consent.
 * wire: platforms.md 1.3 (201, 400 MJ18, 304 for a write that changes nothing, contactdata merges).
 */
import { ConnectorError, isConnectorError } from '../../http/errors.ts';
import type { Outcome, PermissionBits, UpsertItem } from '../platform.ts';
import type { ContactWrite, MailjetClient } from './client.ts';
import { type Consent, contactGone, permissionsOnExisting } from './consent.ts';
import { type Catalogue, marketing } from './discovery.ts';
import { existsCode, refusals } from './errors.ts';
import { contactKeyOf, type LookUp } from './look-up.ts';
import type { OwnCreations } from './own-creations.ts';
import type { Contact } from './schema.ts';
import { type Properties, valuesOf } from './values.ts';

export interface WriteParts {
  readonly client: MailjetClient;
  readonly lookUp: LookUp;
  readonly consent: Consent;
  readonly own: OwnCreations;
}

/** Whether something of a call has taken effect: then a later failure does not mean that nothing was done. */
export interface Progress {
  landed: boolean;
}

export interface SingleWrite {
  /** Answers `rejected` for what is the row's own fault. */
  write(item: UpsertItem, catalogue: Catalogue, progress: Progress, signal: AbortSignal): Promise<Outcome>;
  /** For a contact whose data is written: the permissions, and the outcome. */
  finish(item: UpsertItem, contact: Contact, catalogue: Catalogue, signal: AbortSignal): Promise<Outcome>;
}

export function createSingleWrite({ client, lookUp, consent, own }: WriteParts): SingleWrite {
  async function writeOne(
    item: UpsertItem,
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
    met: (contact: Contact) => void,
  ): Promise<Outcome> {
    const isMeantToExist = !item.mayCreate || item.known;
    const find = isMeantToExist ? lookUp.byAddress : lookUp.quickly;
    const found = await find(item.address, signal);
    if (found) met(found);
    if (found) return update(item, found, catalogue, progress, signal);
    // Who was written before and is not there any more was removed by somebody: the core decides that anew.
    if (isMeantToExist) return { kind: 'absent', status: 404 };
    const made = await create(item, catalogue, signal);
    if (made === 'exists') return update(item, await whoWasFaster(item, signal), catalogue, progress, signal);
    progress.landed = true;
    met(made);
    const { properties } = valuesOf(item, catalogue);
    await writeData(made.ID, properties, signal);
    return finish(item, made, catalogue, signal);
  }

  async function create(item: UpsertItem, catalogue: Catalogue, signal: AbortSignal): Promise<Contact | 'exists'> {
    const { name } = valuesOf(item, catalogue);
    const write: ContactWrite = {
      ...(name ? { Name: name } : {}),
      IsExcludedFromCampaigns: item.permissionsOnCreate[marketing] === false,
    };
    try {
      const { contact } = await client.create(item.address, write, signal);
      own.begin(item.address, contact.ID - 1);
      return contact;
    } catch (error) {
      if (isConnectorError(error) && error.code === existsCode) return 'exists';
      throw error;
    }
  }

  async function whoWasFaster(item: UpsertItem, signal: AbortSignal): Promise<Contact> {
    const contact = await lookUp.byAddress(item.address, signal);
    if (contact) return contact;
    throw new ConnectorError(
      'retry',
      'MAILJET_NOT_SHOWN_YET',
      'Mailjet says that a contact exists already, and does not show it yet.',
    );
  }

  async function update(
    item: UpsertItem,
    contact: Contact,
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { name, properties } = valuesOf(item, catalogue);
    const wishes = own.has(contact) ? item.permissionsOnCreate : permissionsOnExisting(item);
    const lowered = onlyFalse(wishes);
    const isToBeExcluded = lowered[marketing] === false && !contact.IsExcludedFromCampaigns;
    const write: ContactWrite = {
      ...(name === undefined || name === (contact.Name ?? '') ? {} : { Name: name }),
      ...(isToBeExcluded ? { IsExcludedFromCampaigns: true } : {}),
    };
    if (Object.keys(write).length > 0) {
      if (!(await client.update(contact.ID, write, signal)).found) throw contactGone();
      progress.landed = true;
    }
    // Whether or not it changes anything: a failure after this is not a refusal of the whole.
    progress.landed ||= Object.keys(lowered).some((permission) => permission !== marketing);
    await consent.applyLists(contact.ID, lowered, catalogue, false, signal);
    await writeData(contact.ID, properties, signal);
    progress.landed = true;
    return finish(item, contact, catalogue, signal);
  }

  async function writeData(id: number, properties: Properties, signal: AbortSignal): Promise<void> {
    if (Object.keys(properties).length === 0) return;
    if (!(await client.writeData(id, properties, signal)).found) throw contactGone();
  }

  async function finish(
    item: UpsertItem,
    contact: Contact,
    catalogue: Catalogue,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const created = own.has(contact);
    const wishes = created ? item.permissionsOnCreate : permissionsOnExisting(item);
    // A creation comes without exclusion, unless the CRM says so; and one is not lifted from somebody who is there
    // unless that is asked for.
    const lifts = !created && wishes[marketing] === true && contact.IsExcludedFromCampaigns === true;
    if (lifts && !(await client.update(contact.ID, { IsExcludedFromCampaigns: false }, signal)).found) {
      throw contactGone();
    }
    const raised = Object.fromEntries(Object.entries(wishes).filter(([, wanted]) => wanted));
    const notice = await consent.applyLists(contact.ID, raised, catalogue, created, signal);
    own.finish(item.address);
    return {
      kind: 'done',
      status: created ? 201 : 200,
      created,
      contactKey: contactKeyOf(contact),
      ...(notice === undefined ? {} : { notice }),
    };
  }

  return {
    finish,
    async write(item, catalogue, progress, signal) {
      let id: number | undefined;
      try {
        return await writeOne(item, catalogue, progress, signal, (contact) => {
          id = contact.ID;
        });
      } catch (error) {
        if (!isConnectorError(error) || !refusals.has(error.code)) throw error;
        return {
          kind: 'rejected',
          status: error.status ?? 0,
          detail: error.code.slice('MAILJET_'.length),
          // Somebody is there: by this they can be erased, whatever became of their data.
          ...(id === undefined ? {} : { contactKey: contactKeyOf({ ID: id }) }),
        };
      }
    },
  };
}

function onlyFalse(permissions: PermissionBits): PermissionBits {
  return Object.fromEntries(Object.entries(permissions).filter(([, wanted]) => !wanted));
}
