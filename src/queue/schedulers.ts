/**
 * The repeating jobs. Guarantees: asserting them changes nothing when they stand as wanted, so every process does it
 * again and again, and a flushed Redis has them back within one sweep. One that stopped producing is set up anew.
 */
import type { TableName } from '../../config/words.ts';
import type { JobQueue } from './backend.ts';
import { type JobData, type JobName, jobOptions } from './job.ts';

export interface Schedule {
  readonly tables: readonly TableName[];
  readonly pollSeconds: number;
  /** Undefined when marketing jobs are switched off. */
  readonly marketingJobsPollSeconds: number | undefined;
  readonly reconcileCron: string;
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
/** Milliseconds after which a run that has not happened means that the scheduler is dead, and not that we are busy. */
const overdue = 60_000;

export async function assertSchedulers(
  queues: { readonly [Name in JobName]: JobQueue },
  schedule: Schedule,
  now: number,
): Promise<void> {
  for (const { id, name, repeat, data } of plan(schedule)) {
    const found = await queues[name].getJobScheduler(id);
    const asWanted = 'every' in repeat ? Number(found?.every) === repeat.every : found?.pattern === repeat.pattern;
    const alive = found?.next !== undefined && found.next > now - overdue;
    if (asWanted && alive) continue;
    await queues[name].upsertJobScheduler(id, repeat, { name, data, opts: jobOptions });
  }
  if (schedule.marketingJobsPollSeconds === undefined)
    await queues['marketing-jobs'].removeJobScheduler('marketing-jobs');
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
  return [...pulls, ...rest];
}
