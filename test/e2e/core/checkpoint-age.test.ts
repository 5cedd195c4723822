/** How old the position of a table is, against the days after which Dataverse forgets what was deleted. */
import { expect, test } from '@jest/globals';
import { statusLines } from '../../../src/cli-status.ts';
import { type Status, status } from '../../../src/sync/status.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
const hour = 3600;
const { signal } = new AbortController();

function look(worker: Worker): Promise<Status> {
  return status(worker.core, signal);
}

function rememberFor(days: number): void {
  const { crm } = scene.world.dataverse;
  crm.update('organization', crm.organizationId, { expirechangetrackingindays: days });
}

test('a warning stands in the status from half of the days on, and goes when the table is read again', async () => {
  rememberFor(7);
  const worker = await scene.open();
  await worker.settle();
  await worker.passSeconds(83 * hour);
  const before = await look(worker);
  await worker.passSeconds(2 * hour);
  const after = await look(worker);
  await worker.settle();
  const readAgain = await look(worker);

  expect(before.changeTrackingDays).toBe(7);
  expect(before.tables.map((row) => row.warning)).toEqual([undefined, undefined, undefined]);
  expect(before.tables[0]?.ageMs).toBeGreaterThanOrEqual(83 * hour * 1000);
  expect(after.tables.map((row) => row.warning)).toEqual(Array(3).fill(expect.stringContaining('after 7 days')));
  expect(statusLines(after).join('\n')).toMatch(
    /contact: Dataverse forgets deletions after 7 days; half of that has passed/,
  );
  expect(readAgain.tables.every((row) => row.warning === undefined)).toBe(true);
});

test('the days are those of the organization as they are now; while it cannot be asked there is no warning', async () => {
  rememberFor(30);
  const worker = await scene.open();
  await worker.settle();
  await worker.passSeconds(85 * hour);
  const plenty = await look(worker);
  rememberFor(2);
  const few = await look(worker);
  scene.world.dataverse.setFaults([{ kind: '503' }]);
  const unknown = await look(worker);

  expect(plenty.tables.every((row) => row.warning === undefined)).toBe(true);
  expect(few.tables.every((row) => row.warning?.includes('after 2 days'))).toBe(true);
  expect(unknown).toMatchObject({ changeTrackingDays: undefined });
  expect(unknown.tables.every((row) => row.warning === undefined && row.ageMs !== undefined)).toBe(true);
});
