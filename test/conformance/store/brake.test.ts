import { expect, test } from '@jest/globals';
import type { BrakeCase, BrakeLimits } from '../../../src/store/brake.ts';
import type { Store } from '../../../src/store/store.ts';
import {
  applyAll,
  begin,
  completion,
  deliveryOf,
  hour,
  id,
  lease,
  main,
  onEveryStore,
  other,
  owe,
  profileKey,
  ref,
  uuid,
} from './room.ts';

const limits = (allowed: number | ((live: number) => number)): BrakeLimits => ({
  allowed: typeof allowed === 'number' ? () => allowed : allowed,
  windowHours: 24,
  mayStillBeMailed: true,
});
const cases = (...keys: string[]): BrakeCase[] =>
  keys.map((key) => ({ profileKey: profileKey(key), rule: 'deleted', factsKey: `facts of ${key}` }));

async function statesOf(store: Store, ...keys: string[]): Promise<(string | undefined)[]> {
  const rows = await store.brake.cases(main, keys.map(profileKey));
  return keys.map((key) => rows.find((row) => row.profile_key === key)?.state);
}

async function settled(store: Store, allowed: number) {
  return (await store.brake.settleLots(main, limits(allowed))).map(({ lot, verdict, count }) => [lot, verdict, count]);
}

/** Records whose deliveries wait in the brake's list, all in one lot, each in a profile of its own. */
async function stage(store: Store, lot: string, keys: Readonly<Record<string, readonly number[]>>): Promise<void> {
  for (const [key, records] of Object.entries(keys)) {
    await owe(store, records, { deleted: true, lot });
    const claimed = await store.deliveries.claim(lease(1), 99, 1);
    await store.brake.stage(main, lot, cases(key));
    await store.transaction((unit) =>
      unit.completeDeliveries(
        lease(1),
        claimed.map((member) => completion(member, { staged: true, profileKey: profileKey(key) })),
      ),
    );
  }
}

onEveryStore('counting before the first call', (world) => {
  test('a lot passes whole up to the limit, and what passed counts for the next', async () => {
    const { store } = world();
    expect(await store.brake.admit(main, 'l1', cases('a', 'b'), limits(3))).toBe('passed');
    expect(await store.brake.admit(main, 'l2', cases('c'), limits(3))).toBe('passed');
    expect(await store.brake.admit(main, 'l3', cases('d'), limits(3))).toBe('held');
    expect(await statesOf(store, 'a', 'b', 'c', 'd', 'e')).toEqual(['passed', 'passed', 'passed', 'held', undefined]);
    expect(await store.brake.admit(other, 'l4', cases('d'), limits(3))).toBe('passed');
  });

  test('a lot above the limit is held whole, with the figures', async () => {
    const { store } = world();
    await store.brake.admit(main, 'l1', cases('a'), limits(2));
    expect(await store.brake.admit(main, 'l2', cases('b', 'c'), limits(2))).toBe('held');
    expect(await store.brake.holds()).toMatchObject([
      {
        target: main,
        lot: 'l2',
        reason: 'limit',
        state: 'open',
        window_count: 3,
        allowed: 2,
        may_still_be_mailed: true,
        cases: 2,
        decided_at: null,
      },
    ]);
    expect(await store.brake.cases(main, [profileKey('b')])).toMatchObject([
      { lot: 'l2', rule: 'deleted', facts_key: 'facts of b', hold_state: 'open', approved: false, decided_by: null },
    ]);
  });

  test('two lots at the same moment cannot both take the last place', async () => {
    const { store } = world();
    const verdicts = await Promise.all([
      store.brake.admit(main, 'l1', cases('a'), limits(1)),
      store.brake.admit(main, 'l2', cases('b'), limits(1)),
    ]);
    expect(verdicts.sort()).toEqual(['held', 'passed']);
  });

  test('everything automatic after a hold is held as well, on one list of its own', async () => {
    const { store } = world();
    await store.brake.admit(main, 'l1', cases('a', 'b'), limits(1));
    expect(await store.brake.admit(main, 'l2', cases('c'), limits(9))).toBe('held');
    expect(await store.brake.admit(main, 'l3', cases('d'), limits(9))).toBe('held');
    expect((await store.brake.holds()).map((hold) => [hold.lot, hold.reason, hold.cases])).toEqual([
      ['l1', 'limit', 2],
      ['after', 'after', 2],
    ]);
  });

  test('the window rolls', async () => {
    const { store, advance } = world();
    await store.brake.admit(main, 'l1', cases('a'), limits(1));
    await advance(23 * hour);
    await store.brake.admit(main, 'l2', [], limits(1));
    await advance(2 * hour);
    expect(await store.brake.admit(main, 'l3', cases('b'), limits(1))).toBe('passed');
  });

  test('the limit may depend on how many are live', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [profileKey('x'), profileKey('y'), profileKey('z')]);
    await store.transaction((unit) =>
      unit.changeProfiles(lease(1), [
        { key: profileKey('x'), state: 'live' },
        { key: profileKey('y'), state: 'held' },
        { key: profileKey('z'), state: 'absent' },
      ]),
    );
    const seen: number[] = [];
    await store.brake.admit(
      main,
      'l',
      cases('a'),
      limits((live) => seen.push(live)),
    );
    expect(seen).toEqual([2]);
  });
});

