/**
 * `npm run bench`: the bars of the design that are about time, memory and numbers of calls, each as a ratio to something
 * measured in the same run. Prints a table; ends with 0 also when a bar is missed, and with 1 when something failed.
 * Everything that was started is ended by its process id, at the end and on Ctrl-C. docs/benchmarks.md tells more.
 *
 *   --only load,memory,rate,delay   --records N   --larger N   --seed N   --json
 *   --full (the sizes that the bars speak of: 100,000 and 1,000,000 records; much longer)
 */
import { delays } from './delay.ts';
import { load } from './load.ts';
import { memory } from './memory.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { rate } from './rate.ts';
import { machine, type Row, table } from './report.ts';
import { openStage } from './stage.ts';

async function measure(options: BenchOptions, note: (text: string) => void): Promise<Row[]> {
  const stage = await openStage(note);
  const wants = new Set(options.only);
  const rows: Row[] = [];
  try {
    const loaded = wants.has('load') ? await load(stage, options) : undefined;
    rows.push(...(loaded?.rows ?? []));
    if (wants.has('memory')) rows.push(...(await memory(stage, options, loaded?.peakBytes)));
    if (wants.has('rate')) rows.push(...(await rate(stage, options)));
    if (wants.has('delay')) rows.push(...(await delays(stage, options)));
  } finally {
    await stage.close();
  }
  return rows;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const began = Date.now();
  // The result is alone on standard output.
  const note = (text: string): void => {
    process.stderr.write(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${text}\n`);
  };
  const before = machine();
  const rows = await measure(options, note);
  const after = machine();
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ options, machine: before, loadAfter: after.load, rows }, null, 2)}\n`);
    return;
  }
  const { processor, cores, memoryGigabytes, node, platform } = before;
  const size = options.full
    ? 'full size'
    : `scaled down: ${options.records} records instead of 100,000, ${options.larger} instead of 1,000,000, ` +
      `the pace over ${options.rateSeconds} s, ${options.deletions} deletions at a poll of ${options.pollSeconds} s instead of 10 s`;
  process.stdout.write(
    `${table(rows)}\n\n${size}\n${cores} cores (${processor}), ${memoryGigabytes} GB, Node ${node}, ${platform}; ` +
      `load ${before.load} before and ${after.load} after, in ${Math.round((Date.now() - began) / 1000)} s\n` +
      `${rows.filter((row) => row.met === false).length} of ${rows.length} figures miss their bar\n`,
  );
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
