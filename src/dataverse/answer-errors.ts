/**
 * What a refusal of Dataverse means: `error.code` first, HTTP status second (wire: compose-http-requests-handle-errors
 * and the error table in the vendor's troubleshooting pages). Pure. Guarantees that of the vendor's text at most a
 * privilege's or a column's name leaves this file; never the sentence itself, which may quote a person's data.
 */

import { requestIdOf, retryAfterMs } from '../http/client.ts';
import { ConnectorError, type ErrorKind } from '../http/errors.ts';

/** A page of a gateway, or nothing: Dataverse itself did not speak. */
const noCode = '';

/** What is waited after a 429 without a readable Retry-After; a customization lock lasts about as long. */
export const unspecifiedWaitMs = 30_000;

interface Meaning {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly sentence: string;
}

const throttled: Meaning = { kind: 'wait', code: 'DATAVERSE_THROTTLED', sentence: 'Dataverse asks to wait.' };

const privilegeMissing: Meaning = {
  kind: 'config',
  code: 'DATAVERSE_PRIVILEGE_MISSING',
  sentence: "The application user's security role lacks a privilege; grant it at organization level.",
};

const badQuery: Meaning = {
  kind: 'config',
  code: 'DATAVERSE_BAD_QUERY',
  sentence: 'Dataverse does not know a column or table that the configuration names; correct the name or create it.',
};

const valueRefused: Meaning = {
  kind: 'park',
  code: 'DATAVERSE_VALUE_REFUSED',
  sentence: 'Dataverse refuses a value, e.g. one that is too long for its column.',
};

const meanings: Readonly<Record<string, Meaning>> = {
  // Expired version stamp: after the retention window, and also when the table's metadata changed.
  '0x80044352': {
    kind: 'gone',
    code: 'DELTA_EXPIRED',
    sentence: 'The position in the change feed has expired; the table is read in full again.',
  },
  '0x80072321': throttled,
  '0x80072322': throttled,
  '0x80072326': throttled,
  '0x80071151': {
    kind: 'wait',
    code: 'DATAVERSE_CUSTOMIZING',
    sentence: 'Another customization of this environment is running.',
  },
  // The general code, seen for a moment after metadata was changed.
  '0x80040216': {
    kind: 'retry',
    code: 'DATAVERSE_UNEXPECTED',
    sentence: 'Dataverse reports an unexpected error of its own.',
  },
  '0x80040217': { kind: 'gone', code: 'ROW_DOES_NOT_EXIST', sentence: 'The row does not exist.' },
  '0x80040220': privilegeMissing,
  '0x80048306': {
    kind: 'config',
    code: 'DATAVERSE_ACCESS_DENIED',
    sentence: "The application user may not see the row; grant its role's privileges at organization level.",
  },
  '0x80072560': {
    kind: 'config',
    code: 'DATAVERSE_USER_MISSING',
    sentence:
      'The application is not a user of this environment; create an application user for the client id in the Power Platform admin center and give it the connector role.',
  },
  '0x8004f507': {
    kind: 'config',
    code: 'DATAVERSE_COLUMN_SECURED',
    sentence: 'A column is secured; add the application user to a column security profile that allows it.',
  },
  '0x80060888': badQuery,
  '0x8006088a': badQuery,
  '0x80060882': {
    kind: 'retry',
    code: 'ROW_CHANGED',
    sentence: 'The row was changed by somebody else meanwhile.',
  },
  // A validation rule or a plug-in of the customer refused the write.
  '0x80044331': valueRefused,
  '0x80040265': {
    kind: 'park',
    code: 'DATAVERSE_PLUGIN_REFUSED',
    sentence: 'A plug-in or business rule in Dynamics refused the request.',
  },
};

export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * The error that an answer with a status outside 200–299 stands for.
 * @param template method and path without values, for the message
 * @param now milliseconds since 1970
 */
