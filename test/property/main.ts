/**
 * `npm run test:properties`: ten thousand random histories (PROPERTY_RUNS, from PROPERTY_SEED), a third as many with targets
 * that are away for a while; the orders of two workers' steps in each scenario (at most INTERLEAVING_RUNS runs of
 * each; it says where these were all orders); and the planted bugs. Says what it did; exit code 1 when anything is wrong.
 */
import { checkHistories } from './history/check.ts';
import { outages, histories as plain } from './history/commands.ts';
import { plantedInHistories } from './history/plants.ts';
import { plantedBugs, scenarios, titleOf } from './interleaving/list.ts';
import { begin } from './interleaving/scenarios.ts';
import { explore } from './interleaving/scheduler.ts';

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.PROPERTY_RUNS ?? 10_000);
const maxRuns = Number(process.env.INTERLEAVING_RUNS ?? 5_000);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(text: string): void {
  say(`FAILED: ${text}`);
  process.exitCode = 1;
}

function secondsSince(started: number): string {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

async function histories(title: string, count: number, kind: typeof plain): Promise<void> {
  say(`${count} ${title}, seed ${seed}`);
  const started = Date.now();
  const { figures, failure } = await checkHistories(count, seed, kind);
  say(
    `${figures.histories} histories in ${secondsSince(started)}: ${figures.settlings} settlings compared with the model, ` +
      `${figures.deaths} workers died, ${figures.faults} calls failed, ids would have crossed ${figures.crossings} times`,
  );
  if (failure) fail(failure);
}

async function interleavings(): Promise<void> {
  let states = 0;
  for (const scenario of scenarios) {
    const started = Date.now();
    const explored = await explore(() => begin(scenario), { maxRuns, seed });
    states += explored.states;
    const extent = explored.complete ? 'all orders' : 'bounded';
    say(`${titleOf(scenario)}: ${explored.states} states, ${explored.ends} ends, ${extent}, ${secondsSince(started)}`);
    if (explored.failure) fail(`${explored.failure.problem}\n${explored.failure.steps.join(' | ')}`);
  }
  say(`${states} states in ${scenarios.length} scenarios`);
}

async function planted(): Promise<void> {
  for (const { name, scenario } of plantedBugs) {
    const { failure, runs: needed } = await explore(() => begin(scenario), { maxRuns: 20_000, seed });
    if (failure) say(`planted, and found after ${needed} runs: ${name}`);
    else fail(`planted and not found: ${name}`);
  }
  for (const { name, plant, seed: known } of plantedInHistories) {
    const { failure, figures } = await checkHistories(5_000, known, outages, plant);
    if (failure) say(`planted, and found after ${figures.histories} histories: ${name}`);
    else fail(`planted and not found: ${name}`);
  }
}

await histories('histories', runs, plain);
await histories('histories with targets that are away for a while', Math.ceil(runs / 3), outages);
await interleavings();
await planted();
