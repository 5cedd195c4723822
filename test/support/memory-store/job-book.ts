/** Marketing Jobs that were seen, and their results; as the job book of src/store/erasures.ts. */
import type { JobBook } from '../../../src/store/erasures.ts';
import type { Room, Synchronous } from './tables.ts';

/** Open jobs in one answer. */
const mostOpen = 500;

export function memoryJobBook(room: Room): Synchronous<JobBook> {
  const rows = room.tables.jobs;
  return {
    note(job) {
      const known = rows.get(job.jobId);
      if (known) return { ...known };
      const row = {
        job_id: job.jobId,
        operation: job.operation,
        crm_table: job.ref?.table ?? null,
        record_id: job.ref?.id ?? null,
        wanted_seq: job.wantedSeq,
        result_status: null,
        result_code: null,
        result_detail: null,
        completed_on: null,
        written_detail: null,
        closed_at: null,
        seen_at: new Date(room.now()),
      };
      rows.set(job.jobId, row);
      return { ...row };
    },

    get(jobId) {
      const row = rows.get(jobId);
      return row && { ...row };
    },

    result(jobId, status, code, detail) {
      const row = rows.get(jobId);
      if (!row || row.result_status !== null) return;
      row.result_status = status;
      row.result_code = code;
      row.result_detail = detail;
      row.completed_on = new Date(room.now());
    },

    wrote(jobId, detail) {
      const row = rows.get(jobId);
      if (row) row.written_detail = detail;
    },

    closed(jobId) {
      const row = rows.get(jobId);
      if (row) row.closed_at = new Date(room.now());
    },

    open: () =>
      [...rows.values()]
        .filter((row) => row.closed_at === null)
        .slice(0, mostOpen)
        .map((row) => ({ ...row })),
  };
}
