/** A worker killed before any of its calls while people are put on hold, or leave it. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startWorld, type World } from '../../../fixtures/simulators/world.ts';
import {
  addPerson,
  contactOf,
  edit,
  ledgerOf,
  type Person,
  permissionsOf,
  unsubscribe,
} from '../../support/crm-people.ts';
import { sweep } from '../../support/mortal.ts';
import { openWorker, type Worker } from '../../support/worker.ts';

jest.setTimeout(180_000);

const none = { Newsletter: false, Events: false };
const optedOut = { Newsletter: false, Events: true };

let world: World;
let worker: Worker;

beforeAll(async () => {
  world = await startWorld();
  world.dataverse.protection.requests = 1_000_000;
  const brake = { minCount: 0, maxPercent: 0 };
  worker = await openWorker(world, { config: { brake, tables: { account: undefined, lead: undefined } } });
  await worker.settle();
});

afterAll(async () => {
  await worker.close();
  await world.close();
});

async function optOut(): Promise<Person> {
  const person = addPerson(world);
  await worker.settle();
  await unsubscribe(world, person.email, 'Newsletter');
  return person;
}

async function decide(verdict: 'approved' | 'rejected'): Promise<void> {
  for (const hold of await worker.core.store.brake.holds())
    if (hold.state === 'open') await worker.core.store.brake.decide(hold.id, verdict, 'somebody');
}

test('a hold lowers the permissions and keeps the bits, which come back when the person leaves it', async () => {
  await sweep(
    worker,
    optOut,
    (person) => edit(world, person, { donotemail: true }),
    async (person) => {
      expect(permissionsOf(world, person.email)).toEqual(none);
      expect(await ledgerOf(worker, person)).toMatchObject({ state: 'held', bitsBefore: optedOut, due: false });
      edit(world, person, { donotemail: false });
      await worker.settle();
      expect(permissionsOf(world, person.email)).toEqual(optedOut);
    },
  );
});

test('an approved hold ends in an erasure that remembers the bits from before the hold', async () => {
  await sweep(
    worker,
    async () => {
      const person = await optOut();
      edit(world, person, { donotemail: true });
      return person;
    },
    () => decide('approved'),
    async (person) => {
      expect(contactOf(world, person.email)).toBeUndefined();
      expect(await ledgerOf(worker, person)).toMatchObject({ state: 'anonymized', bitsBefore: optedOut, due: false });
    },
  );
});
