/** What CRM users read on the timeline of a record, and that nothing comes of it but that. */
import { describe, expect, test } from '@jest/globals';
import {
  addJob,
  addPeople,
  addPerson,
  contactOf,
  edit,
  jobState,
  ledgerOf,
  livePeople,
  type Person,
  remove,
  spoil,
  writes,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const forAll = { config: { notes: { for: 'everybody' } } };
const exceptions = { config: { notes: {} } };

interface Note {
  readonly id: string;
  readonly about: string;
  readonly subject: string;
  readonly text: string;
}

function notes(): Note[] {
  return [...scene.world.dataverse.crm.store.table('annotation').rows.values()].map(({ id, values }) => {
    const about = values.objectid as { table: string; id: string };
    return {
      id,
      about: `${about.table}/${about.id}`,
      subject: String(values.subject),
      text: String(values.notetext),
    };
  });
}

function noteOf(person: Person): string | undefined {
  const own = notes().filter(({ about }) => about === `${person.table}/${person.id}`);
  if (own.length > 1) throw new Error('a record has two notes');
  return own[0]?.text;
}

/** What happens once a minute. */
async function minute(worker: Worker): Promise<void> {
  await worker.useCases.housekeeping(signal());
}

const versionOf = (person: Person): number | undefined =>
  scene.world.dataverse.crm.store.row(person.table, person.id)?.version;
const calls = (kind: string): number => scene.world.dataverse.counts()[kind] ?? 0;

describe('a record that is anything but synchronised', () => {
  test('gets one note with decision, rule, reason and how the person stands on the target', async () => {
    const { world } = scene;
    const [plain, silent, lowered] = [
      addPerson(world),
      addPerson(world, { donotemail: true }),
      addPerson(world, { donotbulkemail: true }, 'lead'),
    ];
    const worker = await scene.open(exceptions);
    await worker.settle();

    await minute(worker);

    expect(noteOf(plain)).toBeUndefined();
    expect(noteOf(silent)).toMatch(
      /^Decision: anonymize\. The record says that this person must not be emailed\. \(rule do-not-email\)\nmain: not there\.\nAs of 20\d\d-\d\d-\d\d \d\d:\d\d UTC\./,
    );
    expect(noteOf(lowered)).toContain('(rule do-not-bulk-email)');
    expect(notes()).toHaveLength(2);
  });

  test('tells it when that changes, in the same note, also when the person is back', async () => {
    const { world } = scene;
    const anna = addPerson(world);
    const worker = await scene.open(exceptions);
    await worker.settle();
    edit(world, anna, { donotbulkemail: true });
    await worker.settle();
    await minute(worker);
    expect(noteOf(anna)).toContain('main: there, without any permission.');
    const [first] = notes();

    edit(world, anna, { donotbulkemail: false });
    await worker.settle();
    await minute(worker);

    expect(noteOf(anna)).toContain('Decision: sync. Nothing speaks against it. (rule eligible)\nmain: there, with');
    expect(notes().map(({ id }) => id)).toEqual([first?.id]);
  });

  test('is not changed by its note: no news, no call of the platform, and no second writing', async () => {
    const { world } = scene;
    const anna = addPerson(world, { donotbulkemail: true });
    const worker = await scene.open(forAll);
    await worker.settle();
    const before = { version: versionOf(anna), writes: writes(world), changes: calls('update contacts') };

    await minute(worker);
    await minute(worker);
    const { changes } = await worker.useCases.pull('contact', signal());
    await worker.settle();
    await worker.passSeconds(4000);
    await minute(worker);

    expect(changes).toBe(0);
    expect({ version: versionOf(anna), writes: writes(world), changes: calls('update contacts') }).toEqual(before);
    expect(calls('create annotations')).toBe(1);
    expect(calls('update annotations')).toBe(0);
  });

  test('is told in the language of the marketing jobs', async () => {
    const { world } = scene;
    const anna = addPerson(world, { donotemail: true });
    const worker = await scene.open({ config: { notes: {}, marketingJobs: { language: 'nl' } } });
    await worker.settle();

    await minute(worker);

    expect(noteOf(anna)).toContain('Besluit: geanonimiseerd. Volgens het record mag deze persoon geen e-mail krijgen.');
    expect(notes()[0]?.subject).toBe('E-mailplatform: hoe deze persoon er daar voor staat');
  });
});

test('everybody: a person who is simply synchronised has a note too', async () => {
  const { world } = scene;
  const people = [addPerson(world), addPerson(world, {}, 'lead'), addPerson(world, {}, 'account')];
  const worker = await scene.open(forAll);
  await worker.settle();

  await minute(worker);

  for (const person of people) expect(noteOf(person)).toContain('(rule eligible)');
});

describe('the setting', () => {
  test('tells, when it is given later, what was decided before', async () => {
    const { world } = scene;
    const [plain, silent] = [addPerson(world), addPerson(world, { donotemail: true })];
    const before = await scene.open();
    await before.settle();

    const after = await scene.open(exceptions);
    await minute(after);
    expect([noteOf(plain), noteOf(silent)]).toEqual([undefined, expect.stringContaining('(rule do-not-email)')]);

    const everybody = await scene.open(forAll);
    await minute(everybody);
    expect(noteOf(plain)).toContain('(rule eligible)');
  });

  test('of another process does not matter: the newest configuration is the one in force', async () => {
    const { world } = scene;
    const anna = addPerson(world, { donotemail: true });
    const older = await scene.open(exceptions);
    const newer = await scene.open();
    await newer.settle();

    await minute(older);

    expect(noteOf(anna)).toBeUndefined();
  });
});

test('without the setting nothing is written, and nothing is kept for it', async () => {
  const { world } = scene;
  addPerson(world, { donotemail: true });
  const worker = await scene.open();
  await worker.settle();

  await minute(worker);

  expect(notes()).toEqual([]);
  expect(await worker.query('select 1 from record_note')).toEqual([]);
});

test('a parked record says why, also when nothing was ever decided about it', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  spoil(world, anna, { donotemail: 'perhaps' });
  const worker = await scene.open(exceptions);
  await worker.settle();
  const parked = (await ledgerOf(worker, anna))?.parked;

  await minute(worker);

  expect(parked).not.toBeNull();
  expect(noteOf(anna)).toContain(`(${parked})`);
  expect(noteOf(anna)).toContain('main: not done: ');
});

