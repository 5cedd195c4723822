/**
 * Runs one job's handler. Guarantees: whatever goes wrong, the log and the queue learn our own words only: an unknown
 * error's message, which may quote a person's data, is dropped. Nothing thrown here ends the process.
 */
import { isConnectorError } from '../http/errors.ts';
import type { JobContext, JobDefinition, JobName, JobResult } from './job.ts';

/** What BullMQ may keep of a failure. */
export class JobFailed extends Error {
  constructor(kind: string, code: string) {
    super(`${kind} ${code}`);
    this.name = 'JobFailed';
    this.stack = this.message;
  }
}

/** Throws JobFailed and nothing else. */
export async function executeJob<Name extends JobName>(
  job: JobDefinition<Name>,
  data: unknown,
  context: JobContext,
): Promise<JobResult> {
  const parsed = job.schema.safeParse(data);
  if (!parsed.success) {
    context.logger.error({ job: job.name, code: 'JOB_DATA' }, 'job carries something else than it should');
    throw new JobFailed('park', 'JOB_DATA');
  }
  const about = { job: job.name, ...parsed.data };
  try {
    const result = await job.handle(parsed.data, context);
    context.logger.debug({ ...about, result }, 'job finished');
    return result;
  } catch (error) {
    if (context.signal.aborted) {
      context.logger.info(about, 'job stopped: the process is closing');
      throw new JobFailed('retry', 'CLOSING');
    }
    const { kind, code } = describe(error);
    const level = kind === 'wait' ? 'info' : 'error';
    context.logger[level]({ ...about, kind, code }, 'job failed');
    throw new JobFailed(kind, code);
  }
}

/** Kind and code of our own errors; of any other its class and its own code, when it looks like one. */
export function describe(error: unknown): { readonly kind: string; readonly code: string } {
  if (isConnectorError(error)) return { kind: error.kind, code: error.code };
  const code = (error as { code?: unknown } | null | undefined)?.code;
  const name = error instanceof Error ? error.name : 'unknown';
  return { kind: name, code: typeof code === 'string' && /^[A-Z0-9_]{2,40}$/i.test(code) ? code : 'UNKNOWN' };
}
