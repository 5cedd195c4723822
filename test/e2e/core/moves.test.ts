/** Address changes, docs/rules.md and design section 6: moved, left behind, joined; chains, swaps, identity by record. */
import { expect, test } from '@jest/globals';
import {
  addPerson,
  anonymizedCount,
  contactOf,
  edit,
  evidenceOf,
  ledgerOf,
  livePeople,
  permissionsOf,
  unsubscribe,
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();
const optedOut = { Newsletter: false, Events: true };

test('(1) the only record of a person takes a free address: the contact moves in place, with its opt-out', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  edit(world, anna, { emailaddress1: 'new@people.example' });
  await worker.settle();
  expect(world.spotler.contacts()).toHaveLength(1);
  expect(contactOf(world, 'new@people.example')?.externalId).toBe(anna.id);
  expect(permissionsOf(world, 'new@people.example')).toEqual(optedOut);
  expect(anonymizedCount(world)).toBe(0);
});

test('(1) moved and then deleted: the person is erased under the new address', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { emailaddress1: 'new@people.example' });
  await worker.settle();
  world.dataverse.crm.delete('contact', anna.id);
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'anonymized' });
});

test('(1) moved and deleted before anybody looked: the person is erased under the old address', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { emailaddress1: 'new@people.example' });
  world.dataverse.crm.delete('contact', anna.id);
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
});

test('(2) others stay on the old address: they keep it, and the mover’s new contact has no more than was allowed', async () => {
  const { world } = scene;
  const email = 'family@people.example';
  const contact = addPerson(world, { emailaddress1: email });
  const lead = addPerson(world, { emailaddress1: email, firstname: 'Stays' }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, email, 'Newsletter');
  edit(world, contact, { emailaddress1: 'new@people.example' });
  await worker.settle();
  expect(contactOf(world, email)).toMatchObject({ externalId: lead.id, properties: { firstName: 'Stays' } });
  expect(permissionsOf(world, email)).toEqual(optedOut);
  expect(contactOf(world, 'new@people.example')?.externalId).toBe(contact.id);
  expect(permissionsOf(world, 'new@people.example')).toEqual(optedOut);
  expect(anonymizedCount(world)).toBe(0);
});

test('(3) the new address has a profile: the left contact passes the brake, then the record joins', async () => {
  const { world } = scene;
  const contact = addPerson(world, { firstname: 'Mover' });
  const lead = addPerson(world, { new_events: false }, 'lead');
  const worker = await scene.open({ config: { brake: { minCount: 0, maxPercent: 0 } } });
  await worker.settle();
  edit(world, contact, { emailaddress1: lead.email });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(2);
  expect(permissionsOf(world, contact.email)).toEqual({ Newsletter: false, Events: false });
  const [hold] = await worker.core.store.brake.holds();
  expect(hold).toMatchObject({ state: 'open', cases: 1 });
  await worker.core.store.brake.decide(hold!.id, 'approved', 'tester');
  await worker.settle();
  expect(livePeople(world)).toHaveLength(1);
  expect(contactOf(world, lead.email)?.properties.firstName).toBe('Mover');
  expect(permissionsOf(world, lead.email)).toEqual({ Newsletter: true, Events: false });
  expect(contactOf(world, contact.email)).toBeUndefined();
});

test('(3) joined while others stay behind: both profiles are decided again', async () => {
  const { world } = scene;
  const [one, two] = ['one@people.example', 'two@people.example'];
  const contact = addPerson(world, { emailaddress1: one, donotbulkemail: false });
  addPerson(world, { emailaddress1: one, firstname: 'Stays' }, 'lead');
  addPerson(world, { emailaddress1: two }, 'account');
  const worker = await scene.open();
  await worker.settle();
  edit(world, contact, { emailaddress1: two, donotbulkemail: true });
  await worker.settle();
  expect(contactOf(world, one)?.properties.firstName).toBe('Stays');
  expect(permissionsOf(world, one)).toEqual({ Newsletter: true, Events: true });
  expect(permissionsOf(world, two)).toEqual({ Newsletter: false, Events: false });
});

test('two records leave one person for two addresses at once: neither loses the opt-out', async () => {
  const { world } = scene;
  const email = 'both@people.example';
  const contact = addPerson(world, { emailaddress1: email });
  const lead = addPerson(world, { emailaddress1: email }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, email, 'Newsletter');
  edit(world, contact, { emailaddress1: 'first@people.example' });
  edit(world, lead, { emailaddress1: 'second@people.example' });
  await worker.settle();
  expect(permissionsOf(world, 'first@people.example')).toEqual(optedOut);
  expect(permissionsOf(world, 'second@people.example')).toEqual(optedOut);
  expect(contactOf(world, email)).toBeUndefined();
  expect(livePeople(world)).toHaveLength(2);
});

test('the same when only one of the two changes was pulled before the first was applied', async () => {
  const { world } = scene;
  const email = 'both@people.example';
  const contact = addPerson(world, { emailaddress1: email });
  const lead = addPerson(world, { emailaddress1: email }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, email, 'Newsletter');
  edit(world, contact, { emailaddress1: 'first@people.example' });
  await worker.pull();
  edit(world, lead, { emailaddress1: 'second@people.example' });
  await worker.applyDue();
  await worker.settle();
  expect(permissionsOf(world, 'first@people.example')).toEqual(optedOut);
  expect(permissionsOf(world, 'second@people.example')).toEqual(optedOut);
  expect(livePeople(world)).toHaveLength(2);
});

