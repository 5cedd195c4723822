/** What becomes of records when a call, or the reading, does not go well. */
import { expect, test } from '@jest/globals';
import { ConnectorError } from '../../../src/http/errors.ts';
import { idsWouldCrossCode, LeaseLostError } from '../../../src/store/profiles.ts';
import {
  type Batch,
  backoffMs,
  failCall,
  failCrossing,
  failEach,
  failReading,
  keepLease,
  notConfirmed,
  park,
  putBack,
  succeeded,
} from '../../../src/sync/batch.ts';
import type { View } from '../../../src/sync/gather.ts';
import {
  addPerson,
  claim,
  claimAndGather,
  deliveryOf,
  dueInMs,
  first,
  nameOf,
  openRoom,
  pullAll,
  type Room,
  viewOf,
  withAttempts,
  withoutClaim,
} from './room.ts';

interface Started {
  readonly room: Room;
  readonly batch: Batch;
  readonly one: View;
  readonly two: View;
}

/** Two people under a lease. */
async function start(more: Partial<Batch> = {}): Promise<Started> {
  const room = await openRoom();
  addPerson(room, 1);
  addPerson(room, 2);
  await pullAll(room);
  const { batch, gathered } = await claimAndGather(room, more);
  room.forget();
  return { room, batch, one: viewOf(gathered.views, 1), two: viewOf(gathered.views, 2) };
}

async function pauseOf(room: Room) {
  const { paused_until, paused_code, paused_by } = await room.core.store.targets.state(first);
  return {
    forMs: paused_until === null ? undefined : paused_until.getTime() - room.world.now(),
    code: paused_code,
    by: paused_by,
  };
}

const noPause = { forMs: undefined, code: null, by: null };

test.each([
  [0, 1000],
  [1, 2000],
  [3, 8000],
  [9, 512_000],
  [10, 600_000],
  [2000, 600_000],
])('after %i failed attempts a record waits %i ms', (attempts, expected) => {
  expect(backoffMs(attempts)).toBe(expected);
});

test('a lease is renewed when a quarter of it has passed, and then not before another one has', async () => {
  const { room, batch } = await start();
  const until = (): number => deliveryOf(room, 1).lease_until!.getTime() - room.world.now();
  room.world.pass(2499);
  await keepLease(batch);
  expect(until()).toBe(7501);
  room.world.pass(1);
  await keepLease(batch);
  expect(until()).toBe(10_000);
  room.world.pass(2000);
  await keepLease(batch);
  expect(until()).toBe(8000);
});

test('what is put back is due when it was said, and only a failure counts as an attempt', async () => {
  const { room, batch, one, two } = await start();
  await putBack(batch, [one.ledger], 1500);
  await putBack(batch, [two.ledger], 0, true);
  expect(deliveryOf(room, 1)).toMatchObject({ attempts: 0, lease_token: null });
  expect(dueInMs(room, 1)).toBe(1500);
  expect(deliveryOf(room, 2)).toMatchObject({ attempts: 1, lease_token: null });
  expect(dueInMs(room, 2)).toBe(0);
});

test('what was only read along is neither put back nor parked', async () => {
  const { room, batch, one } = await start();
  await putBack(batch, [withoutClaim(one).ledger], 1500);
  await park(batch, [withoutClaim(one)], 'CODE', 'reason');
  expect(deliveryOf(room, 1)).toMatchObject({ lease_token: batch.lease.token, parked_code: null });
  expect(room.lines).toEqual([]);
});

test('what is parked keeps its reason and is named in the log', async () => {
  const { room, batch, one } = await start();
  await park(batch, [one], 'CODE', 'the reason');
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: 'CODE', parked_reason: 'the reason', due_at: null });
  expect(deliveryOf(room, 2)).toMatchObject({ parked_code: null, lease_token: batch.lease.token });
  expect(room.lines).toEqual([
    { level: 'warn', fields: { target: first, record: nameOf(1), code: 'CODE' }, message: 'parked' },
  ]);
});

test('a record that keeps failing by itself is parked after eight attempts, its neighbour goes on', async () => {
  const { room, batch, one, two } = await start();
  await failEach(batch, [withAttempts(one, 8), withAttempts(two, 7)], 'CODE', 'reason');
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: 'CODE', parked_reason: 'reason' });
  expect(deliveryOf(room, 2)).toMatchObject({ parked_code: null, attempts: 1 });
  expect(dueInMs(room, 2)).toBe(128_000);
});

test('a record without a claim is no failed attempt', async () => {
  const { room, batch, one } = await start();
  await failEach(batch, [withoutClaim(one)], 'CODE', 'reason');
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: null, attempts: 0, lease_token: batch.lease.token });
});

