/** The drift audit: each planted difference between CRM, ledger and platform is found, named, and mended on request. */
import { expect, test } from '@jest/globals';
import type { RecordRef } from '../../../config/words.ts';
import type { Platform } from '../../../src/platforms/platform.ts';
import { type AuditReport, audit } from '../../../src/sync/audit.ts';
import { decideHold } from '../../../src/sync/operate.ts';
import { requestErasure } from '../../../src/sync/request-erasure.ts';
import {
  addPeople,
  addPerson,
  contactOf,
  edit,
  ledgerOf,
  type Person,
  permissionsOf,
  remove,
  unsubscribe,
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import { anonymizeByHand, changeByHand } from '../../support/spotler-by-hand.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
const { signal } = new AbortController();
const stranger = '5f0c7a52-1d3e-4b6a-9c88-0a1b2c3d4e5f';

const nameOf = ({ table, id }: Person): string => `${table}/${id}`;
const refOf = ({ table, id }: Person): RecordRef => ({ table, id }) as RecordRef;

function look(worker: Worker, options: { sample?: number; repair?: boolean } = {}): Promise<AuditReport> {
  return audit(worker.core, { repair: false, actor: 'tester', signal, ...options });
}

const found = (report: AuditReport): Record<string, string[]> =>
  Object.fromEntries(
    [...Map.groupBy(report.drifts, ({ record }) => record)].map(([record, drifts]) => [
      record,
      drifts.map(({ cause, details }) => [cause, ...details].join(' ')).sort(),
    ]),
  );

/** News of the record are lost: nothing is owed although it changed. */
async function loseNews(worker: Worker, person: Person): Promise<void> {
  await worker.pull();
  await worker.query('update delivery set due_at = null, done_seq = owed_seq, lot = null where id = $1', [person.id]);
}

test('twelve kinds of drift are found, named by their cause, and mended', async () => {
  const { world } = scene;
  const at = (name: string): Person => addPerson(world, { emailaddress1: `${name}@people.example` });
  const worker = await scene.open();
  const healthy = at('healthy');
  const [deleted, reimported, otherId, erased, suppressed] = [
    'deleted',
    'reimported',
    'other-id',
    'erased',
    'listed',
  ].map(at) as [Person, Person, Person, Person, Person];
  const [raised, reset, missing, edited, moved, renamed, behind, imported] = [
    'raised',
    'reset',
    'missing',
    'edited',
    'moved',
    'renamed',
    'behind',
    'imported',
  ].map(at) as [Person, Person, Person, Person, Person, Person, Person, Person];
  edit(world, raised, { new_events: false });
  await worker.settle();
  edit(world, reset, { donotbulkemail: true });
  remove(world, reimported);
  edit(world, otherId, { donotemail: true });
  await requestErasure(worker.core, refOf(erased), 'tester');
  edit(world, imported, { donotbulkemail: true });
  await worker.settle();

  // 1 deleted in the CRM, and the news of it lost
  remove(world, deleted);
  await loseNews(worker, deleted);
  // 2 deleted and anonymized, 3 opted out of all mail and anonymized, 4 erased on request: all taken in again by hand
  const contact = (person: Person, externalId: string) => ({
    externalId,
    properties: { email: person.email, firstName: 'Again' },
    permissions: { Newsletter: true },
  });
  world.spotler.addContacts([
    contact(reimported, reimported.id),
    contact(otherId, 'imported-7'),
    contact(erased, erased.id),
    // 6 deleted in the CRM before there was a connector
    { externalId: stranger, properties: { email: 'long-gone@people.example' } },
    // not ours, and none of our business
    { externalId: 'webshop-12', properties: { email: 'visitor@people.example' } },
  ]);
  // 5 on the suppression list, and nobody was told
  await worker.core.store.suppressions.add('address', worker.core.keyring.emailKey(suppressed.email), 'asked for');
  // 7 a permission that the CRM denies, 8 one of somebody whose permissions are reset
  await changeByHand(world, { email: raised.email }, { permissions: { Events: true } });
  await changeByHand(world, { email: reset.email }, { permissions: { Newsletter: true } });
  // 9 gone, 10 data changed, 11 another address, 12 another external id
  await anonymizeByHand(world, { email: missing.email });
  await changeByHand(world, { email: edited.email }, { properties: { firstName: 'Somebody', city: 'Elsewhere' } });
  await changeByHand(world, { email: moved.email }, { properties: { email: 'moved-by-hand@people.example' } });
  await changeByHand(world, { email: renamed.email }, { externalId: 'renamed-by-hand' });
  // 13 changed in the CRM, and the news of it lost
  edit(world, behind, { firstname: 'Newer', new_newsletter: false });
  await loseNews(worker, behind);
  // 14 there, although the ledger says that nobody is
  await anonymizeByHand(world, { email: imported.email });
  await worker.query(
    `update profile set state = 'absent', contact_key = null where key = (select profile_key from delivery where id = $1)`,
    [imported.id],
  );
  world.spotler.addContacts([contact(imported, 'imported-9')]);

  const before = writes(world);
  const report = await look(worker);

  expect(found(report)).toEqual({
    [nameOf(deleted)]: ['should-be-gone'],
    [nameOf(reimported)]: ['should-be-gone'],
    [nameOf(otherId)]: ['should-be-gone'],
    [nameOf(erased)]: ['erased-is-back'],
    [nameOf(suppressed)]: ['suppressed-is-there'],
    [stranger]: ['stranger'],
    [nameOf(raised)]: ['permission-up Events'],
    [nameOf(reset)]: ['permission-up Newsletter'],
    [nameOf(missing)]: ['missing'],
    [nameOf(edited)]: ['changed-by-hand city firstName'],
    [nameOf(moved)]: ['changed-by-hand address'],
    [nameOf(renamed)]: ['changed-by-hand externalId'],
    [nameOf(behind)]: ['not-applied', 'permission-up Newsletter'],
    [nameOf(imported)]: ['appeared', 'permission-up Newsletter'],
  });
  expect(report.targets).toMatchObject([{ target: 'main', asked: 14, trouble: undefined, comparesData: true }]);
  expect(report.repaired).toBeUndefined();
  // Looking changes nothing, neither there nor in the ledger.
  expect(writes(world)).toEqual(before);
  expect(found(await look(worker))).toEqual(found(report));

  const mended = await look(worker, { repair: true });
  expect(mended.repaired).toEqual({ owed: 13, erasures: 1, byHand: 0, overtaken: 0 });
  await worker.settle(30);

  expect(found(await look(worker))).toEqual({});
  for (const person of [deleted, reimported, otherId, erased, suppressed])
    expect(contactOf(world, person.email)).toBeUndefined();
  expect(world.spotler.contactByExternalId(stranger)).toBeUndefined();
  expect(world.spotler.contactByExternalId('webshop-12')).toBeDefined();
  expect(permissionsOf(world, raised.email)).toEqual({ Newsletter: true, Events: false });
  expect(permissionsOf(world, reset.email)).toEqual({ Newsletter: false, Events: false });
  expect(permissionsOf(world, missing.email)).toEqual({ Newsletter: true, Events: true });
  expect(contactOf(world, edited.email)?.properties).not.toMatchObject({ city: 'Elsewhere' });
  expect(contactOf(world, moved.email)?.externalId).toBe(moved.id);
  expect(contactOf(world, renamed.email)?.externalId).toBe(renamed.id);
  expect(permissionsOf(world, behind.email)).toEqual({ Newsletter: false, Events: true });
  expect(permissionsOf(world, imported.email)).toEqual({ Newsletter: false, Events: false });
  expect(permissionsOf(world, healthy.email)).toEqual({ Newsletter: true, Events: true });
  const evidence = await worker.query<{ detail: string }>(
    `select detail from evidence where act = 'audit-repair' and actor = 'tester' order by detail`,
  );
  expect(evidence).toHaveLength(14);
});

test('nobody who was erased on request or is on the suppression list is created, and nobody is raised', async () => {
  const { world } = scene;
  const [erased, suppressed, free] = addPeople(world, 3) as [Person, Person, Person];
  const worker = await scene.open();
  await worker.settle();
  await requestErasure(worker.core, refOf(erased), 'tester');
  await worker.settle();
  await worker.core.store.suppressions.add('record', nameOf(suppressed), 'asked for');
  await anonymizeByHand(world, { email: suppressed.email });
  await unsubscribe(world, free.email, 'Newsletter');
  // The ledger forgets what it wrote: as after a restored backup.
  await worker.query(
    `update profile set state = 'live', data_fingerprint = null, permission_fingerprint = null
    where key in (select profile_key from delivery where id = any($1))`,
    [[erased.id, suppressed.id, free.id]],
  );

  const report = await look(worker, { repair: true });
  await worker.settle(30);

  expect(found(report)).toMatchObject({ [nameOf(free)]: ['not-applied'], [nameOf(suppressed)]: ['not-applied'] });
  expect(report.targets[0]?.optedOut).toBe(1);
  expect(contactOf(world, erased.email)).toBeUndefined();
  expect(contactOf(world, suppressed.email)).toBeUndefined();
  expect(permissionsOf(world, free.email)).toEqual({ Newsletter: false, Events: true });
});

test('what an audit wants anonymized is one lot for the brake, and who waits there is lowered again', async () => {
  const { world } = scene;
  const people = addPeople(world, 3);
  const worker = await scene.open({ config: { brake: { minCount: 2, maxPercent: 1 } } });
  await worker.settle();
  for (const person of people) {
    remove(world, person);
    await loseNews(worker, person);
  }

  const report = await look(worker, { repair: true });
  await worker.settle(30);

  expect(report.drifts.map(({ cause }) => cause)).toEqual(['should-be-gone', 'should-be-gone', 'should-be-gone']);
  expect((await worker.core.store.brake.holds()).map(({ state, cases }) => [state, cases])).toEqual([['open', 3]]);
  const [first] = people as [Person];
  expect(permissionsOf(world, first.email)).toEqual({ Newsletter: false, Events: false });

  // Somebody raises a permission of a person who waits.
  await changeByHand(world, { email: first.email }, { permissions: { Events: true } });
  const again = await look(worker, { repair: true });
  await worker.settle(30);

  expect(found(again)).toEqual({ [nameOf(first)]: ['permission-up Events'] });
  expect(again.targets[0]?.waiting).toEqual({ held: 3 });
  expect(permissionsOf(world, first.email)).toEqual({ Newsletter: false, Events: false });
  expect(await ledgerOf(worker, first)).toMatchObject({ state: 'held', parked: null });
  const [hold] = await worker.core.store.brake.holds();
  await decideHold(worker.core, Number(hold?.id), 'approved', 'tester');
  await worker.settle(30);
  expect(found(await look(worker))).toEqual({});
  for (const { email } of people) expect(contactOf(world, email)).toBeUndefined();
});

test('an opt-out that is remembered outlives who is taken in by hand and anonymized again', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await unsubscribe(world, anna.email, 'Newsletter');
  edit(world, anna, { donotemail: true });
  await worker.settle();
  world.spotler.addContacts([
    { externalId: 'import-1', properties: { email: anna.email }, permissions: { Newsletter: true, Events: true } },
  ]);
  await look(worker, { repair: true });
  await worker.settle(30);
  expect(contactOf(world, anna.email)).toBeUndefined();
  edit(world, anna, { donotemail: false });
  await worker.settle();
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: false, Events: true });
});

