/**
 * Random histories of the CRM, the settings and the platforms through the real use cases over ports in memory: what the
 * platforms hold is what the model says. More of them: npm run test:properties (PROPERTY_RUNS, PROPERTY_SEED).
 */
import { checkHistories } from './history/check.ts';

it('leaves every platform as the model says, through deaths, lost answers and late effects', async () => {
  const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31);
  const runs = Number(process.env.PROPERTY_RUNS ?? 300);
  const { figures, failure } = await checkHistories(runs, seed);
  expect(failure).toBeUndefined();
  expect(figures.histories).toBe(runs);
});
