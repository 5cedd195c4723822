/**
 * What happens to people who share an address, or move between addresses, on every kind of account: identity by address
 * and by record, each with the platform's de-duplication on and off. Where both fit, the end is exactly what the CRM
 * says; where they do not, nobody is lost silently: the target pauses, or the record waits, with a reason.
 */
import { describe, expect, test } from '@jest/globals';
import { addPerson, edit, ledgerOf, livePeople, type Person, remove } from '../../support/crm-people.ts';
import { type Scenario, scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const [one, two, three] = ['one@people.example', 'two@people.example', 'three@people.example'];

interface Story {
  readonly name: string;
  /** Addresses with a live contact in the end: by address, and how many contacts where every record has its own. */
  readonly byAddress: readonly string[];
  readonly byRecord: readonly string[];
  readonly inactive?: boolean;
  act(scene: Scenario, worker: Worker): Promise<readonly Person[]> | readonly Person[];
}

function contact(scene: Scenario, email: string, values: object = {}): Person {
  return addPerson(scene.world, { emailaddress1: email, ...values });
}

function lead(scene: Scenario, email: string, values: object = {}): Person {
  return addPerson(scene.world, { emailaddress1: email, ...values }, 'lead');
}

const qualified = async (scene: Scenario, worker: Worker): Promise<Person[]> => {
  const person = lead(scene, one);
  await worker.settle();
  scene.world.dataverse.crm.qualify(person.id);
  return [person];
};

const stories: readonly Story[] = [
  // A qualified lead without a vote: its own contact stays where each record has one, until the setting says otherwise.
  { name: 'a lead is qualified, the setting off', byAddress: [one], byRecord: [one, one], act: qualified },
  { name: 'a lead is qualified, the setting on', byAddress: [one], byRecord: [one], inactive: true, act: qualified },
  {
    name: 'two contacts with one address are merged',
    byAddress: [one],
    byRecord: [one, one],
    async act(scene, worker) {
      const [master, other] = [contact(scene, one), contact(scene, one)];
      await worker.settle();
      scene.world.dataverse.crm.merge('contact', master.id, other.id);
      return [master, other];
    },
  },
  {
    name: 'two contacts with two addresses are merged, the setting on',
    byAddress: [one],
    byRecord: [one],
    inactive: true,
    async act(scene, worker) {
      const [master, other] = [contact(scene, one), contact(scene, two)];
      await worker.settle();
      scene.world.dataverse.crm.merge('contact', master.id, other.id);
      return [master, other];
    },
  },
  {
    name: 'an address changes, alone',
    byAddress: [two],
    byRecord: [two],
    async act(scene, worker) {
      const person = contact(scene, one);
      await worker.settle();
      edit(scene.world, person, { emailaddress1: two });
      return [person];
    },
  },
  {
    name: 'an address changes into a shared one',
    byAddress: [two],
    byRecord: [two, two],
    async act(scene, worker) {
      const [mover, stays] = [lead(scene, one), contact(scene, two)];
      await worker.settle();
      edit(scene.world, mover, { emailaddress1: two });
      return [mover, stays];
    },
  },
  {
    name: 'an address changes out of a shared one',
    byAddress: [one, three],
    byRecord: [one, three],
    async act(scene, worker) {
      const [stays, mover] = [contact(scene, one), lead(scene, one)];
      await worker.settle();
      edit(scene.world, mover, { emailaddress1: three });
      return [mover, stays];
    },
  },
  {
    name: 'two people swap their addresses',
    byAddress: [one, two],
    byRecord: [one, two],
    async act(scene, worker) {
      const [anna, ben] = [contact(scene, one), contact(scene, two)];
      await worker.settle();
      edit(scene.world, anna, { emailaddress1: two });
      edit(scene.world, ben, { emailaddress1: one });
      return [anna, ben];
    },
  },
  {
    name: 'the owner is deleted while another stays',
    byAddress: [one],
    byRecord: [one],
    async act(scene, worker) {
      const [owner, stays] = [contact(scene, one), lead(scene, one)];
      await worker.settle();
      remove(scene.world, owner);
      return [owner, stays];
    },
  },
];

const scene = scenario();

function addresses(): string[] {
  return livePeople(scene.world)
    .map((person) => String(person.email))
    .sort();
}

async function open(identity: string, dedupe: boolean, story: Story): Promise<Worker> {
  scene.world.spotler.setOptions({ dedupe });
  const config = story.inactive ? { rules: { anonymizeContactWhenInactive: true } } : {};
  return scene.open({ target: { identity }, config });
}

describe.each([
  { identity: 'address', dedupe: true },
  { identity: 'record', dedupe: false },
])('identity by $identity on an account that fits', ({ identity, dedupe }) => {
  test.each(stories)('$name', async (story) => {
    const worker = await open(identity, dedupe, story);
    await story.act(scene, worker);
    await worker.settle(30);
    expect(addresses()).toEqual([...(identity === 'address' ? story.byAddress : story.byRecord)].sort());
    expect(worker.alarms()).toEqual([]);
  });
});

describe.each([
  { identity: 'address', dedupe: false },
  { identity: 'record', dedupe: true },
])('identity by $identity on an account that does not fit (dedupe: $dedupe)', ({ identity, dedupe }) => {
  test.each(stories)('$name: whoever should be there is, or it is said why not', async (story) => {
    const worker = await open(identity, dedupe, story);
    const people = await story.act(scene, worker);
    await worker.settle(30);
    const missing = story.byAddress.filter((email) => !addresses().includes(email));
    const waiting = await Promise.all(people.map((person) => ledgerOf(worker, person)));
    const isSaid = worker.alarms().includes('target-paused') || waiting.some((known) => known?.parked);
    expect(missing.length === 0 || isSaid).toBe(true);
  });
});
