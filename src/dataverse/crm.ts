/**
 * What the connector asks of Dynamics 365, as a port: the use cases know this file, not how it is done. Every method
 * throws ConnectorError. `gone` is said only when Dataverse answered "does not exist" for that id; anything unreadable,
 * forbidden or timed out is an error, never an absence.
 */
import type { Personal, RecordId, RecordRef, TableName } from '../../config/words.ts';

export type Scalar = string | number | boolean | null;

/** News that a record may have changed or was deleted. The address is only a hint for finding siblings. */
export interface Change {
  readonly id: RecordId;
  readonly deleted: boolean;
  readonly email: Personal<string> | undefined;
}

export interface ChangePage {
  readonly changes: readonly Change[];
  /** Followed verbatim. Exactly one of the two is there. */
  readonly nextLink: string | undefined;
  readonly deltaLink: string | undefined;
}

/** The row as it is now. */
export interface Row {
  readonly ref: RecordRef;
  readonly etag: string;
  readonly createdOn: string;
  /** ISO 8601; undefined where the row does not say it. */
  readonly modifiedOn?: string;
  readonly state: 'active' | 'inactive' | 'qualified' | 'disqualified';
  readonly merged: boolean;
  readonly masterId: RecordId | undefined;
  readonly doNotEmail: boolean;
  readonly doNotBulkEmail: boolean;
  readonly email: Personal<string | null>;
  /** Column → value, for every column that a mapping names. */
  readonly columns: Personal<Readonly<Record<string, Scalar>>>;
  /** Column → option label, where a mapping asks for labels. */
  readonly labels: Personal<Readonly<Record<string, string>>>;
  /** `lookup.column` → value or label of the row it points to. */
  readonly lookups: Personal<Readonly<Record<string, Scalar>>>;
}

/** A row that is there but cannot be understood: it parks, the rest goes on. */
export interface MalformedRow {
  readonly ref: RecordRef;
  readonly code: string;
  /** Our own sentence: the column and what was expected, never the value. */
  readonly reason: string;
}

export interface RowsRead {
  readonly rows: readonly Row[];
  readonly malformed: readonly MalformedRow[];
  /** Ids that did not come back. Not yet proof that they are gone. */
  readonly missing: readonly RecordId[];
}

export type MarketingJobStatus = 'pending' | 'inProgress' | 'succeeded' | 'failed';

/** One row of the Marketing Job table, as read. */
export interface MarketingJob {
  readonly id: RecordId;
  readonly etag: string;
  readonly operation: 'anonymizeContact' | 'syncContact' | 'unknown';
  readonly status: MarketingJobStatus;
  readonly customer: RecordRef | undefined;
  readonly lead: RecordRef | undefined;
  /** The text copies as they stand; may be anything a person typed. */
  readonly recordId: string | undefined;
  readonly recordTable: string | undefined;
}

export interface MarketingJobUpdate {
  readonly status?: MarketingJobStatus;
  readonly resultCode?: string;
  readonly resultDetail?: string;
  /** ISO 8601. */
  readonly completedOn?: string;
  readonly recordId?: string;
  readonly recordTable?: string;
}

/** What a CRM user reads on a record's timeline: flags, ids and our own sentences, nothing of the row. */
export interface Note {
  /** At most 500 characters. */
  readonly subject: string;
  readonly text: string;
}

export interface CrmFinding {
  readonly ok: boolean;
  readonly subject: string;
  readonly message: string;
  readonly mend: string;
}

export interface Crm {
  /** WhoAmI: the organization's id. */
  organizationId(signal: AbortSignal): Promise<string>;
  /** First page of a tracked full read. `pageSize` rows a page, at most 5000. */
  startChanges(table: TableName, pageSize: number, signal: AbortSignal): Promise<ChangePage>;
  /**
   * The page a stored link leads to. Throws code `DELTA_EXPIRED` (expired version stamp) or `DELTA_LOST` (any other
   * refusal of the position) of kind `gone`: the caller reads everything again.
   */
  followChanges(table: TableName, link: string, signal: AbortSignal): Promise<ChangePage>;
  /** Bulk read, 500 ids a request, any number of ids of one table. */
  readRows(table: TableName, ids: readonly RecordId[], signal: AbortSignal): Promise<RowsRead>;
  /** Single read; undefined only when Dataverse says that the row does not exist. */
  readRow(ref: RecordRef, signal: AbortSignal): Promise<Row | MalformedRow | undefined>;
  /**
   * Whether the table's address column is hidden from us: it then reads as null, which says nothing about the person.
   * `maxAgeMs`: milliseconds for which an earlier answer counts. Left out where nothing can be hidden.
   */
  hidesAddress?(table: TableName, maxAgeMs: number, signal: AbortSignal): Promise<boolean>;
  /** Rows of any configured table whose address column equals this address. */
  findByAddress(address: Personal<string>, signal: AbortSignal): Promise<RecordRef[]>;
  /** Jobs that are Pending or In Progress, oldest first. */
  openJobs(signal: AbortSignal): Promise<MarketingJob[]>;
  readJob(id: RecordId, signal: AbortSignal): Promise<MarketingJob | undefined>;
  /**
   * PATCH with If-Match. `etag` '*' for results. Answers 'changed' on 412 and 'gone' on 404, so that nothing is ever
   * created by it.
   */
  updateJob(
    id: RecordId,
    etag: string,
    update: MarketingJobUpdate,
    signal: AbortSignal,
  ): Promise<'done' | 'changed' | 'gone'>;
  /**
   * Writes the one note of ours on a record's timeline; the row itself is not written to. Answers 'gone' when the record
   * does not exist. `isThere`: the note was written before. Left out where nothing may be written.
   */
  writeNote?(ref: RecordRef, note: Note, isThere: boolean, signal: AbortSignal): Promise<'done' | 'gone'>;
  /** Days after which a delta token dies (organizations.expirechangetrackingindays). */
  changeTrackingDays(signal: AbortSignal): Promise<number | undefined>;
  /** Everything the configuration needs of Dataverse, each with its mend. */
  check(signal: AbortSignal): Promise<CrmFinding[]>;
}
