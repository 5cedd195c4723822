/** What a benchmark answers, and the table for people. Decides nothing: `met` is computed where it was measured. */
import { cpus, loadavg, totalmem } from 'node:os';

export interface Row {
  /** What the bar says. */
  readonly bar: string;
  readonly measured: string;
  /** What it was compared with, in the same run; the bound itself where there is nothing to compare with. */
  readonly against: string;
  /** Measured over compared; undefined where a ratio says nothing. */
  readonly ratio: number | undefined;
  /** Undefined for a figure that no bar speaks of, or that could not be measured here. */
  readonly met: boolean | undefined;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly node: string;
  readonly platform: string;
  /** Processes that wanted to run, over the last minute. */
  readonly load: number;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: process.platform,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

/** The value below which 95 of 100 lie. Throws on an empty list. */
export function p95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.ceil(sorted.length * 0.95) - 1];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

export function table(rows: readonly Row[]): string {
  const cells = [
    ['bar', 'measured', 'against', 'ratio', 'met'],
    ...rows.map(({ bar, measured, against, ratio, met }) => [
      bar,
      measured,
      against,
      ratio === undefined ? '' : ratio.toFixed(ratio < 0.1 ? 4 : 2),
      met === undefined ? '-' : met ? 'yes' : 'NO',
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
