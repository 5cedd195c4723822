/** What brings a person back after an erasure on request, and what does not; Sync Contact jobs. */
import { expect, test } from '@jest/globals';
import { type SpotlerSimulator, startSpotlerSimulator } from '../../../fixtures/simulators/spotler/index.ts';
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
  spoil,
  unsubscribe,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();

async function erased(values: object = {}) {
  const { world } = scene;
  const anna = addPerson(world, values);
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'anonymize', anna);
  await worker.settle();
  return { anna, worker, job };
}

test('an eligible record: the result says so, and how to keep the person out', async () => {
  const { world } = scene;
  const { anna, worker, job } = await erased();
  expect(jobState(world, job)?.detail).toContain('set Do Not Email');
  expect(await ledgerOf(worker, anna)).toMatchObject({ rule: 'erased-before', due: false });
});

test('a record that a rule keeps out anyway: the result does not say so', async () => {
  const { world } = scene;
  const { job } = await erased({ donotbulkemail: true });
  expect(jobState(world, job)?.detail).not.toContain('set Do Not Email');
});

test('neither a retry nor an enumeration, a lost position, a changed setting or mapping brings the person back', async () => {
  const { world } = scene;
  const { anna, worker } = await erased();
  const { signal } = new AbortController();
  await worker.core.store.records.oweAgain([{ table: 'contact', id: anna.id as never }]);
  await worker.settle();
  await worker.useCases.reconcile(signal);
  await worker.settle();
  world.dataverse.changeMetadata('contact');
  await worker.settle();
  const next = await scene.open({
    config: {
      rules: { anonymizeContactWhenInactive: true },
      tables: { contact: { fields: { jobTitle: 'jobtitle' } } },
    },
  });
  await next.settle();
  expect(livePeople(world)).toEqual([]);
});

test('a change that Dynamics made afterwards brings the person back, with the opt-out that was remembered', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  addJob(world, 'anonymize', anna);
  await worker.settle();
  edit(world, anna, { jobtitle: 'Not mapped, but a change' });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
});

test('a change that was owed before the erasure was complete does not bring the person back', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { firstname: 'Before' });
  addJob(world, 'anonymize', anna);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  edit(world, anna, { firstname: 'During' });
  await worker.applyDue();
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
});

test('a Sync Contact job brings the person back', async () => {
  const { world } = scene;
  const { anna, worker } = await erased();
  const job = addJob(world, 'sync', anna);
  await worker.settle();
  expect(contactOf(world, anna.email)?.externalId).toBe(anna.id);
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'OK' });
  expect(jobState(world, job)?.detail).toContain('sync (rule eligible)');
});

test('a Sync Contact job for somebody whom a rule keeps out says which', async () => {
  const { world } = scene;
  const anna = addPerson(world, { donotemail: true });
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'sync', anna);
  await worker.settle();
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', detail: expect.stringContaining('do-not-email') });
  expect(livePeople(world)).toEqual([]);
});

test('a Sync Contact job writes somebody who is unchanged once more', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  world.spotler.resetCounts();
  addJob(world, 'sync', anna);
  await worker.settle();
  expect(world.spotler.counts()).toEqual({ 'POST /contact/list': 1 });
});

test('a Sync Contact job for a record that cannot be read tells why, and goes on when it can', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  spoil(world, anna, { donotbulkemail: 'perhaps' });
  const job = addJob(world, 'sync', anna);
  await worker.settle();
  expect(jobState(world, job)).toMatchObject({
    status: 'inProgress',
    detail: expect.stringContaining('FIELD_WRONG_TYPE'),
  });
  edit(world, anna, { donotbulkemail: false });
  await worker.settle();
  expect(jobState(world, job)?.status).toBe('succeeded');
});

test('a Sync Contact job for a record that does not exist says that it was deleted', async () => {
  const { world } = scene;
  const worker = await scene.open();
  const gone = '11111111-2222-4333-8444-555555555555';
  const job = addJob(world, 'sync', undefined, { mkt_recordid: gone, mkt_recordtable: 'contact' });
  await worker.settle();
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', detail: expect.stringContaining('deleted') });
});

test('with suppression.afterErasure a later change does not bring the person back either', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open({ config: { suppression: { afterErasure: true } } });
  await worker.settle();
  addJob(world, 'anonymize', anna);
  await worker.settle();
  edit(world, anna, { firstname: 'Changed' });
  addPerson(world, { emailaddress1: anna.email }, 'lead');
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
});

test('a new target does not bring back who was erased on request', async () => {
  const { world } = scene;
  const { anna } = await erased();
  const other = await startSpotlerSimulator();
  const target = (name: string, account: SpotlerSimulator) => ({
    ...{ name, platform: 'spotler', requestsPerSecond: 1000, callTimeoutSeconds: 2 },
    ...{ baseUrl: account.baseUrl, ...account.credentials() },
  });
  const next = await scene.open({ config: { targets: [target('main', world.spotler), target('second', other)] } });
  await next.settle();
  expect(other.contacts()).toEqual([]);
  expect(livePeople(world)).toEqual([]);
  edit(world, anna, { firstname: 'Changed' });
  await next.settle();
  expect(other.contacts()).toHaveLength(1);
  await other.close();
});

test('a record deleted and restored under its id comes back by itself after an automatic erasure', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  remove(world, anna);
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
  world.dataverse.crm.restore('contact', anna.id);
  await worker.settle();
  expect(contactOf(world, anna.email)?.externalId).toBe(anna.id);
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'live', rule: 'eligible' });
});
