import { expect, test } from '@jest/globals';
import type { TableName } from '../../../config/words.ts';
import type { Store } from '../../../src/store/store.ts';
import {
  applyAll,
  begin,
  deliveryOf,
  hour,
  id,
  lease,
  main,
  minute,
  onEveryStore,
  other,
  owe,
  ref,
  uuid,
} from './room.ts';

const self = (code: string, forMs = hour) => ({ code, reason: `${code} happened`, forMs, by: 'self' as const });
const operator = { code: 'OPERATOR', reason: 'maintenance', forMs: 0, by: 'operator' as const };

onEveryStore('the state of a target', (world) => {
  test('is made at the first look', async () => {
    const { store } = world();
    expect(await store.targets.all()).toEqual([]);
    expect(await store.targets.state(main)).toEqual({
      target: main,
      account: null,
      paused_until: null,
      paused_code: null,
      paused_reason: null,
      paused_by: null,
      failures: 0,
      remembered: null,
      asked_empty_at: null,
      was_empty: null,
    });
    await store.targets.state(other);
    expect((await store.targets.all()).map((row) => row.target)).toEqual([main, other]);
  });

  test('keeps the account and what the adapter asks to remember', async () => {
    const { store } = world();
    await store.targets.accept(main, 'account one');
    await store.targets.remember(main, { properties: ['a'], none: undefined });
    expect(await store.targets.state(main)).toMatchObject({
      account: 'account one',
      remembered: { properties: ['a'] },
    });
    await store.targets.accept(main, 'account two');
    expect((await store.targets.state(main)).account).toBe('account two');
  });

  test('a pause of our own ends by time; it is news once for each code', async () => {
    const { store, advance } = world();
    expect(await store.targets.isPaused(main)).toBe(false);
    expect(await store.targets.pause(main, self('DOWN'))).toBe(true);
    expect(await store.targets.pause(main, self('DOWN'))).toBe(false);
    expect(await store.targets.pause(main, self('WRONG_KEY'))).toBe(true);
    expect(await store.targets.state(main)).toMatchObject({
      paused_code: 'WRONG_KEY',
      paused_reason: 'WRONG_KEY happened',
      paused_by: 'self',
      paused_until: expect.any(Date),
    });
    expect(await store.targets.isPaused(main)).toBe(true);
    expect(await store.targets.isPaused(other)).toBe(false);
    await advance(hour + minute);
    expect(await store.targets.isPaused(main)).toBe(false);
  });

  test('success forgets failures and our own pause', async () => {
    const { store } = world();
    expect(await store.targets.recovered(main)).toBe(false);
    expect([await store.targets.failed(main), await store.targets.failed(main)]).toEqual([1, 2]);
    expect(await store.targets.recovered(main)).toBe(false);
    expect((await store.targets.state(main)).failures).toBe(0);
    await store.targets.pause(main, self('DOWN'));
    expect(await store.targets.recovered(main)).toBe(true);
    expect(await store.targets.recovered(main)).toBe(false);
    expect(await store.targets.isPaused(main)).toBe(false);
  });

  test('an operator’s pause lasts until it is lifted by hand', async () => {
    const { store, advance } = world();
    await store.targets.pause(main, self('DOWN'));
    await store.targets.pause(main, operator);
    await store.targets.pause(main, self('DOWN', minute));
    await advance(1000 * 24 * hour);
    expect(await store.targets.isPaused(main)).toBe(true);
    expect(await store.targets.state(main)).toMatchObject({ paused_code: 'OPERATOR', paused_by: 'operator' });
    await store.targets.failed(main);
    expect(await store.targets.recovered(main)).toBe(false);
    expect(await store.targets.state(main)).toMatchObject({ failures: 0, paused_by: 'operator' });
    await store.targets.resume(main);
    expect(await store.targets.isPaused(main)).toBe(false);
    expect(await store.targets.state(main)).toMatchObject({ paused_code: null, paused_reason: null, paused_by: null });
  });

  test('the answer "nobody is here" counts for a while, and is asked for once', async () => {
    const { store, advance } = world();
    expect(await store.targets.emptiness(main, hour)).toEqual({ asked: false, empty: false });
    await store.targets.noteEmptiness(main, true);
    await store.targets.noteEmptiness(main, false);
    expect(await store.targets.emptiness(main, hour)).toEqual({ asked: true, empty: true });
    await advance(2 * hour);
    expect(await store.targets.emptiness(main, hour)).toEqual({ asked: true, empty: false });
    await store.targets.noteEmptiness(other, false);
    expect(await store.targets.emptiness(other, hour)).toEqual({ asked: true, empty: false });
  });
});

onEveryStore('the installation', (world) => {
  test('keeps the first organization and the first key', async () => {
    const { store } = world();
    expect(await store.installation.read()).toEqual({ organization: null, hashKey: null });
    expect(await store.installation.organization('one')).toBe('one');
    expect(await store.installation.organization('two')).toBe('one');
    expect(await store.installation.hashKey('k1')).toBe('k1');
    expect(await store.installation.hashKey('k2')).toBe('k1');
    expect(await store.installation.read()).toEqual({ organization: 'one', hashKey: 'k1' });
  });
});

