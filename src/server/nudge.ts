/**
 * Hints that something has to be looked at, as many as may come. Guarantees: the first of a kind is passed on at once and
 * all that follow within the gap as one at its end, so that the last one is never swallowed; no hint waits longer than
 * the gap, and none keeps the process alive.
 */

/** Milliseconds between two passed on: a busy organization must not use up the requests that reading needs. */
export const gapMs = 1_000;

export interface Nudges<Kind> {
  nudge(kind: Kind): void;
  /** What still waits is dropped: whatever reads by the clock makes up for it. */
  stop(): void;
}

/** @param pass may be slow; it must not fail */
export function createNudges<Kind>(pass: (kind: Kind) => Promise<void>): Nudges<Kind> {
  const gaps = new Map<Kind, { readonly timer: NodeJS.Timeout; again: boolean }>();

  function begin(kind: Kind): void {
    void pass(kind);
    const timer = setTimeout(() => {
      const again = gaps.get(kind)?.again ?? false;
      gaps.delete(kind);
      if (again) begin(kind);
    }, gapMs);
    timer.unref();
    gaps.set(kind, { timer, again: false });
  }

  return {
    nudge(kind) {
      const gap = gaps.get(kind);
      if (gap) gap.again = true;
      else begin(kind);
    },
    stop() {
      for (const { timer } of gaps.values()) clearTimeout(timer);
      gaps.clear();
    },
  };
}
