/**
 * What of a contact is another value than we would write. Pure; answers names, never values. Guarantees: what Spotler may
 * show in another form than it takes is no difference: an empty property is not shown, a day may come with a time, a
 * date as a number, a number as text. wire: spotler.md B.3, B.4, B.6.
 */
import { sameAddress } from '../address.ts';
import type { FieldValue, HeldContact, UpsertItem } from '../platform.ts';

export function differences(
  held: HeldContact,
  item: Pick<UpsertItem, 'contactKey' | 'address' | 'fields'>,
): readonly string[] {
  const data = held.data.reveal();
  const changed = Object.entries(item.fields.reveal()).flatMap(([name, value]) =>
    isSame(value, data[name]) ? [] : [name],
  );
  const { email } = data;
  if (typeof email !== 'string' || !sameAddress(email, item.address.reveal())) changed.push('address');
  if (held.contactKey?.toLowerCase() !== item.contactKey.toLowerCase()) changed.push('externalId');
  return changed;
}

const startsWithDay = /^\d{4}-\d{2}-\d{2}/;

function isSame(wanted: FieldValue, held: unknown): boolean {
  if (isEmpty(held)) return isEmpty(wanted) || wanted === false;
  if (isEmpty(wanted)) return false;
  if (typeof held === 'object') return true;
  const [one, other] = [String(wanted).trim(), String(held).trim()];
  if (!startsWithDay.test(one)) return one === other;
  return !startsWithDay.test(other) || one.slice(0, 10) === other.slice(0, 10);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}
