/** Invariant 8: a permission is never raised without evidence from the CRM. */
import { expect, test } from '@jest/globals';
import { addPerson, contactOf, edit, ledgerOf, permissionsOf, remove, unsubscribe } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();
const both = { Newsletter: true, Events: true };

test('a permission that the CRM was seen to change from false to true is raised', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_events: false });
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { new_events: true });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual(both);
});

test('a permission that the CRM takes back is lowered', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { new_events: false });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: true, Events: false });
});

test('an unsubscribe on the platform is undone neither by an edit nor by a permission next to it', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_events: false });
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  edit(world, anna, { firstname: 'Changed' });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: false });
  edit(world, anna, { new_events: true });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
});

test('a permission that is newly mapped is not raised on people who are there, and is given to new ones', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_productnews: true });
  const worker = await scene.open();
  await worker.settle();
  const permissions = { Newsletter: 'new_newsletter', Events: 'new_events', 'Product news': 'new_productnews' };
  const next = await scene.open({ config: { tables: { contact: { permissions } } } });
  const ben = addPerson(world, { new_productnews: true });
  await next.settle();
  expect(contactOf(world, anna.email)?.permissions['Product news']).toBe(false);
  expect(contactOf(world, ben.email)?.permissions['Product news']).toBe(true);
  edit(world, anna, { new_productnews: false });
  await next.settle();
  edit(world, anna, { new_productnews: true });
  await next.settle();
  expect(contactOf(world, anna.email)?.permissions['Product news']).toBe(true);
});

test('somebody who is anonymized and comes back keeps the opt-out they made on the platform', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  edit(world, anna, { donotemail: true });
  await worker.settle();
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'anonymized', bitsBefore: { Newsletter: false } });
  edit(world, anna, { donotemail: false });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'live' });
});

test('another record with the address of somebody anonymized keeps their opt-out too', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  remove(world, anna);
  await worker.settle();
  addPerson(world, { emailaddress1: anna.email }, 'lead');
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
});

test('a CRM that took the permission away and granted it again while the person was erased has granted it', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_newsletter: false });
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { donotemail: true });
  await worker.settle();
  edit(world, anna, { donotemail: false, new_newsletter: true });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual(both);
});

test('a new owner of the person does not raise what the former owner’s record left down', async () => {
  const { world } = scene;
  const email = 'owner@people.example';
  const lead = addPerson(world, { emailaddress1: email, new_newsletter: false }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  expect(permissionsOf(world, email)).toEqual({ Newsletter: false, Events: true });
  const contact = addPerson(world, { emailaddress1: email });
  await worker.settle();
  expect(contactOf(world, email)?.externalId).toBe(contact.id);
  expect(permissionsOf(world, email)).toEqual({ Newsletter: false, Events: true });
  remove(world, contact);
  await worker.settle();
  expect(contactOf(world, email)?.externalId).toBe(lead.id);
  expect(permissionsOf(world, email)).toEqual({ Newsletter: false, Events: true });
});

test('a lost ledger raises nothing and doubles nobody', async () => {
  const { world } = scene;
  const [anna, ben] = [addPerson(world), addPerson(world)];
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  edit(world, ben, { new_events: false });
  const fresh = await scene.open({ ledger: 'new' });
  await fresh.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
  expect(permissionsOf(world, ben.email)).toEqual({ Newsletter: true, Events: false });
  expect(world.spotler.contacts()).toHaveLength(2);
});

test('leaving a reset gives back no more than the person had before it, also where the CRM granted more meanwhile', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_events: false });
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { donotbulkemail: true });
  await worker.settle();
  edit(world, anna, { donotbulkemail: false, new_events: true });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: true, Events: false });
});