onEveryStore('lots', (world) => {
  test('a lot is judged when nothing of it is due any more', async () => {
    const { store } = world();
    await begin(store);
    await stage(store, 'l', { a: [1] });
    await owe(store, [2], { deleted: true, lot: 'l' });
    expect(await settled(store, 9)).toEqual([]);
    await applyAll(store, 'b');
    expect(await settled(store, 9)).toEqual([['l', 'passed', 1]]);
    expect(await settled(store, 9)).toEqual([]);
    expect(await statesOf(store, 'a')).toEqual(['passed']);
    expect(await deliveryOf(store, 1)).toMatchObject({
      staged: false,
      lot: null,
      due_at: expect.any(Date),
      done_seq: 0,
    });
  });

  test('who was parked until the profile that they left is dealt with is due when its lot is judged', async () => {
    const { store } = world();
    await begin(store);
    await stage(store, 'l', { a: [1] });
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(2), 99, 1);
    const { ref: who, seq } = member!.claim!;
    await store.deliveries.park(lease(2), [{ ref: who, seq, code: 'HELD_AT_FORMER_ADDRESS', reason: 'waits' }]);
    expect(await deliveryOf(store, 1)).toMatchObject({ due_at: null, parked_code: 'HELD_AT_FORMER_ADDRESS' });
    expect(await settled(store, 5)).toEqual([['l', 'passed', 1]]);
    expect(await deliveryOf(store, 1)).toMatchObject({ due_at: expect.any(Date), parked_code: null, lot: null });
  });

  test('a lot is not judged while its pages are still being read', async () => {
    const { store } = world();
    await begin(store);
    await store.checkpoints.restart('contact', null, 'initial');
    const page = { table: 'contact', targets: [main], generation: 1, lot: 'l' } as const;
    const change = { id: id(1), deleted: true, seenKey: undefined };
    const first = { ...page, from: null, fromMode: 'initial', to: 'p2', toMode: 'initial', atEnd: false } as const;
    await store.checkpoints.move({ ...first, changes: [change] });
    const claimed = await store.deliveries.claim(lease(1), 9, 1);
    await store.brake.stage(main, 'l', cases('a'));
    await store.transaction((unit) =>
      unit.completeDeliveries(
        lease(1),
        claimed.map((member) => completion(member, { staged: true, profileKey: profileKey('a') })),
      ),
    );
    expect(await settled(store, 9)).toEqual([]);
    const last = { ...page, from: 'p2', fromMode: 'initial', to: 'd', toMode: 'delta', atEnd: true } as const;
    await store.checkpoints.move({ ...last, changes: [] });
    expect(await settled(store, 9)).toEqual([['l', 'passed', 1]]);
  });

  test('a lot above the limit is held whole; its deliveries are due, to be lowered', async () => {
    const { store } = world();
    await begin(store);
    await stage(store, 'l', { a: [1], b: [2] });
    expect(await settled(store, 1)).toEqual([['l', 'held', 2]]);
    expect(await statesOf(store, 'a', 'b')).toEqual(['held', 'held']);
    expect(await store.deliveries.claim(lease(1), 9, 1)).toHaveLength(2);
  });

  test('lots are judged one after the other, each against what the one before took', async () => {
    const { store } = world();
    await begin(store);
    await stage(store, 'l1', { a: [1], b: [2] });
    await stage(store, 'l2', { c: [3] });
    expect(await settled(store, 2)).toEqual([
      ['l1', 'passed', 2],
      ['l2', 'held', 1],
    ]);
  });

  test('a record that another lot brought to the same person is due with the case', async () => {
    const { store } = world();
    await begin(store);
    await stage(store, 'l1', { a: [1] });
    await owe(store, [2], { deleted: true, lot: 'l2' });
    const [member] = await store.deliveries.claim(lease(1), 9, 1);
    await store.transaction((unit) =>
      unit.completeDeliveries(lease(1), [completion(member!, { staged: true, profileKey: profileKey('a') })]),
    );
    await settled(store, 9);
    expect(await deliveryOf(store, 2)).toMatchObject({ staged: false, due_at: expect.any(Date) });
  });

  test('a case that is over lets go of what was staged for it', async () => {
    const { store } = world();
    await begin(store);
    await stage(store, 'l', { a: [1] });
    await store.brake.close(main, [profileKey('a'), profileKey('b')]);
    expect(await statesOf(store, 'a')).toEqual([undefined]);
    expect(await deliveryOf(store, 1)).toMatchObject({ staged: false, lot: null, due_at: expect.any(Date) });
    await store.brake.close(main, []);
  });

  test('a case moves along with its profile', async () => {
    const { store } = world();
    await begin(store);
    await stage(store, 'l', { a: [1] });
    await store.brake.stage(main, 'l2', cases('b'));
    await store.profiles.lease(lease(1), [profileKey('a'), profileKey('b')]);
    await store.profiles.move(lease(1), profileKey('a'), profileKey('b'));
    expect(await statesOf(store, 'a')).toEqual([undefined]);
    expect(await store.brake.cases(main, [profileKey('b')])).toMatchObject([{ lot: 'l', facts_key: 'facts of a' }]);
    expect((await deliveryOf(store, 1)).staged).toBe(false);
  });
});

