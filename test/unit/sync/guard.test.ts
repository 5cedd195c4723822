/** The brake as a batch meets it: what is known of a case, what is counted, and when a lot is judged. */
import { expect, test } from '@jest/globals';
import type { ProfileKey, TargetName } from '../../../config/words.ts';
import type { HeldCase } from '../../../src/store/brake.ts';
import type { Batch } from '../../../src/sync/batch.ts';
import { approvalOf, brakeLimit, brakeLimits, passBrake, settleLots } from '../../../src/sync/guard.ts';
import type { Judged } from '../../../src/sync/judge.ts';
import { claim, first, openRoom, type Room, type RoomOptions } from './room.ts';

interface Started {
  readonly room: Room;
  readonly batch: Batch;
}

async function start(options: RoomOptions = {}): Promise<Started> {
  const room = await openRoom({ brakeCount: 2, ...options });
  const { batch } = await claim(room);
  room.forget();
  return { room, batch };
}

interface CaseChoice {
  readonly facts?: string;
  readonly lots?: readonly (string | undefined | 'no claim')[];
}

/** Somebody who is to be anonymized; one view for each lot. */
function person(key: string, { facts = 'facts', lots = [undefined] }: CaseChoice = {}): Judged {
  const views = lots.map((lot) => ({ ledger: { claim: lot === 'no claim' ? undefined : { lot } } }));
  return { key, views, decision: { rule: 'deleted' }, factsKey: facts } as unknown as Judged;
}

const people = (...keys: string[]): Judged[] => keys.map((key) => person(key));

async function verdicts(batch: Batch, judged: readonly Judged[]): Promise<Record<string, string>> {
  const answers = await passBrake(batch, judged);
  return Object.fromEntries([...answers].map(([key, { verdict }]) => [key, verdict]));
}

async function openHolds({ core }: Room) {
  return (await core.store.brake.holds()).filter((hold) => hold.state === 'open');
}

const caseOf = (room: Room, key: string) => room.world.store.tables.holdCases.get(first)?.get(key as ProfileKey);

test.each([
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 0, 10],
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 239, 11],
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 240, 12],
  [{ minCount: 10, maxCount: 500, maxPercent: 5 }, 100_000, 500],
  [{ minCount: 1, maxCount: 500, maxPercent: 100 }, 50, 50],
])('%j lets pass of %i people %i', (limits, live, allowed) => {
  expect(brakeLimit({ windowHours: 24, maxExplicitPerHour: 200, ...limits }, live)).toBe(allowed);
});

test.each([
  [true, false],
  [false, true],
])('where a pause is reversible: %s, held people may still be mailed: %s', async (pauseReversible, mailed) => {
  const { room } = await start({ capabilities: { pauseReversible } });
  expect(brakeLimits(room.core, first)).toEqual({
    allowed: expect.any(Function),
    windowHours: 24,
    mayStillBeMailed: mailed,
  });
  expect(brakeLimits(room.core, first).allowed(0)).toBe(2);
});

test.each([
  [
    { hold_id: 7, hold_state: 'approved', decided_by: 'somebody' },
    { hold: 7, by: 'somebody' },
  ],
  [
    { hold_id: 7, hold_state: 'approved', decided_by: null },
    { hold: 7, by: 'unknown' },
  ],
  [{ hold_id: 7, hold_state: 'open', decided_by: 'somebody' }, undefined],
  [{ hold_id: null, hold_state: 'approved', decided_by: 'somebody' }, undefined],
])('the case %j was approved by %j', (row, approval) => {
  expect(approvalOf(row as HeldCase)).toEqual(approval);
});

test('a few pass, counted once however often they are asked about', async () => {
  const { room, batch } = await start();
  expect(await verdicts(batch, people('a', 'b'))).toEqual({ a: 'passed', b: 'passed' });
  expect(await verdicts(batch, people('a', 'b'))).toEqual({ a: 'passed', b: 'passed' });
  expect(caseOf(room, 'a')).toMatchObject({ rule: 'deleted', facts_key: 'facts', lot: `batch:${batch.lease.token}` });
  expect(room.alarms).toEqual([]);
  expect(await verdicts(batch, people('c'))).toEqual({ c: 'held' });
});

test('too many are held, all of them, with one alarm that says how many', async () => {
  const { room, batch } = await start();
  expect(await verdicts(batch, people('a', 'b', 'c'))).toEqual({ a: 'held', b: 'held', c: 'held' });
  expect(await openHolds(room)).toMatchObject([{ cases: 3, lot: `batch:${batch.lease.token}` }]);
  expect(room.alarms).toEqual([`raise brake ${first} BRAKE_HOLD`]);
  expect(room.sentences).toEqual(['3 automatic anonymizations are held until somebody reviews them (connector holds)']);
});

