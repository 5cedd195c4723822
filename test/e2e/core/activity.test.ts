/** What the charts are drawn from. */
import { expect, test } from '@jest/globals';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();
const call = (n: number) => ({ kind: 'call', target: 'main', name: '', n }) as const;

test('adds up in buckets of five minutes, and is forgotten after its hours', async () => {
  const worker = await scene.open();
  const { activity } = worker.core.store;

  await activity.add([call(2), { kind: 'lag', target: 'main', name: '+Inf', n: 1 }]);
  await activity.add([call(3)]);
  await activity.add([]);
  await worker.passSeconds(600);
  await activity.add([call(4)]);

  const rows = await activity.last(24);
  const calls = rows.filter((row) => row.kind === 'call');
  // The clock may turn to the next bucket between two additions.
  expect(calls.reduce((sum, row) => sum + row.n, 0)).toBe(9);
  expect(calls.at(-1)?.n).toBe(4);
  expect(calls.length).toBeGreaterThanOrEqual(2);
  expect(rows.filter((row) => row.kind === 'lag')).toMatchObject([{ name: '+Inf', n: 1 }]);

  await worker.passSeconds(47 * 3600 + 3000);
  expect(await activity.last(24)).toEqual([]);
  await activity.drop(48);
  expect((await activity.last(1000)).map((row) => row.n)).toEqual([4]);
});