onEveryStore('reviewing a hold', (world) => {
  async function held(allowed = 0) {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    await applyAll(store, 'a');
    await store.brake.admit(main, 'l', cases('a'), limits(allowed));
    const [hold] = await store.brake.holds();
    return { store, hold: hold?.id ?? 0 };
  }

  test('approved for 24 hours, and everything is decided again', async () => {
    const { store, hold } = await held();
    expect(await store.deliveries.isDue(main)).toBe(false);
    expect(await store.brake.decide(hold, 'approved', 'ann')).toBe(true);
    expect(await store.brake.cases(main, [profileKey('a')])).toMatchObject([
      { state: 'held', hold_state: 'approved', approved: true, decided_by: 'ann' },
    ]);
    const row = await deliveryOf(store, 1);
    expect(row.owed_seq).toBeGreaterThan(row.done_seq);
    expect(await store.deliveries.claim(lease(1), 9, 1)).toHaveLength(1);
    await world().advance(25 * hour);
    expect(await store.brake.cases(main, [profileKey('a')])).toMatchObject([
      { hold_state: 'approved', approved: false },
    ]);
  });

  test('rejected until its facts change; the profile is looked at once more', async () => {
    const { store, hold } = await held();
    expect(await store.brake.decide(hold, 'rejected', 'ann')).toBe(true);
    expect(await store.brake.cases(main, [profileKey('a')])).toMatchObject([
      { state: 'rejected', hold_state: 'rejected', approved: false, facts_key: 'facts of a' },
    ]);
    expect(await store.deliveries.isDue(main)).toBe(true);
  });

  test('is decided once, and said in the evidence', async () => {
    const { store, hold } = await held();
    const both = await Promise.all([
      store.brake.decide(hold, 'approved', 'ann'),
      store.brake.decide(hold, 'approved', 'bob'),
    ]);
    expect(both.sort()).toEqual([false, true]);
    expect(await store.brake.decide(hold, 'rejected', 'eve')).toBe(false);
    expect(await store.brake.decide(hold + 100, 'rejected', 'eve')).toBe(false);
    expect(await store.evidence.of(ref(1), 9)).toMatchObject([
      {
        target: main,
        crm_table: 'contact',
        record_id: id(1),
        members: [`contact/${id(1)}`],
        act: 'hold-approved',
        rule: 'deleted',
        trigger: 'command',
        detail: `hold ${hold}`,
        actor: expect.stringMatching(/^(ann|bob)$/),
        configuration: 'one',
      },
    ]);
  });

  test('what was parked meanwhile is decided again too', async () => {
    const { store, hold } = await held();
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 9, 1);
    await store.deliveries.park(lease(1), [{ ref: ref(1), seq: member?.claim?.seq ?? 0, code: 'C', reason: 'r' }]);
    await store.brake.decide(hold, 'approved', 'ann');
    expect(await deliveryOf(store, 1)).toMatchObject({ parked_code: null, parked_at: null, due_at: expect.any(Date) });
  });

  test('can be read with its cases; a decided one is listed for 30 days', async () => {
    const { store, hold } = await held();
    expect(await store.brake.hold(hold)).toMatchObject({ hold: { id: hold, lot: 'l' }, cases: [{ profile_key: 'a' }] });
    expect(await store.brake.hold(hold + 100)).toBeUndefined();
    await store.brake.decide(hold, 'approved', 'ann');
    expect(await store.brake.holds()).toMatchObject([{ id: hold, state: 'approved', decided_by: 'ann' }]);
    await world().advance(31 * 24 * hour);
    expect(await store.brake.holds()).toEqual([]);
  });

  test('without a case left it closes by itself', async () => {
    const { store, hold } = await held();
    await store.brake.close(main, [profileKey('a')]);
    await settled(store, 9);
    expect(await store.brake.hold(hold)).toMatchObject({ hold: { state: 'rejected' }, cases: [] });
    expect(await store.brake.admit(main, 'l2', cases('b'), limits(9))).toBe('passed');
  });

  test('an approval that expired does not keep the case from being counted again', async () => {
    const { store, hold } = await held();
    await store.brake.decide(hold, 'approved', 'ann');
    await world().advance(25 * hour);
    expect(await store.brake.admit(main, 'l2', cases('a'), limits(9))).toBe('passed');
    expect(await store.brake.cases(main, [profileKey('a')])).toMatchObject([{ state: 'passed', hold_state: null }]);
  });
});

