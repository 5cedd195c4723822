/**
 * Writing profiles, one by one: Keap takes no lists. Guarantees: who is there is read before they are written, and what
 * the connector does not own is kept; a contact that is there already never gets the permission raised but by
 * `permissionsOnUpdate`; an item with `mayCreate: false` creates nobody; `created` is said only when Keap said 201. A
 * contact that somebody else creates between our look-up and our write is taken over by `duplicate_option`: then what
 * its arrays held is lost, but its opt-in is put back as it was.
 * wire: the vendor's description, POST /contacts and PATCH /contacts/{contact_id}; platforms.md 2.3.
 */
import { afterLanding, ConnectorError, isConnectorError } from '../../http/errors.ts';
import type { Outcome, PermissionBits, UpsertItem } from '../platform.ts';
import type { KeapClient, Written } from './client.ts';
import { type Consent, mayBeOptedIn, staysOptedOut } from './consent.ts';
import { type AddressWrite, bodyOf, longestAddress, ownEntry } from './contact-body.ts';
import { type Catalogue, type Discovery, marketing } from './discovery.ts';
import { suppressedCode } from './errors.ts';
import { contactKeyOf, type LookUp } from './look-up.ts';
import { tooLong } from './properties.ts';
import type { Contact } from './schema.ts';

interface Parts {
  readonly client: KeapClient;
  readonly discovery: Discovery;
  readonly lookUp: LookUp;
  readonly consent: Consent;
  readonly optInReason: string;
}

/** Whether something of this call has taken effect: then a later failure does not mean that nothing was done. */
interface Progress {
  landed: boolean;
}

export type Upsert = (items: readonly UpsertItem[], signal: AbortSignal) => Promise<Outcome[]>;

