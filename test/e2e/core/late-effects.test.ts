/** Calls whose answer never came may still take effect: an erasure is sent again when nothing older can land any more. */
import { describe, expect, test } from '@jest/globals';
import {
  addJob,
  addPerson,
  contactOf,
  edit,
  jobState,
  ledgerOf,
  livePeople,
  permissionsOf,
  remove,
  unsubscribe,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import { mainTarget, type Worker } from '../../support/worker.ts';

const scene = scenario();
const { signal } = new AbortController();
const anonymize = 'PUT /contact/anonymize';
/** Long enough that no pause of this machine makes a difference. */
const slow = { target: { lateEffectSeconds: 60 } };
/** A late effect of the simulator waits until the test lets it happen. */
const late = { kind: 'lateEffect', times: 1, delayMs: 3_600_000 } as const;

async function applyOnce(worker: Worker): Promise<void> {
  await worker.useCases.apply(mainTarget, signal);
}

describe('a creation whose connection was cut and that lands after the erasure', () => {
  test('by a rule: the person is erased again, and is gone in the end', async () => {
    const { world } = scene;
    const anna = addPerson(world);
    const worker = await scene.open(slow);
    await worker.pull();
    world.spotler.setFaults([{ ...late, match: 'POST /contact/list' }]);
    await applyOnce(worker);
    remove(world, anna);
    await worker.pull();
    // The failure paused the target for a second or two: still within the sixty in which it may land.
    await worker.passSeconds(2);
    await applyOnce(worker);
    await world.spotler.runLateEffects();
    expect(livePeople(world)).toHaveLength(1);
    expect(await ledgerOf(worker, anna)).toMatchObject({ due: true });
    await worker.settle(90);
    expect(livePeople(world)).toEqual([]);
    expect(await ledgerOf(worker, anna)).toMatchObject({ due: false, rule: 'deleted' });
  });

  test('by a job: the job is not done before, and says that somebody was erased', async () => {
    const { world } = scene;
    const anna = addPerson(world);
    const worker = await scene.open(slow);
    await worker.pull();
    world.spotler.setFaults([{ ...late, match: 'POST /contact/list' }]);
    await applyOnce(worker);
    const job = addJob(world, 'anonymize', anna);
    await worker.useCases.marketingJobs(signal);
    await worker.passSeconds(2);
    await applyOnce(worker);
    await worker.useCases.marketingJobs(signal);
    expect(jobState(world, job)?.status).toBe('inProgress');
    await world.spotler.runLateEffects();
    expect(livePeople(world)).toHaveLength(1);
    await worker.settle(90);
    expect(livePeople(world)).toEqual([]);
    expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  });
});

test('an edit that lands after the erasure cannot bring the person back', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open(slow);
  await worker.settle(90);
  edit(world, anna, { firstname: 'Later' });
  await worker.pull();
  world.spotler.setFaults([{ ...late, match: 'POST /contact/list' }]);
  await applyOnce(worker);
  edit(world, anna, { donotemail: true });
  await worker.pull();
  await worker.passSeconds(2);
  await applyOnce(worker);
  expect(livePeople(world)).toEqual([]);
  await world.spotler.runLateEffects();
  await worker.settle(90);
  expect(livePeople(world)).toEqual([]);
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'anonymized', due: false });
});

test('an edit that lands after a later edit is sent once more: the newest truth stays', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open(slow);
  await worker.settle(90);
  edit(world, anna, { firstname: 'First' });
  await worker.pull();
  world.spotler.setFaults([{ ...late, match: 'POST /contact/list' }]);
  await applyOnce(worker);
  edit(world, anna, { firstname: 'Second' });
  await worker.pull();
  await worker.passSeconds(2);
  await applyOnce(worker);
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Second');
  await world.spotler.runLateEffects();
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('First');
  await worker.settle(90);
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Second');
});

test('an edit that was taken back before it landed does not stay', async () => {
  const { world } = scene;
  const anna = addPerson(world, { firstname: 'Anna' });
  const worker = await scene.open(slow);
  await worker.settle(90);
  edit(world, anna, { firstname: 'Mistake' });
  await worker.pull();
  world.spotler.setFaults([{ ...late, match: 'POST /contact/list' }]);
  await applyOnce(worker);
  edit(world, anna, { firstname: 'Anna' });
  await worker.pull();
  await worker.passSeconds(2);
  await applyOnce(worker);
  await world.spotler.runLateEffects();
  await worker.settle(90);
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Anna');
});

test('an erasure whose answer was lost is confirmed, with the opt-out kept', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open(slow);
  await worker.settle(90);
  await unsubscribe(world, anna.email, 'Newsletter');
  edit(world, anna, { donotemail: true });
  world.spotler.setFaults([{ kind: 'cutAfter', times: 1, match: anonymize }]);
  await worker.settle(90);
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'anonymized', due: false });
  edit(world, anna, { donotemail: false });
  await worker.settle(90);
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
});

test('an erasure that lands after the person was brought back is noticed: they are there again in the end', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open(slow);
  await worker.settle(90);
  edit(world, anna, { donotemail: true });
  await worker.pull();
  world.spotler.setFaults([{ ...late, match: anonymize }]);
  await applyOnce(worker);
  edit(world, anna, { donotemail: false });
  await worker.pull();
  await worker.passSeconds(2);
  await applyOnce(worker);
  await world.spotler.runLateEffects();
  await worker.settle(90);
  expect(contactOf(world, anna.email)?.externalId).toBe(anna.id);
});

test('a reset whose answer was lost keeps the bits from before it', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_events: false });
  const worker = await scene.open(slow);
  await worker.settle(90);
  edit(world, anna, { donotbulkemail: true });
  world.spotler.setFaults([{ kind: 'cutAfter', times: 1, match: 'PUT /contact/id' }]);
  await worker.settle(90);
  expect(await ledgerOf(worker, anna)).toMatchObject({ bitsBefore: { Newsletter: true, Events: false } });
  edit(world, anna, { donotbulkemail: false });
  await worker.settle(90);
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: true, Events: false });
});

test('a worker whose leases were lost in the middle of its work changes nothing, and the other one finishes', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open(slow);
  await worker.settle(90);
  const other = await scene.open(slow);
  const { platform } = worker.core.targets.get(mainTarget)!;
  const upsert = platform.upsert.bind(platform);
  let interfered = false;
  Object.assign(platform, {
    async upsert(...given: Parameters<typeof upsert>) {
      const outcomes = await upsert(...given);
      if (interfered) return outcomes;
      interfered = true;
      // The call took longer than the lease; meanwhile the record changed and somebody else applied it.
      await worker.passSeconds(121);
      edit(world, anna, { firstname: 'Newest' });
      await other.pull();
      await other.applyDue();
      return outcomes;
    },
  });
  edit(world, anna, { firstname: 'Older' });
  await worker.pull();
  await applyOnce(worker);
  await worker.settle(90);
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Newest');
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'live', due: false });
});
