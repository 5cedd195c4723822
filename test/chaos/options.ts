/** The flags of `npm run test:chaos`. Throws on what it does not know: a run with a misspelt flag proves something else. */
import { parseArgs } from 'node:util';

export type Backend = 'postgres' | 'redis';

export interface ChaosOptions {
  /** 1: Spotler; 3: Keap and BoldDesk as well, of which one is away for half of the time. */
  readonly targets: 1 | 3;
  readonly backends: readonly Backend[];
  readonly changes: number;
  readonly records: number;
  /** SIGKILLs in all, and at least in each phase. */
  readonly kills: number;
  readonly killsPerPhase: number;
  /** Bound of one backend's run, from its first process to its comparison. */
  readonly milliseconds: number;
  /** How long the trouble is meant to last; longer, where it takes longer until there was enough of it. */
  readonly troubleMs: number;
  /** Part of the answers of Spotler and Dataverse that are spoilt, 0 to 1. */
  readonly faulty: number;
  readonly seed: number;
  /** Keep the folder with the logs, also when all is well. */
  readonly keep: boolean;
}

export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: { type: 'string', default: 'both' },
      targets: { type: 'string', default: '1' },
      short: { type: 'boolean', default: false },
      changes: { type: 'string' },
      records: { type: 'string' },
      kills: { type: 'string' },
      minutes: { type: 'string' },
      faulty: { type: 'string', default: '0.3' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const number = (text: string | undefined, flag: string, fallback: number): number => {
    const value = text === undefined ? fallback : Number(text);
    if (!(value >= 0)) throw new Error(`--${flag} is a number`);
    return value;
  };
  const { backend, short } = values;
  if (backend !== 'both' && backend !== 'postgres' && backend !== 'redis') {
    throw new Error('--backend is postgres, redis or both');
  }
  const targets = values.targets === '1' ? 1 : values.targets === '3' ? 3 : undefined;
  if (targets === undefined) throw new Error('--targets is 1 or 3');
  const kills = Math.round(number(values.kills, 'kills', short ? 6 : 200));
  const milliseconds = number(values.minutes, 'minutes', short ? 5 : 10) * 60_000;
  return {
    targets,
    backends: backend === 'both' ? ['postgres', 'redis'] : [backend],
    changes: Math.round(number(values.changes, 'changes', short ? 1000 : 50_000)),
    records: Math.round(number(values.records, 'records', short ? 200 : 5000)),
    kills,
    killsPerPhase: short ? 1 : Math.floor(kills / 10),
    milliseconds,
    troubleMs: short ? 15_000 : milliseconds * 0.65,
    faulty: number(values.faulty, 'faulty', 0.3),
    seed: Math.round(number(values.seed, 'seed', Math.floor(Math.random() * 1_000_000))),
    keep: values.keep,
  };
}
