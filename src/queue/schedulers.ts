/**
 * The repeating jobs. Guarantees: asserting them changes nothing when they stand as wanted, so every process does it
 * again and again, and a flushed Redis has them back within one sweep. One that stopped producing is set up anew, and so is
 * one whose next run is further away than it can be: BullMQ plans by the clock of the process that ran last, and where
 * that was ahead and is set right nothing would happen for as long.
 */
import { CronExpressionParser } from 'cron-parser';
import type { TableName } from '../../config/words.ts';
import type { JobQueue } from './backend.ts';
import { type JobData, type JobName, jobOptions } from './job.ts';

export interface Schedule {
  readonly tables: readonly TableName[];
  readonly pollSeconds: number;
  /** Undefined when marketing jobs are switched off. */
  readonly marketingJobsPollSeconds: number | undefined;
  readonly reconcileCron: string;
  /** Undefined when nobody wants to be audited by schedule. */
  readonly auditCron?: string | undefined;
  readonly sweepSeconds: number;
}

type Repeat = { readonly every: number } | { readonly pattern: string };

interface Scheduled {
  readonly id: string;
  readonly name: JobName;
  readonly repeat: Repeat;
  readonly data: JobData[JobName];
}

const housekeepingSeconds = 60;
/**
 * Milliseconds after which a run that has not happened means that the scheduler is dead, and not that we are busy; and
 * by which a run may be planned too late, since clocks differ.
 */
const overdue = 60_000;

/** `now`: milliseconds since 1970, by a clock that is right. */
export async function assertSchedulers(
  queues: { readonly [Name in JobName]: JobQueue },
  schedule: Schedule,
  now: number,
): Promise<void> {
  for (const { id, name, repeat, data } of plan(schedule)) {
    const found = await queues[name].getJobScheduler(id);
    const asWanted = 'every' in repeat ? Number(found?.every) === repeat.every : found?.pattern === repeat.pattern;
    const next = found?.next ?? Number.NaN;
    const alive = next > now - overdue && next < nextRun(repeat, now) + overdue;
    if (asWanted && alive) continue;
    // Setting it up alone would keep the run that is planned.
    if (found) await queues[name].removeJobScheduler(id);
    await queues[name].upsertJobScheduler(id, repeat, { name, data, opts: jobOptions });
  }
  if (schedule.marketingJobsPollSeconds === undefined)
    await queues['marketing-jobs'].removeJobScheduler('marketing-jobs');
  if (schedule.auditCron === undefined) await queues.audit.removeJobScheduler('audit');
}

/** When it is due at the latest, seen from `now`. */
function nextRun(repeat: Repeat, now: number): number {
  if ('every' in repeat) return now + repeat.every;
  return CronExpressionParser.parse(repeat.pattern, { currentDate: new Date(now) })
    .next()
    .getTime();
}

function plan(schedule: Schedule): Scheduled[] {
  const every = (seconds: number): Repeat => ({ every: Math.round(seconds * 1000) });
  const pulls = schedule.tables.map(
    (table): Scheduled => ({ id: `pull-${table}`, name: 'pull', repeat: every(schedule.pollSeconds), data: { table } }),
  );
  const rest: Scheduled[] = [
    { id: 'reconcile', name: 'reconcile', repeat: { pattern: schedule.reconcileCron }, data: {} },
    { id: 'sweep', name: 'sweep', repeat: every(schedule.sweepSeconds), data: {} },
    { id: 'housekeeping', name: 'housekeeping', repeat: every(housekeepingSeconds), data: {} },
  ];
  if (schedule.marketingJobsPollSeconds !== undefined) {
    rest.push({
      id: 'marketing-jobs',
      name: 'marketing-jobs',
      repeat: every(schedule.marketingJobsPollSeconds),
      data: {},
    });
  }
  if (schedule.auditCron !== undefined)
    rest.push({ id: 'audit', name: 'audit', repeat: { pattern: schedule.auditCron }, data: {} });
  return [...pulls, ...rest];
}
