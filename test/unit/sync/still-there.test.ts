/** Before an erasure is closed: where the person may be again, by the row that is about to be marked. */
import { expect, test } from '@jest/globals';
import type { ProfileKey } from '../../../config/words.ts';
import type { Row } from '../../../src/dataverse/crm.ts';
import type { Lease } from '../../../src/store/deliveries.ts';
import type { Core } from '../../../src/sync/core.ts';
import { applyErasures } from '../../../src/sync/erase.ts';
import { stillThere } from '../../../src/sync/still-there.ts';
import { addPerson, addressOf, first, never, openRoom, pullAll, type Room, ref, settle } from './room.ts';

const lease: Lease = { target: first, token: '00000000-0000-4000-8000-888888888888', seconds: 10 };
const keyOf = ({ core }: Room, n: number): ProfileKey => core.keyring.emailKey(addressOf(n)) as string as ProfileKey;

interface Answered {
  readonly room: Room;
  /** Where the closing would look once more. */
  again(core?: Core): Promise<string[]>;
}

/** The erasure of person 1, whom the target has erased, and who shares the address with `sharers`. */
async function answered(sharers: readonly number[] = []): Promise<Answered> {
  const room = await openRoom();
  const { core } = room;
  for (const n of [1, 5]) addPerson(room, n);
  for (const n of sharers) addPerson(room, n, { email: addressOf(1) });
  await settle(room);
  const erasure = { id: core.uuid(), source: 'cli' as const, jobId: null, ref: ref(1), emailKey: null, sealed: null };
  await core.store.erasures.open(erasure, [first]);
  await applyErasures(core, first, never);
  async function again(by = core): Promise<string[]> {
    const [stored, row] = [await core.store.erasures.get(erasure.id), await core.crm.readRow(ref(1), never)];
    if (!stored) throw new Error('the erasure is not there');
    return stillThere(by, stored, await core.store.erasures.targets(erasure.id), row as Row | undefined);
  }
  return { room, again };
}

/** The ledger says so of the profile at the address of person `n`. */
async function noted(room: Room, n: number, state: 'absent' | 'live'): Promise<void> {
  const { profiles } = room.core.store;
  await profiles.lease(lease, [keyOf(room, n)]);
  await room.core.store.transaction((unit) => unit.changeProfiles(lease, [{ key: keyOf(room, n), state }]));
  await profiles.release(lease);
}

test('nowhere, where the target has answered and nothing has changed', async () => {
  const { again } = await answered();
  expect(await again()).toEqual([]);
});

test('at an address that somebody has to whom they have come', async () => {
  const { room, again } = await answered();
  room.world.crm.update(ref(1), { email: addressOf(5) });
  expect(await again()).toEqual([first]);
});

test('at an address at which nobody has looked: somebody from earlier times may have it', async () => {
  const { room, again } = await answered();
  room.world.crm.update(ref(1), { email: addressOf(7) });
  expect(await again()).toEqual([first]);
  await noted(room, 7, 'absent');
  expect(await again()).toEqual([]);
  room.world.crm.update(ref(1), { email: addressOf(8) });
  expect(await again()).toEqual([first]);
  expect(await again(withoutAdoption(room.core))).toEqual([]);
});

test('with those who were erased along, where nobody else has their address', async () => {
  const { room, again } = await answered([2]);
  room.world.crm.update(ref(1), { email: addressOf(7) });
  await noted(room, 7, 'absent');
  expect(await again()).toEqual([]);
  await noted(room, 1, 'live');
  expect(await again()).toEqual([first]);
  // Who has not been applied there yet has the address all the same.
  addPerson(room, 3, { email: addressOf(1) });
  await pullAll(room);
  expect(await again()).toEqual([]);
});

function withoutAdoption(core: Core): Core {
  const targets = [...core.targets].map(
    ([name, target]) => [name, { ...target, settings: { ...target.settings, adoptExisting: false } }] as const,
  );
  return { ...core, targets: new Map(targets) };
}
