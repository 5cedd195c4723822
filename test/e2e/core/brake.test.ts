/** The brake on automatic anonymizations: counted before the first call, held whole, reviewed. */
import { expect, test } from '@jest/globals';
import { brakeLimit } from '../../../src/sync/guard.ts';
import {
  addPeople,
  addPerson,
  anonymizedCount,
  contactOf,
  edit,
  ledgerOf,
  livePeople,
  type Person,
  permissionsOf,
  remove,
  unsubscribe,
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Group, Worker } from '../../support/worker.ts';

const scene = scenario();
const both = { Newsletter: true, Events: true };
const none = { Newsletter: false, Events: false };
const tight = { brake: { minCount: 2, maxPercent: 0 } };

async function openHolds(worker: Worker) {
  return (await worker.core.store.brake.holds()).filter((hold) => hold.state === 'open');
}

/** Ten people, loaded. */
async function population(config: Group = tight): Promise<{ worker: Worker; people: Person[] }> {
  const people = addPeople(scene.world, 10);
  const worker = await scene.open({ config });
  await worker.settle();
  return { worker, people };
}

test('a lot within the limit passes, one above it is held whole before the first erasure', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 2)) remove(world, person);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(2);
  for (const person of people.slice(2, 4)) edit(world, person, { donotemail: true });
  await worker.settle();
  expect(anonymizedCount(world)).toBe(2);
  expect(await openHolds(worker)).toMatchObject([
    { cases: 2, window_count: 4, allowed: 2, may_still_be_mailed: false },
  ]);
  expect(worker.alarms()).toContain('brake');
  for (const person of people.slice(2, 4)) expect(permissionsOf(world, person.email)).toEqual(none);
  expect(await ledgerOf(worker, people[2]!)).toMatchObject({ state: 'held', bitsBefore: both, due: false });
});

test('what passed long ago does not count any more', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 2)) remove(world, person);
  await worker.settle();
  await worker.passSeconds(24 * 3600 + 1);
  for (const person of people.slice(2, 4)) remove(world, person);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(4);
});

test('the tombstones of one pull are one lot, however many pages they come on', async () => {
  const { world } = scene;
  const { worker, people } = await population({ ...tight, dataverse: { pageSize: 1 } });
  for (const person of people.slice(0, 3)) remove(world, person);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(await openHolds(worker)).toMatchObject([{ cases: 3 }]);
});

test('a lot whose pages are applied while the pull still goes on waits for its last page', async () => {
  const { world } = scene;
  const { worker, people } = await population({ ...tight, dataverse: { pageSize: 1 } });
  for (const person of people.slice(0, 3)) remove(world, person);
  // Two pages come through, then Dataverse fails.
  world.dataverse.setFaults([{ kind: '503', match: 'contact', skip: 2 }]);
  await expect(worker.pull()).rejects.toThrow();
  world.dataverse.setFaults([]);
  const before = writes(world);
  world.dataverse.setFaults([{ kind: '503', match: 'delta|changes' }]);
  await worker.applyDue();
  world.dataverse.setFaults([]);
  expect(writes(world)).toEqual(before);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(await openHolds(worker)).toMatchObject([{ cases: 3 }]);
});

test('after a hold everything automatic is held too, however little it is', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 3)) remove(world, person);
  await worker.settle();
  remove(world, people[5]!);
  await worker.settle();
  edit(world, people[6]!, { donotemail: true });
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(await openHolds(worker)).toMatchObject([{ cases: 3 }, { lot: 'after', cases: 2 }]);
});

test('approved: every case is decided again and erased, except who is wanted meanwhile', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 4)) edit(world, person, { donotemail: true });
  await worker.settle();
  const [hold] = await openHolds(worker);
  edit(world, people[0]!, { donotemail: false });
  await worker.core.store.brake.decide(hold!.id, 'approved', 'somebody');
  await worker.settle();
  expect(anonymizedCount(world)).toBe(3);
  expect(permissionsOf(world, people[0]!.email)).toEqual(both);
  expect(await openHolds(worker)).toEqual([]);
});

test('an approval expires after 24 hours: what was not done by then is held again', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 4)) remove(world, person);
  await worker.settle();
  const [hold] = await openHolds(worker);
  await worker.core.store.brake.decide(hold!.id, 'approved', 'somebody');
  await worker.passSeconds(24 * 3600 + 1);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(await openHolds(worker)).toMatchObject([{ cases: 4 }]);
});

test('what was approved does not count in the window', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 4)) remove(world, person);
  await worker.settle();
  await worker.core.store.brake.decide((await openHolds(worker))[0]!.id, 'approved', 'somebody');
  await worker.settle();
  expect(anonymizedCount(world)).toBe(4);
  for (const person of people.slice(4, 6)) remove(world, person);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(6);
});

test('rejected: nobody is erased until their record changes', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 4)) edit(world, person, { donotemail: true });
  await worker.settle();
  await worker.core.store.brake.decide((await openHolds(worker))[0]!.id, 'rejected', 'somebody');
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  await worker.useCases.reconcile(AbortSignal.timeout(10_000));
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  edit(world, people[0]!, { firstname: 'Changed' });
  await worker.settle();
  expect(anonymizedCount(world)).toBe(1);
});

