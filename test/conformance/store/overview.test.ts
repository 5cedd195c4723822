import { expect, test } from '@jest/globals';
import type { NewEvidence } from '../../../src/store/tables.ts';
import {
  applyAll,
  begin,
  completion,
  hour,
  id,
  lease,
  main,
  minute,
  onEveryStore,
  other,
  owe,
  profileKey,
  ref,
  uuid,
} from './room.ts';

onEveryStore('what waits for a target', (world) => {
  test('is told with the time until it can be claimed', async () => {
    const { store, advance } = world();
    await begin(store);
    expect(await store.overview.owed(main)).toEqual({ owed: 0, dueInMs: undefined, pausedForMs: 0 });
    await owe(store, [1, 2]);
    expect(await store.overview.owed(main)).toMatchObject({ owed: 2, dueInMs: 0 });
    await store.deliveries.claim(lease(1), 9, 1);
    const leased = await store.overview.owed(main);
    expect(leased.dueInMs).toBeGreaterThan(9 * minute);
    expect(leased.dueInMs).toBeLessThanOrEqual(10 * minute);
    await store.deliveries.putBack(lease(1), [{ ref: ref(1), inMs: 2 * minute, failed: false }]);
    expect((await store.overview.owed(main)).dueInMs).toBeLessThanOrEqual(2 * minute);
    await advance(3 * minute);
    expect((await store.overview.owed(main)).dueInMs).toBe(0);
    expect((await store.overview.owed(other)).owed).toBe(0);
  });

  test('counts erasures, and tells how long the pause lasts', async () => {
    const { store } = world();
    await store.erasures.open({ id: uuid(1), source: 'cli', jobId: null, ref: ref(1), emailKey: null, sealed: null }, [
      main,
    ]);
    await store.targets.pause(main, { code: 'C', reason: 'r', forMs: hour, by: 'self' });
    const owed = await store.overview.owed(main);
    expect(owed).toMatchObject({ owed: 1, dueInMs: 0 });
    expect(owed.pausedForMs).toBeGreaterThan(hour - minute);
    expect(owed.pausedForMs).toBeLessThanOrEqual(hour);
  });

  test('an operator’s pause lasts longer than anybody waits', async () => {
    const { store } = world();
    await store.targets.pause(main, { code: 'C', reason: 'r', forMs: 0, by: 'operator' });
    expect((await store.overview.owed(main)).pausedForMs).toBeGreaterThan(365 * 24 * hour);
  });
});

