/** One turn of a worker: what it claims, in which order it works, and what it gives back. */
import { expect, test } from '@jest/globals';
import type { ProfileKey, TargetName } from '../../../config/words.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import type { Lease } from '../../../src/store/deliveries.ts';
import { apply } from '../../../src/sync/apply.ts';
import type { Core } from '../../../src/sync/core.ts';
import type { Fault } from '../../support/fakes/memory-platform.ts';
import {
  addPerson,
  addressOf,
  applyOnce,
  claim,
  contactAt,
  deliveryOf,
  dueInMs,
  first,
  id,
  nameOf,
  never,
  openRoom,
  pullAll,
  type Room,
  type RoomOptions,
  ref,
  settle,
} from './room.ts';

const keyOf = ({ core }: Room, n: number): ProfileKey => core.keyring.emailKey(addressOf(n)) as string as ProfileKey;

async function open(count: number, options: RoomOptions = {}): Promise<Room> {
  const room = await openRoom(options);
  for (let n = 1; n <= count; n++) addPerson(room, n);
  return room;
}

const foreign: Lease = { target: first, token: '00000000-0000-4000-8000-999999999999', seconds: 10 };

test('what is due is claimed, applied and done', async () => {
  const room = await open(2);
  expect(await applyOnce(room)).toEqual({ claimed: 2, more: false });
  expect(contactAt(room, 1)).toMatchObject({ externalId: id(1), permissions: { Newsletter: true, Events: true } });
  for (const n of [1, 2]) expect(deliveryOf(room, n)).toMatchObject({ due_at: null, lease_token: null });
  const { leases } = { leases: [...(room.world.store.tables.profiles.get(first)?.values() ?? [])] };
  expect(leases.map((profile) => profile.lease_token)).toEqual([null, null]);
  expect(room.alarms).toContain('clear crm-unreadable dataverse');
});

test('a paused target claims nothing and asks for no more, although something is due', async () => {
  const room = await open(1);
  await pullAll(room);
  await room.core.store.targets.pause(first, { code: 'C', reason: 'r', forMs: 1000, by: 'self' });
  room.forget();
  expect(await apply(room.core, first, never)).toEqual({ claimed: 0, more: false });
  expect(room.calls).toEqual(['targets.isPaused']);
});

test('where nothing is due nothing is leased or released', async () => {
  const room = await open(1);
  await settle(room);
  expect(await apply(room.core, first, never)).toEqual({ claimed: 0, more: false });
  expect(room.calls.filter((call) => call.startsWith('profiles.') || call === 'deliveries.release')).toEqual([]);
});

test('erasures count as work', async () => {
  const room = await open(2);
  await settle(room);
  const erasure = {
    id: room.core.uuid(),
    source: 'cli',
    jobId: null,
    ref: ref(1),
    emailKey: null,
    sealed: null,
  } as const;
  await room.core.store.erasures.open(erasure, [first]);
  room.world.crm.update(ref(2), { columns: { name: 'renamed' } });
  expect(await applyOnce(room)).toMatchObject({ claimed: 2 });
  expect(contactAt(room, 1)).toBeUndefined();
});

test('who still has something due asks for more, unless the target was paused by the work', async () => {
  const busy = await open(1);
  await pullAll(busy);
  const deny = { ...busy.core.store.deliveries, isDue: async () => true };
  const core: Core = { ...busy.core, store: { ...busy.core.store, deliveries: deny } };
  expect(await apply(core, first, never)).toEqual({ claimed: 1, more: true });
  const failing = await open(1, { script: (): Fault => ({ kind: 'throttled', forMs: 3000 }) });
  await pullAll(failing);
  const paused: Core = {
    ...failing.core,
    store: { ...failing.core.store, deliveries: { ...failing.core.store.deliveries, isDue: async () => true } },
  };
  expect(await apply(paused, first, never)).toEqual({ claimed: 1, more: false });
});

test('lots that became complete by the work are judged in the same turn', async () => {
  const room = await open(1, { brakeCount: 1 });
  await settle(room);
  room.world.crm.delete(ref(1));
  await applyOnce(room);
  expect(room.woken).toContain(first);
  expect(await apply(room.core, first, never)).toMatchObject({ claimed: 1 });
  expect(contactAt(room, 1)).toBeUndefined();
});

test('lots that others completed are judged before anything is claimed', async () => {
  const room = await open(1, { brakeCount: 1 });
  await settle(room);
  const { brake } = room.core.store;
  await brake.stage(first, 'lot', [{ profileKey: 'gone' as ProfileKey, rule: 'deleted', factsKey: 'f' }]);
  room.forget();
  await apply(room.core, first, never);
  expect(room.woken).toEqual([first]);
});

