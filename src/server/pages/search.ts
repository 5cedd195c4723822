/** What somebody types to find a record: an id, its beginning, or `table/` before either. Pure. */

import type { TargetName } from '../../../config/words.ts';
import { isTableName, parseRecordId, parseRecordRef, type RecordId, type TableName } from '../../../config/words.ts';
import type { ListPlace } from '../../store/lists.ts';

export interface Wanted {
  readonly table: TableName | undefined;
  readonly ids: { readonly from: RecordId; readonly to: RecordId } | undefined;
}

/** Undefined: that is no id, nor the beginning of one. */
export function parseSearch(text: string): Wanted | undefined {
  const plain = text.trim().toLowerCase();
  const slash = plain.indexOf('/');
  const name = slash < 0 ? undefined : plain.slice(0, slash);
  if (name !== undefined && !isTableName(name)) return undefined;
  const table = name !== undefined && isTableName(name) ? name : undefined;
  const digits = plain.slice(slash + 1).replace(/[{}-]/g, '');
  if (digits === '') return { table, ids: undefined };
  if (!/^[0-9a-f]{1,32}$/.test(digits)) return undefined;
  const from = parseRecordId(dashed(digits.padEnd(32, '0')));
  const to = parseRecordId(dashed(digits.padEnd(32, 'f')));
  return from && to ? { table, ids: { from, to } } : undefined;
}

function dashed(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** `target/table/id`, as `formatPlace` writes it. */
export function parsePlace(text: string): ListPlace | undefined {
  const slash = text.indexOf('/');
  const ref = parseRecordRef(text.slice(slash + 1));
  return slash > 0 && ref ? { target: text.slice(0, slash) as TargetName, ref } : undefined;
}

export function formatPlace({ target, ref }: ListPlace): string {
  return `${target}/${ref.table}/${ref.id}`;
}
