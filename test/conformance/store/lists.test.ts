/** The lists of the status page, in PostgreSQL alone: the store in memory has none. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { formatRecordRef } from '../../../config/words.ts';
import type { ListName, ListPlace } from '../../../src/store/lists.ts';
import type { Store } from '../../../src/store/store.ts';
import {
  type Backend,
  begin,
  completion,
  id,
  lease,
  main,
  other,
  owe,
  postgres,
  profileKey,
  ref,
  uuid,
} from './room.ts';

let backend: Backend;
let store: Store;

beforeAll(async () => {
  backend = await postgres();
});

afterAll(async () => {
  await backend?.close();
});

beforeEach(async () => {
  ({ store } = await backend.fresh());
  await begin(store);
});

/** Brings these contacts to their end with a decision; everything else that is due stays. */
async function decided(ns: readonly number[], action: string, rule: string, target = main): Promise<void> {
  await owe(store, ns, { targets: [target] });
  const under = lease(1, target);
  const claimed = await store.deliveries.claim(under, 100, 1);
  const wanted = claimed.filter((member) => ns.some((n) => member.ref.id === id(n)));
  await store.transaction(async (unit) => {
    const notes = wanted.map((member) => ({
      ref: member.ref,
      gone: false,
      emailKey: undefined,
      action,
      rule,
      reasons: [rule],
    }));
    await unit.noteRecords(under, notes);
    await unit.completeDeliveries(
      under,
      wanted.map((member) => completion(member, { profileKey: profileKey(`p${member.ref.id}`) })),
    );
  });
  await store.deliveries.release(under);
}

const names = async (list: ListName, more: object = {}): Promise<string[]> =>
  (await store.lists.records({ list, limit: 100, ...more })).map(
    ({ target, ref: at }) => `${target} ${formatRecordRef(at)}`,
  );
const named = (...ns: number[]): string[] => ns.map((n) => `main contact/${uuid(n)}`);

describe('the lists of records', () => {
  test('each record is in the list of what became of it, and in no other', async () => {
    await decided([1, 2], 'sync', 'eligible');
    await decided([3], 'resetPermissions', 'do-not-bulk-email');
    await owe(store, [4, 5, 6, 7]);
    await store.deliveries.claim(lease(1), 100, 1);
    await store.deliveries.park(lease(1), [{ ref: ref(4), seq: 100, code: 'BAD', reason: 'our sentence' }]);
    await store.deliveries.putBack(lease(1), [{ ref: ref(5), inMs: 60_000, failed: true }]);
    await store.deliveries.release(lease(1));

    expect(await names('in-sync')).toEqual(named(1, 2));
    expect(await names('excluded')).toEqual(named(3));
    expect(await names('failing')).toEqual(named(4, 5));
    expect(await names('parked')).toEqual(named(4));
    const [parked, tried] = await store.lists.records({ list: 'failing', limit: 9 });
    expect(parked).toMatchObject({ parked: { code: 'BAD', reason: 'our sentence', at: expect.any(Date) } });
    expect(tried).toMatchObject({ parked: undefined, attempts: 1, dueAt: expect.any(Date) });
    expect((await store.lists.records({ list: 'excluded', limit: 9 }))[0]).toMatchObject({
      action: 'resetPermissions',
      rule: 'do-not-bulk-email',
      held: false,
      appliedAt: expect.any(Date),
    });
  });

  test('news takes a record out of its list until it is dealt with', async () => {
    await decided([1], 'sync', 'eligible');
    await owe(store, [1]);
    expect(await names('in-sync')).toEqual([]);
  });

  test('a record stands there once for each target', async () => {
    await decided([1], 'sync', 'eligible');
    await decided([1], 'sync', 'eligible', other);
    expect(await names('in-sync')).toEqual([`main contact/${uuid(1)}`, `other contact/${uuid(1)}`]);
  });

  test('whom the brake holds is said', async () => {
    await decided([1], 'anonymize', 'deleted');
    const cases = [{ profileKey: profileKey(`p${id(1)}`), rule: 'deleted', factsKey: 'f' }];
    await store.brake.admit(main, 'lot', cases, { allowed: () => 0, windowHours: 24, mayStillBeMailed: false });
    expect(await store.lists.records({ list: 'excluded', limit: 9 })).toMatchObject([{ held: true }]);
  });

  test('pages follow each other without a gap and without a repetition', async () => {
    await decided([1, 2, 3, 4, 5, 6, 7], 'sync', 'eligible');
    await decided([1, 2], 'sync', 'eligible', other);
    const seen: string[] = [];
    let after: ListPlace | undefined;
    for (;;) {
      const rows = await store.lists.records({ list: 'in-sync', limit: 2, after });
      if (rows.length === 0) break;
      seen.push(...rows.map(({ target, ref: at }) => `${target} ${formatRecordRef(at)}`));
      after = rows.at(-1);
    }
    expect(seen).toHaveLength(9);
    expect(seen).toEqual(await names('in-sync'));
    expect(new Set(seen).size).toBe(9);
  });

  test('are searched by id, by its beginning and by table', async () => {
    await decided([1, 2, 10], 'sync', 'eligible');
    expect(await names('in-sync', { ids: { from: id(2), to: id(2) } })).toEqual(named(2));
    expect(await names('in-sync', { ids: { from: id(2), to: id(10) } })).toEqual(named(2, 10));
    expect(await names('in-sync', { table: 'contact', ids: { from: id(1), to: id(1) } })).toEqual(named(1));
    expect(await names('in-sync', { table: 'lead' })).toEqual([]);
  });
});

test('erasures are listed by their state: the oldest open one, the newest finished one first', async () => {
  for (const n of [1, 2, 3]) {
    await store.erasures.open({ id: uuid(n), source: 'cli', jobId: null, ref: ref(n), emailKey: null, sealed: null }, [
      main,
    ]);
  }
  for (const n of [1, 2]) {
    const erasure = await store.erasures.get(uuid(n));
    await store.erasures.close(erasure!, [], false, []);
  }
  expect((await store.lists.erasures('open', 9)).map((row) => row.id)).toEqual([uuid(3)]);
  expect((await store.lists.erasures('done', 9)).map((row) => row.id)).toEqual([uuid(2), uuid(1)]);
  expect(await store.lists.erasures('done', 1)).toHaveLength(1);
});
