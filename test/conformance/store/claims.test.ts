import { expect, test } from '@jest/globals';
import {
  applyAll,
  begin,
  claimedOf,
  deliveryOf,
  emailKey,
  hour,
  id,
  lease,
  main,
  minute,
  namesOf,
  onEveryStore,
  other,
  owe,
  profileKey,
  ref,
} from './room.ts';

onEveryStore('claiming what is owed', (world) => {
  test('a delivery that is due is claimed with what the ledger knows of its record', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { seenKey: 'a', lot: 'l1', everyLot: true });
    expect(await store.deliveries.claim(lease(1), 10, 1)).toEqual([
      {
        ref: ref(1),
        tombstone: false,
        gone: false,
        emailKey: undefined,
        seenKey: emailKey('a'),
        erasedEtag: undefined,
        profileKey: undefined,
        crmBits: undefined,
        claim: { ref: ref(1), seq: expect.any(Number), attempts: 0, lot: 'l1', forced: false },
      },
    ]);
  });

  test('two workers at the same moment share what is due, and neither waits for the other', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2, 3, 4]);
    const [one, two] = await Promise.all([
      store.deliveries.claim(lease(1), 3, 1),
      store.deliveries.claim(lease(2), 3, 1),
    ]);
    const all = [...namesOf(one), ...namesOf(two)];
    expect(new Set(all).size).toBe(all.length);
    expect(new Set([...all, ...namesOf(await store.deliveries.claim(lease(3), 9, 1))]).size).toBe(4);
  });

  test('deletions come before edits, then what has been due for longest', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await owe(store, [2]);
    await owe(store, [3], { deleted: true });
    expect(namesOf(await store.deliveries.claim(lease(1), 1, 1))).toEqual([`contact/${id(3)}`]);
    expect(namesOf(await store.deliveries.claim(lease(2), 1, 1))).toEqual([`contact/${id(1)}`]);
    expect(namesOf(await store.deliveries.claim(lease(3), 1, 1))).toEqual([`contact/${id(2)}`]);
  });

  test('what was claimed is told in the order of table and id', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [5], { table: 'lead' });
    await owe(store, [7]);
    await owe(store, [6]);
    await owe(store, [9], { table: 'account', deleted: true });
    expect(namesOf(await store.deliveries.claim(lease(1), 10, 1))).toEqual([
      `account/${id(9)}`,
      `contact/${id(6)}`,
      `contact/${id(7)}`,
      `lead/${id(5)}`,
    ]);
  });

  test('another epoch than the newest claims nothing', async () => {
    const { store } = world();
    await owe(store, [1]);
    expect(await store.deliveries.claim(lease(1), 10, 1)).toEqual([]);
    await begin(store);
    await store.configurations.take(1, { epoch: 2, fingerprint: 'two', mappings: {} }, []);
    expect(await store.deliveries.claim(lease(1), 10, 1)).toEqual([]);
    expect(namesOf(await store.deliveries.claim(lease(1), 10, 2))).toEqual([`contact/${id(1)}`]);
  });

  test('a target claims its own only', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { targets: [main, other] });
    await owe(store, [2], { targets: [other] });
    expect(namesOf(await store.deliveries.claim(lease(1), 10, 1))).toEqual([`contact/${id(1)}`]);
    expect(namesOf(await store.deliveries.claim(lease(2, other), 10, 1))).toHaveLength(2);
  });

  test('a lease that ran out passes to whoever asks, one that was renewed does not', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    await store.deliveries.claim(lease(1), 10, 1);
    await advance(9 * minute);
    expect(await store.deliveries.claim(lease(2), 10, 1)).toEqual([]);
    await store.deliveries.renew(lease(1));
    await advance(9 * minute);
    expect(await store.deliveries.claim(lease(2), 10, 1)).toEqual([]);
    await advance(2 * minute);
    expect(namesOf(await store.deliveries.claim(lease(2), 10, 1))).toEqual([`contact/${id(1)}`]);
    expect((await deliveryOf(store, 1)).lease_token).toBe(lease(2).token);
  });

  test('the lease that was lost can neither be renewed nor released', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    await store.deliveries.claim(lease(1), 10, 1);
    await advance(hour);
    await store.deliveries.claim(lease(2), 10, 1);
    await store.deliveries.renew(lease(1));
    await store.deliveries.release(lease(1));
    expect((await deliveryOf(store, 1)).lease_token).toBe(lease(2).token);
  });

  test('what is released is due as it was', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const before = await deliveryOf(store, 1);
    await store.deliveries.claim(lease(1), 10, 1);
    await store.deliveries.release(lease(1));
    const { due_at, lease_token, lease_until, attempts } = await deliveryOf(store, 1);
    expect({ due_at, lease_token, lease_until, attempts }).toEqual({
      due_at: before.due_at,
      lease_token: null,
      lease_until: null,
      attempts: 0,
    });
  });
});

