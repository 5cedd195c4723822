/** One suite, every place where BullMQ may keep the jobs. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Personal, type TargetName } from '../../config/words.ts';
import { jobs } from '../../jobs/index.ts';
import { createQueues, type Queues, type WorkOptions } from '../../src/queue/queues.ts';
import { type OpenDatabase, openDatabase } from '../../src/store/database.ts';
import { type LogLine, recordingLogger, silentLogger } from '../support/logger.ts';
import { type TestDatabase, withTestLedger } from '../support/postgres.ts';
import { findRedisServer, startRedis, type TestRedis } from '../support/redis.ts';
import { fakeUseCases, gate } from '../support/use-cases.ts';

const main = 'main' as TargetName;
const other = 'other' as TargetName;
/** Nothing repeats by itself unless a test asks for it. */
const quiet: WorkOptions = {
  tables: [],
  pollSeconds: 3600,
  marketingJobsPollSeconds: undefined,
  reconcileCron: '0 3 1 1 *',
  sweepSeconds: 3600,
  targets: 2,
  batchesAtOnce: 1,
};

const redisServer = await findRedisServer();
const kinds = redisServer ? (['PostgreSQL', 'Redis'] as const) : (['PostgreSQL'] as const);

if (!redisServer) {
  test('the Redis half was not run, since redis-server is not installed here', () => {
    expect(process.env.REQUIRE_REDIS).not.toBe('1');
  });
}

