/** Who is to be anonymized without being asked for: read again, decided again, counted, and kept waiting. */
import { expect, test } from '@jest/globals';
import type { ProfileKey } from '../../../config/words.ts';
import type { BrakeCase } from '../../../src/store/brake.ts';
import { guardAutomatic } from '../../../src/sync/automatic.ts';
import { type Case, judgeAll } from '../../../src/sync/cases.ts';
import { brakeLimits } from '../../../src/sync/guard.ts';
import { type Assignment, assign } from '../../../src/sync/moves.ts';
import {
  addPerson,
  addressOf,
  applyOnce,
  claimAndGather,
  contactAt,
  deliveryOf,
  dueInMs,
  first,
  nameOf,
  openRoom,
  pullAll,
  type Room,
  type RoomOptions,
  recordOf,
  ref,
  settle,
  type Work,
} from './room.ts';

const both = { Newsletter: true, Events: true };
const none = { Newsletter: false, Events: false };
const keyOf = ({ core }: Room, n: number): ProfileKey => core.keyring.emailKey(addressOf(n)) as string as ProfileKey;

/** People who are there; the brake lets as many pass as `brakeCount` says. */
async function load(count: number, options: RoomOptions = {}): Promise<Room> {
  const room = await openRoom({ brakeCount: 0, ...options });
  for (let n = 1; n <= count; n++) addPerson(room, n);
  await settle(room);
  return room;
}

function refuseMail(room: Room, n: number): void {
  room.world.crm.update(ref(n), { doNotEmail: true });
}

const profileOf = (room: Room, n: number) => room.world.store.tables.profiles.get(first)?.get(keyOf(room, n));
const brakeCaseOf = (room: Room, n: number) => room.world.store.tables.holdCases.get(first)?.get(keyOf(room, n));
const evidenceOf = (room: Room, act: string) => room.world.store.tables.evidence.filter((row) => row.act === act);
const callsOf = (room: Room, name: string) => room.calls.filter((call) => call === name).length;

interface AtBrake extends Work {
  readonly assignment: Assignment;
  readonly cases: readonly Case[];
  readonly done: Set<ProfileKey>;
  guard(): Promise<Case[]>;
}

/** A batch with everything that is due, judged and not yet guarded. */
async function judged(room: Room): Promise<AtBrake> {
  await pullAll(room);
  const { batch, claimed, gathered } = await claimAndGather(room);
  const assignment = await assign(batch, gathered);
  const cases = await judgeAll(batch, assignment);
  const done = new Set<ProfileKey>();
  room.forget();
  return { batch, claimed, assignment, cases, done, guard: () => guardAutomatic(batch, cases, done, assignment) };
}

const keysOf = (cases: readonly Case[]): ProfileKey[] => cases.map((item) => item.judged.key).sort();

test('where nobody is to be anonymized nothing is read and nobody counted', async () => {
  const room = await load(2);
  room.world.crm.update(ref(1), { columns: { name: 'renamed' } });
  const { cases, guard } = await judged(room);
  expect(await guard()).toEqual(cases);
  expect(room.calls).toEqual([]);
});

test('what was asked for explicitly is not counted', async () => {
  const room = await load(1);
  await room.core.store.suppressions.add('address', keyOf(room, 1), 'test');
  room.world.crm.update(ref(1), { columns: { name: 'renamed' } });
  const { cases, guard } = await judged(room);
  expect(cases[0]?.plan.kind).toBe('anonymize');
  expect(await guard()).toEqual(cases);
  expect(room.calls).toEqual([]);
});

test('a few pass together with everybody else, nobody’s approval noted', async () => {
  const room = await load(2, { brakeCount: 1 });
  refuseMail(room, 1);
  room.world.crm.update(ref(2), { columns: { name: 'renamed' } });
  const { done, guard } = await judged(room);
  const going = await guard();
  expect(keysOf(going)).toEqual([keyOf(room, 1), keyOf(room, 2)].sort());
  expect(going.find((item) => item.judged.key === keyOf(room, 1))).toMatchObject({
    plan: { kind: 'anonymize' },
    approval: undefined,
  });
  expect(brakeCaseOf(room, 1)).toMatchObject({ state: 'passed', rule: 'do-not-email' });
  expect(done.size).toBe(0);
});

