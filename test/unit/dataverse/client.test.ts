import { inspect } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import pino from 'pino';
import { createDataverseClient, type DataverseClient } from '../../../src/dataverse/client.ts';
import { createGate, type Gate } from '../../../src/dataverse/gate.ts';
import type { TokenSource } from '../../../src/dataverse/token.ts';
import { createHttpClient, type HttpClient, hostOf } from '../../../src/http/client.ts';
import { base, errorBody, failureOf, type Organization, signal, startOrganization, url } from './organization.ts';

const template = 'GET /things';
let organization: Organization;
let http: HttpClient;
let gate: Gate;
let client: DataverseClient;
let now: number;
let slept: number[];
let dropped: (string | undefined)[];

const token: TokenSource = {
  get: async () => `token-${dropped.length + 1}`,
  drop: (stale) => void dropped.push(stale),
};

beforeEach(() => {
  nock.disableNetConnect();
  organization = startOrganization();
  now = 1_000_000;
  slept = [];
  dropped = [];
  http = createHttpClient({
    service: 'Dataverse',
    timeoutMs: 2_000,
    allowedHosts: [hostOf(url)],
    maxResponseBytes: 2_000,
    logger: pino({ level: 'silent' }),
    proxyFor: () => '',
  });
  gate = createGate({
    now: () => now,
    longestWaitMs: 60_000,
    sleep: async (ms, waiting) => {
      waiting.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  });
  client = createDataverseClient({ http, token, gate, url, apiVersion: 'v9.2', now: () => now, retryDelayMs: 0 });
});

afterAll(() => nock.restore());

afterEach(() => {
  http.close();
  nock.cleanAll();
  expect(organization.left()).toBe(0);
});

test('sends the headers that the Web API wants, and no etag caching', async () => {
  organization.answer({ body: { a: 1 } });

  const answer = await client.get('things?$select=a', { template, prefer: 'odata.maxpagesize=5', signal });

  expect(answer).toEqual({ a: 1 });
  expect(organization.calls[0]?.path).toBe('things?$select=a');
  expect(organization.calls[0]?.headers).toMatchObject({
    accept: 'application/json',
    'odata-version': '4.0',
    'odata-maxversion': '4.0',
    'if-none-match': 'null',
    prefer: 'odata.maxpagesize=5',
    authorization: 'Bearer token-1',
  });
});

describe('a 401', () => {
  test('drops that token and is tried once more', async () => {
    organization.answer({ status: 401, body: '' }, { body: { a: 1 } });

    await client.get('things', { template, signal });

    expect(dropped).toEqual(['token-1']);
    expect(organization.calls[1]?.headers.authorization).toBe('Bearer token-2');
  });

  test('twice is a configuration error', async () => {
    organization.answer({ status: 401, body: '' }, { status: 401, body: '' });

    const error = await failureOf(client.get('things', { template, signal }));

    expect(error).toMatchObject({ kind: 'config', code: 'DATAVERSE_UNAUTHORIZED', status: 401 });
  });
});

describe('after a 429', () => {
  const throttled = { status: 429, body: errorBody('0x80072322'), headers: { 'Retry-After': '20' } };

  test('the call says how long to wait, and every other call of the client waits', async () => {
    organization.answer(throttled, { body: {} }, { body: {} });

    const error = await failureOf(client.get('things', { template, signal }));
    await Promise.all([client.get('a', { template, signal }), client.get('b', { template, signal })]);

    expect(error).toMatchObject({ kind: 'wait', code: 'DATAVERSE_THROTTLED', retryAfterMs: 20_000 });
    expect(slept[0]).toBe(20_000);
    expect(now).toBeGreaterThanOrEqual(1_020_000);
  });

  test('a call that would wait too long is told so and is not sent', async () => {
    organization.answer({ ...throttled, headers: { 'Retry-After': '300' } });
    await failureOf(client.get('things', { template, signal }));

    const error = await failureOf(client.get('things', { template, signal }));

    expect(error).toMatchObject({ kind: 'wait', retryAfterMs: 300_000 });
    expect(organization.calls).toHaveLength(1);
  });

  test('without Retry-After thirty seconds are waited', async () => {
    organization.answer({ status: 429, body: '' });

    expect(await failureOf(client.get('things', { template, signal }))).toMatchObject({ retryAfterMs: 30_000 });
  });

  test('waiting ends when the signal aborts', async () => {
    organization.answer(throttled);
    await failureOf(client.get('things', { template, signal }));

    const error = await failureOf(client.get('things', { template, signal: AbortSignal.abort() }));

    expect(error).toMatchObject({ kind: 'retry', code: 'HTTP_ABORTED' });
  });
});

describe('a GET that fails by chance', () => {
  test.each([
    ['a page of a gateway', { status: 503, body: '<html>Bad gateway</html>' }],
    ['a 500', { status: 500, body: errorBody('0x80040216') }],
    ['a cut body', { status: 200, body: '{"value":[' }],
    ['another shape', { status: 200, body: '[]' }],
  ])('is repeated once: %s', async (_name, answer) => {
    organization.answer(answer, { body: { a: 1 } });

    expect(await client.get('things', { template, signal })).toEqual({ a: 1 });
  });

  test('is given up after the second time', async () => {
    organization.answer({ status: 503, body: '<html>' }, { status: 502, body: '<html>' });

    const error = await failureOf(client.get('things', { template, signal }));

    expect(error).toMatchObject({ kind: 'retry', code: 'DATAVERSE_UNAVAILABLE', status: 502 });
  });

  test('is not repeated when it was refused', async () => {
    organization.answer({ status: 403, body: errorBody('0x80040220') });

    expect(await failureOf(client.get('things', { template, signal }))).toMatchObject({ kind: 'config' });
  });

  test('is not repeated when the answer is too large', async () => {
    organization.answer({ body: { text: 'x'.repeat(3_000) } });

    const error = await failureOf(client.get('things', { template, signal }));

    expect(error).toMatchObject({ kind: 'park', code: 'HTTP_TOO_LARGE' });
  });
});

describe('a link', () => {
  test.each([
    ['another host', 'https://evil.example/api/data/v9.2/things'],
    ['another port', `${url}:8443/api/data/v9.2/things`],
    ['no TLS', `${url.replace('https', 'http')}/api/data/v9.2/things`],
    ['a user before the host', 'https://contoso.crm4.dynamics.example@evil.example/'],
    ['no link at all', 'things'],
  ])('is not followed to %s', async (_name, link) => {
    const error = await failureOf(client.follow(link, { template, signal }));

    expect(error).toMatchObject({ kind: 'config', code: 'LINK_LEAVES_HOST' });
    expect(organization.calls).toEqual([]);
  });

  test('between pages is followed as it is, to the last page', async () => {
    const next = `${base}things?$skiptoken=%3Ccookie%20pagenumber=%222%22%2f%3E`;
    organization.answer({ body: { value: [{ a: 1 }], '@odata.nextLink': next } }, { body: { value: [{ a: 2 }] } });

    const rows = await client.getAll('things', { template, signal });

    expect(rows).toEqual([{ a: 1 }, { a: 2 }]);
    expect(base + organization.calls[1]?.path).toBe(next);
  });
});

describe('a PATCH', () => {
  test('carries If-Match and JSON', async () => {
    organization.answer({ status: 204, body: '' });

    await client.patch('things(1)', { a: 'b' }, { template: 'PATCH /things({id})', ifMatch: 'W/"1"', signal });

    const [call] = organization.calls;
    expect(call?.method).toBe('PATCH');
    expect(call?.headers).toMatchObject({ 'if-match': 'W/"1"', 'content-type': 'application/json' });
    expect(JSON.parse(call?.body ?? '')).toEqual({ a: 'b' });
  });

  test('is not repeated when it fails by chance: it may have taken effect', async () => {
    organization.answer({ status: 503, body: '' });

    const error = await failureOf(
      client.patch('things(1)', {}, { template: 'PATCH /things({id})', ifMatch: '*', signal }),
    );

    expect(error).toMatchObject({ kind: 'retry' });
    expect(organization.calls).toHaveLength(1);
  });
});

test('an error keeps the request id and our sentence, and nothing that was said', async () => {
  organization.answer({
    status: 403,
    body: errorBody('0x80040220', 'Principal user jan@person.example is missing prvReadLead privilege on OTC=4'),
    headers: { REQ_ID: '0a1b2c3d-0000-4000-8000-000000000001' },
  });

  const error = await failureOf(client.get('leads?$filter=x', { template: 'GET /leads', signal }));

  expect(error).toMatchObject({
    code: 'DATAVERSE_PRIVILEGE_MISSING',
    requestId: '0a1b2c3d-0000-4000-8000-000000000001',
  });
  expect(error.message).toContain('prvReadLead');
  expect(inspect(error, { depth: 9 })).not.toMatch(/jan@|token-|\$filter/);
});