onEveryStore('the list of suppressions', (world) => {
  test('tells addresses from records, and forgets only what is removed', async () => {
    const { store } = world();
    await store.suppressions.add('address', 'a', 'asked for it');
    await store.suppressions.add('address', 'a', 'again');
    await store.suppressions.add('record', 'contact/x', 'asked for it');
    expect(await store.suppressions.matching('address', ['a', 'b', 'contact/x'])).toEqual(new Set(['a']));
    expect(await store.suppressions.matching('record', ['a', 'contact/x'])).toEqual(new Set(['contact/x']));
    expect(await store.suppressions.matching('record', [])).toEqual(new Set());
    expect(await store.suppressions.remove('record', 'a')).toBe(false);
    expect(await store.suppressions.remove('address', 'a')).toBe(true);
    expect(await store.suppressions.remove('address', 'a')).toBe(false);
    expect(await store.suppressions.matching('address', ['a'])).toEqual(new Set());
  });
});

onEveryStore('the configuration in force', (world) => {
  const state = (epoch: number) => ({ epoch, fingerprint: `f${epoch}`, mappings: { main: { contact: `m${epoch}` } } });
  const oweTable = (lot: string, table: TableName = 'contact', target = main) => ({ target, table, lot });

  async function takeBoth(store: Store) {
    return Promise.all([
      store.configurations.take(1, state(2), [oweTable('c2')]),
      store.configurations.take(1, { ...state(2), fingerprint: 'rival' }, [oweTable('rival')]),
    ]);
  }

  test('is none at first, then the newest', async () => {
    const { store } = world();
    expect(await store.configurations.current()).toBeUndefined();
    expect(await store.configurations.take(1, state(1), [])).toBe(false);
    expect(await store.configurations.take(undefined, state(1), [])).toBe(true);
    expect(await store.configurations.current()).toEqual(state(1));
    expect(await store.configurations.take(undefined, state(2), [])).toBe(false);
    expect(await store.configurations.take(1, state(2), [])).toBe(true);
    expect(await store.configurations.current()).toEqual(state(2));
  });

  test('two that take over at once: one wins, and only what it names is owed', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await applyAll(store, 'a');
    expect((await takeBoth(store)).sort()).toEqual([false, true]);
    const current = await store.configurations.current();
    const won = current?.fingerprint === 'rival' ? 'rival' : 'c2';
    const row = await deliveryOf(store, 1);
    expect(row).toMatchObject({ lot: won, due_at: expect.any(Date) });
    expect(row.owed_seq).toBe(row.done_seq + 1);
  });

  test('owes every known record of the table on the target, also where it was never owed or was parked', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2], { targets: [main] });
    await owe(store, [3], { table: 'lead', targets: [main] });
    const claimed = await store.deliveries.claim(lease(1), 9, 1);
    const parking = claimed.map((member) => ({ ref: member.ref, seq: member.claim?.seq ?? 0, code: 'C', reason: 'r' }));
    await store.deliveries.park(lease(1), parking);
    await store.configurations.take(1, state(2), [oweTable('c2'), oweTable('first', 'contact', other)]);
    for (const n of [1, 2])
      expect(await deliveryOf(store, n)).toMatchObject({ lot: 'c2', parked_code: null, due_at: expect.any(Date) });
    expect(await deliveryOf(store, 1, other)).toMatchObject({ lot: 'first', done_seq: 0, attempts: 0 });
    const [lead] = await store.records.deliveries({ table: 'lead', id: id(3) });
    expect(lead).toMatchObject({ parked_code: 'C', lot: null });
    expect(await store.deliveries.claim(lease(2), 9, 1)).toEqual([]);
    expect(await store.deliveries.claim(lease(2), 9, 2)).toHaveLength(2);
  });

  test('makes due at once what waited for another setting, and nothing else that waits', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2], { targets: [main] });
    const codes = ['OUTCOME_BLOCKED', 'OUTCOME_MANUAL'];
    const claimed = await store.deliveries.claim(lease(1), 9, 1);
    const parking = claimed.map((member) => ({
      ref: member.ref,
      seq: member.claim?.seq ?? 0,
      code: codes[member.ref.id === id(1) ? 0 : 1] ?? '',
      reason: 'r',
    }));
    await store.deliveries.park(lease(1), parking);
    for (const [n, code] of [
      [1, 'BLOCKED'],
      [2, 'MANUAL'],
    ] as const) {
      const erasure = { id: uuid(n), source: 'cli' as const, jobId: null, ref: ref(n), emailKey: null, sealed: null };
      await store.erasures.open(erasure, [main]);
      await store.erasures.claim(lease(n), 1, 1);
      await store.erasures.wait(lease(n), uuid(n), hour, code, 'a sentence', true);
    }

    await store.configurations.take(1, state(2), []);

    expect(await deliveryOf(store, 1)).toMatchObject({ parked_code: null, due_at: expect.any(Date) });
    expect(await deliveryOf(store, 2)).toMatchObject({ parked_code: 'OUTCOME_MANUAL', due_at: null });
    expect((await store.erasures.claim(lease(5), 9, 2)).map((erasure) => erasure.id)).toEqual([uuid(1)]);
  });

  test('work under way is still owed after it', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 9, 1);
    await store.configurations.take(1, state(2), [oweTable('c2')]);
    await store.transaction((unit) =>
      unit.completeDeliveries(lease(1), [
        { ref: ref(1), seq: member?.claim?.seq ?? 0, profileKey: undefined, crmBits: undefined },
      ]),
    );
    expect(await deliveryOf(store, 1)).toMatchObject({ due_at: expect.any(Date), lot: 'c2' });
  });
});
