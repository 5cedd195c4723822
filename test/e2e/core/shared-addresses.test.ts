/** Several records with one address share a profile: the combining table, line by line, on the platform. */
import { expect, test } from '@jest/globals';
import {
  addPerson,
  contactOf,
  edit,
  ledgerOf,
  livePeople,
  permissionsOf,
  remove,
  spoil,
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();
const both = { Newsletter: true, Events: true };
const none = { Newsletter: false, Events: false };
const email = 'shared@people.example';

function pair(contact: object = {}, lead: object = {}) {
  return {
    contact: addPerson(scene.world, { emailaddress1: email, firstname: 'Contact', ...contact }),
    lead: addPerson(scene.world, { emailaddress1: 'SHARED@people.example', firstname: 'Lead', ...lead }, 'lead'),
  };
}

test('a contact and a lead with one address are one person with the contact’s data, written once', async () => {
  const { world } = scene;
  const { contact } = pair();
  const worker = await scene.open();
  await worker.settle();
  expect(livePeople(world)).toHaveLength(1);
  expect(contactOf(world, email)).toMatchObject({ externalId: contact.id, properties: { firstName: 'Contact' } });
  expect(writes(world)).toEqual({ 'POST /contact/list': 1 });
});

test('line 5: when the contact is deleted the open lead takes the person over, and nothing is raised', async () => {
  const { world } = scene;
  const { contact, lead } = pair({ new_events: false });
  const worker = await scene.open();
  await worker.settle();
  remove(world, contact);
  await worker.settle();
  expect(livePeople(world)).toHaveLength(1);
  expect(contactOf(world, email)).toMatchObject({ externalId: lead.id, properties: { firstName: 'Lead' } });
  expect(permissionsOf(world, email)).toEqual({ Newsletter: true, Events: false });
  expect(await ledgerOf(worker, contact)).toMatchObject({ rule: 'deleted', due: false });
});

test('line 3: do-not-email on one while another is eligible keeps the data and takes every permission', async () => {
  const { world } = scene;
  const { contact } = pair();
  const worker = await scene.open();
  await worker.settle();
  edit(world, contact, { donotemail: true });
  await worker.settle();
  expect(contactOf(world, email)?.properties.firstName).toBe('Lead');
  expect(permissionsOf(world, email)).toEqual(none);
  edit(world, contact, { donotemail: false });
  await worker.settle();
  expect(permissionsOf(world, email)).toEqual(both);
});

test('line 3: do-not-email on one while nobody is eligible erases the person', async () => {
  const { world } = scene;
  const { contact, lead } = pair();
  const worker = await scene.open();
  await worker.settle();
  world.dataverse.crm.deactivate('lead', lead.id);
  edit(world, contact, { donotemail: true });
  await worker.settle();
  expect(contactOf(world, email)).toBeUndefined();
});

test('line 3: beside an eligible lead nobody is created while the contact says do-not-email', async () => {
  const { world } = scene;
  pair({ donotemail: true });
  const worker = await scene.open();
  await worker.settle();
  expect(world.spotler.contacts()).toEqual([]);
});

test('line 4: do-not-bulk-email on the lead takes the permissions of the shared person', async () => {
  const { world } = scene;
  const { lead } = pair();
  const worker = await scene.open();
  await worker.settle();
  edit(world, lead, { donotbulkemail: true });
  await worker.settle();
  expect(contactOf(world, email)?.properties.firstName).toBe('Contact');
  expect(permissionsOf(world, email)).toEqual(none);
  remove(world, lead);
  await worker.settle();
  expect(permissionsOf(world, email)).toEqual(both);
});

test('line 6: inactive and out of scope together keep the person, with every permission false', async () => {
  const { world } = scene;
  const { contact, lead } = pair({ new_inmarketing: true });
  const only = { column: 'new_inmarketing', equals: true };
  const worker = await scene.open({ config: { tables: { contact: { only } } } });
  await worker.settle();
  edit(world, contact, { new_inmarketing: false });
  world.dataverse.crm.deactivate('lead', lead.id);
  await worker.settle();
  expect(permissionsOf(world, email)).toEqual(none);
  expect(contactOf(world, email)?.properties.firstName).toBe('Lead');
});

test('line 2: when all records of the person are gone, the person is erased once', async () => {
  const { world } = scene;
  const { contact, lead } = pair();
  const worker = await scene.open();
  await worker.settle();
  world.spotler.resetCounts();
  remove(world, contact);
  remove(world, lead);
  await worker.settle();
  expect(world.spotler.contacts().filter((person) => !person.anonymized)).toEqual([]);
  expect(await ledgerOf(worker, lead)).toMatchObject({ state: 'anonymized', due: false });
});

test('a qualified lead and its contact: the lead has no vote, and after the contact is deleted the person goes', async () => {
  const { world } = scene;
  const lead = addPerson(world, { emailaddress1: email, firstname: 'Lead' }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  const [made] = world.dataverse.crm.qualify(lead.id);
  await worker.settle();
  expect(contactOf(world, email)).toMatchObject({ externalId: made?.id, properties: { customerType: 'contact' } });
  expect(permissionsOf(world, email)).toEqual(both);
  expect(livePeople(world)).toHaveLength(1);
  remove(world, { table: 'contact', id: made!.id });
  await worker.settle();
  expect(contactOf(world, email)).toBeUndefined();
});

test('a sibling whose row cannot be read keeps the person from being decided', async () => {
  const { world } = scene;
  const { contact, lead } = pair();
  const worker = await scene.open();
  await worker.settle();
  spoil(world, lead, { donotbulkemail: 'perhaps' });
  edit(world, contact, { donotemail: true });
  await worker.settle();
  expect(contactOf(world, email)).toBeDefined();
  expect(await ledgerOf(worker, contact)).toMatchObject({ parked: expect.any(String), due: false });
});

test('a new sibling that the feed has not shown yet is seen before the person is erased', async () => {
  const { world } = scene;
  const contact = addPerson(world, { emailaddress1: email });
  const worker = await scene.open();
  await worker.settle();
  remove(world, contact);
  await worker.pull();
  addPerson(world, { emailaddress1: email, firstname: 'Newcomer' }, 'lead');
  await worker.applyDue();
  await worker.settle();
  expect(contactOf(world, email)?.properties.firstName).toBe('Newcomer');
  expect(world.spotler.counts()['PUT /contact/anonymize'] ?? 0).toBe(0);
});
