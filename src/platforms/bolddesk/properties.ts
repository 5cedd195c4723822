/**
 * What a mapped name means in BoldDesk: a property of every contact, or a custom field by its API name (`cf_...`). A
 * permission is a custom field of type checkbox: a help desk has no marketing permission of its own. Pure.
 * wire: platforms.md 3.3 (names, reported by two clients), 3.4.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { sameAddress } from '../address.ts';
import type { FieldValue, PermissionBits, UpsertItem } from '../platform.ts';
import type { Contact } from './schema.ts';
import type { BoldDeskSettings } from './settings.ts';

export const externalReference = 'contactExternalReferenceId';
export const displayName = 'contactDisplayName';

/** Texts that a creation takes. */
const plain: ReadonlySet<string> = new Set([
  displayName,
  'contactName',
  'secondaryEmailId',
  'contactPhoneNo',
  'contactMobileNo',
  'contactAddress',
  'contactJobTitle',
  externalReference,
]);

export function isPlain(name: string): boolean {
  return plain.has(name);
}

export function isCustomField(name: string): boolean {
  return /^cf_\w{1,60}$/.test(name);
}

export function mappedFields(tables: TableMap<TableSettings>): string[] {
  return [...new Set(Object.values(tables).flatMap((table) => Object.keys(table.fields)))];
}

/** Every permission name of any table, once. */
export function mappedPermissions(tables: TableMap<TableSettings>): string[] {
  return [...new Set(Object.values(tables).flatMap((table) => Object.keys(table.permissions)))];
}

export function permissionsOf(contact: Contact, names: readonly string[]): PermissionBits {
  const fields = contact.contactCustomFields ?? {};
  return Object.fromEntries(names.map((name) => [name, fields[name] === true || fields[name] === 'true']));
}

export function hasAddress(contact: Contact, address: string): boolean {
  return [contact.emailId, contact.secondaryEmailId].some((email) => email && sameAddress(email, address));
}

type Cleared = null | '';

/** What clears a field. */
export function clearedBy({ clearWith }: Pick<BoldDeskSettings, 'clearWith'>): Cleared {
  return clearWith === 'null' ? null : '';
}

type WriteSettings = Pick<BoldDeskSettings, 'clearWith' | 'writeRecordId'>;

/** The body of a creation: what is empty is left out, and a name is needed. */
export function creationOf(item: UpsertItem, settings: WriteSettings): Record<string, unknown> {
  const fields = Object.entries(item.fields.reveal()).filter(([, value]) => value !== null);
  const custom = fields.filter(([name]) => isCustomField(name));
  const customFields = { ...Object.fromEntries(custom), ...item.permissionsOnCreate };
  return {
    [displayName]: nameOf(item),
    ...Object.fromEntries(fields.filter(([name]) => isPlain(name)).map(([name, value]) => [name, String(value)])),
    emailId: item.address.reveal(),
    ...(settings.writeRecordId ? { [externalReference]: item.contactKey } : {}),
    ...(Object.keys(customFields).length > 0 ? { customFields } : {}),
  };
}

/** The fields of an update: custom fields stand beside the others, without a level of their own. */
export function updateOf(
  item: UpsertItem,
  contact: Contact,
  permissions: PermissionBits,
  settings: WriteSettings,
): Record<string, unknown> {
  const cleared = clearedBy(settings);
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(item.fields.reveal())) {
    if (name === displayName && (value === null || value === '')) body[name] = nameOf(item);
    else body[name] = value === null ? cleared : isPlain(name) ? String(value) : value;
  }
  if (settings.writeRecordId && contact.contactExternalReferenceId !== item.contactKey) {
    body[externalReference] = item.contactKey;
  }
  if (!hasAddress(contact, item.address.reveal())) body.emailId = item.address.reveal();
  return { ...body, ...permissions };
}

/** BoldDesk wants a display name: without one the name, else what stands before the @. */
function nameOf(item: UpsertItem): string {
  const fields: Readonly<Record<string, FieldValue>> = item.fields.reveal();
  const address = item.address.reveal();
  return String(fields[displayName] || fields.contactName || address.slice(0, address.lastIndexOf('@')));
}
