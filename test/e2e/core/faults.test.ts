/** Platforms that throttle, fail, answer nonsense or refuse us: what waits, what parks, what pauses, what goes on. */
import { describe, expect, test } from '@jest/globals';
import { type SpotlerSimulator, startSpotlerSimulator } from '../../../fixtures/simulators/spotler/index.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import {
  addJob,
  addPeople,
  addPerson,
  contactOf,
  edit,
  jobState,
  ledgerOf,
  livePeople,
  permissionsOf,
  remove,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import { mainTarget, type Worker } from '../../support/worker.ts';

const scene = scenario();
const { signal } = new AbortController();

async function pausedFor(worker: Worker): Promise<number> {
  const [row] = await worker.query<{ seconds: number | null }>(
    `select extract(epoch from paused_until - now())::float as seconds from target_state where target = 'main'`,
  );
  return row?.seconds ?? 0;
}

test.each([
  ['with Retry-After', 30, 25],
  ['without Retry-After', undefined, 1],
])('a 429 %s pauses the target for everybody', async (_what, retryAfterSeconds, atLeast) => {
  const { world } = scene;
  addPeople(world, 3);
  const worker = await scene.open();
  const other = await scene.open();
  await worker.pull();
  world.spotler.setFaults([
    { kind: '429', match: 'POST /contact/list', times: 1, ...(retryAfterSeconds ? { retryAfterSeconds } : {}) },
  ]);
  await worker.applyDue();
  expect(await pausedFor(worker)).toBeGreaterThan(atLeast);
  const before = world.spotler.report().total;
  expect(await other.useCases.apply(mainTarget, signal)).toEqual({ claimed: 0, more: false });
  expect(world.spotler.report().total).toBe(before);
  await worker.settle(60);
  expect(livePeople(world)).toHaveLength(3);
});

test.each(['500', '503', 'cut', 'hang', 'html', 'truncated', 'truncatedJson', 'cutAfter'] as const)(
  'writes that fail with %s are repeated, and nobody is doubled or raised',
  async (kind) => {
    const { world } = scene;
    const people = addPeople(world, 3);
    const worker = await scene.open({ target: { callTimeoutSeconds: 0.5, lateEffectSeconds: 1 } });
    world.spotler.setFaults([{ kind, match: 'POST /contact/list', times: 2 }]);
    await worker.settle(120);
    expect(world.spotler.contacts()).toHaveLength(3);
    for (const person of people) {
      expect(permissionsOf(world, person.email)).toEqual({ Newsletter: true, Events: true });
      expect(await ledgerOf(worker, person)).toMatchObject({ state: 'live', due: false, parked: null });
    }
  },
);

test('a platform that is down for long backs off, alarms once, and recovers', async () => {
  const { world } = scene;
  addPeople(world, 2);
  const worker = await scene.open();
  await worker.pull();
  world.spotler.setFaults([{ kind: '503' }]);
  for (let round = 0; round < 6; round++) {
    await worker.applyDue();
    await worker.passSeconds((await pausedFor(worker)) + 1);
  }
  expect(worker.alarms().filter((alarm) => alarm === 'target-paused')).toHaveLength(1);
  world.spotler.setFaults([]);
  await worker.settle(120);
  expect(livePeople(world)).toHaveLength(2);
  expect(worker.log.lines.some((line) => line.message === 'alarm cleared')).toBe(true);
  expect(await pausedFor(worker)).toBe(0);
});

test('a batch that is refused as a whole is halved until the culprit is alone and parked', async () => {
  const { world } = scene;
  const people = addPeople(world, 8);
  const worker = await scene.open();
  const { platform } = worker.core.targets.get(mainTarget)!;
  const upsert = platform.upsert.bind(platform);
  let calls = 0;
  Object.assign(platform, {
    async upsert(...[items, abort]: Parameters<typeof upsert>) {
      calls += 1;
      if (items.some((item) => item.contactKey === people[5]!.id))
        throw new ConnectorError('park', 'PLATFORM_REFUSES', 'the platform refuses something in this call');
      return upsert(items, abort);
    },
  });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(7);
  expect(await ledgerOf(worker, people[5]!)).toMatchObject({ parked: 'PLATFORM_REFUSES', due: false });
  expect(calls).toBeLessThanOrEqual(7);
});

