import { describe, expect, test } from '@jest/globals';
import type { TargetName } from '../../../config/words.ts';
import { apply } from '../../../jobs/apply.ts';
import { audit } from '../../../jobs/audit.ts';
import { housekeeping } from '../../../jobs/housekeeping.ts';
import { jobs } from '../../../jobs/index.ts';
import { marketingJobs } from '../../../jobs/marketing-jobs.ts';
import { pull } from '../../../jobs/pull.ts';
import { reconcile } from '../../../jobs/reconcile.ts';
import { sweep } from '../../../jobs/sweep.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import { executeJob } from '../../../src/queue/execute.ts';
import { createJobMap, type JobContext, jobNames } from '../../../src/queue/job.ts';
import { createSlots } from '../../../src/queue/slots.ts';
import type { ApplyResult } from '../../../src/sync/use-cases.ts';
import { recordingLogger } from '../../support/logger.ts';
import { type Behaviour, fakeUseCases } from '../../support/use-cases.ts';

function setUp(behaviour: Behaviour = {}) {
  const useCases = fakeUseCases(behaviour);
  const logger = recordingLogger();
  const woken: string[] = [];
  const stopping = new AbortController();
  const hard = new AbortController();
  let clock = 0;
  const context: JobContext = {
    useCases,
    logger,
    slots: createSlots(),
    batchesAtOnce: 1,
    stopping: stopping.signal,
    signal: hard.signal,
    now: () => clock,
    wake: {
      apply: async (target) => void woken.push(`apply ${target}`),
      pull: async (table) => void woken.push(`pull ${table}`),
      marketingJobs: async () => void woken.push('marketing-jobs'),
    },
  };
  return { context, useCases, logger, woken, stopping, hard, pass: (milliseconds: number) => (clock += milliseconds) };
}

function results(...all: ApplyResult[]): Behaviour {
  return { apply: async () => all.shift() ?? { claimed: 0, more: false } };
}

const main = { target: 'main' };

describe('the map of jobs', () => {
  test('has a handler for every name', () => {
    expect(Object.keys(jobs).sort()).toEqual([...jobNames].sort());
  });

  test('refuses a missing handler and names the mend', () => {
    expect(() => createJobMap([pull, apply, marketingJobs, reconcile])).toThrow(
      /"sweep" has no handler: add jobs\/sweep\.ts/,
    );
  });

  test('refuses a second handler', () => {
    expect(() => createJobMap([pull, pull, apply, marketingJobs, reconcile, sweep])).toThrow(/"pull" has 2 handlers/);
  });
});

describe('apply', () => {
  test('goes on batch after batch while more is due, and calls for help once', async () => {
    const { context, useCases, woken } = setUp(
      results({ claimed: 9, more: true }, { claimed: 9, more: true }, { claimed: 3, more: false }),
    );
    await executeJob(apply, main, context);
    expect(useCases.calls).toEqual(['apply main', 'apply main', 'apply main']);
    expect(woken).toEqual(['apply main']);
  });

  test('calls for nobody when one batch is all there is', async () => {
    const { context, woken } = setUp(results({ claimed: 9, more: false }));
    await executeJob(apply, main, context);
    expect(woken).toEqual([]);
  });

  test('leaves it to those who are at it when it gets nothing itself', async () => {
    const { context, useCases, woken } = setUp(results({ claimed: 0, more: true }));
    await executeJob(apply, main, context);
    expect(useCases.calls).toHaveLength(1);
    expect(woken).toEqual([]);
  });

  test('hands on after half a minute', async () => {
    const { context, woken, useCases, pass } = setUp({
      apply: async () => {
        pass(16_000);
        return { claimed: 1, more: true };
      },
    });
    await executeJob(apply, main, context);
    expect(useCases.calls).toHaveLength(2);
    expect(woken).toEqual(['apply main', 'apply main']);
  });

  test('hands on after two hundred batches', async () => {
    const { context, useCases, woken } = setUp({ apply: async () => ({ claimed: 1, more: true }) });
    await executeJob(apply, main, context);
    expect(useCases.calls).toHaveLength(200);
    expect(woken).toEqual(['apply main', 'apply main']);
  });

  test('begins no other batch while the process is closing, and hands on', async () => {
    const { context, useCases, woken, stopping } = setUp({
      apply: async () => {
        stopping.abort();
        return { claimed: 1, more: true };
      },
    });
    await executeJob(apply, main, context);
    expect(useCases.calls).toHaveLength(1);
    expect(woken).toEqual(['apply main']);
  });
});

