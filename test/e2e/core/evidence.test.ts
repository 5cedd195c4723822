/** What was done can be proved: every act that lowers or erases, with its reason, and sealed so that nobody changes it. */
import { expect, test } from '@jest/globals';
import type { TargetName } from '../../../config/words.ts';
import {
  acceptTarget,
  decideHold,
  pauseTarget,
  resumeTarget,
  suppress,
  unsuppress,
} from '../../../src/sync/operate.ts';
import { requestErasure } from '../../../src/sync/request-erasure.ts';
import { verifyEvidence } from '../../../src/sync/seal-evidence.ts';
import { addJob, addPeople, addPerson, edit, type Person, remove } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
const { signal } = new AbortController();
const day = 86_400;

function lines(worker: Worker, person: Person) {
  return worker.core.store.evidence.of({ table: person.table, id: person.id as never }, 100);
}

async function seal(worker: Worker): Promise<void> {
  await worker.useCases.housekeeping(signal);
}

/** As somebody would who may do anything in the database. */
async function tamper(worker: Worker, ...statements: string[]): Promise<void> {
  for (const table of ['evidence', 'evidence_leaf', 'evidence_seal']) {
    await worker.query(`alter table ${table} disable trigger user`);
  }
  for (const statement of statements) await worker.query(statement);
  for (const table of ['evidence', 'evidence_leaf', 'evidence_seal']) {
    await worker.query(`alter table ${table} enable trigger user`);
  }
}

async function addRows(worker: Worker, count: number, ageDays = 0): Promise<void> {
  const at = new Date(Date.now() - ageDays * day * 1000);
  const row = { act: 'test', at, target: null, crm_table: null, record_id: null, profile_key: null, rule: null };
  const rest = { trigger: null, outcome: null, status: null, request_id: null, detail: null, actor: null };
  await worker.core.store.evidence.append(
    Array.from({ length: count }, () => ({ ...row, ...rest, configuration: null })),
  );
}

/** Three seals over two rows each. */
async function sealed(config: object = {}): Promise<Worker> {
  const worker = await scene.open({ config: config as never });
  for (let round = 0; round < 3; round++) {
    await addRows(worker, 2);
    await seal(worker);
  }
  return worker;
}

async function findings(worker: Worker): Promise<string[]> {
  const report = await verifyEvidence(worker.core);
  return report.findings.map(({ kind, seal: number, row }) => `${kind} ${row ?? ''}/${number ?? ''}`);
}

test('each act that erases or lowers leaves its rule, its cause, the configuration and the answer', async () => {
  const { world } = scene;
  const [gone, mail, bulk, asked] = [addPerson(world), addPerson(world), addPerson(world), addPerson(world)];
  const worker = await scene.open();
  await worker.settle();
  remove(world, gone);
  edit(world, mail, { new_newsletter: false });
  edit(world, bulk, { donotbulkemail: true });
  const erasure = await requestErasure(worker.core, { table: 'contact', id: asked.id as never }, 'anna');
  await worker.settle();

  const act = (name: string, rule: string, more: object = {}) => ({
    act: name,
    rule,
    outcome: 'done',
    status: expect.any(Number),
    answered_at: expect.any(Date),
    configuration: worker.core.configuration,
    target: 'main',
    ...more,
  });
  expect(await lines(worker, gone)).toMatchObject([act('anonymize', 'deleted', { members: [`contact/${gone.id}`] })]);
  expect(await lines(worker, mail)).toMatchObject([
    act('lowerPermissions', 'eligible', { detail: 'lowered Newsletter' }),
  ]);
  expect(await lines(worker, bulk)).toMatchObject([
    act('resetPermissions', 'do-not-bulk-email', { trigger: 'change' }),
  ]);
  expect(await lines(worker, asked)).toMatchObject([
    act('anonymize', 'erased-on-request', { trigger: `erasure ${erasure.id}`, members: [`contact/${asked.id}`] }),
    { act: 'erasure-requested', actor: 'anna', trigger: 'command', detail: `erasure ${erasure.id}` },
  ]);
});

test('a marketing job leaves who asked: the job', async () => {
  const { world } = scene;
  const person = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  const job = addJob(world, 'anonymize', person);
  await worker.settle();
  expect(await lines(worker, person)).toMatchObject([
    { act: 'anonymize', actor: 'job' },
    { act: 'erasure-requested', actor: 'job', trigger: `marketing job ${job}` },
  ]);
});

