/**
 * The one way out over HTTP. Guarantees: only to the pinned hosts, over TLS except for loopback, never along a
 * redirect; the time-out covers the whole exchange, body included; an answer is complete and below the size limit or
 * it is an error; a 429 is told to the pace (callers need not); an error or a log line holds no URL, header, body or
 * secret, only the template and a code. Deliberately not in it: retries, and what a status means to the caller.
 */
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import type { Logger } from 'pino';
import { getProxyForUrl } from 'proxy-from-env';
import { createAgents } from './agents.ts';
import { requestIdOf, retryAfterMs } from './answers.ts';
import { ConnectorError } from './errors.ts';
import { type Pace, unlimitedPace } from './pace.ts';

export { type AnswerContext, errorFromStatus, parseJson, requestIdOf, retryAfterMs } from './answers.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** For logs and errors, e.g. `PUT /contact/anonymize/{externalId}`. */
  readonly template: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface HttpClient {
  /**
   * Any status but a redirect is an answer. Throws `retry` HTTP_TIMEOUT, HTTP_NETWORK (a cut body too),
   * HTTP_CERTIFICATE, HTTP_ABORTED; `park` HTTP_TOO_LARGE; `config` HTTP_HOST_REFUSED, HTTP_REDIRECT,
   * HTTP_PROXY_INVALID. After HTTP_TIMEOUT, HTTP_NETWORK and HTTP_ABORTED the request may still take effect.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Closes idle connections. */
  close(): void;
}

export interface HttpClientOptions {
  /** How the service is called in messages. */
  readonly service: string;
  /** Milliseconds for one exchange, from sending to the last byte; waiting for the pace does not count. */
  readonly timeoutMs: number;
  /** `host:port`, see `hostOf`. */
  readonly allowedHosts: readonly string[];
  /** Bytes after decompression. */
  readonly maxResponseBytes: number;
  readonly pace?: Pace;
  readonly logger: Pick<Logger, 'debug'>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Milliseconds that a 429 asks to wait; by default what Retry-After says. */
  readonly throttledForMs?: (headers: Readonly<Record<string, string>>, now: number) => number | undefined;
  /** The proxy for a URL, '' for none; by default what HTTPS_PROXY and NO_PROXY say. */
  readonly proxyFor?: (url: string) => string;
}

/** What the fleet waits after a 429 that does not say how long. */
const unspecifiedWaitMs = 5_000;

