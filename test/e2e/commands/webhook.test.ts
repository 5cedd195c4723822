import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { webhookSecretHeader } from '../../../config/words.ts';
import { connector } from '../../support/connector.ts';
import { addJob, addPerson, anonymizedCount, contactOf } from '../../support/crm-people.ts';

const c = connector();
const secret = 'secret-of-the-webhook-0123';

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = look();
    if (found) return found;
    await delay(50);
  }
}

it('a message has its table read at once, and one without the secret changes nothing', async () => {
  const first = addPerson(c.world);
  await c.configure({
    // Nobody would see the end of it without the webhook.
    dataverse: { pollSeconds: 3600 },
    marketingJobs: { pollSeconds: 3600 },
    worker: { sweepSeconds: 60 },
    server: { port: 0, webhook: { url: 'https://connector.example/hooks/dataverse', secret } },
  });
  const worker = c.start('start');
  const { health } = JSON.parse(await worker.said(/"msg":"ready"/)) as { health: string };
  const send = async (table: string, headers: Record<string, string> = {}): Promise<number> => {
    const response = await fetch(`${health}/hooks/dataverse`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [webhookSecretHeader]: secret,
        'x-ms-dynamics-entity-name': table,
        ...headers,
      },
      body: JSON.stringify({ PrimaryEntityId: first.id, InputParameters: [{ value: first.email }] }),
    });
    return response.status;
  };
  await until(() => contactOf(c.world, first.email));

  const person = addPerson(c.world);
  expect(await send('contact', { [webhookSecretHeader]: 'not-the-secret' })).toBe(401);
  expect(await send('contact')).toBe(204);
  await until(() => contactOf(c.world, person.email));

  addJob(c.world, 'anonymize', person);
  expect(await send('mkt_marketingjob')).toBe(204);
  await until(() => anonymizedCount(c.world) === 1);

  const metrics = await (await fetch(`${health}/metrics`)).text();
  expect(metrics).toContain('connector_webhook_messages_total{result="taken"} 2');
  expect(metrics).toContain('connector_webhook_messages_total{result="refused"} 1');
  worker.process.kill('SIGTERM');
  const { code, stderr } = await worker.finished;
  expect(code).toBe(0);
  for (const hidden of [secret, first.email, person.email]) expect(stderr).not.toContain(hidden);
});
