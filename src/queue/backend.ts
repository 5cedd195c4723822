/**
 * Where BullMQ keeps its jobs: in PostgreSQL (over the one queue pool), or in Redis. Guarantees: the rest of the
 * program cannot tell which; producers fail at once when the backend is away instead of piling up commands; an error
 * of a connection is logged and never ends the process.
 */
import {
  createPostgresBackend,
  type JobProgress,
  type PostgresQueueBackend,
  type Processor,
  Queue,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import type pg from 'pg';
import type { Secret } from '../../config/settings.ts';
import { ConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';
import { describe } from './execute.ts';

/** The part of a BullMQ queue or worker that does not depend on where the jobs are. */
export type JobQueue = Pick<
  Queue,
  | 'add'
  | 'close'
  | 'getJobCounts'
  | 'getJobScheduler'
  | 'on'
  | 'removeJobScheduler'
  | 'upsertJobScheduler'
  | 'waitUntilReady'
>;
export type JobWorker = Pick<Worker, 'close' | 'on' | 'waitUntilReady'> & {
  /** After a close that did not come to an end: nothing of the worker keeps the process alive. */
  abandon(): Promise<void>;
};

export interface QueueBackend {
  queue(name: string): JobQueue;
  worker(name: string, processor: Processor, concurrency: number): JobWorker;
  /** After queues and workers are closed. */
  close(): Promise<void>;
}

/** Milliseconds between two complaints about the same. */
const quietFor = 10_000;

/** Keys in Redis begin with it. */
const prefix = 'dynamics-email-connector';

/** A killed worker's job is taken up by another one after these milliseconds; it is renewed in half of them. */
const workerTimes = { lockDuration: 10_000, stalledInterval: 5_000, runRetryDelay: 1_000 };

class RedisWorker extends Worker {
  async abandon(): Promise<void> {
    // Pausing ends the timer that looks for stalled jobs.
    await Promise.all([this.pause(true), this.lockManager.close()]);
  }
}

class PostgresWorker extends Worker<unknown, unknown, string, PostgresQueueBackend, JobProgress, pg.Pool> {
  async abandon(): Promise<void> {
    // Pausing ends the timer that looks for stalled jobs.
    await Promise.all([this.pause(true), this.lockManager.close()]);
  }
}

export function openBackend(options: {
  readonly queuePool: pg.Pool;
  readonly redisUrl?: Secret | undefined;
  readonly logger: Logger;
}): QueueBackend {
  const { logger } = options;
  const complained = new Map<string, number>();
  // Every queue and worker reports a lost connection, again and again: one line in ten seconds says it.
  const complain = (error: unknown): void => {
    const { kind, code } = describe(error);
    const now = performance.now();
    if (now - (complained.get(kind + code) ?? -quietFor) < quietFor) return;
    complained.set(kind + code, now);
    logger.warn({ kind, code }, 'queue connection in trouble');
  };

  if (!options.redisUrl) {
    const connection = options.queuePool;
    return {
      queue: (name) => watched(new Queue(name, { connection }, createPostgresBackend), complain) as unknown as JobQueue,
      worker: (name, processor, concurrency) =>
        watched(
          new PostgresWorker(name, processor, { connection, concurrency, ...workerTimes }, createPostgresBackend),
          complain,
        ) as unknown as JobWorker,
      close: async () => undefined,
    };
  }

  const url = options.redisUrl.reveal();
  // Workers wait for as long as it takes; who adds a wake-up does not, since a sweep makes up for it.
  const patient = new Redis(url, { maxRetriesPerRequest: null });
  const prompt = new Redis(url, { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 5_000 });
  const clients = [patient, prompt];
  // BullMQ makes a copy for each worker to wait on; one that cannot reach Redis would try for ever after closing.
  const duplicate = patient.duplicate.bind(patient);
  patient.duplicate = (...overrides) => {
    const copy = duplicate(...overrides);
    clients.push(copy);
    return copy;
  };
  for (const client of clients) client.on('error', complain);
  return {
    queue: (name) => {
      const queueOptions: QueueOptions = { connection: prompt, prefix };
      return watched(new Queue(name, queueOptions), complain);
    },
    worker: (name, processor, concurrency) => {
      const workerOptions: WorkerOptions = { connection: patient, prefix, concurrency, ...workerTimes };
      return watched(new RedisWorker(name, processor, workerOptions), complain);
    },
    async close() {
      for (const client of clients) if (client.status !== 'end') client.disconnect();
    },
  };
}

function watched<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
  part: T,
  complain: (error: unknown) => void,
): T {
  part.on('error', complain);
  return part;
}

/** Throws ConnectorError `config` QUEUE_UNREACHABLE when it does not answer in time (milliseconds). */
export async function ready(part: { waitUntilReady(): Promise<unknown> }, limit: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      part.waitUntilReady(),
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('time is up')), limit);
      }),
    ]);
  } catch (cause) {
    throw new ConnectorError(
      'config',
      'QUEUE_UNREACHABLE',
      'The queue cannot be reached: check storage.redisUrl, or storage.databaseUrl when that is not set.',
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}
