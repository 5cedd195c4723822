/**
 * Whether an empty address is to be believed. Somebody who secures the address column, or takes a privilege away, makes
 * every row read as if it had none; that must erase nobody. Guarantees: before a person is anonymized because their
 * address is gone, other records that had one are read, and when all of them have lost theirs too, nothing is done.
 */
import type { RecordId, TableName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import type { Core } from './core.ts';
import type { Judged } from './judge.ts';

const sampleSize = 25;

/** Throws `config` ADDRESS_COLUMN_UNREADABLE, or what reading throws. */
export async function checkAddressesReadable(
  core: Core,
  candidates: readonly Judged[],
  signal: AbortSignal,
): Promise<void> {
  const suspects = new Map<TableName, RecordId[]>();
  for (const view of candidates.flatMap((judged) => judged.views)) {
    if (view.reading.kind !== 'row' || view.emailKey !== undefined || !view.ledger.emailKey) continue;
    if ((view.reading.row.email.reveal() ?? '').trim() !== '') continue;
    const { table, id } = view.ledger.ref;
    suspects.set(table, [...(suspects.get(table) ?? []), id]);
  }
  for (const [table, ids] of suspects) {
    const sample = await core.store.records.withAddress(table, ids, sampleSize);
    const { rows } = await core.crm.readRows(table, sample, signal);
    if (rows.length === 0 || rows.some((row) => (row.email.reveal() ?? '').trim() !== '')) continue;
    throw new ConnectorError(
      'config',
      'ADDRESS_COLUMN_UNREADABLE',
      `every ${table} reads as if it had no address: the address column is probably secured, or was emptied for everybody; nobody is anonymized until it is readable again`,
    );
  }
}
