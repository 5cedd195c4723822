/** Five-minute buckets of the ledger, added up to the bars of a chart. Pure; knows nothing of how they are drawn. */
import type { BucketOfActivity } from '../../store/activity.ts';

export interface Bin {
  /** Milliseconds since 1970 at which it begins. */
  readonly from: number;
  /** `action/rule` → changes brought to their end. */
  readonly actions: ReadonlyMap<string, number>;
  /** Upper bound of the class in seconds, as text → changes. */
  readonly lags: ReadonlyMap<string, number>;
  readonly calls: number;
  readonly throttled: number;
}

export const binMinutes = 30;
export const binCount = 48;

/** The last 24 hours, oldest first; the last bin is the one that `now` (milliseconds since 1970) lies in. */
export function binsOf(buckets: readonly BucketOfActivity[], now: number): Bin[] {
  const width = binMinutes * 60_000;
  const last = Math.floor(now / width);
  const byBin = Map.groupBy(buckets, ({ bucket }) => Math.floor(bucket.getTime() / width));
  return Array.from({ length: binCount }, (_, index) => {
    const bin = last - binCount + 1 + index;
    const rows = byBin.get(bin) ?? [];
    return {
      from: bin * width,
      actions: sums(rows, 'action'),
      lags: sums(rows, 'lag'),
      calls: total(rows, 'call'),
      throttled: total(rows, 'throttled'),
    };
  });
}

function sums(rows: readonly BucketOfActivity[], kind: BucketOfActivity['kind']): Map<string, number> {
  const found = new Map<string, number>();
  for (const row of rows) if (row.kind === kind) found.set(row.name, (found.get(row.name) ?? 0) + row.n);
  return found;
}

function total(rows: readonly BucketOfActivity[], kind: BucketOfActivity['kind']): number {
  return rows.reduce((sum, row) => (row.kind === kind ? sum + row.n : sum), 0);
}

/** The class that the share (0 to 1) of all lags lies in or below, as its place in `bounds`; undefined for no lags. */
export function lagClass(
  lags: ReadonlyMap<string, number>,
  share: number,
  bounds: readonly number[],
): number | undefined {
  const counts = [...bounds.map((bound) => lags.get(String(bound)) ?? 0), lags.get('+Inf') ?? 0];
  const all = counts.reduce((sum, n) => sum + n, 0);
  if (all === 0) return undefined;
  let seen = 0;
  return counts.findIndex((n) => {
    seen += n;
    return seen >= all * share;
  });
}

/** Calls of a target in the newest bucket of five minutes that is over. */
export function callsLately(buckets: readonly BucketOfActivity[], target: string, now: number): number {
  const width = 5 * 60_000;
  const wanted = (Math.floor(now / width) - 1) * width;
  return buckets.reduce(
    (sum, row) => (row.kind === 'call' && row.target === target && row.bucket.getTime() === wanted ? sum + row.n : sum),
    0,
  );
}
