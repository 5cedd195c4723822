import { expect, test } from '@jest/globals';
import type { Store } from '../../../src/store/store.ts';
import {
  applyAll,
  begin,
  deliveryOf,
  emailKey,
  hour,
  id,
  lease,
  main,
  onEveryStore,
  owe,
  profileKey,
  ref,
  uuid,
} from './room.ts';

const day = 24 * hour;
const note = { emailKey: undefined, action: 'anonymize', rule: 'deleted', reasons: [] };

/** Records that were deleted and dealt with, in the profile `key`. */
async function gone(store: Store, key: string, ns: readonly number[]): Promise<void> {
  await owe(store, ns, { deleted: true, seenKey: key });
  await store.deliveries.claim(lease(1), 99, 1);
  await store.transaction((unit) =>
    unit.noteRecords(
      lease(1),
      ns.map((n) => ({ ...note, ref: ref(n), gone: true })),
    ),
  );
  await store.deliveries.release(lease(1));
  await applyAll(store, key);
  await store.profiles.lease(lease(1), [profileKey(key)]);
  await store.transaction((unit) => unit.changeProfiles(lease(1), [{ key: profileKey(key), state: 'anonymized' }]));
  await store.profiles.release(lease(1));
}

async function isKnown(store: Store, n: number): Promise<boolean> {
  return (await store.records.get(ref(n))) !== undefined;
}

onEveryStore('forgetting', (world) => {
  test('is one process’s turn once in so many seconds', async () => {
    const { store, advance } = world();
    await advance(2 * hour);
    await store.retention.isTurn(3600);
    const both = await Promise.all([store.retention.isTurn(3600), store.retention.isTurn(3600)]);
    expect(both).toEqual([false, false]);
    await advance(2 * hour);
    const again = await Promise.all([store.retention.isTurn(3600), store.retention.isTurn(3600)]);
    expect(again.sort()).toEqual([false, true]);
  });

  test('takes records that are gone for so long, with their deliveries and profiles', async () => {
    const { store, advance } = world();
    await begin(store);
    await gone(store, 'a', [1]);
    await advance(9 * day);
    expect(await store.retention.dropGone(10, 9)).toBe(0);
    await advance(2 * day);
    expect(await store.retention.dropGone(10, 9)).toBe(1);
    expect(await isKnown(store, 1)).toBe(false);
    expect(await store.records.deliveries(ref(1))).toEqual([]);
    expect(await store.profiles.peek(main, [profileKey('a')])).toEqual([]);
  });

  test('leaves who is owed, and who shares a profile with somebody that lives', async () => {
    const { store, advance } = world();
    await begin(store);
    await gone(store, 'a', [1, 2]);
    await gone(store, 'b', [3]);
    await advance(11 * day);
    await owe(store, [2], { seenKey: 'a' });
    await store.records.oweAgain([ref(3)]);
    expect(await store.retention.dropGone(10, 9)).toBe(0);
    expect([await isKnown(store, 1), await isKnown(store, 2), await isKnown(store, 3)]).toEqual([true, true, true]);
  });

  test('leaves whom an open erasure, an intent, a hold or a live profile names', async () => {
    const { store, advance } = world();
    await begin(store);
    for (const [n, key] of ['a', 'b', 'c', 'd'].entries()) await gone(store, key, [n + 1]);
    await store.erasures.open({ id: uuid(1), source: 'cli', jobId: null, ref: ref(1), emailKey: null, sealed: null }, [
      main,
    ]);
    await store.profiles.lease(lease(1), ['b', 'c', 'd'].map(profileKey));
    await store.profiles.begin(lease(1), [{ id: uuid(2), profileKey: profileKey('b'), kind: 'anonymize' }], []);
    await store.brake.stage(main, 'l', [{ profileKey: profileKey('c'), rule: 'deleted', factsKey: 'f' }]);
    await store.transaction((unit) => unit.changeProfiles(lease(1), [{ key: profileKey('d'), state: 'live' }]));
    await advance(11 * day);
    expect(await store.retention.dropGone(10, 9)).toBe(0);
  });

  test('takes deserted profiles of nobody', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1], { seenKey: 'b' });
    await applyAll(store, 'a');
    const keys = ['a', 'b', 'c', 'd'].map(profileKey);
    await store.profiles.lease(lease(1), keys);
    await store.transaction((unit) => unit.changeProfiles(lease(1), [{ key: profileKey('d'), state: 'live' }]));
    await store.profiles.release(lease(1));
    await advance(11 * day);
    expect(await store.retention.dropDeserted(10, 9)).toBe(1);
    expect((await store.profiles.peek(main, keys)).map((profile) => profile.key).sort()).toEqual(['a', 'b', 'd']);
  });

  test('takes what is finished: jobs, then their erasures, and holds without cases', async () => {
    const { store, advance } = world();
    await store.jobs.note({ jobId: uuid(50), operation: 'anonymizeContact', ref: ref(1), wantedSeq: null });
    await store.erasures.open(
      { id: uuid(1), source: 'job', jobId: uuid(50), ref: null, emailKey: null, sealed: null },
      [],
    );
    await store.erasures.close((await store.erasures.ready(9))[0]!, [], false, []);
    await advance(11 * day);
    expect(await store.retention.dropFinished(10, 9)).toBe(0);
    await store.jobs.closed(uuid(50));
    await advance(11 * day);
    expect(await store.retention.dropFinished(10, 9)).toBe(2);
    expect([await store.jobs.get(uuid(50)), await store.erasures.get(uuid(1))]).toEqual([undefined, undefined]);
  });

  test('takes what no window of the brake looks back to', async () => {
    const { store, advance } = world();
    await store.brake.admitExplicit(main, { id: uuid(1), approved: false }, 9);
    await advance(30 * day);
    await store.brake.admitExplicit(main, { id: uuid(2), approved: false }, 9);
    expect(await store.retention.dropPasses(9)).toBe(0);
    await advance(2 * day);
    expect(await store.retention.dropPasses(9)).toBe(1);
  });
});