test('ids that would cross are tried three times', async () => {
  const { room, batch, one, two } = await start();
  await failCrossing(batch, [withAttempts(one, 3), withAttempts(two, 2)], 'CODE', 'reason');
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: 'CODE', parked_reason: 'reason' });
  expect(deliveryOf(room, 2).parked_code).toBeNull();
  expect(dueInMs(room, 2)).toBe(4000);
});

test('who lost the lease leaves everything to whoever has it now', async () => {
  const { room, batch, one } = await start();
  await failCall(batch, new LeaseLostError(), [one]);
  expect(deliveryOf(room, 1).lease_token).toBe(batch.lease.token);
  expect(await pauseOf(room)).toEqual(noPause);
  expect(room.lines).toEqual([
    { level: 'warn', fields: { target: first }, message: expect.stringMatching(/lease ran out/) },
  ]);
});

test('a worker that is stopped gives back what it has, without blame', async () => {
  const { room, batch, one } = await start({ signal: AbortSignal.abort() });
  await failCall(batch, new Error('stopped'), [one]);
  expect(deliveryOf(room, 1)).toMatchObject({ lease_token: null, attempts: 0, parked_code: null });
  expect(dueInMs(room, 1)).toBe(0);
  expect(await pauseOf(room)).toEqual(noPause);
  expect(room.lines).toEqual([]);
});

test.each([
  ['an error that nobody classified', new TypeError('secret'), 'unexpected TypeError while applying'],
  ['something that is no error', 'secret', 'unexpected failure while applying'],
])('%s is the fault of its records, logged, and told without its text', async (_, error, sentence) => {
  const { room, batch, one, two } = await start();
  await failCall(batch, error, [withAttempts(one, 8), two]);
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: 'UNEXPECTED', parked_reason: sentence });
  expect(deliveryOf(room, 2)).toMatchObject({ parked_code: null, attempts: 1 });
  expect(dueInMs(room, 2)).toBe(1000);
  expect(room.lines[0]).toEqual({
    level: 'error',
    fields: { target: first, err: error },
    message: 'unexpected failure while applying',
  });
  expect(await pauseOf(room)).toEqual(noPause);
});

test.each([
  ['as long as it says', { retryAfterMs: 3000 }, 3000],
  ['for ten seconds unless it says', {}, 10_000],
])('a platform that wants to be left alone is, %s', async (_, details, expected) => {
  const { room, batch, one } = await start();
  await failCall(batch, new ConnectorError('wait', 'TOO_MANY', 'too many calls', details), [one]);
  expect(await pauseOf(room)).toEqual({ forMs: expected, code: 'TOO_MANY', by: 'self' });
  expect((await room.core.store.targets.state(first)).paused_reason).toBe('too many calls');
  expect(dueInMs(room, 1)).toBe(expected);
  expect(deliveryOf(room, 1).attempts).toBe(0);
  expect(room.alarms).toEqual([]);
  expect(room.lines).toEqual([]);
});

test('a platform that fails is left alone for longer each time, with an alarm from the third; records wait little', async () => {
  const { room, batch, one } = await start();
  const failure = new ConnectorError('retry', 'DOWN', 'not available');
  const waits: (number | undefined)[] = [];
  const alarms: number[] = [];
  for (let round = 0; round < 8; round++) {
    await failCall(batch, failure, [one]);
    const { forMs = 0 } = await pauseOf(room);
    waits.push(forMs);
    alarms.push(room.alarms.length);
    room.world.pass(forMs + 1);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(alarms).toEqual([0, 0, 1, 2, 3, 4, 5, 6]);
  expect(room.alarms[0]).toBe(`raise target-paused ${first} DOWN`);
  expect(await pauseOf(room)).toMatchObject({ code: 'DOWN', by: 'self' });
});

test.each([
  [1, undefined, 1000],
  [4, undefined, 2000],
  [1, 1700, 1700],
  [1, 90_000, 2000],
])('after %i failures with Retry-After %s the records are due in %i ms', async (failures, retryAfterMs, expected) => {
  const { room, batch, one, two } = await start();
  for (let n = 1; n < failures; n++) {
    await failCall(batch, new ConnectorError('retry', 'DOWN', 'not available'), [two]);
    room.world.pass(60_000);
    await batch.core.store.deliveries.renew(batch.lease);
  }
  const details = retryAfterMs === undefined ? {} : { retryAfterMs };
  await failCall(batch, new ConnectorError('retry', 'DOWN', 'not available', details), [one]);
  expect(dueInMs(room, 1)).toBe(expected);
  expect(deliveryOf(room, 1).attempts).toBe(0);
  if (retryAfterMs !== undefined) expect((await pauseOf(room)).forMs).toBe(retryAfterMs);
});

test('a wrong configuration pauses the target at once, with an alarm, and keeps everything owed', async () => {
  const { room, batch, one } = await start();
  await failCall(batch, new ConnectorError('config', 'WRONG', 'the key is wrong'), [one]);
  expect(await pauseOf(room)).toEqual({ forMs: 300_000, code: 'WRONG', by: 'self' });
  expect(room.alarms).toEqual([`raise target-paused ${first} WRONG`]);
  expect(deliveryOf(room, 1)).toMatchObject({ attempts: 0, parked_code: null, lease_token: null });
  expect(dueInMs(room, 1)).toBe(0);
});

test.each(['park', 'gone'] as const)('a record whose own fault it is (%s) is parked at once', async (kind) => {
  const { room, batch, one, two } = await start();
  await failCall(batch, new ConnectorError(kind, 'ITS_FAULT', 'the sentence'), [one, withAttempts(two, 20)]);
  for (const n of [1, 2])
    expect(deliveryOf(room, n)).toMatchObject({ parked_code: 'ITS_FAULT', parked_reason: 'the sentence' });
  expect(await pauseOf(room)).toEqual(noPause);
  expect(room.lines.map((line) => line.message)).toEqual(['parked', 'parked']);
});

test('an erasure that is not confirmed is tried again before it is parked', async () => {
  expect(notConfirmed).toBe('ERASURE_NOT_CONFIRMED');
  const { room, batch, one, two } = await start();
  await failCall(batch, new ConnectorError('park', notConfirmed, 'still there'), [one, withAttempts(two, 8)]);
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: null, attempts: 1 });
  expect(deliveryOf(room, 2)).toMatchObject({ parked_code: notConfirmed, parked_reason: 'still there' });
});

