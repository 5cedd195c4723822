/** Dialog Insight with several projects, through the whole core: written to one, erased in all, the unified one last. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  type AdminContact,
  type DialogInsightSimulator,
  startDialogInsightSimulator,
} from '../../../fixtures/simulators/dialoginsight/index.ts';
import { addJob, addPeople, edit, evidenceOf, jobState, type Person, remove } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const [source, other, unified] = [1001, 1002, 2000];
const scene = scenario();
let simulator: DialogInsightSimulator;
beforeEach(async () => {
  simulator = await startDialogInsightSimulator({ projects: [source, other], unifiedProject: unified });
});
afterEach(() => simulator.close());

function open(): Promise<Worker> {
  const { keyId, apiKey } = simulator.credentials();
  const names = { firstName: null, lastName: null, city: null, customerType: null };
  const target = {
    ...{ name: 'main', platform: 'dialoginsight', baseUrl: simulator.baseUrl, keyId, apiKey },
    ...{ project: source, otherProjects: [other], unifiedProject: unified, recordIdField: simulator.recordIdField },
    ...{ requestsPerSecond: 1000, callTimeoutSeconds: 2, lateEffectSeconds: 4 },
    tables: { contact: { fields: { ...names, FirstName: 'firstname' } }, lead: null, account: null },
  };
  return scene.open({ config: { targets: [target] } });
}

/** By project: who is there. */
function addresses(contacts: readonly AdminContact[] = simulator.contacts()): Record<string, string[]> {
  const inProject = (id: number) =>
    contacts.filter(({ project }) => project === id).map(({ email }) => email.toLowerCase());
  return { source: inProject(source).sort(), other: inProject(other).sort(), unified: inProject(unified).sort() };
}

test('people are written to one project in one call, and whoever changes address leaves nothing behind', async () => {
  const [anna, bert] = addPeople(scene.world, 2) as [Person, Person];
  const worker = await open();
  await worker.settle();
  expect(addresses()).toEqual({
    source: [anna.email, bert.email].sort(),
    other: [],
    unified: [anna.email, bert.email].sort(),
  });
  expect(simulator.counts()['contacts.Merge']).toBe(1);

  edit(scene.world, anna, { emailaddress1: 'anna.moved@people.example' });
  await worker.settle(60);

  const now = ['anna.moved@people.example', bert.email].sort();
  expect(addresses()).toEqual({ source: now, other: [], unified: now });
  const moved = simulator.contacts().find(({ email }) => email === 'anna.moved@people.example');
  expect(moved).toMatchObject({ consents: { Newsletter: true, Events: true } });
});

test('a deleted record is erased in every project, also when the process fails after the first one', async () => {
  const [anna, bert] = addPeople(scene.world, 2) as [Person, Person];
  simulator.addContacts([{ email: anna.email.toUpperCase(), project: other }]);
  const worker = await open();
  await worker.settle();
  expect(addresses().other).toEqual([anna.email]);

  remove(scene.world, anna);
  simulator.setFaults([{ kind: 'cutAfter', match: 'Delete', times: 1 }]);
  await worker.pull();
  await worker.applyDue();
  expect(addresses()).toMatchObject({ source: [bert.email], other: [anna.email] });
  await worker.settle(300);

  expect(addresses()).toEqual({ source: [bert.email], other: [], unified: [bert.email] });
  expect(await evidenceOf(worker, anna)).toContain('anonymize deleted done');
});

test('an erasure is done without the kill file, and its result says what is left to do by hand', async () => {
  const [anna] = addPeople(scene.world, 1) as [Person];
  const worker = await open();
  await worker.settle();

  const job = addJob(scene.world, 'anonymize', anna);
  await worker.settle(60);

  expect(jobState(scene.world, job)).toMatchObject({
    status: 'succeeded',
    code: 'HTTP 410 Gone',
    detail: expect.stringMatching(/^main: erased \(HTTP 200\)\. Left to do by hand: .*kill file.*no web service/),
  });
  expect(addresses()).toEqual({ source: [], other: [], unified: [] });
});
