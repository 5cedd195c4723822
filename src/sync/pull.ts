/**
 * Reads a table's change feed and marks what it says as owed. Guarantees: a page is either marked owed and passed, or
 * not passed at all; an expired or lost position leads to a full read and then to a comparison with the ledger, since a
 * full read shows no deletions; a page that cannot be understood stops its table with an alarm. Sends nothing anywhere.
 */
import type { TableName } from '../../config/words.ts';
import type { Change, ChangePage } from '../dataverse/crm.ts';
import { isConnectorError } from '../http/errors.ts';
import { judgeAddress } from '../rules/address.ts';
import type { SeenChange } from '../store/checkpoints.ts';
import type { CheckpointRow } from '../store/tables.ts';
import { compareTable } from './compare.ts';
import { checkOrganization } from './configuration.ts';
import { type Core, configuredTables, targetsOf } from './core.ts';
import type { PullResult } from './use-cases.ts';

function seenChanges(core: Core, changes: readonly Change[]): SeenChange[] {
  // One entry per record; the last one is the newest.
  const last = new Map<string, SeenChange>();
  for (const change of changes) {
    const address = change.email?.reveal();
    last.set(change.id, {
      id: change.id,
      deleted: change.deleted,
      // What is no address is nobody's: many rows may say the same there.
      seenKey: address && judgeAddress(address) === 'valid' ? core.keyring.emailKey(address) : undefined,
    });
  }
  return [...last.values()];
}

async function checkpointOf(core: Core, table: TableName): Promise<CheckpointRow> {
  const found = await core.store.checkpoints.read(table);
  if (found) return found;
  await core.store.checkpoints.restart(table, null, 'initial');
  const made = await core.store.checkpoints.read(table);
  if (!made) throw new Error(`the checkpoint of ${table} cannot be stored`);
  return made;
}

/** One page, or undefined when the position was lost and a full read begins. */
async function readPage(core: Core, at: CheckpointRow, signal: AbortSignal): Promise<ChangePage | undefined> {
  if (at.link === null) return core.crm.startChanges(at.crm_table, core.settings.dataverse.pageSize, signal);
  try {
    return await core.crm.followChanges(at.crm_table, at.link, signal);
  } catch (error) {
    if (!isConnectorError(error) || (error.code !== 'DELTA_EXPIRED' && error.code !== 'DELTA_LOST')) throw error;
    core.logger.warn(
      { table: at.crm_table, code: error.code },
      'the position in the change feed is lost: reading everything again',
    );
    if (error.code === 'DELTA_LOST') {
      await core.alarms.raise('feed-position-lost', at.crm_table, error.code, error.message);
    }
    await core.store.checkpoints.restart(at.crm_table, at.link, at.mode === 'initial' ? 'initial' : 'enumeration');
    return undefined;
  }
}

async function readToEnd(core: Core, table: TableName, signal: AbortSignal): Promise<PullResult> {
  let changes = 0;
  const pullLot = `pull:${core.uuid()}`;
  for (;;) {
    signal.throwIfAborted();
    const at = await checkpointOf(core, table);
    const page = await readPage(core, at, signal);
    if (!page) continue;
    const to = page.deltaLink ?? page.nextLink;
    if (to === undefined) throw new Error('a page without a link came through');
    const atEnd = page.deltaLink !== undefined;
    const seen = seenChanges(core, page.changes);
    const moved = await core.store.checkpoints.move({
      table,
      from: at.link,
      fromMode: at.mode,
      to,
      toMode: atEnd ? 'delta' : at.mode,
      generation: at.generation,
      atEnd,
      lot: at.mode === 'delta' ? (at.lot ?? pullLot) : `load:${table}:${at.generation}`,
      changes: seen,
      targets: targetsOf(core, table),
    });
    if (!moved) return { changes, overtaken: true };
    changes += seen.length;
    if (seen.length > 0) for (const target of targetsOf(core, table)) await core.wake.apply(target);
    if (atEnd) return { changes, overtaken: false };
  }
}

/** Brings one table up to date. Throws ConnectorError; what stops a table is stored and alarmed first. */
export async function pull(core: Core, table: TableName, signal: AbortSignal): Promise<PullResult> {
  try {
    await checkOrganization(core, signal);
    let result = await readToEnd(core, table, signal);
    const at = await core.store.checkpoints.read(table);
    if (at && at.mode === 'delta' && !at.full_read_done && !result.overtaken) {
      // A full read shows no deletions, and somebody may have been deleted while it ran: compare, then look once more.
      await compareTable(core, table, signal);
      await core.store.checkpoints.fullReadDone(table, at.generation);
      const again = await readToEnd(core, table, signal);
      result = { changes: result.changes + again.changes, overtaken: again.overtaken };
    }
    await core.alarms.clear('feed-position-lost', table);
    await core.alarms.clear('table-stopped', table);
    return result;
  } catch (error) {
    if (isConnectorError(error) && (error.kind === 'config' || error.kind === 'park')) {
      await core.store.checkpoints.stop(table, error.code, error.message);
      await core.alarms.raise('table-stopped', table, error.code, error.message);
    }
    throw error;
  }
}

/**
 * Pulls every table to its end, by a pull that started after this call. Throws when somebody else keeps moving the
 * checkpoints: the caller tries again later.
 */
export async function pullEverything(core: Core, signal: AbortSignal): Promise<void> {
  for (const table of configuredTables(core)) {
    for (let attempt = 0; ; attempt++) {
      const result = await pull(core, table, signal);
      if (!result.overtaken) break;
      if (attempt >= 20) throw new Error('the change feed is being read by others all the time');
    }
  }
}
