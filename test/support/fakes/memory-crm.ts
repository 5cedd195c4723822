/**
 * Dynamics 365 in memory: rows with versions, a change feed in pages that only shows how things are now, tombstones,
 * links that expire, and the Marketing Job table with its etags. Guarantees: every port method is one uninterrupted
 * step; a change made while pages are read is in the next delta; what is read is a copy. What it does not do: access
 * rights, metadata, HTTP. wire: dataverse.md sections 1, 2, 5 and 10.
 */
import { formatRecordRef, Personal, type RecordId, type RecordRef, type TableName } from '../../../config/words.ts';
import type { Change, ChangePage, Crm, Row, RowsRead, Scalar } from '../../../src/dataverse/crm.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import { hooked, type PortHooks } from './hooks.ts';
import { createJobTable, type JobTable } from './memory-jobs.ts';

export interface CrmRecord {
  readonly table: TableName;
  readonly id: RecordId;
  version: number;
  /** ISO 8601, UTC. */
  createdOn: string;
  state: Row['state'];
  merged: boolean;
  masterId: RecordId | undefined;
  doNotEmail: boolean;
  doNotBulkEmail: boolean;
  email: string | null;
  columns: Record<string, Scalar>;
  deleted: boolean;
}

export type CrmValues = Partial<
  Pick<CrmRecord, 'state' | 'merged' | 'masterId' | 'doNotEmail' | 'doNotBulkEmail' | 'email' | 'createdOn'>
> & { readonly columns?: Readonly<Record<string, Scalar>> };

export interface MemoryCrm {
  /** The port for one worker, with its own hooks. */
  connect(hooks?: PortHooks): Crm;
  /** Every row ever created, the deleted ones too. */
  readonly records: ReadonlyMap<string, CrmRecord>;
  readonly jobs: JobTable;
  create(ref: RecordRef, values: CrmValues): void;
  /** Throws when the row does not exist. */
  update(ref: RecordRef, values: CrmValues): void;
  delete(ref: RecordRef): void;
  /** Dynamics gives a restored row its former id and values, and a new version. */
  restore(ref: RecordRef): void;
  /** The duplicate becomes inactive and merged; the master gets a new version. */
  merge(master: RecordRef, duplicate: RecordRef): void;
  get(ref: RecordRef): CrmRecord | undefined;
  /** Every link that was given out so far is answered `gone` from now on. */
  expireLinks(code?: 'DELTA_EXPIRED' | 'DELTA_LOST'): void;
  /** Everything that can make a difference later, as one text. */
  describe(): string;
}

