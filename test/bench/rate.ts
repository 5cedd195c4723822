/**
 * How much of the allowed rate a fleet uses, and how many of its calls are refused. The platform takes people one by one,
 * answers after a tenth of a second, and lets in what the configuration says and not one call more. The share is taken over
 * a window in the middle of the work; the refusals from the first call on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CountsReport } from '../../fixtures/simulators/kit.ts';
import type { BenchOptions } from './options.ts';
import { percent, type Row } from './report.ts';
import { keapConfiguration } from './settings.ts';
import { countsOf, resetCounts, type Stage } from './stage.ts';

const bars = { used: 0.95, refused: 0.01 };
const fleets = [1, 2, 4];
/** Calls a second. */
const limit = 40;
const answerMs = 100;
/** Seconds that are left to a fleet before and after the window, generously. */
const around = 30;

export async function rate(stage: Stage, options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const processes of fleets) rows.push(...(await fleet(stage, options, processes)));
  return rows;
}

async function fleet(stage: Stage, options: BenchOptions, processes: number): Promise<Row[]> {
  stage.note(`the pace of ${processes} ${processes === 1 ? 'process' : 'processes'}, ${options.rateSeconds} s`);
  const people = limit * (options.rateSeconds + around);
  const world = await stage.world(people, { seed: options.seed, platforms: ['keap'] });
  const { keap } = world;
  if (!keap) throw new Error('the world has no Keap');
  await keap.post('/rate', { requestsPerSecond: limit });
  await keap.post('/faults', [{ kind: 'slow', delayMs: answerMs }]);
  await resetCounts(keap);
  const connector = await stage.connector(keapConfiguration(world.description, limit));
  // The first lays out the ledger.
  await connector.start();
  await Promise.all(Array.from({ length: processes - 1 }, () => connector.start()));
  while ((await countsOf(keap)).total < 2 * limit) await delay(100);

  const began = performance.now();
  const before = await countsOf(keap);
  await delay(options.rateSeconds * 1000);
  const after = await countsOf(keap);
  const seconds = (performance.now() - began) / 1000;
  const left = await connector.owed();
  if (left === 0) throw new Error('the work ran out before the window ended: nothing is known of the pace');
  const all = await countsOf(keap);
  // Closing ends them where they are: nobody waits for what was begun.
  await connector.close();
  await world.close();
  return describe(processes, admitted(after) - admitted(before), seconds, all);
}

function admitted({ total, rate: { refused } }: CountsReport): number {
  return total - refused;
}

function describe(processes: number, calls: number, seconds: number, all: CountsReport): Row[] {
  const used = calls / (limit * seconds);
  const refused = all.rate.refused / all.total;
  const fleetName = `${processes} ${processes === 1 ? 'process' : 'processes'}`;
  return [
    {
      bar: `${fleetName}: ≥ ${percent(bars.used)} of the allowed rate`,
      measured: `${(calls / seconds).toFixed(1)} calls/s`,
      against: `${limit} calls/s allowed`,
      ratio: used,
      met: used >= bars.used,
    },
    {
      bar: `${fleetName}: < ${percent(bars.refused)} of calls answered 429`,
      measured: `${all.rate.refused} refused`,
      against: `${all.total} calls, worst second ${all.rate.worstSecond}`,
      ratio: refused,
      met: refused < bars.refused,
    },
  ];
}
