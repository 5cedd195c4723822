/** Alarms are states of the fleet: raised once when the cause appears, cleared once when it is gone, and told to others. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addJob, addPeople, edit, remove } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';
import type { Group, Worker } from '../../support/worker.ts';

const scene = scenario();
const secret = 'alarm-secret-0123456789';
const hour = 3600;

interface Received {
  readonly id: string;
  readonly signature: string;
  readonly body: string;
}

/** Takes messages, and refuses them while it is told to. */
function startReceiver() {
  const received: Received[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      if (status === 204) {
        received.push({
          id: String(request.headers['connector-message-id']),
          signature: String(request.headers['connector-signature']),
          body,
        });
      }
      response.writeHead(status).end();
    });
  });
  return new Promise<{
    readonly url: string;
    readonly received: Received[];
    answer(next: number): void;
    close(): Promise<void>;
  }>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address() as { port: number };
      resolve({
        url: `http://127.0.0.1:${address.port}/alarms?key=in-the-address`,
        received,
        answer(next) {
          status = next;
        },
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
}

let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const withWebhook = (more: Group = {}): Group => ({ alarms: { webhook: { url: receiver.url, secret } }, ...more });

const minute = (worker: Worker): Promise<void> => worker.useCases.housekeeping(new AbortController().signal);

/** Everything that was told about an alarm, in order. */
const told = (alarm: string): string[] =>
  receiver.received
    .map(({ body }) => JSON.parse(body) as { event: string; alarm: string; subject: string })
    .filter((message) => message.alarm === alarm)
    .map(({ event, subject }) => `${event} ${subject}`);

const raisedNow = async (worker: Worker): Promise<string[]> =>
  (await worker.core.store.alarms.raised()).map(({ alarm, subject }) => `${alarm} ${subject}`);

const logged = (workers: readonly Worker[], message: string, alarm: string): number =>
  workers.flatMap(({ log }) => log.lines.filter((line) => line.message === message && line.fields.alarm === alarm))
    .length;

/** Makes the cause, lets two workers look at it more than once, mends it, and lets them look again. */
async function fromCauseToMend(
  alarm: string,
  subjects: readonly string[],
  config: Group,
  cause: (worker: Worker) => Promise<void>,
  mend: (worker: Worker) => Promise<void>,
): Promise<void> {
  const one = await scene.open({ config: withWebhook(config) });
  const other = await scene.open({ config: withWebhook(config) });
  await one.settle();
  const workers = [one, other];
  for (const worker of [one, other, one]) {
    await cause(worker);
    await minute(worker);
  }
  const raised = subjects.map((subject) => `raised ${subject}`);
  expect((await raisedNow(one)).sort()).toEqual(subjects.map((subject) => `${alarm} ${subject}`));
  expect(told(alarm).sort()).toEqual(raised);
  expect(logged(workers, 'alarm raised', alarm)).toBe(subjects.length);
  for (const worker of [other, one, other]) {
    await mend(worker);
    await minute(worker);
  }
  expect(await raisedNow(one)).toEqual([]);
  expect(told(alarm).slice(0, raised.length).sort()).toEqual(raised);
  expect(told(alarm).slice(raised.length).sort()).toEqual(subjects.map((subject) => `cleared ${subject}`));
  expect(logged(workers, 'alarm cleared', alarm)).toBe(subjects.length);
}

describe('is raised once and cleared once, whoever looks and however often', () => {
  test('the brake tripped', async () => {
    const { world } = scene;
    const people = addPeople(world, 6);
    await fromCauseToMend(
      'brake',
      ['main'],
      { brake: { minCount: 1, maxPercent: 0 } },
      async (worker) => {
        for (const person of people.slice(0, 3)) edit(world, person, { donotemail: true });
        await worker.settle();
      },
      async (worker) => {
        const open = (await worker.core.store.brake.holds()).filter((hold) => hold.state === 'open');
        for (const { id } of open) await worker.core.store.brake.decide(id, 'rejected', 'anna');
      },
    );
  });

  test('a target paused', async () => {
    const { world } = scene;
    const [person] = addPeople(world, 2);
    let edits = 0;
    const change = (): void => edit(world, person!, { firstname: `Edit ${++edits}` });
    await fromCauseToMend(
      'target-paused',
      ['main'],
      {},
      async (worker) => {
        world.spotler.setFaults([{ kind: '503' }]);
        change();
        await worker.pull();
        for (let round = 0; round < 4; round++) {
          await worker.applyDue();
          await worker.passSeconds(120);
        }
      },
      async (worker) => {
        world.spotler.setFaults([]);
        change();
        await worker.settle(600);
      },
    );
  });

  test('a checkpoint at half of its window', async () => {
    addPeople(scene.world, 1);
    const days = await (await scene.open()).core.crm.changeTrackingDays(new AbortController().signal);
    let isOld = false;
    await fromCauseToMend(
      'checkpoint-old',
      ['account', 'contact', 'lead'],
      {},
      async (worker) => {
        if (!isOld) await worker.passSeconds((days! / 2) * 24 * hour + hour);
        isOld = true;
      },
      (worker) => worker.settle(),
    );
  });

  test('an erasure older than a day', async () => {
    const { world } = scene;
    const [person] = addPeople(world, 1);
    let isAsked = false;
    await fromCauseToMend(
      'erasure-old',
      ['erasures'],
      {},
      async (worker) => {
        await worker.core.store.targets.pause(worker.settings.targets[0]!.name, {
          ...{ code: 'PAUSED_BY_OPERATOR', reason: 'maintenance', forMs: 0, by: 'operator' },
        });
        if (!isAsked) addJob(world, 'anonymize', person!);
        isAsked = true;
        await worker.settle();
        await worker.passSeconds(25 * hour);
        // The feed was read meanwhile: that is another alarm.
        await worker.pull();
      },
      async (worker) => {
        await worker.core.store.targets.resume(worker.settings.targets[0]!.name);
        await worker.settle(600);
      },
    );
  });

  test('a privilege lost', async () => {
    const { world } = scene;
    addPeople(world, 2);
    await fromCauseToMend(
      'table-stopped',
      ['contact'],
      {},
      async (worker) => {
        world.dataverse.access.setPrivileges('contact', { read: 'None' });
        await worker.pull().catch(() => undefined);
      },
      async (worker) => {
        world.dataverse.access.setPrivileges('contact', { read: 'Global' });
        await worker.settle();
      },
    );
  });

  test('the job table unreadable', async () => {
    const { world } = scene;
    addPeople(world, 1);
    await fromCauseToMend(
      'job-table',
      ['dataverse'],
      {},
      async (worker) => {
        world.dataverse.access.setPrivileges('mkt_marketingjob', { read: 'None' });
        await worker.useCases.marketingJobs(new AbortController().signal).catch(() => undefined);
      },
      async (worker) => {
        world.dataverse.access.setPrivileges('mkt_marketingjob', { read: 'Global' });
        await worker.useCases.marketingJobs(new AbortController().signal);
      },
    );
  });
});

describe('a message to the webhook', () => {
  async function withAlarm(): Promise<Worker> {
    const people = addPeople(scene.world, 3);
    const worker = await scene.open({ config: withWebhook({ brake: { minCount: 0, maxPercent: 0 } }) });
    await worker.settle();
    remove(scene.world, people[0]!);
    await worker.settle();
    return worker;
  }

  test('is signed over the time and the body, and holds codes and ids only', async () => {
    const worker = await withAlarm();
    await minute(worker);

    const [{ id, signature, body }] = receiver.received as [Received];
    const [, seconds, hash] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
    expect(hash).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
    expect(id).toMatch(/^\d+-raised$/);
    expect(JSON.parse(body)).toMatchObject({ alarm: 'brake', subject: 'main', code: 'BRAKE_HOLD', event: 'raised' });
    expect(body).not.toContain('@');
  });

  test('that is refused is sent again, in order, until it is taken; the address stands in no log line', async () => {
    const worker = await withAlarm();
    receiver.answer(500);
    await minute(worker);
    await minute(worker);
    const [hold] = await worker.core.store.brake.holds();
    await worker.core.store.brake.decide(hold!.id, 'rejected', 'anna');
    await minute(worker);
    expect(receiver.received).toEqual([]);

    receiver.answer(204);
    await minute(worker);
    await minute(worker);

    expect(told('brake')).toEqual(['raised main', 'cleared main']);
    expect(JSON.stringify(worker.log.lines)).not.toContain('in-the-address');
  });
});
