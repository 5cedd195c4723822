/** A help desk as a target: erasing in two steps, with a setting that has to be given, or in a way that can be undone. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  type BoldDeskSimulator,
  type BoldDeskStart,
  startBoldDeskSimulator,
} from '../../../fixtures/simulators/bolddesk/index.ts';
import { addJob, addPerson, edit, evidenceOf, jobState, type Person, remove } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Group, Worker } from '../../support/worker.ts';

const scene = scenario();
let desk: BoldDeskSimulator | undefined;

beforeEach(() => {
  desk = undefined;
});

afterEach(() => desk?.close());

const people = {
  fields: {
    firstName: null,
    lastName: null,
    city: null,
    customerType: null,
    contactDisplayName: 'lastname',
  },
  permissions: { Newsletter: null, Events: null, cf_newsletter: 'new_newsletter' },
};

const hourly = { requestsPerSecond: 1000, callTimeoutSeconds: 2, lateEffectSeconds: 4 };

function targetOf(simulator: BoldDeskSimulator, settings: Group): Group {
  const name = { name: 'desk', platform: 'bolddesk', baseUrl: simulator.baseUrl, apiKey: simulator.apiKey() };
  return { targets: [{ ...name, ...hourly, tables: { contact: people, lead: people, account: null }, ...settings }] };
}

/** A worker on a desk of its own, with one person in the CRM and there, who asked for three tickets. */
async function opened(settings: Group, start: BoldDeskStart = {}) {
  const simulator = await startBoldDeskSimulator(start);
  desk = simulator;
  const person = addPerson(scene.world);
  simulator.addContacts([
    { email: person.email, tickets: 3 },
    { email: 'else@one.example', tickets: 1 },
  ]);
  const worker = await scene.open({ config: targetOf(simulator, settings) });
  await worker.settle();
  return { simulator, person, worker };
}

function held(simulator: BoldDeskSimulator, person: Person) {
  return simulator.contacts().find(({ email }) => email === person.email);
}

async function askedFor(worker: Worker, person: Person): Promise<string> {
  const job = addJob(scene.world, 'anonymize', person);
  await worker.settle();
  return job;
}

