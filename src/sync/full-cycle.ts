/**
 * One full cycle without queues: every feed to its end, marketing jobs, then everything that is due on every target,
 * also what was put back for a few seconds. Guarantees: ends when only what is parked, paused, held or due much later
 * is left, or when nothing has moved for `patienceMs`; one table or target in trouble does not keep the others from
 * their work; works beside running workers, through the same leases.
 */
import type { TableName, TargetName } from '../../config/words.ts';
import { ConnectorError, isConnectorError } from '../http/errors.ts';
import { apply } from './apply.ts';
import { type Core, configuredTables, targetNames } from './core.ts';
import { marketingJobs } from './marketing-jobs.ts';
import { writeNotes } from './notes.ts';
import { isDryRun } from './pilot.ts';
import { pull } from './pull.ts';

export interface CycleOptions {
  readonly signal: AbortSignal;
  /** Milliseconds without any progress after which a target is left as it is. */
  readonly patienceMs: number;
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  onPhase?(phase: 'pull' | 'jobs' | 'apply'): void;
}

export interface Trouble {
  readonly code: string;
  /** Our own sentence. */
  readonly message: string;
}

export interface CycleTable {
  readonly table: TableName;
  readonly changes: number;
  readonly trouble: Trouble | undefined;
}

export interface CycleTarget {
  readonly target: TargetName;
  /** Owed before this cycle applied anything, this cycle's changes included. */
  readonly owedBefore: number;
  readonly applied: number;
  readonly parked: number;
  readonly staged: number;
  readonly held: number;
  /** Owed and due later, or due and not done: a time to wait, somebody else's lease, or a pause. */
  readonly later: number;
  readonly paused: Trouble | undefined;
  readonly trouble: Trouble | undefined;
  /** Nothing is sent there by configuration. */
  readonly dryRun: boolean;
}

export interface CycleSummary {
  readonly tables: readonly CycleTable[];
  readonly targets: readonly CycleTarget[];
  readonly jobs: { readonly trouble: Trouble | undefined };
  readonly erasures: { readonly open: number; readonly oldest: Date | null };
  /** Holds that wait for somebody. */
  readonly holds: number;
}

/** Rounds of applying and settling: closing an erasure may make a few records due once more. */
const mostRounds = 5;
/** Failures of the program itself in a row after which a target is left for this cycle. */
const mostFailures = 3;

/** Throws ConnectorError CONFIGURATION_SUPERSEDED when another configuration took over; and what `signal` was aborted with. */
export async function fullCycle(core: Core, options: CycleOptions): Promise<CycleSummary> {
  const { signal } = options;
  const since = await core.store.overview.now();
  options.onPhase?.('pull');
  const tables = await Promise.all(configuredTables(core).map((table) => pullTable(core, table, signal)));
  options.onPhase?.('jobs');
  let jobsTrouble = await settleJobs(core, signal);
  options.onPhase?.('apply');
  const before = new Map<TargetName, number>();
  for (const name of targetNames(core)) before.set(name, (await core.store.overview.owed(name)).owed);
  const troubles = new Map<TargetName, Trouble>();
  for (let round = 0; round < mostRounds; round++) {
    await Promise.all(targetNames(core).map((name) => applyTarget(core, name, options, troubles)));
    jobsTrouble = await settleJobs(core, signal);
    if (!(await isAnythingDue(core, troubles))) break;
  }
  await tellOnRecords(core, signal);
  return {
    tables,
    targets: await describeTargets(core, since, before, troubles),
    jobs: { trouble: jobsTrouble },
    erasures: await core.store.erasures.countOpen(),
    holds: (await core.store.brake.holds()).filter((hold) => hold.state === 'open').length,
  };
}

async function pullTable(core: Core, table: TableName, signal: AbortSignal): Promise<CycleTable> {
  try {
    const { changes } = await pull(core, table, signal);
    return { table, changes, trouble: undefined };
  } catch (error) {
    signal.throwIfAborted();
    core.logger.warn({ table, err: error }, 'a table could not be read to its end');
    return { table, changes: 0, trouble: troubleOf(error) };
  }
}

