/** One decision, a delivery for each target, and an erasure that is done when every one of them says so. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { explanationLines } from '../../../src/cli-explain.ts';
import { explain } from '../../../src/sync/explain.ts';
import { addJob, addPeople, edit, jobState, type Person } from '../../support/crm-people.ts';
import { type FiveTargets, startFiveTargets } from '../../support/five-targets.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
let five: FiveTargets;
beforeEach(async () => {
  five = await startFiveTargets();
});
afterEach(() => five.close());

const open = (allowTicketLoss: boolean): Promise<Worker> =>
  scene.open({ config: { targets: five.configuration({ bolddesk: { allowTicketLoss } }) } });

/** By target: who is there. */
async function addressesOn(): Promise<Record<string, string[]>> {
  const entries = await Promise.all(
    five.names.map(async (name) => [name, (await five.people(name)).map(({ address }) => String(address)).sort()]),
  );
  return Object.fromEntries(entries);
}

const everywhere = (people: readonly Person[]): Record<string, string[]> =>
  Object.fromEntries(five.names.map((name) => [name, people.map(({ email }) => email).sort()]));

async function explained(worker: Worker, { id }: Person): Promise<string> {
  const ref = { table: 'contact', id } as Parameters<typeof explain>[1];
  const found = await explain(worker.core, ref, { lookUp: false, evidence: 20 }, new AbortController().signal);
  return explanationLines(found, Date.now()).join('\n');
}

const linesOf = (text: string | undefined): string[] => String(text).split('\n');

test('an erasure goes on target by target, and says at each moment which of them is open and why', async () => {
  const { world } = scene;
  const [anna, bert] = addPeople(world, 2, { new_newsletter: true }) as [Person, Person];
  const first = await open(false);
  await first.settle(600);
  expect(await addressesOn()).toEqual(everywhere([anna, bert]));

  // Keap is down, and the help desk would lose tickets that nobody allowed it to lose.
  five.setFaults('keap', [{ kind: '503' }]);
  const job = addJob(world, 'anonymize', anna);
  await first.settle(30);
  await first.useCases.marketingJobs(new AbortController().signal);

  const halfWay = jobState(world, job);
  expect(halfWay).toMatchObject({ status: 'inProgress' });
  const sentences = linesOf(halfWay?.detail);
  expect(sentences).toHaveLength(5);
  const of = (name: string): string => sentences.find((line) => line.startsWith(`${name}: `)) ?? '';
  expect(of('spotler')).toMatch(/^spotler: erased \(HTTP 20\d\)/);
  expect(of('mailjet')).toMatch(/^mailjet: erased \(HTTP 200\)\. The platform purges its last copy within \d+ days\./);
  expect(of('dialoginsight')).toMatch(/^dialoginsight: erased \(HTTP 200\).*kill file/);
  expect(of('keap')).toMatch(/^keap: not erased yet: /);
  expect(of('bolddesk')).toMatch(/^bolddesk: not erased yet: .*allowTicketLoss/);
  expect(await addressesOn()).toEqual({
    ...everywhere([bert]),
    keap: everywhere([anna, bert]).keap,
    bolddesk: everywhere([anna, bert]).bolddesk,
  });
  const meanwhile = await explained(first, anna);
  for (const sentence of sentences.filter((line) => !line.startsWith('keap: '))) expect(meanwhile).toContain(sentence);
  expect(meanwhile).toMatch(/keap: not erased yet/);
  expect(meanwhile).toContain('rule erased-on-request');

  // Nobody else waits for the two.
  edit(world, bert, { firstname: 'Bertha' });
  await first.settle(30);
  const onMailjet = (await five.people('mailjet')).find(({ address }) => address === bert.email);
  expect(Object.values(onMailjet?.fields ?? {})).toContain('Bertha');

  // Keap returns: one part of the erasure is left.
  five.setFaults('keap', []);
  await first.passSeconds(120);
  await first.settle(120);
  expect(jobState(world, job)?.status).toBe('inProgress');
  expect(linesOf(jobState(world, job)?.detail).filter((line) => line.includes('not erased yet'))).toEqual([
    expect.stringMatching(/^bolddesk: /),
  ]);
  expect((await five.people('keap')).map(({ address }) => address)).toEqual([bert.email]);

  // The setting is given.
  const second = await open(true);
  await second.passSeconds(600);
  await second.settle(600);
  const done = jobState(world, job);
  expect(done).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  const final = linesOf(done?.detail).filter((line) => /^[a-z]+: /.test(line));
  expect(final.map((line) => line.split(': ')[0]).sort()).toEqual([...five.names].sort());
  for (const line of final) expect(line).toMatch(/^[a-z]+: erased /);
  expect(final.find((line) => line.startsWith('keap: '))).toContain('90 days');
  expect(await addressesOn()).toEqual(everywhere([bert]));
  expect(await explained(second, anna)).toContain(final[0]);
});

