/**
 * Writing profiles, one by one: BoldDesk takes no lists. Guarantees: who is there is looked for before they are written;
 * a contact that is there already never gets a permission raised but by `permissionsOnUpdate`; an item with
 * `mayCreate: false` creates nobody; a deleted contact is nobody, and never brought back; an address that was changed is
 * read back, since nobody documents that it can be.
 * wire: platforms.md 3.3.
 */
import { afterLanding, ConnectorError, isConnectorError } from '../../http/errors.ts';
import type { Outcome, PermissionBits, UpsertItem } from '../platform.ts';
import { liveUnder } from './blank.ts';
import type { Answered, BoldDeskClient } from './client.ts';
import { addressTakenCode, rowFaultOf } from './errors.ts';
import { contactKeyOf, type LookUp } from './look-up.ts';
import { creationOf, externalReference, hasAddress, isCustomField, isPlain, updateOf } from './properties.ts';
import type { Contact } from './schema.ts';
import type { BoldDeskSettings } from './settings.ts';

interface Parts {
  readonly client: BoldDeskClient;
  readonly lookUp: LookUp;
  readonly settings: Pick<BoldDeskSettings, 'blankDomain' | 'clearWith' | 'writeRecordId'>;
}

/** Whether something of this call has taken effect: then a later failure does not mean that nothing was done. */
interface Progress {
  landed: boolean;
}

export type Upsert = (items: readonly UpsertItem[], signal: AbortSignal) => Promise<Outcome[]>;

export const keptByDeleted =
  'BoldDesk still keeps a deleted contact with this address; restore it there, or delete it permanently.';

export function createUpsert({ client, lookUp, settings }: Parts): Upsert {
  const isLive = liveUnder(settings);

  return async function upsert(items, signal) {
    const progress: Progress = { landed: false };
    const outcomes: Outcome[] = [];
    try {
      for (const item of items) outcomes.push(await writeOne(item, progress, signal));
    } catch (error) {
      throw progress.landed ? afterLanding(error) : error;
    }
    return outcomes;
  };

  async function writeOne(item: UpsertItem, progress: Progress, signal: AbortSignal): Promise<Outcome> {
    checkNames(item, settings);
    try {
      const contact = await locate(item, signal);
      if (contact) return await update(item, contact, progress, signal);
      // Who was written before and is not there any more was removed by somebody: the core decides that anew.
      if (!item.mayCreate || item.known) return absent;
      return await create(item, progress, signal);
    } catch (error) {
      const fault = isConnectorError(error) ? rowFaultOf(error) : undefined;
      if (fault === undefined) throw error;
      return { kind: 'rejected', status: (error as ConnectorError).status ?? 0, detail: fault };
    }
  }

  /** Throws `park` when our contact has another address and ours belongs to another contact. */
  async function locate(item: UpsertItem, signal: AbortSignal): Promise<Contact | undefined> {
    const keyed = (await lookUp.byIds(item.ref, signal)).filter(isLive);
    const both = keyed.find((contact) => hasAddress(contact, item.address.reveal()));
    if (both) return both;
    const [other] = (await lookUp.byAddressQuickly(item.address, signal)).filter(isLive);
    const [own] = keyed;
    if (own && other) throw idsWouldCross();
    return own ?? other;
  }

  async function create(item: UpsertItem, progress: Progress, signal: AbortSignal): Promise<Outcome> {
    try {
      const created = await client.create(creationOf(item, settings), signal);
      progress.landed = true;
      return done(created, created.id, true);
    } catch (error) {
      if (!isConnectorError(error) || error.code !== addressTakenCode) throw error;
      // Somebody was faster, or the first look was too quick.
      const found = await lookUp.byAddress(item.address, signal);
      const contact = found.find(isLive);
      if (contact) return update(item, contact, progress, signal);
      return { kind: 'blocked', status: error.status ?? 400, detail: keptByDeleted };
    }
  }

  async function update(item: UpsertItem, contact: Contact, progress: Progress, signal: AbortSignal): Promise<Outcome> {
    const address = item.address.reveal();
    const fields = updateOf(item, contact, permissionsOnExisting(item), settings);
    if (Object.keys(fields).length === 0) return done({ status: 200, requestId: undefined }, contact.userId, false);
    const written = await client.update(contact.userId, fields, signal).catch((error: unknown) => {
      throw isConnectorError(error) && error.code === addressTakenCode ? idsWouldCross() : error;
    });
    if (written === undefined) return absent;
    progress.landed = true;
    if ('emailId' in fields) {
      const after = await client.byId(contact.userId, signal);
      if (after && !hasAddress(after, address)) throw addressKept();
    }
    return done(written, contact.userId, false);
  }
}

const absent: Outcome = { kind: 'absent', status: 404 };

/** Throws `config`: nothing is written under a name that BoldDesk cannot have. */
function checkNames(item: UpsertItem, { writeRecordId }: Pick<BoldDeskSettings, 'writeRecordId'>): void {
  const names = Object.keys(item.fields.reveal());
  const property = names.find(
    (name) => !(isPlain(name) || isCustomField(name)) || (writeRecordId && name === externalReference),
  );
  if (property !== undefined) {
    throw new ConnectorError('config', 'BOLDDESK_UNKNOWN_PROPERTY', `The property ${property} cannot be written.`);
  }
  const permission = [item.permissionsOnCreate, item.permissionsOnUpdate]
    .flatMap((bits) => Object.keys(bits))
    .find((name) => !isCustomField(name));
  if (permission !== undefined) {
    throw new ConnectorError(
      'config',
      'BOLDDESK_UNKNOWN_PERMISSION',
      `BoldDesk has no permission ${permission}; name a custom field, such as cf_newsletter.`,
    );
  }
}

/** What is to change, and for somebody whom we never wrote also each false of the CRM. */
function permissionsOnExisting(item: UpsertItem): PermissionBits {
  if (item.known) return item.permissionsOnUpdate;
  const lowered = Object.entries(item.permissionsOnCreate).filter(([, value]) => !value);
  return { ...Object.fromEntries(lowered), ...item.permissionsOnUpdate };
}

function done({ status, requestId }: Answered, userId: string, created: boolean): Outcome {
  return {
    kind: 'done',
    status,
    created,
    contactKey: contactKeyOf({ userId }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function idsWouldCross(): ConnectorError {
  return new ConnectorError(
    'park',
    'BOLDDESK_IDS_WOULD_CROSS',
    'Another BoldDesk contact has the new address already. Merge the two, or delete one, in BoldDesk.',
  );
}

function addressKept(): ConnectorError {
  return new ConnectorError(
    'park',
    'BOLDDESK_ADDRESS_KEPT',
    'BoldDesk took the new address of a contact and kept the former one. Change it in BoldDesk.',
    { mayHaveLanded: true },
  );
}
