import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import pino from 'pino';
import type { DataverseAuth } from '../../../config/settings.ts';
import { Personal } from '../../../config/words.ts';
import { createTokenSource, type TokenSource, type TokenSourceOptions } from '../../../src/dataverse/token.ts';
import { authorityFor } from '../../../src/dataverse/token-network.ts';
import { createHttpClient, type HttpClient, hostOf } from '../../../src/http/client.ts';
import { clientId, failureOf, login, signal, startLogin, tenant, url } from './organization.ts';

const global = 'https://login.microsoftonline.com';
const closing = new AbortController();
let http: HttpClient | undefined;

function secretAt(authority: string): DataverseAuth {
  return { kind: 'secret', authority, clientId, clientSecret: new Personal('s3cret') };
}

function sourceOf(auth: DataverseAuth, origin: string, some: Partial<TokenSourceOptions> = {}): TokenSource {
  http = createHttpClient({
    service: 'Entra ID',
    timeoutMs: 2_000,
    allowedHosts: [hostOf(origin)],
    maxResponseBytes: 100_000,
    logger: pino({ level: 'silent' }),
    proxyFor: () => '',
  });
  return createTokenSource({ auth, url, http, timeoutMs: 2_000, now: Date.now, closing: closing.signal, ...some });
}

/** A form body as an object. */
function form(body: unknown): Record<string, string> {
  return typeof body === 'string' ? Object.fromEntries(new URLSearchParams(body)) : (body as Record<string, string>);
}

beforeEach(() => {
  nock.disableNetConnect();
});

afterAll(() => nock.restore());

afterEach(() => {
  http?.close();
  nock.cleanAll();
});

describe('a client secret', () => {
  test('is exchanged in one request with the scope of the environment', async () => {
    let sent: Record<string, string> = {};
    const scope = nock(global)
      .post(`/${tenant}/oauth2/v2.0/token`, (body) => {
        sent = form(body);
        return true;
      })
      .query(true)
      .reply(200, { token_type: 'Bearer', expires_in: 3_599, access_token: 'token-1' });

    const token = await sourceOf(secretAt(`${global}/${tenant}`), global).get(signal);

    expect(token).toBe('token-1');
    expect(sent).toMatchObject({
      client_id: clientId,
      client_secret: 's3cret',
      grant_type: 'client_credentials',
      scope: `${url}/.default`,
    });
    expect(scope.isDone()).toBe(true);
  });

  test('works with any authority whose issuer is its own address', async () => {
    startLogin();

    expect(await sourceOf(secretAt(`${login}/${tenant}/`), login).get(signal)).toBe('token-1');
  });

  test('works with a plain authority on this machine, which MSAL is told is https', async () => {
    const plain = 'http://127.0.0.1:18080';
    const issued = {
      issuer: `${plain}/${tenant}/v2.0`,
      token_endpoint: `${plain}/${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${plain}/${tenant}/authorize`,
      jwks_uri: `${plain}/${tenant}/keys`,
    };
    nock(plain).get(`/${tenant}/v2.0/.well-known/openid-configuration`).reply(200, issued);
    nock(plain).post(`/${tenant}/oauth2/v2.0/token`).query(true).reply(200, {
      token_type: 'Bearer',
      expires_in: 3_599,
      access_token: 'local',
    });

    expect(await sourceOf(secretAt(`${plain}/${tenant}`), plain).get(signal)).toBe('local');
  });

  test('is not sent in plain to another machine', () => {
    expect(authorityFor(`http://login.contoso.example/${tenant}`).plain).toBeUndefined();
    expect(authorityFor(`http://login.contoso.example/${tenant}`).forMsal).toMatch(/^http:/);
  });
});

