/**
 * What goes wrong around the workers: spoilt answers, a PostgreSQL that restarts, a Redis that is flushed, an expired
 * position in the change feed, a change of a table's metadata, tokens that are refused. Guarantees: `stop` ends all of
 * it and leaves nothing armed; `report` says how much of each there was.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CountsReport, FaultPlan } from '../../fixtures/simulators/kit.ts';
import type { Postgres, Simulators, Wakeups } from './services.ts';
import type { ChaosTarget } from './targets.ts';

export interface Trouble {
  /** Everything that happens once has happened. */
  hasShownAll(): boolean;
  /** Runs until `stop`. */
  stop(): Promise<void>;
  report(): Promise<TroubleReport>;
}

export interface TroubleReport {
  readonly faults: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Part of all answers that was spoilt. */
  readonly share: Readonly<Record<string, number>>;
  readonly calls: Readonly<Record<string, number>>;
  readonly postgresRestarts: number;
  readonly flushes: number;
  readonly expiredPositions: number;
  readonly metadataChanges: number;
  readonly refusedTokens: number;
  /** How often one target of several went away. */
  readonly outages: number;
}

export interface TroubleOptions {
  readonly simulators: Simulators;
  /** With several, the second is away for half of the time. */
  readonly targets: readonly ChaosTarget[];
  readonly postgres: Postgres;
  readonly wakeups: Wakeups | undefined;
  readonly seed: number;
  readonly faulty: number;
  /** Milliseconds that the trouble will last about. */
  readonly milliseconds: number;
  readonly note: (text: string) => void;
}

/** Each strikes by itself; together they spoil `share` of the answers. Shorter than the time in which a call may land. */
export function faultPlan(share: number, seed: number): FaultPlan {
  const kinds = [
    { kind: '429', retryAfterSeconds: 1 },
    { kind: '500' },
    { kind: '503' },
    { kind: 'html' },
    { kind: 'cut' },
    { kind: 'cutAfter' },
    { kind: 'truncated' },
    { kind: 'truncatedJson' },
    { kind: 'slow', delayMs: 400 },
    { kind: 'slow', delayMs: 1500 },
    { kind: 'lateEffect', delayMs: 1500 },
  ] as const;
  const each = 1 - (1 - share) ** (1 / kinds.length);
  return { seed, faults: kinds.map((fault) => ({ ...fault, probability: each })) };
}

export async function startTrouble(options: TroubleOptions): Promise<Trouble> {
  const { simulators, targets, postgres, wakeups, note } = options;
  const { dataverse } = simulators;
  const ending = new AbortController();
  const counts = {
    postgresRestarts: 0,
    flushes: 0,
    expiredPositions: 0,
    metadataChanges: 0,
    refusedTokens: 0,
    outages: 0,
  };
  const minute = Math.min(60_000, Math.max(12_000, options.milliseconds / 3));

  for (const [index, { admin }] of targets.entries())
    await admin.post('/faults', faultPlan(options.faulty, options.seed + 10 * index));
  await dataverse.post('/faults', faultPlan(options.faulty, options.seed + 1));

  /** Milliseconds; false when the trouble is over. */
  async function pause(milliseconds: number): Promise<boolean> {
    await delay(milliseconds, undefined, { signal: ending.signal }).catch(() => undefined);
    return !ending.signal.aborted;
  }

  async function everyMinute(): Promise<void> {
    while (await pause(minute)) {
      const how = counts.postgresRestarts % 2 === 0 ? 'fast' : 'immediate';
      note(`PostgreSQL restarts (${how})`);
      await postgres.restart(how);
      counts.postgresRestarts += 1;
    }
  }

  async function flushes(): Promise<void> {
    if (!wakeups) return;
    await pause(minute / 2);
    do {
      if (ending.signal.aborted) return;
      note('FLUSHALL');
      await wakeups.flush();
      counts.flushes += 1;
    } while (await pause(minute));
  }

  /** One target of several is away as long as it is there. */
  async function outages(): Promise<void> {
    const target = targets[1];
    if (!target) return;
    for (let away = true; await pause(minute / 3); away = !away) {
      note(`${target.platform} is ${away ? 'away' : 'back'}`);
      const faults = away ? [{ kind: '503' }] : faultPlan(options.faulty, options.seed + counts.outages);
      await target.admin.post('/faults', faults);
      if (away) counts.outages += 1;
    }
  }

  async function generation(table: string): Promise<number> {
    const rows = await postgres.query<{ generation: number }>(
      'select generation from checkpoint where crm_table = $1',
      [table],
    );
    return rows[0]?.generation ?? 0;
  }

  async function once(): Promise<void> {
    if (!(await pause(options.milliseconds * 0.3))) return;
    note('a position in the change feed expires');
    const before = await generation('contact');
    await dataverse.post('/organization', { expireDays: 0 });
    for (let waited = 0; waited < 100 && (await generation('contact')) === before; waited++) await delay(200);
    await dataverse.post('/organization', { expireDays: 7 });
    counts.expiredPositions += 1;
    if (!(await pause(options.milliseconds * 0.1))) return;
    note('all tokens are refused');
    await dataverse.post('/tokens/expire', {});
    counts.refusedTokens += 1;
    if (!(await pause(options.milliseconds * 0.15))) return;
    note('the metadata of lead changes');
    await dataverse.post('/metadata', { table: 'lead', addColumn: { name: 'new_chaos' } });
    counts.metadataChanges += 1;
  }

  const running = Promise.all([everyMinute(), flushes(), once(), outages()]);
  // Looked at in `stop`: until then a failure must not end the run half-way.
  running.catch(() => undefined);

  return {
    hasShownAll: () => counts.metadataChanges > 0 && counts.postgresRestarts > 0,
    async stop() {
      ending.abort();
      await running;
      for (const { admin } of targets) await admin.post('/faults', []);
      await dataverse.post('/faults', []);
    },
    async report() {
      const of: Record<string, CountsReport> = { dataverse: await dataverse.get<CountsReport>('/counts') };
      for (const { platform, admin } of targets) of[platform] = await admin.get<CountsReport>('/counts');
      const sum = (record: Readonly<Record<string, number>>): number =>
        Object.values(record).reduce((total, count) => total + count, 0);
      return {
        ...counts,
        faults: Object.fromEntries(Object.entries(of).map(([name, { faults }]) => [name, faults])),
        share: Object.fromEntries(Object.entries(of).map(([name, { faults, total }]) => [name, sum(faults) / total])),
        calls: Object.fromEntries(Object.entries(of).map(([name, { total }]) => [name, total])),
      };
    },
  };
}