describe.each(kinds)('queues on %s', (kind) => {
  let server: TestDatabase;
  let database: OpenDatabase;
  let redis: TestRedis | undefined;
  let opened: Queues[];
  let others: OpenDatabase[];
  let lines: LogLine[];

  beforeAll(async () => {
    if (kind === 'Redis' && redisServer) redis = await startRedis(redisServer);
  });
  afterAll(async () => {
    await redis?.stop();
  });
  beforeEach(async () => {
    server = await withTestLedger();
    database = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
    opened = [];
    others = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((queues) => queues.close(1_000)));
    await flush();
    await Promise.all(others.map((one) => one.close()));
    await database.close();
    await server.drop();
  });

  /** As one process would: each has connections of its own, and every worker listens on one. */
  async function open(now: () => number = Date.now): Promise<Queues> {
    const own = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
    others.push(own);
    const logger = recordingLogger();
    lines = logger.lines;
    const queues = await createQueues({
      jobs,
      queuePool: own.queuePool,
      redisUrl: redis ? new Personal(redis.url) : undefined,
      logger,
      now,
    });
    opened.push(queues);
    return queues;
  }

  /** Loses every job and every scheduler. */
  async function flush(): Promise<void> {
    if (redis) {
      const client = new Redis(redis.url);
      await client.flushall();
      await client.quit();
      return;
    }
    const tables = ['job', 'scheduler', 'dedup', 'dedup_next', 'meta'].map((name) => `bullmq.${name}`).join(', ');
    for (let done = false; !done; ) {
      // The workers go on meanwhile and lock the same tables in another order: the loser of a deadlock tries again.
      done = await database.pool.query(`TRUNCATE ${tables} CASCADE`).then(
        () => true,
        (error: { code?: string }) => {
          if (error.code !== '40P01') throw error;
          return false;
        },
      );
    }
  }

  test('wake-ups that wait are one for each target', async () => {
    const queues = await open();
    await Promise.all(Array.from({ length: 50 }, () => queues.wake.apply(main)));
    await queues.wake.apply(other);
    expect((await queues.counts()).apply).toMatchObject({ waiting: 2 });

    const useCases = fakeUseCases();
    await queues.startWorkers(useCases, quiet);
    await Promise.all([useCases.called('apply main', 1), useCases.called('apply other', 1)]);
    await queues.close();
    expect(useCases.calls.filter((call) => call.startsWith('apply'))).toHaveLength(2);
  });

  test('a wake-up that arrives while its job is active leads to another run', async () => {
    const queues = await open();
    const first = gate();
    const useCases = fakeUseCases({
      apply: async () => {
        await first.opened;
        return { claimed: 1, more: false };
      },
    });
    await queues.startWorkers(useCases, quiet);
    await queues.wake.apply(main);
    await useCases.called('apply main', 1);
    await queues.wake.apply(main);
    await queues.wake.apply(main);
    expect(useCases.calls.filter((call) => call === 'apply main')).toHaveLength(1);
    first.open();
    await useCases.called('apply main', 2);
  });

  test('a wake-up is taken by another process when one is busy', async () => {
    const [one, two] = [await open(), await open()];
    const hold = gate();
    const busy = fakeUseCases({
      apply: async () => {
        await hold.opened;
        return { claimed: 1, more: false };
      },
    });
    const free = fakeUseCases();
    await one.startWorkers(busy, { ...quiet, targets: 1 });
    await one.wake.apply(main);
    await busy.called('apply main', 1);
    await two.startWorkers(free, { ...quiet, targets: 1 });
    await one.wake.apply(main);
    await free.called('apply main', 1);
    hold.open();
    expect(busy.calls.filter((call) => call === 'apply main')).toHaveLength(1);
  });

  test('a backlog fills the free places of the process', async () => {
    const queues = await open();
    const doors = Array.from({ length: 6 }, () => gate());
    let begun = 0;
    let running = 0;
    const useCases = fakeUseCases({
      apply: async () => {
        const door = doors[begun++];
        running += 1;
        await door?.opened;
        running -= 1;
        return { claimed: 1, more: begun < 6 };
      },
    });
    await queues.startWorkers(useCases, { ...quiet, targets: 1, batchesAtOnce: 3 });
    await queues.wake.apply(main);
    await useCases.called('apply main', 1);
    doors[0]!.open();
    await useCases.called('apply main', 3);
    for (const door of doors.slice(1, 3)) door.open();
    await useCases.called('apply main', 6);
    expect(running).toBe(3);
    for (const door of doors) door.open();
  });

  test('schedulers repeat, and carry the table only', async () => {
    const queues = await open();
    const useCases = fakeUseCases();
    await queues.startWorkers(useCases, {
      ...quiet,
      tables: ['contact', 'lead'],
      pollSeconds: 0.1,
      marketingJobsPollSeconds: 0.1,
      sweepSeconds: 0.2,
    });
    await Promise.all([
      useCases.called('pull contact', 3),
      useCases.called('pull lead', 3),
      useCases.called('marketing-jobs', 3),
      useCases.called('sweep', 3),
    ]);
    expect(useCases.calls).not.toContain('pull account');
    expect(useCases.calls).not.toContain('reconcile');
  });

  test('processes that assert the same schedulers do not double them', async () => {
    const work = { ...quiet, tables: ['contact' as const] };
    for (const queues of [await open(), await open(), await open()]) await queues.startWorkers(fakeUseCases(), work);
    const counts = await opened[0]!.counts();
    expect(counts.reconcile.delayed).toBe(1);
    expect((counts.pull.delayed ?? 0) + (counts.pull.waiting ?? 0) + (counts.pull.active ?? 0)).toBeLessThanOrEqual(2);
  });

  test('an audit is planned while it is configured, and no longer', async () => {
    const queues = await open();
    await queues.startWorkers(fakeUseCases(), { ...quiet, auditCron: '30 4 1 1 *' });
    expect((await queues.counts()).audit.delayed).toBe(1);
    const next = await open();
    await next.startWorkers(fakeUseCases(), quiet);
    expect((await next.counts()).audit.delayed).toBe(0);
  });

  test.each([
    ['later than it can be', -6],
    ['long ago', 6],
  ])('a run that was planned for %s is planned anew', async (_when, hours) => {
    const useCases = fakeUseCases();
    const work = { ...quiet, tables: ['contact' as const] };
    await (await open()).startWorkers(useCases, work);
    await useCases.called('pull contact', 1);
    // So it looks to a process for which it is another time.
    await (await open(() => Date.now() + hours * 3_600_000)).startWorkers(useCases, work);
    await useCases.called('pull contact', 2);
    expect((await opened[0]!.counts()).reconcile.delayed).toBe(1);
  });

  test('losing everything heals by itself', async () => {
    const queues = await open();
    const useCases = fakeUseCases({ dueTargets: async () => [main] });
    await queues.startWorkers(useCases, { ...quiet, tables: ['contact'], pollSeconds: 0.1, sweepSeconds: 0.2 });
    await useCases.called('apply main', 1);
    await flush();
    const before = useCases.calls.length;
    const since = (call: string): number => useCases.calls.slice(before).filter((made) => made === call).length;
    const made = (call: string): number => useCases.calls.slice(0, before).filter((earlier) => earlier === call).length;
    await Promise.all([
      useCases.called('sweep', made('sweep') + 2),
      useCases.called('apply main', made('apply main') + 2),
      useCases.called('pull contact', made('pull contact') + 3),
    ]);
    expect(since('sweep')).toBeGreaterThanOrEqual(2);
  });

  test('a sweep wakes every target that has something due', async () => {
    const queues = await open();
    const useCases = fakeUseCases({ dueTargets: async () => [main, other] });
    await queues.startWorkers(useCases, quiet);
    await Promise.all([useCases.called('apply main', 1), useCases.called('apply other', 1)]);
    expect(useCases.calls).toContain('sweep');
  });

  test('closing lets a running job finish and begins no other', async () => {
    const queues = await open();
    const work = gate();
    let finished = false;
    const useCases = fakeUseCases({
      apply: async (target) => {
        if (target === other) return { claimed: 0, more: false };
        await work.opened;
        finished = true;
        return { claimed: 1, more: true };
      },
    });
    await queues.startWorkers(useCases, { ...quiet, targets: 1 });
    await queues.wake.apply(main);
    await useCases.called('apply main', 1);
    const closed = queues.close();
    work.open();
    await closed;
    expect(finished).toBe(true);
    expect(useCases.calls.filter((call) => call === 'apply main')).toHaveLength(1);
    const { apply } = await (await open()).counts();
    expect(apply).toMatchObject({ active: 0, waiting: 1 });
  });

  test('closing aborts a job that takes longer than it may', async () => {
    const queues = await open();
    let reason: unknown;
    const useCases = fakeUseCases({
      reconcile: async () => undefined,
      apply: (_target, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    });
    await queues.startWorkers(useCases, quiet);
    await queues.wake.apply(main);
    await useCases.called('apply main', 1);
    await queues.close(10);
    expect(reason).toMatchObject({ name: 'AbortError' });
    expect(lines).toContainEqual(expect.objectContaining({ message: 'job stopped: the process is closing' }));
  });

  test('a failing handler leaves no words of its error behind and is run again', async () => {
    const queues = await open();
    let times = 0;
    const useCases = fakeUseCases({
      apply: async () => {
        times += 1;
        if (times === 1) throw new Error('anna@acme.example is not a valid value');
        return { claimed: 0, more: false };
      },
    });
    await queues.startWorkers(useCases, quiet);
    await queues.wake.apply(main);
    await useCases.called('apply main', 1);
    await queues.wake.apply(main);
    await useCases.called('apply main', 2);
    await queues.close();
    expect(lines).toContainEqual({
      level: 'error',
      fields: { job: 'apply', target: 'main', kind: 'Error', code: 'UNKNOWN' },
      message: 'job failed',
    });
    expect(JSON.stringify(lines)).not.toContain('anna');
    expect(await everythingKept()).toContain('Error UNKNOWN');
    expect(await everythingKept()).not.toContain('anna');
  });

  /** All that the backend holds, as text. */
  async function everythingKept(): Promise<string> {
    if (!redis) {
      const { rows } = await database.pool.query(`
        SELECT query_to_xml('SELECT * FROM bullmq.job', true, false, '')::text
          || query_to_xml('SELECT * FROM bullmq.event', true, false, '')::text AS text`);
      return String(rows[0].text);
    }
    const client = new Redis(redis.url);
    let text = '';
    for (const key of await client.keys('*')) {
      const type = await client.type(key);
      if (type === 'hash') text += JSON.stringify(await client.hgetall(key));
      if (type === 'stream') text += JSON.stringify(await client.xrange(key, '-', '+'));
    }
    await client.quit();
    return text;
  }
});
