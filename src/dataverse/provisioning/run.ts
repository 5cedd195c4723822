/**
 * Carries steps out, one after the other. Guarantees: a step that is there is not made; one that was made is looked for
 * until Dataverse shows it; a customization lock, a lost answer and metadata that is not seen yet are waited out for as
 * long as `patienceMs`; after a step that failed, or does not fit, nothing that needs it is tried. Safe to end at any moment and to begin
 * again: what is done is found again.
 */
import { ConnectorError, isConnectorError } from '../../http/errors.ts';
import type { Look, Step } from './step.ts';

export type StepState = 'there' | 'made' | 'amiss' | 'declined' | 'failed' | 'left out';

export interface StepResult {
  readonly step: Step;
  readonly state: StepState;
  /** For `amiss` and `failed`: what is wrong, and how to mend it. */
  readonly message?: string;
  readonly mend?: string;
  readonly code?: string;
}

export interface RunOptions {
  /** Whether a change is to be made. */
  decide(step: Step): Promise<'make' | 'leave' | 'stop'>;
  /** Nothing is made whatever is decided: what needs something that is missing is decided on all the same. */
  readonly listOnly: boolean;
  /** Told once a step has ended. */
  ended(result: StepResult): void;
  /** Told when Dataverse is waited for. */
  waiting(step: Step, error: ConnectorError | undefined): void;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that one step is waited for at most. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const pausesMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** A refusal may be metadata that is not seen everywhere yet; so often it is taken for that. */
const mostRefusals = 4;
const passing = new Set(['DATAVERSE_BAD_QUERY', 'DATAVERSE_PATH_UNKNOWN', 'DATAVERSE_REFUSED']);

/** Throws what is no ConnectorError, and the signal's reason. */
export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<StepResult[]> {
  const results: StepResult[] = [];
  let stopped = false;
  for (const step of steps) {
    const result: StepResult = stopped ? { step, state: 'left out' } : await runStep(step, results, options);
    if (result.state === 'declined' && result.message === 'stop') stopped = true;
    const told = result.state === 'declined' ? { step, state: result.state } : result;
    results.push(told);
    options.ended(told);
  }
  return results;
}

const standing: readonly StepState[] = ['there', 'made'];

async function runStep(step: Step, before: readonly StepResult[], options: RunOptions): Promise<StepResult> {
  const { signal } = options;
  signal.throwIfAborted();
  const lacking = before.some((other) => step.needs.includes(other.step.id) && !standing.includes(other.state));
  try {
    const look = await patientLook(step, options);
    if (look.state === 'there' && !overtaken(step, before)) return { step, state: 'there' };
    if (look.state === 'amiss') return { step, ...look };
    // Whoever only looks wants to see the whole list.
    if (lacking && !options.listOnly) return { step, state: 'left out' };
    const verdict = await options.decide(step);
    if (verdict !== 'make') return { step, state: 'declined', ...(verdict === 'stop' ? { message: 'stop' } : {}) };
    await makeAndSee(step, options);
    return { step, state: 'made' };
  } catch (error) {
    signal.throwIfAborted();
    if (!isConnectorError(error)) throw error;
    return { step, state: 'failed', message: error.message, mend: mendOf(error), code: error.code };
  }
}

/** Nothing is published yet of what was only announced. */
function overtaken({ follows = [] }: Step, before: readonly StepResult[]): boolean {
  return before.some(({ step, state }) => follows.includes(step.id) && state === 'declined');
}

async function makeAndSee(step: Step, options: RunOptions): Promise<void> {
  const until = options.now() + options.patienceMs;
  let refusals = 0;
  for (let round = 0; ; round += 1) {
    let failure: ConnectorError | undefined;
    try {
      await step.make(options.signal);
    } catch (error) {
      if (!isConnectorError(error) || !mayPass(error)) throw error;
      if (passing.has(error.code)) refusals += 1;
      if (refusals >= mostRefusals) throw error;
      failure = error;
      options.waiting(step, error);
      await pause(round, error, until, options);
    }
    if (await isSeen(step, failure === undefined ? until : undefined, options)) return;
    if (options.now() >= until) throw failure ?? unseen(step);
  }
}

/** Looks once, or with `until` again and again. */
async function isSeen(step: Step, until: number | undefined, options: RunOptions): Promise<boolean> {
  for (let round = 0; ; round += 1) {
    const look = await patientLook(step, options);
    // What does not fit now is said by the next run: it is there.
    if (look.state !== 'missing') return true;
    if (until === undefined || options.now() >= until) return false;
    options.waiting(step, undefined);
    await pause(round, undefined, until, options);
  }
}

async function patientLook(step: Step, options: RunOptions): Promise<Look> {
  const until = options.now() + options.patienceMs;
  for (let round = 0; ; round += 1) {
    try {
      return await step.look(options.signal);
    } catch (error) {
      if (!isConnectorError(error) || (error.kind !== 'wait' && error.kind !== 'retry')) throw error;
      if (options.now() >= until) throw error;
      options.waiting(step, error);
      await pause(round, error, until, options);
    }
  }
}

async function pause(
  round: number,
  error: ConnectorError | undefined,
  until: number,
  { sleep, now, signal }: RunOptions,
): Promise<void> {
  signal.throwIfAborted();
  const usual = pausesMs[Math.min(round, pausesMs.length - 1)] ?? 0;
  await sleep(Math.min(error?.retryAfterMs ?? usual, Math.max(0, until - now())), signal);
}

/** Whether the same call may go through later. */
function mayPass({ kind, code }: ConnectorError): boolean {
  return kind === 'wait' || kind === 'retry' || kind === 'gone' || passing.has(code);
}

function unseen({ change }: Step): ConnectorError {
  return new ConnectorError(
    'retry',
    'SETUP_NOT_SEEN',
    `Dataverse accepted it and does not show it: ${change}. Run setup again a little later.`,
  );
}

function mendOf({ kind, code }: ConnectorError): string {
  if (code === 'DATAVERSE_PRIVILEGE_MISSING' || code === 'DATAVERSE_ACCESS_DENIED') {
    return 'Give the application user the role System Customizer while setup runs, and take it away afterwards.';
  }
  if (kind === 'wait' || kind === 'retry') return 'Run setup again a little later: what is done is found again.';
  return code.startsWith('SETUP_')
    ? 'Correct the configuration, then run setup again.'
    : 'Do it by hand (docs/setup.md), then run setup again.';
}
