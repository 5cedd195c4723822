/**
 * The Marketing Job table as CRM users fill it. Guarantees: a job row is never created (every PATCH carries If-Match);
 * a row that cannot be understood is a job with an unknown operation and no record, so that it is answered and keeps
 * no other job back. Decides nothing.
 */
import type { MarketingJobSettings } from '../../config/settings.ts';
import { isTableName, parseRecordId, type RecordId, type RecordRef } from '../../config/words.ts';
import { ConnectorError, isConnectorError } from '../http/errors.ts';
import type { DataverseClient, Json } from './client.ts';
import type { MarketingJob, MarketingJobStatus, MarketingJobUpdate } from './crm.ts';

export interface MarketingJobs {
  /** Pending and In Progress, oldest first. */
  open(signal: AbortSignal): Promise<MarketingJob[]>;
  /** Undefined when the row does not exist. Throws `park` JOB_STATUS_UNKNOWN. */
  read(id: RecordId, signal: AbortSignal): Promise<MarketingJob | undefined>;
  update(
    id: RecordId,
    etag: string,
    update: MarketingJobUpdate,
    signal: AbortSignal,
  ): Promise<'done' | 'changed' | 'gone'>;
}

const typeAnnotation = 'Microsoft.Dynamics.CRM.lookuplogicalname';
const prefer = `odata.include-annotations="${typeAnnotation}"`;

export function createMarketingJobs(client: DataverseClient, settings: MarketingJobSettings): MarketingJobs {
  const { columns, options, set } = settings;
  const customer = `_${columns.customer}_value`;
  const lead = `_${columns.lead}_value`;
  const selected = [
    columns.id,
    columns.operation,
    columns.status,
    customer,
    lead,
    columns.recordId,
    columns.recordTable,
  ];
  const select = `$select=${selected.map(encodeURIComponent).join(',')}`;

  function readJob(row: Json): MarketingJob {
    const id = parseRecordId(row[columns.id]);
    if (id === undefined) {
      throw new ConnectorError(
        'config',
        'JOB_WITHOUT_ID',
        'A Marketing Job row has no readable id; check marketingJobs.columns.id.',
      );
    }
    const etag = row['@odata.etag'];
    const parts = {
      customer: referenceIn(row, customer),
      lead: referenceIn(row, lead, 'lead'),
      recordId: textIn(row[columns.recordId]),
      recordTable: textIn(row[columns.recordTable]),
    };
    const status = statusOf(row[columns.status], options);
    const base = { id, etag: typeof etag === 'string' ? etag : '*', status };
    const { customer: company, lead: person, recordId, recordTable } = parts;
    if (company === 'unreadable' || person === 'unreadable' || recordId === null || recordTable === null) {
      const nothing = { customer: undefined, lead: undefined, recordId: undefined, recordTable: undefined };
      return { ...base, operation: 'unknown', ...nothing };
    }
    return {
      ...base,
      operation: operationOf(row[columns.operation], options),
      customer: company,
      lead: person,
      recordId,
      recordTable,
    };
  }

  return {
    async open(signal) {
      const wanted = [options.pending, options.inProgress].map((value) => `${columns.status}%20eq%20${value}`);
      const path = `${set}?${select}&$filter=${wanted.join('%20or%20')}&$orderby=createdon%20asc`;
      const rows = await client.getAll(path, { template: 'GET /{marketing jobs} (open)', prefer, signal });
      return rows.map(readJob);
    },
    async read(id, signal) {
      try {
        return readJob(
          await client.get(`${set}(${id})?${select}`, { template: 'GET /{marketing jobs}({id})', prefer, signal }),
        );
      } catch (error) {
        if (isConnectorError(error) && error.code === 'ROW_DOES_NOT_EXIST' && error.status === 404) return undefined;
        throw error;
      }
    },
    async update(id, etag, update, signal) {
      const body = bodyOf(update, settings);
      try {
        await client.patch(`${set}(${id})`, body, { template: 'PATCH /{marketing jobs}({id})', ifMatch: etag, signal });
        return 'done';
      } catch (error) {
        if (!isConnectorError(error)) throw error;
        if (error.code === 'ROW_CHANGED') return 'changed';
        if (error.code === 'ROW_DOES_NOT_EXIST') return 'gone';
        throw error;
      }
    },
  };
}

function bodyOf(update: MarketingJobUpdate, { columns, options }: MarketingJobSettings): Json {
  const body: Record<string, string | number> = {};
  if (update.status !== undefined) body[columns.status] = options[update.status];
  if (update.resultCode !== undefined) body[columns.resultCode] = update.resultCode;
  if (update.resultDetail !== undefined) body[columns.resultDetail] = shortened(update.resultDetail);
  if (update.completedOn !== undefined) body[columns.completedOn] = update.completedOn;
  if (update.recordId !== undefined) body[columns.recordId] = update.recordId;
  if (update.recordTable !== undefined) body[columns.recordTable] = update.recordTable;
  return body;
}

/** The memo that `connector setup` makes takes so many characters; what does not fit would be refused as a whole. */
const longestDetail = 4000;

function shortened(text: string): string {
  return text.length <= longestDetail ? text : `${text.slice(0, longestDetail - 1)}…`;
}

function operationOf(value: unknown, options: MarketingJobSettings['options']): MarketingJob['operation'] {
  if (value === options.anonymizeContact) return 'anonymizeContact';
  return value === options.syncContact ? 'syncContact' : 'unknown';
}

function statusOf(value: unknown, options: MarketingJobSettings['options']): MarketingJobStatus {
  for (const status of ['pending', 'inProgress', 'succeeded', 'failed'] as const) {
    if (value === options[status]) return status;
  }
  throw new ConnectorError(
    'park',
    'JOB_STATUS_UNKNOWN',
    'A Marketing Job has a status that marketingJobs.options does not name.',
  );
}

/** `table` is what the lookup can only point to; a customer lookup says it in an annotation. */
function referenceIn(row: Json, column: string, table?: 'lead'): RecordRef | undefined | 'unreadable' {
  const value = row[column];
  if (value === null) return undefined;
  const id = parseRecordId(value);
  const pointsTo = table ?? row[`${column}@${typeAnnotation}`];
  if (id === undefined || typeof pointsTo !== 'string' || !isTableName(pointsTo)) return 'unreadable';
  return { table: pointsTo, id };
}

/** Undefined for an empty text, null for anything that is no text. */
function textIn(value: unknown): string | undefined | null {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'string') return null;
  return value.trim() === '' ? undefined : value;
}