onEveryStore('another hash key', (world) => {
  test('carries everything over to the new names of addresses', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { seenKey: 'old' });
    await applyAll(store, 'old');
    await store.profiles.lease(lease(1), [profileKey('old'), profileKey('new')]);
    const known = { contactKey: 'c', dataFingerprint: 'd', permissionFingerprint: 'p' };
    await store.profiles.begin(
      lease(1),
      [{ id: uuid(1), profileKey: profileKey('old'), kind: 'upsert' }],
      [{ profileKey: profileKey('old'), contactKey: 'c' }],
    );
    await store.transaction((unit) =>
      unit.changeProfiles(lease(1), [{ key: profileKey('old'), state: 'live', ...known }]),
    );
    await store.brake.stage(main, 'l', [{ profileKey: profileKey('old'), rule: 'deleted', factsKey: 'f' }]);
    await store.suppressions.add('address', 'old', 'asked for it');
    await store.suppressions.add('record', 'old', 'asked for it');
    await store.erasures.open(
      { id: uuid(2), source: 'cli', jobId: null, ref: null, emailKey: emailKey('old'), sealed: 's' },
      [main],
    );
    expect(await store.rekey.rename([{ from: emailKey('old'), to: emailKey('new') }])).toBe(1);
    expect(await store.profiles.peek(main, [profileKey('old'), profileKey('new')])).toMatchObject([
      { key: 'new', state: 'live', contactKeys: ['c'], dataFingerprint: undefined, openIntents: [{ id: uuid(1) }] },
    ]);
    expect(await deliveryOf(store, 1)).toMatchObject({ profile_key: 'new' });
    expect(await store.records.get(ref(1))).toMatchObject({ seen_key: 'new' });
    expect(await store.brake.cases(main, [profileKey('new')])).toHaveLength(1);
    expect(await store.suppressions.matching('address', ['old', 'new'])).toEqual(new Set(['new']));
    expect(await store.suppressions.matching('record', ['old', 'new'])).toEqual(new Set(['old']));
    expect((await store.erasures.get(uuid(2)))?.email_key).toBe('new');
    expect(await store.rekey.rename([{ from: emailKey('old'), to: emailKey('new') }])).toBe(0);
    expect(await store.rekey.rename([])).toBe(0);
  });

  test('reseals what open erasures need, and then is the ledger’s key', async () => {
    const { store } = world();
    await store.installation.hashKey('k1');
    const open = { id: uuid(1), source: 'cli', jobId: null, ref: null, emailKey: null, sealed: 's1' } as const;
    await store.erasures.open(open, [main]);
    await store.erasures.open({ ...open, id: uuid(2), sealed: null }, [main]);
    expect(await store.rekey.seals()).toEqual([{ id: uuid(1), sealed: 's1' }]);
    await store.rekey.reseal(uuid(1), 's2');
    expect((await store.erasures.get(uuid(1)))?.sealed).toBe('s2');
    await store.rekey.finish('k2');
    expect(await store.installation.hashKey('k1')).toBe('k2');
  });

  test('goes through the records of a table in order', async () => {
    const { store } = world();
    await owe(store, [3, 1, 2]);
    await owe(store, [4], { table: 'lead' });
    expect(await store.rekey.ids('contact', undefined, 2)).toEqual([id(1), id(2)]);
    expect(await store.rekey.ids('contact', id(2), 2)).toEqual([id(3)]);
  });
});
