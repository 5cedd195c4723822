/**
 * Whether a table's address column is hidden from the application user. A secured column reads as null, or masked, which
 * looks like a person without an address: nobody may be anonymized on that. Guarantees: "not hidden" is said only when an
 * address of the table was seen, or the column is not secured; an answer is not older than the caller allows.
 */
import type { TableName } from '../../config/words.ts';
import type { DataverseClient } from './client.ts';
import type { Metadata } from './metadata.ts';
import { type ReadSettings, tableSettings } from './read-plan.ts';
import { tableFacts } from './tables.ts';

export interface HiddenAddressOptions {
  readonly client: DataverseClient;
  readonly metadata: Metadata;
  readonly settings: ReadSettings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** An address that shows its letters: a masked one is blotted out with asterisks, or has no `@`. */
const unmaskedAddress = /^[^\s*@]+@[^\s*@]+$/u;

/** `maxAgeMs`: milliseconds for which an earlier answer counts. Throws ConnectorError. */
export function createHiddenAddress({ client, metadata, settings, now }: HiddenAddressOptions) {
  const answers = new Map<TableName, { readonly hidden: boolean; readonly at: number }>();

  async function ask(table: TableName, signal: AbortSignal): Promise<boolean> {
    const { email } = tableSettings(settings, table);
    const { set, id } = tableFacts[table];
    const path = `${set}?$select=${id},${email}&$filter=${email}%20ne%20null&$top=1`;
    const [row] = await client.getAll(path, { template: `GET /${set} (address column)`, signal });
    const seen = row?.[email];
    if (typeof seen === 'string' && unmaskedAddress.test(seen.trim())) return false;
    const columns = await metadata.freshColumns(table, signal);
    return columns.get(email)?.secured === true;
  }

  return async function hidesAddress(table: TableName, maxAgeMs: number, signal: AbortSignal): Promise<boolean> {
    const at = now();
    const known = answers.get(table);
    if (known && at - known.at < maxAgeMs) return known.hidden;
    const hidden = await ask(table, signal);
    answers.set(table, { hidden, at });
    return hidden;
  };
}