test('whoever the person has come to share an address with, while a target was waited for, is erased with them everywhere', async () => {
  const { world } = scene;
  const [anna, bert, carl] = addPeople(world, 3, { new_newsletter: true }) as [Person, Person, Person];
  const worker = await open(true);
  await worker.settle(600);
  five.setFaults('keap', [{ kind: '503' }]);
  const job = addJob(world, 'anonymize', anna);
  await worker.settle(30);
  edit(world, anna, { emailaddress1: bert.email });
  await worker.settle(30);
  expect(jobState(world, job)?.status).toBe('inProgress');
  // Nobody waits for the one that is down.
  const { keap: _down, ...others } = await addressesOn();
  const { keap: _everywhere, ...expected } = everywhere([carl]);
  expect(others).toEqual(expected);

  five.setFaults('keap', []);
  for (let round = 0; round < 3; round++) {
    await worker.passSeconds(600);
    await worker.settle(600);
  }

  expect(await addressesOn()).toEqual(everywhere([carl]));
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  for (const line of linesOf(jobState(world, job)?.detail).filter((text) => /^[a-z]+: /.test(text)))
    expect(line).toMatch(/^[a-z]+: erased /);
  expect(world.dataverse.crm.read('contact', bert.id)?.emailaddress1).toBe(bert.email);
});

/** Whoever is there, but for the one target that is down. */
async function addressesOnOthers(): Promise<Record<string, string[]>> {
  const { keap: _down, ...others } = await addressesOn();
  return others;
}

function onOthers(people: readonly Person[]): Record<string, string[]> {
  const { keap: _everywhere, ...others } = everywhere(people);
  return others;
}

async function keapReturns(worker: Worker): Promise<void> {
  five.setFaults('keap', []);
  for (let round = 0; round < 3; round++) {
    await worker.passSeconds(600);
    await worker.settle(600);
  }
}

test('whoever was erased along with a person stays away while another target is waited for, also when the person moves on', async () => {
  const { world } = scene;
  const [anna, bert, carl] = addPeople(world, 3, { new_newsletter: true }) as [Person, Person, Person];
  edit(world, carl, { emailaddress1: anna.email });
  const worker = await open(true);
  await worker.settle(600);
  five.setFaults('keap', [{ kind: '503' }]);
  const job = addJob(world, 'anonymize', anna);
  await worker.settle(30);
  edit(world, anna, { emailaddress1: 'anna@elsewhere.example' });
  await worker.settle(30);
  expect(jobState(world, job)?.status).toBe('inProgress');
  // Nothing of Carl's own has changed since.
  expect(await addressesOnOthers()).toEqual(onOthers([bert]));

  await keapReturns(worker);

  expect(await addressesOn()).toEqual(everywhere([bert]));
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  edit(world, carl, { firstname: 'Back' });
  await worker.settle(600);
  expect(await addressesOn()).toEqual(everywhere([bert, { ...carl, email: anna.email }]));
});
