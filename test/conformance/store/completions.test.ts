import { expect, test } from '@jest/globals';
import {
  begin,
  completion,
  deliveryOf,
  hour,
  lease,
  main,
  minute,
  onEveryStore,
  owe,
  profileKey,
  ref,
} from './room.ts';

const note = { gone: false, emailKey: undefined, action: 'sync', rule: 'eligible', reasons: [] };

onEveryStore('completing a delivery', (world) => {
  test('it is done up to the change that was applied, and no longer due', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { lot: 'l', everyLot: true });
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    const bits = { News: true, Offers: false };
    await store.transaction((unit) =>
      unit.completeDeliveries(lease(1), [completion(member!, { profileKey: profileKey('a'), crmBits: bits })]),
    );
    expect(await deliveryOf(store, 1)).toMatchObject({
      done_seq: member?.claim?.seq,
      due_at: null,
      attempts: 0,
      lot: null,
      profile_key: 'a',
      crm_bits: bits,
      applied_at: expect.any(Date),
      lease_token: null,
      lease_until: null,
    });
  });

  test('news that came in during the lease keeps it due, with its lot', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await owe(store, [1], { deleted: true, lot: 'l' });
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(member!)]));
    const row = await deliveryOf(store, 1);
    expect(row).toMatchObject({ done_seq: member?.claim?.seq, due_at: expect.any(Date), lot: 'l', lease_token: null });
    expect(row.owed_seq).toBeGreaterThan(row.done_seq);
    expect(await store.deliveries.claim(lease(2), 10, 1)).toHaveLength(1);
  });

  test('what has to be sent again is due again later, and was not done', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    await store.records.forceSync(ref(1), [main]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await store.transaction((unit) =>
      unit.completeDeliveries(lease(1), [completion(member!, { againInMs: 10 * minute })]),
    );
    expect(await deliveryOf(store, 1)).toMatchObject({ done_seq: 0, forced: true, lease_token: null });
    await advance(9 * minute);
    expect(await store.deliveries.claim(lease(2), 10, 1)).toEqual([]);
    await advance(2 * minute);
    expect((await store.deliveries.claim(lease(2), 10, 1))[0]?.claim?.forced).toBe(true);
  });

  test('again at once is due at once', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(member!, { againInMs: 0 })]));
    expect(await store.deliveries.claim(lease(2), 10, 1)).toHaveLength(1);
  });

  test("what waits in the brake's list is neither due nor done, and keeps its lot", async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { deleted: true, lot: 'l' });
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(member!, { staged: true })]));
    expect(await deliveryOf(store, 1)).toMatchObject({ staged: true, due_at: null, lot: 'l', done_seq: 0 });
    expect(await store.deliveries.isDue(main)).toBe(false);
  });

  test('news keeps it from waiting there', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { deleted: true, lot: 'l' });
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await owe(store, [1]);
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(member!, { staged: true })]));
    expect(await deliveryOf(store, 1)).toMatchObject({ staged: false, due_at: expect.any(Date), lot: 'l' });
  });

  test('without a profile or bits what is stored stays', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const [first] = await store.deliveries.claim(lease(1), 10, 1);
    await store.transaction((unit) =>
      unit.completeDeliveries(lease(1), [completion(first!, { profileKey: profileKey('a'), crmBits: { News: true } })]),
    );
    await owe(store, [1]);
    const [second] = await store.deliveries.claim(lease(1), 10, 1);
    expect(second).toMatchObject({ profileKey: 'a', crmBits: { News: true } });
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(second!)]));
    expect(await deliveryOf(store, 1)).toMatchObject({ profile_key: 'a', crm_bits: { News: true } });
  });

  test('under a lease that was lost nothing of it happens, and it stays owed', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await advance(hour);
    await store.deliveries.claim(lease(2), 10, 1);
    await store.transaction((unit) =>
      unit.completeDeliveries(lease(1), [completion(member!, { profileKey: profileKey('a') })]),
    );
    expect(await deliveryOf(store, 1)).toMatchObject({
      done_seq: 0,
      profile_key: null,
      due_at: expect.any(Date),
      lease_token: lease(2).token,
    });
  });

  test('a lease that ran out and that nobody took still counts', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await advance(hour);
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(member!)]));
    expect(await deliveryOf(store, 1)).toMatchObject({ due_at: null, done_seq: member?.claim?.seq });
  });

  test('forced holds for what was claimed, and stays when news came in', async () => {
    const { store } = world();
    await begin(store);
    await store.records.forceSync(ref(1), [main]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await owe(store, [1]);
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(member!)]));
    const [again] = await store.deliveries.claim(lease(1), 10, 1);
    expect(again?.claim?.forced).toBe(true);
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(again!)]));
    expect((await deliveryOf(store, 1)).forced).toBe(false);
  });
});

