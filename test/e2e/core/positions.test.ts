/** Expired and lost positions in the change feed, and everything the ledger must not be mixed up with. */
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
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import { openWorker, type Worker } from '../../support/worker.ts';

const scene = scenario();

test('an expired token: edits, creations and deletes of the gap are all found', async () => {
  const { world } = scene;
  const [anna, ben] = addPeople(world, 4);
  const worker = await scene.open();
  await worker.settle();
  edit(world, anna!, { firstname: 'Edited' });
  remove(world, ben!);
  const created = addPerson(world);
  world.dataverse.changeMetadata('contact');
  await worker.settle();
  expect(contactOf(world, anna!.email)?.properties.firstName).toBe('Edited');
  expect(contactOf(world, ben!.email)).toBeUndefined();
  expect(contactOf(world, created.email)).toBeDefined();
  expect(await ledgerOf(worker, ben!)).toMatchObject({ state: 'anonymized', rule: 'deleted' });
  expect(livePeople(world)).toHaveLength(4);
});

test('a full read after an expired token writes nobody who is unchanged', async () => {
  const { world } = scene;
  addPeople(world, 20);
  const worker = await scene.open();
  await worker.settle();
  world.spotler.resetCounts();
  world.dataverse.changeMetadata('contact');
  await worker.settle();
  expect(writes(world)).toEqual({});
});

test('a position that Dataverse does not know any more is read again from the start, with an alarm', async () => {
  const { world } = scene;
  const [anna, ben] = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  await worker.query(`update checkpoint set link = regexp_replace(link, 'deltatoken=.*', 'deltatoken=nonsense')
    where crm_table = 'contact'`);
  edit(world, anna!, { firstname: 'Edited' });
  remove(world, ben!);
  await worker.settle();
  expect(worker.alarms()).toContain('feed-position-lost');
  expect(contactOf(world, anna!.email)?.properties.firstName).toBe('Edited');
  expect(contactOf(world, ben!.email)).toBeUndefined();
});

test('people deleted during the initial load, between feed and rows, are not created; a second look finds the rest', async () => {
  const { world } = scene;
  const people = addPeople(world, 6);
  const worker = await scene.open({ config: { dataverse: { pageSize: 2 } } });
  let pages = 0;
  const { crm } = worker.core;
  const follow = crm.followChanges.bind(crm);
  Object.assign(crm, {
    followChanges: async (...args: Parameters<typeof follow>) => {
      pages += 1;
      if (pages === 1) remove(world, people[0]!);
      return follow(...args);
    },
  });
  await worker.settle();
  expect(livePeople(world)).toHaveLength(5);
  expect(await ledgerOf(worker, people[0]!)).toMatchObject({ rule: 'deleted', due: false });
});

test('people deleted while everything is read again, some before their page and some after it, are all found', async () => {
  const { world } = scene;
  const people = addPeople(world, 6);
  const worker = await scene.open({ config: { dataverse: { pageSize: 2 } } });
  await worker.settle();
  world.dataverse.changeMetadata('contact');
  const { crm } = worker.core;
  const follow = crm.followChanges.bind(crm);
  let pages = 0;
  Object.assign(crm, {
    followChanges: async (...args: Parameters<typeof follow>) => {
      // The first is the expired position; then page two of three is asked for.
      pages += 1;
      if (pages === 2) for (const person of [people[0]!, people[5]!]) remove(world, person);
      return follow(...args);
    },
  });
  await worker.settle();
  expect(pages).toBeGreaterThan(2);
  expect(livePeople(world)).toHaveLength(4);
  for (const person of [people[0]!, people[5]!])
    expect(await ledgerOf(worker, person)).toMatchObject({ state: 'anonymized', rule: 'deleted', due: false });
});

test('a ledger that missed a delete finds it by the daily comparison', async () => {
  const { world } = scene;
  const [anna] = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  remove(world, anna!);
  // The feed's news is lost: the position moves on without it.
  const page = await worker.core.crm.startChanges('contact', 100, AbortSignal.timeout(5000));
  await worker.query(`update checkpoint set link = $1 where crm_table = 'contact'`, [page.deltaLink]);
  await worker.settle();
  expect(contactOf(world, anna!.email)).toBeDefined();
  await worker.useCases.reconcile(AbortSignal.timeout(10_000));
  await worker.settle();
  expect(contactOf(world, anna!.email)).toBeUndefined();
});

test('a ledger that missed a record finds it by the daily comparison', async () => {
  const { world } = scene;
  addPeople(world, 2);
  const worker = await scene.open();
  await worker.settle();
  const late = addPerson(world);
  const page = await worker.core.crm.startChanges('contact', 100, AbortSignal.timeout(5000));
  await worker.query(`update checkpoint set link = $1 where crm_table = 'contact'`, [page.deltaLink]);
  await worker.useCases.reconcile(AbortSignal.timeout(10_000));
  await worker.settle();
  expect(contactOf(world, late.email)).toBeDefined();
});

async function refusalOf(open: Promise<Worker>): Promise<unknown> {
  try {
    await (await open).close();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

test('another organization under the same URL is refused, and nobody is anonymized', async () => {
  const { world } = scene;
  addPeople(world, 2);
  const worker = await scene.open();
  await worker.settle();
  world.dataverse.crm.changeOrganizationId();
  expect(await refusalOf(openWorker(world, { database: worker.database }))).toBe('ORGANIZATION_CHANGED');
  expect(anonymizedCount(world)).toBe(0);
});

test.each(['address', 'record'])(
  'an organization that changes under a running worker erases nobody, identity: %s',
  async (identity) => {
    const { world } = scene;
    const [anna, ben] = addPeople(world, 3);
    const worker = await scene.open({ target: { identity } });
    await worker.settle();
    edit(world, ben!, { firstname: 'Edited' });
    await worker.pull();
    world.dataverse.crm.changeOrganizationId();
    remove(world, anna!);
    remove(world, ben!);
    await expect(worker.pull()).rejects.toMatchObject({ code: 'ORGANIZATION_CHANGED' });
    await worker.applyDue();
    expect(anonymizedCount(world)).toBe(0);
  },
);

test('a hash key that is not the ledger’s is refused', async () => {
  const { world } = scene;
  const worker = await scene.open();
  const config = { privacy: { hashKey: 'another-hash-key-0123456789abcdefghijk' } };
  expect(await refusalOf(openWorker(world, { database: worker.database, config }))).toBe('HASH_KEY_DIFFERS');
});

test('a target that became another account is refused until somebody accepts it', async () => {
  const { world } = scene;
  const worker = await scene.open();
  expect(
    await refusalOf(openWorker(world, { database: worker.database, target: { consumerKey: 'another-key' } })),
  ).toBe('TARGET_CHANGED');
});

test('a command whose configuration is not the one in force does not join', async () => {
  const { world } = scene;
  const worker = await scene.open();
  const config = { rules: { anonymizeContactWhenInactive: true } };
  const open = openWorker(world, { database: worker.database, config, configuration: 'join' });
  expect(await refusalOf(open)).toBe('CONFIGURATION_DIFFERS');
});
