import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import pino from 'pino';
import { makeCertificate } from '../../../fixtures/simulators/kit/certificate.ts';
import {
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
  hostOf,
  isLoopback,
} from '../../../src/http/client.ts';
import { ConnectorError } from '../../../src/http/errors.ts';

const logger = pino({ level: 'silent' });
const origin = 'https://mail.example';
const signal = new AbortController().signal;

function clientOf(options: Partial<HttpClientOptions> = {}): HttpClient {
  return createHttpClient({
    service: 'Mail',
    timeoutMs: 2_000,
    allowedHosts: ['mail.example:443'],
    maxResponseBytes: 1_000,
    logger,
    proxyFor: () => '',
    ...options,
  });
}

async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectorError)) throw new Error('no ConnectorError was thrown', { cause: error });
  return error;
}

// Each test file has a nock of its own over the one real `http`: what is left active would answer the next file.
afterAll(() => nock.restore());
beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
  nock.enableNetConnect();
});

describe('an answer', () => {
  test('of any status is returned with its headers in lower case and its text as it is', async () => {
    nock(origin, { reqheaders: { authorization: 'Bearer t', 'content-type': 'application/json' } })
      .post('/x?a=1%2B1', '{ "b" : 1 }')
      .reply(500, ' {"c":1} ', { 'X-Request-Id': 'r1', 'Content-Type': 'application/json' });
    const answer = await clientOf().request({
      method: 'POST',
      url: `${origin}/x?a=1%2B1`,
      template: 'POST /x',
      headers: { Authorization: 'Bearer t', 'Content-Type': 'application/json' },
      body: '{ "b" : 1 }',
      signal,
    });
    expect(answer).toEqual({
      status: 500,
      headers: { 'x-request-id': 'r1', 'content-type': 'application/json' },
      text: ' {"c":1} ',
    });
  });

  test('without a body has an empty text', async () => {
    nock(origin).put('/x').reply(204);
    const answer = await clientOf().request({ method: 'PUT', url: `${origin}/x`, template: 'PUT /x', signal });
    expect(answer).toMatchObject({ status: 204, text: '' });
  });

  test('that says that nothing changed is an answer', async () => {
    nock(origin).put('/x').reply(304);
    const answer = await clientOf().request({ method: 'PUT', url: `${origin}/x`, template: 'PUT /x', signal });
    expect(answer).toMatchObject({ status: 304, text: '' });
  });

  test('that redirects is a configuration error and is not followed', async () => {
    nock(origin).get('/x').reply(302, '', { Location: 'https://elsewhere.example/x' });
    const error = await failureOf(
      clientOf().request({ method: 'GET', url: `${origin}/x`, template: 'GET /x', signal }),
    );
    expect(error).toMatchObject({ kind: 'config', code: 'HTTP_REDIRECT', status: 302 });
    expect(error.message).not.toContain('elsewhere.example');
  });

  test('larger than the limit parks', async () => {
    nock(origin).get('/x').reply(200, 'a'.repeat(1_001));
    const error = await failureOf(
      clientOf().request({ method: 'GET', url: `${origin}/x`, template: 'GET /x', signal }),
    );
    expect(error).toMatchObject({ kind: 'park', code: 'HTTP_TOO_LARGE' });
  });
});

describe('the host', () => {
  test.each([
    ['another host', 'https://other.example/x'],
    ['another port', 'https://mail.example:8443/x'],
    ['plain HTTP to a host that is not this machine', 'http://mail.example:443/x'],
    ['credentials in the address', 'https://a:b@mail.example/x'],
    ['no URL', 'nonsense'],
  ])('is refused: %s', async (_name, url) => {
    const error = await failureOf(clientOf().request({ method: 'GET', url, template: 'GET /x', signal }));
    expect(error).toMatchObject({ kind: 'config', code: 'HTTP_HOST_REFUSED' });
  });

  test('is written with its port', () => {
    expect([hostOf('https://a.example/x'), hostOf('http://127.0.0.1/'), hostOf('https://a.example:9')]).toEqual([
      'a.example:443',
      '127.0.0.1:80',
      'a.example:9',
    ]);
  });

  test.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['127.0.0.1.example', false],
    ['mail.example', false],
  ])('%s is loopback: %s', (name, expected) => {
    expect(isLoopback(name)).toBe(expected);
  });
});

describe('the pace', () => {
  test('is asked before the call and told of a 429 with what Retry-After says', async () => {
    const seen: string[] = [];
    const pace = {
      acquire: async () => void seen.push('acquire'),
      throttled: async (ms: number) => void seen.push(`throttled ${ms}`),
    };
    nock(origin).get('/x').reply(429, '', { 'Retry-After': '7' });
    const answer = await clientOf({ pace }).request({ method: 'GET', url: `${origin}/x`, template: 'GET /x', signal });
    expect(answer.status).toBe(429);
    expect(seen).toEqual(['acquire', 'throttled 7000']);
  });

  test('that refuses keeps the call from being sent', async () => {
    const pace = {
      acquire: async () => Promise.reject(new ConnectorError('retry', 'PACE', 'x')),
      throttled: async () => {},
    };
    const error = await failureOf(
      clientOf({ pace }).request({ method: 'GET', url: `${origin}/x`, template: 'GET /x', signal }),
    );
    expect(error.code).toBe('PACE');
  });
});

