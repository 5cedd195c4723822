/**
 * What a method is not about stays as it is: on another target everything, on its own all other records and profiles.
 * Guarantees: whoever stands by has the same ids and keys, leases, holds and intents as those that the method is about.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { TargetName } from '../../../config/words.ts';
import type { BrakeLimits } from '../../../src/store/brake.ts';
import type { Store } from '../../../src/store/store.ts';
import {
  type Backend,
  begin,
  completion,
  hour,
  id,
  lease,
  main,
  other,
  owe,
  postgres,
  profileKey,
  ref,
  type StoredRow,
  uuid,
  type World,
} from './room.ts';

const a = profileKey('a');
const free = profileKey('free');
const none: BrakeLimits = { allowed: () => 0, windowHours: 24, mayStillBeMailed: false };
const many: BrakeLimits = { ...none, allowed: () => 99 };
const caseOf = (key: string) => [{ profileKey: profileKey(key), rule: 'deleted', factsKey: 'facts' }];

let backend: Backend;
let world: World;
let mine = lease(1);
let theirs = lease(1, other);

/** On a target: contact 1 at profile a, contact 2 at b, lead 1 at c, all leased; holds, a staged lot, open intents. */
async function populate(store: Store, target: TargetName, n: number): Promise<typeof mine> {
  const under = lease(n, target);
  const keys = { a: ref(1), b: ref(2), c: ref(1, 'lead'), d: ref(3) };
  const claimed = await store.deliveries.claim(under, 99, 1);
  await store.profiles.lease(under, Object.keys(keys).map(profileKey));
  for (const [index, [key, record]] of Object.entries(keys).entries()) {
    const k = profileKey(key);
    const intent = { id: uuid(n * 10 + index), profileKey: k, kind: 'upsert' as const };
    await store.profiles.begin(under, [intent], [{ profileKey: k, contactKey: `external ${key}` }]);
    const member = claimed.find((one) => one.ref.table === record.table && one.ref.id === record.id);
    await store.transaction(async (unit) => {
      await unit.changeProfiles(under, [{ key: k, state: 'live', contactKey: `external ${key}` }]);
      if (member) await unit.completeDeliveries(under, [completion(member, { profileKey: k, staged: key === 'd' })]);
    });
  }
  await store.brake.admit(target, 'held', [...caseOf('a'), ...caseOf('b'), ...caseOf('c')], none);
  await store.brake.stage(target, 'staged', caseOf('d'));
  await store.brake.admitExplicit(target, { id: uuid(90), approved: false }, 0);
  return under;
}

beforeAll(async () => {
  backend = await postgres();
});
afterAll(async () => {
  await backend?.close();
});
beforeEach(async () => {
  world = await backend.fresh();
  const { store } = world;
  const targets = [main, other];
  await begin(store);
  const erasure = { source: 'cli', jobId: null, emailKey: null, sealed: null } as const;
  await store.erasures.open({ ...erasure, id: uuid(90), ref: ref(1) }, targets);
  await store.erasures.open({ ...erasure, id: uuid(91), ref: ref(2) }, targets);
  await owe(store, [1, 2, 3], { targets });
  await owe(store, [1, 3], { table: 'lead', targets });
  mine = await populate(store, main, 1);
  theirs = await populate(store, other, 2);
  await owe(store, [1, 2, 3], { targets });
  await owe(store, [1, 3], { table: 'lead', targets });
  await store.deliveries.release(mine);
  await store.deliveries.release(theirs);
  // Both workers work on everything.
  await store.deliveries.claim(mine, 99, 1);
  await store.deliveries.claim(theirs, 99, 1);
});

const rows = async (target: TargetName): Promise<StoredRow[]> => (await world.rowsOf?.(target)) ?? [];

/** What has nothing to do with contact 1 and its profiles. */
const isBystander = (row: StoredRow): boolean =>
  !(row.crm_table === 'contact' && row.id === id(1)) &&
  ![row.key, row.profile_key].some((key) => key === a || key === free) &&
  row.erasure_id !== uuid(90);

const claimOf = async (store: Store) =>
  (await store.deliveries.members(mine, [], [ref(1)])).find((member) => member.claim)!;

/** About contact 1 and profile a of target main, and nobody else there. */
test.each<readonly [string, (store: Store) => Promise<unknown>]>([
  ['deliveries.putBack', (store) => store.deliveries.putBack(mine, [{ ref: ref(1), inMs: hour, failed: true }])],
  ['deliveries.park', (store) => store.deliveries.park(mine, [{ ref: ref(1), seq: 999, code: 'C', reason: 'r' }])],
  [
    'completeDeliveries',
    async (store) => {
      const member = await claimOf(store);
      await store.transaction((unit) => unit.completeDeliveries(mine, [completion(member, { profileKey: a })]));
    },
  ],
  ['profiles.move', (store) => store.profiles.lease(mine, [free]).then(() => store.profiles.move(mine, a, free))],
  ['changeProfiles', (store) => store.transaction((unit) => unit.changeProfiles(mine, [{ key: a, state: 'reset' }]))],
  ['profiles.lease', (store) => store.profiles.lease(mine, [a])],
  ['brake.close', (store) => store.brake.close(main, [a])],
  ['brake.admit', (store) => store.brake.admit(main, 'again', caseOf('a'), many)],
])('%s changes nothing else on its target, and nothing on another one', async (_, act) => {
  const { store } = world;
  const before = { here: (await rows(main)).filter(isBystander), there: await rows(other) };
  const all = await rows(main);
  await act(store);
  const after = await rows(main);
  expect(await rows(other)).toEqual(before.there);
  expect(after.filter(isBystander).filter((row) => row.stored !== 'hold' && row.stored !== 'brake_pass')).toEqual(
    before.here.filter((row) => row.stored !== 'hold' && row.stored !== 'brake_pass'),
  );
  expect(before.here.length).toBeGreaterThan(10);
  expect(all.length).toBeGreaterThan(before.here.length);
});

/** About a whole target, a hold or a lease. */
test.each<readonly [string, (store: Store) => Promise<unknown>]>([
  ['deliveries.renew', (store) => store.deliveries.renew(mine)],
  ['deliveries.release', (store) => store.deliveries.release(mine)],
  ['deliveries.claim', (store) => store.deliveries.release(mine).then(() => store.deliveries.claim(mine, 99, 1))],
  [
    'deliveries.members',
    (store) => store.deliveries.release(mine).then(() => store.deliveries.members(mine, [a], [ref(1)])),
  ],
  ['profiles.release', (store) => store.profiles.release(mine)],
  ['brake.settleLots', (store) => store.brake.settleLots(main, many)],
  ['brake.stage', (store) => store.brake.stage(main, 'another', caseOf('e'))],
  ['brake.admitExplicit', (store) => store.brake.admitExplicit(main, { id: uuid(91), approved: false }, 0)],
  [
    'brake.decide, approved',
    async (store) => {
      for (const hold of (await store.brake.holds()).filter((one) => one.target === main))
        await store.brake.decide(hold.id, 'approved', 'somebody');
    },
  ],
  [
    'brake.decide, rejected',
    async (store) => {
      for (const hold of (await store.brake.holds()).filter((one) => one.target === main))
        await store.brake.decide(hold.id, 'rejected', 'somebody');
    },
  ],
])('%s changes nothing on another target', async (_, act) => {
  const before = { here: await rows(main), there: await rows(other) };
  await act(world.store);
  expect(await rows(other)).toEqual(before.there);
  expect(await rows(main)).not.toEqual(before.here);
});
