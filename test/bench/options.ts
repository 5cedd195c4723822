/** The flags of `npm run bench`. Throws on what it does not know: a figure under a misspelt flag would be another one's. */
import { parseArgs } from 'node:util';

export const groups = ['load', 'memory', 'rate', 'delay'] as const;
export type Group = (typeof groups)[number];

export interface BenchOptions {
  readonly only: readonly Group[];
  /** True at the size that the bars speak of. */
  readonly full: boolean;
  /** Rows in the CRM: 75 % contacts, 20 % leads, 5 % accounts. */
  readonly records: number;
  /** Rows of the larger CRM, for the memory. */
  readonly larger: number;
  /** Seconds for which the pace is measured, for each number of processes. */
  readonly rateSeconds: number;
  /** Deletions, and seconds between two looks at the change feed, where that is what is measured. */
  readonly deletions: number;
  readonly pollSeconds: number;
  readonly seed: number;
  readonly json: boolean;
}

const sizes = {
  scaled: { records: 20_000, larger: 3, rateSeconds: 12, deletions: 40, pollSeconds: 2 },
  full: { records: 100_000, larger: 10, rateSeconds: 60, deletions: 200, pollSeconds: 10 },
};

export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      records: { type: 'string' },
      larger: { type: 'string' },
      seed: { type: 'string', default: '1' },
      full: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const chosen = values.only.flatMap((names) => names.split(','));
  for (const name of chosen) if (!isGroup(name)) throw new Error(`--only is one of ${groups.join(', ')}`);
  const size = values.full ? sizes.full : sizes.scaled;
  const records = whole(values.records, 'records') ?? size.records;
  if (records < 1000) throw new Error('--records is 1000 or more: below that the start is all that is measured');
  return {
    only: chosen.length > 0 ? groups.filter((name) => chosen.includes(name)) : groups,
    full: values.full,
    records,
    larger: whole(values.larger, 'larger') ?? records * size.larger,
    rateSeconds: size.rateSeconds,
    deletions: size.deletions,
    pollSeconds: size.pollSeconds,
    seed: whole(values.seed, 'seed') ?? 1,
    json: values.json,
  };
}

function isGroup(name: string): name is Group {
  return (groups as readonly string[]).includes(name);
}

function whole(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,8}$/.test(text)) throw new Error(`--${flag} takes a whole number`);
  return Number(text);
}