test('whoever the brake holds is said to wait, and what became of it afterwards', async () => {
  const { world } = scene;
  const people = addPeople(world, 3);
  const worker = await scene.open({ config: { notes: {}, brake: { minCount: 1, maxCount: 1 } } });
  await worker.settle();
  for (const person of people) edit(world, person, { donotemail: true });
  await worker.settle();

  await minute(worker);
  for (const person of people) expect(noteOf(person)).toContain('main: the anonymization waits until somebody has');

  const [hold] = await worker.core.store.brake.holds();
  await worker.core.store.brake.decide(hold?.id ?? 0, 'approved', 'a test');
  await worker.settle();
  await minute(worker);
  for (const person of people) expect(noteOf(person)).toContain('main: anonymized.');
});

test('the others of a shared address are told, although nothing speaks against them', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const same = addPerson(world, { emailaddress1: anna.email }, 'lead');
  const worker = await scene.open(exceptions);
  await worker.settle();
  edit(world, same, { donotbulkemail: true });
  await worker.settle();

  await minute(worker);

  expect(noteOf(same)).toContain('(rule do-not-bulk-email)');
  expect(noteOf(anna)).toContain('Other records have the same email address');
  expect(noteOf(anna)).toContain('main: there, without any permission.');
});

describe('in an environment in which a note changes its record', () => {
  test('it comes to rest, and the platform hears nothing of it', async () => {
    const { world } = scene;
    world.dataverse.organization.notesTouchRecords = true;
    const anna = addPerson(world, { donotbulkemail: true });
    addPerson(world);
    const worker = await scene.open(forAll);
    await worker.settle();
    const before = writes(world);

    for (let round = 0; round < 4; round++) {
      await minute(worker);
      await worker.settle();
    }

    expect(noteOf(anna)).toBeDefined();
    expect(calls('create annotations')).toBe(2);
    expect(calls('update annotations')).toBe(0);
    expect(writes(world)).toEqual(before);
  });

  test('whoever was erased on request stays away, and comes back with the next change of a person', async () => {
    const { world } = scene;
    world.dataverse.organization.notesTouchRecords = true;
    const anna = addPerson(world);
    const worker = await scene.open(forAll);
    await worker.settle();
    await minute(worker);
    await worker.settle();
    const job = addJob(world, 'anonymize', anna);
    await worker.settle();
    expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
    expect(noteOf(anna)).toMatch(/^The person was erased on request:\nmain: erased \(HTTP 2?\d+\)\./);

    for (let round = 0; round < 3; round++) {
      await minute(worker);
      await worker.passSeconds(4000);
      await worker.settle();
    }
    expect(livePeople(world)).toEqual([]);
    expect(noteOf(anna)).toMatch(/^The person was erased on request:/);

    edit(world, anna, { firstname: 'Back' });
    await worker.settle();
    await minute(worker);
    expect(contactOf(world, anna.email)).toBeDefined();
    expect(noteOf(anna)).toContain('(rule eligible)');
  });
});

test('an erasure is not closed while a note of the person may still be on its way', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open(forAll);
  await worker.settle();
  world.dataverse.setFaults([{ kind: 'hang', match: 'create annotations' }]);
  await minute(worker);
  world.dataverse.setFaults([]);
  const job = addJob(world, 'anonymize', anna);
  await worker.settle();
  expect(contactOf(world, anna.email)).toBeUndefined();
  expect(jobState(world, job)?.status).toBe('inProgress');

  await worker.passSeconds(120);
  await worker.settle();

  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(noteOf(anna)).toMatch(/^The person was erased on request:/);
}, 60_000);

