/**
 * The one clock of the fleet, inside a process. Guarantees: counts on from what the database said, so that a machine
 * whose clock is wrong, or is set while we run, takes no part in leases, ages and signatures; a step and a machine that
 * slept are noticed within a second, and the database is asked again. While the database does not answer it counts on.
 * Not as fine as the database's own clock: what has to be exact is compared there. BullMQ keeps its own time, by the
 * process's clock.
 */
import { performance } from 'node:perf_hooks';

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Asks the database again, where a minute has passed or the process's own clock was set. Never throws. */
  check(): Promise<void>;
  close(): void;
}

export interface ClockOptions {
  /** The time by the database's clock. */
  readonly ask: () => Promise<Date>;
  /** Milliseconds since 1970 by the process's clock, which somebody may set. */
  readonly wall?: () => number;
  /** Milliseconds since some moment, by a clock that nobody can set. */
  readonly steady?: () => number;
  /** Told how many milliseconds the process's clock is ahead of the database's, where that is much. */
  readonly onDifference?: (aheadMs: number) => void;
}

const checkEveryMs = 1000;
const askEveryMs = 60_000;
/** Milliseconds that the two clocks of a process may come to differ before it counts as a step. */
const tolerance = 2000;
/** Milliseconds that nobody needs to hear of. */
const usual = 30_000;

/** Throws what `ask` throws. */
export async function openClock(options: ClockOptions): Promise<Clock> {
  const { ask, wall = Date.now, steady = () => performance.now() } = options;
  let anchor = await measure();

  async function measure(): Promise<{ readonly time: number; readonly wall: number; readonly steady: number }> {
    const time = (await ask()).getTime();
    const measured = { time, wall: wall(), steady: steady() };
    if (Math.abs(measured.wall - time) > usual) options.onDifference?.(measured.wall - time);
    return measured;
  }

  async function check(): Promise<void> {
    const passed = steady() - anchor.steady;
    const wasSet = Math.abs(wall() - anchor.wall - passed) > tolerance;
    if (!wasSet && passed < askEveryMs) return;
    anchor = await measure().catch(() => anchor);
  }

  const timer = setInterval(() => void check(), checkEveryMs);
  timer.unref();
  return { now: () => anchor.time + steady() - anchor.steady, check, close: () => clearInterval(timer) };
}
