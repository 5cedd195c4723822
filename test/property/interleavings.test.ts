/**
 * Two workers and the world outside, stepped by one scheduler through the real use cases: whichever order their calls
 * come in, the end is one that the model knows. Here a part of the orders of each scenario; all of them by
 * npm run test:properties (INTERLEAVING_RUNS bounds both).
 */
import { plantedBugs, scenarios, titleOf } from './interleaving/list.ts';
import { begin } from './interleaving/scenarios.ts';
import { explore } from './interleaving/scheduler.ts';

const maxRuns = Number(process.env.INTERLEAVING_RUNS ?? 100);

describe('two workers, in orders drawn from all', () => {
  it.each(scenarios.map((scenario) => [titleOf(scenario), scenario] as const))('%s', async (_title, scenario) => {
    const { failure, states } = await explore(() => begin(scenario), { maxRuns });
    expect(failure).toBeUndefined();
    expect(states).toBeGreaterThan(20);
  });
});

describe('a planted bug is found', () => {
  it.each(plantedBugs.map(({ name, scenario }) => [name, scenario] as const))('%s', async (_name, scenario) => {
    const { failure } = await explore(() => begin(scenario), { maxRuns: 10_000, seed: 2 });
    expect(failure?.problem).toEqual(expect.any(String));
  });
});