onEveryStore('figures', (world) => {
  test('what was brought to its end since a moment', async () => {
    const { store, advance } = world();
    await begin(store);
    await owe(store, [1]);
    await applyAll(store, 'a');
    await advance(hour);
    const since = await store.overview.now();
    await owe(store, [2, 3]);
    const [two, three] = await store.deliveries.claim(lease(1), 9, 1);
    await owe(store, [3]);
    await store.transaction((unit) => unit.completeDeliveries(lease(1), [completion(two!), completion(three!)]));
    expect(await store.overview.appliedSince(main, since)).toBe(1);
    expect(await store.overview.appliedSince(other, since)).toBe(0);
  });

  test('each target with its counts', async () => {
    const { store } = world();
    await begin(store);
    await store.targets.state(main);
    await store.targets.state(other);
    await owe(store, [1, 2, 3, 4]);
    const claimed = await store.deliveries.claim(lease(1), 3, 1);
    const [one, two, three] = claimed;
    await store.deliveries.park(lease(1), [{ ref: one!.ref, seq: one?.claim?.seq ?? 0, code: 'C', reason: 'r' }]);
    await store.transaction((unit) =>
      unit.completeDeliveries(lease(1), [completion(two!, { staged: true }), completion(three!)]),
    );
    await store.erasures.open({ id: uuid(1), source: 'cli', jobId: null, ref: null, emailKey: null, sealed: null }, [
      main,
    ]);
    const limits = { allowed: () => 0, windowHours: 24, mayStillBeMailed: false };
    await store.brake.admit(main, 'l', [{ profileKey: profileKey('h'), rule: 'deleted', factsKey: 'f' }], limits);
    await store.profiles.lease(lease(1), [profileKey('a'), profileKey('b'), profileKey('c')]);
    await store.transaction((unit) => unit.changeProfiles(lease(1), [{ key: profileKey('a'), state: 'live' }]));
    expect(await store.overview.counts()).toEqual([
      {
        target: main,
        owed: 1,
        oldestDue: expect.any(Date),
        parked: 1,
        staged: 1,
        held: 1,
        erasures: 1,
        profiles: { live: 1, new: 2 },
      },
      { target: other, owed: 0, oldestDue: null, parked: 0, staged: 0, held: 0, erasures: 0, profiles: {} },
    ]);
  });

  test('what is parked, newest first', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2, 3]);
    for (const member of await store.deliveries.claim(lease(1), 9, 1))
      await store.deliveries.park(lease(1), [
        { ref: member.ref, seq: member.claim?.seq ?? 0, code: 'C', reason: `of ${member.ref.id}` },
      ]);
    expect(await store.overview.parked(2)).toEqual(
      [3, 2].map((n) => ({ target: main, ref: ref(n), code: 'C', reason: `of ${id(n)}`, at: expect.any(Date) })),
    );
  });

  test('the records that were last applied to profiles', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [2, 1]);
    await applyAll(store, 'b');
    await owe(store, [3], { table: 'lead' });
    await applyAll(store, 'a');
    const keys = ['b', 'a', 'c'].map(profileKey);
    expect(await store.overview.recordsOf(main, keys)).toEqual([
      { profileKey: 'a', ref: ref(3, 'lead') },
      { profileKey: 'b', ref: ref(1) },
      { profileKey: 'b', ref: ref(2) },
    ]);
    expect(await store.overview.recordsOf(other, keys)).toEqual([]);
  });
});

onEveryStore('evidence', (world) => {
  const line = (more: Partial<NewEvidence>): NewEvidence => ({ act: 'sync', ...more });

  test('of a record is what names it, its profiles, and the erasures it belonged to; newest first', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await applyAll(store, 'a');
    await store.erasures.open({ id: uuid(7), source: 'cli', jobId: null, ref: ref(9), emailKey: null, sealed: null }, [
      main,
    ]);
    await store.erasures.claim(lease(1), 9, 1);
    const done = { erasureId: uuid(7), state: 'done', status: 204, requestId: undefined, members: [ref(1)] } as const;
    await store.transaction((unit) => unit.completeErasureTarget(lease(1), done));
    await store.evidence.append([
      line({ detail: 'own', crm_table: 'contact', record_id: id(1) }),
      line({ detail: 'somebody else', crm_table: 'contact', record_id: id(2) }),
      line({ detail: 'member', members: [`contact/${id(2)}`, `contact/${id(1)}`] }),
    ]);
    await store.evidence.append([
      line({ detail: 'profile', target: main, profile_key: 'a' }),
      line({ detail: 'elsewhere', target: other, profile_key: 'a' }),
      line({ detail: 'erasure', trigger: `erasure ${uuid(7)}` }),
    ]);
    const lines = await store.evidence.of(ref(1), 9);
    expect(lines.map((l) => l.detail)).toEqual(['erasure', 'profile', 'member', 'own']);
    expect((await store.evidence.of(ref(1), 2)).map((l) => l.detail)).toEqual(['erasure', 'profile']);
    expect(await store.evidence.of(ref(5), 9)).toEqual([]);
  });

  test('has everything that was said', async () => {
    const { store } = world();
    const said = {
      target: main,
      crm_table: 'contact',
      record_id: id(1),
      members: [`contact/${id(1)}`],
      act: 'anonymize',
      rule: 'deleted',
      trigger: 'change',
      outcome: 'done',
      status: 204,
      request_id: 'r-1',
      answered_at: new Date(Date.UTC(2026, 1, 2)),
      detail: 'said',
      actor: 'ann',
      configuration: 'one',
    } as const;
    await store.evidence.append([{ ...said, profile_key: 'a' }]);
    expect(await store.evidence.of(ref(1), 9)).toEqual([
      { ...said, id: expect.any(Number), at: expect.any(Date), seal: null },
    ]);
  });
});
