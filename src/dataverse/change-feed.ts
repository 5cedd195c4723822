/**
 * The change feed of one table (wire: use-change-tracking-synchronize-data-external-systems). Guarantees: every entry
 * of a page is in the answer, once an id, with its last state; a page that could hide a change throws: an entry without
 * an id, or an end without a delta link. Asks for the id and the address column only; annotations are never asked for,
 * since they have made delta links disappear (powerapps-docs issue 439).
 *
 * A next link carries the page size that its chain began with as a URL fragment, which is never sent: Dataverse wants
 * the same size on every page.
 */
import type { RecordId, TableName } from '../../config/words.ts';
import { Personal, parseRecordId } from '../../config/words.ts';
import { ConnectorError, isConnectorError } from '../http/errors.ts';
import { type DataverseClient, type Json, leavesHost, rowsOf } from './client.ts';
import type { Change, ChangePage } from './crm.ts';
import { tableFacts } from './tables.ts';

export interface ChangeFeed {
  start(table: TableName, pageSize: number, signal: AbortSignal): Promise<ChangePage>;
  follow(table: TableName, link: string, signal: AbortSignal): Promise<ChangePage>;
}

export interface ChangeFeedOptions {
  readonly client: DataverseClient;
  /** The address column of a configured table. */
  readonly emailColumn: (table: TableName) => string;
  /** Rows a page where the link does not say it. */
  readonly pageSize: number;
}

const largestPage = 5_000;

export function createChangeFeed({ client, emailColumn, pageSize }: ChangeFeedOptions): ChangeFeed {
  return {
    async start(table, rows, signal) {
      const { set, id } = tableFacts[table];
      const size = clamped(rows);
      const template = `GET /${set} (change tracking)`;
      const columns = `${id},${encodeURIComponent(emailColumn(table))}`;
      const page = await client.get(`${set}?$select=${columns}`, { template, prefer: preferOf(size), signal });
      return readPage(page, { table, size, template, email: emailColumn(table) }, client);
    },
    async follow(table, link, signal) {
      const template = `GET /${tableFacts[table].set} (change tracking, next)`;
      const [address = '', size] = apart(link, pageSize);
      if (!client.isOurs(address)) throw lost('The stored position belongs to another address than dataverse.url.');
      const page = await client.follow(address, { template, prefer: preferOf(size), signal }).catch(positionError);
      return readPage(page, { table, size, template, email: emailColumn(table) }, client);
    },
  };
}

function preferOf(size: number): string {
  return `odata.track-changes,odata.maxpagesize=${size}`;
}

function clamped(rows: number): number {
  return Math.min(Math.max(Math.trunc(rows), 1), largestPage);
}

const sizeMark = '#maxpagesize=';

function apart(link: string, usual: number): [string, number] {
  const at = link.lastIndexOf(sizeMark);
  if (at < 0) return [link, clamped(usual)];
  const size = Number(link.slice(at + sizeMark.length));
  return [link.slice(0, at), clamped(Number.isFinite(size) ? size : usual)];
}

/** A refusal of a position, whatever its status, means that everything has to be read again. */
function positionError(error: unknown): never {
  if (!isConnectorError(error) || error.code === 'DELTA_EXPIRED') throw error;
  const { status, kind } = error;
  const refused = status !== undefined && status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
  if (!refused || kind === 'wait') throw error;
  throw lost('Dataverse refuses the stored position in the change feed.', error);
}

function lost(sentence: string, error?: ConnectorError): ConnectorError {
  return new ConnectorError('gone', 'DELTA_LOST', `${sentence} The table is read in full again.`, {
    ...(error?.status === undefined ? {} : { status: error.status }),
    ...(error?.requestId === undefined ? {} : { requestId: error.requestId }),
  });
}

interface Context {
  readonly table: TableName;
  readonly size: number;
  readonly template: string;
  readonly email: string;
}

function readPage(page: Json, context: Context, client: DataverseClient): ChangePage {
  const changes = new Map<RecordId, Change>();
  for (const entry of rowsOf(page, context.template)) {
    const change = readEntry(entry, context);
    // Taken out first, so that the order is that of the last mention.
    changes.delete(change.id);
    changes.set(change.id, change);
  }
  const next = linkIn(page, '@odata.nextLink', context.template, client);
  const delta = linkIn(page, '@odata.deltaLink', context.template, client);
  if (next !== undefined) {
    return { changes: [...changes.values()], nextLink: `${next}${sizeMark}${context.size}`, deltaLink: undefined };
  }
  if (delta !== undefined) return { changes: [...changes.values()], nextLink: undefined, deltaLink: delta };
  throw new ConnectorError(
    'config',
    'FEED_WITHOUT_DELTA_LINK',
    `The change feed of ${context.table} ended without a delta link; enable change tracking for the table ${context.table} (its properties in Power Apps, or connector setup).`,
  );
}

function linkIn(page: Json, name: string, template: string, client: DataverseClient): string | undefined {
  const link = page[name];
  if (typeof link !== 'string' || link === '') return undefined;
  if (!client.isOurs(link)) throw leavesHost(template);
  return link;
}

function readEntry(entry: Json, { table, email }: Context): Change {
  const column = tableFacts[table].id;
  const deleted = isTombstone(entry);
  const id =
    parseRecordId(entry[column]) ??
    (deleted ? (idIn(entry.id) ?? idIn(entry['@id']) ?? idIn(entry['@odata.id'])) : undefined);
  if (id === undefined) {
    throw new ConnectorError(
      'config',
      'FEED_ENTRY_WITHOUT_ID',
      `The change feed of ${table} holds an entry without a readable id; it may not be passed over. Give the request id to Microsoft support.`,
    );
  }
  const hint = entry[email];
  return { id, deleted, email: !deleted && typeof hint === 'string' ? new Personal(hint) : undefined };
}

/** `$deletedEntity` is what the Web API sends; `@removed` is the form of OData 4.01. */
function isTombstone(entry: Json): boolean {
  const context = entry['@odata.context'];
  return (
    (typeof context === 'string' && context.includes('$deletedEntity')) ||
    entry.reason === 'deleted' ||
    entry['@removed'] !== undefined
  );
}

/** A bare GUID, or the end of an entity reference such as `contacts(<guid>)`. */
function idIn(text: unknown): RecordId | undefined {
  if (typeof text !== 'string') return undefined;
  return parseRecordId(text) ?? parseRecordId(/\(([^()]+)\)$/.exec(text)?.[1]);
}