/** `host:port` of a URL, the port spelled out. Throws TypeError on something that is no URL. */
export function hostOf(url: string | URL): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`;
}

/** True for addresses of this machine, the only ones that may be spoken to without TLS. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname === '::1' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { service, logger, pace = unlimitedPace, now = Date.now, throttledForMs = retryAfterMs } = options;
  const allowed = new Set(options.allowedHosts);
  const agents = createAgents(service, options.proxyFor ?? getProxyForUrl);
  const transport = axios.create({
    adapter: 'http',
    proxy: false,
    maxRedirects: 0,
    maxContentLength: options.maxResponseBytes,
    maxBodyLength: Number.POSITIVE_INFINITY,
    responseType: 'text',
    // Bodies pass as they are: axios would otherwise parse and reformat JSON.
    transformRequest: [(data: unknown) => data],
    transformResponse: [(data: unknown) => data],
    validateStatus: () => true,
  });

  async function request(call: HttpRequest): Promise<HttpResponse> {
    const url = pinned(call, service, allowed);
    await acquire(pace, call, service);
    const started = performance.now();
    const answer = await exchange(transport, call, url, agents.forUrl(url), options);
    const requestId = requestIdOf(answer.headers);
    logger.debug(
      {
        service,
        method: call.method,
        template: call.template,
        status: answer.status,
        ms: Math.round(performance.now() - started),
        requestId,
      },
      'http call',
    );
    if (answer.status === 429) await pace.throttled(throttledForMs(answer.headers, now()) ?? unspecifiedWaitMs);
    // 304 leads nowhere: it says that nothing changed.
    if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
      throw new ConnectorError(
        'config',
        'HTTP_REDIRECT',
        `${service} redirects ${call.template} elsewhere. Set the address that it really answers at.`,
        { status: answer.status, ...(requestId === undefined ? {} : { requestId }) },
      );
    }
    return answer;
  }

  return { request, close: () => agents.close() };
}

function pinned(call: HttpRequest, service: string, allowed: ReadonlySet<string>): URL {
  const url = URL.canParse(call.url) ? new URL(call.url) : undefined;
  const safe =
    url !== undefined &&
    allowed.has(hostOf(url)) &&
    url.username === '' &&
    url.password === '' &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
  if (safe) return url;
  throw new ConnectorError(
    'config',
    'HTTP_HOST_REFUSED',
    `${call.template} of ${service} leads to a host that is not the configured one, or there without TLS; it was not sent.`,
  );
}

async function acquire(pace: Pace, call: HttpRequest, service: string): Promise<void> {
  try {
    await pace.acquire(call.signal);
  } catch (error) {
    if (call.signal.aborted) throw abortedError(service, call);
    throw error;
  }
}

async function exchange(
  transport: AxiosInstance,
  call: HttpRequest,
  url: URL,
  agent: ReturnType<ReturnType<typeof createAgents>['forUrl']>,
  options: HttpClientOptions,
): Promise<HttpResponse> {
  if (call.signal.aborted) throw abortedError(options.service, call);
  const ending = new AbortController();
  const stop = () => ending.abort();
  let late = false;
  // A timer of our own: AbortSignal.any over a signal that lives as long as the process keeps every request reachable.
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, options.timeoutMs);
  call.signal.addEventListener('abort', stop, { once: true });
  try {
    const answer = await transport.request<string>({
      method: call.method,
      url: url.href,
      headers: { Accept: 'application/json', 'User-Agent': 'dynamics-email-connector', ...call.headers },
      ...(call.body === undefined ? {} : { data: call.body }),
      signal: ending.signal,
      httpAgent: agent,
      httpsAgent: agent,
    });
    return { status: answer.status, headers: plainHeaders(answer), text: answer.data ?? '' };
  } catch (error) {
    if (late) {
      throw new ConnectorError(
        'retry',
        'HTTP_TIMEOUT',
        `${options.service} did not finish ${call.template} within ${options.timeoutMs} ms.`,
      );
    }
    if (call.signal.aborted) throw abortedError(options.service, call);
    throw failure(error, call, options);
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', stop);
  }
}

function plainHeaders(answer: AxiosResponse): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
  }
  return headers;
}

function abortedError(service: string, call: HttpRequest): ConnectorError {
  return new ConnectorError('retry', 'HTTP_ABORTED', `${call.template} of ${service} was given up from our side.`);
}

/** An axios error carries the whole request, Authorization included: only its code leaves this function. */
function failure(error: unknown, call: HttpRequest, options: HttpClientOptions): ConnectorError {
  const code = codeOf(error);
  const { service } = options;
  if (error instanceof Error && error.message.startsWith('maxContentLength')) {
    const limit = `${options.maxResponseBytes} bytes`;
    return new ConnectorError(
      'park',
      'HTTP_TOO_LARGE',
      `${service} answered ${call.template} with more than ${limit}.`,
    );
  }
  if (/CERT|ERR_TLS|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    const mend = 'For an authority of your own set NODE_EXTRA_CA_CERTS.';
    return new ConnectorError(
      'retry',
      'HTTP_CERTIFICATE',
      `The certificate of ${service} is not trusted (${code}). ${mend}`,
      { cause: code },
    );
  }
  return new ConnectorError(
    'retry',
    'HTTP_NETWORK',
    `The connection to ${service} failed during ${call.template} (${code}).`,
    { cause: code },
  );
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'UNKNOWN';
}
