/**
 * The Marketing Job table of the in-memory CRM. Guarantees: If-Match as Dataverse answers it (412 is `changed`, a row
 * that is gone is `gone` and is never created by an update); deleting a person empties the look-ups to them.
 */
import type { RecordId, RecordRef } from '../../../config/words.ts';
import type { MarketingJob, MarketingJobUpdate } from '../../../src/dataverse/crm.ts';

export interface JobRow {
  readonly id: RecordId;
  version: number;
  readonly operation: MarketingJob['operation'];
  status: MarketingJob['status'];
  customer: RecordRef | undefined;
  lead: RecordRef | undefined;
  recordId: string | undefined;
  recordTable: string | undefined;
  resultCode: string | undefined;
  resultDetail: string | undefined;
}

export interface JobTable {
  /** As a user saves it: the look-up that fits the record's table is filled in. */
  create(id: RecordId, operation: MarketingJob['operation'], ref: RecordRef): void;
  delete(id: RecordId): void;
  get(id: RecordId): JobRow | undefined;
  all(): JobRow[];
  open(): MarketingJob[];
  read(id: RecordId): MarketingJob | undefined;
  update(id: RecordId, etag: string, update: MarketingJobUpdate): 'done' | 'changed' | 'gone';
  unlink(ref: RecordRef): void;
  describe(): unknown;
}

export function createJobTable(nextVersion: () => number): JobTable {
  const rows = new Map<RecordId, JobRow>();

  function asRead(row: JobRow): MarketingJob {
    const { id, operation, status, customer, lead, recordId, recordTable } = row;
    return { id, etag: `W/"${row.version}"`, operation, status, customer, lead, recordId, recordTable };
  }

  return {
    create(id, operation, ref) {
      rows.set(id, {
        id,
        version: nextVersion(),
        operation,
        status: 'pending',
        customer: ref.table === 'lead' ? undefined : ref,
        lead: ref.table === 'lead' ? ref : undefined,
        recordId: undefined,
        recordTable: undefined,
        resultCode: undefined,
        resultDetail: undefined,
      });
    },
    delete: (id) => void rows.delete(id),
    get: (id) => rows.get(id),
    all: () => [...rows.values()],
    open: () => [...rows.values()].filter((row) => row.status === 'pending' || row.status === 'inProgress').map(asRead),
    read(id) {
      const row = rows.get(id);
      return row && asRead(row);
    },
    update(id, etag, update) {
      const row = rows.get(id);
      if (!row) return 'gone';
      if (etag !== '*' && etag !== asRead(row).etag) return 'changed';
      const { completedOn: _, ...values } = update;
      Object.assign(row, values);
      row.version = nextVersion();
      return 'done';
    },
    unlink(ref) {
      for (const row of rows.values()) {
        if (row.customer?.id === ref.id && row.customer.table === ref.table) row.customer = undefined;
        if (row.lead?.id === ref.id && ref.table === 'lead') row.lead = undefined;
      }
    },
    describe: () => [...rows.values()],
  };
}
