/**
 * Finds the records that hold an address now, over all configured tables. Dataverse compares without regard to case
 * (wire: filter-rows). Guarantees that the address stays out of errors and logs: it is only in the URL that is sent.
 */
import type { Personal, RecordRef, TableName } from '../../config/words.ts';
import { isTableName, parseRecordId } from '../../config/words.ts';
import type { DataverseClient } from './client.ts';
import { type ReadSettings, tableSettings } from './read-plan.ts';
import { withoutId } from './row.ts';
import { tableFacts } from './tables.ts';

export function configuredTables({ tables }: Pick<ReadSettings, 'tables'>): TableName[] {
  return Object.keys(tables).filter(isTableName);
}

/** A text as OData writes it, ready for a URL. */
export function quoted(text: string): string {
  return `'${encodeURIComponent(text.replaceAll("'", "''"))}'`;
}

/** Rows in the order of the tables in the configuration. Throws ConnectorError. */
export async function findByAddress(
  client: DataverseClient,
  settings: ReadSettings,
  address: Personal<string>,
  signal: AbortSignal,
): Promise<RecordRef[]> {
  const found: RecordRef[] = [];
  for (const table of configuredTables(settings)) {
    const { set, id: column } = tableFacts[table];
    const email = encodeURIComponent(tableSettings(settings, table).email);
    const path = `${set}?$select=${column}&$filter=${email}%20eq%20${quoted(address.reveal())}`;
    for (const row of await client.getAll(path, { template: `GET /${set} (by address)`, signal })) {
      const id = parseRecordId(row[column]);
      if (id === undefined) throw withoutId(table);
      found.push({ table, id });
    }
  }
  return found;
}