describe('a failure', () => {
  test('carries no secret, address or body, however it is printed', async () => {
    nock(origin)
      .post('/p/jan@person.example')
      .replyWithError(Object.assign(new Error('jan@person.example'), { code: 'ECONNRESET' }));
    const error = await failureOf(
      clientOf().request({
        method: 'POST',
        url: `${origin}/p/jan@person.example`,
        template: 'POST /p/{address}',
        headers: { Authorization: 'OAuth s3cret' },
        body: '{"email":"jan@person.example"}',
        signal,
      }),
    );
    expect(error).toMatchObject({ kind: 'retry', code: 'HTTP_NETWORK', cause: 'ECONNRESET' });
    const printed = [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), error.stack].join();
    expect(printed).not.toMatch(/s3cret|person\.example/);
  });

  test('is HTTP_ABORTED when our own signal ended the call', async () => {
    const error = await failureOf(
      clientOf().request({ method: 'GET', url: `${origin}/x`, template: 'GET /x', signal: AbortSignal.abort() }),
    );
    expect(error).toMatchObject({ kind: 'retry', code: 'HTTP_ABORTED' });
  });

  test('an unreadable proxy address is a configuration error that does not quote it', async () => {
    const error = await failureOf(
      clientOf({ proxyFor: () => 'http://user:pass word@:::' }).request({
        method: 'GET',
        url: `${origin}/x`,
        template: 'GET /x',
        signal,
      }),
    );
    expect(error).toMatchObject({ kind: 'config', code: 'HTTP_PROXY_INVALID' });
    expect(inspect(error)).not.toContain('pass word');
  });
});

describe('over TLS', () => {
  let server: TlsServer;
  let host: string;

  beforeEach(async () => {
    nock.restore();
    const { key, cert } = await makeCertificate();
    server = createTlsServer({ key, cert }, (_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    nock.activate();
  });

  test('a certificate of an unknown authority is refused', async () => {
    const client = clientOf({ allowedHosts: [host] });
    const error = await failureOf(
      client.request({ method: 'GET', url: `https://${host}/`, template: 'GET /', signal }),
    );
    expect(error).toMatchObject({ kind: 'retry', code: 'HTTP_CERTIFICATE' });
    expect(error.message).toContain('NODE_EXTRA_CA_CERTS');
    client.close();
  });

  test('the proxy that is configured is asked for a tunnel, and the certificate behind it is verified', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket: Socket) => {
      asked.push(request.url);
      const [name, port] = (request.url ?? '').split(':');
      const onward = connect(Number(port), name, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      for (const end of [socket, onward]) end.on('error', () => end.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const client = clientOf({ allowedHosts: [host], proxyFor: () => proxyUrl });
    const error = await failureOf(
      client.request({ method: 'GET', url: `https://${host}/`, template: 'GET /', signal }),
    );
    client.close();
    await new Promise((resolve) => proxy.close(resolve));
    expect(asked).toEqual([host]);
    expect(error.code).toBe('HTTP_CERTIFICATE');
  });
});

describe('on a real socket', () => {
  let server: Server;
  let base: string;
  let client: HttpClient;
  let answer: (response: ServerResponse) => void;

  beforeEach(async () => {
    nock.restore();
    server = createServer((_request, response) => answer(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = clientOf({ allowedHosts: [hostOf(base)], timeoutMs: 150 });
  });

  afterEach(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    nock.activate();
  });

  const get = (path: string) => client.request({ method: 'GET', url: `${base}${path}`, template: 'GET /x', signal });

  test('a body that hangs after the first bytes ends with the time-out', async () => {
    answer = (response) => void response.writeHead(200, { 'Content-Length': 100 }).write('{"a":');
    expect(await failureOf(get('/x'))).toMatchObject({ kind: 'retry', code: 'HTTP_TIMEOUT' });
  });

  test('a server that never answers ends with the time-out', async () => {
    answer = () => {};
    expect(await failureOf(get('/x'))).toMatchObject({ kind: 'retry', code: 'HTTP_TIMEOUT' });
  });

  test('a body shorter than its Content-Length is an error', async () => {
    answer = (response) =>
      void response.writeHead(200, { 'Content-Length': 100 }).write('{"a":1}', () => response.socket?.destroy());
    expect(await failureOf(get('/x'))).toMatchObject({ kind: 'retry', code: 'HTTP_NETWORK' });
  });

  test('a chunked body that is cut is an error', async () => {
    answer = (response) => void response.writeHead(200).write('{"a":1}', () => response.socket?.end());
    expect(await failureOf(get('/x'))).toMatchObject({ kind: 'retry', code: 'HTTP_NETWORK' });
  });

  test('a compressed body that is cut is an error', async () => {
    const body = gzipSync(JSON.stringify({ a: 'b'.repeat(500) }));
    answer = (response) =>
      void response
        .writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': body.length })
        .write(body.subarray(0, 20), () => response.socket?.destroy());
    expect(await failureOf(get('/x'))).toMatchObject({ kind: 'retry', code: 'HTTP_NETWORK' });
  });

  test('a compressed body is read, and its size counts after decompression', async () => {
    answer = (response) => {
      const body = gzipSync('b'.repeat(response.req.url === '/big' ? 5_000 : 500));
      response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': body.length }).end(body);
    };
    expect((await get('/x')).text).toBe('b'.repeat(500));
    expect(await failureOf(get('/big'))).toMatchObject({ kind: 'park', code: 'HTTP_TOO_LARGE' });
  });

  test('an abort while the answer is on its way ends the call', async () => {
    const abort = new AbortController();
    answer = (response) => {
      response.writeHead(200).write('{');
      abort.abort();
    };
    const error = await failureOf(
      client.request({ method: 'GET', url: `${base}/x`, template: 'GET /x', signal: abort.signal }),
    );
    expect(error).toMatchObject({ kind: 'retry', code: 'HTTP_ABORTED' });
  });

  test('connections are reused', async () => {
    const sockets = new Set<unknown>();
    answer = (response) => {
      sockets.add(response.socket);
      response.end('{}');
    };
    for (let index = 0; index < 5; index += 1) await get('/x');
    expect(sockets.size).toBe(1);
  });
});
