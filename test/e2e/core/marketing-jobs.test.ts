/** Explicit erasures that CRM users ask for, and what they read afterwards. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { RecordRef } from '../../../config/words.ts';
import {
  addJob,
  addPeople,
  addPerson,
  anonymizedCount,
  contactOf,
  edit,
  evidenceOf,
  jobState,
  ledgerOf,
  livePeople,
  remove,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();
const anonymize = 'PUT /contact/anonymize';

describe.each([204, 410] as const)('a platform that answers %i to an erasure', (anonymizeStatus) => {
  test('the person is erased and the job says HTTP 410 Gone, with one line for the target', async () => {
    const { world } = scene;
    world.spotler.setOptions({ anonymizeStatus, notFoundStatus: anonymizeStatus === 410 ? 400 : 404 });
    const anna = addPerson(world);
    const worker = await scene.open();
    await worker.settle();
    const job = addJob(world, 'anonymize', anna);
    await worker.settle();
    expect(contactOf(world, anna.email)).toBeUndefined();
    expect(jobState(world, job)).toMatchObject({
      status: 'succeeded',
      code: 'HTTP 410 Gone',
      detail: expect.stringContaining(`main: erased (HTTP ${anonymizeStatus})`),
      recordId: anna.id,
      recordTable: 'contact',
    });
    expect(await evidenceOf(worker, anna)).toContain('anonymize erased-on-request done');
  });
});

describe.each([404, 400] as const)('a platform that says CONTACT_NOT_FOUND with %i', (notFoundStatus) => {
  test('a job for somebody who is not there succeeds with HTTP 404 Not Found', async () => {
    const { world } = scene;
    world.spotler.setOptions({ notFoundStatus });
    const anna = addPerson(world, { donotemail: true });
    const worker = await scene.open();
    await worker.settle();
    const job = addJob(world, 'anonymize', anna);
    await worker.settle();
    expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 404 Not Found' });
  });
});

test('a 404 for a wrong path is no success: the job stays In Progress with the sentence, and goes on when mended', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  world.spotler.setFaults([{ kind: 'html', status: 404, match: 'GET /contact/id|anonymize|search' }]);
  const job = addJob(world, 'anonymize', anna);
  await worker.settle(1);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  expect(jobState(world, job)).toMatchObject({
    status: 'inProgress',
    detail: expect.stringContaining('not erased yet'),
  });
  expect(contactOf(world, anna.email)).toBeDefined();
  world.spotler.setFaults([]);
  await worker.settle(600);
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
});

test('two jobs for one person both succeed, and so does one that comes later', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  const jobs = [addJob(world, 'anonymize', anna), addJob(world, 'anonymize', anna)];
  await worker.settle();
  for (const job of jobs) expect(jobState(world, job)?.status).toBe('succeeded');
  expect(jobs.map((job) => jobState(world, job)?.code)).toContain('HTTP 410 Gone');
  const later = addJob(world, 'anonymize', anna);
  await worker.settle();
  expect(jobState(world, later)).toMatchObject({ status: 'succeeded', code: 'HTTP 404 Not Found' });
  expect(anonymizedCount(world)).toBe(1);
});

describe('jobs that cannot be done', () => {
  test.each([
    ['both lookups', 'Both Customer and Lead'],
    ['no operation', 'operation of this job is not known'],
    ['nobody', 'No person is given'],
    ['text copies that name nothing', 'do not name a record'],
  ])('%s: Failed, with a sentence that a CRM user understands', async (what, sentence) => {
    const { world } = scene;
    const anna = addPerson(world);
    const lead = addPerson(world, {}, 'lead');
    const worker = await scene.open();
    await worker.settle();
    const job =
      what === 'both lookups'
        ? addJob(world, 'anonymize', anna, { mkt_lead: { table: 'lead', id: lead.id } })
        : what === 'no operation'
          ? addJob(world, 'anonymize', anna, { mkt_operation: null })
          : what === 'nobody'
            ? addJob(world, 'anonymize')
            : addJob(world, 'anonymize', undefined, { mkt_recordid: 'Anna', mkt_recordtable: 'people' });
    await worker.settle();
    expect(jobState(world, job)).toMatchObject({ status: 'failed', detail: expect.stringContaining(sentence) });
    expect(livePeople(world)).toHaveLength(2);
  });
});

test('a person who comes to the address of somebody else before the erasure is closed is erased there too', async () => {
  const { world } = scene;
  const [anna, bert, carl] = [addPerson(world), addPerson(world), addPerson(world)];
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'anonymize', anna);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  await worker.applyDue();
  expect(contactOf(world, anna.email)).toBeUndefined();

  edit(world, anna, { emailaddress1: bert.email });
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  await worker.settle();

  expect(livePeople(world).map(({ email }) => email)).toEqual([carl.email]);
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
});

test('a job for a lead erases the person behind it', async () => {
  const { world } = scene;
  const lead = addPerson(world, {}, 'lead');
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'anonymize', lead);
  await worker.settle();
  expect(contactOf(world, lead.email)).toBeUndefined();
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', recordTable: 'lead' });
});

test('a record that is deleted after the job was saved: the text copies still name it', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  world.spotler.setFaults([{ kind: '503', match: 'GET /contact/id' }]);
  const job = addJob(world, 'anonymize', anna);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  remove(world, anna);
  expect(jobState(world, job)).toMatchObject({ status: 'inProgress', recordId: anna.id });
  world.spotler.setFaults([]);
  await worker.settle(120);
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(livePeople(world)).toEqual([]);
});

test('text copies filled in by a person for a record that is gone are enough', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open({ target: { adoptExisting: false } });
  await worker.settle();
  const job = addJob(world, 'anonymize', undefined, {
    mkt_recordid: `{${anna.id.toUpperCase()}}`,
    mkt_recordtable: ' Contact ',
  });
  remove(world, anna);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  await worker.applyDue();
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
});

test('a job for a record that no feed has shown yet erases whoever the platform knows by it', async () => {
  const { world } = scene;
  const worker = await scene.open();
  await worker.settle();
  const anna = addPerson(world);
  world.spotler.addContacts([{ externalId: 'shop-1', properties: { email: anna.email } }]);
  const job = addJob(world, 'anonymize', anna);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  await worker.applyDue();
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  expect(contactOf(world, anna.email)).toBeUndefined();
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeUndefined();
});

test('a job that is deleted while it is worked on is not created again, and the person is erased all the same', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'anonymize', anna);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  world.dataverse.crm.delete('mkt_marketingjob', job);
  await worker.settle();
  expect(jobState(world, job)).toBeUndefined();
  expect(world.dataverse.crm.store.table('mkt_marketingjob').rows.size).toBe(0);
  expect(contactOf(world, anna.email)).toBeUndefined();
});

test('a contact and a lead with one address: one job erases both, and neither comes back by itself', async () => {
  const { world } = scene;
  const email = 'shared@people.example';
  const contact = addPerson(world, { emailaddress1: email });
  addPerson(world, { emailaddress1: email }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'anonymize', contact);
  await worker.settle();
  await worker.useCases.reconcile(AbortSignal.timeout(10_000));
  await worker.settle();
  expect(contactOf(world, email)).toBeUndefined();
  expect(jobState(world, job)?.detail).toContain('can still be synchronised');
});

test('explicit erasures pass the brake, above the hourly limit they wait in the list', async () => {
  const { world } = scene;
  const people = addPeople(world, 3);
  const worker = await scene.open({ config: { brake: { minCount: 0, maxPercent: 0, maxExplicitPerHour: 2 } } });
  await worker.settle();
  const jobs = people.map((person) => addJob(world, 'anonymize', person));
  await worker.settle();
  expect(anonymizedCount(world)).toBe(2);
  expect(jobs.map((job) => jobState(world, job)?.status).sort()).toEqual(['inProgress', 'succeeded', 'succeeded']);
  const open = (await worker.core.store.brake.holds()).filter((hold) => hold.state === 'open');
  expect(open).toMatchObject([{ lot: 'explicit', cases: 1 }]);
  await worker.core.store.brake.decide(open[0]!.id, 'approved', 'somebody');
  await worker.settle();
  expect(anonymizedCount(world)).toBe(3);
  expect(jobs.map((job) => jobState(world, job)?.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
});

test('above the hourly limit an erasure goes on by itself when the hour has passed', async () => {
  const { world } = scene;
  const people = addPeople(world, 2);
  const worker = await scene.open({ config: { brake: { maxExplicitPerHour: 1 } } });
  await worker.settle();
  for (const person of people) addJob(world, 'anonymize', person);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(1);
  await worker.passSeconds(3601);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(2);
  await worker.settle();
  expect((await worker.core.store.brake.holds()).filter((hold) => hold.state === 'open')).toEqual([]);
});

test('somebody who changed the job at the same time: it is read again and taken up', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open({
    wrap: (core) => ({
      ...core,
      crm: {
        ...core.crm,
        async openJobs(signal) {
          const jobs = await core.crm.openJobs(signal);
          for (const job of jobs) world.dataverse.crm.update('mkt_marketingjob', job.id, { mkt_name: 'renamed' });
          return jobs;
        },
      },
    }),
  });
  await worker.settle();
  const job = addJob(world, 'anonymize', anna);
  await worker.settle();
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(world.spotler.counts()[anonymize]).toBe(1);
});

test('a person without an external id there is named as to be erased by hand, and the job goes on afterwards', async () => {
  const { world } = scene;
  const anna = addPerson(world, { donotemail: true });
  world.spotler.addContacts([{ properties: { email: anna.email } }]);
  const worker = await scene.open({ target: { adoptExisting: false } });
  await worker.settle();
  const job = addJob(world, 'anonymize', anna);
  await worker.settle();
  expect(jobState(world, job)).toMatchObject({ status: 'inProgress', detail: expect.stringContaining('by hand') });
  expect(await ledgerOf(worker, anna)).toMatchObject({ parked: null });
  edit(world, anna, { firstname: 'Changed' });
  await worker.settle();
  expect(jobState(world, job)?.status).toBe('inProgress');
});

test('a record that comes up while the erasure of its address is open is decided when that is closed', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  world.spotler.setFaults([{ kind: '503', match: 'GET /contact/id' }]);
  const job = addJob(world, 'anonymize', anna);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  const lead = addPerson(world, { emailaddress1: anna.email, donotbulkemail: true }, 'lead');
  await worker.pull();
  await worker.passSeconds(70);
  await worker.applyDue();
  world.spotler.setFaults([]);
  await worker.settle(600);
  expect(jobState(world, job)?.status).toBe('succeeded');
  expect(contactOf(world, anna.email)).toBeUndefined();
  expect(await ledgerOf(worker, lead)).toMatchObject({ rule: 'do-not-bulk-email', due: false });
});

test('an erasure that somebody rejects in the list is not done, also when the hour has passed', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open({ config: { brake: { maxExplicitPerHour: 0 } } });
  await worker.settle();
  const job = addJob(world, 'anonymize', anna);
  await worker.settle();
  const [hold] = (await worker.core.store.brake.holds()).filter((one) => one.state === 'open');
  await worker.core.store.brake.decide(hold!.id, 'rejected', 'somebody');
  await worker.passSeconds(3700);
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeDefined();
  expect(jobState(world, job)).toMatchObject({ status: 'inProgress', detail: expect.stringContaining('said no') });
});

test('a job whose erasure was stored by a worker that died then is answered, although the person it named is deleted', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'anonymize', anna);
  const ref = { table: 'contact', id: anna.id } as RecordRef;
  const stored = { id: randomUUID(), source: 'job', jobId: job, ref, emailKey: null, sealed: null } as const;
  await worker.core.store.erasures.open(stored, [...worker.core.targets.keys()]);
  remove(world, anna);
  await worker.settle();
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
});

test('results are written in the language of the jobs: done, refused, and waiting with what the platform said in English', async () => {
  const { world } = scene;
  const [anna, ben, carla] = [addPerson(world), addPerson(world), addPerson(world)];
  const worker = await scene.open({ config: { marketingJobs: { language: 'nl' } } });
  await worker.settle();
  const synced = addJob(world, 'sync', ben);
  const erased = addJob(world, 'anonymize', anna);
  const refused = addJob(world, 'anonymize');
  await worker.settle();
  world.spotler.setFaults([{ kind: 'html', status: 404, match: 'GET /contact/id|anonymize|search' }]);
  const waiting = addJob(world, 'anonymize', carla);
  await worker.settle(1);
  await worker.useCases.marketingJobs(AbortSignal.timeout(5000));
  expect(jobState(world, erased)).toMatchObject({ code: 'HTTP 410 Gone', detail: expect.stringContaining('gewist') });
  expect(jobState(world, erased)?.detail).toContain('Het record in Dynamics kan nog altijd');
  expect(jobState(world, synced)).toMatchObject({ code: 'OK', detail: 'main: gesynchroniseerd (regel eligible).' });
  expect(jobState(world, refused)).toMatchObject({ code: 'NOT_VALID', detail: expect.stringContaining('Vul Klant') });
  expect(jobState(world, waiting)).toMatchObject({
    status: 'inProgress',
    detail: expect.stringMatching(/^main: nog niet gewist: There is no /),
  });
});
