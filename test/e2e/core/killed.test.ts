/**
 * A worker killed before any of its calls leaves work that another one finishes: the whole sweep for each kind of act.
 * Each round is about a person of its own, in one world and one ledger.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startWorld, type World } from '../../../fixtures/simulators/world.ts';
import {
  addJob,
  addPerson,
  contactOf,
  edit,
  jobState,
  ledgerOf,
  permissionsOf,
  remove,
  unsubscribe,
} from '../../support/crm-people.ts';
import { sweep } from '../../support/mortal.ts';
import { openWorker, type Worker } from '../../support/worker.ts';

jest.setTimeout(180_000);

const both = { Newsletter: true, Events: true };
const none = { Newsletter: false, Events: false };
const optedOut = { Newsletter: false, Events: true };

let world: World;
let worker: Worker;

beforeAll(async () => {
  world = await startWorld();
  // The sweeps are many calls in a short time.
  world.dataverse.protection.requests = 1_000_000;
  worker = await openWorker(world, { config: { tables: { account: undefined } } });
  await worker.settle();
});

afterAll(async () => {
  await worker.close();
  await world.close();
});

describe('a worker killed before any of its calls', () => {
  test('a new person is created once, with the permissions of the CRM', async () => {
    const calls = await sweep(
      worker,
      () => ({ table: 'contact', id: '', email: '' }),
      (person) => void Object.assign(person, addPerson(world)),
      async (person) => {
        expect(permissionsOf(world, person.email)).toEqual(both);
        expect(await ledgerOf(worker, person)).toMatchObject({ state: 'live', due: false, parked: null });
      },
      { part: 'all' },
    );
    expect(calls).toBeGreaterThan(15);
  });

  test('an edit with a granted permission arrives', async () => {
    await sweep(
      worker,
      () => addPerson(world, { new_events: false }),
      (person) => edit(world, person, { firstname: 'Edited', new_events: true }),
      async (person) => {
        expect(contactOf(world, person.email)?.properties.firstName).toBe('Edited');
        expect(permissionsOf(world, person.email)).toEqual(both);
      },
      { every: 2 },
    );
  });

  test('a reset keeps the bits from before, and gives them back', async () => {
    await sweep(
      worker,
      async () => {
        const person = addPerson(world);
        await worker.settle();
        await unsubscribe(world, person.email, 'Newsletter');
        return person;
      },
      (person) => edit(world, person, { donotbulkemail: true, firstname: 'Edited' }),
      async (person) => {
        expect(permissionsOf(world, person.email)).toEqual(none);
        expect(await ledgerOf(worker, person)).toMatchObject({ state: 'reset', bitsBefore: optedOut });
        edit(world, person, { donotbulkemail: false });
        await worker.settle();
        expect(permissionsOf(world, person.email)).toEqual(optedOut);
      },
      { every: 2 },
    );
  });

  test('leaving a reset gives back what was there before', async () => {
    await sweep(
      worker,
      async () => {
        const person = addPerson(world);
        await worker.settle();
        await unsubscribe(world, person.email, 'Newsletter');
        edit(world, person, { donotbulkemail: true });
        return person;
      },
      (person) => edit(world, person, { donotbulkemail: false }),
      async (person) => {
        expect(permissionsOf(world, person.email)).toEqual(optedOut);
        expect(await ledgerOf(worker, person)).toMatchObject({ state: 'live' });
      },
      { every: 2 },
    );
  });

  test('an automatic anonymization is done, and the opt-out is remembered', async () => {
    await sweep(
      worker,
      async () => {
        const person = addPerson(world);
        await worker.settle();
        await unsubscribe(world, person.email, 'Newsletter');
        return person;
      },
      (person) => edit(world, person, { donotemail: true }),
      async (person) => {
        expect(contactOf(world, person.email)).toBeUndefined();
        expect(await ledgerOf(worker, person)).toMatchObject({ state: 'anonymized', bitsBefore: optedOut, due: false });
        edit(world, person, { donotemail: false });
        await worker.settle();
        expect(permissionsOf(world, person.email)).toEqual(optedOut);
      },
    );
  });

  test('a delete is anonymized', async () => {
    await sweep(
      worker,
      () => addPerson(world),
      (person) => remove(world, person),
      async (person) => {
        expect(contactOf(world, person.email)).toBeUndefined();
        expect(await ledgerOf(worker, person)).toMatchObject({ state: 'anonymized', rule: 'deleted', due: false });
      },
      { every: 2 },
    );
  });

  test('a job is finished by another one, with the result that somebody was erased', async () => {
    const jobs = new Map<string, string>();
    await sweep(
      worker,
      () => addPerson(world),
      (person) => void jobs.set(person.id, addJob(world, 'anonymize', person)),
      async (person) => {
        expect(contactOf(world, person.email)).toBeUndefined();
        expect(jobState(world, jobs.get(person.id)!)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
        expect(await ledgerOf(worker, person)).toMatchObject({ due: false, rule: 'erased-before' });
      },
      { part: 'jobs' },
    );
  });

  test('a person who moves to a free address keeps their contact and opt-out', async () => {
    await sweep(
      worker,
      async () => {
        const person = addPerson(world);
        await worker.settle();
        await unsubscribe(world, person.email, 'Newsletter');
        return person;
      },
      (person) => edit(world, person, { emailaddress1: `moved-${person.email}` }),
      async (person) => {
        expect(contactOf(world, person.email)).toBeUndefined();
        expect(permissionsOf(world, `moved-${person.email}`)).toEqual(optedOut);
        expect(world.spotler.contactByExternalId(person.id)?.email).toBe(`moved-${person.email}`);
      },
      { every: 2 },
    );
  });

  test('a person who leaves a shared address gets a contact with no more than was allowed', async () => {
    await sweep(
      worker,
      async () => {
        const person = addPerson(world);
        addPerson(world, { emailaddress1: person.email }, 'lead');
        await worker.settle();
        await unsubscribe(world, person.email, 'Newsletter');
        return person;
      },
      (person) => edit(world, person, { emailaddress1: `moved-${person.email}` }),
      async (person) => {
        expect(permissionsOf(world, person.email)).toEqual(optedOut);
        expect(permissionsOf(world, `moved-${person.email}`)).toEqual(optedOut);
      },
      { every: 2 },
    );
  });
});