test('a record that shared the profile finds the act as well', async () => {
  const { world } = scene;
  const contact = addPerson(world);
  const lead = addPerson(world, { emailaddress1: contact.email }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  await requestErasure(worker.core, { table: 'contact', id: contact.id as never }, 'anna');
  await worker.settle();
  expect(await lines(worker, lead)).toMatchObject([
    { act: 'anonymize', record_id: contact.id, members: [`contact/${contact.id}`, `lead/${lead.id}`] },
  ]);
});

test('who let somebody pass stands at each case and at the erasure', async () => {
  const { world } = scene;
  const people = addPeople(world, 6);
  const worker = await scene.open({ config: { brake: { minCount: 0, maxPercent: 0 } } });
  await worker.settle();
  for (const person of people.slice(0, 2)) remove(world, person);
  await worker.settle();
  const [first] = await worker.core.store.brake.holds();
  await decideHold(worker.core, first!.id, 'approved', 'anna');
  await worker.settle();
  const gone = await lines(worker, people[0]!);
  expect(gone.filter((line) => line.act !== 'hold')).toMatchObject([
    { act: 'anonymize', detail: `approved hold ${first!.id} by anna`, actor: 'anna' },
    { act: 'hold-approved', rule: 'deleted', actor: 'anna', members: [`contact/${people[0]!.id}`] },
  ]);
  remove(world, people[3]!);
  await worker.settle();
  const second = (await worker.core.store.brake.holds()).find((hold) => hold.state === 'open')!;
  await decideHold(worker.core, second.id, 'rejected', 'ben');
  await worker.settle();
  expect((await lines(worker, people[3]!))[0]).toMatchObject({ act: 'hold-rejected', actor: 'ben' });
});

test('an erasure above the hourly limit says who approved it', async () => {
  const { world } = scene;
  const person = addPerson(world);
  const worker = await scene.open({ config: { brake: { maxExplicitPerHour: 0 } } });
  await worker.settle();
  await requestErasure(worker.core, { table: 'contact', id: person.id as never }, 'anna');
  await worker.settle();
  const [hold] = await worker.core.store.brake.holds();
  await decideHold(worker.core, hold!.id, 'approved', 'ben');
  await worker.settle();
  expect(await lines(worker, person)).toMatchObject([
    { act: 'anonymize', detail: `approved hold ${hold!.id} by ben`, actor: 'ben' },
    { act: 'hold-approved', actor: 'ben' },
    { act: 'erasure-requested', actor: 'anna' },
  ]);
});

test('what an operator does has its name on it', async () => {
  const { world } = scene;
  const person = addPerson(world);
  const worker = await scene.open();
  await worker.settle();
  const main = 'main' as TargetName;
  await pauseTarget(worker.core, main, 'anna');
  await resumeTarget(worker.core, main, 'anna');
  await acceptTarget(worker.core, main, worker.core.targets.get(main)!.platform.account, 'anna');
  await suppress(worker.core, { ref: { table: 'contact', id: person.id as never } }, 'anna');
  await unsuppress(worker.core, { ref: { table: 'contact', id: person.id as never } }, 'anna');
  const acts = await worker.query<{ act: string }>(`select act from evidence where actor = 'anna' order by id`);
  expect(acts.map(({ act }) => act)).toEqual(['pause', 'resume', 'accept-account', 'suppress', 'unsuppress']);
});

test('the database refuses to change or remove a row, sealed or not', async () => {
  const worker = await sealed();
  await addRows(worker, 1);
  const refused = 'evidence is append-only';
  await expect(worker.query(`update evidence set act = 'other'`)).rejects.toThrow(refused);
  await expect(worker.query('delete from evidence')).rejects.toThrow(refused);
  await expect(worker.query('truncate evidence')).rejects.toThrow(refused);
  await expect(worker.query('delete from evidence_leaf')).rejects.toThrow(refused);
  await expect(worker.query(`update evidence_seal set mark = ''`)).rejects.toThrow(refused);
  await expect(worker.query('delete from evidence_seal')).rejects.toThrow(refused);
  const retention = `select set_config('connector.retention', 'on', true);`;
  await expect(worker.query(`begin; ${retention} delete from evidence where id = 7; commit`)).rejects.toThrow(refused);
  await expect(worker.query(`begin; ${retention} delete from evidence_seal; commit`)).rejects.toThrow(refused);
  expect(await worker.query('select count(*)::int as n from evidence')).toEqual([{ n: 7 }]);
});

test('what was not touched verifies, also the part that waits for its seal', async () => {
  const worker = await sealed();
  await addRows(worker, 1);
  expect(await verifyEvidence(worker.core)).toMatchObject({ seals: 3, rows: 7, waiting: 1, dropped: 0, findings: [] });
});

test('two that seal at once make one seal', async () => {
  const worker = await scene.open();
  await addRows(worker, 5);
  await Promise.all([seal(worker), seal(worker), seal(worker)]);
  expect(await verifyEvidence(worker.core)).toMatchObject({ seals: 1, rows: 5, waiting: 0, findings: [] });
});

test.each([
  ['a row that was altered', [`update evidence set outcome = 'done' where id = 3`], ['row-altered 3/2']],
  ['a time that was altered', [`update evidence set at = at - interval '1 day' where id = 1`], ['row-altered 1/1']],
  ['a row that was removed', ['delete from evidence where id = 4'], ['row-removed 4/2']],
  [
    'a row that was removed together with its hash',
    ['delete from evidence where id = 4', 'delete from evidence_leaf where evidence_id = 4'],
    ['seal-altered /2'],
  ],
  [
    'a row that was altered together with its hash',
    [
      `update evidence set actor = 'other' where id = 4`,
      'update evidence_leaf set hash = evidence_hash(e) from evidence e where e.id = 4 and evidence_id = 4',
    ],
    ['seal-altered /2'],
  ],
  [
    'a seal that was altered',
    [`update evidence_seal set retained_from = '2999-01-01' where id = 2`],
    ['seal-altered /2', 'seal-altered /3'],
  ],
  [
    'a hash that was altered',
    [`update evidence_seal set hash = repeat('0', 64) where id = 1`],
    ['seal-altered /1', 'seal-not-ours /1', 'seal-altered /2'],
  ],
  [
    'a seal that was removed with all its rows',
    [
      'delete from evidence_leaf where seal_id = 2',
      'delete from evidence_seal where id = 2',
      'delete from evidence where id in (3, 4)',
    ],
    ['seal-removed /2'],
  ],
  [
    'a row that was kept from being sealed',
    [`insert into evidence (act) values ('late')`, 'delete from evidence_new'],
    ['row-left-out 7/'],
  ],
  [
    'a row that was removed before its seal',
    [`insert into evidence (act) values ('late')`, 'insert into evidence_new values (8)'],
    ['row-removed 8/', 'row-left-out 7/'],
  ],
])('finds %s', async (_name, statements, expected) => {
  const worker = await sealed();
  await tamper(worker, ...statements);
  expect((await findings(worker)).sort()).toEqual([...expected].sort());
});

test('a seal that was made without the key is found, and one made with a former key is not', async () => {
  const first = await sealed();
  const { core } = first;
  const other = (mark: string) => ({ ...core, keyring: { ...core.keyring, keyId: 'other', mark: () => mark } });
  const report = await verifyEvidence(other('forged'));
  expect(report.findings.map(({ kind }) => kind)).toEqual(['seal-not-ours', 'seal-not-ours', 'seal-not-ours']);
  const unlisted = { ...core, keyring: { ...core.keyring, mark: () => undefined } };
  expect((await verifyEvidence(unlisted)).findings).toEqual([{ kind: 'seal-not-ours', seal: 1, row: undefined }]);
  // The chain carries what was sealed with a key that is forgotten by now, as soon as the present key sealed again.
  await addRows(first, 1);
  const second = {
    ...core.keyring,
    keyId: 'second',
    mark: (id: string, text: string) => (id === 'second' ? `2 ${text}` : undefined),
  };
  await core.store.evidenceSeals.seal(second, 1095);
  expect((await core.store.evidenceSeals.verify(second)).findings).toEqual([]);
});

test('the newest seals cannot be removed from under a hash that was kept elsewhere', async () => {
  const worker = await sealed();
  const { newest } = await verifyEvidence(worker.core);
  await tamper(
    worker,
    'delete from evidence_leaf where seal_id = 3',
    'delete from evidence_seal where id = 3',
    'delete from evidence where id in (5, 6)',
  );
  expect(await verifyEvidence(worker.core, newest?.hash)).toMatchObject({ findings: [], contains: false });
});

test('a row whose time is over is dropped, and the seals still hold', async () => {
  const worker = await scene.open({ config: { retention: { evidenceDays: 30 } } });
  await addRows(worker, 2, 40);
  await addRows(worker, 1, 10);
  await seal(worker);
  expect(await verifyEvidence(worker.core)).toMatchObject({ rows: 1, dropped: 2, findings: [] });
  await addRows(worker, 2, 40);
  await seal(worker);
  await seal(worker);
  expect(await verifyEvidence(worker.core)).toMatchObject({ rows: 1, dropped: 4, findings: [] });
  await tamper(worker, 'delete from evidence');
  expect(await findings(worker)).toEqual(['row-removed 3/1']);
});

test('a longer time to keep does not excuse a row that was removed, nor a shorter one afterwards', async () => {
  const worker = await scene.open({ config: { retention: { evidenceDays: 30 } } });
  await addRows(worker, 1, 20);
  await seal(worker);
  await tamper(worker, 'delete from evidence');
  expect(await findings(worker)).toEqual(['row-removed 1/1']);
});
