/** Mailjet through the whole core: many people by jobs, consents never forced, an address that cannot be changed. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type MailjetSimulator, startMailjetSimulator } from '../../../fixtures/simulators/mailjet/index.ts';
import { addJob, addPeople, edit, evidenceOf, jobState, type Person, remove } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
let simulator: MailjetSimulator;
beforeEach(async () => {
  simulator = await startMailjetSimulator({ jobEffect: 'atEnd' });
});
afterEach(() => simulator.close());

function open(settings: object = {}): Promise<Worker> {
  const names = { firstName: null, lastName: null, city: null, customerType: null };
  const target = {
    ...{ name: 'main', platform: 'mailjet', baseUrl: simulator.baseUrl, ...simulator.credentials() },
    ...{ requestsPerSecond: 1000, callTimeoutSeconds: 2, lateEffectSeconds: 4, ...settings },
    tables: {
      contact: {
        fields: { ...names, firstname: 'firstname', Name: 'lastname' },
        permissions: { Newsletter: 'new_newsletter', Events: null },
      },
      lead: null,
      account: null,
    },
  };
  return scene.open({ config: { targets: [target] } });
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const at = (email: string) => simulator.contacts().find((contact) => contact.email === email);

test('a first load goes by jobs: a few calls for all, ids learnt, consents given to those who are new', async () => {
  const people = addPeople(scene.world, 300, { new_newsletter: true });
  const [known] = people as [Person];
  simulator.addContacts([{ email: known.email.toUpperCase(), excluded: true, data: { company: 'ACME' } }]);
  const worker = await open();

  await worker.settle();

  const contacts = simulator.contacts();
  expect(contacts).toHaveLength(300);
  expect(contacts.filter(({ lists }) => lists.Newsletter === 'subscribed')).toHaveLength(299);
  expect(at(known.email.toUpperCase())).toMatchObject({ excluded: true, lists: {}, data: { company: 'ACME' } });
  expect(simulator.counts()['POST /contact']).toBeUndefined();
  // 0.02 a person are 6; the rest is what is read of the account once, and the one who was there already.
  expect(total(simulator.counts())).toBeLessThanOrEqual(6 + 6);

  const [, gone] = people as [Person, Person];
  remove(scene.world, gone);
  await worker.settle();
  expect(at(gone.email)).toBeUndefined();
  expect(await evidenceOf(worker, gone)).toContain('anonymize deleted done');

  const before = total(simulator.counts());
  for (const person of people.slice(2)) edit(scene.world, person, { firstname: 'Renamed' });
  await worker.settle();
  expect(simulator.contacts().filter(({ data }) => data.firstname === 'Renamed')).toHaveLength(298);
  expect(total(simulator.counts()) - before).toBeLessThanOrEqual(5);
});

test('who changes address becomes a new contact with what the old one was permitted, and the old one is erased', async () => {
  const [anna, bert] = addPeople(scene.world, 2, { new_newsletter: true }) as [Person, Person];
  const worker = await open();
  await worker.settle();
  simulator.unsubscribe(bert.email, 'Newsletter');

  edit(scene.world, anna, { emailaddress1: 'anna.moved@people.example' });
  edit(scene.world, bert, { emailaddress1: 'bert.moved@people.example' });
  await worker.settle(60);

  expect(
    simulator
      .contacts()
      .map(({ email }) => email)
      .sort(),
  ).toEqual(['anna.moved@people.example', 'bert.moved@people.example']);
  expect(at('anna.moved@people.example')?.lists).toEqual({ Newsletter: 'subscribed' });
  expect(at('bert.moved@people.example')?.lists).toEqual({});
});

test('a consent that the CRM takes back and grants again is given; one that the person refused is not, and that is said', async () => {
  const [anna, bert] = addPeople(scene.world, 2, { new_newsletter: true }) as [Person, Person];
  const worker = await open();
  await worker.settle();
  simulator.unsubscribe(bert.email, 'Newsletter');
  for (const person of [anna, bert]) edit(scene.world, person, { new_newsletter: false });
  await worker.settle();
  expect([at(anna.email)?.lists, at(bert.email)?.lists]).toEqual([{}, { Newsletter: 'unsubscribed' }]);

  for (const person of [anna, bert]) edit(scene.world, person, { new_newsletter: true });
  await worker.settle();

  expect(at(anna.email)?.lists).toEqual({ Newsletter: 'subscribed' });
  expect(at(bert.email)?.lists).toEqual({ Newsletter: 'unsubscribed' });
  const notices = await worker.query("select detail from evidence where detail like '%STAYS_UNSUBSCRIBED%'");
  expect(notices).toHaveLength(1);
});

test('an erasure is confirmed by reading back, and its job says when Mailjet purges', async () => {
  const [anna] = addPeople(scene.world, 1, { new_newsletter: true }) as [Person];
  const worker = await open({ verifyErasures: true });
  await worker.settle();
  simulator.setFaults([{ kind: 'cutAfter', match: '^DELETE ', times: 1 }]);

  const job = addJob(scene.world, 'anonymize', anna);
  await worker.settle(60);

  expect(jobState(scene.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  expect(simulator.contacts()).toEqual([]);
});