describe('a token', () => {
  test('is asked for once by callers that ask at the same time', async () => {
    const { tokens } = startLogin();
    const source = sourceOf(secretAt(`${login}/${tenant}`), login);

    const given = await Promise.all([source.get(signal), source.get(signal), source.get(signal)]);

    expect(given).toEqual(['token-1', 'token-1', 'token-1']);
    expect(tokens()).toBe(1);
  });

  test('is kept until five minutes before it ends', async () => {
    const { tokens } = startLogin();
    let now = Date.now();
    const source = sourceOf(secretAt(`${login}/${tenant}`), login, { now: () => now });
    await source.get(signal);

    now += 54 * 60_000;
    await source.get(signal);
    expect(tokens()).toBe(1);

    now += 2 * 60_000;
    expect(await source.get(signal)).toBe('token-2');
  });

  test('is asked for again after it was dropped', async () => {
    startLogin();
    const source = sourceOf(secretAt(`${login}/${tenant}`), login);
    await source.get(signal);

    source.drop();

    expect(await source.get(signal)).toBe('token-2');
  });

  test('is not dropped by somebody who still had the one before', async () => {
    startLogin();
    const source = sourceOf(secretAt(`${login}/${tenant}`), login);
    await source.get(signal);
    source.drop('token-1');
    await source.get(signal);

    source.drop('token-1');

    expect(await source.get(signal)).toBe('token-2');
  });

  test('is no longer waited for when the signal aborts', async () => {
    nock(login).get(/.*/).delay(200).reply(200, {});
    const giveUp = new AbortController();
    const ending = new AbortController();
    const source = sourceOf(secretAt(`${login}/${tenant}`), login, { closing: ending.signal });

    const waiting = failureOf(source.get(giveUp.signal));
    giveUp.abort();

    expect(await waiting).toMatchObject({ kind: 'retry', code: 'HTTP_ABORTED' });
    ending.abort();
  });
});

describe('a certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'token-'));
  const privateKeyFile = join(folder, 'key.pem');
  const thumbprintSha256 = 'A1B2'.repeat(16);
  const auth: DataverseAuth = {
    kind: 'certificate',
    authority: `${global}/${tenant}`,
    clientId,
    privateKeyFile,
    thumbprintSha256,
  };

  afterEach(() => rmSync(privateKeyFile, { force: true }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('signs an assertion with PS256 and names itself by its SHA-256 thumbprint', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    let sent: Record<string, string> = {};
    nock(global)
      .post(/token/, (body) => {
        sent = form(body);
        return true;
      })
      .reply(200, { token_type: 'Bearer', expires_in: 3_599, access_token: 'token-1' });

    await sourceOf(auth, global).get(signal);

    const [head = '', claims = ''] = (sent.client_assertion ?? '').split('.');
    const thumbprint = Buffer.from(thumbprintSha256, 'hex').toString('base64url');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toMatchObject({
      alg: 'PS256',
      'x5t#S256': thumbprint,
    });
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ iss: clientId, sub: clientId });
    expect(sent.client_secret).toBeUndefined();
  });

  test.each([
    [
      'an elliptic curve',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ],
    ['no key', 'jan@person.example'],
  ])('whose key is %s is a configuration error', async (_name, key) => {
    writeFileSync(privateKeyFile, key);

    const error = await failureOf(sourceOf(auth, global).get(signal));

    expect(error).toMatchObject({ kind: 'config', code: 'CERTIFICATE_UNUSABLE' });
    expect(inspect(error, { depth: 9 })).not.toMatch(/jan@|BEGIN/);
  });

  test('whose key cannot be read is a configuration error without the path', async () => {
    const error = await failureOf(sourceOf(auth, global).get(signal));

    expect(error).toMatchObject({ kind: 'config', code: 'CERTIFICATE_UNREADABLE' });
    expect(inspect(error)).not.toContain('key.pem');
  });
});

