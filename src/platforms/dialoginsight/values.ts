/**
 * A profile as a record of Contacts.Merge. Pure. Fields get the prefix `f_`, consents `optin_`; a day is written
 * `YYYY.MM.DD`, yes and no as "1" and "0", a field without a value as the setting says.
 * wire: platforms.md 4.3, 4.4 (prefixes, dates, consents); how a field is cleared and a yes/no field is written is not
 * documented.
 */
import type { FieldValue, PermissionBits, UpsertItem } from '../platform.ts';
import type { MergeRecord } from './client.ts';
import type { Catalogue, Field } from './discovery.ts';
import type { DialogInsightSettings } from './settings.ts';

/** The record's id goes along, so that somebody whose row is gone can still be found. */
export function recordOf(
  item: UpsertItem,
  permissions: PermissionBits,
  catalogue: Catalogue,
  clearWith: DialogInsightSettings['clearWith'],
): MergeRecord {
  const data: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(item.fields.reveal())) {
    const field = catalogue.field(name);
    data[`f_${field.code}`] = asSent(value, field, clearWith);
  }
  data[catalogue.recordId] = item.contactKey;
  return keyed(item.address.reveal(), { ...data, ...consentsOf(permissions, catalogue) }, catalogue);
}

/** A record that names a contact by the key of the project. */
export function keyed(
  address: string,
  data: Readonly<Record<string, unknown>>,
  catalogue: Pick<Catalogue, 'email'>,
): MergeRecord {
  return { ID: { [`key_${catalogue.email}`]: address }, Data: data };
}

export function consentsOf(permissions: PermissionBits, catalogue: Pick<Catalogue, 'consent'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(permissions).map(([name, value]) => [`optin_${catalogue.consent(name)}`, value ? '1' : '0']),
  );
}

/** Every consent of the project, mapped or not, set to no. */
export function noConsents(catalogue: Pick<Catalogue, 'consents'>): Record<string, string> {
  return Object.fromEntries(catalogue.consents.map((code) => [`optin_${code}`, '0']));
}

/**
 * The permissions for a contact that is there already: what is to change, and for one that we never wrote also each
 * false of the CRM. No permission becomes true but by `permissionsOnUpdate`.
 */
export function consentsOnExisting(item: UpsertItem): PermissionBits {
  if (item.known) return item.permissionsOnUpdate;
  const lowered = Object.entries(item.permissionsOnCreate).filter(([, value]) => !value);
  return { ...Object.fromEntries(lowered), ...item.permissionsOnUpdate };
}

const moment = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}:\d{2}))?/;

function asSent(
  value: FieldValue,
  { dataType }: Field,
  clearWith: DialogInsightSettings['clearWith'],
): string | number | null {
  if (value === null) return clearWith === 'null' ? null : '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  const parts = typeof value === 'string' && /date/i.test(dataType) ? moment.exec(value) : null;
  if (parts === null) return value;
  const [, year, month, day, time] = parts;
  const date = `${year}.${month}.${day}`;
  return time !== undefined && /time/i.test(dataType) ? `${date} ${time}` : date;
}