test('the feeds are read to their ends first, and who turns out to be wanted is not counted', async () => {
  const room = await load(1);
  refuseMail(room, 1);
  const { guard } = await judged(room);
  room.world.crm.update(ref(1), { doNotEmail: false, columns: { name: 'renamed' } });
  const going = await guard();
  expect(callsOf(room, 'crm.followChanges')).toBe(3);
  expect(going).toMatchObject([{ judged: { key: keyOf(room, 1) }, plan: { kind: 'upsert' } }]);
  expect(room.calls).not.toContain('brake.admit');
});

test('a sibling that nobody had heard of keeps the person', async () => {
  const room = await load(1);
  room.world.crm.delete(ref(1));
  const { guard } = await judged(room);
  addPerson(room, 2, { email: addressOf(1) }, 'lead');
  const [going] = await guard();
  expect(going?.plan.kind).toBe('upsert');
  expect(going?.judged.decision.owner).toMatchObject({ ref: nameOf(2, 'lead') });
});

test('a sibling that left meanwhile does not keep the person', async () => {
  const room = await load(1, { brakeCount: 1 });
  addPerson(room, 2, { email: addressOf(1) }, 'lead');
  await settle(room);
  refuseMail(room, 1);
  room.world.crm.update(ref(2, 'lead'), { doNotEmail: true });
  const { guard } = await judged(room);
  room.world.crm.update(ref(2, 'lead'), { doNotEmail: false, email: 'elsewhere@people.example' });
  const [going] = await guard();
  expect(going?.plan.kind).toBe('anonymize');
  expect([...(going?.judged.members.keys() ?? [])]).toEqual([nameOf(1)]);
});

test('ids that were found before stay known to the erasure', async () => {
  const room = await load(1, { brakeCount: 1 });
  refuseMail(room, 1);
  const { batch, cases, assignment } = await judged(room);
  const [item] = cases;
  const found = { ...item!, ref: { ...item!.ref, contactKeys: ['found', ...item!.ref.contactKeys], recordIds: [] } };
  const [going] = await guardAutomatic(batch, [found], new Set(), assignment);
  expect(going?.ref).toMatchObject({ contactKeys: ['found', ref(1).id], recordIds: [] });
  expect(going?.ref.address?.reveal()).toBe(addressOf(1));
});

test('where records are profiles no feed is read, the organization is asked all the same', async () => {
  const room = await load(1, { brakeCount: 1, target: { identity: 'record' } });
  refuseMail(room, 1);
  const { guard } = await judged(room);
  expect(await guard()).toHaveLength(1);
  expect(callsOf(room, 'crm.followChanges')).toBe(0);
  expect(callsOf(room, 'crm.organizationId')).toBe(1);
});

test('when Dataverse cannot be asked nobody is judged, and the others go on', async () => {
  const room = await load(2, { brakeCount: 1 });
  refuseMail(room, 1);
  room.world.crm.update(ref(2), { columns: { name: 'renamed' } });
  const { batch, cases, done, assignment } = await judged(room);
  const crm = { ...batch.core.crm, organizationId: async () => 'another' };
  const going = await guardAutomatic({ ...batch, core: { ...batch.core, crm } }, cases, done, assignment);
  expect(keysOf(going)).toEqual([keyOf(room, 2)]);
  expect(deliveryOf(room, 1)).toMatchObject({ lease_token: null, parked_code: null });
  expect(dueInMs(room, 1)).toBe(60_000);
  expect(room.alarms).toContain('raise crm-unreadable dataverse ORGANIZATION_CHANGED');
  expect(room.calls).not.toContain('brake.admit');
});