test('whatever is thrown, the leases are given back', async () => {
  const room = await open(1);
  await pullAll(room);
  const core: Core = {
    ...room.core,
    alarms: { ...room.core.alarms, clear: (alarm) => Promise.reject(new Error(`broken ${alarm}`)) },
    store: {
      ...room.core.store,
      brake: { ...room.core.store.brake, settleLots: async () => [], holds: async () => [] },
    },
  };
  const alarms = {
    ...core.alarms,
    clear: async (alarm: string) => {
      if (alarm === 'crm-unreadable') throw new Error('broken');
    },
  };
  await expect(apply({ ...core, alarms }, first, never)).rejects.toThrow('broken');
  expect(deliveryOf(room, 1)).toMatchObject({ lease_token: null });
  expect(room.world.store.tables.profiles.get(first)?.get(keyOf(room, 1))?.lease_token).toBeNull();
});

test('when Dataverse cannot be read everything stays owed, and nothing is sent', async () => {
  const room = await open(1);
  await pullAll(room);
  room.forget();
  const readRows = () => Promise.reject(new ConnectorError('config', 'PRIVILEGE', 'no privilege'));
  const core: Core = { ...room.core, crm: { ...room.core.crm, readRows } };
  expect(await apply(core, first, never)).toEqual({ claimed: 1, more: false });
  expect(dueInMs(room, 1)).toBe(60_000);
  expect(room.alarms).toContain('raise crm-unreadable dataverse PRIVILEGE');
  expect(room.alarms).not.toContain('clear crm-unreadable dataverse');
  expect(room.calls).not.toContain('first.upsert');
});

test('whose profile somebody else works on is due again in a second', async () => {
  const room = await open(2);
  await pullAll(room);
  await room.core.store.profiles.lease(foreign, [keyOf(room, 1)]);
  expect(await apply(room.core, first, never)).toMatchObject({ claimed: 2 });
  expect(dueInMs(room, 1)).toBe(1000);
  expect(deliveryOf(room, 1)).toMatchObject({ attempts: 0, lease_token: null });
  expect(deliveryOf(room, 2).due_at).toBeNull();
});

test('who stays at an address that somebody left is decided again with it', async () => {
  const room = await open(1);
  addPerson(room, 2, { email: addressOf(1) }, 'lead');
  await settle(room);
  expect(contactAt(room, 1)).toMatchObject({ fields: { name: 'person 1' } });
  room.world.crm.update(ref(1), { email: 'elsewhere@people.example' });
  await pullAll(room);
  room.forget();
  await apply(room.core, first, never);
  expect(contactAt(room, 1)).toMatchObject({ fields: { name: 'person 2' } });
  expect(room.calls).not.toContain('records.oweAgain');
});

/** Person 1 keeps person 2, who has the same address, from being there, and leaves; one more target has nothing to do with it. */
async function speaking(): Promise<Room> {
  const room = await openRoom({ more: ['second'] });
  addPerson(room, 1, { doNotEmail: true });
  addPerson(room, 2, { email: addressOf(1) }, 'lead');
  await settle(room);
  expect(contactAt(room, 1)).toBeUndefined();
  room.world.crm.update(ref(1), { email: 'elsewhere@people.example' });
  await pullAll(room);
  return room;
}

test('who stays where nobody is, and could not be because of the one who left, is owed again, and there only', async () => {
  const room = await speaking();
  const elsewhere = () => room.world.store.tables.deliveries.get('second' as TargetName)?.get(nameOf(2, 'lead'));
  const before = { ...elsewhere() };
  await apply(room.core, first, never);
  expect(dueInMs(room, 2, 'lead')).toBe(0);
  expect(elsewhere()).toEqual(before);
  await apply(room.core, first, never);
  expect(contactAt(room, 1)).toMatchObject({ externalId: id(2) });
});

test('who has to wait before they leave owes nobody', async () => {
  const room = await speaking();
  const other = await claim(room);
  await room.core.store.profiles.lease(other.batch.lease, [keyOf(room, 1)]);
  const sent = {
    id: room.core.uuid(),
    profileKey: keyOf(room, 1),
    kind: 'anonymize' as const,
    bits: undefined,
    sealed: undefined,
  };
  await room.core.store.profiles.begin(other.batch.lease, [sent], []);
  await room.core.store.profiles.release(other.batch.lease);
  await room.core.store.deliveries.release(other.batch.lease);
  await apply(room.core, first, never);
  expect(dueInMs(room, 1)).toBe(1000);
  expect(dueInMs(room, 2, 'lead')).toBeUndefined();
});

test('who goes to an address that is being left waits a second, until it is free', async () => {
  const room = await open(2);
  await settle(room);
  room.world.crm.update(ref(1), { email: addressOf(2) });
  room.world.crm.update(ref(2), { email: addressOf(3) });
  await applyOnce(room);
  expect(dueInMs(room, 1)).toBe(1000);
  expect(deliveryOf(room, 2).due_at).toBeNull();
  await room.world.settle(room.core);
  expect(contactAt(room, 2)).toMatchObject({ externalId: id(1) });
  expect(contactAt(room, 3)).toMatchObject({ externalId: id(2) });
  expect(contactAt(room, 1)).toBeUndefined();
});

