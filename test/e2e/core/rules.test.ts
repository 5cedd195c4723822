/** Every rule of docs/rules.md, from an edit in the CRM to what the platform holds afterwards. */
import { describe, expect, test } from '@jest/globals';
import {
  addPerson,
  anonymizedCount,
  contactOf,
  edit,
  evidenceOf,
  ledgerOf,
  permissionsOf,
  remove,
  unsubscribe,
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();
const both = { Newsletter: true, Events: true };
const none = { Newsletter: false, Events: false };

describe.each([
  ['no-email', { emailaddress1: null }],
  ['no-email', { emailaddress1: 'anna at people.example' }],
  ['do-not-email', { donotemail: true }],
])('%s with %j', (rule, values) => {
  test('anonymizes the person, with evidence', async () => {
    const { world } = scene;
    const anna = addPerson(world);
    const worker = await scene.open();
    await worker.settle();
    edit(world, anna, values);
    await worker.settle();
    expect(contactOf(world, anna.email)).toBeUndefined();
    expect(anonymizedCount(world)).toBe(1);
    expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'anonymized', action: 'anonymize', rule, due: false });
    expect(await evidenceOf(worker, anna)).toEqual([`anonymize ${rule} done`]);
  });
});

test('a deleted record is anonymized, and the ledger keeps its id only', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  remove(world, anna);
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeUndefined();
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'anonymized', rule: 'deleted', due: false });
  world.spotler.resetCounts();
  await worker.settle();
  expect(world.spotler.report().total).toBe(0);
});

test('do-not-bulk-email sets every permission false, keeps the bits, and gives back what the CRM still allows', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna, { donotbulkemail: true, firstname: 'Annabel' });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual(none);
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Annabel');
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'reset', bitsBefore: both });
  edit(world, anna, { donotbulkemail: false, new_events: false });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: true, Events: false });
  expect(await ledgerOf(worker, anna)).toMatchObject({ state: 'live', bitsBefore: null });
});

test('while permissions are down the data stays current, and an opt-out from before does not come back', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Events');
  edit(world, anna, { donotbulkemail: true });
  await worker.settle();
  world.spotler.resetCounts();
  edit(world, anna, { firstname: 'Annabel' });
  await worker.settle();
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Annabel');
  expect(Object.values(writes(world))).toEqual([1]);
  edit(world, anna, { donotbulkemail: false });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: true, Events: false });
});

test('an inactive record is kept current with the setting off; turned on, it is erased without any edit', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const lead = addPerson(world, {}, 'lead');
  const account = addPerson(world, {}, 'account');
  const worker = await scene.open();
  await worker.settle();
  for (const person of [anna, lead, account]) world.dataverse.crm.deactivate(person.table, person.id);
  edit(world, anna, { firstname: 'Later' });
  await worker.settle();
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Later');
  expect(permissionsOf(world, anna.email)).toEqual(both);
  expect(await ledgerOf(worker, anna)).toMatchObject({ rule: 'inactive-kept', state: 'live' });

  const next = await scene.open({ config: { rules: { anonymizeContactWhenInactive: true } } });
  await next.settle();
  expect(contactOf(world, anna.email)).toBeUndefined();
  expect(contactOf(world, lead.email)).toBeUndefined();
  expect(contactOf(world, account.email)).toBeDefined();

  const last = await scene.open({ config: { rules: { anonymizeContactWhenInactive: { account: true } } } });
  await last.settle();
  expect(contactOf(world, account.email)).toBeUndefined();
  expect(contactOf(world, anna.email)).toBeUndefined();
});

test('a process of an older configuration claims nothing more', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const old = await scene.open();
  await old.settle();
  const next = await scene.open({ config: { rules: { anonymizeContactWhenInactive: true } } });
  await next.settle();
  edit(world, anna, { firstname: 'Later' });
  await old.pull();
  expect(await old.useCases.apply(old.settings.targets[0]!.name, AbortSignal.timeout(5000))).toMatchObject({
    claimed: 0,
  });
  await next.settle();
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Later');
});

test('a merged duplicate has its permissions reset with the setting off, and is erased with it on', async () => {
  const { world } = scene;
  const [master, other] = [addPerson(world), addPerson(world)];
  const worker = await scene.open();
  await worker.settle();
  world.dataverse.crm.merge('contact', master.id, other.id);
  await worker.settle();
  expect(permissionsOf(world, other.email)).toEqual(none);
  expect(permissionsOf(world, master.email)).toEqual(both);
  expect(await ledgerOf(worker, other)).toMatchObject({ rule: 'merged', state: 'reset' });
  const next = await scene.open({ config: { rules: { anonymizeContactWhenInactive: true } } });
  await next.settle();
  expect(contactOf(world, other.email)).toBeUndefined();
  expect(contactOf(world, master.email)).toBeDefined();
});

describe.each([
  ['resetPermissions', none],
  ['anonymize', undefined],
  ['ignore', both],
])('out of scope with whenOutOfScope: %s', (whenOutOfScope, afterwards) => {
  test('an existing person is dealt with, a new one is never created', async () => {
    const { world } = scene;
    const anna = addPerson(world, { new_inmarketing: true });
    const outside = addPerson(world, { new_inmarketing: false });
    const only = { column: 'new_inmarketing', equals: true };
    const worker = await scene.open({ config: { tables: { contact: { only, whenOutOfScope } } } });
    await worker.settle();
    expect(contactOf(world, outside.email)).toBeUndefined();
    edit(world, anna, { new_inmarketing: false });
    await worker.settle();
    expect(permissionsOf(world, anna.email)).toEqual(afterwards);
    edit(world, anna, { new_inmarketing: true });
    await worker.settle();
    expect(permissionsOf(world, anna.email)).toEqual(both);
  });
});

test('a suppressed address is erased past the brake and not created again until it is taken off the list', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open({ config: { brake: { minCount: 0, maxPercent: 0 } } });
  await worker.settle();
  const key = worker.core.keyring.emailKey(anna.email);
  await worker.core.store.suppressions.add('address', key, 'asked by telephone');
  edit(world, anna, { firstname: 'Changed' });
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeUndefined();
  expect(await ledgerOf(worker, anna)).toMatchObject({ rule: 'suppressed', state: 'anonymized' });
  const second = addPerson(world, { emailaddress1: anna.email.toUpperCase() });
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeUndefined();
  await worker.core.store.suppressions.remove('address', key);
  edit(world, second, { firstname: 'Changed' });
  await worker.settle();
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Changed');
});

test('a suppressed record is erased; another record with the same address is still synced', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await worker.core.store.suppressions.add('record', `contact/${anna.id}`, 'asked by letter');
  edit(world, anna, { firstname: 'Changed' });
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeUndefined();
  const lead = addPerson(world, { emailaddress1: anna.email, firstname: 'Lead' }, 'lead');
  await worker.settle();
  expect(contactOf(world, anna.email)).toMatchObject({ externalId: lead.id, properties: { firstName: 'Lead' } });
});