onEveryStore('whether something is due', (world) => {
  test('a target is due while something can be claimed', async () => {
    const { store, advance } = world();
    await begin(store);
    expect(await store.deliveries.isDue(main)).toBe(false);
    await owe(store, [1]);
    expect(await store.deliveries.isDue(main)).toBe(true);
    expect(await store.deliveries.isDue(other)).toBe(false);
    await store.deliveries.claim(lease(1), 10, 1);
    expect(await store.deliveries.isDue(main)).toBe(false);
    await advance(hour);
    expect(await store.deliveries.isDue(main)).toBe(true);
  });

  test('an erasure makes its targets due', async () => {
    const { store } = world();
    await store.erasures.open({ id: id(70), source: 'cli', jobId: null, ref: ref(1), emailKey: null, sealed: null }, [
      main,
    ]);
    expect(await store.deliveries.isDue(main)).toBe(true);
    expect(await store.deliveries.dueTargets()).toEqual([main]);
  });

  test('the sweep sees targets with something due, or with a lot to settle, unless they are paused', async () => {
    const { store, advance } = world();
    await owe(store, [1], { targets: [main] });
    await store.brake.stage(other, 'l', [{ profileKey: profileKey('a'), rule: 'deleted', factsKey: 'f' }]);
    expect((await store.deliveries.dueTargets()).sort()).toEqual([main, other]);
    await store.targets.pause(main, { code: 'C', reason: 'r', forMs: hour, by: 'self' });
    expect(await store.deliveries.dueTargets()).toEqual([other]);
    await advance(2 * hour);
    expect((await store.deliveries.dueTargets()).sort()).toEqual([main, other]);
  });
});

onEveryStore('members of profiles', (world) => {
  test('a record belongs by its address, by the address the feed showed, and by the profile it was applied to', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { seenKey: 'seen' });
    await owe(store, [2]);
    await owe(store, [3]);
    await owe(store, [4]);
    await applyAll(store, 'elsewhere');
    await store.transaction((unit) => unit.noteRecords(lease(1), []));
    await owe(store, [2, 3]);
    const [two, three] = await store.deliveries.claim(lease(1), 10, 1);
    await store.transaction(async (unit) => {
      const note = { gone: false, action: 'sync', rule: 'eligible', reasons: [] };
      await unit.noteRecords(lease(1), [{ ...note, ref: ref(2), emailKey: emailKey('read') }]);
      await unit.completeDeliveries(lease(1), [
        { ref: ref(2), seq: two?.claim?.seq ?? 0, profileKey: undefined, crmBits: undefined },
        { ref: ref(3), seq: three?.claim?.seq ?? 0, profileKey: profileKey('applied'), crmBits: undefined },
      ]);
    });
    const names = async (key: string): Promise<string[]> =>
      namesOf(await store.deliveries.members(lease(2), [profileKey(key)], []));
    expect(await names('seen')).toEqual([`contact/${id(1)}`]);
    expect(await names('read')).toEqual([`contact/${id(2)}`]);
    expect(await names('applied')).toEqual([`contact/${id(3)}`]);
    expect(await names('elsewhere')).toEqual([1, 2, 4].map((n) => `contact/${id(n)}`));
    expect(await names('nobody')).toEqual([]);
  });

  test('a record that was found to be gone is known as gone', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2]);
    await store.deliveries.claim(lease(1), 10, 1);
    const note = { emailKey: undefined, action: 'anonymize', rule: 'deleted', reasons: [] };
    await store.transaction((unit) =>
      unit.noteRecords(lease(1), [
        { ...note, ref: ref(1), gone: true },
        { ...note, ref: ref(2), gone: false },
      ]),
    );
    const members = await store.deliveries.members(lease(1), [], [ref(1), ref(2)]);
    expect(members.map((member) => member.gone)).toEqual([true, false]);
  });

  test('a profile is another one on another target', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await applyAll(store, 'a');
    expect(await store.deliveries.members(lease(2, other), [profileKey('a')], [])).toEqual([]);
  });

  test('records that are asked for by name come along, also those without a delivery; unknown ones do not', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { targets: [other] });
    const members = await store.deliveries.members(lease(1), [], [ref(1), ref(2)]);
    expect(namesOf(members)).toEqual([`contact/${id(1)}`]);
    expect(members[0]?.claim).toBeUndefined();
  });

  test('what is due and free comes under the same lease, the rest is looked at only', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2, 3, 4], { seenKey: 'a' });
    await store.deliveries.claim(lease(9), 1, 1);
    await store.deliveries.claim(lease(1), 1, 1);
    await store.deliveries.claim(lease(8), 1, 1);
    await store.deliveries.putBack(lease(8), [{ ref: ref(3), inMs: hour, failed: false }]);
    const members = await store.deliveries.members(lease(1), [profileKey('a')], []);
    expect(namesOf(members)).toEqual([1, 2, 3, 4].map((n) => `contact/${id(n)}`));
    expect(claimedOf(members)).toHaveLength(2);
    expect((await deliveryOf(store, 4)).lease_token).toBe(lease(1).token);
    expect((await deliveryOf(store, 3)).lease_token).toBeNull();
    expect(await store.deliveries.claim(lease(7), 9, 1)).toEqual([]);
  });

  test('what is asked for by name only is not taken along', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    expect(claimedOf(await store.deliveries.members(lease(1), [], [ref(1)]))).toEqual([]);
    expect((await deliveryOf(store, 1)).lease_token).toBeNull();
  });

  test('whoever looks only sees what is owed as if it were claimed, and takes nothing', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2], { seenKey: 'a' });
    await applyAll(store, 'a');
    await owe(store, [1]);
    expect(claimedOf(await store.deliveries.peek(main, [profileKey('a')], []))).toEqual([`contact/${id(1)}`]);
    expect(claimedOf(await store.deliveries.peek(main, [], [ref(2)]))).toEqual([`contact/${id(2)}`]);
    expect((await deliveryOf(store, 1)).lease_token).toBeNull();
  });
});