export function createUpsert(parts: Parts): Upsert {
  const { client, discovery, lookUp, consent, optInReason } = parts;

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
    checkNames([item.permissionsOnCreate, item.permissionsOnUpdate]);
    const catalogue = await discovery.read(signal);
    for (const name of Object.keys(item.fields.reveal())) catalogue.property(name);
    const long = tooLong(item.fields.reveal());
    if (long !== undefined) return rejected(`${long.toUpperCase()}_TOO_LONG`);
    try {
      const contact = await locate(item, signal);
      if (contact) return await update(item, contact, catalogue, progress, signal);
      // Who was written before and is not there any more was removed by somebody: the core decides that anew.
      if (!item.mayCreate || item.known) return { kind: 'absent', status: 404 };
      return await create(item, catalogue, progress, signal);
    } catch (error) {
      return ownFault(error);
    }
  }

  /** Throws `park` KEAP_IDS_WOULD_CROSS when our contact has another address and ours belongs to another contact. */
  async function locate(item: UpsertItem, signal: AbortSignal): Promise<Contact | undefined> {
    const address = item.address.reveal();
    const byIds = await lookUp.byKeapIds(item.ref, signal);
    const ref = { ...item.ref, contactKeys: [item.contactKey, ...item.ref.contactKeys] };
    const keyed = byIds.length > 0 ? byIds : await lookUp.byRecordIds(ref, signal);
    const both = keyed.find((contact) => ownEntry(contact, address));
    if (both) return both;
    const [other] = await lookUp.byAddress(item.address, signal);
    const [own] = keyed;
    if (own && other) {
      throw new ConnectorError(
        'park',
        'KEAP_IDS_WOULD_CROSS',
        'Another Keap contact has the new address already. Merge the two, or remove one, in Keap.',
      );
    }
    return own ?? other;
  }

  async function create(
    item: UpsertItem,
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const address = item.address.reveal();
    if (address.length > longestAddress) return rejected('ADDRESS_TOO_LONG');
    const wanted = item.permissionsOnCreate[marketing] === true;
    const before = wanted ? await client.status(item.address, signal) : undefined;
    const optIn = wanted && mayBeOptedIn(before);
    const body = bodyOf(item, catalogue, undefined, { address, optInReason: optIn ? optInReason : undefined });
    const written = await client.create(body, signal);
    progress.landed = true;
    const created = written.status === 201;
    const isOptedIn = await consent.isOptedIn(ownEntry(written.contact, address), signal);
    // Somebody else was faster with the contact: our reason opted in who was there already.
    const raisedUnasked = !created && optIn && before?.opted_in !== true;
    // An address may have been opted in before it came to this contact.
    const isRefused = item.permissionsOnCreate[marketing] === false;
    if (isOptedIn && (isRefused || raisedUnasked)) await consent.set(item.address, false, signal);
    return done(written, created, wanted && created && !isOptedIn ? staysOptedOut : undefined);
  }

  async function update(
    item: UpsertItem,
    contact: Contact,
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const address = item.address.reveal();
    const moves = ownEntry(contact, address) === undefined;
    if (moves && address.length > longestAddress) return rejected('ADDRESS_TOO_LONG');
    const wish = permissionsOnExisting(item)[marketing];
    if (wish === false || moves) progress.landed ||= await lowerFirst(item, contact, moves, wish, signal);
    const write = moves ? await moved(item, contact, wish, signal) : undefined;
    const body = bodyOf(item, catalogue, contact, write);
    const written =
      Object.keys(body).length === 0
        ? { contact, status: 200, requestId: undefined }
        : await client.update(contact.id, body, signal);
    if (written === undefined) return { kind: 'absent', status: 404 };
    progress.landed = true;
    const notice = wish === true ? await consent.set(item.address, true, signal) : undefined;
    return done(written, false, notice);
  }

  /** Opt-outs come before the data: whoever may not be mailed is not mailed while the rest fails. */
  async function lowerFirst(
    item: UpsertItem,
    contact: Contact,
    moves: boolean,
    wish: boolean | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!moves) {
      await consent.set(item.address, false, signal);
      return true;
    }
    // The permission moves with the person: the new address gets what the old one had, if not less.
    if (wish === true || (wish !== false && (await consent.isOptedIn(ownEntry(contact, undefined), signal)))) {
      return false;
    }
    if (!(await client.status(item.address, signal))?.opted_in) return false;
    await consent.set(item.address, false, signal);
    return true;
  }

  async function moved(
    item: UpsertItem,
    contact: Contact,
    wish: boolean | undefined,
    signal: AbortSignal,
  ): Promise<AddressWrite> {
    const address = item.address.reveal();
    const had = wish !== false && (await consent.isOptedIn(ownEntry(contact, undefined), signal));
    const carries = had && mayBeOptedIn(await client.status(item.address, signal));
    return { address, optInReason: carries ? optInReason : undefined };
  }
}

/** Not sent: the description says that Keap does not take it. */
function rejected(detail: string): Outcome {
  return { kind: 'rejected', status: 0, detail };
}

function checkNames(permissions: readonly PermissionBits[]): void {
  const unknown = permissions.flatMap((bits) => Object.keys(bits)).find((name) => name !== marketing);
  if (unknown === undefined) return;
  throw new ConnectorError(
    'config',
    'KEAP_UNKNOWN_PERMISSION',
    `Keap has no permission ${unknown}; it has one, called ${marketing}.`,
  );
}

/** What is to change, and for somebody whom we never wrote also a false of the CRM. */
function permissionsOnExisting(item: UpsertItem): PermissionBits {
  if (item.known || item.permissionsOnCreate[marketing] !== false) return item.permissionsOnUpdate;
  return { [marketing]: false, ...item.permissionsOnUpdate };
}

function done({ contact, status, requestId }: Written, created: boolean, notice: string | undefined): Outcome {
  return {
    kind: 'done',
    status,
    created,
    contactKey: contactKeyOf(contact),
    ...(requestId === undefined ? {} : { requestId }),
    ...(notice === undefined ? {} : { notice }),
  };
}

/** What a refusal says about this one item; throws what is not the item's fault. */
function ownFault(error: unknown): Outcome {
  if (!isConnectorError(error)) throw error;
  const status = error.status ?? 0;
  if (error.code === suppressedCode) return { kind: 'suppressed', status, detail: 'GDPR_GUIDELINES' };
  if (error.code === 'KEAP_REFUSED') return { kind: 'rejected', status, detail: 'REFUSED' };
  throw error;
}