test('without leave to lose tickets the job stays In Progress, says why, and goes on when the setting is given', async () => {
  const { simulator, person, worker } = await opened({});

  const job = await askedFor(worker, person);

  expect(jobState(scene.world, job)).toMatchObject({
    status: 'inProgress',
    detail: expect.stringMatching(/^desk: not erased yet: .*deletes their tickets.*allowTicketLoss: true/),
  });
  expect(held(simulator, person)).toMatchObject({ deleted: false, tickets: 3 });
  expect(Object.keys(simulator.counts()).filter((kind) => kind.startsWith('DELETE'))).toEqual([]);

  const allowed = await scene.open({ config: targetOf(simulator, { allowTicketLoss: true }) });
  await allowed.settle();

  expect(jobState(scene.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(held(simulator, person)).toBeUndefined();
  expect(simulator.tickets()).toBe(1);
});

test('an automatic erasure that lacks the setting is parked with the reason, and taken up when it is given', async () => {
  const { simulator, person, worker } = await opened({});

  remove(scene.world, person);
  await worker.settle();

  expect(await worker.query('select parked_code from delivery where parked_code is not null')).toEqual([
    { parked_code: 'OUTCOME_BLOCKED' },
  ]);
  expect(await worker.query("select 1 from intent where kind = 'anonymize'")).toEqual([]);
  expect(held(simulator, person)).toMatchObject({ deleted: false, tickets: 3 });

  const allowed = await scene.open({ config: targetOf(simulator, { allowTicketLoss: true }) });
  await allowed.settle();

  expect(held(simulator, person)).toBeUndefined();
  expect(await evidenceOf(allowed, person)).toContain('anonymize deleted done');
});

test.each([true, false])(
  'an erasure that died between its steps is ended, deleted contacts shown: %s',
  async (showsDeleted) => {
    const { simulator, person, worker } = await opened({ allowTicketLoss: true }, { showsDeleted });
    simulator.setFaults([{ kind: 'cutAfter', match: '^DELETE /contacts$', times: 1 }]);

    const job = await askedFor(worker, person);
    await worker.settle(60);

    expect(jobState(scene.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
    expect(held(simulator, person)).toBeUndefined();
    expect(simulator.tickets()).toBe(1);
  },
);

test('who was deleted by an agent, and is shown no more, is erased all the same', async () => {
  const { simulator, person, worker } = await opened({ allowTicketLoss: true }, { showsDeleted: false });
  const id = held(simulator, person)?.id;
  await fetch(`${simulator.adminUrl}/contacts/delete`, { method: 'POST', body: JSON.stringify({ id }) });

  const job = await askedFor(worker, person);

  expect(jobState(scene.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(held(simulator, person)).toBeUndefined();
});

test('whom an agent has hidden is erased when the record is deleted, although they counted as absent since', async () => {
  const { simulator, person, worker } = await opened({ allowTicketLoss: true }, { showsDeleted: false });
  const id = held(simulator, person)?.id;
  await fetch(`${simulator.adminUrl}/contacts/delete`, { method: 'POST', body: JSON.stringify({ id }) });
  edit(scene.world, person, { lastname: 'Changed' });
  await worker.settle();
  expect(await worker.query('select parked_code from delivery where parked_code is not null')).toEqual([
    { parked_code: 'OUTCOME_BLOCKED' },
  ]);

  remove(scene.world, person);
  await worker.settle();

  expect(held(simulator, person)).toBeUndefined();
  expect(await evidenceOf(worker, person)).toContain('anonymize deleted done');
});

test('whom an agent has hidden is erased when the hold of their erasure is approved', async () => {
  const { simulator, person, worker } = await opened({ allowTicketLoss: true }, { showsDeleted: false });
  const id = held(simulator, person)?.id;
  await fetch(`${simulator.adminUrl}/contacts/delete`, { method: 'POST', body: JSON.stringify({ id }) });
  const strict = await scene.open({
    config: { ...targetOf(simulator, { allowTicketLoss: true }), brake: { minCount: 0, maxCount: 0 } },
  });
  remove(scene.world, person);
  await strict.settle();
  expect(held(simulator, person)).toMatchObject({ deleted: true });
  const [hold] = await strict.core.store.brake.holds();

  await strict.core.store.brake.decide(hold?.id ?? 0, 'approved', 'somebody');
  await strict.settle();

  expect(held(simulator, person)).toBeUndefined();
  expect(await evidenceOf(worker, person)).toContain('anonymize deleted done');
});

test('an erasure that can be undone is reported as not erased', async () => {
  const { simulator, person, worker } = await opened({ eraseMode: 'soft' });

  const job = await askedFor(worker, person);
  const again = await askedFor(worker, person);

  expect(jobState(scene.world, job)).toMatchObject({
    status: 'failed',
    code: 'NOT_ERASED',
    detail: expect.stringContaining('desk: not erased, only hidden; the platform can undo it (HTTP 200).'),
  });
  expect(jobState(scene.world, again)?.detail).toContain('whoever was hidden there before is not erased');
  expect(held(simulator, person)).toMatchObject({ deleted: true, tickets: 3 });
  expect(await evidenceOf(worker, person)).toContain('anonymize erased-on-request done');
});

test('overwriting leaves the contact and its tickets, and nothing of the person', async () => {
  const { simulator, person, worker } = await opened({ eraseMode: 'blank' });

  const job = await askedFor(worker, person);

  expect(jobState(scene.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(held(simulator, person)).toBeUndefined();
  expect(simulator.tickets()).toBe(4);
  expect(JSON.stringify(simulator.contacts())).not.toContain(person.id);
});

test('a reset where nothing is mapped as a permission is parked as unsupported, with the sentence', async () => {
  const { person, worker } = await opened({
    tables: { contact: { ...people, permissions: { Newsletter: null, Events: null } }, lead: null, account: null },
  });

  edit(scene.world, person, { donotbulkemail: true });
  await worker.settle();

  expect(await worker.query('select parked_code, parked_reason from delivery where parked_code is not null')).toEqual([
    { parked_code: 'OUTCOME_UNSUPPORTED', parked_reason: expect.stringContaining('no permissions of its own') },
  ]);
});
