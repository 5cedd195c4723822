/** `connector erase`: explicit erasures, with a line for each target. Never prints an address. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { formatRecordRef, parseRecordRef, type RecordRef } from '../config/words.ts';
import { actor, type CommandContext, type ExitCode, usageError } from './cli-context.ts';
import { count } from './cli-format.ts';
import { judgeAddress } from './rules/address.ts';
import { type Core, configuredTables } from './sync/core.ts';
import {
  type ErasureProgress,
  finishErasures,
  type RequestedErasure,
  requestErasure,
  requestErasureOfAddress,
} from './sync/request-erasure.ts';
import { isOnlyHidden, keepOutSentence, targetSentence } from './sync/settle.ts';

export interface EraseOptions {
  readonly ref?: string | undefined;
  readonly email?: string | undefined;
  readonly file?: string | undefined;
  readonly wait: boolean;
  readonly timeout: number;
}

export type EraseSubject =
  | { readonly kind: 'records'; readonly refs: readonly RecordRef[] }
  | { readonly kind: 'address'; readonly address: string };

/** What is to be erased. Throws CommandError 2, for every line of a file at once; nothing is asked for then. */
export async function readSubject(options: EraseOptions): Promise<EraseSubject> {
  const given = [options.ref, options.email, options.file].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw usageError('erase needs one of: a record (contact/<guid>), --email ADDRESS, --file IDS');
  if (options.email !== undefined) {
    if (judgeAddress(options.email) !== 'valid') throw usageError('--email: this is not an email address');
    return { kind: 'address', address: options.email.trim() };
  }
  if (options.ref !== undefined) return { kind: 'records', refs: [recordRef(options.ref)] };
  let text: string;
  try {
    text = await readFile(options.file ?? '', 'utf8');
  } catch {
    throw usageError('--file: the file cannot be read');
  }
  const lines = text.split(/\r?\n/).map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const filled = lines.filter(({ line }) => line !== '');
  const wrong = filled.filter(({ line }) => parseRecordRef(line) === undefined);
  if (filled.length === 0) throw usageError('--file: the file is empty; one record a line is expected');
  if (wrong.length > 0) {
    throw usageError(
      wrong.map(({ number }) => `--file: line ${number} is no record; contact/<guid> is expected`).join('\n'),
    );
  }
  const refs = new Map(filled.map(({ line }) => [formatRecordRef(recordRef(line)), recordRef(line)]));
  return { kind: 'records', refs: [...refs.values()] };
}

/** Throws CommandError 2. */
export function recordRef(text: string): RecordRef {
  const ref = parseRecordRef(text);
  if (!ref) throw usageError('this is no record: contact/<guid>, lead/<guid> or account/<guid> is expected');
  return ref;
}

export async function erase(context: CommandContext, subject: EraseSubject, options: EraseOptions): Promise<ExitCode> {
  const { app, output, signal } = context;
  const requested = await request(context, subject);
  if (!options.wait) {
    if (context.options.json) output.json(requested.map(({ id, ref }) => ({ erasure: id, record: name(ref) })));
    else output.line(`${count(requested.length, 'erasure')} asked for; a running worker, or the next sync, does it`);
    return 0;
  }
  const progress = await finishErasures(
    app.core,
    requested.map(({ id }) => id),
    {
      signal,
      patienceMs: options.timeout * 1000,
      sleep: async (milliseconds, until) => {
        await delay(milliseconds, undefined, { signal: until }).catch(() => until.throwIfAborted());
      },
    },
  );
  print(context, requested, progress);
  return exitCodeOf(app.core, progress);
}

async function request({ app, signal }: CommandContext, subject: EraseSubject): Promise<RequestedErasure[]> {
  const { core } = app;
  if (subject.kind === 'address') return requestErasureOfAddress(core, subject.address, actor(), signal);
  const tables = configuredTables(core);
  for (const { table } of subject.refs) {
    if (!tables.includes(table)) throw usageError(`the table ${table} is not synchronised by this configuration`);
  }
  const requested: RequestedErasure[] = [];
  for (const ref of subject.refs) requested.push(await requestErasure(core, ref, actor()));
  return requested;
}

/** Done everywhere; or a person has to decide; or something has to be mended. */
function exitCodeOf(core: Core, progress: readonly ErasureProgress[]): ExitCode {
  const open = progress.filter(({ erasure }) => erasure.state === 'open');
  if (open.length === 0)
    return progress.some(({ targets }) => targets.some((row) => row.state === 'abandoned' || isOnlyHidden(core, row)))
      ? 1
      : 0;
  const waiting = open.flatMap(({ targets }) => targets).filter((row) => row.state === 'pending');
  return waiting.length > 0 && waiting.every((row) => row.waiting_code === 'EXPLICIT_LIMIT') ? 3 : 1;
}

function print(
  { app, options, output }: CommandContext,
  requested: readonly RequestedErasure[],
  progress: readonly ErasureProgress[],
): void {
  const refs = new Map(requested.map(({ id, ref }) => [id, ref]));
  if (options.json) {
    output.json(
      progress.map(({ erasure, targets }) => ({
        erasure: erasure.id,
        record: name(refs.get(erasure.id)),
        state: erasure.state,
        stillEligible: erasure.still_eligible,
        targets: targets.map((row) => ({
          target: row.target,
          state: row.state,
          status: row.status,
          waiting: row.state === 'pending' ? row.waiting_code : null,
          sentence: targetSentence(app.core, row),
        })),
      })),
    );
    return;
  }
  for (const { erasure, targets } of progress) {
    output.line(`${name(refs.get(erasure.id)) ?? 'the address, which no record has'}: ${erasure.state}`);
    for (const row of targets) output.line(`  ${targetSentence(app.core, row)}`);
    if (erasure.still_eligible) output.line(`  ${keepOutSentence}`);
  }
}

function name(ref: RecordRef | undefined): string | null {
  return ref ? formatRecordRef(ref) : null;
}
