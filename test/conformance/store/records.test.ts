import { expect, test } from '@jest/globals';
import { applyAll, begin, deliveryOf, emailKey, id, lease, main, onEveryStore, other, owe, ref } from './room.ts';

onEveryStore('the ledger of ids', (world) => {
  test('an enumeration tells which ids are news: unknown ones, and those that were believed gone', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2]);
    await owe(store, [3], { deleted: true });
    const generation = await store.records.nextComparison();
    expect((await store.records.seen('contact', [id(1), id(3), id(4)], generation)).sort()).toEqual([id(3), id(4)]);
    expect(await store.records.seen('lead', [id(1)], generation)).toEqual([id(1)]);
  });

  test('who was noted gone is news when seen', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await store.deliveries.claim(lease(1), 1, 1);
    const gone = { ref: ref(1), gone: true, emailKey: undefined, action: 'anonymize', rule: 'deleted', reasons: [] };
    await store.transaction((unit) => unit.noteRecords(lease(1), [gone]));
    expect(await store.records.seen('contact', [id(1)], await store.records.nextComparison())).toEqual([id(1)]);
  });

  test('what an enumeration did not show is told page by page, without those that are known to be gone', async () => {
    const { store } = world();
    await owe(store, [1, 2, 3, 4, 5]);
    await owe(store, [6], { deleted: true });
    await owe(store, [7], { table: 'lead' });
    const generation = await store.records.nextComparison();
    await store.records.seen('contact', [id(3)], generation);
    const first = await store.records.unseen('contact', generation, 2, undefined);
    expect(first).toEqual([id(1), id(2)]);
    expect(await store.records.unseen('contact', generation, 2, first.at(-1))).toEqual([id(4), id(5)]);
    expect(await store.records.unseen('contact', generation, 2, id(5))).toEqual([]);
  });

  test('a later comparison begins anew', async () => {
    const { store } = world();
    await owe(store, [1]);
    const first = await store.records.nextComparison();
    await store.records.seen('contact', [id(1)], first);
    expect(await store.records.unseen('contact', first, 9, undefined)).toEqual([]);
    const second = await store.records.nextComparison();
    expect(second).toBeGreaterThan(first);
    expect(await store.records.unseen('contact', second, 9, undefined)).toEqual([id(1)]);
  });

  test('records are found by the address that was read and by the one the feed showed', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { seenKey: 'a' });
    await owe(store, [2], { seenKey: 'b' });
    await store.deliveries.claim(lease(1), 9, 1);
    const note = { gone: false, action: 'sync', rule: 'eligible', reasons: [] };
    await store.transaction((unit) => unit.noteRecords(lease(1), [{ ...note, ref: ref(2), emailKey: emailKey('c') }]));
    const ids = async (...keys: string[]) => (await store.records.byEmailKey(keys.map(emailKey))).map((r) => r.id);
    expect((await ids('a', 'b')).sort()).toEqual([id(1), id(2)]);
    expect(await ids('c')).toEqual([id(2)]);
    expect(await ids('d')).toEqual([]);
  });

  test('records with an address, latest first, without those that are gone or named', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2, 3, 4]);
    await store.deliveries.claim(lease(1), 9, 1);
    const note = { action: 'sync', rule: 'eligible', reasons: [] };
    for (const n of [1, 2, 3])
      await store.transaction((unit) =>
        unit.noteRecords(lease(1), [{ ...note, ref: ref(n), gone: n === 3, emailKey: emailKey('a') }]),
      );
    expect(await store.records.withAddress('contact', [], 9)).toEqual([id(2), id(1)]);
    expect(await store.records.withAddress('contact', [id(2)], 9)).toEqual([id(1)]);
    expect(await store.records.withAddress('contact', [], 1)).toEqual([id(2)]);
    expect(await store.records.withAddress('lead', [], 9)).toEqual([]);
  });
});

