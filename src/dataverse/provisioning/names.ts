/**
 * Names and ids of what `setup` makes. Guarantees: the same configuration gives the same names and ids on every
 * machine and in every run, so that a run that was cut off is found again. Pure.
 */
import { createHash } from 'node:crypto';
import type { MarketingJobSettings } from '../../../config/settings.ts';

/** The publisher's prefix of a logical name; undefined for a name without one, which Dataverse gives to no custom part. */
export function prefixOf(logicalName: string): string | undefined {
  return /^([a-z][a-z0-9]{1,7})_./.exec(logicalName)?.[1];
}

/** `mkt_resultcode` → `mkt_ResultCode` where `pretty` is `resultCode`, else only the first letter is raised. */
export function schemaName(logicalName: string, pretty: string): string {
  const [, prefix = '', rest = logicalName] = /^([^_]+_)(.+)$/.exec(logicalName) ?? [];
  const spelled = rest === pretty.toLowerCase() ? pretty : rest;
  return `${prefix}${spelled.charAt(0).toUpperCase()}${spelled.slice(1)}`;
}

/** Schema name of the relationship behind a lookup, e.g. `mkt_marketingjob_customer_account`. */
export function relationshipName(table: string, column: string, target?: string): string {
  const rest = column.replace(/^[^_]+_/, '');
  return [table, rest, ...(target === undefined ? [] : [target])].join('_');
}

/** A GUID made from a name (RFC 9562 version 5, with a name space of our own). */
export function stableId(...parts: readonly string[]): string {
  const bytes = createHash('sha1')
    .update(['dynamics-email-connector', ...parts].join('\n'))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * The first five digits that all values of the choices share: the publisher's option value prefix (wire: publisher,
 * 10000 to 99999; a value is the prefix and four digits). Undefined when they share none.
 */
export function optionPrefix({ options }: Pick<MarketingJobSettings, 'options'>): number | undefined {
  const prefixes = new Set(Object.values(options).map((value) => Math.floor(value / 10_000)));
  const [prefix, ...others] = prefixes;
  return prefix !== undefined && others.length === 0 && prefix >= 10_000 && prefix <= 99_999 ? prefix : undefined;
}