export function errorFromAnswer(answer: RefusedAnswer, template: string, now: number): ConnectorError {
  const { code, text } = readError(answer.text);
  const meaning = meaningOf(answer.status, code);
  const name = nameIn(text);
  const requestId = requestIdOfAnswer(answer.headers);
  const wait = meaning.kind === 'wait' ? (retryAfterMs(answer.headers, now) ?? unspecifiedWaitMs) : undefined;
  const said = code === undefined || code === noCode ? `${answer.status}` : `${answer.status} ${code}`;
  return new ConnectorError(
    meaning.kind,
    meaning.code,
    `${meaning.sentence}${name === undefined ? '' : ` It concerns ${name}.`} (${template} answered ${said})`,
    {
      status: answer.status,
      ...(requestId === undefined ? {} : { requestId }),
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    },
  );
}

/** The service's id of the request (wire: `x-ms-service-request-id`, or `REQ_ID` in the vendor's samples). */
export function requestIdOfAnswer(headers: Readonly<Record<string, string>>): string | undefined {
  const older = headers.req_id;
  return requestIdOf(headers) ?? (older !== undefined && /^[\w-]{1,64}$/.test(older) ? older : undefined);
}

function meaningOf(status: number, code: string | undefined): Meaning {
  const known = code === undefined ? undefined : meanings[code];
  if (status === 429) return known?.kind === 'wait' ? known : throttled;
  if (known !== undefined) return known;
  if (status === 412) return meanings['0x80060882'] ?? badQuery;
  if (status === 401) {
    return {
      kind: 'config',
      code: 'DATAVERSE_UNAUTHORIZED',
      sentence: 'Dataverse refuses the token; check that dataverse.url and the tenant in authority belong together.',
    };
  }
  if (status === 403) {
    return {
      kind: 'config',
      code: 'DATAVERSE_FORBIDDEN',
      sentence: "Dataverse forbids it; check the application user's role and the environment's IP firewall.",
    };
  }
  if (status === 408 || status >= 500 || status < 400 || code === undefined) {
    return {
      kind: 'retry',
      code: 'DATAVERSE_UNAVAILABLE',
      sentence: 'Dataverse, or a gateway before it, is not available.',
    };
  }
  if (status === 404) {
    return {
      kind: 'config',
      code: 'DATAVERSE_PATH_UNKNOWN',
      sentence: 'Dataverse does not know the path; check dataverse.url, apiVersion and the table and set names.',
    };
  }
  return { kind: 'config', code: 'DATAVERSE_REFUSED', sentence: 'Dataverse refuses the request.' };
}

/** `code` is undefined when the body is not an error of Dataverse at all, '' when it has none. */
function readError(text: string): { code: string | undefined; text: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { code: undefined, text: '' };
  }
  if (typeof body !== 'object' || body === null) return { code: undefined, text: '' };
  if ('error' in body && typeof body.error === 'object' && body.error !== null) {
    const { code, message } = body.error as { code?: unknown; message?: unknown };
    return { code: normalised(code), text: typeof message === 'string' ? message : '' };
  }
  // The older shape: {Message, ExceptionMessage, StackTrace, ErrorCode}.
  if ('ErrorCode' in body) return { code: normalised(body.ErrorCode), text: '' };
  return { code: noCode, text: '' };
}

/** Codes come as `0x80040217`, in older shapes as the signed number -2147220969. */
function normalised(code: unknown): string {
  const number =
    typeof code === 'number' ? code : typeof code === 'string' && /^-\d+$/.test(code) ? Number(code) : undefined;
  if (number !== undefined) return `0x${(number >>> 0).toString(16).padStart(8, '0')}`;
  return typeof code === 'string' && /^0x[0-9a-f]{8}$/i.test(code) ? code.toLowerCase() : noCode;
}

/** Names of metadata only: they cannot hold a person's data, and they make the mend clear. */
function nameIn(text: string): string | undefined {
  const privilege = /\bprv[A-Za-z_0-9]{3,80}\b/.exec(text)?.[0];
  if (privilege !== undefined) return `the privilege ${privilege}`;
  const column = /property named '([A-Za-z_][A-Za-z0-9_]{0,99})'/.exec(text)?.[1];
  if (column !== undefined) return `the column ${column}`;
  const segment = /for the segment '([A-Za-z_][A-Za-z0-9_]{0,99})'/.exec(text)?.[1];
  return segment === undefined ? undefined : `the path ${segment}`;
}
