/**
 * `connector setup`: makes in Dynamics what the connector needs there. Guarantees: every change is shown and asked for
 * before it is made (`--yes` answers for all, `--dry-run` makes none); asked again it goes on where it was ended, and
 * does nothing once everything is there; what it cannot do is said with what to click. Opens no ledger.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { toneOfFinding } from './cli-colour.ts';
import {
  asRefusal,
  createOutput,
  type ExitCode,
  forRooms,
  type GlobalOptions,
  interruption,
  type Output,
  openLog,
  readSettings,
} from './cli-context.ts';
import { table } from './cli-format.ts';
import type { CrmFinding } from './dataverse/crm.ts';
import {
  createProvisioning,
  type Provisioning,
  type Step,
  type StepResult,
  type StepState,
} from './dataverse/provisioning/index.ts';
import { isConnectorError } from './http/errors.ts';

export interface SetupOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Unique names. */
  readonly solution: string;
  readonly publisher: string;
}

/** Who answers; undefined when there is nobody any more. */
export type Ask = (question: string, signal: AbortSignal) => Promise<string | undefined>;

/** Milliseconds that one change is waited for: a customization lock lasts minutes. */
const patienceMs = 600_000;

export async function setup(options: GlobalOptions, own: SetupOptions, ask?: Ask): Promise<ExitCode> {
  const settings = await readSettings(options);
  const logger = openLog(settings, options, 'command');
  const output = createOutput(options);
  const { signal, stop } = interruption();
  const terminal = ask ? undefined : openTerminal();
  const provisioning = createProvisioning({ settings, logger: forRooms(logger), now: Date.now, ...own });
  try {
    const listing = { ...options, json: options.json === true };
    const results = await carryOut(provisioning, own, listing, output, ask ?? terminal?.ask ?? nobody, signal);
    const role = await roleFindings(provisioning, signal);
    if (listing.json) output.json(asJson(results, role, provisioning));
    else for (const line of closingLines(results, role, provisioning, own)) output.line(line, toneOfFinding(line));
    return exitCodeOf(results, role);
  } catch (error) {
    signal.throwIfAborted();
    throw asRefusal(error);
  } finally {
    provisioning.close();
    terminal?.close();
    stop();
  }
}

async function nobody(): Promise<undefined> {
  return undefined;
}

/** Questions go to standard error: the result alone is on standard output. Answers may be piped in, a line each. */
function openTerminal(): { readonly ask: Ask; close(): void } {
  let lines: ReturnType<typeof createInterface> | undefined;
  let answers: AsyncIterator<string> | undefined;
  return {
    async ask(question, signal) {
      lines ??= createInterface({ input: process.stdin });
      answers ??= lines[Symbol.asyncIterator]();
      process.stderr.write(question);
      const { value, done } = await Promise.race([answers.next(), ended(signal)]);
      return done === true ? undefined : value;
    },
    close: () => lines?.close(),
  };
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

type Verdict = 'make' | 'leave' | 'stop';

/** One question for each change, until somebody answers for all. */
function decider(own: SetupOptions, ask: Ask, signal: AbortSignal): (step: Step) => Promise<Verdict> {
  let forAll: Verdict | undefined = own.dryRun ? 'leave' : own.yes ? 'make' : undefined;
  return async ({ change }) => {
    while (forAll === undefined) {
      const answer = await ask(`${change}? [y]es, [n]o, [a]ll, [q]uit `, signal);
      switch (answer?.trim().toLowerCase()) {
        case 'y':
        case 'yes':
          return 'make';
        case 'n':
        case 'no':
          return 'leave';
        case 'a':
        case 'all':
          forAll = 'make';
          break;
        case 'q':
        case 'quit':
        case undefined:
          forAll = 'stop';
          break;
        default:
        // Anything else is asked again.
      }
    }
    return forAll;
  };
}

async function carryOut(
  provisioning: Provisioning,
  own: SetupOptions,
  { json }: { readonly json: boolean },
  output: Output,
  ask: Ask,
  signal: AbortSignal,
): Promise<StepResult[]> {
  return provisioning.run({
    decide: decider(own, ask, signal),
    listOnly: own.dryRun === true,
    ended: (result) => {
      if (!json) for (const line of resultLines(result)) output.line(line);
    },
    waiting: (_step, error) =>
      output.note(error ? `waiting: ${error.message}` : 'waiting until Dataverse shows what was made'),
    sleep: async (ms, aborted) => {
      await delay(ms, undefined, { signal: aborted });
    },
    now: Date.now,
    patienceMs,
    signal,
  });
}

async function roleFindings(provisioning: Provisioning, signal: AbortSignal): Promise<CrmFinding[]> {
  try {
    return await provisioning.role(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isConnectorError(error)) throw error;
    const mend = 'Run connector check, which says what is wrong.';
    return [{ ok: false, subject: 'role', message: `Not checked: ${error.message}`, mend }];
  }
}

const words: Readonly<Record<StepState, string>> = {
  there: 'done already',
  made: 'done',
  amiss: 'not as needed',
  declined: 'to do',
  failed: 'failed',
  'left out': 'not tried',
};
const widest = Math.max(...Object.values(words).map((word) => word.length));

function resultLines({ step, state, message, mend }: StepResult): string[] {
  const lines = [`${words[state].padEnd(widest)}  ${step.change}`];
  if (message !== undefined) lines.push(`    ${message}`);
  if (mend !== undefined) lines.push(`    mend: ${mend}`);
  return lines;
}

function closingLines(
  results: readonly StepResult[],
  role: readonly CrmFinding[],
  { byHand }: Provisioning,
  own: SetupOptions,
): string[] {
  const lines = ['', 'role of the application user'];
  const rows = role.map(({ ok, subject, message }) => [ok ? 'ok' : '✗', subject, message]);
  for (const [index, line] of table(rows, '  ').entries()) {
    lines.push(line);
    const { ok, mend } = role[index] ?? { ok: true, mend: '' };
    if (!ok) lines.push(`      mend: ${mend}`);
  }
  if (byHand.length > 0) lines.push('', 'by hand, once: no API does it');
  for (const { what, where } of byHand) lines.push(`  ${what}`, `      ${where}`);
  const left = results.filter(({ state }) => state === 'declined' || state === 'left out').length;
  const made = results.filter(({ state }) => state === 'made').length;
  const wrong = results.filter(({ state }) => state === 'amiss' || state === 'failed').length;
  lines.push('', `${made} made, ${left} to do, ${wrong + role.filter(({ ok }) => !ok).length} to be mended`);
  if (left > 0) lines.push(own.dryRun ? 'make the changes: connector setup' : 'go on: connector setup');
  else if (wrong === 0) lines.push('next: connector check');
  return lines;
}

function asJson(results: readonly StepResult[], role: readonly CrmFinding[], { byHand }: Provisioning): object {
  return {
    changes: results.map(({ step, state, message, mend, code }) => ({
      id: step.id,
      change: step.change,
      state,
      message,
      mend,
      code,
    })),
    role,
    byHand,
  };
}

function exitCodeOf(results: readonly StepResult[], role: readonly CrmFinding[]): ExitCode {
  const states = new Set(results.map(({ state }) => state));
  if (states.has('failed') || states.has('amiss') || role.some(({ ok }) => !ok)) return 1;
  return states.has('declined') || states.has('left out') ? 3 : 0;
}
