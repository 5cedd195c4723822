/**
 * Reading an answer: Retry-After, the request's id, JSON, and what a status means. Pure. Guarantees that nothing of
 * an answer's text reaches an error: vendor texts may quote an address.
 */
import { ConnectorError } from './errors.ts';

type Headers = Readonly<Record<string, string>>;

const longestWaitMs = 3_600_000;

/**
 * Milliseconds that `Retry-After` asks for, from seconds or an HTTP date (RFC 9110 section 10.2.3), at most one hour
 * and at least 0; undefined when the header is missing or unreadable.
 * @param now milliseconds since 1970
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined || text === '') return undefined;
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.ceil(Math.min(Math.max(wait, 0), longestWaitMs));
}

const requestIdHeaders = [
  'x-ms-service-request-id',
  'x-request-id',
  'request-id',
  'x-correlation-id',
  'x-mj-request-guid',
];

/** The service's own id of the request; undefined when there is none, or when it does not look like an id. */
export function requestIdOf(headers: Headers): string | undefined {
  for (const name of requestIdHeaders) {
    const value = headers[name];
    if (value !== undefined && /^[\w.:-]{1,128}$/.test(value)) return value;
  }
  return undefined;
}

/** Throws `retry` HTTP_NOT_JSON: a proxy's or a load balancer's page, or a body that was cut, goes away by itself. */
export function parseJson(text: string, service: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The original error quotes the text.
    throw new ConnectorError('retry', 'HTTP_NOT_JSON', `${service} answered with something that is not JSON.`);
  }
}

export interface AnswerContext {
  readonly service: string;
  /** Method and path template, e.g. `GET /contact/{externalId}`. */
  readonly template: string;
  readonly requestId?: string | undefined;
}

/**
 * What a status outside 200 to 299 means where the body says nothing better. Callers that can read the service's own
 * error code decide by that first.
 * @param now milliseconds since 1970, for a Retry-After that is a date
 */
export function errorFromStatus(status: number, headers: Headers, now: number, context: AnswerContext): ConnectorError {
  const { service, template } = context;
  const requestId = context.requestId ?? requestIdOf(headers);
  const wait = retryAfterMs(headers, now);
  const details = {
    status,
    ...(requestId === undefined ? {} : { requestId }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
  const answered = `${service} answered ${status} to ${template}`;
  switch (status) {
    case 429:
      return new ConnectorError('wait', 'HTTP_429', `${answered}: too many requests.`, details);
    case 401:
    case 403:
      return new ConnectorError('config', `HTTP_${status}`, `${answered}: the credentials are refused.`, details);
    case 407:
      return new ConnectorError('config', 'HTTP_407', `The proxy on the way to ${service} wants credentials.`, details);
    case 404:
    case 410:
      return new ConnectorError('gone', `HTTP_${status}`, `${answered}: it does not exist.`, details);
    default:
      return status === 408 || status >= 500 || status < 400
        ? new ConnectorError('retry', `HTTP_${status}`, `${answered}.`, details)
        : new ConnectorError('park', `HTTP_${status}`, `${answered}: the request is refused.`, details);
  }
}