test.each([idsWouldCrossCode, `PLATFORM_${idsWouldCrossCode}`])('%s is tried a few times', async (code) => {
  const { room, batch, one, two } = await start();
  await failCall(batch, new ConnectorError('park', code, 'in the way'), [one, withAttempts(two, 3)]);
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: null, attempts: 1 });
  expect(deliveryOf(room, 2)).toMatchObject({ parked_code: code, parked_reason: 'in the way' });
});

test('a platform that answers again is no longer paused, and the alarm is over; one that never failed raises none', async () => {
  const { room, batch, one } = await start();
  await succeeded(batch);
  expect(room.alarms).toEqual([]);
  await failCall(batch, new ConnectorError('config', 'WRONG', 'the key is wrong'), [one]);
  await succeeded(batch);
  expect(await pauseOf(room)).toEqual(noPause);
  expect(room.alarms.slice(1)).toEqual([`clear target-paused ${first}`]);
});

test.each([
  ['an error that nobody classified', new Error('broken'), 5000],
  ['a failure', new ConnectorError('retry', 'DOWN', 'down'), 5000],
  ['a limit', new ConnectorError('wait', 'LIMIT', 'limit', { retryAfterMs: 700 }), 700],
  ['a missing privilege', new ConnectorError('config', 'PRIVILEGE', 'no privilege'), 60_000],
  ['a missing privilege with a time', new ConnectorError('config', 'PRIVILEGE', 'none', { retryAfterMs: 1 }), 1],
])('records that cannot be read because of %s stay owed', async (_, error, expected) => {
  const room = await openRoom();
  addPerson(room, 1);
  await pullAll(room);
  room.forget();
  const { batch, claimed } = await claim(room);
  await failReading(batch, error, claimed);
  expect(dueInMs(room, 1)).toBe(expected);
  expect(deliveryOf(room, 1)).toMatchObject({ attempts: 0, parked_code: null, lease_token: null });
  const isConfig = error instanceof ConnectorError && error.kind === 'config';
  expect(room.alarms).toEqual(isConfig ? ['raise crm-unreadable dataverse PRIVILEGE'] : []);
  expect(room.lines).toEqual([
    { level: 'warn', fields: { target: first, err: error }, message: expect.stringMatching(/stay owed/) },
  ]);
});

test('records that failed often wait longer for an error that nobody classified, and not for one that is known', async () => {
  const room = await openRoom();
  addPerson(room, 1);
  addPerson(room, 2);
  await pullAll(room);
  const { batch, claimed } = await claim(room);
  const tired = (attempts: number) =>
    claimed.map((member, index) => ({
      ...member,
      claim: member.claim && { ...member.claim, attempts: index === 0 ? attempts : 0 },
    }));
  await failReading(batch, new Error('broken'), tired(5));
  expect([dueInMs(room, 1), dueInMs(room, 2)]).toEqual([32_000, 5000]);
  const again = await claim(room);
  expect(again.claimed).toEqual([]);
  room.world.pass(60_000);
  const later = await claim(room);
  await failReading(later.batch, new ConnectorError('retry', 'DOWN', 'down'), tired(5));
  expect([dueInMs(room, 1), dueInMs(room, 2)]).toEqual([5000, 5000]);
});
