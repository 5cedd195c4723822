/**
 * A profile's values as Mailjet wants them. Pure. A value that cannot be of its property's type is found here, before
 * anything is sent: Mailjet would refuse it after the contact was created. What has no value stays null, and each way
 * of sending clears by its own means.
 * wire: platforms.md 1.3, the data types str, int, float, bool, datetime; CM09 for a value of another type.
 */
import type { FieldValue, UpsertItem } from '../platform.ts';
import { type Catalogue, ownName } from './discovery.ts';

export type Properties = Readonly<Record<string, FieldValue>>;

export interface Values {
  /** The contact's own name; undefined when it is not mapped, '' to clear it. */
  readonly name: string | undefined;
  readonly properties: Properties;
  /** Whether a value does not fit its property's type. */
  readonly misfit: boolean;
}

export function valuesOf(item: UpsertItem, catalogue: Catalogue): Values {
  const { [ownName]: name, ...rest } = item.fields.reveal();
  const properties: Record<string, FieldValue> = {};
  let misfit = false;
  for (const [property, value] of Object.entries(rest)) {
    const typed = value === null ? null : typedValue(value, catalogue.properties.get(property)?.Datatype);
    if (typed === undefined) misfit = true;
    else properties[property] = typed;
  }
  return { name: name === undefined ? undefined : String(name ?? ''), properties, misfit };
}

/** Undefined when it cannot be of that type. */
function typedValue(value: Exclude<FieldValue, null>, type: string | undefined): FieldValue | undefined {
  switch (type) {
    case 'str':
      return String(value);
    case 'int':
      return wholeNumber.test(String(value)) ? Number(value) : undefined;
    case 'float':
      return decimal.test(String(value)) ? Number(value) : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : truths[String(value).toLowerCase()];
    case 'datetime':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : undefined;
    default:
      return value;
  }
}

const wholeNumber = /^-?\d{1,15}$/;
const decimal = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const truths: Readonly<Record<string, boolean>> = { true: true, false: false, '1': true, '0': false };
