/**
 * Jobs that CRM users create, and the results they read. Guarantees: a job's erasure is stored before the job says In
 * Progress, and stored once however often the job is seen; a worker killed anywhere leaves a job that another one
 * finishes; results are written only onto a job that still exists. Anonymizes nobody itself.
 */
import { isTableName, parseRecordId, type RecordId, type RecordRef } from '../../config/words.ts';
import type { MarketingJob, MarketingJobUpdate } from '../dataverse/crm.ts';
import { isConnectorError } from '../http/errors.ts';
import type { MarketingJobRow } from '../store/tables.ts';
import { type Core, configuredTables, targetNames, targetsOf } from './core.ts';
import { isDryRun } from './pilot.ts';
import { erasureResult, progressDetail, settleErasures } from './settle.ts';
import { english, type JobTexts, textsOf } from './texts/index.ts';

type Subject = { readonly ref: RecordRef } | { readonly refusal: string };

/** Set lookups decide; else the text copies. */
export function subjectOf(job: MarketingJob, { refusals }: JobTexts = english): Subject {
  if (job.operation === 'unknown') return { refusal: refusals.operationUnknown };
  if (job.customer && job.lead) return { refusal: refusals.bothGiven };
  const looked = job.customer ?? job.lead;
  if (looked) return { ref: looked };
  const id = parseRecordId(job.recordId);
  const table = job.recordTable?.trim().toLowerCase() ?? '';
  if (id && isTableName(table)) return { ref: { table, id } };
  return { refusal: job.recordId || job.recordTable ? refusals.notARecord : refusals.nobodyGiven };
}

const longOpenMs = 25 * 24 * 3_600_000;

export async function marketingJobs(core: Core, signal: AbortSignal): Promise<void> {
  await settleErasures(core, signal);
  if (!core.settings.marketingJobs) return;
  const jobs = await readOpenJobs(core, signal);
  const taken = new Set<string>();
  for (const job of jobs) {
    signal.throwIfAborted();
    taken.add(job.id);
    try {
      await takeUp(core, job, signal);
    } catch (error) {
      core.logger.warn(
        { job: job.id, err: error },
        'a marketing job could not be taken up or answered; it is tried again',
      );
    }
  }
  // Jobs that are not open in Dynamics any more (deleted, or answered by hand) need no result.
  for (const row of await core.store.jobs.open()) {
    if (taken.has(row.job_id)) continue;
    if ((await core.crm.readJob(row.job_id as RecordId, signal)) === undefined || row.result_status)
      await core.store.jobs.closed(row.job_id);
  }
}

async function readOpenJobs(core: Core, signal: AbortSignal): Promise<MarketingJob[]> {
  try {
    const jobs = await core.crm.openJobs(signal);
    await core.alarms.clear('job-table', 'dataverse');
    return jobs;
  } catch (error) {
    // Not what goes away by itself: a time-out, a 429.
    if (isConnectorError(error) && (error.kind === 'config' || error.kind === 'park' || error.kind === 'gone'))
      await core.alarms.raise('job-table', 'dataverse', error.code, error.message);
    throw error;
  }
}

async function takeUp(core: Core, seen: MarketingJob, signal: AbortSignal): Promise<void> {
  let job = seen;
  for (let attempt = 0; attempt < 5; attempt++) {
    const row = await note(core, job);
    if (job.status === 'pending' && row.operation !== 'refused') {
      const update: MarketingJobUpdate = { status: 'inProgress', ...copies(job, row) };
      const answer = await core.crm.updateJob(job.id, job.etag, update, signal);
      if (answer === 'gone') return;
      if (answer === 'changed') {
        const again = await core.crm.readJob(job.id, signal);
        if (!again || again.status === 'succeeded' || again.status === 'failed') return;
        job = again;
        continue;
      }
    }
    await answerJob(core, row, signal);
    return;
  }
}

function copies(job: MarketingJob, row: MarketingJobRow): MarketingJobUpdate {
  if (!row.record_id || !row.crm_table || (job.recordId && job.recordTable)) return {};
  return { recordId: row.record_id, recordTable: row.crm_table };
}