onEveryStore('owing again', (world) => {
  test('records are due again wherever they were owed', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { targets: [main, other] });
    await owe(store, [2]);
    await applyAll(store, 'a');
    expect(await store.records.oweAgain([ref(1), ref(9)])).toBe(2);
    expect((await store.deliveries.claim(lease(1), 9, 1)).map((member) => member.ref.id)).toEqual([id(1)]);
  });

  test('records are due again on one target, and nowhere else', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { targets: [main, other] });
    for (const target of [main, other]) await applyAll(store, 'a', { ...lease(3), target });
    expect(await store.records.oweAgain([ref(1)], other)).toBe(1);
    expect(await store.deliveries.claim(lease(1), 9, 1)).toEqual([]);
    expect(await store.deliveries.claim({ ...lease(2), target: other }, 9, 1)).toHaveLength(1);
  });

  test('what is parked is tried again: all, or one record’s', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2, 3]);
    const claimed = await store.deliveries.claim(lease(1), 9, 1);
    const parking = claimed.slice(0, 2).map(({ ref: r, claim }) => ({ ref: r, seq: claim?.seq ?? 0 }));
    await store.deliveries.park(
      lease(1),
      parking.map((item) => ({ ...item, code: 'C', reason: 'r' })),
    );
    expect(await store.records.retryParked(ref(3))).toBe(0);
    expect(await store.records.retryParked(ref(1))).toBe(1);
    expect(await store.records.retryParked()).toBe(1);
    expect(await store.records.retryParked()).toBe(0);
    expect(await store.deliveries.claim(lease(2), 9, 1)).toHaveLength(2);
  });
});

onEveryStore('a forced sync', (world) => {
  test('lifts the mark of an erasure, and is owed also when the record is unknown', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await store.erasures.open(
      { id: id(80), source: 'cli', jobId: null, ref: ref(1), emailKey: null, sealed: null },
      [],
    );
    const [erasure] = await store.erasures.ready(1);
    await store.erasures.close(erasure!, [{ ref: ref(1), etag: 'e1' }], false, []);
    expect(await store.records.get(ref(1))).toMatchObject({ erased_etag: 'e1', erased_at: expect.any(Date) });
    await store.records.forceSync(ref(1), [main]);
    expect(await store.records.get(ref(1))).toMatchObject({ erased_etag: null, erased_at: null });
    const wanted = await store.records.forceSync(ref(2), [main]);
    expect(await deliveryOf(store, 2)).toMatchObject({ forced: true, owed_seq: wanted, done_seq: 0 });
  });

  test('answers a number that no delivery has reached, however often it was owed without a change', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { targets: [main, other] });
    for (let time = 0; time < 20; time++) await store.records.oweAgain([ref(1)]);
    await applyAll(store, 'a');
    const wanted = await store.records.forceSync(ref(1), [main, other]);
    expect((await deliveryOf(store, 1)).done_seq).toBeLessThan(wanted);
    await applyAll(store, 'a', lease(1));
    await applyAll(store, 'a', lease(2, other));
    expect((await deliveryOf(store, 1)).done_seq).toBeGreaterThanOrEqual(wanted);
    expect((await deliveryOf(store, 1, other)).done_seq).toBeGreaterThanOrEqual(wanted);
  });

  test('forces only the targets that it names, and a deletion stays one', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { deleted: true, targets: [main, other] });
    await store.records.forceSync(ref(1), [main]);
    expect([(await deliveryOf(store, 1)).forced, (await deliveryOf(store, 1, other)).forced]).toEqual([true, false]);
    expect((await store.records.get(ref(1)))?.tombstone).toBe(true);
  });
});

onEveryStore('what was never seen', (world) => {
  test('has neither a row nor deliveries', async () => {
    const { store } = world();
    expect(await store.records.get(ref(1))).toBeUndefined();
    expect(await store.records.deliveries(ref(1))).toEqual([]);
  });

  test('deliveries are told in the order of their targets', async () => {
    const { store } = world();
    await owe(store, [1], { targets: [other, main] });
    expect((await store.records.deliveries(ref(1))).map((row) => row.target)).toEqual([main, other]);
  });
});
