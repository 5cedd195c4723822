/**
 * Writing profiles, many in a call. Guarantees: one outcome per item, in order, read from the record's own status;
 * somebody new is created by a call that changes nobody, and whoever it finds there is written by a second call that
 * creates nobody: so a contact that is there never gets a permission raised but by `permissionsOnUpdate`; an item with
 * `mayCreate: false` creates nobody. A status that is not known to be a success is none: then a look-up says whether the
 * person is there.
 * wire: platforms.md 4.3. Recorded is the status Updated; Inserted and Created are taken for a creation, every other
 * word for "not written".
 */
import type { Personal } from '../../../config/words.ts';
import { afterLanding, ConnectorError, isConnectorError } from '../../http/errors.ts';
import type { Outcome, UpsertItem } from '../platform.ts';
import type { DialogInsightClient } from './client.ts';
import type { Catalogue, Discovery } from './discovery.ts';
import { refusedCode } from './errors.ts';
import { contactKeyOf, type LookUp } from './look-up.ts';
import type { MergedRecord } from './schema.ts';
import type { DialogInsightSettings } from './settings.ts';
import { consentsOnExisting, recordOf } from './values.ts';

interface Parts {
  readonly client: Pick<DialogInsightClient, 'merge'>;
  readonly discovery: Discovery;
  readonly lookUp: Pick<LookUp, 'byAddress'>;
  readonly settings: Pick<DialogInsightSettings, 'project' | 'clearWith'>;
}

/** Whether something of this call has taken effect: then a later failure does not mean that nothing was done. */
interface Progress {
  landed: boolean;
}

/** What became of one record. `why` is a code, and undefined where the service had nothing against the content. */
type Result =
  | { readonly written: true; readonly outcome: Outcome }
  | { readonly written: false; readonly why: string | undefined };

export type Upsert = (items: readonly UpsertItem[], signal: AbortSignal) => Promise<Outcome[]>;

export function createUpsert({ client, discovery, lookUp, settings }: Parts): Upsert {
  const { project, clearWith } = settings;

  return async function upsert(items, signal) {
    if (items.length === 0) return [];
    const progress: Progress = { landed: false };
    try {
      return await write(items, progress, signal);
    } catch (error) {
      throw progress.landed ? afterLanding(error) : error;
    }
  };

  async function write(items: readonly UpsertItem[], progress: Progress, signal: AbortSignal): Promise<Outcome[]> {
    const catalogue = await discovery.read(project, signal);
    const outcomes = new Map<UpsertItem, Outcome>();
    const notCreated = new Map<UpsertItem, string | undefined>();

    // Who was written before and is not there any more was removed by somebody: the core decides that anew.
    const fresh = items.filter((item) => item.mayCreate && !item.known);
    for (const [item, result] of await mergeAll(fresh, 'insert', catalogue, progress, signal)) {
      if (result.written) outcomes.set(item, result.outcome);
      else notCreated.set(item, result.why);
    }
    const there = items.filter((item) => !outcomes.has(item));
    for (const [item, result] of await mergeAll(there, 'update', catalogue, progress, signal)) {
      if (result.written) outcomes.set(item, result.outcome);
      else outcomes.set(item, await unwritten(item, notCreated.get(item), result.why, signal));
    }
    return items.map((item) => outcomes.get(item) ?? missing());
  }

  async function mergeAll(
    items: readonly UpsertItem[],
    mode: 'insert' | 'update',
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Map<UpsertItem, Result>> {
    const results = new Map<UpsertItem, Result>();
    if (items.length === 0) return results;
    const records = items.map((item) => {
      const permissions = mode === 'insert' ? item.permissionsOnCreate : consentsOnExisting(item);
      return recordOf(item, permissions, catalogue, clearWith);
    });
    try {
      const { value, requestId } = await client.merge(project, records, mode, signal);
      for (const [index, item] of items.entries()) {
        const result = resultOf(value[index], project, requestId);
        progress.landed ||= result.written;
        results.set(item, result);
      }
    } catch (error) {
      // Refused as a whole: alone, it is this record's matter; among others the core halves the batch.
      if (items.length > 1 || !isConnectorError(error) || error.code !== refusedCode) throw error;
      for (const item of items) results.set(item, { written: false, why: 'REFUSED' });
    }
    return results;
  }

  /** Neither created nor changed: not there, or refused for its content. */
  async function unwritten(
    item: UpsertItem,
    whyNotCreated: string | undefined,
    whyNotChanged: string | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const isThere = await exists(item.address, signal);
    if (!isThere && (!item.mayCreate || item.known || whyNotCreated === undefined)) {
      return { kind: 'absent', status: 404 };
    }
    const why = isThere ? whyNotChanged : whyNotCreated;
    return { kind: 'rejected', status: 200, detail: why ?? 'NOT_WRITTEN' };
  }

  async function exists(address: Personal<string>, signal: AbortSignal): Promise<boolean> {
    return (await lookUp.byAddress(project, address, signal)).length > 0;
  }
}

function resultOf(record: MergedRecord | undefined, project: number, requestId: string | undefined): Result {
  const status = record?.Status?.toLowerCase();
  const created = status === 'inserted' || status === 'created';
  if (!created && status !== 'updated') return { written: false, why: reasonOf(record) };
  const id = record?.IdRecord;
  const outcome: Outcome = {
    kind: 'done',
    status: 200,
    created,
    ...(requestId === undefined ? {} : { requestId }),
    ...(id !== undefined && id !== null && /^[1-9]\d*$/.test(id) ? { contactKey: contactKeyOf(project, id) } : {}),
  };
  return { written: true, outcome };
}

/** A code of the service's as ours, `InvalidEmail` as INVALID_EMAIL; anything that is no plain word is not kept. */
function reasonOf(record: MergedRecord | undefined): string | undefined {
  const said = record?.ValidationResult ?? undefined;
  if (said === undefined || said === '' || said.toLowerCase() === 'ok') return undefined;
  if (!/^[A-Za-z][A-Za-z0-9_]{1,60}$/.test(said)) return 'VALIDATION';
  return said.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

function missing(): never {
  throw new ConnectorError('retry', 'DIALOGINSIGHT_UNEXPECTED_ANSWER', 'Dialog Insight did not answer for everybody.');
}
