/** "Erased" is said when it is so: read back where it is wished, and not turned into "was absent" by a repetition. */
import { expect, test } from '@jest/globals';
import type { Core } from '../../../src/sync/core.ts';
import { requestErasure } from '../../../src/sync/request-erasure.ts';
import {
  addJob,
  addPerson,
  contactOf,
  evidenceOf,
  jobState,
  ledgerOf,
  type Person,
  remove,
} from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
const sentence = 'still finds the person';

async function waiting(worker: Worker) {
  return worker.query('select state, status, waiting_code, waiting_reason from erasure_target');
}

/** The transaction that would store the first answer of an erasure fails, as when the process is killed there. */
function dyingAfterTheAnswer(core: Core): Core {
  let alive = true;
  const store: Core['store'] = {
    ...core.store,
    async transaction(work) {
      const calls = scene.world.spotler.counts();
      const isAnswered = Object.keys(calls).some((kind) => kind.includes('anonymize'));
      if (alive && isAnswered) {
        alive = false;
        throw new Error('the process ended here');
      }
      return core.store.transaction(work);
    },
  };
  return { ...core, store };
}

/** The platform's answers, without the asking. */
async function answersOf(worker: Worker, person: Person): Promise<string[]> {
  return (await evidenceOf(worker, person)).filter((line) => line.startsWith('anonymize'));
}

async function loaded(options: Parameters<typeof scene.open>[0] = {}): Promise<{ worker: Worker; person: Person }> {
  const person = addPerson(scene.world);
  const worker = await scene.open(options);
  await worker.settle();
  return { worker, person };
}

