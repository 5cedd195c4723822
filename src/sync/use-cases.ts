/**
 * What the rest of the program may ask the core to do. Each method is safe to call at any moment, from any process,
 * any number of times: what is owed lives in the store, a call only moves it on. None keeps state between calls.
 */
import type { TableName, TargetName } from '../../config/words.ts';

export interface PullResult {
  /** Entries read from the feed. */
  readonly changes: number;
  /** True when somebody else moved the checkpoint meanwhile; nothing was done then. */
  readonly overtaken: boolean;
}

export interface ApplyResult {
  /** Deliveries and erasures that were claimed. */
  readonly claimed: number;
  /** Something is due on this target right now. */
  readonly more: boolean;
}

export interface UseCases {
  /** Reads one table's change feed to its end. */
  pull(table: TableName, signal: AbortSignal): Promise<PullResult>;
  /** Claims and applies one batch of what is owed to a target. */
  apply(target: TargetName, signal: AbortSignal): Promise<ApplyResult>;
  /** Takes up Pending and In Progress jobs, and writes back results that are ready. */
  marketingJobs(signal: AbortSignal): Promise<void>;
  /** Compares the ledger of ids with the CRM. */
  reconcile(signal: AbortSignal): Promise<void>;
  /** Targets that have something due now and are not paused. */
  dueTargets(signal: AbortSignal): Promise<TargetName[]>;
  /** Seals new evidence and forgets what has served its purpose. */
  housekeeping(signal: AbortSignal): Promise<void>;
  /** Looks whether a sample of the people is on the targets as it should be; mends nothing. */
  audit(signal: AbortSignal): Promise<void>;
}

/** Wake-ups, implemented over BullMQ. Losing one costs time only: a sweep repeats what matters. */
export interface Wake {
  apply(target: TargetName): Promise<void>;
  pull(table: TableName): Promise<void>;
  marketingJobs(): Promise<void>;
}