onEveryStore('workers who ask at the same moment', (world) => {
  const workers = Array.from({ length: 8 }, (_, n) => n);

  test('never pass more lots together than the window allows', async () => {
    const { store } = world();
    const verdicts = await Promise.all(
      workers.map((n) => store.brake.admit(main, `lot ${n}`, cases(`key ${n}`), limits(3))),
    );
    expect(verdicts.filter((verdict) => verdict === 'passed')).toHaveLength(3);
    expect((await store.brake.holds()).map((hold) => hold.cases)).toEqual([1, 4]);
  });

  test('never pass more explicit erasures together than an hour allows', async () => {
    const { store } = world();
    const verdicts = await Promise.all(
      workers.map((n) => store.brake.admitExplicit(main, { id: uuid(n), approved: false }, 3)),
    );
    expect(verdicts.filter((verdict) => verdict === 'passed')).toHaveLength(3);
    expect(await store.brake.holds()).toMatchObject([{ lot: 'explicit', cases: 5 }]);
  });
});

onEveryStore('explicit erasures', (world) => {
  const ask = (n: number, approved = false) => ({ id: uuid(n), approved });

  test('pass up to the hourly limit, each counted once; above it they wait on one list', async () => {
    const { store, advance } = world();
    expect(await store.brake.admitExplicit(main, ask(1), 1)).toBe('passed');
    expect(await store.brake.admitExplicit(main, ask(1), 1)).toBe('passed');
    expect(await store.brake.admitExplicit(main, ask(2), 1)).toBe('held');
    expect(await store.brake.admitExplicit(main, ask(3), 1)).toBe('held');
    expect(await store.brake.admitExplicit(main, ask(3), 1)).toBe('held');
    expect(await store.brake.admitExplicit(other, ask(2), 1)).toBe('passed');
    expect(await store.brake.holds()).toMatchObject([
      { lot: 'explicit', reason: 'explicit-limit', allowed: 1, window_count: 2, cases: 2 },
    ]);
    await advance(2 * hour);
    expect(await store.brake.admitExplicit(main, ask(2), 1)).toBe('passed');
    expect(await store.brake.admitExplicit(main, ask(3), 1)).toBe('held');
  });

  test('their hold does not stop what is automatic, nor the other way round', async () => {
    const { store } = world();
    await store.brake.admitExplicit(main, ask(1), 0);
    expect(await store.brake.admit(main, 'l', cases('a'), limits(1))).toBe('passed');
    expect(await store.brake.admit(main, 'l', cases('b', 'c'), limits(1))).toBe('held');
    expect(await store.brake.admitExplicit(main, ask(2), 9)).toBe('passed');
  });

  test('an approved one passes and is due at once', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open({ id: uuid(1), source: 'cli', jobId: null, ref: ref(1), emailKey: null, sealed: null }, [
      main,
    ]);
    await store.erasures.claim(lease(1), 9, 1);
    await store.brake.admitExplicit(main, ask(1), 0);
    await store.erasures.wait(lease(1), uuid(1), hour, 'EXPLICIT_LIMIT', 'waits', false);
    const [hold] = await store.brake.holds();
    expect(await store.brake.decide(hold?.id ?? 0, 'approved', 'ann')).toBe(true);
    expect(await store.erasures.claim(lease(1), 9, 1)).toMatchObject([{ id: uuid(1), approved: true }]);
    expect(await store.erasures.targets(uuid(1))).toMatchObject([{ waiting_code: null, waiting_reason: null }]);
    expect(await store.brake.admitExplicit(main, ask(1, true), 0)).toBe('passed');
    expect(await store.brake.admitExplicit(main, ask(2), 1)).toBe('passed');
  });

  test('a rejected one stays rejected', async () => {
    const { store } = world();
    await store.brake.admitExplicit(main, ask(1), 0);
    const [hold] = await store.brake.holds();
    await store.brake.decide(hold?.id ?? 0, 'rejected', 'ann');
    expect(await store.brake.admitExplicit(main, ask(1), 9)).toBe('rejected');
  });
});