test('when everybody’s address is gone nobody is anonymized for it', async () => {
  const room = await load(3, { brakeCount: 3 });
  for (const n of [1, 2, 3]) room.world.crm.update(ref(n), { email: null });
  await pullAll(room);
  // The others come to their turn later.
  for (const n of [2, 3]) deliveryOf(room, n).due_at = new Date(room.world.now() + 60_000);
  const { guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(room.alarms).toContain('raise crm-unreadable dataverse ADDRESS_COLUMN_UNREADABLE');
  expect(room.calls).not.toContain('brake.admit');
  expect(dueInMs(room, 1)).toBe(60_000);
});

test('a row that cannot be understood any more is parked, and its neighbour goes on', async () => {
  const room = await load(2, { brakeCount: 2 });
  for (const n of [1, 2]) refuseMail(room, n);
  const { batch, cases, done, assignment } = await judged(room);
  const { crm } = batch.core;
  const readRows: typeof crm.readRows = async (table, ids, signal) => {
    const read = await crm.readRows(table, ids, signal);
    const malformed = read.rows.filter((row) => row.ref.id === ref(1).id);
    return {
      ...read,
      rows: read.rows.filter((row) => !malformed.includes(row)),
      malformed: malformed.map((row) => ({ ref: row.ref, code: 'BAD', reason: 'a bad row' })),
    };
  };
  const core = { ...batch.core, crm: { ...crm, readRows } };
  expect(keysOf(await guardAutomatic({ ...batch, core }, cases, done, assignment))).toEqual([keyOf(room, 2)]);
  expect(deliveryOf(room, 1).parked_code).toBe('BAD');
});

test('who is held has every permission lowered while waiting, and the bits are kept', async () => {
  const room = await load(1);
  refuseMail(room, 1);
  const { done, guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(contactAt(room, 1)?.permissions).toEqual(none);
  expect(profileOf(room, 1)).toMatchObject({ state: 'held', bits_before: both });
  expect(profileOf(room, 1)).toMatchObject({ key: keyOf(room, 1) });
  expect(deliveryOf(room, 1)).toMatchObject({ due_at: null, lease_token: null, staged: false });
  expect([...done]).toEqual([keyOf(room, 1)]);
  expect(evidenceOf(room, 'hold')).toMatchObject([{ rule: 'do-not-email', outcome: 'done', status: 200 }]);
  expect(room.world.store.tables.intents.size).toBe(0);
});

test('where that cannot be reversed nobody is lowered, and nothing is claimed to have been done', async () => {
  const room = await load(1, { capabilities: { pauseReversible: false } });
  refuseMail(room, 1);
  const { done, guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(contactAt(room, 1)?.permissions).toEqual(both);
  expect(profileOf(room, 1)?.state).toBe('live');
  expect(deliveryOf(room, 1).due_at).toBeNull();
  expect([...done]).toEqual([keyOf(room, 1)]);
  expect(evidenceOf(room, 'hold')).toEqual([]);
  const [hold] = await room.core.store.brake.holds();
  expect(hold).toMatchObject({ may_still_be_mailed: true });
});

test.each([
  ['is absent', undefined, 'absent'],
  ['may be hidden, and is still to be erased, where an erasure reaches who is hidden', true, 'live'],
])('a held person whom the platform does not show %s', async (_, reachesHidden, state) => {
  const erase = { mode: 'anonymize', reversible: false, ...(reachesHidden ? { reachesHidden } : {}) } as const;
  const room = await load(1, { capabilities: { erase } });
  refuseMail(room, 1);
  room.platform.account.anonymize(ref(1).id);
  const { done, guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(profileOf(room, 1)?.state).toBe(state);
  expect(deliveryOf(room, 1).due_at).toBeNull();
  expect(evidenceOf(room, 'hold')).toMatchObject([{ outcome: 'absent' }]);
  expect([...done]).toEqual([keyOf(room, 1)]);
});

test('who is held is held although an erasure would reach who is hidden', async () => {
  const erase = { mode: 'anonymize', reversible: false, reachesHidden: true } as const;
  const room = await load(1, { capabilities: { erase } });
  refuseMail(room, 1);
  const { guard } = await judged(room);
  await guard();
  expect(profileOf(room, 1)).toMatchObject({ state: 'held', bits_before: both });
});

test('who is lowered already is not lowered again', async () => {
  const room = await load(2);
  room.world.crm.update(ref(1), { doNotBulkEmail: true });
  refuseMail(room, 2);
  await settle(room);
  expect([profileOf(room, 1)?.state, profileOf(room, 2)?.state]).toEqual(['reset', 'held']);
  refuseMail(room, 1);
  room.world.crm.update(ref(2), { columns: { name: 'renamed' } });
  const { guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(room.calls).not.toContain('first.resetPermissions');
  expect([profileOf(room, 1)?.state, profileOf(room, 2)?.state]).toEqual(['reset', 'held']);
  expect([deliveryOf(room, 1).due_at, deliveryOf(room, 2).due_at]).toEqual([null, null]);
});

test('what came as a lot is staged untouched until the lot is complete', async () => {
  const room = await load(1);
  room.world.crm.delete(ref(1));
  const { done, guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(contactAt(room, 1)?.permissions).toEqual(both);
  expect(deliveryOf(room, 1)).toMatchObject({ due_at: null, staged: true });
  expect([...done]).toEqual([keyOf(room, 1)]);
});

test('who was rejected is left alone', async () => {
  const room = await load(1);
  refuseMail(room, 1);
  await applyOnce(room);
  const [hold] = await room.core.store.brake.holds();
  await room.core.store.brake.decide(hold!.id, 'rejected', 'somebody');
  const { guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(contactAt(room, 1)?.permissions).toEqual(none);
  expect(deliveryOf(room, 1)).toMatchObject({ due_at: null, staged: false });
  expect(room.calls).not.toContain('first.resetPermissions');
});

test('who was approved goes, with the name of who approved it', async () => {
  const room = await load(1);
  refuseMail(room, 1);
  await applyOnce(room);
  const [hold] = await room.core.store.brake.holds();
  await room.core.store.brake.decide(hold!.id, 'approved', 'somebody');
  const { guard } = await judged(room);
  expect(await guard()).toMatchObject([{ approval: { hold: hold!.id, by: 'somebody' }, plan: { kind: 'anonymize' } }]);
});

test('a case that is done already is neither sent nor kept waiting', async () => {
  const room = await load(1, { brakeCount: 1 });
  refuseMail(room, 1);
  const { batch, cases, assignment } = await judged(room);
  expect(await guardAutomatic(batch, cases, new Set([keyOf(room, 1)]), assignment)).toEqual([]);
});

test('a contact that everybody left is counted too; while it is held nobody who came from there is written', async () => {
  const room = await load(2);
  room.world.crm.update(ref(1), { email: addressOf(2) });
  await applyOnce(room);
  expect(contactAt(room, 1)?.permissions).toEqual(none);
  expect(profileOf(room, 1)?.state).toBe('held');
  expect(brakeCaseOf(room, 1)).toMatchObject({ state: 'held' });
  expect(deliveryOf(room, 1)).toMatchObject({
    parked_code: 'HELD_AT_FORMER_ADDRESS',
    parked_reason: expect.stringMatching(/goes on when the hold is approved/),
  });
  expect(recordOf(room, 1).email_key).toBe(keyOf(room, 1));
  expect(room.platform.account.contacts.size).toBe(2);
});

test('a contact that everybody left goes when the brake lets it pass', async () => {
  const room = await load(2, { brakeCount: 1 });
  room.world.crm.update(ref(1), { email: addressOf(2) });
  await settle(room);
  expect(contactAt(room, 1)).toBeUndefined();
  expect(deliveryOf(room, 1)).toMatchObject({ due_at: null, parked_code: null, profile_key: keyOf(room, 2) });
  expect(evidenceOf(room, 'anonymize')).toMatchObject([{ profile_key: keyOf(room, 1), members: [] }]);
});

test('the lot is judged by the brake of its own target', async () => {
  const room = await load(1);
  const cases: BrakeCase[] = [{ profileKey: keyOf(room, 1), rule: 'deleted', factsKey: 'other' }];
  expect(await room.core.store.brake.admit(first, 'other', cases, brakeLimits(room.core, first))).toBe('held');
  refuseMail(room, 1);
  const { guard } = await judged(room);
  expect(await guard()).toEqual([]);
  expect(room.calls).not.toContain('brake.admit');
});
