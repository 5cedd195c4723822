/**
 * A profile as a request to Keap. Pure. Keap replaces an array as a whole: whatever is not listed is removed, so each
 * array that is written holds everything that was read, with our own entries in it; an array without a change of ours is
 * left out. What is shown with an address, such as the reason of its opt-in, is not sent back: sending it would opt in.
 * wire: the vendor's description, "any item not listed here will be removed"; that '' clears a text is inferred.
 */
import { sameAddress } from '../address.ts';
import type { FieldValue, UpsertItem } from '../platform.ts';
import type { ContactBody } from './client.ts';
import type { Catalogue } from './discovery.ts';
import { days, type Property, type SlotArray } from './properties.ts';
import type { Contact, EmailEntry, Entry } from './schema.ts';

/** wire: the description, EMAIL1 takes 75 characters. */
export const longestAddress = 75;

/** The address that this connector writes. */
export const ownSlot = 'EMAIL1';

export interface AddressWrite {
  readonly address: string;
  /** Sent with a new address only: it opts in. */
  readonly optInReason?: string | undefined;
}

/** The entry of a contact with this address; without one the first slot. */
export function ownEntry(contact: Contact, address: string | undefined): EmailEntry | undefined {
  const entries = (contact.email_addresses ?? []).filter((entry) => entry.email);
  return address === undefined
    ? (entries.find((entry) => entry.field === ownSlot) ?? entries[0])
    : entries.find((entry) => entry.email && sameAddress(entry.email, address));
}

/** @param existing what Keap holds; undefined for a new contact */
export function bodyOf(
  item: UpsertItem,
  catalogue: Catalogue,
  existing: Contact | undefined,
  write: AddressWrite | undefined,
): ContactBody {
  const body: Record<string, unknown> = {};
  const custom = new Map((existing?.custom_fields ?? []).map(({ id, content }) => [id, content]));
  const before = JSON.stringify([...custom]);
  custom.set(catalogue.recordId.id, item.contactKey);
  const arrays = new Map<SlotArray, Entry[]>();

  for (const [name, value] of Object.entries(item.fields.reveal())) {
    const property = catalogue.property(name);
    if (property.kind === 'text') {
      if (value !== null || existing) body[name] = value === null ? '' : textOf(name, value);
    } else if (property.kind === 'custom') {
      if (value === null) custom.delete(property.id);
      else custom.set(property.id, value);
    } else {
      const entries = arrays.get(property.array) ?? (existing?.[property.array] ?? []).map(withoutOldSpelling);
      arrays.set(property.array, withSlot(entries, property, value));
    }
  }

  for (const [array, entries] of arrays) if (entries.length > 0 || existing) body[array] = entries;
  if (before !== JSON.stringify([...custom])) {
    body.custom_fields = [...custom]
      .filter(([, content]) => content !== null && content !== undefined)
      .map(([id, content]) => ({ id, content }));
  }
  if (write) body.email_addresses = withAddress(existing?.email_addresses ?? [], write);
  return body;
}

function textOf(name: string, value: Exclude<FieldValue, null>): string {
  const text = String(value);
  return days.has(name) && /^\d{4}-\d{2}-\d{2}T/.test(text) ? text.slice(0, 10) : text;
}

function withAddress(existing: readonly EmailEntry[], { address, optInReason }: AddressWrite): Entry[] {
  const others = existing.filter((entry) => entry.email && entry.field && entry.field !== ownSlot);
  const reason = optInReason === undefined ? {} : { opt_in_reason: optInReason };
  return [{ email: address, field: ownSlot, ...reason }, ...others.map(({ email, field }) => ({ email, field }))];
}

/** The long names of country and region are read-only beside their codes. wire: the description, deprecated. */
function withoutOldSpelling(entry: Entry): Entry {
  const { country, region, number_e164: _derived, ...rest } = entry;
  return {
    ...rest,
    ...(country === undefined || rest.country_code ? {} : { country }),
    ...(region === undefined || rest.region_code ? {} : { region }),
  };
}

function withSlot(
  entries: readonly Entry[],
  { by, slot, part }: Extract<Property, { kind: 'slot' }>,
  value: FieldValue,
): Entry[] {
  const others = entries.filter((entry) => entry[by] !== slot);
  const { [part]: _former, ...kept } = entries.find((entry) => entry[by] === slot) ?? {};
  const entry = { ...kept, [by]: slot, ...(value === null ? {} : { [part]: String(value) }) };
  const isEmpty = Object.entries(entry).every(([name, content]) => name === by || !content);
  return isEmpty ? others : [...others, entry];
}