/** Person 1 comes to the address of person 2; their former contact is to go first. */
async function joining(script: RoomOptions['script'] = () => undefined): Promise<Room> {
  const faults = { script: (_: string): Fault | undefined => undefined };
  const room = await open(2, { script: (call) => faults.script(call) });
  await settle(room);
  room.world.crm.update(ref(1), { email: addressOf(2) });
  faults.script = script;
  return room;
}

test('the contact that was left goes first, then the new one is written', async () => {
  const room = await joining();
  room.platform.account.byAddress(addressOf(2))[0]!.fields = {};
  await pullAll(room);
  room.forget();
  await apply(room.core, first, never);
  expect(contactAt(room, 1)).toBeUndefined();
  expect(room.calls.filter((call) => call === 'first.anonymize')).toHaveLength(1);
  expect(room.calls.filter((call) => call === 'first.find')).toHaveLength(1);
  const [erased] = room.world.store.tables.evidence.filter((row) => row.act === 'anonymize');
  expect(erased).toMatchObject({ trigger: 'change', profile_key: keyOf(room, 1) });
  expect(room.calls.indexOf('first.upsert')).toBeGreaterThan(room.calls.indexOf('first.anonymize'));
  expect(deliveryOf(room, 1)).toMatchObject({ due_at: null, profile_key: keyOf(room, 2) });
});

test('while the contact that was left cannot be erased nobody who came from there is written', async () => {
  const room = await joining((call) => (call === 'anonymize' ? { kind: 'unavailable' } : undefined));
  await pullAll(room);
  room.forget();
  await apply(room.core, first, never);
  expect(room.calls).toContain('first.anonymize');
  expect(room.calls).not.toContain('first.upsert');
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: null, lease_token: null });
  expect(dueInMs(room, 1)).toBe(1000);
});

test('what the platform refuses there is said to whoever came from there, again later, and parked in the end', async () => {
  const room = await openRoom({ script: () => undefined });
  for (const n of [1, 2]) addPerson(room, n);
  await settle(room);
  room.world.crm.update(ref(1), { email: addressOf(2) });
  const anonymize = () => Promise.resolve({ kind: 'blocked', status: 0, detail: 'wait for the setting' } as const);
  const targets = new Map(
    [...room.core.targets].map(([name, target]) => [name, { ...target, platform: { ...target.platform, anonymize } }]),
  );
  const core: Core = { ...room.core, targets };
  await pullAll(room);
  for (let attempt = 0; attempt < 9; attempt++) {
    expect(deliveryOf(room, 1)).toMatchObject({ parked_code: null, attempts: attempt });
    await apply(core, first, never);
    room.world.pass(dueInMs(room, 1) ?? 0);
  }
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: 'OUTCOME_BLOCKED', due_at: null });
  expect(deliveryOf(room, 1).parked_reason).toMatch(/^the contact at the former address .*: wait for the setting$/);
  expect(room.calls).not.toContain('first.upsert');
});

/** Leads 3 and 4 share the addresses of persons 1 and 2, and change places. */
async function changingPlaces(script: { of: (call: string) => Fault | undefined }): Promise<Room> {
  const room = await open(2, { script: (call) => script.of(call) });
  addPerson(room, 3, { email: addressOf(1) }, 'lead');
  addPerson(room, 4, { email: addressOf(2) }, 'lead');
  await settle(room);
  room.world.crm.update(ref(3, 'lead'), { email: addressOf(2) });
  room.world.crm.update(ref(4, 'lead'), { email: addressOf(1) });
  return room;
}

test('who change places are done in one turn', async () => {
  const room = await changingPlaces({ of: () => undefined });
  await applyOnce(room);
  expect(deliveryOf(room, 3, 'lead')).toMatchObject({ due_at: null, profile_key: keyOf(room, 2) });
  expect(deliveryOf(room, 4, 'lead')).toMatchObject({ due_at: null, profile_key: keyOf(room, 1) });
});

test('of those who change places nobody is done while one of them cannot be', async () => {
  const script = { of: (_: string): Fault | undefined => undefined };
  const room = await changingPlaces(script);
  room.world.crm.update(ref(1), { columns: { name: 'edited' } });
  script.of = (call) => (call === 'upsert' ? { kind: 'unavailable' } : undefined);
  await applyOnce(room);
  expect(deliveryOf(room, 3, 'lead')).toMatchObject({ profile_key: keyOf(room, 1), parked_code: null });
  expect(dueInMs(room, 3, 'lead')).toBe(1000);
  expect(dueInMs(room, 4, 'lead')).toBe(1000);
});

test('who came from several addresses is written when all of them are done', async () => {
  const room = await joining();
  await settle(room);
  expect(deliveryOf(room, 1).parked_code).toBeNull();
  expect(room.platform.account.contacts.size).toBe(1);
});
