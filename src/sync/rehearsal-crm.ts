/**
 * Dynamics as a rehearsal sees it. Guarantees: nothing is written there; what the rehearsal believes to have written
 * onto a marketing job is what it reads of it afterwards. With a share, only the first rows of a feed are there.
 */
import type { RecordId, TableName } from '../../config/words.ts';
import type { ChangePage, Crm, MarketingJob, MarketingJobUpdate } from '../dataverse/crm.ts';
import type { Share } from '../store/shadow.ts';

export function readOnlyCrm(crm: Crm, share: Share): Crm {
  const updates = new Map<RecordId, MarketingJobUpdate>();
  const hidesAddress = crm.hidesAddress?.bind(crm);

  function asWritten(job: MarketingJob): MarketingJob {
    const { status, recordId, recordTable } = updates.get(job.id) ?? {};
    return {
      ...job,
      ...(status ? { status } : {}),
      ...(recordId ? { recordId } : {}),
      ...(recordTable ? { recordTable } : {}),
    };
  }

  async function firstOf(table: TableName, link: string, read: () => Promise<ChangePage>): Promise<ChangePage> {
    if (share.tables && !share.tables.includes(table)) return { changes: [], nextLink: undefined, deltaLink: link };
    if (share.perTable === undefined) return read();
    const page = await read();
    return { changes: page.changes.slice(0, share.perTable), nextLink: undefined, deltaLink: link };
  }

  return {
    organizationId: (signal) => crm.organizationId(signal),
    startChanges: (table, pageSize, signal) =>
      firstOf(table, sampleLink, () => crm.startChanges(table, pageSize, signal)),
    // A feed of which only the first rows are wanted is at its end after them.
    followChanges: (table, link, signal) =>
      link === sampleLink
        ? Promise.resolve({ changes: [], nextLink: undefined, deltaLink: link })
        : firstOf(table, sampleLink, () => crm.followChanges(table, link, signal)),
    readRows: (table, ids, signal) => crm.readRows(table, ids, signal),
    readRow: (ref, signal) => crm.readRow(ref, signal),
    ...(hidesAddress ? { hidesAddress } : {}),
    findByAddress: (address, signal) => crm.findByAddress(address, signal),
    async openJobs(signal) {
      const jobs = (await crm.openJobs(signal)).map(asWritten);
      return jobs.filter((job) => job.status === 'pending' || job.status === 'inProgress');
    },
    async readJob(id, signal) {
      const job = await crm.readJob(id, signal);
      return job && asWritten(job);
    },
    async updateJob(id, _etag, update) {
      updates.set(id, { ...updates.get(id), ...update });
      return 'done';
    },
    changeTrackingDays: (signal) => crm.changeTrackingDays(signal),
    check: (signal) => crm.check(signal),
  };
}

/** Where a feed stands of which only the first rows were taken. */
const sampleLink = 'rehearsal:first-rows';