test('an erasure after which the person is still found is not done, says so, and goes on when it works', async () => {
  const { world } = scene;
  const { worker, person } = await loaded({ target: { verifyErasures: true } });
  world.spotler.setOptions({ sabotage: ['anonymizeWithoutEffect'] });
  const job = addJob(world, 'anonymize', person);
  await worker.settle(3);
  expect(await waiting(worker)).toMatchObject([
    { state: 'pending', waiting_code: expect.any(String), waiting_reason: expect.stringMatching(/still finds/) },
  ]);
  expect(jobState(world, job)).toMatchObject({ status: 'inProgress', detail: expect.stringContaining('still finds') });
  world.spotler.setOptions({ sabotage: [] });
  await worker.settle(120);
  expect(contactOf(world, person.email)).toBeUndefined();
  expect(jobState(world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
});

test('read back by record id alone as well, with an alarm that is cleared', async () => {
  const { world } = scene;
  const { worker, person } = await loaded({ target: { verifyErasures: true, identity: 'record' } });
  world.spotler.setOptions({ sabotage: ['anonymizeWithoutEffect'] });
  await requestErasure(worker.core, { table: 'contact', id: person.id as never }, 'anna');
  await worker.settle(3);
  expect(worker.alarms()).toContain('erasure-not-confirmed');
  expect(await waiting(worker)).toMatchObject([
    { state: 'pending', waiting_code: 'ERASURE_NOT_CONFIRMED', waiting_reason: expect.stringContaining(sentence) },
  ]);
  world.spotler.setOptions({ sabotage: [] });
  await worker.settle(120);
  expect(await waiting(worker)).toMatchObject([{ state: 'done' }]);
  expect(worker.log.lines.map((line) => line.message)).toContain('alarm cleared');
});

test('an automatic erasure that is not confirmed stays owed, and is tried again', async () => {
  const { world } = scene;
  const { worker, person } = await loaded({ target: { verifyErasures: true, identity: 'record' } });
  world.spotler.setOptions({ sabotage: ['anonymizeWithoutEffect'] });
  remove(world, person);
  await worker.settle(3);
  expect(await ledgerOf(worker, person)).toMatchObject({ state: 'live', due: true, parked: null });
  expect(await answersOf(worker, person)).toEqual([]);
  world.spotler.setOptions({ sabotage: [] });
  await worker.settle(120);
  expect(await ledgerOf(worker, person)).toMatchObject({ state: 'anonymized', due: false });
});

test('without the setting nothing is read back', async () => {
  const { world } = scene;
  const { worker, person } = await loaded({ target: { identity: 'record' } });
  const reads = () => world.spotler.counts()['GET /contact/{externalId}'] ?? 0;
  remove(world, person);
  const before = reads();
  await worker.settle();
  const plain = reads() - before;
  expect(await ledgerOf(worker, person)).toMatchObject({ state: 'anonymized' });
  expect(plain).toBeLessThanOrEqual(1);
});

test.each(['explicit', 'automatic'])(
  'a process that dies between the answer and its note says erased all the same (%s)',
  async (kind) => {
    const { world } = scene;
    const { worker, person } = await loaded({ wrap: dyingAfterTheAnswer });
    const job = kind === 'explicit' ? addJob(world, 'anonymize', person) : undefined;
    if (!job) remove(world, person);
    await worker.settle(300);
    expect(contactOf(world, person.email)).toBeUndefined();
    expect(await ledgerOf(worker, person)).toMatchObject({ state: 'anonymized' });
    const rule = job ? 'erased-on-request' : 'deleted';
    expect(await answersOf(worker, person)).toEqual([`anonymize ${rule} done`]);
    if (job)
      expect(jobState(world, job)).toMatchObject({
        status: 'succeeded',
        code: 'HTTP 410 Gone',
        detail: expect.stringContaining('erased'),
      });
  },
);

test('an answer that got lost on the way is an erasure, not an absence', async () => {
  const { world } = scene;
  const { worker, person } = await loaded();
  world.spotler.setFaults([{ kind: 'cutAfter', match: 'anonymize', times: 1 }]);
  const job = addJob(world, 'anonymize', person);
  await worker.settle(300);
  expect(jobState(world, job)).toMatchObject({
    code: 'HTTP 410 Gone',
    detail: expect.stringContaining(
      "main: erased; the platform's answer was lost on the way, and nobody is there any more.",
    ),
  });
});

test('the answer of the first call is kept when it had to be sent again', async () => {
  const { world } = scene;
  const { worker, person } = await loaded();
  await worker.query(
    `insert into intent (id, target, profile_key, kind, lease_token)
      select gen_random_uuid(), target, profile_key, 'upsert', gen_random_uuid() from delivery where id = $1`,
    [person.id],
  );
  const job = addJob(world, 'anonymize', person);
  await worker.settle(300);
  expect(jobState(world, job)).toMatchObject({
    code: 'HTTP 410 Gone',
    detail: expect.stringContaining('erased (HTTP 204)'),
  });
  expect(await answersOf(worker, person)).toEqual([
    'anonymize erased-on-request done',
    'anonymize erased-on-request done',
  ]);
});

test('somebody whom a hand had to erase was erased', async () => {
  const { world } = scene;
  const { worker, person } = await loaded();
  const twin = { properties: { email: person.email } };
  world.spotler.setOptions({ dedupe: false });
  world.spotler.addContacts([twin]);
  const job = addJob(world, 'anonymize', person);
  await worker.settle(3);
  expect(jobState(world, job)).toMatchObject({ status: 'inProgress', detail: expect.stringContaining('by hand') });
  expect(await answersOf(worker, person)).toEqual(['anonymize erased-on-request manual']);
  const [left] = world.spotler.contactsByEmail(person.email);
  expect(left).toMatchObject({ externalId: null });
  await fetch(`${world.spotler.adminUrl}/contacts/anonymize`, {
    method: 'POST',
    body: JSON.stringify({ email: person.email }),
  });
  await worker.settle(600);
  expect(jobState(world, job)).toMatchObject({
    status: 'succeeded',
    code: 'HTTP 410 Gone',
    detail: expect.stringContaining('main: erased by hand, as had to be; nobody is there any more.'),
  });
  expect(await answersOf(worker, person)).toEqual([
    'anonymize erased-on-request manual',
    'anonymize erased-on-request done',
  ]);
});
