/** Two workers on one ledger, with edits going on: nobody is created twice, and the end is what the CRM says. */
import { expect, test } from '@jest/globals';
import { seededRandom } from '../../../fixtures/simulators/kit.ts';
import { addJob, addPerson, edit, jobState, livePeople, type Person, remove } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import { mainTarget, type Worker } from '../../support/worker.ts';

const scene = scenario();
const { signal } = new AbortController();

async function work(worker: Worker, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const table of ['contact', 'lead'] as const) await worker.useCases.pull(table, signal);
    await worker.useCases.marketingJobs(signal);
    await worker.useCases.apply(mainTarget, signal);
  }
}

test.each([1, 2])('300 people under edits, deletes, moves and jobs (seed %i)', async (seed) => {
  const { world } = scene;
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const people: Person[] = [];
  for (let n = 0; n < 300; n++) {
    const shared = n > 20 && random() < 0.1 ? { emailaddress1: pick(people).email } : {};
    people.push(addPerson(world, shared, random() < 0.3 ? 'lead' : 'contact'));
  }
  const config = { tables: { account: undefined }, dataverse: { pageSize: 50 } };
  const one = await scene.open({ config });
  const two = await scene.open({ config });
  const gone = new Set<string>();
  const jobs: { readonly id: string; readonly person: Person }[] = [];
  /** Every address that a person ever had. */
  const had = new Map(people.map((person) => [person.id, [person.email]]));

  async function change(): Promise<void> {
    for (let n = 0; n < 150; n++) {
      await new Promise((resolve) => setImmediate(resolve));
      const person = pick(people);
      if (gone.has(person.id)) continue;
      const what = random();
      if (what < 0.4) edit(world, person, { firstname: `Edit ${n}` });
      else if (what < 0.55) edit(world, person, { donotbulkemail: random() < 0.5 });
      else if (what < 0.7) edit(world, person, { donotemail: random() < 0.5 });
      else if (what < 0.8) {
        edit(world, person, { emailaddress1: `moved${n}@people.example` });
        had.get(person.id)?.push(`moved${n}@people.example`);
      } else if (what < 0.85) jobs.push({ id: addJob(world, 'anonymize', person), person });
      else {
        gone.add(person.id);
        remove(world, person);
      }
    }
  }

  await Promise.all([work(one, 6), work(two, 6), change()]);
  // On a slow machine calls time out, and what they concern comes back a minute later.
  await one.settle(180);
  await two.settle(180);

  const rows = people.flatMap((person) => {
    const row = world.dataverse.crm.read(person.table, person.id);
    return row ? [{ person, row, email: String(row.emailaddress1).toLowerCase() }] : [];
  });
  const live = livePeople(world);
  const addresses = live.map((contact) => String(contact.email).toLowerCase());
  expect(new Set(addresses).size).toBe(addresses.length);
  expect(new Set(live.map((contact) => contact.externalId)).size).toBe(live.length);
  for (const contact of live) {
    const owners = rows.filter((entry) => entry.email === String(contact.email).toLowerCase());
    const owner = owners.find((entry) => entry.person.id === contact.externalId);
    expect(owner?.row.firstname).toBe(contact.properties.firstName);
    if (owners.some((entry) => entry.row.donotemail === true || entry.row.donotbulkemail === true))
      expect(contact.permissions).toMatchObject({ Newsletter: false, Events: false });
  }
  // Everybody whom nothing speaks against is there, unless somebody asked to erase them, or whoever shared their address
  // then: who is one person with the erased stays away until the record changes, also when that other record has gone.
  const asked = new Set(jobs.flatMap((job) => had.get(job.person.id) ?? []));
  for (const { email } of rows) {
    const owners = rows.filter((entry) => entry.email === email);
    const plain = owners.every((entry) => entry.row.donotemail !== true && entry.row.donotbulkemail !== true);
    if (plain && !asked.has(email)) expect(addresses).toContain(email);
  }
  // A record that was deleted before anybody saw the job left it without a name.
  for (const { id, person } of jobs)
    expect(gone.has(person.id) ? ['succeeded', 'failed'] : ['succeeded']).toContain(jobState(world, id)?.status);
  const due = await one.query(`select id from delivery where due_at is not null or lease_until > now()`);
  expect(due).toEqual([]);
});

test('two workers at once on one job: one erasure, one result', async () => {
  const { world } = scene;
  const anna = addPerson(world);
  const one = await scene.open();
  const two = await scene.open();
  await one.settle();
  const job = addJob(world, 'anonymize', anna);
  for (let round = 0; round < 3; round++) {
    await Promise.all([one.useCases.marketingJobs(signal), two.useCases.marketingJobs(signal)]);
    await Promise.all([one.useCases.apply(mainTarget, signal), two.useCases.apply(mainTarget, signal)]);
  }
  await Promise.all([one.settle(), two.settle()]);
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(world.spotler.counts()['PUT /contact/anonymize']).toBe(1);
  expect(await one.query('select id from erasure')).toHaveLength(1);
});