test('who is held already stays held, without another alarm and without being counted again', async () => {
  const { room, batch } = await start();
  await verdicts(batch, people('a', 'b', 'c'));
  room.forget();
  expect(await verdicts(batch, people('a', 'b', 'c'))).toEqual({ a: 'held', b: 'held', c: 'held' });
  expect(await openHolds(room)).toHaveLength(1);
  expect(room.alarms).toEqual([]);
});

test('who was approved passes with the name of who approved it, until the approval expires', async () => {
  const { room, batch } = await start();
  await verdicts(batch, people('a', 'b', 'c'));
  const [hold] = await openHolds(room);
  await room.core.store.brake.decide(hold!.id, 'approved', 'somebody');
  expect((await passBrake(batch, people('a'))).get('a' as ProfileKey)).toEqual({
    verdict: 'approved',
    approval: { hold: hold!.id, by: 'somebody' },
  });
  room.world.pass(24 * 3_600_000 + 1);
  room.forget();
  expect(await verdicts(batch, people('a', 'b', 'c'))).toEqual({ a: 'held', b: 'held', c: 'held' });
  expect(room.alarms).toHaveLength(1);
});

test('who was rejected stays so until their record changes', async () => {
  const { room, batch } = await start();
  await verdicts(batch, people('a', 'b', 'c'));
  const [hold] = await openHolds(room);
  await room.core.store.brake.decide(hold!.id, 'rejected', 'somebody');
  room.forget();
  expect(await verdicts(batch, [...people('a'), person('b', { facts: 'other' })])).toEqual({
    a: 'rejected',
    b: 'passed',
  });
  expect(room.alarms).toEqual([]);
});

test('what came as a lot waits until the lot is complete; the rest is counted at once', async () => {
  const { room, batch } = await start();
  const lot = person('a', { lots: ['pull-1'] });
  const sibling = person('b', { lots: ['no claim', undefined, 'pull-2'] });
  expect(await verdicts(batch, [lot, sibling, ...people('c')])).toEqual({ a: 'staged', b: 'staged', c: 'passed' });
  expect(caseOf(room, 'a')).toMatchObject({ state: 'staged', lot: 'pull-1' });
  expect(caseOf(room, 'b')).toMatchObject({ state: 'staged', lot: 'pull-2' });
  // Asked again as another lot's: it is in its own already.
  expect(await verdicts(batch, [person('a', { lots: ['pull-9'] })])).toEqual({ a: 'staged' });
  expect(caseOf(room, 'a')).toMatchObject({ lot: 'pull-1' });
  expect(room.alarms).toEqual([]);
});

test('a complete lot that is small passes: it is logged, and a worker is woken for it', async () => {
  const { room, batch } = await start();
  await verdicts(batch, [person('a', { lots: ['pull-1'] })]);
  await settleLots(room.core, first);
  expect(await verdicts(batch, people('a'))).toEqual({ a: 'passed' });
  expect(room.woken).toEqual([first]);
  expect(room.alarms).toEqual([`clear brake ${first}`]);
  expect(room.lines).toEqual([
    {
      level: 'info',
      fields: { target: first, lot: 'pull-1', verdict: 'passed', count: 1 },
      message: 'a lot of automatic anonymizations was counted',
    },
  ]);
});

test('a complete lot that is large is held whole, with an alarm that stays until the hold is decided', async () => {
  const { room, batch } = await start();
  await verdicts(
    batch,
    ['a', 'b', 'c'].map((key) => person(key, { lots: ['pull-1'] })),
  );
  await settleLots(room.core, first);
  expect(room.alarms).toEqual([`raise brake ${first} BRAKE_HOLD`]);
  expect(room.sentences[0]).toMatch(/^3 automatic/);
  expect(room.woken).toEqual([first]);
  room.forget();
  await settleLots(room.core, first);
  expect(room.alarms).toEqual([]);
  expect(room.woken).toEqual([]);
  const [hold] = await openHolds(room);
  await room.core.store.brake.decide(hold!.id, 'rejected', 'somebody');
  await settleLots(room.core, first);
  expect(room.alarms).toEqual([`clear brake ${first}`]);
});

test('the hold of another target keeps no alarm raised here', async () => {
  const { room, batch } = await start();
  const other = 'other' as TargetName;
  const cases = ['a', 'b', 'c'].map((key) => ({ profileKey: key as ProfileKey, rule: 'deleted', factsKey: 'f' }));
  await room.core.store.brake.admit(other, 'lot', cases, brakeLimits(batch.core, first));
  expect(await openHolds(room)).toMatchObject([{ target: other }]);
  await settleLots(room.core, first);
  expect(room.alarms).toEqual([`clear brake ${first}`]);
});