onEveryStore('what was read and decided', (world) => {
  test('is stored with the record', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await store.deliveries.claim(lease(1), 10, 1);
    await store.transaction((unit) =>
      unit.noteRecords(lease(1), [
        { ...note, ref: ref(1), emailKey: 'a' as never, reasons: ['eligible'], action: 'sync', rule: 'eligible' },
      ]),
    );
    expect(await store.records.get(ref(1))).toMatchObject({
      email_key: 'a',
      gone_at: null,
      last_action: 'sync',
      last_rule: 'eligible',
      last_reasons: ['eligible'],
      decided_at: expect.any(Date),
    });
  });

  test('a row without an address still belongs to its former one; who is gone stays gone since then', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await store.deliveries.claim(lease(1), 10, 1);
    const store1 = (more: object) =>
      store.transaction((unit) => unit.noteRecords(lease(1), [{ ...note, ref: ref(1), ...more }]));
    await store1({ emailKey: 'a' });
    await store1({ gone: true });
    const first = await store.records.get(ref(1));
    expect(first).toMatchObject({ email_key: 'a', gone_at: expect.any(Date) });
    await store1({ gone: true });
    expect((await store.records.get(ref(1)))?.gone_at).toEqual(first?.gone_at);
    await store1({ gone: false });
    expect((await store.records.get(ref(1)))?.gone_at).toBeNull();
  });

  test('nothing is noted under a lease that was lost', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    await store.deliveries.claim(lease(1), 10, 1);
    await advance(hour);
    await store.deliveries.claim(lease(2), 10, 1);
    await store.transaction((unit) => unit.noteRecords(lease(1), [{ ...note, ref: ref(1), emailKey: 'old' as never }]));
    expect(await store.records.get(ref(1))).toMatchObject({ email_key: null, last_action: null });
  });
});

onEveryStore('putting back and parking', (world) => {
  test('what is put back is due later; a failure is counted, a wait is not', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1, 2]);
    await store.deliveries.claim(lease(1), 10, 1);
    await store.deliveries.putBack(lease(1), [
      { ref: ref(1), inMs: 10 * minute, failed: true },
      { ref: ref(2), inMs: 10 * minute + 0.4, failed: false },
    ]);
    expect(await store.deliveries.claim(lease(2), 10, 1)).toEqual([]);
    await advance(11 * minute);
    const claimed = await store.deliveries.claim(lease(2), 10, 1);
    expect(claimed.map((member) => member.claim?.attempts)).toEqual([1, 0]);
  });

  test('nothing is put back or parked under a lease that was lost', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await advance(hour);
    await store.deliveries.claim(lease(2), 10, 1);
    await store.deliveries.putBack(lease(1), [{ ref: ref(1), inMs: 0, failed: true }]);
    await store.deliveries.park(lease(1), [{ ref: ref(1), seq: member?.claim?.seq ?? 0, code: 'C', reason: 'r' }]);
    expect(await deliveryOf(store, 1)).toMatchObject({ attempts: 0, parked_code: null, lease_token: lease(2).token });
  });

  test('what is parked waits with its reason until the record changes', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await store.deliveries.park(lease(1), [{ ref: ref(1), seq: member?.claim?.seq ?? 0, code: 'BAD', reason: 'why' }]);
    expect(await deliveryOf(store, 1)).toMatchObject({
      parked_code: 'BAD',
      parked_reason: 'why',
      parked_at: expect.any(Date),
      due_at: null,
      done_seq: 0,
      lease_token: null,
    });
    await advance(hour);
    expect(await store.deliveries.claim(lease(2), 10, 1)).toEqual([]);
    await owe(store, [1]);
    expect(await deliveryOf(store, 1)).toMatchObject({ parked_code: null, parked_reason: null, parked_at: null });
    expect(await store.deliveries.claim(lease(2), 10, 1)).toHaveLength(1);
  });

  test('news that came in during the lease is not parked, and keeps its lot', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await owe(store, [1], { deleted: true, lot: 'l' });
    await store.deliveries.park(lease(1), [{ ref: ref(1), seq: member?.claim?.seq ?? 0, code: 'BAD', reason: 'why' }]);
    expect(await deliveryOf(store, 1)).toMatchObject({
      parked_code: null,
      parked_reason: null,
      parked_at: null,
      due_at: expect.any(Date),
      lot: 'l',
      lease_token: null,
    });
  });

  test('what is parked belongs to no lot any more', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { deleted: true, lot: 'l' });
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await store.deliveries.park(lease(1), [{ ref: ref(1), seq: member?.claim?.seq ?? 0, code: 'BAD', reason: 'why' }]);
    expect((await deliveryOf(store, 1)).lot).toBeNull();
  });
});
