import { expect, test } from '@jest/globals';
import type { PageMove } from '../../../src/store/checkpoints.ts';
import { begin, deliveryOf, emailKey, id, lease, main, onEveryStore, other, owe, ref } from './room.ts';

const page = (more: Partial<PageMove> = {}): PageMove => ({
  table: 'contact',
  from: null,
  fromMode: 'initial',
  to: 'next',
  toMode: 'initial',
  generation: 1,
  atEnd: false,
  lot: 'load',
  changes: [],
  targets: [main],
  ...more,
});
const news = (n: number, deleted = false, seenKey?: string) => ({
  id: id(n),
  deleted,
  seenKey: seenKey === undefined ? undefined : emailKey(seenKey),
});

onEveryStore('the position in a feed', (world) => {
  test('is unknown before the first full read begins', async () => {
    const { store } = world();
    expect(await store.checkpoints.read('contact')).toBeUndefined();
    expect(await store.checkpoints.move(page())).toBe(false);
    expect(await store.checkpoints.restart('contact', null, 'initial')).toBe(true);
    expect(await store.checkpoints.restart('contact', null, 'initial')).toBe(false);
    expect(await store.checkpoints.read('contact')).toEqual({
      crm_table: 'contact',
      link: null,
      mode: 'initial',
      generation: 1,
      lot: null,
      full_read_done: false,
      position_at: null,
      pulled_at: null,
      stopped_code: null,
      stopped_reason: null,
    });
  });

  test('moves page by page to the end', async () => {
    const { store } = world();
    await store.checkpoints.restart('contact', null, 'initial');
    expect(await store.checkpoints.move(page({ to: 'p2' }))).toBe(true);
    expect(await store.checkpoints.read('contact')).toMatchObject({
      link: 'p2',
      mode: 'initial',
      lot: 'load',
      position_at: null,
      pulled_at: expect.any(Date),
    });
    expect(await store.checkpoints.move(page({ from: 'p2', to: 'd1', toMode: 'delta', atEnd: true }))).toBe(true);
    expect(await store.checkpoints.read('contact')).toMatchObject({
      link: 'd1',
      mode: 'delta',
      lot: null,
      position_at: expect.any(Date),
    });
  });

  test('moves only from where it was read, in its mode and generation; who comes second changes nothing', async () => {
    const { store } = world();
    await store.checkpoints.restart('contact', null, 'initial');
    const first = page({ changes: [news(1)] });
    const both = await Promise.all([store.checkpoints.move(first), store.checkpoints.move(first)]);
    expect(both.sort()).toEqual([false, true]);
    const { owed_seq } = await deliveryOf(store, 1);
    expect(await store.checkpoints.move(page({ from: 'elsewhere', changes: [news(2)] }))).toBe(false);
    expect(await store.checkpoints.move(page({ from: 'next', fromMode: 'delta', changes: [news(2)] }))).toBe(false);
    expect(await store.checkpoints.move(page({ from: 'next', generation: 2, changes: [news(2)] }))).toBe(false);
    expect((await deliveryOf(store, 1)).owed_seq).toBe(owed_seq);
    expect(await store.records.get(ref(2))).toBeUndefined();
  });

  test('a full read begins again from a position that was lost, and only from that', async () => {
    const { store } = world();
    await store.checkpoints.restart('contact', null, 'initial');
    await store.checkpoints.move(page({ to: 'd1', toMode: 'delta', atEnd: true }));
    await store.checkpoints.fullReadDone('contact', 1);
    expect(await store.checkpoints.restart('contact', 'other', 'enumeration')).toBe(false);
    expect(await store.checkpoints.restart('contact', 'd1', 'enumeration')).toBe(true);
    expect(await store.checkpoints.restart('contact', 'd1', 'enumeration')).toBe(false);
    expect(await store.checkpoints.restart('contact', null, 'enumeration')).toBe(false);
    expect(await store.checkpoints.read('contact')).toMatchObject({
      link: null,
      mode: 'enumeration',
      generation: 2,
      full_read_done: false,
      position_at: expect.any(Date),
    });
  });

  test('only the present generation’s comparison counts', async () => {
    const { store } = world();
    await store.checkpoints.restart('contact', null, 'initial');
    await store.checkpoints.fullReadDone('contact', 2);
    expect((await store.checkpoints.read('contact'))?.full_read_done).toBe(false);
    await store.checkpoints.fullReadDone('contact', 1);
    expect((await store.checkpoints.read('contact'))?.full_read_done).toBe(true);
  });

  test('a stop is told until the table is read again or resumed', async () => {
    const { store } = world();
    await store.checkpoints.restart('contact', null, 'initial');
    await store.checkpoints.stop('contact', 'CODE', 'why');
    expect(await store.checkpoints.read('contact')).toMatchObject({ stopped_code: 'CODE', stopped_reason: 'why' });
    await store.checkpoints.move(page());
    expect((await store.checkpoints.read('contact'))?.stopped_code).toBeNull();
    await store.checkpoints.stop('contact', 'CODE', 'why');
    await store.checkpoints.resume('contact');
    expect(await store.checkpoints.read('contact')).toMatchObject({ stopped_code: null, stopped_reason: null });
  });

  test('all of them are told in the order of their names', async () => {
    const { store } = world();
    for (const table of ['lead', 'account', 'contact'] as const)
      await store.checkpoints.restart(table, null, 'initial');
    expect((await store.checkpoints.all()).map((row) => row.crm_table)).toEqual(['account', 'contact', 'lead']);
  });
});