/** Stores what the job asks for, once. */
async function note(core: Core, job: MarketingJob): Promise<MarketingJobRow> {
  const known = await core.store.jobs.get(job.id);
  // A worker that died between the two steps of a refusal leaves a job without an answer.
  const isHalfRefused = known?.operation === 'refused' && known.result_status === null;
  if (known && !isHalfRefused) return known;
  // Whoever stored its erasure did not live to note the job; by now the job may not tell the person any more.
  const begun = await core.store.erasures.byJob(job.id);
  if (begun && !known) {
    const { crm_table: table, record_id: id } = begun;
    const ref: RecordRef | null = table && id ? { table, id } : null;
    return core.store.jobs.note({ jobId: job.id, operation: 'anonymizeContact', ref, wantedSeq: null });
  }
  const texts = textsOf(core.settings);
  const subject = subjectOf(job, texts);
  const refuse = async (sentence: string): Promise<MarketingJobRow> => {
    await core.store.jobs.note({ jobId: job.id, operation: 'refused', ref: null, wantedSeq: null });
    await core.store.jobs.result(job.id, 'failed', 'NOT_VALID', sentence);
    return (await core.store.jobs.get(job.id)) as MarketingJobRow;
  };
  if ('refusal' in subject) return refuse(subject.refusal);
  const { ref } = subject;
  if (!configuredTables(core).includes(ref.table)) {
    return refuse(texts.refusals.tableNotSynchronised(ref.table));
  }
  if (isHalfRefused) return refuse(texts.refusals.incomplete);
  if (job.operation === 'anonymizeContact') {
    await core.store.erasures.open(
      { id: core.uuid(), source: 'job', jobId: job.id, ref, emailKey: null, sealed: null },
      targetNames(core),
    );
    for (const target of targetNames(core)) await core.wake.apply(target);
    return core.store.jobs.note({ jobId: job.id, operation: 'anonymizeContact', ref, wantedSeq: null });
  }
  const wantedSeq = await core.store.records.forceSync(ref, targetsOf(core, ref.table));
  for (const target of targetsOf(core, ref.table)) await core.wake.apply(target);
  return core.store.jobs.note({ jobId: job.id, operation: 'syncContact', ref, wantedSeq });
}

async function answerJob(core: Core, noted: MarketingJobRow, signal: AbortSignal): Promise<void> {
  const progress = await resultOf(core, noted);
  const row = (await core.store.jobs.get(noted.job_id)) ?? noted;
  const id = row.job_id as RecordId;
  if (row.result_status) {
    const answer = await core.crm.updateJob(
      id,
      '*',
      {
        status: row.result_status,
        resultCode: row.result_code ?? '',
        resultDetail: row.result_detail ?? '',
        completedOn: (row.completed_on ?? new Date(core.now())).toISOString(),
      },
      signal,
    );
    if (answer !== 'changed') await core.store.jobs.closed(row.job_id);
    await core.alarms.clear('job-waiting', row.job_id);
    return;
  }
  if (progress !== undefined && progress !== row.written_detail) {
    const answer = await core.crm.updateJob(id, '*', { resultDetail: progress }, signal);
    if (answer === 'done') await core.store.jobs.wrote(row.job_id, progress);
  }
  if (core.now() - row.seen_at.getTime() > longOpenMs) {
    await core.alarms.raise(
      'job-waiting',
      row.job_id,
      'JOB_OPEN_25_DAYS',
      'a marketing job is open for 25 days; the law gives 30',
    );
  }
}

/** Stores the result when there is one; answers the sentence to show meanwhile. */
async function resultOf(core: Core, row: MarketingJobRow): Promise<string | undefined> {
  if (row.result_status) return undefined;
  if (row.operation === 'anonymizeContact') {
    const erasure = await core.store.erasures.byJob(row.job_id);
    if (!erasure) return undefined;
    const targets = await core.store.erasures.targets(erasure.id);
    if (erasure.state === 'open') return progressDetail(core, targets);
    const result = erasureResult(core, erasure, targets);
    await core.store.jobs.result(row.job_id, result.status, result.code, result.detail);
    return undefined;
  }
  return syncResult(core, row);
}

async function syncResult(core: Core, row: MarketingJobRow): Promise<string | undefined> {
  if (!row.crm_table || !row.record_id || row.wanted_seq === null) return undefined;
  const ref: RecordRef = { table: row.crm_table, id: row.record_id };
  const wanted = row.wanted_seq;
  const texts = textsOf(core.settings);
  // What a target was told before its table was taken out of the configuration is nothing to wait for.
  const current = targetsOf(core, ref.table);
  const deliveries = (await core.store.records.deliveries(ref)).filter((row) => current.includes(row.target));
  const record = await core.store.records.get(ref);
  const open = deliveries.filter((delivery) => delivery.done_seq < wanted);
  if (open.length === 0 && record) {
    const action = actionText(record.last_action, texts);
    // Without a profile nobody there was ever decided about: the person is outside the target's pilot.
    const lines = deliveries.map(({ target, profile_key: profile }) =>
      profile === null && core.targets.get(target)?.settings.pilot
        ? texts.sync.nothingSent(target, texts.waiting.outsidePilot)
        : texts.sync.applied(target, action, String(record.last_rule)),
    );
    await core.store.jobs.result(row.job_id, 'succeeded', 'OK', lines.join('\n'));
    return undefined;
  }
  const lines = open.flatMap(({ target, parked_code: code, parked_reason: reason }) => {
    if (isDryRun(core, target)) return [texts.sync.notYet(target, `${texts.waiting.dryRun}.`)];
    return code === null ? [] : [texts.sync.notYet(target, `${reason} (${code})`)];
  });
  return lines.length > 0 ? lines.join('\n') : undefined;
}

function actionText(action: string | null, { sync }: JobTexts): string {
  return (sync.actions as Readonly<Record<string, string>>)[action ?? ''] ?? String(action);
}