test('held people leave by themselves when their record says so, and get back what they had', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  await unsubscribe(world, people[0]!.email, 'Newsletter');
  for (const person of people.slice(0, 3)) edit(world, person, { donotemail: true });
  await worker.settle();
  expect(permissionsOf(world, people[0]!.email)).toEqual(none);
  for (const person of people.slice(0, 3)) edit(world, person, { donotemail: false });
  await worker.settle();
  expect(permissionsOf(world, people[0]!.email)).toEqual({ Newsletter: false, Events: true });
  expect(permissionsOf(world, people[1]!.email)).toEqual(both);
  // A hold without cases has nothing to be reviewed, and keeps nobody else waiting.
  expect(await openHolds(worker)).toEqual([]);
  remove(world, people[9]!);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(1);
});

test('a held person who turns to do-not-bulk-email leaves the hold with permissions down and the bits kept', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 3)) edit(world, person, { donotemail: true });
  await worker.settle();
  edit(world, people[0]!, { donotemail: false, donotbulkemail: true });
  await worker.settle();
  expect(await ledgerOf(worker, people[0]!)).toMatchObject({ state: 'reset', bitsBefore: both });
  expect(permissionsOf(world, people[0]!.email)).toEqual(none);
  edit(world, people[0]!, { donotbulkemail: false });
  await worker.settle();
  expect(permissionsOf(world, people[0]!.email)).toEqual(both);
});

test('a first contact with a populated account is one lot', async () => {
  const { world } = scene;
  const people = addPeople(world, 3, { donotemail: true });
  world.spotler.addContacts(people.map((person) => ({ externalId: person.id, properties: { email: person.email } })));
  const worker = await scene.open({ config: tight });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(3);
  expect(await openHolds(worker)).toMatchObject([{ cases: 3 }]);
});

test('a flipped setting is one lot over all tables', async () => {
  const { world } = scene;
  const { worker } = await population();
  const leaving = [addPerson(world), addPerson(world), addPerson(world, {}, 'lead')];
  await worker.settle();
  for (const person of leaving) world.dataverse.crm.deactivate(person.table, person.id);
  await worker.settle();
  const next = await scene.open({ config: { ...tight, rules: { anonymizeContactWhenInactive: true } } });
  await next.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(await openHolds(next)).toMatchObject([{ cases: 3 }]);
});

test('the result of an enumeration is one lot', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 3)) remove(world, person);
  world.dataverse.changeMetadata('contact');
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(await openHolds(worker)).toMatchObject([{ cases: 3 }]);
});

test('a held person who is gone from the platform meanwhile is not there any more, and the hold closes on approval', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 3)) remove(world, person);
  await worker.settle();
  await fetch(`${world.spotler.adminUrl}/contacts/unsubscribe`, {
    method: 'POST',
    body: JSON.stringify({ email: people[0]!.email }),
  });
  await worker.core.store.brake.decide((await openHolds(worker))[0]!.id, 'approved', 'somebody');
  await worker.settle();
  expect(contactOf(world, people[0]!.email)).toBeUndefined();
  expect(anonymizedCount(world)).toBe(3);
});

test('a held person who moves to another address and is wanted again leaves nothing behind in the hold', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 3)) edit(world, person, { donotemail: true });
  await worker.settle();
  for (const [index, person] of people.slice(0, 3).entries())
    edit(world, person, { donotemail: false, emailaddress1: `moved${index}@people.example` });
  await worker.settle();
  expect(permissionsOf(world, 'moved0@people.example')).toEqual(both);
  expect(await openHolds(worker)).toEqual([]);
});

test('a held person who moves to another address stays held there', async () => {
  const { world } = scene;
  const { worker, people } = await population();
  for (const person of people.slice(0, 3)) edit(world, person, { donotemail: true });
  await worker.settle();
  edit(world, people[0]!, { emailaddress1: 'moved@people.example' });
  await worker.settle();
  // Nothing is written for somebody who is to be erased: the contact keeps its address, and its permissions stay down.
  expect(permissionsOf(world, people[0]!.email)).toEqual(none);
  expect((await openHolds(worker)).reduce((sum, hold) => sum + hold.cases, 0)).toBe(3);
  for (const hold of await openHolds(worker)) await worker.core.store.brake.decide(hold.id, 'approved', 'somebody');
  await worker.settle();
  expect(anonymizedCount(world)).toBe(3);
});

test.each([
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 0, 10],
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 199, 10],
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 239, 11],
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 100_000, 500],
  [{ minCount: 0, maxCount: 500, maxPercent: 0 }, 100_000, 0],
  [{ minCount: 3, maxCount: 3, maxPercent: 100 }, 50, 3],
])('%j with %i live profiles allows %i', (limits, live, allowed) => {
  expect(brakeLimit({ windowHours: 24, maxExplicitPerHour: 200, ...limits }, live)).toBe(allowed);
});
