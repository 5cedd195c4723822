/**
 * Mailjet's asynchronous jobs, started and awaited. Guarantees: a job counts as done only when Mailjet says that it
 * completed; whom its error file names was refused; one that names nobody, or cannot be read, refuses the whole; a job
 * that does not end in time is remembered, and nothing else is written by this process until it ended, since it may
 * still take effect. Remembers nothing beyond this process.
 * wire: platforms.md 1.3: Allocated, Upload, Prepare, Importing, Completed, Error, Abort ("In Progress" too); the form
 * of the error file is not documented: every text in it is compared with the addresses.
 */
import { setTimeout as after } from 'node:timers/promises';
import { afterLanding, ConnectorError } from '../../http/errors.ts';
import { normaliseAddress } from '../address.ts';
import type { ImportedContact, ListAction, MailjetClient } from './client.ts';
import type { Job } from './schema.ts';

/** Milliseconds that may still be waited. */
export interface Patience {
  leftMs: number;
}

export interface Jobs {
  /** For all jobs of one call of the port, so that they end while its lease lasts. */
  patience(): Patience;
  /**
   * Starts a job and waits for its end. Answers the addresses (normalised) that were refused. What is thrown before
   * `started` was called says that nothing took effect, unless it is `retry`. Throws `retry` MAILJET_JOB_UNFINISHED,
   * `park` MAILJET_JOB_REFUSED.
   */
  run(
    contacts: readonly ImportedContact[],
    list: { readonly listId: number; readonly action: ListAction } | undefined,
    patience: Patience,
    signal: AbortSignal,
    started?: () => void,
  ): Promise<ReadonlySet<string>>;
  /** Throws `retry` MAILJET_JOB_UNFINISHED while an earlier job has not ended. */
  checkEnded(signal: AbortSignal): Promise<void>;
}

export interface JobOptions {
  readonly client: Pick<MailjetClient, 'startImport' | 'job' | 'jobErrors'>;
  /** Milliseconds to wait for the jobs of one call of the port. */
  readonly waitMs: number;
  /** Waits; ends early, with an error or without, when the signal is aborted. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Milliseconds before each look at a job; the last one goes on. */
const pauses = [0, 500, 1000, 2000, 4000];

export function createJobs({ client, waitMs, pause = defaultPause }: JobOptions): Jobs {
  const unfinished = new Set<number>();

  async function awaited(id: number, patience: Patience, signal: AbortSignal): Promise<Job> {
    for (let look = 0; ; look += 1) {
      const ms = pauses[Math.min(look, pauses.length - 1)] ?? 0;
      if (ms > patience.leftMs) throw notEnded();
      patience.leftMs -= ms;
      if (ms > 0) await pause(ms, signal);
      const job = await client.job(id, signal);
      if (job && hasEnded(job)) return job;
    }
  }

  async function refusedBy(
    { id, job }: { readonly id: number; readonly job: Job },
    contacts: readonly ImportedContact[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    // One alone is who it is about.
    if (contacts.length === 1) return new Set(contacts.map(({ Email }) => normaliseAddress(Email)));
    // What became of the others of a job that did not complete, nobody says.
    if (!isCompleted(job)) throw refusedAsAWhole();
    const texts = new Set(textsIn((await client.jobErrors(id, signal)) ?? '').map(normaliseAddress));
    const named = contacts.map(({ Email }) => normaliseAddress(Email)).filter((address) => texts.has(address));
    if (named.length > 0) return new Set(named);
    throw refusedAsAWhole();
  }

  return {
    patience: () => ({ leftMs: waitMs }),

    async run(contacts, list, patience, signal, started) {
      const id = await client.startImport(contacts, list, signal);
      started?.();
      unfinished.add(id);
      let job: Job;
      try {
        job = await awaited(id, patience, signal);
      } catch (error) {
        throw afterLanding(error);
      }
      unfinished.delete(id);
      return isClean(job) ? new Set() : refusedBy({ id, job }, contacts, signal);
    },

    async checkEnded(signal) {
      for (const id of unfinished) {
        const job = await client.job(id, signal);
        // A job that is not there any more has nothing left to do.
        if (job && !hasEnded(job)) throw notEnded();
        unfinished.delete(id);
      }
    },
  };
}

function hasEnded({ Status }: Job): boolean {
  return ['completed', 'error', 'abort'].includes(Status.toLowerCase());
}

function isCompleted({ Status }: Job): boolean {
  return Status.toLowerCase() === 'completed';
}

function isClean(job: Job): boolean {
  return isCompleted(job) && !job.ErrorFile && (!job.Error || String(job.Error) === '0');
}

function refusedAsAWhole(): ConnectorError {
  return new ConnectorError('park', 'MAILJET_JOB_REFUSED', 'A Mailjet job failed and does not say for whom.', {
    mayHaveLanded: true,
  });
}

function notEnded(): ConnectorError {
  return new ConnectorError('retry', 'MAILJET_JOB_UNFINISHED', 'A Mailjet job has not ended yet.', {
    mayHaveLanded: true,
  });
}

/** Every text in a JSON document; none where it is no JSON. */
function textsIn(text: string): string[] {
  const texts: string[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (name !== '') texts.push(name);
      if (typeof value === 'string') texts.push(value);
      return value;
    });
  } catch {
    return [];
  }
  return texts;
}

async function defaultPause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await after(milliseconds, undefined, { signal });
  } catch {
    throw new ConnectorError('retry', 'HTTP_ABORTED', 'Waiting for a Mailjet job was given up from our side.');
  }
}