describe('the other jobs', () => {
  test('pull reads the table it names', async () => {
    const { context, useCases } = setUp();
    await executeJob(pull, { table: 'lead' }, context);
    expect(useCases.calls).toEqual(['pull lead']);
  });

  test('sweep wakes what is due and applies nothing itself', async () => {
    const { context, useCases, woken } = setUp({ dueTargets: async () => ['a', 'b'] as TargetName[] });
    await executeJob(sweep, {}, context);
    expect(useCases.calls).toEqual(['sweep']);
    expect(woken).toEqual(['apply a', 'apply b']);
  });

  test('an audit that is stopped because the process closes has not failed', async () => {
    const { context, useCases } = setUp({
      audit: (signal) => Promise.reject(signal.aborted ? signal.reason : new Error('it should have been told')),
    });
    await expect(executeJob(audit, {}, { ...context, stopping: AbortSignal.abort() })).resolves.toBe('done');
    await expect(executeJob(audit, {}, context)).rejects.toThrow('Error UNKNOWN');
    expect(useCases.calls).toEqual(['audit', 'audit']);
  });

  test('marketing jobs, reconcile and housekeeping call their use case', async () => {
    const { context, useCases } = setUp();
    await executeJob(marketingJobs, {}, context);
    await executeJob(reconcile, {}, context);
    await executeJob(housekeeping, {}, context);
    expect(useCases.calls).toEqual(['marketing-jobs', 'reconcile', 'housekeeping']);
  });
});

describe('a job that goes wrong', () => {
  test.each([[{ table: 'person' }], [{}], [null], [{ table: 'contact/anna@acme.example' }]])(
    'data %j is refused before the use case',
    async (data) => {
      const { context, useCases, logger } = setUp();
      await expect(executeJob(pull, data, context)).rejects.toThrow('park JOB_DATA');
      expect(useCases.calls).toEqual([]);
      expect(JSON.stringify(logger.lines)).not.toContain('anna');
    },
  );

  test('logs kind and code of our own error, and leaves only them to the queue', async () => {
    const error = new ConnectorError('config', 'BAD_KEY', 'Our sentence.', { cause: new Error('anna@acme.example') });
    const { context, logger } = setUp({ pull: () => Promise.reject(error) });
    const failure = (await executeJob(pull, { table: 'contact' }, context).catch((thrown) => thrown)) as Error;
    expect([failure.name, failure.message, failure.stack, failure.cause]).toEqual([
      'JobFailed',
      'config BAD_KEY',
      'config BAD_KEY',
      undefined,
    ]);
    expect(logger.lines).toEqual([
      {
        level: 'error',
        fields: { job: 'pull', table: 'contact', kind: 'config', code: 'BAD_KEY' },
        message: 'job failed',
      },
    ]);
  });

  test('waiting for a pace is no error', async () => {
    const { context, logger } = setUp({
      apply: () => Promise.reject(new ConnectorError('wait', 'PACE_WAIT', 'Later.')),
    });
    await expect(executeJob(apply, main, context)).rejects.toThrow('wait PACE_WAIT');
    expect(logger.lines.map((line) => line.level)).toEqual(['info']);
  });

  test.each([
    [Object.assign(new TypeError('anna@acme.example'), { code: 'ECONNRESET' }), 'TypeError ECONNRESET'],
    [Object.assign(new Error('x'), { code: 'anna@acme.example' }), 'Error UNKNOWN'],
    ['anna@acme.example', 'unknown UNKNOWN'],
    [undefined, 'unknown UNKNOWN'],
  ])('of a foreign error %# only class and code are kept', async (error, kept) => {
    const { context } = setUp({ reconcile: () => Promise.reject(error) });
    await expect(executeJob(reconcile, {}, context)).rejects.toMatchObject({ message: kept });
  });

  test('because the process is closing is not an error', async () => {
    const { context, logger, hard } = setUp({
      reconcile: async (signal) => {
        hard.abort();
        signal.throwIfAborted();
      },
    });
    await expect(executeJob(reconcile, {}, context)).rejects.toThrow('retry CLOSING');
    expect(logger.lines.map((line) => line.level)).toEqual(['info']);
  });
});
