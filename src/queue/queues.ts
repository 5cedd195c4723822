/**
 * BullMQ, wired: wake-ups in, handlers out. Three facts that everything here relies on. (1) What is owed stands in the
 * store; a job only says "look". So each has one attempt, carries ids only, and may be lost. (2) Wake-ups of one key
 * that wait are one; the moment a handler begins, the key is free again, before it looks: a wake-up that arrives while
 * its job is active leads to another look. (3) Every process asserts the schedulers and adds a sweep by its own timer,
 * so that a flushed Redis heals. Closing: workers first, then queues, within a time limit.
 */
import type { Processor } from 'bullmq';
import type pg from 'pg';
import type { Secret } from '../../config/settings.ts';
import type { Logger } from '../logging.ts';
import type { UseCases, Wake } from '../sync/use-cases.ts';
import { type JobQueue, type JobWorker, openBackend, ready } from './backend.ts';
import { describe, executeJob } from './execute.ts';
import { type JobContext, type JobData, type JobMap, type JobName, jobNames, jobOptions } from './job.ts';
import { assertSchedulers, type Schedule } from './schedulers.ts';
import { createSlots } from './slots.ts';

export interface Queues {
  /** Never throws: a wake-up that cannot be added is logged, and a sweep makes up for it. */
  readonly wake: Wake;
  /** Starts working, and keeps the schedulers and sweeps going. Throws ConnectorError `config` when the queue is away. */
  startWorkers(useCases: UseCases, work: WorkOptions): Promise<void>;
  /** Jobs by name and state, for the metrics. */
  counts(): Promise<Record<JobName, Readonly<Record<string, number>>>>;
  /** Lets running jobs finish for `limitMs` milliseconds at most, then aborts them. Safe to call twice. */
  close(limitMs?: number): Promise<void>;
}

export interface WorkOptions extends Schedule {
  readonly targets: number;
  readonly batchesAtOnce: number;
}

export interface QueuesOptions {
  readonly jobs: JobMap;
  readonly queuePool: pg.Pool;
  readonly redisUrl?: Secret | undefined;
  readonly logger: Logger;
  /** Milliseconds that the backend has to answer at the start. */
  readonly startLimitMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Throws ConnectorError `config` when the backend cannot be reached. */
export async function createQueues(options: QueuesOptions): Promise<Queues> {
  const { jobs, logger } = options;
  const now = options.now ?? Date.now;
  const startLimit = options.startLimitMs ?? 30_000;
  const backend = openBackend(options);
  const queues = Object.fromEntries(jobNames.map((name) => [name, backend.queue(name)])) as Record<JobName, JobQueue>;
  const workers: JobWorker[] = [];
  const stopping = new AbortController();
  const hard = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let tending: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  async function add<Name extends JobName>(name: Name, data: JobData[Name]): Promise<void> {
    try {
      await queues[name].add(name, data, { ...jobOptions, deduplication: { id: jobs[name].key(data) } });
    } catch (error) {
      logger.warn({ job: name, ...describe(error) }, 'wake-up lost: a sweep will make up for it');
    }
  }

  const wake: Wake = {
    apply: (target) => add('apply', { target }),
    pull: (table) => add('pull', { table }),
    marketingJobs: () => add('marketing-jobs', {}),
  };

  function processor(name: JobName, context: JobContext): Processor {
    return async (job) => {
      // From here on a wake-up is a new job: it may know of something that this one has looked for already.
      await job.removeDeduplicationKey();
      return executeJob(jobs[name] as JobMap['pull'], job.data, context);
    };
  }

  async function tend(work: WorkOptions): Promise<void> {
    try {
      await assertSchedulers(queues, work, now());
    } catch (error) {
      logger.warn(describe(error), 'schedulers could not be asserted: the next sweep tries again');
    }
    await add('sweep', {});
  }

  async function closeAll(limitMs: number): Promise<void> {
    clearInterval(timer);
    stopping.abort();
    const abort = setTimeout(() => hard.abort(), limitMs);
    const giveUp = new Promise<void>((resolve) =>
      hard.signal.addEventListener('abort', () => setTimeout(resolve, 2_000)),
    );
    const drained = Promise.allSettled([...workers.map((worker) => worker.close()), tending]);
    await Promise.race([drained, giveUp]);
    await Promise.all(workers.map((worker) => worker.abandon()));
    clearTimeout(abort);
    await Promise.race([Promise.allSettled(Object.values(queues).map((queue) => queue.close())), giveUp]);
    await backend.close();
  }

  const close = (limitMs = 25_000): Promise<void> => {
    closing ??= closeAll(limitMs);
    return closing;
  };

  try {
    await Promise.all(Object.values(queues).map((queue) => ready(queue, startLimit)));
  } catch (error) {
    await close(0);
    throw error;
  }

  return {
    wake,
    close,
    async startWorkers(useCases, work) {
      const context: JobContext = {
        useCases,
        wake,
        logger,
        slots: createSlots(),
        batchesAtOnce: work.batchesAtOnce,
        stopping: stopping.signal,
        signal: hard.signal,
        now,
      };
      for (const name of jobNames) {
        const concurrency = Math.max(1, jobs[name].concurrency({ ...work, tables: work.tables.length }));
        workers.push(backend.worker(name, processor(name, context), concurrency));
      }
      await Promise.all(workers.map((worker) => ready(worker, startLimit)));
      await tend(work);
      timer = setInterval(() => {
        // One at a time: while the backend is away nothing piles up.
        tending ??= tend(work).finally(() => {
          tending = undefined;
        });
      }, work.sweepSeconds * 1000);
    },
    async counts() {
      const all = await Promise.all(
        jobNames.map(async (name) => [name, await queues[name].getJobCounts('waiting', 'active', 'delayed', 'failed')]),
      );
      return Object.fromEntries(all) as Record<JobName, Record<string, number>>;
    },
  };
}
