/** First loads: onto an empty account and onto one that people live on already; what a second look costs. */
import { expect, test } from '@jest/globals';
import {
  addPeople,
  addPerson,
  contactOf,
  edit,
  ledgerOf,
  livePeople,
  permissionsOf,
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();

test('an initial load creates everybody eligible with their data and permissions, and nobody else', async () => {
  const { world } = scene;
  const anna = addPerson(world, { firstname: 'Anna', new_events: false });
  const lead = addPerson(world, {}, 'lead');
  const account = addPerson(world, { name: 'Acme' }, 'account');
  const excluded = [
    addPerson(world, { donotemail: true }),
    addPerson(world, { donotbulkemail: true }),
    addPerson(world, { statecode: 1 }),
    addPerson(world, { emailaddress1: 'not an address' }),
  ];
  const worker = await scene.open();
  await worker.settle();
  expect(livePeople(world)).toHaveLength(3);
  expect(contactOf(world, anna.email)?.properties).toMatchObject({ firstName: 'Anna', customerType: 'contact' });
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: true, Events: false });
  expect(contactOf(world, lead.email)?.properties.customerType).toBe('lead');
  expect(contactOf(world, account.email)?.properties.organisation).toBe('Acme');
  expect(contactOf(world, anna.email)?.externalId).toBe(anna.id);
  for (const person of excluded) expect(await ledgerOf(worker, person)).toMatchObject({ due: false, parked: null });
  expect(writes(world)).toEqual({ 'POST /contact/list': 1 });
});

test('a load of 250 people takes three bulk calls and asks only once whether the account holds nobody', async () => {
  const { world } = scene;
  addPeople(world, 230);
  addPeople(world, 20, { donotemail: true });
  const worker = await scene.open();
  await worker.settle();
  expect(livePeople(world)).toHaveLength(230);
  expect(writes(world)).toEqual({ 'POST /contact/list': 3 });
  expect(world.spotler.report().total).toBeLessThanOrEqual(6);
});

test('a second cycle without changes calls the platform not at all', async () => {
  const { world } = scene;
  addPeople(world, 20);
  addPerson(world, { donotemail: true });
  const worker = await scene.open();
  await worker.settle();
  world.spotler.resetCounts();
  await worker.settle();
  expect(world.spotler.report().total).toBe(0);
});

test('an edit of a column that is not mapped is no platform call, one of a mapped column is one write', async () => {
  const { world } = scene;
  const [anna, ben] = addPeople(world, 2);
  const worker = await scene.open();
  await worker.settle();
  world.spotler.resetCounts();
  edit(world, anna!, { jobtitle: 'Engineer' });
  await worker.settle();
  expect(world.spotler.report().total).toBe(0);
  edit(world, ben!, { firstname: 'Benedikt' });
  await worker.settle();
  expect(world.spotler.counts()).toEqual({ 'POST /contact/list': 1 });
  expect(contactOf(world, ben!.email)?.properties.firstName).toBe('Benedikt');
});

test('a mapped value that became empty is cleared on the platform', async () => {
  const { world } = scene;
  const anna = addPerson(world, { address1_city: 'Utrecht' });
  const worker = await scene.open();
  await worker.settle();
  expect(contactOf(world, anna.email)?.properties.city).toBe('Utrecht');
  edit(world, anna, { address1_city: null });
  await worker.settle();
  expect(contactOf(world, anna.email)?.properties.city).toBeUndefined();
});

test('on a populated account a CRM true raises nothing and a CRM false lowers', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_newsletter: true, new_events: false });
  world.spotler.addContacts([
    {
      externalId: anna.id,
      properties: { email: anna.email, firstName: 'Old' },
      permissions: { Newsletter: false, Events: true },
    },
  ]);
  const worker = await scene.open();
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: false });
  expect(contactOf(world, anna.email)?.properties.firstName).not.toBe('Old');
});

test('somebody from earlier times under another external id is taken over by their address, not doubled', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  world.spotler.addContacts([
    { externalId: 'shop-17', properties: { email: anna.email }, permissions: { Newsletter: false, Events: true } },
  ]);
  const worker = await scene.open();
  await worker.settle();
  expect(world.spotler.contacts()).toHaveLength(1);
  expect(contactOf(world, anna.email)?.externalId).toBe(anna.id);
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
});

test('on a populated account people whom a rule excludes are looked up once: present ones are dealt with', async () => {
  const { world } = scene;
  const [noMail, noBulk] = [addPerson(world, { donotemail: true }), addPerson(world, { donotbulkemail: true })];
  const absent = addPerson(world, { donotemail: true });
  world.spotler.addContacts(
    [noMail, noBulk].map((person) => ({
      externalId: person.id,
      properties: { email: person.email },
      permissions: { Newsletter: true, Events: true },
    })),
  );
  const worker = await scene.open();
  await worker.settle();
  expect(contactOf(world, noMail.email)).toBeUndefined();
  expect(permissionsOf(world, noBulk.email)).toEqual({ Newsletter: false, Events: false });
  expect(await ledgerOf(worker, absent)).toMatchObject({ state: 'absent', due: false });
  world.spotler.resetCounts();
  edit(world, absent, { firstname: 'Changed' });
  await worker.settle();
  expect(world.spotler.report().total).toBe(0);
});

test('an inactive person who lives on the account from earlier times is kept up to date, never raised', async () => {
  const { world } = scene;
  const anna = addPerson(world, { statecode: 1 });
  const absent = addPerson(world, { statecode: 1 });
  world.spotler.addContacts([
    { externalId: anna.id, properties: { email: anna.email, firstName: 'Old' }, permissions: { Newsletter: false } },
  ]);
  const worker = await scene.open();
  await worker.settle();
  expect(contactOf(world, anna.email)?.properties.firstName).not.toBe('Old');
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: false });
  expect(contactOf(world, absent.email)).toBeUndefined();
});

test('with adoptExisting off nobody is looked up, and who is excluded stays as they are', async () => {
  const { world } = scene;
  const noMail = addPerson(world, { donotemail: true });
  world.spotler.addContacts([{ externalId: noMail.id, properties: { email: noMail.email } }]);
  const worker = await scene.open({ target: { adoptExisting: false } });
  await worker.settle();
  expect(contactOf(world, noMail.email)).toBeDefined();
  expect(writes(world)).toEqual({});
});
