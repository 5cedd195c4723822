/** `connector sync`: one full cycle, with a bar for who watches and a summary for who reads it later. */
import { setTimeout as delay } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { CommandContext, ExitCode } from './cli-context.ts';
import { age, count, table } from './cli-format.ts';
import type { Core } from './sync/core.ts';
import { targetNames } from './sync/core.ts';
import { previewFirst, strangersOn } from './sync/first-contact.ts';
import { type CycleSummary, type CycleTarget, fullCycle } from './sync/full-cycle.ts';
import { housekeeping } from './sync/seal-evidence.ts';

/** Milliseconds without progress after which a target is left as it is. */
const patienceMs = 60_000;

export async function sync({ app, options, output, signal }: CommandContext): Promise<ExitCode> {
  for (const target of await strangersOn(app.core, signal)) output.note(previewFirst(target));
  const bar = options.quiet || options.json || !process.stderr.isTTY ? undefined : showProgress(app.core);
  const sleep = async (milliseconds: number, until: AbortSignal): Promise<void> => {
    await delay(milliseconds, undefined, { signal: until }).catch(() => until.throwIfAborted());
  };
  let summary: CycleSummary;
  try {
    summary = await fullCycle(app.core, {
      signal,
      patienceMs,
      sleep,
      onPhase: (phase) => phase === 'apply' && bar?.start(),
    });
  } finally {
    bar?.stop();
  }
  await keepHouse(app.core, signal);
  const exitCode = exitCodeOf(summary);
  if (options.json) output.json({ ...summary, exitCode });
  else for (const line of summaryLines(summary, Date.now())) output.line(line);
  return exitCode;
}

async function keepHouse(core: Core, signal: AbortSignal): Promise<void> {
  try {
    await housekeeping(core, signal);
  } catch (error) {
    signal.throwIfAborted();
    // What was synchronised is done all the same; the next cycle, or a worker, makes up for it.
    core.logger.warn({ err: error }, 'new evidence could not be sealed, or what is over not be forgotten');
  }
}

/** Another organization comes first, then something that needs a mend, then something that needs a decision. */
export function exitCodeOf(summary: CycleSummary): ExitCode {
  if (summary.tables.some((row) => row.trouble?.code === 'ORGANIZATION_CHANGED')) return 2;
  const failed =
    summary.jobs.trouble !== undefined ||
    summary.tables.some((row) => row.trouble !== undefined) ||
    summary.targets.some((row) => row.trouble || row.paused || row.parked > 0);
  if (failed) return 1;
  return summary.holds > 0 ? 3 : 0;
}

function showProgress(core: Core): { start(): void; stop(): void } {
  const bar = new SingleBar({
    format: 'applying [{bar}] {value} of {total} · {eta_formatted} left',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let timer: NodeJS.Timeout | undefined;
  let isShown = false;
  let highest = 0;
  let isLooking = false;
  let isOver = false;

  async function look(): Promise<void> {
    const owed = await Promise.all(targetNames(core).map((name) => core.store.overview.owed(name)));
    const left = owed.reduce((sum, row) => sum + row.owed, 0);
    if (isOver) return;
    highest = Math.max(highest, left);
    if (!isShown) {
      isShown = true;
      bar.start(highest, 0);
    }
    bar.setTotal(highest);
    bar.update(highest - left);
  }

  return {
    start() {
      timer = setInterval(() => {
        if (isLooking) return;
        isLooking = true;
        look()
          // A bar that cannot be drawn is no reason to stop working.
          .catch(() => undefined)
          .finally(() => {
            isLooking = false;
          });
      }, 500);
    },
    stop() {
      isOver = true;
      clearInterval(timer);
      if (isShown) bar.stop();
    },
  };
}

export function summaryLines(summary: CycleSummary, now: number): string[] {
  const lines = table([
    ...summary.tables.map((row) => [
      row.table,
      row.trouble ? `stopped: ${row.trouble.message} (${row.trouble.code})` : count(row.changes, 'change'),
    ]),
    ...summary.targets.map((row) => [row.target, targetText(row)]),
  ]);
  for (const row of summary.targets) {
    if (row.dryRun)
      lines.push(`${row.target} is in a dry run: nothing was sent; connector preview shows what would be`);
    if (row.paused) lines.push(`${row.target} is paused: ${row.paused.message} (${row.paused.code})`);
    if (row.trouble) lines.push(`${row.target} was left: ${row.trouble.message} (${row.trouble.code})`);
  }
  if (summary.jobs.trouble) {
    lines.push(`marketing jobs: ${summary.jobs.trouble.message} (${summary.jobs.trouble.code})`);
  }
  const { open, oldest } = summary.erasures;
  if (open > 0) {
    const since = oldest ? `, the oldest for ${age(now - oldest.getTime())}` : '';
    lines.push(`${count(open, 'erasure')} still open${since}`);
  }
  if (summary.targets.some((row) => row.parked > 0)) lines.push('see what is parked and why: connector parked');
  if (summary.holds > 0) lines.push(`${count(summary.holds, 'hold')} to be reviewed: connector holds`);
  return lines;
}

function targetText(row: CycleTarget): string {
  const parts = [`${row.owedBefore.toLocaleString('en')} owed`, `${row.applied.toLocaleString('en')} applied`];
  if (row.parked > 0) parts.push(`${row.parked.toLocaleString('en')} parked`);
  if (row.held > 0) parts.push(`${row.held.toLocaleString('en')} held`);
  if (row.staged > 0) parts.push(`${row.staged.toLocaleString('en')} waiting for their lot`);
  if (row.later > 0) parts.push(`${row.later.toLocaleString('en')} due later`);
  return parts.join(', ');
}
