/**
 * Reads rows by id, many at a time. Guarantees: every id that was asked for is in exactly one of rows, malformed and
 * missing; *missing* is only said after every page of the answer was read; one row that cannot be transferred or
 * understood does not keep the others back. Throws ConnectorError; an error says nothing about any row's existence.
 */
import type { RecordId, RecordRef, TableName } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import { type DataverseClient, type Json, longestUrl } from './client.ts';
import type { MalformedRow, Row, RowsRead } from './crm.ts';
import type { Metadata } from './metadata.ts';
import { planRead, type ReadPlan, type ReadSettings } from './read-plan.ts';
import { createRowReader, isMalformed, type RowReader, withoutId } from './row.ts';
import { tableFacts } from './tables.ts';

export interface RecordReader {
  readRows(table: TableName, ids: readonly RecordId[], signal: AbortSignal): Promise<RowsRead>;
  /** Undefined only when Dataverse says that the row does not exist (404 with its code for that). */
  readRow(ref: RecordRef, signal: AbortSignal): Promise<Row | MalformedRow | undefined>;
}

export interface RecordReaderOptions {
  readonly client: DataverseClient;
  readonly settings: ReadSettings;
  readonly metadata: Metadata;
  /** The start of every URL, for counting: `<url>/api/data/<version>/`. */
  readonly baseLength: number;
}

const idsPerRequest = 500;
const requestsAtOnce = 2;
/** `%22<guid>%22,` */
const charactersPerId = 43;
/** What `'`, brackets and a proxy's rewriting may add to a URL. */
const spareCharacters = 500;

interface Prepared {
  readonly plan: ReadPlan;
  readonly read: RowReader;
}

interface Outcome {
  readonly rows: Row[];
  readonly malformed: MalformedRow[];
  readonly missing: RecordId[];
}

export function createRecordReader({ client, settings, metadata, baseLength }: RecordReaderOptions): RecordReader {
  const prepared = new Map<TableName, Prepared>();

  async function prepare(table: TableName, signal: AbortSignal): Promise<Prepared> {
    const known = prepared.get(table);
    if (known !== undefined) return known;
    const plan = await planRead(settings, table, metadata, signal);
    const made = { plan, read: createRowReader(plan) };
    prepared.set(table, made);
    return made;
  }

  async function readChunk(
    prepared: Prepared,
    ids: readonly RecordId[],
    signal: AbortSignal,
    into: Outcome,
  ): Promise<void> {
    const { plan, read } = prepared;
    let found: Json[];
    try {
      found = await client.getAll(bulkPath(plan, ids), optionsFor(plan, signal, true));
    } catch (error) {
      if (!isConnectorError(error) || error.kind !== 'park') throw error;
      const [only] = ids;
      if (only === undefined) throw error;
      if (ids.length === 1) {
        into.malformed.push(refused({ table: plan.table, id: only }, error.code));
        return;
      }
      const half = Math.ceil(ids.length / 2);
      await readChunk(prepared, ids.slice(0, half), signal, into);
      await readChunk(prepared, ids.slice(half), signal, into);
      return;
    }
    const open = new Set(ids);
    for (const raw of found) {
      const row = read(raw);
      if (!open.delete(row.ref.id)) continue;
      if (isMalformed(row)) into.malformed.push(row);
      else into.rows.push(row);
    }
    into.missing.push(...open);
  }

  /** After a mend in Dynamics nobody should have to restart. */
  function forgetAfter(error: unknown): never {
    if (isConnectorError(error) && error.kind === 'config') {
      prepared.clear();
      metadata.forget();
    }
    throw error;
  }

  async function readRows(table: TableName, ids: readonly RecordId[], signal: AbortSignal): Promise<RowsRead> {
    const ready = await prepare(table, signal);
    const outcome: Outcome = { rows: [], malformed: [], missing: [] };
    const chunks = chunked([...new Set(ids)], chunkSize(ready.plan, baseLength));
    await inLanes(chunks, (chunk, laneSignal) => readChunk(ready, chunk, laneSignal, outcome), signal);
    return outcome;
  }

  async function readRow(ref: RecordRef, signal: AbortSignal): Promise<Row | MalformedRow | undefined> {
    const { plan, read } = await prepare(ref.table, signal);
    const path = `${tableFacts[ref.table].set}(${ref.id})?${plan.query}`;
    try {
      const row = read(await client.get(path, optionsFor(plan, signal, false)));
      if (row.ref.id !== ref.id) throw withoutId(plan.table);
      return row;
    } catch (error) {
      if (!isConnectorError(error)) throw error;
      if (error.code === 'ROW_DOES_NOT_EXIST' && error.status === 404) return undefined;
      if (error.kind === 'park') return refused(ref, error.code);
      throw error;
    }
  }

  return {
    readRows: (table, ids, signal) => readRows(table, ids, signal).catch(forgetAfter),
    readRow: (ref, signal) => readRow(ref, signal).catch(forgetAfter),
  };
}

function optionsFor({ table, prefer }: ReadPlan, signal: AbortSignal, bulk: boolean) {
  const { set } = tableFacts[table];
  const template = bulk ? `GET /${set} (by ids)` : `GET /${set}({id})`;
  return { template, signal, ...(prefer === undefined ? {} : { prefer }) };
}

/** The alias form; the quotes have to be double ones (wire: filter-rows, `In`). */
function bulkPath({ table, query }: ReadPlan, ids: readonly RecordId[]): string {
  const { set, id } = tableFacts[table];
  const filter = '$filter=Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)';
  return `${set}?${query}&${filter}&@p1='${id}'&@p2=[${ids.map((one) => `%22${one}%22`).join(',')}]`;
}

function chunkSize(plan: ReadPlan, baseLength: number): number {
  const fixed = baseLength + bulkPath(plan, []).length + spareCharacters;
  return Math.max(1, Math.min(idsPerRequest, Math.floor((longestUrl - fixed) / charactersPerId)));
}

function refused(ref: RecordRef, code: string): MalformedRow {
  const tooLarge = code === 'HTTP_TOO_LARGE';
  return {
    ref,
    code: tooLarge ? 'ROW_TOO_LARGE' : code,
    reason: tooLarge
      ? 'The row alone is larger than an answer may be; shorten its texts.'
      : 'Dataverse refuses to read this row.',
  };
}

function chunked<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}

/** Some lanes through a list; the first failure ends them all and is thrown after they have stopped. */
async function inLanes<T>(
  items: readonly T[],
  act: (item: T, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const ending = new AbortController();
  const stop = () => ending.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  async function lane(): Promise<void> {
    while (next < items.length && failure === undefined) {
      const item = items[next++];
      if (item === undefined) return;
      try {
        await act(item, ending.signal);
      } catch (error) {
        failure ??= { error };
        stop();
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(requestsAtOnce, items.length) }, lane));
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (failure !== undefined) throw failure.error;
}
