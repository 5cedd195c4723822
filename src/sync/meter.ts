/**
 * What the work tells about itself while it is done: for metrics and charts. Guarantees: telling never fails and never
 * waits; nothing about a person is told, only names of targets, rules and actions, and milliseconds.
 */
import type { TargetName } from '../../config/words.ts';
import type { Activity, ActivityBook } from '../store/activity.ts';

export interface Applied {
  readonly target: TargetName;
  readonly action: string;
  readonly rule: string;
  /** Milliseconds from the change in the CRM until it was applied; undefined where no such moment is known. */
  readonly lagMs: number | undefined;
}

export interface Meter {
  /** A record's change was brought to its end on a target. */
  applied(what: Applied): void;
  /** An explicit erasure was done on a target, so many milliseconds after it was asked for. */
  erased(target: TargetName, afterMs: number): void;
  /** A call of the platform is sent. */
  called(target: TargetName): void;
  /** The platform answered 429. */
  throttled(target: TargetName): void;
}

export const noMeter: Meter = {
  applied: () => undefined,
  erased: () => undefined,
  called: () => undefined,
  throttled: () => undefined,
};

export function meterTogether(meters: readonly Meter[]): Meter {
  return {
    applied: (what) => meters.forEach((one) => void one.applied(what)),
    erased: (target, afterMs) => meters.forEach((one) => void one.erased(target, afterMs)),
    called: (target) => meters.forEach((one) => void one.called(target)),
    throttled: (target) => meters.forEach((one) => void one.throttled(target)),
  };
}

/** Upper bounds, in seconds, of the classes that lags are counted in; more than the last is `+Inf`. */
export const lagBounds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 3600, 14_400, 86_400] as const;

export interface ActivityCounter extends Meter {
  /** Writes down what was counted since the last time; on failure it stays counted. */
  flush(book: Pick<ActivityBook, 'add'>): Promise<void>;
}

/** Counts in memory what the charts show, until it is written down. */
export function createActivityCounter(): ActivityCounter {
  const counts = new Map<string, Activity>();
  let flushing: Promise<void> | undefined;

  function count(kind: Activity['kind'], target: string, name: string, n = 1): void {
    const key = JSON.stringify([kind, target, name]);
    counts.set(key, { kind, target, name, n: (counts.get(key)?.n ?? 0) + n });
  }

  async function write(book: Pick<ActivityBook, 'add'>): Promise<void> {
    const rows = [...counts.values()];
    counts.clear();
    try {
      await book.add(rows);
    } catch (error) {
      for (const { kind, target, name, n } of rows) count(kind, target, name, n);
      throw error;
    }
  }

  return {
    applied({ target, action, rule, lagMs }) {
      count('action', target, `${action}/${rule}`);
      if (lagMs !== undefined) count('lag', target, String(lagBounds.find((bound) => lagMs <= bound * 1000) ?? '+Inf'));
    },
    erased: () => undefined,
    called: (target) => count('call', target, ''),
    throttled: (target) => count('throttled', target, ''),
    flush(book) {
      flushing ??= write(book).finally(() => {
        flushing = undefined;
      });
      return flushing;
    },
  };
}
