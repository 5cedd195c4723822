/** The drift audit on every platform: what each can tell, what it cannot is said, and nothing is drift that is none. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { auditLines, exitCodeOf } from '../../../src/cli-audit.ts';
import { type AuditReport, audit } from '../../../src/sync/audit.ts';
import { addPeople, edit, type Person } from '../../support/crm-people.ts';
import { type FiveTargets, startFiveTargets } from '../../support/five-targets.ts';
import { scenario } from '../../support/scenario.ts';
import type { Worker } from '../../support/worker.ts';

const scene = scenario();
let five: FiveTargets;
beforeEach(async () => {
  five = await startFiveTargets();
});
afterEach(() => five.close());

function look(worker: Worker, repair: boolean): Promise<AuditReport> {
  return audit(worker.core, { repair, actor: 'tester', signal: new AbortController().signal });
}

const onEach = (causes: string[]): Record<string, string[]> =>
  Object.fromEntries(five.names.map((name) => [name, causes]));

function causesOn({ drifts }: AuditReport, { id }: Person): Record<string, string[]> {
  const own = drifts.filter(({ record }) => record === `contact/${id}`);
  const byTarget = Map.groupBy(own, ({ target }) => target as string);
  return Object.fromEntries([...byTarget].map(([target, some]) => [target, some.map(({ cause }) => cause)]));
}

async function isOn(name: string, { email }: Person): Promise<boolean> {
  return (await five.people(name)).some(({ address }) => address === email);
}

test('who should be gone and is back, who is lost and who was put there is found and mended on all five', async () => {
  const { world } = scene;
  const [healthy, back, lost, imported] = addPeople(world, 4) as [Person, Person, Person, Person];
  const worker = await scene.open({ config: { targets: five.configuration({ bolddesk: { allowTicketLoss: true } }) } });
  for (const person of [imported, lost]) edit(world, person, { donotbulkemail: true });
  await worker.settle(600);
  edit(world, back, { donotemail: true });
  await worker.settle(600);

  const before = await look(worker, false);
  expect(before.drifts).toEqual([]);
  expect(exitCodeOf(before)).toBe(0);
  expect(before.targets.map(({ target, asked, trouble }) => [target, asked, trouble])).toEqual(
    five.names.map((name) => [name, 4, undefined]),
  );

  for (const name of five.names) {
    await five.seed(name, back.email);
    await five.seed(name, imported.email);
  }
  // As if the target had lost the person: the ledger says that somebody is there whom no id leads to.
  await worker.query(
    `update profile set state = 'live', contact_key = null where (target, key) in (
      select target, profile_key from delivery where id = $1)`,
    [lost.id],
  );

  const report = await look(worker, true);
  expect(exitCodeOf(report)).toBe(0);
  expect(causesOn(report, back)).toEqual(onEach(['should-be-gone']));
  expect(causesOn(report, lost)).toEqual(onEach(['missing']));
  expect(causesOn(report, imported)).toEqual(onEach(['appeared', 'permission-up']));
  expect(causesOn(report, healthy)).toEqual({});
  const text = auditLines(report).join('\n');
  expect(text).toMatch(/keap \(keap\)\n.*\n(.*\n)*?.*cannot be listed/);
  expect(text).not.toMatch(/@/);

  await worker.settle(600);
  const after = await look(worker, false);
  expect(after.drifts).toEqual([]);
  for (const name of five.names) {
    expect([name, await isOn(name, back), await isOn(name, imported)]).toEqual([name, false, true]);
    const seen = (await five.people(name)).find(({ address }) => address === imported.email);
    expect(Object.values(seen?.permissions ?? {})).not.toContain(true);
  }
});
