/** Invariant 4: absence is not erasure. And invariant 9: one bad record never stops another. */
import { expect, test } from '@jest/globals';
import {
  addPeople,
  addPerson,
  anonymizedCount,
  contactOf,
  edit,
  ledgerOf,
  livePeople,
  remove,
  spoil,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();

test('a CRM that answers 401 to everything anonymizes nobody, and what is owed is done when it answers again', async () => {
  const { world } = scene;
  const [anna] = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna!, { firstname: 'Later' });
  await worker.pull();
  world.dataverse.access.applicationUser = false;
  await worker.applyDue();
  await expect(worker.pull()).rejects.toThrow();
  expect(anonymizedCount(world)).toBe(0);
  world.dataverse.access.applicationUser = true;
  await worker.settle(120);
  expect(contactOf(world, anna!.email)?.properties.firstName).toBe('Later');
});

test('a role that lost the right to read everybody stops the table with an alarm and anonymizes nobody', async () => {
  const { world } = scene;
  const people = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  for (const depth of ['Basic', 'None'] as const) {
    world.dataverse.access.setPrivileges('contact', { read: depth });
    for (const person of people) edit(world, person, { firstname: `At ${depth}` });
    await worker.settle(60).catch(() => undefined);
    await worker.useCases.reconcile(AbortSignal.timeout(10_000)).catch(() => undefined);
    await worker.applyDue();
    expect(anonymizedCount(world)).toBe(0);
  }
  expect(worker.alarms()).toContain('table-stopped');
  world.dataverse.access.setPrivileges('contact', { read: 'Global' });
  await worker.settle(600);
  expect(livePeople(world).map((contact) => contact.properties.firstName)).toEqual(['At None', 'At None', 'At None']);
});

test('the right to read is lost between the feed and the rows: nobody is anonymized', async () => {
  const { world } = scene;
  const people = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  for (const person of people) edit(world, person, { firstname: 'Later' });
  await worker.pull();
  world.dataverse.access.setPrivileges('contact', { read: 'Basic' });
  await worker.applyDue();
  expect(anonymizedCount(world)).toBe(0);
  world.dataverse.access.setPrivileges('contact', { read: 'Global' });
  await worker.settle(600);
  expect(livePeople(world)).toHaveLength(3);
  expect(livePeople(world).every((contact) => contact.properties.firstName === 'Later')).toBe(true);
});

test.each(['hang', '503', 'cut', 'html', 'truncated', 'truncatedJson'] as const)(
  'rows that cannot be read (%s) anonymize nobody',
  async (kind) => {
    const { world } = scene;
    const [anna, ben] = addPeople(world, 2);
    const worker = await scene.open({ config: { dataverse: { callTimeoutSeconds: 1 } } });
    await worker.settle();
    edit(world, anna!, { firstname: 'Later' });
    remove(world, ben!);
    await worker.pull();
    world.dataverse.setFaults([{ kind, times: 3 }]);
    await worker.applyDue();
    expect(anonymizedCount(world)).toBeLessThanOrEqual(1);
    expect(contactOf(world, anna!.email)).toBeDefined();
    world.dataverse.setFaults([]);
    await worker.settle(600);
    expect(contactOf(world, anna!.email)?.properties.firstName).toBe('Later');
    expect(contactOf(world, ben!.email)).toBeUndefined();
  },
);

test('an address column that is hidden from the application user parks people instead of erasing them', async () => {
  const { world } = scene;
  const people = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  world.dataverse.secureColumn('contact', 'emailaddress1');
  for (const person of people) edit(world, person, { firstname: 'Later' });
  const newcomer = addPerson(world);
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(worker.alarms()).toContain('address-hidden');
  expect(await ledgerOf(worker, people[0]!)).toMatchObject({ parked: 'ADDRESS_HIDDEN', state: 'live' });
  world.dataverse.secureColumn('contact', 'emailaddress1', 'readable');
  await worker.core.store.records.retryParked();
  await worker.settle();
  expect(livePeople(world)).toHaveLength(4);
  expect(contactOf(world, newcomer.email)).toBeDefined();
  edit(world, people[0]!, { emailaddress1: null });
  await worker.settle();
  expect(anonymizedCount(world)).toBe(1);
});

