import { describe, expect, it } from '@jest/globals';
import { createJobs, type JobOptions } from '../../../../src/platforms/mailjet/jobs.ts';
import type { Job } from '../../../../src/platforms/mailjet/schema.ts';
import { failureOf, signal } from './support.ts';

const people = [{ Email: 'a@one.example' }, { Email: 'B@one.example' }];
const running: Job = { Status: 'Importing' };
const done: Job = { Status: 'Completed', Error: '', ErrorFile: '' };
const withErrors: Job = { Status: 'Completed', Error: '1', ErrorFile: 'https://elsewhere.example/file' };

/** A Mailjet that answers these looks in turn, the last one for ever. */
function mailjet(looks: readonly (Job | undefined)[], file?: string) {
  const seen = { looks: 0, files: 0, pauses: [] as number[] };
  const client: JobOptions['client'] = {
    startImport: async () => 7,
    async job(id) {
      expect(id).toBe(7);
      seen.looks += 1;
      return looks[Math.min(seen.looks, looks.length) - 1];
    },
    async jobErrors() {
      seen.files += 1;
      return file;
    },
  };
  const pause = async (ms: number) => {
    seen.pauses.push(ms);
  };
  return { seen, jobs: createJobs({ client, waitMs: 10_000, pause }) };
}

describe('a job', () => {
  it('is looked at until it has ended, more and more rarely', async () => {
    const { jobs, seen } = mailjet([running, undefined, running, done]);

    expect(await jobs.run(people, undefined, jobs.patience(), signal)).toEqual(new Set());
    expect(seen.pauses).toEqual([500, 1000, 2000]);
    expect(seen.files).toBe(0);
  });

  it('tells whom its error file names, whatever its form', async () => {
    const { jobs } = mailjet([withErrors], '{"errors":{"b@ONE.example":["CM09"]},"row":{"Email":"x@one.example"}}');

    expect(await jobs.run(people, undefined, jobs.patience(), signal)).toEqual(new Set(['b@one.example']));
  });

  it.each([
    ['an error file that names nobody of it', withErrors, '[{"Email":"x@one.example"}]'],
    ['an error file that is not readable', withErrors, 'Email;Error'],
    ['no error file', withErrors, undefined],
    ['an end by Error, whomever the file names', { ...withErrors, Status: 'Error' }, '["a@one.example"]'],
    ['an end by Abort', { Status: 'Abort' }, undefined],
  ])('is refused as a whole for %s', async (_what, job, file) => {
    const { jobs } = mailjet([job], file);

    const failure = await failureOf(jobs.run(people, undefined, jobs.patience(), signal));

    expect(failure).toMatchObject({ kind: 'park', code: 'MAILJET_JOB_REFUSED', mayHaveLanded: true });
  });

  it('that failed for one alone is about that one', async () => {
    const { jobs } = mailjet([{ Status: 'Error' }]);

    expect(await jobs.run(people.slice(0, 1), undefined, jobs.patience(), signal)).toEqual(new Set(['a@one.example']));
  });

  it('that does not end in time is remembered, and nothing else may be written until it has', async () => {
    const { jobs, seen } = mailjet([...new Array<Job>(5).fill(running), running, done]);

    const failure = await failureOf(jobs.run(people, undefined, jobs.patience(), signal));
    const meanwhile = await failureOf(jobs.checkEnded(signal));
    await jobs.checkEnded(signal);
    const looks = seen.looks;
    await jobs.checkEnded(signal);

    expect(failure).toMatchObject({ kind: 'retry', code: 'MAILJET_JOB_UNFINISHED', mayHaveLanded: true });
    expect(meanwhile).toMatchObject({ kind: 'retry', code: 'MAILJET_JOB_UNFINISHED' });
    expect(seen.looks).toBe(looks);
  });

  it('shares its patience with the other jobs of the batch', async () => {
    const { jobs, seen } = mailjet([running, running, running, done, running]);
    const patience = jobs.patience();

    await jobs.run(people, undefined, patience, signal);
    const failure = await failureOf(jobs.run(people, undefined, patience, signal));

    expect(failure.code).toBe('MAILJET_JOB_UNFINISHED');
    expect(seen.pauses).toEqual([500, 1000, 2000, 500, 1000, 2000]);
  });

  it('tells that it was started before it is waited for', async () => {
    const { jobs } = mailjet([done]);
    let started = 0;

    await jobs.run(people, { listId: 1, action: 'addnoforce' }, jobs.patience(), signal, () => {
      started += 1;
    });

    expect(started).toBe(1);
  });

  it('is given up when the work is', async () => {
    const client: JobOptions['client'] = {
      startImport: async () => 7,
      job: async () => running,
      jobErrors: async () => undefined,
    };
    const jobs = createJobs({ client, waitMs: 10_000 });
    const ending = new AbortController();

    const failure = failureOf(jobs.run(people, undefined, jobs.patience(), ending.signal, () => ending.abort()));

    expect(await failure).toMatchObject({ kind: 'retry', code: 'HTTP_ABORTED', mayHaveLanded: true });
  });
});
