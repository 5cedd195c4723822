/**
 * The brake's own fault run: a worker killed before any of its calls while a lot is put aside, counted, held, approved or
 * rejected. Guarantees of the brake: nobody of a lot above the limit is erased, the lot is held whole, and what passes is
 * counted once.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startWorld, type World } from '../../../fixtures/simulators/world.ts';
import { addPeople, contactOf, edit, type Person, permissionsOf, remove } from '../../support/crm-people.ts';
import { sweep } from '../../support/mortal.ts';
import { openWorker, type Worker } from '../../support/worker.ts';

jest.setTimeout(600_000);

const none = { Newsletter: false, Events: false };
const both = { Newsletter: true, Events: true };
/** Two may go in a window; so may nobody else once two are gone. */
const brake = { minCount: 2, maxPercent: 0 };

let world: World;
let worker: Worker;
/** The people of the lot that is on its way. */
let lot: Person[] = [];

beforeAll(async () => {
  world = await startWorld();
  world.dataverse.protection.requests = 1_000_000;
  worker = await openWorker(world, { config: { brake, tables: { account: undefined } } });
  await worker.settle();
});

afterAll(async () => {
  await worker.close();
  await world.close();
});

/** So many people, on the platform; the window is empty and nothing is held. */
async function people(count: number): Promise<Person> {
  await decide('approved');
  await worker.settle();
  await worker.passSeconds(24 * 3600 + 1);
  lot = addPeople(world, count);
  await worker.settle();
  return lot[0]!;
}

async function openHolds(): Promise<{ id: number; cases: number }[]> {
  return (await worker.core.store.brake.holds()).filter((hold) => hold.state === 'open');
}

async function decide(verdict: 'approved' | 'rejected'): Promise<void> {
  for (const hold of await openHolds()) await worker.core.store.brake.decide(hold.id, verdict, 'somebody');
}

async function counted(): Promise<number> {
  const [row] = await worker.query<{ n: number }>(
    `select count(*)::int as n from brake_pass where passed_at > now() - interval '24 hours'`,
  );
  return row?.n ?? 0;
}

async function isHeldWhole(): Promise<void> {
  for (const person of lot) expect(permissionsOf(world, person.email)).toEqual(none);
  expect(await openHolds()).toMatchObject([{ cases: lot.length }]);
  expect(await counted()).toBe(0);
}

test('the tombstones of a pull above the limit are held whole, and all go when that is approved', async () => {
  await sweep(
    worker,
    () => people(3),
    () => {
      for (const person of lot) remove(world, person);
    },
    async () => {
      await isHeldWhole();
      await decide('approved');
      await worker.settle();
      for (const person of lot) expect(contactOf(world, person.email)).toBeUndefined();
      expect(await openHolds()).toEqual([]);
      expect(await counted()).toBe(0);
    },
    { part: 'all', every: 7 },
  );
});

test('a lot within the limit passes and is counted once', async () => {
  await sweep(
    worker,
    () => people(2),
    () => {
      for (const person of lot) remove(world, person);
    },
    async () => {
      for (const person of lot) expect(contactOf(world, person.email)).toBeUndefined();
      expect(await openHolds()).toEqual([]);
      expect(await counted()).toBe(2);
    },
    { part: 'all', every: 7 },
  );
});

test('a rejected hold erases nobody, and its people have back what they had when they are wanted again', async () => {
  await sweep(
    worker,
    async () => {
      const first = await people(3);
      for (const person of lot) edit(world, person, { donotemail: true });
      return first;
    },
    () => decide('rejected'),
    async () => {
      for (const person of lot) expect(permissionsOf(world, person.email)).toEqual(none);
      expect(await counted()).toBe(0);
      for (const person of lot) edit(world, person, { donotemail: false });
      await worker.settle();
      for (const person of lot) expect(permissionsOf(world, person.email)).toEqual(both);
      expect(await openHolds()).toEqual([]);
    },
    { every: 4 },
  );
});