test('an address column that reads null everywhere, and nobody says why, stops instead of erasing', async () => {
  const { world } = scene;
  const people = addPeople(world, 6);
  const worker = await scene.open();
  await worker.settle();
  // As behind a new security profile: no row changes its version.
  const rows = people.map((person) => world.dataverse.crm.store.table('contact').rows.get(person.id)!);
  for (const row of rows) row.values.emailaddress1 = null;
  for (const person of people.slice(0, 2)) edit(world, person, { firstname: 'Later' });
  await worker.settle();
  expect(anonymizedCount(world)).toBe(0);
  expect(worker.alarms()).toContain('crm-unreadable');
  expect(await ledgerOf(worker, people[0]!)).toMatchObject({ state: 'live', due: true });
  for (const [index, row] of rows.entries()) row.values.emailaddress1 = people[index]!.email;
  await worker.settle(120);
  expect(contactOf(world, people[0]!.email)?.properties.firstName).toBe('Later');
  expect(livePeople(world)).toHaveLength(6);
});

test('a row of a wrong type parks that row, the others go on, and it is taken up when it changes', async () => {
  const { world } = scene;
  const people = addPeople(world, 5);
  spoil(world, people[2]!, { donotemail: 'maybe' });
  const worker = await scene.open();
  await worker.settle();
  expect(livePeople(world)).toHaveLength(4);
  expect(await ledgerOf(worker, people[2]!)).toMatchObject({ parked: 'FIELD_WRONG_TYPE', due: false });
  edit(world, people[2]!, { donotemail: false });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(5);
  expect(await ledgerOf(worker, people[2]!)).toMatchObject({ parked: null });
});

test('a field of two megabytes parks that row, and the rest goes on', async () => {
  const { world } = scene;
  const people = addPeople(world, 5);
  spoil(world, people[2]!, { lastname: 'x'.repeat(2_000_000) });
  const worker = await scene.open();
  await worker.settle();
  expect(livePeople(world)).toHaveLength(4);
  expect(await ledgerOf(worker, people[2]!)).toMatchObject({ parked: 'FIELD_TOO_LARGE' });
});

test('a person whose row cannot be understood any more is not anonymized', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  spoil(world, anna, { emailaddress1: { nested: 'nothing' } });
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeDefined();
  expect(await ledgerOf(worker, anna)).toMatchObject({ parked: 'FIELD_WRONG_TYPE', state: 'live' });
});

test('a page entry without a readable id stops its table with an alarm, and passes nothing over', async () => {
  const { world } = scene;
  const worker = await scene.open();
  await worker.settle();
  const [anna] = addPeople(world, 3);
  const lead = addPerson(world, {}, 'lead');
  const { rows } = world.dataverse.crm.store.table('contact');
  const row = rows.get(anna!.id)!;
  Object.assign(row, { id: 'not-a-guid' });
  await worker.settle().catch(() => undefined);
  await worker.useCases.pull('lead', AbortSignal.timeout(5000));
  await worker.applyDue();
  expect(worker.alarms()).toContain('table-stopped');
  expect(contactOf(world, lead.email)).toBeDefined();
  expect(livePeople(world)).toHaveLength(1);
  Object.assign(row, { id: anna!.id });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(4);
});

test('a row that is missing from the bulk read without a tombstone is asked for alone before anything is concluded', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open({
    wrap: (core) => ({
      ...core,
      crm: {
        ...core.crm,
        async readRows(table, ids, signal) {
          const read = await core.crm.readRows(table, ids, signal);
          return { ...read, rows: [], missing: ids };
        },
      },
    }),
  });
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeDefined();
  edit(world, anna, { firstname: 'Later' });
  await worker.settle();
  expect(contactOf(world, anna.email)?.properties.firstName).toBe('Later');
});