test('an erasure is closed without a word on the record where notes cannot be written', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const worker = await scene.open(exceptions);
  await worker.settle();
  world.dataverse.setFaults([{ kind: '503', match: 'annotations' }]);
  const job = addJob(world, 'anonymize', anna);

  for (let round = 0; round < 4; round++) {
    await worker.settle();
    await worker.passSeconds(120);
  }

  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(notes()).toEqual([]);
});

test('a deleted record takes its note along, and gets no other one', async () => {
  const { world } = scene;
  const anna = addPerson(world, { donotemail: true });
  const worker = await scene.open(exceptions);
  await worker.settle();
  await minute(worker);
  remove(world, anna);
  await worker.settle();

  await minute(worker);
  await worker.passSeconds(4000);
  await minute(worker);

  expect(notes()).toEqual([]);
});

test('a record that is deleted before its note is written is left alone', async () => {
  const { world } = scene;
  const anna = addPerson(world, { donotemail: true });
  const worker = await scene.open(exceptions);
  await worker.settle();
  remove(world, anna);

  await minute(worker);

  expect(notes()).toEqual([]);
  expect(await worker.query('select 1 from record_note where due_at is not null')).toEqual([]);
});

test('a note that a merger took along says what it was about', async () => {
  const { world } = scene;
  const duplicate = addPerson(world, { donotbulkemail: true });
  const master = addPerson(world);
  const worker = await scene.open(exceptions);
  await worker.settle();
  await minute(worker);
  world.dataverse.crm.merge('contact', master.id, duplicate.id);
  await worker.settle();

  await minute(worker);

  expect(notes().map(({ about }) => about)).toEqual([`contact/${master.id}`]);
  expect(notes()[0]?.text).toMatch(/^This note was about a record that has been merged/);
});

test('a note that somebody deleted is made anew when there is news', async () => {
  const { world } = scene;
  const anna = addPerson(world, { donotemail: true });
  const worker = await scene.open(exceptions);
  await worker.settle();
  await minute(worker);
  world.dataverse.crm.delete('annotation', notes()[0]?.id ?? '');
  await minute(worker);
  expect(notes()).toEqual([]);

  edit(world, anna, { donotemail: false });
  await worker.settle();
  await minute(worker);

  expect(noteOf(anna)).toContain('(rule eligible)');
});

test('an answer that is lost leaves one note, which the next attempt writes again', async () => {
  const { world } = scene;
  const anna = addPerson(world, { donotemail: true });
  const worker = await scene.open(exceptions);
  await worker.settle();
  world.dataverse.setFaults([{ kind: 'cutAfter', match: 'create annotations', times: 1 }]);
  await minute(worker);
  expect(notes()).toHaveLength(1);

  await worker.passSeconds(600);
  await minute(worker);

  expect(noteOf(anna)).toContain('(rule do-not-email)');
  expect(await worker.query('select 1 from record_note where due_at is not null')).toEqual([]);
});

test('a missing privilege is one alarm, and everything is written when it is granted', async () => {
  const { world } = scene;
  const people = addPeople(world, 20, { donotemail: true });
  const worker = await scene.open(exceptions);
  await worker.settle();
  world.dataverse.access.setPrivileges('contact', { appendTo: 'None' });
  await minute(worker);
  expect(worker.alarms()).toEqual(['notes']);
  expect(calls('create annotations')).toBeLessThan(10);
  const findings = await worker.core.crm.check(signal());
  expect(findings.filter(({ ok }) => !ok).map(({ mend }) => mend)).toEqual([
    expect.stringContaining('prvAppendToContact'),
  ]);

  world.dataverse.access.setPrivileges('contact', { appendTo: 'Global' });
  await worker.passSeconds(600);
  await minute(worker);

  for (const person of people) expect(noteOf(person)).toBeDefined();
  expect(await worker.query(`select 1 from alarm where alarm = 'notes' and cleared_at is null`)).toEqual([]);
});

test('no more than so many in a minute; the rest follows', async () => {
  const { world } = scene;
  addPeople(world, 12, { donotemail: true });
  const worker = await scene.open({ config: { notes: { perMinute: 5 } } });
  await worker.settle();

  const after: number[] = [];
  for (let round = 0; round < 3; round++) {
    await minute(worker);
    after.push(notes().length);
  }

  expect(after).toEqual([5, 10, 12]);
});

test('two workers at once write each note once', async () => {
  const { world } = scene;
  addPeople(world, 60, { donotemail: true });
  const first = await scene.open(exceptions);
  const second = await scene.open({ ...exceptions, configuration: 'join' });
  await first.settle();

  await Promise.all([minute(first), minute(second), minute(first)]);

  expect(notes()).toHaveLength(60);
  expect(calls('create annotations')).toBe(60);
  expect(calls('update annotations')).toBe(0);
});
