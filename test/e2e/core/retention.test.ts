/** What is over is forgotten in time, and nothing that somebody still needs. */
import { expect, test } from '@jest/globals';
import { suppress } from '../../../src/sync/operate.ts';
import { requestErasure } from '../../../src/sync/request-erasure.ts';
import {
  addJob,
  addPeople,
  addPerson,
  contactOf,
  edit,
  jobState,
  livePeople,
  type Person,
  permissionsOf,
  remove,
  unsubscribe,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
const { signal } = new AbortController();
const day = 86_400;

/** So many days later, the daily round included. */
async function later(worker: Worker, days: number): Promise<void> {
  await worker.passSeconds(days * day);
  await worker.useCases.housekeeping(signal);
}

async function counts(worker: Worker): Promise<Record<string, number>> {
  const tables = ['record', 'delivery', 'profile', 'contact_key', 'hold_case'];
  const each = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`);
  const rows = await worker.query<Record<string, number>>(`select ${each.join(', ')}`);
  return rows[0]!;
}

async function knows(worker: Worker, person: Person): Promise<boolean> {
  return (await worker.query('select 1 from record where id = $1', [person.id])).length > 0;
}

test('somebody who is gone is forgotten after goneDays, with all that the targets remembered', async () => {
  const { world } = scene;
  const [gone, , stays] = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  remove(world, gone!);
  edit(world, stays!, { donotemail: true });
  await worker.settle();
  await later(worker, 89);
  expect(await counts(worker)).toMatchObject({ record: 3, delivery: 3, profile: 3 });
  await later(worker, 2);
  expect(await counts(worker)).toEqual({ record: 2, delivery: 2, profile: 2, contact_key: 2, hold_case: 0 });
  expect(await knows(worker, gone!)).toBe(false);
  expect(await knows(worker, stays!)).toBe(true);
});

test('an opt-out is remembered for as long as somebody may come back, and no longer', async () => {
  const { world } = scene;
  const [one, two] = addPeople(world, 2);
  const worker = await scene.open();
  await worker.settle();
  for (const person of [one!, two!]) {
    await unsubscribe(world, person.email, 'Events');
    remove(world, person);
  }
  await worker.settle();
  await later(worker, 80);
  addPerson(world, { emailaddress1: one!.email });
  await worker.settle();
  expect(permissionsOf(world, one!.email)).toEqual({ Newsletter: true, Events: false });
  await later(worker, 20);
  addPerson(world, { emailaddress1: two!.email });
  await worker.settle();
  expect(permissionsOf(world, two!.email)).toEqual({ Newsletter: true, Events: true });
});

test('a deleted record stays while another record of the profile has to hear its say', async () => {
  const { world } = scene;
  const contact = addPerson(world);
  const lead = addPerson(world, { emailaddress1: contact.email, statecode: 1 }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  remove(world, contact);
  await worker.settle();
  expect(contactOf(world, contact.email)).toBeUndefined();
  await later(worker, 400);
  expect(await knows(worker, contact)).toBe(true);
  edit(world, lead, { address1_city: 'Assen' });
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
  remove(world, lead);
  await worker.settle();
  await later(worker, 91);
  expect(await counts(worker)).toEqual({ record: 0, delivery: 0, profile: 0, contact_key: 0, hold_case: 0 });
});

test('what is parked, held, asked for or not answered stays', async () => {
  const { world } = scene;
  const [held, parked, asked, sent] = addPeople(world, 4);
  const worker = await scene.open({ config: { brake: { minCount: 1, maxPercent: 0 } } });
  await worker.settle();
  for (const person of [held!, parked!, asked!, sent!]) remove(world, person);
  await worker.settle();
  await worker.query(`update record set gone_at = now() where true`);
  await worker.query(
    `delete from hold_case where profile_key not in (select profile_key from delivery where id = $1)`,
    [held!.id],
  );
  await worker.query(`update profile set state = 'absent' where key not in (select profile_key from hold_case)`);
  await worker.query(`update delivery set parked_code = 'X', due_at = null where id = $1`, [parked!.id]);
  await worker.query(
    `insert into erasure (id, source, crm_table, record_id) values (gen_random_uuid(), 'cli', 'contact', $1)`,
    [asked!.id],
  );
  await worker.query(
    `insert into intent (id, target, profile_key, kind, lease_token)
      select gen_random_uuid(), target, profile_key, 'upsert', gen_random_uuid() from delivery where id = $1`,
    [sent!.id],
  );
  await later(worker, 400);
  expect(await counts(worker)).toMatchObject({ record: 4, delivery: 4, profile: 4 });
  await worker.query('delete from intent');
  await worker.query(`update delivery set parked_code = null`);
  await later(worker, 1);
  expect(await Promise.all([held!, parked!, asked!, sent!].map((person) => knows(worker, person)))).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('what nobody touched since is not forgotten because of its age', async () => {
  const { world } = scene;
  addPeople(world, 3, { donotemail: true });
  addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  const before = await counts(worker);
  await later(worker, 4000);
  expect(await counts(worker)).toEqual(before);
});

test('a suppression outlives the record', async () => {
  const { world } = scene;
  const person = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  await suppress(worker.core, { address: person.email }, 'anna');
  await worker.settle();
  remove(world, person);
  await worker.settle();
  await later(worker, 91);
  expect(await knows(worker, person)).toBe(false);
  addPerson(world, { emailaddress1: person.email });
  await worker.settle();
  expect(livePeople(world)).toEqual([]);
});

test('a former address is forgotten, the person is not', async () => {
  const { world } = scene;
  const person = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  edit(world, person, { emailaddress1: 'moved@people.example' });
  await worker.settle();
  await worker.passSeconds(60);
  await worker.settle();
  expect((await counts(worker)).profile).toBe(2);
  await later(worker, 91);
  expect((await counts(worker)).profile).toBe(1);
  expect(contactOf(world, 'moved@people.example')).toBeDefined();
});

test('finished erasures and jobs go after jobDays, open ones stay, and what they proved stays longer', async () => {
  const { world } = scene;
  const [asked, byJob, open] = addPeople(world, 3);
  const worker = await scene.open();
  await worker.settle();
  await requestErasure(worker.core, { table: 'contact', id: asked!.id as never }, 'anna');
  const job = addJob(world, 'anonymize', byJob);
  await worker.settle();
  expect(jobState(world, job)?.status).toBe('succeeded');
  await worker.query(
    `insert into erasure (id, source, crm_table, record_id) values (gen_random_uuid(), 'cli', 'contact', $1)`,
    [open!.id],
  );
  await later(worker, 91);
  expect(await worker.query('select record_id, state from erasure')).toEqual([{ record_id: open!.id, state: 'open' }]);
  expect(await worker.query('select * from marketing_job')).toEqual([]);
  expect(await worker.core.store.evidence.of({ table: 'contact', id: asked!.id as never }, 10)).toMatchObject([
    { act: 'anonymize' },
    { act: 'erasure-requested' },
  ]);
});

test('the daily round is done by one process an hour', async () => {
  const worker = await scene.open();
  const turns = await Promise.all([1, 2, 3].map(() => worker.core.store.retention.isTurn(3600)));
  expect(turns.filter(Boolean)).toHaveLength(1);
  await worker.passSeconds(3601);
  expect(await worker.core.store.retention.isTurn(3600)).toBe(true);
});
