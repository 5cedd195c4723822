/**
 * The few calls of the Dataverse Web API that the connector makes. Guarantees: the token only ever goes to the
 * configured origin; links are followed as they were given; a 401 drops the token and is tried once more; after a 429
 * every call of this client waits; a body is parsed inside a try and is an object; errors carry a kind, our sentence
 * and the service's request id. Deliberately not in it: what the bodies mean, batches, more than one repetition.
 */
import pRetry from 'p-retry';
import type { HttpClient, HttpResponse } from '../http/client.ts';
import { parseJson } from '../http/client.ts';
import { ConnectorError, isConnectorError } from '../http/errors.ts';
import { errorFromAnswer, requestIdOfAnswer } from './answer-errors.ts';
import type { Gate } from './gate.ts';
import type { TokenSource } from './token.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface GetOptions {
  /** Method and path without values, e.g. `GET /contacts({id})`: what logs and errors show. */
  readonly template: string;
  /** Value of the Prefer header. */
  readonly prefer?: string;
  /** Fresh metadata instead of a cache that is up to 30 s old (wire: `Consistency: Strong`). */
  readonly strong?: boolean;
  readonly signal: AbortSignal;
}

export interface PatchOptions extends SendOptions {
  /** An etag or `*`. Always sent: a PATCH without it creates the row when it is missing. */
  readonly ifMatch: string;
}

export interface SendOptions {
  readonly template: string;
  /** Besides those that every call has, e.g. `MSCRM.SolutionUniqueName`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface DataverseClient {
  /** GET below `<url>/api/data/<version>/`; `path` is encoded already. Repeated once after a `retry` error. */
  get(path: string, options: GetOptions): Promise<Json>;
  /** GET of a link that Dataverse gave. Throws `config` LINK_LEAVES_HOST for any other origin. */
  follow(link: string, options: GetOptions): Promise<Json>;
  /** All rows of a collection, over its pages. */
  getAll(path: string, options: GetOptions): Promise<Json[]>;
  patch(path: string, body: Json, options: PatchOptions): Promise<void>;
  /** POST or PUT, once: whoever asks finds out himself whether a call without an answer took effect. */
  send(method: 'POST' | 'PUT', path: string, body: Json, options: SendOptions): Promise<void>;
  /** True when the link leads to the configured origin. */
  isOurs(link: string): boolean;
}

export interface DataverseClientOptions {
  readonly http: HttpClient;
  readonly token: TokenSource;
  readonly gate: Gate;
  /** Origin without a trailing slash. */
  readonly url: string;
  readonly apiVersion: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds before the one repetition of a GET. */
  readonly retryDelayMs?: number;
}

/** URLs above this are refused (wire: query overview, 32,768 characters for a GET). */
export const longestUrl = 32_768;

const fixedHeaders = { Accept: 'application/json', 'OData-MaxVersion': '4.0', 'OData-Version': '4.0' };

interface Call {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'PUT';
  readonly url: string;
  readonly template: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export function createDataverseClient(options: DataverseClientOptions): DataverseClient {
  const { http, token, gate, now, retryDelayMs = 500 } = options;
  const origin = new URL(options.url).origin;
  const base = `${origin}/api/data/${options.apiVersion}/`;

  async function attempt(call: Call): Promise<HttpResponse> {
    const answer = await send(call);
    if (answer.status !== 401) return answer;
    return send(call);
  }

  async function send(call: Call): Promise<HttpResponse> {
    await gate.pass(call.signal);
    const bearer = await token.get(call.signal);
    const answer = await http.request({
      method: call.method,
      url: call.url,
      template: call.template,
      headers: { ...call.headers, Authorization: `Bearer ${bearer}` },
      ...(call.body === undefined ? {} : { body: call.body }),
      signal: call.signal,
    });
    if (answer.status === 401) token.drop(bearer);
    return answer;
  }

  async function call(request: Call): Promise<HttpResponse> {
    const answer = await attempt(request);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const error = errorFromAnswer(answer, request.template, now());
    if (error.kind === 'wait') gate.hold(error.retryAfterMs ?? 0);
    throw error;
  }

  async function getUrl(url: string, get: GetOptions): Promise<Json> {
    const request: Call = {
      method: 'GET',
      url,
      template: get.template,
      headers: {
        ...fixedHeaders,
        'If-None-Match': 'null',
        ...(get.prefer === undefined ? {} : { Prefer: get.prefer }),
        ...(get.strong === true ? { Consistency: 'Strong' } : {}),
      },
      signal: get.signal,
    };
    return guarded(get.signal, get.template, () =>
      pRetry(async () => objectIn(await call(request), get.template), {
        retries: 1,
        minTimeout: retryDelayMs,
        maxTimeout: retryDelayMs,
        signal: get.signal,
        shouldRetry: ({ error }) => isConnectorError(error) && error.kind === 'retry',
      }),
    );
  }

  function isOurs(link: string): boolean {
    return URL.canParse(link) && new URL(link).origin === origin;
  }

  async function follow(link: string, get: GetOptions): Promise<Json> {
    if (!isOurs(link)) throw leavesHost(get.template);
    return getUrl(link, get);
  }

  async function getAll(path: string, get: GetOptions): Promise<Json[]> {
    const rows: Json[] = [];
    let page = await getUrl(base + path, get);
    for (;;) {
      for (const row of rowsOf(page, get.template)) rows.push(row);
      const next = page['@odata.nextLink'];
      if (typeof next !== 'string') return rows;
      page = await follow(next, get);
    }
  }

  async function write(method: Call['method'], path: string, body: Json, change: SendOptions): Promise<void> {
    const { template, signal } = change;
    const headers = { ...fixedHeaders, 'Content-Type': 'application/json', ...change.headers };
    const request: Call = { method, url: base + path, template, headers, body: JSON.stringify(body), signal };
    await guarded(signal, template, () => call(request));
  }

  return {
    get: (path, get) => getUrl(base + path, get),
    follow,
    getAll,
    patch: (path, body, change) =>
      write('PATCH', path, body, { ...change, headers: { ...change.headers, 'If-Match': change.ifMatch } }),
    send: write,
    isOurs,
  };
}

/** The rows of a collection's page. Throws `retry` DATAVERSE_UNREADABLE when it is none: nothing may be seen as absent. */
export function rowsOf(page: Json, template: string): Json[] {
  const { value } = page;
  if (!Array.isArray(value)) throw unreadable(template);
  return value.map((row: unknown) => {
    if (!isJson(row)) throw unreadable(template);
    return row;
  });
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function leavesHost(template: string): ConnectorError {
  return new ConnectorError(
    'config',
    'LINK_LEAVES_HOST',
    `Dataverse answered ${template} with a link to another host than dataverse.url; set dataverse.url to the address that the environment itself uses.`,
  );
}

function objectIn(answer: HttpResponse, template: string): Json {
  const body = parseJson(answer.text, 'Dataverse');
  if (!isJson(body)) throw unreadable(template, requestIdOfAnswer(answer.headers));
  return body;
}

function unreadable(template: string, requestId?: string): ConnectorError {
  return new ConnectorError(
    'retry',
    'DATAVERSE_UNREADABLE',
    `Dataverse answered ${template} with JSON of another shape than expected.`,
    requestId === undefined ? {} : { requestId },
  );
}

/** Whatever an aborted signal makes a library throw leaves as one ConnectorError. */
async function guarded<T>(signal: AbortSignal, template: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isConnectorError(error)) throw error;
    if (!signal.aborted) throw error;
    throw new ConnectorError('retry', 'HTTP_ABORTED', `${template} of Dataverse was given up from our side.`);
  }
}