export function createMemoryCrm(options: { readonly now: () => number; readonly organization?: string }): MemoryCrm {
  const records = new Map<string, CrmRecord>();
  const jobs = createJobTable(() => ++version);
  let version = 0;
  let oldest = -1;
  let refusal: 'DELTA_EXPIRED' | 'DELTA_LOST' = 'DELTA_EXPIRED';

  function existing(ref: RecordRef): CrmRecord {
    const row = records.get(formatRecordRef(ref));
    if (!row || row.deleted) throw new Error(`${formatRecordRef(ref)} does not exist`);
    return row;
  }

  function write(row: CrmRecord, values: CrmValues): void {
    const { columns, ...plain } = values;
    Object.assign(row, plain);
    row.columns = { ...row.columns, ...columns };
    row.version = ++version;
  }

  function page(table: TableName, since: number, upTo: number, skip: number, size: number): ChangePage {
    const isNews = (row: CrmRecord): boolean =>
      row.table === table && row.version > since && row.version <= upTo && (since >= 0 || !row.deleted);
    const news = [...records.values()].filter(isNews).sort((a, b) => a.version - b.version);
    const part = news.filter((row) => row.version > skip).slice(0, size);
    const changes = part.map(
      (row): Change => ({
        id: row.id,
        deleted: row.deleted,
        email: row.deleted || row.email === null ? undefined : new Personal(row.email),
      }),
    );
    const last = part.at(-1);
    return last && last !== news.at(-1)
      ? { changes, nextLink: `page:${since}:${upTo}:${last.version}:${size}`, deltaLink: undefined }
      : { changes, nextLink: undefined, deltaLink: `delta:${upTo}:${size}` };
  }

  function read(ref: RecordRef): Row | undefined {
    const row = records.get(formatRecordRef(ref));
    if (!row || row.deleted) return undefined;
    const { state, merged, masterId, doNotEmail, doNotBulkEmail, createdOn } = row;
    return {
      ref: { table: row.table, id: row.id },
      etag: `W/"${row.version}"`,
      createdOn,
      state,
      merged,
      masterId,
      doNotEmail,
      doNotBulkEmail,
      email: new Personal(row.email),
      columns: new Personal({ ...row.columns }),
      labels: new Personal({}),
      lookups: new Personal({}),
    };
  }

  const crm: Crm = {
    organizationId: async () => options.organization ?? '00000000-0000-4000-9000-000000000001',

    startChanges: async (table, pageSize) => page(table, -1, version, 0, pageSize),

    async followChanges(table, link) {
      const [kind, ...numbers] = link.split(':');
      const [a = 0, b = 0, c = 0, d = 0] = numbers.map(Number);
      const given = kind === 'delta' ? a : b;
      if (given <= oldest) throw new ConnectorError('gone', refusal, 'the position is gone');
      return kind === 'delta' ? page(table, a, version, 0, b) : page(table, a, b, c, d);
    },

    async readRows(table, ids): Promise<RowsRead> {
      const rows = ids.map((id) => read({ table, id }));
      return {
        rows: rows.filter((row) => row !== undefined),
        malformed: [],
        missing: ids.filter((_, index) => rows[index] === undefined),
      };
    },

    readRow: async (ref) => read(ref),

    async findByAddress(address) {
      const wanted = address.reveal().trim().toLowerCase();
      return [...records.values()]
        .filter((row) => !row.deleted && row.email?.trim().toLowerCase() === wanted)
        .map(({ table, id }) => ({ table, id }));
    },

    openJobs: async () => jobs.open(),
    readJob: async (id) => jobs.read(id),
    updateJob: async (id, etag, update) => jobs.update(id, etag, update),
    changeTrackingDays: async () => 30,
    check: async () => [],
  };

  return {
    connect: (hooks = {}) => hooked('crm', crm, hooks),
    records,
    jobs,
    create(ref, values) {
      const former = records.get(formatRecordRef(ref));
      if (former && !former.deleted) throw new Error(`${formatRecordRef(ref)} exists`);
      const row: CrmRecord = {
        ...ref,
        version: 0,
        createdOn: new Date(options.now()).toISOString(),
        state: 'active',
        merged: false,
        masterId: undefined,
        doNotEmail: false,
        doNotBulkEmail: false,
        email: null,
        columns: {},
        deleted: false,
      };
      records.set(formatRecordRef(ref), row);
      write(row, values);
    },
    update: (ref, values) => write(existing(ref), values),
    delete(ref) {
      const row = existing(ref);
      row.deleted = true;
      row.version = ++version;
      jobs.unlink(ref);
    },
    restore(ref) {
      const row = records.get(formatRecordRef(ref));
      if (!row?.deleted) throw new Error(`${formatRecordRef(ref)} is not deleted`);
      row.deleted = false;
      row.version = ++version;
    },
    merge(master, duplicate) {
      write(existing(duplicate), { merged: true, state: 'inactive', masterId: existing(master).id });
      write(existing(master), {});
    },
    get: (ref) => records.get(formatRecordRef(ref)),
    expireLinks(code = 'DELTA_EXPIRED') {
      refusal = code;
      // Links that are given out from now on are younger, also when nothing changes in between.
      oldest = version++;
    },
    describe: () => JSON.stringify([[...records.values()], jobs.describe(), oldest]),
  };
}
