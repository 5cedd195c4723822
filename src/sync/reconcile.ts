/** Compares every table's ledger with the CRM, on schedule and on demand. Marks owed what it finds; erases nobody. */

import type { TableName } from '../../config/words.ts';
import { type Comparison, compareTable } from './compare.ts';
import { type Core, configuredTables } from './core.ts';
import { pull } from './pull.ts';

export async function reconcile(core: Core, signal: AbortSignal): Promise<Map<TableName, Comparison>> {
  const results = new Map<TableName, Comparison>();
  for (const table of configuredTables(core)) {
    await pull(core, table, signal);
    results.set(table, await compareTable(core, table, signal));
  }
  const { notes } = core.settings;
  if (notes) await core.store.recordNotes.oweMissing(notes.for);
  return results;
}
