/**
 * Two workers, one of them on a machine whose clock is set hours ahead and back: the database's clock counts. On both
 * places where the queue may be.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connector } from '../../support/connector.ts';
import {
  addJob,
  addPerson,
  contactOf,
  edit,
  jobState,
  livePeople,
  type Person,
  remove,
} from '../../support/crm-people.ts';
import { type FalseClock, findFakeTime, startFalseClock } from '../../support/false-clock.ts';
import { findRedisServer, startRedis, type TestRedis } from '../../support/redis.ts';

const library = await findFakeTime();
const redisServer = await findRedisServer();
const queues = redisServer ? ['PostgreSQL', 'Redis'] : ['PostgreSQL'];

if (!library) {
  it('clock steps were not tried, since libfaketime is not installed here (Debian: faketime)', () => {
    expect(process.env.REQUIRE_FAKETIME).not.toBe('1');
  });
}
if (!redisServer) {
  it('the Redis half was not run, since redis-server is not installed here', () => {
    expect(process.env.REQUIRE_REDIS).not.toBe('1');
  });
}

/** Looks until it is so; the test's own time limit ends it otherwise. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await delay(50);
  }
}

const quick = { dataverse: { pollSeconds: 1 }, worker: { sweepSeconds: 1 }, marketingJobs: { pollSeconds: 1 } };

(library ? describe.each(queues) : describe.skip.each(queues))('a clock that is set, with the queue on %s', (queue) => {
  const c = connector();
  let redis: TestRedis | undefined;
  let clock: FalseClock;

  beforeEach(async () => {
    if (queue === 'Redis' && redisServer) redis = await startRedis(redisServer);
    clock = await startFalseClock(library ?? '');
    await c.configure(merged());
  });

  afterEach(async () => {
    await clock.remove();
    await redis?.stop();
    redis = undefined;
  });

  function merged() {
    return redis ? { ...quick, storage: { redisUrl: redis.url } } : quick;
  }

  async function startWorker(env: Readonly<Record<string, string>> = {}) {
    const worker = c.startWith({ env }, 'start');
    await worker.said(/"msg":"ready"/);
    return worker;
  }

  async function changeAndSee(step: string): Promise<void> {
    const [stays, goes, asked]: Person[] = [0, 1, 2].map(() => addPerson(c.world, { firstname: `before ${step}` }));
    await until(() => [stays, goes, asked].every((person) => contactOf(c.world, person!.email)));
    edit(c.world, stays!, { firstname: `after ${step}` });
    remove(c.world, goes!);
    const job = addJob(c.world, 'anonymize', asked!);
    await until(() => contactOf(c.world, stays!.email)?.properties.firstName === `after ${step}`);
    await until(() => !contactOf(c.world, goes!.email));
    await until(() => jobState(c.world, job)?.status === 'succeeded');
    expect(jobState(c.world, job)).toMatchObject({ code: 'HTTP 410 Gone' });
  }

  it('changes, deletions and jobs go on through every step, each done once, also where the wrong one is alone', async () => {
    const wrong = await startWorker(clock.env);
    const right = await startWorker();
    for (const step of ['+6h', '+0', '-6h'] as const) {
      await clock.set(step);
      await changeAndSee(step);
    }
    right.process.kill('SIGTERM');
    await right.finished;
    await clock.set('+6h');
    await changeAndSee('alone and ahead');
    wrong.process.kill('SIGTERM');
    const { code, stderr } = await wrong.finished;
    await startWorker();
    await changeAndSee('right again');

    expect(code).toBe(0);
    expect(stderr).toContain('the clock of this machine is not that of the database');
    expect(livePeople(c.world)).toHaveLength(5);
    expect(c.world.spotler.counts()['PUT /contact/anonymize']).toBe(10);
  });
});
