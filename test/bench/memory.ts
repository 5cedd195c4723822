/**
 * The resident set of the process that loads a CRM, for two sizes: the peak that the kernel kept. PostgreSQL is not in it.
 * A heap grows until collecting pays, so small populations differ by chance: the bar is about the large ones.
 */
import { loadOnly } from './load.ts';
import type { BenchOptions } from './options.ts';
import { megabytes, type Row } from './report.ts';
import type { Stage } from './stage.ts';

const bars = { bytes: 300_000_000, difference: 0.2 };

/** `known` is the peak at `options.records`, where that was measured already. */
export async function memory(stage: Stage, options: BenchOptions, known: number | undefined): Promise<Row[]> {
  const { records, larger, seed } = options;
  const small = known ?? (await loadOnly(stage, records, seed));
  const large = small === undefined ? undefined : await loadOnly(stage, larger, seed);
  const most = `resident memory ≤ ${megabytes(bars.bytes)}`;
  if (small === undefined || large === undefined) {
    const against = 'this system has no /proc';
    return [{ bar: most, measured: 'not measured', against, ratio: undefined, met: undefined }];
  }
  const ratio = large / small;
  return [
    {
      bar: most,
      measured: `${megabytes(large)} at ${larger} records`,
      against: megabytes(bars.bytes),
      ratio: large / bars.bytes,
      met: large <= bars.bytes,
    },
    {
      bar: 'resident memory within 20 % of the smaller CRM',
      measured: `${megabytes(large)} at ${larger} records`,
      against: `${megabytes(small)} at ${records}`,
      ratio,
      met: Math.abs(ratio - 1) <= bars.difference,
    },
  ];
}