test.each([2, 3, 4])(
  'a chain of %i people, each taking the next one’s address, keeps every contact and opt-out',
  async (count) => {
    const { world } = scene;
    const people = Array.from({ length: count }, (_, index) => addPerson(world, { firstname: `Number ${index}` }));
    const worker = await scene.open();
    await worker.settle();
    await unsubscribe(world, people[0]!.email, 'Newsletter');
    for (const [index, person] of people.entries())
      edit(world, person, { emailaddress1: people[index + 1]?.email ?? 'last@people.example' });
    await worker.settle();
    expect(anonymizedCount(world)).toBe(0);
    expect(livePeople(world)).toHaveLength(count);
    for (const [index, person] of people.entries())
      expect(world.spotler.contactByExternalId(person.id)?.email).toBe(
        people[index + 1]?.email ?? 'last@people.example',
      );
    expect(permissionsOf(world, people[1]!.email)).toEqual(optedOut);
    expect(permissionsOf(world, 'last@people.example')).toEqual({ Newsletter: true, Events: true });
  },
);

test('two people who swap addresses erase nobody: they wait, parked, for a person', async () => {
  const { world } = scene;
  const [anna, ben] = [addPerson(world, { firstname: 'Anna' }), addPerson(world, { firstname: 'Ben' })];
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { emailaddress1: ben.email });
  edit(world, ben, { emailaddress1: anna.email });
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(livePeople(world)).toHaveLength(2);
  const parked = [await ledgerOf(worker, anna), await ledgerOf(worker, ben)].map((known) => known?.parked);
  expect(parked.some((code) => code === 'IDS_WOULD_CROSS' || code === 'SPOTLER_IDS_WOULD_CROSS')).toBe(true);
});

test('somebody whose permissions were reset moves with them down, and gets back what they had', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_events: false });
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { donotbulkemail: true });
  await worker.settle();
  edit(world, anna, { emailaddress1: 'new@people.example' });
  await worker.settle();
  expect(permissionsOf(world, 'new@people.example')).toEqual({ Newsletter: false, Events: false });
  edit(world, anna, { donotbulkemail: false });
  await worker.settle();
  expect(permissionsOf(world, 'new@people.example')).toEqual({ Newsletter: true, Events: false });
});

test('an address that only changes its spelling stays one person', async () => {
  const { world } = scene;
  const anna = addPerson(world, { emailaddress1: 'Anna@People.Example' });
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { emailaddress1: 'anna@people.example' });
  await worker.settle();
  expect(world.spotler.contacts()).toHaveLength(1);
  expect(anonymizedCount(world)).toBe(0);
});

test('an address that is taken away and given back later: the person returns, the opt-out too', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  edit(world, anna, { emailaddress1: null });
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
  edit(world, anna, { emailaddress1: 'back@people.example' });
  await worker.settle();
  expect(permissionsOf(world, 'back@people.example')).toEqual(optedOut);
});

test('identity by record: two records with one address are two contacts, and an address change is a plain write', async () => {
  const { world } = scene;
  world.spotler.setOptions({ dedupe: false });
  const email = 'shared@people.example';
  const contact = addPerson(world, { emailaddress1: email, firstname: 'Contact' });
  const lead = addPerson(world, { emailaddress1: email, firstname: 'Lead' }, 'lead');
  const worker = await scene.open({ target: { identity: 'record' } });
  await worker.settle();
  expect(world.spotler.contactsByEmail(email)).toHaveLength(2);
  world.spotler.resetCounts();
  edit(world, contact, { emailaddress1: 'new@people.example' });
  await worker.settle();
  expect(world.spotler.contactByExternalId(contact.id)?.email).toBe('new@people.example');
  expect(writes(world)).toEqual({ 'POST /contact/list': 1 });
  edit(world, lead, { donotemail: true });
  await worker.settle();
  expect(contactOf(world, email)).toBeUndefined();
  expect(contactOf(world, 'new@people.example')).toBeDefined();
  expect(await evidenceOf(worker, lead)).toEqual(['anonymize do-not-email done']);
});

test('an id that is still noted at an address that was left, while somebody else comes there, is the record’s own', async () => {
  const { world } = scene;
  const [here, there] = ['here@people.example', 'there@people.example'];
  const lead = addPerson(world, { emailaddress1: here }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  const left = addPerson(world, { emailaddress1: there, firstname: 'Left' });
  const comes = addPerson(world, { emailaddress1: here, firstname: 'Comes' });
  await worker.pull();
  // As a write leaves it that nobody knows the answer to: noted with the address that the record had then.
  await worker.query(
    `insert into contact_key (target, contact_key, profile_key)
      select 'main', $1, profile_key from delivery where id = $2::uuid`,
    [left.id, lead.id],
  );
  await worker.settle();
  expect(contactOf(world, here)).toMatchObject({ externalId: comes.id, properties: { firstName: 'Comes' } });
  expect(contactOf(world, there)).toMatchObject({ externalId: left.id, properties: { firstName: 'Left' } });
  expect(await worker.query('select 1 from delivery where parked_code is not null or due_at is not null')).toEqual([]);
});