onEveryStore('what a page says', (world) => {
  test('is owed on every target, in the page’s lot when it is part of a full read', async () => {
    const { store } = world();
    await store.checkpoints.restart('contact', null, 'initial');
    await store.checkpoints.move(page({ targets: [main, other], changes: [news(1, false, 'a')] }));
    const record = await store.records.get(ref(1));
    expect(record).toMatchObject({ tombstone: false, seen_key: 'a', email_key: null, gone_at: null });
    for (const target of [main, other])
      expect(await deliveryOf(store, 1, target)).toMatchObject({
        owed_seq: record?.change_seq,
        done_seq: 0,
        lot: 'load',
        priority: 2,
        due_at: expect.any(Date),
      });
  });

  test('of a delta only the deletions are a lot', async () => {
    const { store } = world();
    await store.checkpoints.restart('contact', null, 'initial');
    await store.checkpoints.move(page({ to: 'd1', toMode: 'delta', atEnd: true }));
    const changes = [news(1), news(2, true)];
    const delta = { from: 'd1', fromMode: 'delta', to: 'd2', toMode: 'delta', atEnd: true, lot: 'pull' } as const;
    expect(await store.checkpoints.move(page({ ...delta, changes }))).toBe(true);
    expect(await deliveryOf(store, 1)).toMatchObject({ lot: null, priority: 2 });
    expect(await deliveryOf(store, 2)).toMatchObject({ lot: 'pull', priority: 1 });
  });

  test('a change number only rises, and what was parked or had failed is taken up again', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const first = await deliveryOf(store, 1);
    await store.deliveries.claim(lease(1), 1, 1);
    await store.deliveries.putBack(lease(1), [{ ref: ref(1), inMs: 3_600_000, failed: true }]);
    await owe(store, [1]);
    const second = await deliveryOf(store, 1);
    expect(second.owed_seq).toBeGreaterThan(first.owed_seq);
    expect(second.attempts).toBe(0);
    expect(await store.deliveries.claim(lease(2), 1, 1)).toHaveLength(1);
  });

  test('news takes no lease away', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await store.deliveries.claim(lease(1), 1, 1);
    await owe(store, [1]);
    expect((await deliveryOf(store, 1)).lease_token).toBe(lease(1).token);
    expect(await store.deliveries.claim(lease(2), 1, 1)).toEqual([]);
  });

  test('who is reported again is no longer gone; a deletion keeps since when', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { deleted: true, seenKey: 'a' });
    await store.deliveries.claim(lease(1), 1, 1);
    const gone = { ref: ref(1), gone: true, emailKey: undefined, action: 'anonymize', rule: 'deleted', reasons: [] };
    await store.transaction((unit) => unit.noteRecords(lease(1), [gone]));
    await owe(store, [1], { deleted: true });
    expect(await store.records.get(ref(1))).toMatchObject({
      tombstone: true,
      gone_at: expect.any(Date),
      seen_key: 'a',
    });
    await owe(store, [1]);
    expect(await store.records.get(ref(1))).toMatchObject({ tombstone: false, gone_at: null, seen_key: 'a' });
  });

  test('an edit after a deletion stays in the lot that it was in', async () => {
    const { store } = world();
    await owe(store, [1], { deleted: true, lot: 'l' });
    await owe(store, [1]);
    expect(await deliveryOf(store, 1)).toMatchObject({ lot: 'l', priority: 2 });
  });

  test('one marking cannot name a record twice', async () => {
    const { store } = world();
    await expect(owe(store, [1, 1])).rejects.toThrow();
    expect(await store.records.get(ref(1))).toBeUndefined();
    await owe(store, []);
  });
});