test('a value that only the platform refuses parks that person alone, and is taken up after an edit', async () => {
  const { world } = scene;
  const people = addPeople(world, 5);
  const fields = { firstName: 'firstname', gender: 'jobtitle' };
  edit(world, people[2]!, { jobtitle: 'Neither M nor F' });
  const worker = await scene.open({ config: { tables: { contact: { fields } } } });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(4);
  expect((await ledgerOf(worker, people[2]!))?.parked).toEqual(expect.any(String));
  edit(world, people[2]!, { jobtitle: 'F' });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(5);
});

describe('two targets', () => {
  async function twoTargets(second: SpotlerSimulator, secret?: string): Promise<Worker> {
    const target = (name: string, account: SpotlerSimulator, more = {}) => ({
      ...{ name, platform: 'spotler', requestsPerSecond: 1000, callTimeoutSeconds: 2, lateEffectSeconds: 4 },
      ...{ baseUrl: account.baseUrl, ...account.credentials(), ...more },
    });
    const wrong = secret ? { consumerSecret: secret } : {};
    return scene.open({ config: { targets: [target('main', scene.world.spotler, wrong), target('second', second)] } });
  }

  test('wrong credentials pause their target with one alarm; the other target gets everybody', async () => {
    const { world } = scene;
    const second = await startSpotlerSimulator();
    addPeople(world, 3);
    const worker = await twoTargets(second, 'a-wrong-secret');
    await worker.settle();
    await worker.settle();
    expect(second.contacts()).toHaveLength(3);
    expect(livePeople(world)).toEqual([]);
    expect(worker.alarms().filter((alarm) => alarm === 'target-paused')).toHaveLength(1);
    expect(await pausedFor(worker)).toBeGreaterThan(60);
    const mended = await twoTargets(second);
    await mended.core.store.targets.resume(mainTarget);
    await mended.settle();
    expect(livePeople(world)).toHaveLength(3);
    await second.close();
  });

  test('a person is erased on both; a job is done when both said so', async () => {
    const { world } = scene;
    const second = await startSpotlerSimulator();
    const [anna, ben] = addPeople(world, 2);
    const worker = await twoTargets(second);
    await worker.settle();
    remove(world, anna!);
    await worker.settle();
    expect(livePeople(world)).toHaveLength(1);
    expect(second.contacts().filter((contact) => !contact.anonymized)).toHaveLength(1);
    second.setFaults([{ kind: '503' }]);
    const job = addJob(world, 'anonymize', ben!);
    await worker.settle(2);
    await worker.useCases.marketingJobs(signal);
    expect(contactOf(world, ben!.email)).toBeUndefined();
    expect(jobState(world, job)).toMatchObject({
      status: 'inProgress',
      detail: expect.stringContaining('main: erased'),
    });
    second.setFaults([]);
    await worker.settle(600);
    expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
    expect(second.contacts().filter((contact) => !contact.anonymized)).toEqual([]);
    await second.close();
  });
});

test('an unexpected failure of a single person is repeated, then parked; the others are not kept waiting', async () => {
  const { world } = scene;
  const people = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  const { platform } = worker.core.targets.get(mainTarget)!;
  const reset = platform.resetPermissions.bind(platform);
  Object.assign(platform, {
    async resetPermissions(...[ref, abort]: Parameters<typeof reset>) {
      if (ref.contactKeys.includes(people[0]!.id)) throw new TypeError('a fault of the program');
      return reset(ref, abort);
    },
  });
  for (const person of people) edit(world, person, { donotbulkemail: true });
  await worker.settle(700);
  expect(await ledgerOf(worker, people[0]!)).toMatchObject({ parked: 'UNEXPECTED' });
  expect(await ledgerOf(worker, people[1]!)).toMatchObject({ state: 'reset', due: false });
  expect(await ledgerOf(worker, people[2]!)).toMatchObject({ state: 'reset', due: false });
});

test('Dataverse that throttles is obeyed; what is owed is applied afterwards', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { firstname: 'Later' });
  world.dataverse.protection.arm({ facet: 'concurrent', retryAfterSeconds: 1 });
  await expect(worker.pull()).rejects.toMatchObject({ kind: 'wait', retryAfterMs: expect.any(Number) });
  await worker.settle(60);
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Later');
});
