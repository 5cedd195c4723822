/**
 * Compares the ledger of ids with an enumeration of the CRM. Finds deletions that no feed reported, and records that no
 * feed showed. Guarantees: a missing id counts as deleted only after reading that row answered "does not exist"; the
 * enumeration asks for change tracking, so that too little privilege fails instead of filtering people away.
 */
import { formatRecordRef, type RecordId, type RecordRef, type TableName } from '../../config/words.ts';
import { chunk, mapLimit } from './concurrency.ts';
import type { Core } from './core.ts';
import { targetsOf } from './core.ts';

/** Rows a page of an enumeration: the most Dataverse gives. */
const enumerationPageSize = 5000;
const confirmationsAtOnce = 4;

/** Of these ids, those that Dataverse says do not exist, each asked for by itself. */
async function confirmGone(
  core: Core,
  table: TableName,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<RecordId[]> {
  const gone: RecordId[] = [];
  for (const part of chunk(ids, 500)) {
    const read = await core.crm.readRows(table, part, signal);
    const answers = await mapLimit(read.missing, confirmationsAtOnce, async (id) => {
      const ref: RecordRef = { table, id };
      const row = await core.crm.readRow(ref, signal);
      if (row === undefined) return id;
      core.logger.warn({ record: formatRecordRef(ref) }, 'a record was missing from a bulk read although it exists');
      return undefined;
    });
    for (const id of answers) if (id !== undefined) gone.push(id);
  }
  return gone;
}

export interface Comparison {
  readonly enumerated: number;
  /** Records the ledger did not know, or believed gone. */
  readonly appeared: number;
  readonly gone: number;
}

export async function compareTable(core: Core, table: TableName, signal: AbortSignal): Promise<Comparison> {
  const generation = await core.store.records.nextComparison();
  const lot = `comparison:${table}:${generation}`;
  const targets = targetsOf(core, table);
  let enumerated = 0;
  let appeared = 0;
  let page = await core.crm.startChanges(table, enumerationPageSize, signal);
  for (;;) {
    const ids = page.changes.filter((change) => !change.deleted).map((change) => change.id);
    enumerated += ids.length;
    const unknown = await core.store.records.seen(table, ids, generation);
    if (unknown.length > 0) {
      appeared += unknown.length;
      const news = unknown.map((id) => ({ id, deleted: false, seenKey: undefined }));
      await core.store.records.owe(table, news, targets, null, false);
    }
    if (page.nextLink === undefined) break;
    page = await core.crm.followChanges(table, page.nextLink, signal);
  }

  // All confirmed first, owed together: what an enumeration finds is one lot for the brake.
  const gone: RecordId[] = [];
  let after: RecordId | undefined;
  for (;;) {
    const ids = await core.store.records.unseen(table, generation, 5000, after);
    if (ids.length === 0) break;
    gone.push(...(await confirmGone(core, table, ids, signal)));
    after = ids.at(-1);
  }
  const tombstones = gone.map((id) => ({ id, deleted: true, seenKey: undefined }));
  await core.store.records.owe(table, tombstones, targets, lot, false);
  if (gone.length > 0 || appeared > 0) for (const target of targets) await core.wake.apply(target);
  core.logger.info({ table, enumerated, appeared, gone: gone.length }, 'compared the ledger with the CRM');
  return { enumerated, appeared, gone: gone.length };
}
