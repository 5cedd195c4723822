/**
 * The log. Guarantees: one JSON object a line, a static sentence with data in fields; a registered secret never
 * appears, whether plain, base64, URL-encoded or escaped; of an error only our own words appear, of a foreign one its
 * class and code; as a last line of defence whatever looks like an address is masked. Names of people cannot be
 * recognised here: who logs passes ids and keyed hashes only.
 */
import pino from 'pino';
import type { Secret, Settings } from '../config/settings.ts';
import { isConnectorError } from './http/errors.ts';

/** What the rooms see of the log. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LineSink {
  write(line: string): unknown;
}

/** Fields that nobody should log; if somebody does, the value is gone. */
const forbidden = [
  'authorization',
  'address',
  'cookie',
  'body',
  'data',
  'email',
  'fields',
  'headers',
  'password',
  'secret',
  'token',
  'url',
];

/** `secrets` and those added by `registerSecret` are masked in every later line. */
export function createLogger(options: {
  readonly level: Settings['log']['level'];
  readonly secrets?: readonly Secret[];
  /** Default: standard error, so that a command's own output stays clean. */
  readonly sink?: LineSink;
}): Logger & { registerSecret(secret: Secret): void } {
  const sink = options.sink ?? pino.destination({ dest: 2, sync: true });
  const masks = new Set<string>();
  let pattern: RegExp | undefined;

  function registerSecret(secret: Secret): void {
    for (const spelling of spellings(secret.reveal())) masks.add(spelling);
    // The longest first: a part of a secret must not leave the rest standing.
    const alternatives = [...masks]
      .sort((a, b) => b.length - a.length)
      .map((text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
    pattern = alternatives.length > 0 ? new RegExp(alternatives.join('|'), 'g') : undefined;
  }
  for (const secret of options.secrets ?? []) registerSecret(secret);

  const serializeError = (error: unknown): object => describeError(error, options.level === 'trace');
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => withoutErrors(fields, serializeError) },
      redact: { paths: forbidden.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    {
      write(line: string) {
        const plain = pattern ? line.replace(pattern, '[secret]') : line;
        sink.write(plain.replace(address, '[address]'));
      },
    },
  );
  return Object.assign(logger as Logger, { registerSecret });
}

/** Also matches what stands before the host in a URL with a user: that is masked as well. */
const address = /[^\s"'<>\\/,;:()[\]{}]+@[^\s"'<>\\/,;()[\]{}]+/g;

/** A secret as it may turn up. Below six characters masking would hide half of every line. */
function spellings(secret: string): string[] {
  if (secret.length < 6) return [];
  const bytes = Buffer.from(secret, 'utf8');
  const plain = [secret, encodeURIComponent(secret), encodeURIComponent(encodeURIComponent(secret))];
  const encoded = [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')];
  const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
  // A JSON text inside a JSON line is escaped twice.
  return [...plain, ...plain.map(escaped), ...plain.map(escaped).map(escaped), ...encoded];
}

/**
 * Never a foreign error's message, nor what libraries hang on it (a row's values, a request's headers): of those only
 * class, code and status are told. Frames and causes at level trace only.
 */
export function describeError(error: unknown, detailed: boolean): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const known = isConnectorError(error)
    ? { kind: error.kind, code: error.code, status: error.status, requestId: error.requestId, message: error.message }
    : foreign(error);
  if (!detailed) return known;
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause, true) };
  const errors = error instanceof AggregateError ? { errors: error.errors.map((one) => describeError(one, true)) } : {};
  return { ...known, frames: framesOf(error), ...cause, ...errors };
}

function foreign(error: Error): object {
  const { code, status } = error as { code?: unknown; status?: unknown };
  return {
    // A name can be set by anybody: only what looks like a class is one.
    name: isWord(error.name) ? error.name : 'Error',
    ...(isWord(code) ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
  };
}

function isWord(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$/.test(text);
}

const frame = /^\s+at (?:[\w$.<>[\] #]+ \()?(?:file:|node:|\/|[A-Z]:\\).*:\d+:\d+\)?$/;

/** Where it happened, without the message, whose lines may look like frames. */
export function framesOf(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const text = typeof error.message === 'string' ? error.message : '';
  const at = text === '' ? -1 : stack.indexOf(text);
  const behind = at < 0 ? stack : stack.slice(at + text.length);
  // A message that was changed after the stack was taken still stands in it: then only lines that name a place count.
  return behind.split('\n').filter((line) => frame.test(line));
}

const errorFields = new Set(['err', 'error', 'cause']);

/** Errors under any name, one level deep: what a library puts on an error would be written out otherwise. */
function withoutErrors(fields: object, describe: (error: unknown) => object): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (value instanceof Error) return describe(value);
    if (Array.isArray(value)) return value.map((one: unknown) => (one instanceof Error ? describe(one) : one));
    return value;
  };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      // What is thrown need not be an error, and then it is not looked at either.
      if (errorFields.has(name)) return [name, describe(value)];
      if (!isPlainObject(value)) return [name, plain(value)];
      return [name, Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))];
    }),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
