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
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: forbidden.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      serializers: { err: serializeError, error: serializeError, cause: serializeError },
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

/** Never a foreign error's message: it may quote a person's data. Frames and causes at level trace only. */
function describeError(error: unknown, detailed: boolean): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = (error as { code?: unknown }).code;
  const known = isConnectorError(error)
    ? { kind: error.kind, code: error.code, status: error.status, requestId: error.requestId, message: error.message }
    : { name: error.name, ...(typeof code === 'string' ? { code } : {}) };
  if (!detailed) return known;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause, true) };
  return { ...known, frames, ...cause };
}
