/**
 * What a mapped name means in Keap: a plain property (`given_name`), one slot of an array (`phone_numbers.PHONE1`,
 * `addresses.BILLING.postal_code`), or a custom field by its database name. Pure. A plain property comes before a custom
 * field of the same name, as in Keap's own filters.
 * wire: the vendor's description, CreateUpdateContactRequest.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
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

const texts = new Set([
  'anniversary_date',
  'assistant_name',
  'assistant_phone',
  'billing_information',
  'birth_date',
  'contact_type',
  'family_name',
  'given_name',
  'job_title',
  'leadsource_id',
  'middle_name',
  'owner_id',
  'preferred_locale',
  'preferred_name',
  'prefix',
  'referral_code',
  'spouse_name',
  'suffix',
  'time_zone',
  'website',
]);

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

function isSlotArray(name: string): name is SlotArray {
  return Object.hasOwn(slots, name);
}

/** Undefined when Keap has nothing of this name. */
export function propertyOf(name: string, customFields: readonly CustomField[]): Property | undefined {
  if (texts.has(name)) return { kind: 'text', name };
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
  return texts.has(name.toLowerCase());
}

/** The arrays that have to be read before any of their slots can be written. */
export function mappedArrays(tables: TableMap<TableSettings>): SlotArray[] {
  const names = Object.values(tables).flatMap((table) => Object.keys(table.fields));
  return [...new Set(names.map((name) => name.split('.')[0] ?? '').filter(isSlotArray))];
}
