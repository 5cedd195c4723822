import { afterEach, describe, expect, test } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import type { Secret } from '../../../config/settings.ts';
import { webhookSecretHeader } from '../../../config/words.ts';
import { serveWebhook, webhookPath } from '../../../src/server/webhook-in.ts';
import { recordingLogger } from '../../support/logger.ts';

const secret = 'secret-of-the-webhook-0123';
let app: FastifyInstance | undefined;

afterEach(async () => {
  await app?.close();
});

async function open() {
  const woken: string[] = [];
  const counted: string[] = [];
  const logger = recordingLogger();
  app = fastify();
  await serveWebhook(app, {
    webhook: { url: 'https://connector.example/hooks/dataverse', secret: { reveal: () => secret } as Secret },
    tables: ['contact', 'lead'],
    jobTable: 'mkt_marketingjob',
    wake: {
      async pull(table) {
        woken.push(table);
      },
      async marketingJobs() {
        woken.push('jobs');
      },
    },
    count: (result) => counted.push(result),
    logger,
  });
  const send = async (headers: Record<string, string>, payload: string | undefined = '{"anna":"anna@acme.example"}') =>
    (
      await app!.inject({
        method: 'POST',
        url: webhookPath,
        headers: { 'content-type': 'application/json', [webhookSecretHeader]: secret, ...headers },
        ...(payload === undefined ? {} : { payload }),
      })
    ).statusCode;
  return { send, woken, counted, logger };
}

const of = (table: string) => ({ 'x-ms-dynamics-entity-name': table });

describe('the webhook', () => {
  test('has the table read that a message names, and the jobs taken up', async () => {
    const { send, woken, counted } = await open();
    expect([await send(of('contact')), await send(of('lead')), await send(of('mkt_marketingjob'))]).toEqual([
      204, 204, 204,
    ]);
    expect(woken).toEqual(['contact', 'lead', 'jobs']);
    expect(counted).toEqual(['taken', 'taken', 'taken']);
  });

  test('makes one look of many messages', async () => {
    const { send, woken, counted } = await open();
    for (let n = 0; n < 20; n++) await send(of('contact'));
    expect(woken).toEqual(['contact']);
    expect(counted).toHaveLength(20);
  });

  test.each([
    ['no secret', { [webhookSecretHeader]: '' }],
    ['another secret', { [webhookSecretHeader]: `${secret}4` }],
    ['the beginning of the secret', { [webhookSecretHeader]: secret.slice(0, -1) }],
  ])('refuses %s and does nothing', async (_, headers) => {
    const { send, woken, counted } = await open();
    expect(await send({ ...of('contact'), ...headers })).toBe(401);
    expect(woken).toEqual([]);
    expect(counted).toEqual(['refused']);
  });

  test('takes a message without its content, and says so', async () => {
    const { send, woken, counted } = await open();
    expect(await send({ ...of('contact'), 'x-ms-dynamics-msg-size-exceeded': 'true' })).toBe(204);
    expect(woken).toEqual(['contact']);
    expect(counted).toEqual(['oversized']);
  });

  test.each([
    ['a table that is not synchronised', of('account')],
    ['a table that nobody knows', of('new_pet')],
    ['no table', {}],
  ])('answers and counts %s', async (_, headers) => {
    const { send, woken, counted } = await open();
    expect(await send(headers)).toBe(204);
    expect(woken).toEqual([]);
    expect(counted).toEqual(['unknown']);
  });

  test('reads no more than it has to, and still looks', async () => {
    const { send, woken, counted } = await open();
    expect(await send(of('contact'), 'x'.repeat(600 * 1024))).toBe(204);
    expect(woken).toEqual(['contact']);
    expect(counted).toEqual(['oversized']);
  });

  test.each([
    ['text that is no JSON', 'anna@acme.example {'],
    ['nothing', undefined],
  ])('takes %s for a body: it is not read', async (_, payload) => {
    const { send, woken, logger } = await open();
    expect(await send(of('contact'), payload)).toBe(204);
    expect(woken).toEqual(['contact']);
    expect(JSON.stringify(logger.lines)).not.toContain('anna@');
  });
});
