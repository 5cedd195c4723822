/** Histories that once ended wrong, each as short as it could be made: what the platforms hold is what the model says. */
import { expect, test } from '@jest/globals';
import { found } from './history/found.ts';
import { runHistory } from './history/run.ts';

test.each(found)('$name', async ({ history }) => {
  const { problem, settlings } = await runHistory(history);
  expect(problem).toBeUndefined();
  expect(settlings).toBeGreaterThan(1);
});
