/**
 * What a mapped name means in Keap: a plain property (`given_name`), one slot of an array (`phone_numbers.PHONE1`,
 * `addresses.BILLING.postal_code`), or a custom field by its database name. Pure. A plain property comes before a custom
 * field of the same name, as in Keap's own filters.
 * wire: the vendor's description, CreateUpdateContactRequest.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import type { FieldValue } from '../platform.ts';
import type { CustomField } from './schema.ts';

export type Property =
  | { readonly kind: 'text'; readonly name: string }
  | {
      readonly kind: 'slot';
      readonly array: SlotArray;
      /** The value of `by` that tells this entry from the others. */
      readonly slot: string;
      readonly by: 'field' | 'type';
      readonly part: string;
    }
  | { readonly kind: 'custom'; readonly id: string };

export type SlotArray = 'phone_numbers' | 'fax_numbers' | 'social_accounts' | 'addresses';

/** Longest text of each plain property, in characters; undefined where the description sets no limit. */
const texts: Readonly<Record<string, number | undefined>> = {
  anniversary_date: undefined,
  assistant_name: 20,
  assistant_phone: 15,
  billing_information: 100,
  birth_date: undefined,
  contact_type: undefined,
  family_name: 40,
  given_name: 40,
  job_title: 255,
  leadsource_id: undefined,
  middle_name: 100,
  owner_id: undefined,
  preferred_locale: undefined,
  preferred_name: 100,
  prefix: undefined,
  referral_code: 100,
  spouse_name: 100,
  suffix: undefined,
  time_zone: undefined,
  website: 100,
};

const slots: Readonly<Record<SlotArray, { by: 'field' | 'type'; names: RegExp; parts: readonly string[] }>> = {
  phone_numbers: { by: 'field', names: /^PHONE[1-5]$/, parts: ['number', 'extension', 'type'] },
  fax_numbers: { by: 'field', names: /^FAX[12]$/, parts: ['number', 'type'] },
  social_accounts: {
    by: 'type',
    names: /^(FACEBOOK|LINKED_IN|TWITTER|INSTAGRAM|SNAPCHAT|YOUTUBE|PINTEREST)$/,
    parts: ['name'],
  },
  addresses: {
    by: 'field',
    names: /^(BILLING|SHIPPING|OTHER)$/,
    parts: ['line1', 'line2', 'locality', 'postal_code', 'country_code', 'region_code', 'zip_code', 'zip_four'],
  },
};

export const days: ReadonlySet<string> = new Set(['anniversary_date', 'birth_date']);

/** The first plain property with a text that is longer than Keap takes. */
export function tooLong(fields: Readonly<Record<string, FieldValue>>): string | undefined {
  const found = Object.entries(fields).find(([name, value]) => {
    const longest = Object.hasOwn(texts, name) ? texts[name] : undefined;
    return longest !== undefined && value !== null && [...String(value)].length > longest;
  });
  return found?.[0];
}

function isSlotArray(name: string): name is SlotArray {
  return Object.hasOwn(slots, name);
}

/** Undefined when Keap has nothing of this name. */
export function propertyOf(name: string, customFields: readonly CustomField[]): Property | undefined {
  if (Object.hasOwn(texts, name)) return { kind: 'text', name };
  const [array = '', slot = '', part, ...rest] = name.split('.');
  if (isSlotArray(array)) {
    const { by, names, parts } = slots[array];
    const chosen = part ?? (array === 'addresses' ? undefined : parts[0]);
    return rest.length === 0 && names.test(slot) && chosen !== undefined && parts.includes(chosen)
      ? { kind: 'slot', array, slot, by, part: chosen }
      : undefined;
  }
  const field = fieldOf(name, customFields);
  return field && { kind: 'custom', id: field.id };
}

/** Database names are compared without regard to capitals, as Keap does. */
export function fieldOf(name: string, customFields: readonly CustomField[]): CustomField | undefined {
  return customFields.find((field) => field.field_name.toLowerCase() === name.toLowerCase());
}

/** Whether Keap has a plain property of this name, which hides a custom field. */
export function isPlain(name: string): boolean {
  return Object.hasOwn(texts, name.toLowerCase());
}

/** The arrays that have to be read before any of their slots can be written. */
export function mappedArrays(tables: TableMap<TableSettings>): SlotArray[] {
  const names = Object.values(tables).flatMap((table) => Object.keys(table.fields));
  return [...new Set(names.map((name) => name.split('.')[0] ?? '').filter(isSlotArray))];
}