describe('a managed identity', () => {
  test('asks the machine itself, with the client id of the identity', async () => {
    const scope = nock('http://169.254.169.254')
      .get('/metadata/identity/oauth2/token')
      .query({ 'api-version': '2018-02-01', resource: url, client_id: clientId })
      .matchHeader('metadata', 'true')
      .reply(200, { access_token: 'of-the-machine', expires_in: '3599', token_type: 'Bearer', resource: url });

    const source = sourceOf({ kind: 'managedIdentity', clientId }, url);

    expect(await source.get(signal)).toBe('of-the-machine');
    expect(await source.get(signal)).toBe('of-the-machine');
    expect(scope.isDone()).toBe(true);
  });

  test('that is not there is said in our own words', async () => {
    nock('http://169.254.169.254').get(/.*/).query(true).reply(404, {});

    const error = await failureOf(sourceOf({ kind: 'managedIdentity' }, url).get(signal));

    expect(error).toMatchObject({ kind: 'retry', code: 'MANAGED_IDENTITY_UNREACHABLE' });
  });

  test('that the machine does not have is a configuration error', async () => {
    const said = { error: 'invalid_request', error_description: 'Identity not found for jan@person.example' };
    nock('http://169.254.169.254').get(/.*/).query(true).reply(400, said);

    const error = await failureOf(sourceOf({ kind: 'managedIdentity', clientId }, url).get(signal));

    expect(error.kind).toBe('config');
    expect(inspect(error, { depth: 9 })).not.toContain('jan@');
  });
});

describe('a refusal', () => {
  function refuse(status: number, body: object | string, headers: Record<string, string> = {}): TokenSource {
    nock(global).post(/token/).reply(status, body, headers);
    return sourceOf(secretAt(`${global}/${tenant}`), global);
  }

  test.each([
    [401, 'invalid_client', 7_000_215, 'ENTRA_INVALID_CLIENT', 'client secret is wrong'],
    [401, 'invalid_client', 7_000_222, 'ENTRA_INVALID_CLIENT', 'has expired'],
    [400, 'unauthorized_client', 700_016, 'ENTRA_UNAUTHORIZED_CLIENT', 'check clientId'],
    [400, 'invalid_request', 90_002, 'ENTRA_INVALID_REQUEST', 'does not exist'],
    [400, 'invalid_resource', 500_011, 'ENTRA_INVALID_RESOURCE', 'check dataverse.url'],
  ])('%d %s %d keeps the number and says the mend', async (status, error, number, code, mend) => {
    const source = refuse(status, {
      error,
      error_description: `AADSTS${number}: about jan@person.example of Contoso`,
      error_codes: [number],
    });

    const failure = await failureOf(source.get(signal));

    expect(failure).toMatchObject({ kind: 'config', code });
    expect(failure.message).toContain(`AADSTS${number}`);
    expect(failure.message).toContain(mend);
    expect(inspect(failure, { depth: 9 })).not.toMatch(/jan@|Contoso|s3cret/);
  });

  test.each([
    ['503', 503, { error: 'temporarily_unavailable' }],
    ['a page of a proxy', 200, '<html>Sign in</html>'],
    ['an answer without a token', 200, {}],
  ])('that goes away by itself is to be tried again: %s', async (_name, status, body) => {
    expect(await failureOf(refuse(status, body).get(signal))).toMatchObject({ kind: 'retry' });
  });

  test('429 says how long to wait, and the next attempt is sent', async () => {
    const source = refuse(429, { error: 'throttled' }, { 'Retry-After': '7' });
    const failure = await failureOf(source.get(signal));
    nock(global).post(/token/).reply(200, { token_type: 'Bearer', expires_in: 3_599, access_token: 'later' });

    expect(failure).toMatchObject({ kind: 'wait', code: 'ENTRA_THROTTLED', retryAfterMs: 7_000 });
    expect(await source.get(signal)).toBe('later');
  });

  test('a connection that breaks is to be tried again', async () => {
    nock(global).post(/token/).replyWithError('socket hang up');

    const failure = await failureOf(sourceOf(secretAt(`${global}/${tenant}`), global).get(signal));

    expect(failure).toMatchObject({ kind: 'retry', code: 'HTTP_NETWORK' });
  });

  test('an issuer that is not the authority is a configuration error', async () => {
    nock(login).get(/.*/).reply(200, {
      issuer: 'https://other.example/v2.0',
      token_endpoint: 'https://other.example/token',
      authorization_endpoint: 'https://other.example/authorize',
      jwks_uri: 'https://other.example/keys',
    });

    const failure = await failureOf(sourceOf(secretAt(`${login}/${tenant}`), login).get(signal));

    expect(failure).toMatchObject({ kind: 'config', code: 'ENTRA_AUTHORITY' });
  });
});
