/**
 * Loading a CRM into an empty account, and what changes cost afterwards. The calls are those that the simulators counted.
 * A cycle with nothing to do, measured in the same run, is taken off where the rate of rows is asked for: what is left is
 * the rows' own.
 */
import type { CountsReport } from '../../fixtures/simulators/kit.ts';
import { bareLoop, bodiesLike, type Loop } from './bare-loop.ts';
import type { BenchOptions } from './options.ts';
import { type Row, seconds } from './report.ts';
import { mappedColumn, spotlerConfiguration, unmappedColumn } from './settings.ts';
import { type Connector, type Cycle, countsOf, resetCounts, type Stage, type World } from './stage.ts';

/** Calls under way at most: two batches of a target (worker.concurrency), four calls of each. */
const atOnce = 8;

const tables = ['contact', 'lead', 'account'];

/** Bounds of design: calls a synced record, Dataverse requests a thousand changes, rows a second. */
const bars = { load: 1.3, calls: 0.02, requests: 5, rows: 10_000 };

export interface Loaded {
  readonly rows: readonly Row[];
  /** Resident set at the peak of the load, bytes. */
  readonly peakBytes: number | undefined;
}

export async function load(stage: Stage, options: BenchOptions): Promise<Loaded> {
  const { records, seed } = options;
  const world = await stage.world(records, { seed });
  const connector = await stage.connector(spotlerConfiguration(world.description));
  stage.note(`loading ${records} records`);
  const first = await measured(world, connector);
  const bodies = await bodiesLike(world, first.platform.requests['POST /contact/list'] ?? 0);

  stage.note('the bare loop');
  const other = await stage.world(records, { seed });
  const loop = await bareLoop(other.description.spotler, bodies, atOnce);
  await other.close();

  stage.note('changing what nobody maps');
  const idle = await measured(world, connector);
  await touch(world, { [unmappedColumn]: '9999 ZZ' });
  const unchanged = await measured(world, connector);
  stage.note('changing what is mapped');
  await touch(world, { [mappedColumn]: 'Benchmark' });
  const changed = await measured(world, connector);
  await connector.close();
  await world.close();

  const rows = [
    ...loadRows(first, loop, bodies.length),
    ...callRows('initial load', records, first),
    ...callRows('every row changed', records, changed),
    ...unchangedRows(records, unchanged, idle),
  ];
  return { rows, peakBytes: first.cycle.peakBytes };
}

/** The peak of one load, and nothing else. */
export async function loadOnly(stage: Stage, records: number, seed: number): Promise<number | undefined> {
  stage.note(`loading ${records} records`);
  const world = await stage.world(records, { seed });
  const connector = await stage.connector(spotlerConfiguration(world.description));
  const { peakBytes } = await connector.sync();
  await connector.close();
  await world.close();
  return peakBytes;
}

interface Measured {
  readonly cycle: Cycle;
  readonly platform: CountsReport;
  readonly crm: CountsReport;
  readonly synced: number;
}

async function measured(world: World, connector: Connector): Promise<Measured> {
  await resetCounts(world.dataverse, world.spotler);
  const cycle = await connector.sync();
  const [platform, crm] = [await countsOf(world.spotler), await countsOf(world.dataverse)];
  const synced = cycle.summary.targets.reduce((sum, target) => sum + target.applied, 0);
  return { cycle, platform, crm, synced };
}

async function touch(world: World, values: Readonly<Record<string, string>>): Promise<void> {
  for (const table of tables) await world.dataverse.post('/touch', { table, values });
}

function loadRows({ cycle, platform }: Measured, loop: Loop, calls: number): Row[] {
  const ratio = cycle.milliseconds / loop.milliseconds;
  const { processorMs } = cycle;
  return [
    {
      bar: `initial load ≤ ${bars.load} × a bare loop`,
      measured: `${seconds(cycle.milliseconds)} for ${platform.total} calls`,
      against: `${seconds(loop.milliseconds)} for ${calls} calls, ${atOnce} at once`,
      ratio,
      met: ratio <= bars.load,
    },
    {
      bar: 'initial load: processor time of the process (no bar)',
      measured: processorMs === undefined ? 'not measured' : seconds(processorMs),
      against: `${seconds(loop.processorMs)} of the bare loop`,
      ratio: processorMs === undefined ? undefined : processorMs / loop.processorMs,
      met: undefined,
    },
  ];
}

function callRows(what: string, records: number, { platform, crm, synced }: Measured): Row[] {
  const calls = platform.total / Math.max(1, synced);
  const requests = (crm.total / records) * 1000;
  return [
    {
      bar: `${what}: ≤ ${bars.calls} platform calls a record`,
      measured: `${platform.total} calls`,
      against: `${synced} records applied`,
      ratio: calls,
      met: calls <= bars.calls,
    },
    {
      bar: `${what}: ≤ ${bars.requests} Dataverse requests per 1,000`,
      measured: `${crm.total} requests`,
      against: `${records} changes`,
      ratio: requests,
      met: requests <= bars.requests,
    },
  ];
}

function unchangedRows(records: number, { cycle, platform, crm, synced }: Measured, idle: Measured): Row[] {
  if (synced < records) throw new Error(`only ${synced} of ${records} changed rows were looked at`);
  const own = cycle.milliseconds - idle.cycle.milliseconds;
  // On a busy machine the idle cycle may take longer than the other: then nothing is known of the rows.
  const rate = own > 0 ? records / (own / 1000) : undefined;
  // Asking whether anything changed costs calls of the platform too, with any number of rows.
  const calls = platform.total - idle.platform.total;
  return [
    {
      bar: `nothing relevant changed: ≥ ${bars.rows} rows a second`,
      measured: rate === undefined ? 'lost in the noise' : `${Math.round(rate)} rows/s (${seconds(own)})`,
      against: `${bars.rows} rows/s; idle cycle ${seconds(idle.cycle.milliseconds)}`,
      ratio: rate === undefined ? undefined : rate / bars.rows,
      met: rate === undefined ? undefined : rate >= bars.rows,
    },
    {
      bar: 'nothing relevant changed: processor time of the process (no bar)',
      measured: `${seconds((cycle.processorMs ?? 0) - (idle.cycle.processorMs ?? 0))} for ${records} rows`,
      against: 'idle cycle taken off',
      ratio: undefined,
      met: undefined,
    },
    {
      bar: 'nothing relevant changed: 0 platform calls',
      measured: `${calls} calls`,
      against: `${idle.platform.total} of an idle cycle taken off; ${crm.total} Dataverse requests`,
      ratio: undefined,
      met: calls === 0,
    },
  ];
}
