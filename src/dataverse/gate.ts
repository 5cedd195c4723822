/**
 * Holds every call back after a 429, for all users of one client: service protection counts per application user, and
 * whoever keeps sending makes the wait longer (wire: api-limits). Guarantees that no call passes before the time that
 * was asked for; a call that would wait longer than `longestWaitMs` is told so instead of being kept. Lives in one
 * process: another process learns from its own 429.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorError } from '../http/errors.ts';

export interface Gate {
  /** Resolves when a call may be sent. Throws `wait` when that is too far away, and rejects when the signal aborts. */
  pass(signal: AbortSignal): Promise<void>;
  /** Nobody passes before `ms` milliseconds from now. */
  hold(ms: number): void;
}

export interface GateOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds a call is kept at most. */
  readonly longestWaitMs: number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal });
}

export function createGate({ now, longestWaitMs, sleep = sleepFor }: GateOptions): Gate {
  let closedUntil = 0;
  return {
    async pass(signal) {
      for (let wait = closedUntil - now(); wait > 0; wait = closedUntil - now()) {
        if (wait > longestWaitMs) {
          throw new ConnectorError('wait', 'DATAVERSE_THROTTLED', 'Dataverse asked all calls to wait.', {
            retryAfterMs: wait,
          });
        }
        await sleep(wait, signal);
      }
    },
    hold(ms) {
      closedUntil = Math.max(closedUntil, now() + ms);
    },
  };
}