test('what is owed or parked is told as such; a contact without an external id is left to a hand', async () => {
  const { world } = scene;
  const [owed, nameless] = addPeople(world, 2) as [Person, Person];
  const worker = await scene.open();
  await worker.settle();
  edit(world, nameless, { donotemail: true });
  await worker.settle();
  world.spotler.addContacts([{ properties: { email: nameless.email } }]);
  edit(world, owed, { firstname: 'Newer' });
  await worker.pull();

  const report = await look(worker, { repair: true });
  expect(found(report)).toEqual({ [nameOf(nameless)]: ['should-be-gone'] });
  expect(report.targets[0]?.waiting).toEqual({ owed: 1 });
  await worker.settle(30);

  const after = await look(worker);
  expect(found(after)).toEqual({});
  expect(after.targets[0]?.waiting).toEqual({ parked: 1 });
  expect(await ledgerOf(worker, nameless)).toMatchObject({ parked: 'OUTCOME_MANUAL' });
});

test('a sample asks about no more people than it says, in the spare time of the target only, and meets who came back', async () => {
  const { world } = scene;
  const people = addPeople(world, 12);
  const worker = await scene.open();
  await worker.settle();
  const [back] = people as [Person];
  remove(world, back);
  await worker.settle();
  world.spotler.addContacts([{ externalId: back.id, properties: { email: back.email } }]);
  const busy = new Proxy({} as Platform, {
    get(_, call) {
      throw new Error(`an audit may not call ${String(call)} in everybody's turn`);
    },
  });
  const targets = new Map(
    [...worker.core.targets].map(([name, target]) => {
      const { capabilities } = target.platform;
      return [name, { ...target, platform: Object.assign(Object.create(busy), { capabilities }), urgent: busy }];
    }),
  );
  const before = world.spotler.counts();

  const report = await audit({ ...worker.core, targets }, { repair: false, actor: 'tester', signal, sample: 3 });

  expect(found(report)).toEqual({ [nameOf(back)]: ['should-be-gone'] });
  // One who came back, and three of the sample unless that one is among them.
  const { asked = 0 } = report.targets[0] ?? {};
  expect([3, 4]).toContain(asked);
  const calls = Object.entries(world.spotler.counts()).map(([kind, n]) => [kind, n - (before[kind] ?? 0)]);
  const { 'GET /contact/updates/list': listed = 0, ...rest } = Object.fromEntries(calls) as Record<string, number>;
  expect(listed).toBe(1);
  // A look under the id, one under the address, and what the account offers once.
  expect(Object.values(rest).reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(2 * asked + 1);
});

test('news that nobody has read yet are owed and no drift', async () => {
  const { world } = scene;
  const [gone, changed] = addPeople(world, 2) as [Person, Person];
  const worker = await scene.open();
  await worker.settle();
  remove(world, gone);
  edit(world, changed, { firstname: 'Newer', new_events: false });

  const report = await look(worker);

  expect(report.drifts).toEqual([]);
  expect(report.targets[0]?.waiting).toEqual({ owed: 2 });
  await worker.settle();
  expect((await look(worker)).targets[0]?.waiting).toEqual({});
});

test('the audit by schedule mends nothing, and raises an alarm until it finds no drift any more', async () => {
  const { world } = scene;
  const anna = addPerson(world, { new_events: false });
  const worker = await scene.open({ config: { audit: { sample: 10 } } });
  await worker.settle();
  await changeByHand(world, { email: anna.email }, { permissions: { Events: true } });

  await worker.useCases.audit(signal);
  await worker.useCases.audit(signal);
  expect(worker.alarms()).toEqual(['drift']);
  expect(permissionsOf(world, anna.email)).toEqual({ Newsletter: true, Events: true });

  await look(worker, { repair: true });
  await worker.settle(30);
  await worker.useCases.audit(signal);
  const messages = worker.log.lines.map(({ message }) => message);
  expect(messages.filter((message) => message === 'alarm cleared')).toHaveLength(1);
});
