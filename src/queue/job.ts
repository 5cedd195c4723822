/**
 * What a job is. A job carries ids only and is a wake-up: what is to be done stands in the database, so a lost, a
 * doubled and a late job are all harmless. Guarantees: a map of jobs has exactly one handler for each name.
 */
import type { z } from 'zod';
import type { TableName, TargetName } from '../../config/words.ts';
import type { Logger } from '../logging.ts';
import type { UseCases, Wake } from '../sync/use-cases.ts';
import type { Slots } from './slots.ts';

export const jobNames = ['pull', 'apply', 'marketing-jobs', 'reconcile', 'sweep', 'housekeeping', 'audit'] as const;
export type JobName = (typeof jobNames)[number];

/** Job name → what it carries. */
export interface JobData {
  readonly pull: { readonly table: TableName };
  readonly apply: { readonly target: TargetName };
  readonly 'marketing-jobs': Readonly<Record<string, never>>;
  readonly reconcile: Readonly<Record<string, never>>;
  readonly sweep: Readonly<Record<string, never>>;
  readonly housekeeping: Readonly<Record<string, never>>;
  readonly audit: Readonly<Record<string, never>>;
}

/** `joined`: this process was at it already and goes round once more. */
export type JobResult = 'done' | 'joined';

/** What a handler is given. It keeps nothing between runs. */
export interface JobContext {
  readonly useCases: UseCases;
  readonly wake: Wake;
  readonly logger: Logger;
  readonly slots: Slots;
  /** Batches of one target that run at once in this process. */
  readonly batchesAtOnce: number;
  /** The process is closing: finish what was begun, begin nothing. */
  readonly stopping: AbortSignal;
  /** The time to close is over: stop now. */
  readonly signal: AbortSignal;
  /** Milliseconds, from any fixed point. */
  now(): number;
}

export interface JobDefinition<Name extends JobName> {
  readonly name: Name;
  readonly schema: z.ZodType<JobData[Name]>;
  /** Two waiting wake-ups with the same key are one. */
  key(data: JobData[Name]): string;
  /** Jobs of this name that a process works on at once. */
  concurrency(counts: { readonly tables: number; readonly targets: number; readonly batchesAtOnce: number }): number;
  /** Throws what the use case throws. */
  handle(data: JobData[Name], context: JobContext): Promise<JobResult>;
}

export type AnyJob = { readonly [Name in JobName]: JobDefinition<Name> }[JobName];
export type JobMap = { readonly [Name in JobName]: JobDefinition<Name> };

/** Throws at start-up when a name has no handler, or more than one. */
export function createJobMap(jobs: readonly AnyJob[]): JobMap {
  for (const name of jobNames) {
    const count = jobs.filter((job) => job.name === name).length;
    if (count === 0)
      throw new Error(`The job "${name}" has no handler: add jobs/${name}.ts to the list in jobs/index.ts.`);
    if (count > 1) throw new Error(`The job "${name}" has ${count} handlers: leave one in the list in jobs/index.ts.`);
  }
  return Object.fromEntries(jobs.map((job) => [job.name, job])) as unknown as JobMap;
}

/** How every job is added: one attempt (the database knows what is still owed), and nothing of it is kept for long. */
export const jobOptions = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: 20,
  stackTraceLimit: 0,
} as const;
