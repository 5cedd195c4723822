/**
 * Random histories of the CRM, the settings and the platforms through the real use cases over ports in memory: what the
 * platforms hold is what the model says. Then those with two or three targets, each of which may be away for a while: the
 * same ones each time. More of both, and new ones: npm run test:properties (PROPERTY_RUNS, PROPERTY_SEED).
 */
import { checkHistories } from './history/check.ts';
import { outages } from './history/commands.ts';
import { plantedInHistories } from './history/plants.ts';

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.PROPERTY_RUNS ?? 300);
const withOutages = Math.ceil(runs / 3);

it('leaves every platform as the model says, through deaths, lost answers and late effects', async () => {
  const { figures, failure } = await checkHistories(runs, seed);
  expect(failure).toBeUndefined();
  expect(figures.histories).toBe(runs);
});

it('leaves every platform as the model says, at once where it can be reached and later where it was away', async () => {
  const { figures, failure } = await checkHistories(withOutages, Number(process.env.PROPERTY_SEED ?? 1), outages);
  expect(failure).toBeUndefined();
  expect(figures.histories).toBe(withOutages);
});

describe('a planted bug is found', () => {
  it.each(plantedInHistories)('$name', async ({ plant, seed: known }) => {
    const { failure } = await checkHistories(400, known, outages, plant);
    expect(failure).toEqual(expect.any(String));
  });
});
