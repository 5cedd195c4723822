/** What happens while Redis is not there. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { Personal, type TargetName } from '../../config/words.ts';
import { jobs } from '../../jobs/index.ts';
import { createQueues } from '../../src/queue/queues.ts';
import { recordingLogger } from '../support/logger.ts';
import { findRedisServer, startRedis, type TestRedis } from '../support/redis.ts';
import { fakeUseCases } from '../support/use-cases.ts';

const program = await findRedisServer();
/** Never connected: with Redis the queues do not touch PostgreSQL. */
const queuePool = new pg.Pool({ max: 1 });
const quiet = {
  tables: [],
  pollSeconds: 3600,
  marketingJobsPollSeconds: undefined,
  reconcileCron: '0 3 1 1 *',
  sweepSeconds: 3600,
  targets: 1,
  batchesAtOnce: 1,
};

let redis: TestRedis | undefined;

beforeEach(async () => {
  redis = program ? await startRedis(program) : undefined;
});
afterEach(async () => {
  await redis?.stop();
});

function open(logger = recordingLogger()) {
  const redisUrl = new Personal(redis?.url ?? 'redis://127.0.0.1:1');
  return createQueues({ jobs, queuePool, redisUrl, logger, startLimitMs: 2_000 });
}

test('at the start: a configuration error that says what to check, and not the address of the server', async () => {
  await redis?.stop();
  const failed = open();
  await expect(failed).rejects.toMatchObject({ kind: 'config', code: 'QUEUE_UNREACHABLE' });
  await expect(failed).rejects.not.toThrow('127.0.0.1');
});

test('later: a wake-up is lost with a warning and without waiting, and closing comes to an end', async () => {
  if (!program) {
    expect(process.env.REQUIRE_REDIS).not.toBe('1');
    return;
  }
  const logger = recordingLogger();
  const queues = await open(logger);
  const useCases = fakeUseCases();
  await queues.startWorkers(useCases, quiet);
  await queues.wake.apply('main' as TargetName);
  await useCases.called('apply main', 1);
  await redis?.stop();
  await queues.wake.apply('main' as TargetName);
  expect(logger.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'wake-up lost: a sweep will make up for it' }),
  );
  await queues.close(200);
});