async function settleJobs(core: Core, signal: AbortSignal): Promise<Trouble | undefined> {
  try {
    await marketingJobs(core, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    core.logger.warn({ err: error }, 'marketing jobs could not be dealt with');
    return troubleOf(error);
  }
}

/** As many as fit into a minute; what is left follows with the next cycle. */
async function tellOnRecords(core: Core, signal: AbortSignal): Promise<void> {
  try {
    await writeNotes(core, signal);
  } catch (error) {
    signal.throwIfAborted();
    core.logger.warn({ err: error }, 'notes could not be written');
  }
}

async function applyTarget(
  core: Core,
  name: TargetName,
  options: CycleOptions,
  troubles: Map<TargetName, Trouble>,
): Promise<void> {
  if (isDryRun(core, name)) return;
  const { owed } = await core.store.overview.owed(name);
  const lanes = Math.max(
    1,
    Math.min(core.settings.worker.concurrency, Math.ceil(owed / core.settings.worker.batchSize)),
  );
  try {
    await Promise.all(Array.from({ length: lanes }, () => applyUntilDone(core, name, options)));
  } catch (error) {
    options.signal.throwIfAborted();
    if (isConnectorError(error) && error.code === 'CONFIGURATION_SUPERSEDED') throw error;
    core.logger.error({ target: name, err: error }, 'a target was left for this cycle');
    troubles.set(name, troubleOf(error));
  }
}

/** Applies and waits by turns. Returns when waiting is of no use. */
async function applyUntilDone(core: Core, name: TargetName, options: CycleOptions): Promise<void> {
  const { signal, patienceMs } = options;
  let movedAt = core.now();
  let last = Number.POSITIVE_INFINITY;
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    let claimed = 0;
    try {
      ({ claimed } = await apply(core, name, signal));
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      core.logger.warn({ target: name, err: error }, 'a batch failed as a whole; what it claimed stays owed');
      if (failures >= mostFailures) throw error;
    }
    const now = await core.store.overview.owed(name);
    if (now.owed < last) movedAt = core.now();
    last = now.owed;
    if (now.dueInMs === undefined) return;
    const waitMs = Math.max(now.dueInMs, now.pausedForMs);
    if (core.now() - movedAt + waitMs > patienceMs) return;
    if (waitMs === 0 && claimed > 0) continue;
    await throwIfSuperseded(core);
    // Not longer than a second: somebody else may finish, or bring, what we wait for.
    await options.sleep(Math.min(Math.max(waitMs, 20), 1000), signal);
  }
}

async function throwIfSuperseded(core: Core): Promise<void> {
  const current = await core.store.configurations.current();
  if (current === undefined || current.epoch === core.epoch) return;
  throw new ConnectorError(
    'config',
    'CONFIGURATION_SUPERSEDED',
    'another process took over with another configuration; what is left is its work',
  );
}

async function isAnythingDue(core: Core, troubles: ReadonlyMap<TargetName, Trouble>): Promise<boolean> {
  for (const name of targetNames(core)) {
    if (troubles.has(name) || isDryRun(core, name)) continue;
    const { dueInMs, pausedForMs } = await core.store.overview.owed(name);
    if (dueInMs === 0 && pausedForMs === 0) return true;
  }
  return false;
}

async function describeTargets(
  core: Core,
  since: Date,
  before: ReadonlyMap<TargetName, number>,
  troubles: ReadonlyMap<TargetName, Trouble>,
): Promise<CycleTarget[]> {
  const counts = new Map((await core.store.overview.counts()).map((row) => [row.target, row]));
  return Promise.all(
    targetNames(core).map(async (target) => {
      const row = counts.get(target);
      const state = await core.store.targets.state(target);
      const isPaused = await core.store.targets.isPaused(target);
      return {
        target,
        owedBefore: before.get(target) ?? 0,
        applied: await core.store.overview.appliedSince(target, since),
        parked: row?.parked ?? 0,
        staged: row?.staged ?? 0,
        held: row?.held ?? 0,
        later: row?.owed ?? 0,
        paused: isPaused
          ? { code: state.paused_code ?? 'PAUSED', message: state.paused_reason ?? 'the target is paused' }
          : undefined,
        trouble: troubles.get(target),
        dryRun: isDryRun(core, target),
      };
    }),
  );
}

export function troubleOf(error: unknown): Trouble {
  if (isConnectorError(error)) return { code: error.code, message: error.message };
  return {
    code: 'UNEXPECTED',
    message: `an unexpected failure (${error instanceof Error ? error.name : 'unknown'}); the log says more`,
  };
}
