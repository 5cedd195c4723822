/** The door of the status page, and what every answer carries. What is behind it is in test/e2e/browser. */
import { afterEach, describe, expect, test } from '@jest/globals';
import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { sendSecurityHeaders } from '../../../src/server/headers.ts';
import { places } from '../../../src/server/pages/layout.ts';
import { serveStatusPage } from '../../../src/server/status-page.ts';
import type { Core } from '../../../src/sync/core.ts';
import { recordingLogger } from '../../support/logger.ts';

const token = 'admin-token-of-the-tests';
let app: FastifyInstance | undefined;

afterEach(async () => {
  await app?.close();
});

/** A page whose parts behind the door fail by name: nothing here may reach them. */
async function open(adminToken: string | undefined = token) {
  const logger = recordingLogger();
  const core = {
    now: () => 1_000.5,
    settings: { server: adminToken ? { adminToken: { reveal: () => adminToken } } : {} },
    store: {},
  } as unknown as Core;
  const server = fastify();
  app = server;
  sendSecurityHeaders(server);
  await server.register(async (room) => serveStatusPage(room, core, logger));
  const get = (url: string, headers: Record<string, string> = {}) => server.inject({ url, headers });
  const post = (url: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    server.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(form).toString(),
    });
  return { get, post, logger };
}

const cookieOf = (response: LightMyRequestResponse): string => String(response.headers['set-cookie']);

/** The cookie of somebody who is logged in, and the proof for their forms. */
async function loggedIn({ get, post }: Awaited<ReturnType<typeof open>>) {
  const cookie = cookieOf(await post('/log-in', { token })).split(';')[0]!;
  const { body } = await get('/evidence', { cookie });
  return { cookie, csrf: /name="csrf" value="([^"]+)"/.exec(body)![1]! };
}

describe('without a token in the configuration', () => {
  test.each(places.map(([path]) => path))('%s says how to set one and shows nothing', async (path) => {
    const { get } = await open('');
    const response = await get(path);
    expect(response.statusCode).toBe(403);
    expect(response.body).toContain('adminToken');
    expect(response.body).not.toContain('<nav');
  });

  test('nobody gets in', async () => {
    const { post } = await open('');
    expect((await post('/log-in', { token: '' })).statusCode).toBe(404);
    expect((await post('/parked/retry', {})).statusCode).toBe(404);
  });
});

describe('without a session', () => {
  test.each([...places.map(([path]) => path), '/holds/1', '/records/contact/x', '/records/contact/x/evidence.csv'])(
    '%s leads to the log-in',
    async (path) => {
      const { get } = await open();
      const response = await get(path);
      expect(response.statusCode).toBe(303);
      expect(response.headers.location).toBe(`/log-in?${new URLSearchParams({ to: path })}`);
    },
  );

  test.each(['/holds/1/approve', '/holds/1/reject', '/parked/retry', '/records/contact/x/retry', '/log-out'])(
    'nothing can be done at %s',
    async (path) => {
      const { post } = await open();
      expect(await post(path, { csrf: 'x' })).toMatchObject({ statusCode: 303, headers: { location: '/log-in' } });
    },
  );

  test('a cookie that was made elsewhere is none', async () => {
    const { get } = await open();
    const cookie = `connector_session=99999999999999.${'a'.repeat(24)}.${'b'.repeat(43)}`;
    expect((await get('/evidence', { cookie })).statusCode).toBe(303);
  });
});

describe('the log-in', () => {
  test('gives a cookie that no script and no other site gets', async () => {
    const { post } = await open();
    const response = await post('/log-in', { token, to: '/holds' });
    expect(response).toMatchObject({ statusCode: 303, headers: { location: '/holds' } });
    expect(cookieOf(response)).toMatch(
      /^connector_session=[\w.-]+; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict$/,
    );
  });

  test('gives it to HTTPS only, where HTTPS is in front', async () => {
    const { post } = await open();
    expect(cookieOf(await post('/log-in', { token }, { 'x-forwarded-proto': 'https' }))).toMatch(/; Secure$/);
  });

  test.each(['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)', '/\r\nx: y'])(
    'leads nowhere else: %j',
    async (to) => {
      const { post } = await open();
      expect((await post('/log-in', { token, to })).headers.location).toBe('/');
    },
  );

  test('refuses another token, logs it without the token, and slows down', async () => {
    const { post, logger } = await open();
    const answers = [];
    for (let n = 0; n < 6; n++) answers.push((await post('/log-in', { token: `wrong-${n}` })).statusCode);
    const locked = await post('/log-in', { token });
    expect(answers).toEqual([401, 401, 401, 401, 401, 429]);
    expect(locked).toMatchObject({ statusCode: 429, headers: { 'retry-after': '60' } });
    expect(locked.headers['set-cookie']).toBeUndefined();
    expect(logger.lines).toHaveLength(5);
    expect(JSON.stringify(logger.lines)).not.toContain('wrong-');
  });

  test('refuses what another site sends', async () => {
    const { post } = await open();
    const response = await post('/log-in', { token }, { 'sec-fetch-site': 'cross-site' });
    expect(response.statusCode).toBe(403);
    expect(response.headers['set-cookie']).toBeUndefined();
  });

  test('takes no other kind of body, and none that is too long', async () => {
    const { post } = await open();
    expect((await post('/log-in', { token }, { 'content-type': 'application/json' })).statusCode).toBe(415);
    expect((await post('/log-in', { token: 'x'.repeat(9000) })).statusCode).toBe(413);
  });
});

describe('with a session', () => {
  test('a form without its proof does nothing', async () => {
    const opened = await open();
    const { cookie, csrf } = await loggedIn(opened);
    const other = await loggedIn(opened);
    const forged = [{}, { csrf: '' }, { csrf: `${csrf}x` }, { csrf: other.csrf }];
    for (const form of forged) {
      expect((await opened.post('/parked/retry', form as Record<string, string>, { cookie })).statusCode).toBe(403);
    }
    // With the proof it is done: so far as this test has anything to do it with.
    expect((await opened.post('/parked/retry', { csrf }, { cookie })).statusCode).toBe(500);
  });

  test('a form of another site is refused, even with the proof', async () => {
    const opened = await open();
    const { cookie, csrf } = await loggedIn(opened);
    const response = await opened.post('/parked/retry', { csrf }, { cookie, 'sec-fetch-site': 'same-site' });
    expect(response.statusCode).toBe(403);
  });

  test('a failure shows no foreign words', async () => {
    const opened = await open();
    const { cookie } = await loggedIn(opened);
    const response = await opened.get('/', { cookie });
    expect(response.statusCode).toBe(500);
    expect(response.body).toContain('The reason is in the log.');
    expect(response.body).not.toContain('undefined');
  });

  test('the log-out ends it', async () => {
    const opened = await open();
    const { cookie, csrf } = await loggedIn(opened);
    const response = await opened.post('/log-out', { csrf }, { cookie });
    expect(cookieOf(response)).toContain('Max-Age=0');
    expect((await opened.get('/evidence', { cookie })).statusCode).toBe(303);
  });
});

describe('every answer', () => {
  test.each(['/log-in', '/', '/assets/style.css', '/assets/icon.svg', '/nowhere'])(
    '%s carries a strict policy',
    async (path) => {
      const { get } = await open();
      const { headers } = await get(path);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|script-src|\*|https?:/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
      });
    },
  );

  test('is HTML without a script or a style of its own, and names no other host', async () => {
    const { get } = await open();
    const { body } = await get('/log-in');
    expect(body).not.toMatch(/<script|<style| style=| on\w+=|https?:/i);
  });
});
