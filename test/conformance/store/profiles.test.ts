import { expect, test } from '@jest/globals';
import type { NewIntent, ProfileChange } from '../../../src/store/profiles.ts';
import { idsWouldCrossCode, LeaseLostError } from '../../../src/store/profiles.ts';
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
  profileKey,
  uuid,
} from './room.ts';

const a = profileKey('a');
const b = profileKey('b');
const intent = (n: number, key = a, more: Partial<NewIntent> = {}): NewIntent => ({
  id: uuid(n),
  profileKey: key,
  kind: 'upsert',
  ...more,
});

async function change(store: Store, under: ReturnType<typeof lease>, ...changes: ProfileChange[]): Promise<void> {
  await store.transaction((unit) => unit.changeProfiles(under, changes));
}

/** A live profile with an external id of its own, leased by nobody. */
async function live(store: Store, key: typeof a, contactKey: string, n = 700): Promise<void> {
  await store.profiles.lease(lease(50), [key]);
  await store.profiles.begin(lease(50), [intent(n, key)], [{ profileKey: key, contactKey }]);
  await store.transaction(async (unit) => {
    await unit.changeProfiles(lease(50), [{ key, state: 'live', contactKey }]);
    await unit.closeIntents([uuid(n)]);
  });
  await store.profiles.release(lease(50));
}

onEveryStore('leases of profiles', (world) => {
  test('an unknown profile is made by the first lease', async () => {
    const { store } = world();
    expect(await store.profiles.lease(lease(1), [a, a])).toEqual([
      {
        key: 'a',
        state: 'new',
        contactKey: undefined,
        contactKeys: [],
        owner: undefined,
        dataFingerprint: undefined,
        permissionFingerprint: undefined,
        bitsBefore: undefined,
        addressDirty: false,
        openIntents: [],
      },
    ]);
    expect(await store.profiles.lease(lease(1), [])).toEqual([]);
  });

  test('one worker at a time: the other one gets what is free', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [a]);
    expect((await store.profiles.lease(lease(2), [a, b])).map((profile) => profile.key)).toEqual(['b']);
    expect(await store.profiles.load(lease(2), [a])).toEqual([]);
    expect((await store.profiles.load(lease(1), [a, b])).map((profile) => profile.key)).toEqual(['a']);
  });

  test('two workers at the same moment: exactly one has it', async () => {
    const { store } = world();
    const won = await Promise.all([store.profiles.lease(lease(1), [a]), store.profiles.lease(lease(2), [a])]);
    expect(won.map((profiles) => profiles.length).sort()).toEqual([0, 1]);
  });

  test('the same key on another target is another profile', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [a]);
    expect(await store.profiles.lease(lease(2, other), [a])).toHaveLength(1);
  });

  test('a lease can be taken again by its holder, ends by time, is renewed with the deliveries, and is given back', async () => {
    const { store, advance } = world();
    await store.profiles.lease(lease(1), [a]);
    await advance(9 * minute);
    expect(await store.profiles.lease(lease(1), [a])).toHaveLength(1);
    await advance(9 * minute);
    expect(await store.profiles.lease(lease(2), [a])).toEqual([]);
    await store.deliveries.renew(lease(1));
    await advance(9 * minute);
    expect(await store.profiles.lease(lease(2), [a])).toEqual([]);
    await advance(2 * minute);
    expect(await store.profiles.lease(lease(2), [a])).toHaveLength(1);
    await store.profiles.release(lease(1));
    expect(await store.profiles.lease(lease(3), [a])).toEqual([]);
    await store.profiles.release(lease(2));
    expect(await store.profiles.lease(lease(3), [a])).toHaveLength(1);
  });

  test('whoever looks only sees it without any lease', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [a]);
    expect((await store.profiles.peek(main, [a, b])).map((profile) => profile.key)).toEqual(['a']);
  });
});

onEveryStore('changes of profiles', (world) => {
  test('a field that is left out keeps what is stored, null empties it', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [a]);
    const bits = { News: true };
    const all = { contactKey: 'c', owner: 'contact/x', dataFingerprint: 'd', permissionFingerprint: 'p' };
    await change(store, lease(1), { key: a, state: 'live', ...all, bitsBefore: bits, addressDirty: true });
    await change(store, lease(1), { key: a, state: 'reset' });
    expect((await store.profiles.load(lease(1), [a]))[0]).toMatchObject({
      state: 'reset',
      ...all,
      bitsBefore: bits,
      addressDirty: true,
    });
    const none = { contactKey: null, owner: null, dataFingerprint: null, permissionFingerprint: null };
    await change(store, lease(1), { key: a, state: 'absent', ...none, bitsBefore: null, addressDirty: false });
    expect((await store.profiles.load(lease(1), [a]))[0]).toMatchObject({
      state: 'absent',
      contactKey: undefined,
      owner: undefined,
      dataFingerprint: undefined,
      permissionFingerprint: undefined,
      bitsBefore: undefined,
      addressDirty: false,
    });
  });

  test('whose lease passed to somebody else changes nothing', async () => {
    const { store, advance } = world();
    await store.profiles.lease(lease(1), [a, b]);
    await advance(hour);
    await store.profiles.lease(lease(2), [a]);
    const late = change(store, lease(1), { key: b, state: 'live' }, { key: a, state: 'live' });
    await expect(late).rejects.toBeInstanceOf(LeaseLostError);
    expect((await store.profiles.peek(main, [a, b])).map((profile) => profile.state)).toEqual(['new', 'new']);
  });

  test('live are those who are there: live, reset and held', async () => {
    const { store } = world();
    const states = ['live', 'reset', 'held', 'absent', 'anonymized', 'new'] as const;
    await store.profiles.lease(lease(1), states.map(profileKey));
    await change(store, lease(1), ...states.map((state) => ({ key: profileKey(state), state })));
    expect(await store.profiles.countLive(main)).toBe(3);
    expect(await store.profiles.countLive(other)).toBe(0);
  });
});

onEveryStore('intents and external ids', (world) => {
  test('an intent is there until it is closed, with its age by the clock of the store', async () => {
    const { store, advance } = world();
    await store.profiles.lease(lease(1, main, 7200), [a]);
    await store.profiles.begin(
      lease(1),
      [intent(1, a, { kind: 'anonymize', sealed: 's', bits: { News: false } }), intent(2)],
      [],
    );
    await advance(hour);
    const [profile] = await store.profiles.load(lease(1), [a]);
    expect(profile?.openIntents).toEqual([
      { id: uuid(1), kind: 'anonymize', ageMs: expect.any(Number), sealed: 's', bits: { News: false } },
      { id: uuid(2), kind: 'upsert', ageMs: expect.any(Number), sealed: undefined, bits: undefined },
    ]);
    expect(profile?.openIntents[0]?.ageMs).toBeGreaterThanOrEqual(hour);
    expect(profile?.openIntents[0]?.ageMs).toBeLessThan(hour + minute);
    await store.profiles.drop([uuid(1)]);
    await store.profiles.drop([]);
    await store.transaction((unit) => unit.closeIntents([uuid(2)]));
    expect((await store.profiles.load(lease(1), [a]))[0]?.openIntents).toEqual([]);
  });

  test('nothing begins under a lease that ran out, even if nobody took it', async () => {
    const { store, advance } = world();
    await store.profiles.lease(lease(1), [a]);
    await advance(hour);
    const late = store.profiles.begin(lease(1), [intent(1)], [{ profileKey: a, contactKey: 'c' }]);
    await expect(late).rejects.toBeInstanceOf(LeaseLostError);
    expect((await store.profiles.peek(main, [a]))[0]).toMatchObject({ openIntents: [], contactKeys: [] });
  });

  test('nothing begins when one of the profiles is not leased', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [a]);
    await expect(store.profiles.begin(lease(1), [intent(1), intent(2, b)], [])).rejects.toBeInstanceOf(LeaseLostError);
    expect((await store.profiles.load(lease(1), [a]))[0]?.openIntents).toEqual([]);
  });

  test('every external id that was ever sent is kept, newest first', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [a]);
    for (const [n, contactKey] of ['c1', 'c2', 'c3', 'c2'].entries())
      expect(await store.profiles.begin(lease(1), [intent(n)], [{ profileKey: a, contactKey }])).toEqual([]);
    expect((await store.profiles.load(lease(1), [a]))[0]?.contactKeys).toEqual(['c3', 'c2', 'c1']);
  });

  test('an id that two profiles of one call name belongs to one of them, and both intents are stored', async () => {
    const { store } = world();
    await store.profiles.lease(lease(1), [a, b]);
    const both = [a, b].map((profileKey) => ({ profileKey, contactKey: 'shared' }));
    await store.profiles.begin(lease(1), [intent(1, a), intent(2, b)], both);
    const profiles = await store.profiles.load(lease(1), [a, b]);
    expect(profiles.filter(({ contactKeys }) => contactKeys.includes('shared'))).toHaveLength(1);
    expect(profiles.map(({ openIntents }) => openIntents.length)).toEqual([1, 1]);
  });

  test('the external id of a live profile of somebody else is refused, and that intent is not stored', async () => {
    const { store } = world();
    await live(store, b, 'taken');
    await store.profiles.lease(lease(1), [a, profileKey('c')]);
    const wanted = [
      { profileKey: a, contactKey: 'taken' },
      { profileKey: profileKey('c'), contactKey: 'free' },
    ];
    expect(await store.profiles.begin(lease(1), [intent(1), intent(2, profileKey('c'))], wanted)).toEqual(['taken']);
    const profiles = await store.profiles.peek(main, [a, b, profileKey('c')]);
    const told = Object.fromEntries(profiles.map((p) => [p.key, [p.contactKeys, p.openIntents.length]]));
    expect(told).toEqual({ a: [[], 0], b: [['taken'], 0], c: [['free'], 1] });
  });

  test('where every id is refused nothing is stored', async () => {
    const { store } = world();
    await live(store, b, 'taken');
    await store.profiles.lease(lease(1), [a]);
    const wanted = [{ profileKey: a, contactKey: 'taken' }];
    expect(await store.profiles.begin(lease(1), [intent(1)], wanted)).toEqual(['taken']);
    expect((await store.profiles.load(lease(1), [a]))[0]).toMatchObject({ openIntents: [], contactKeys: [] });
  });

  test('the same id on another target is nobody’s', async () => {
    const { store } = world();
    await live(store, b, 'taken');
    await store.profiles.lease(lease(1, other), [a]);
    const wanted = [{ profileKey: a, contactKey: 'taken' }];
    expect(await store.profiles.begin(lease(1, other), [intent(1)], wanted)).toEqual([]);
  });

  test('the id of somebody who is gone, or has another one now, goes over', async () => {
    const { store } = world();
    await live(store, b, 'former', 700);
    await live(store, b, 'present', 701);
    await store.profiles.lease(lease(1), [a]);
    expect(await store.profiles.begin(lease(1), [intent(1)], [{ profileKey: a, contactKey: 'former' }])).toEqual([]);
    await store.profiles.lease(lease(1), [b]);
    await change(store, lease(1), { key: b, state: 'anonymized', contactKey: null });
    expect(await store.profiles.begin(lease(1), [intent(2)], [{ profileKey: a, contactKey: 'present' }])).toEqual([]);
    const [mine, theirs] = await store.profiles
      .peek(main, [a, b])
      .then((p) => p.sort((x, y) => (x.key < y.key ? -1 : 1)));
    expect([mine?.contactKeys, theirs?.contactKeys]).toEqual([['present', 'former'], []]);
  });

  test('which ids other live profiles hold', async () => {
    const { store } = world();
    await live(store, a, 'ka', 700);
    await live(store, b, 'kb', 701);
    expect((await store.profiles.heldByOthers(main, ['ka', 'kb', 'kc'], [a])).sort()).toEqual(['kb']);
    expect((await store.profiles.heldByOthers(main, ['ka', 'kb'], [])).sort()).toEqual(['ka', 'kb']);
    expect(await store.profiles.heldByOthers(main, [], [])).toEqual([]);
    expect(await store.profiles.heldByOthers(other, ['ka'], [])).toEqual([]);
    await store.profiles.lease(lease(1), [b]);
    await change(store, lease(1), { key: b, state: 'anonymized' });
    expect(await store.profiles.heldByOthers(main, ['kb'], [a])).toEqual([]);
  });
});

onEveryStore('a profile that moves to another key', (world) => {
  test('takes everything along that is known, and leaves an absent one', async () => {
    const { store } = world();
    await begin(store);
    await live(store, a, 'ka');
    await store.profiles.lease(lease(1), [a, b]);
    await store.profiles.begin(lease(1), [intent(1)], []);
    const known = { owner: 'contact/x', permissionFingerprint: 'p', bitsBefore: { News: true } };
    await change(store, lease(1), { key: a, state: 'reset', dataFingerprint: 'd', ...known });
    await store.profiles.move(lease(1), a, b);
    const profiles = await store.profiles.load(lease(1), [a, b]);
    expect(profiles.find((profile) => profile.key === 'b')).toMatchObject({
      state: 'reset',
      contactKey: 'ka',
      contactKeys: ['ka'],
      dataFingerprint: undefined,
      addressDirty: true,
      openIntents: [{ id: uuid(1) }],
      ...known,
    });
    expect(profiles.find((profile) => profile.key === 'a')).toMatchObject({
      state: 'absent',
      contactKey: undefined,
      contactKeys: [],
      owner: undefined,
      permissionFingerprint: undefined,
      bitsBefore: undefined,
      addressDirty: false,
      openIntents: [],
    });
  });

  test('leaves it unknown who is at an address at which nobody has looked', async () => {
    const { store } = world();
    await begin(store);
    await store.profiles.lease(lease(1), [a, b]);
    await store.profiles.begin(lease(1), [intent(1)], []);
    await store.profiles.move(lease(1), a, b);
    const profiles = await store.profiles.load(lease(1), [a, b]);
    expect(profiles.find((profile) => profile.key === 'a')).toMatchObject({ state: 'new', openIntents: [] });
    expect(profiles.find((profile) => profile.key === 'b')).toMatchObject({ openIntents: [{ id: uuid(1) }] });
  });

  test('takes along the records that are under the lease, others stay until their own turn', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2]);
    await applyAll(store, 'a');
    await owe(store, [1]);
    await store.deliveries.claim(lease(2), 10, 1);
    await store.profiles.lease(lease(2), [a, b]);
    await store.profiles.move(lease(2), a, b);
    expect((await deliveryOf(store, 1)).profile_key).toBe(b);
    expect((await deliveryOf(store, 2)).profile_key).toBe(a);
  });

  test('moves only when both are under the lease', async () => {
    const { store } = world();
    await live(store, a, 'ka');
    await store.profiles.lease(lease(1), [a]);
    await store.profiles.lease(lease(2), [b]);
    await expect(store.profiles.move(lease(1), a, b)).rejects.toBeInstanceOf(LeaseLostError);
    await expect(store.profiles.move(lease(2), a, b)).rejects.toBeInstanceOf(LeaseLostError);
    expect((await store.profiles.peek(main, [a]))[0]).toMatchObject({ state: 'live', contactKeys: ['ka'] });
  });
});

onEveryStore('records that wait for an external id', (world) => {
  async function parkedFor(store: Store, n: number): Promise<void> {
    await begin(store);
    await owe(store, [n]);
    const [member] = await store.deliveries.claim(lease(60), 10, 1);
    const seq = member?.claim?.seq ?? 0;
    const item = {
      ref: { table: 'contact', id: id(n) },
      seq,
      code: idsWouldCrossCode,
      reason: 'held by another',
    } as const;
    await store.deliveries.park(lease(60), [item]);
  }

  test.each<[string, Partial<ProfileChange>]>([
    ['is erased', { state: 'anonymized', contactKey: null }],
    ['gets an id of its own', { contactKey: uuid(2) }],
  ])('are due when the profile that has it %s', async (_, end) => {
    const { store } = world();
    await live(store, a, uuid(1));
    await parkedFor(store, 1);
    await store.profiles.lease(lease(1), [a]);
    await change(store, lease(1), { key: a, state: 'live', ...end });
    expect(await deliveryOf(store, 1)).toMatchObject({ parked_code: null, due_at: expect.any(Date), attempts: 0 });
  });

  test.each<[string, typeof a]>([
    ['keeps it', a],
    ['is another one', b],
  ])('stay parked when the profile that changed %s', async (_, key) => {
    const { store } = world();
    await live(store, a, uuid(1));
    await live(store, b, uuid(3), 701);
    await parkedFor(store, 1);
    await store.profiles.lease(lease(1), [key]);
    await change(store, lease(1), { key, state: 'reset' });
    expect(await deliveryOf(store, 1)).toMatchObject({ parked_code: idsWouldCrossCode, due_at: null });
  });
});

onEveryStore('the age of an intent', (world) => {
  async function ageOf(store: Store, under = lease(2)): Promise<number | undefined> {
    const [profile] = await store.profiles.lease(under, [a]);
    return profile?.openIntents[0]?.ageMs;
  }

  test('begins when its lease is given back: until then its call may have been sent', async () => {
    const { store, advance } = world();
    await store.profiles.lease(lease(1), [a]);
    await store.profiles.begin(lease(1), [intent(1)], []);
    await advance(5 * minute);
    await store.profiles.release(lease(1));
    await advance(minute);
    expect(Math.floor(((await ageOf(store)) ?? 0) / 1000)).toBe(60);
  });

  test('begins when its lease ran out, whenever it is taken over', async () => {
    const { store, advance } = world();
    await store.profiles.lease(lease(1), [a]);
    await store.profiles.begin(lease(1), [intent(1)], []);
    await advance(12 * minute);
    expect(Math.floor(((await ageOf(store)) ?? 0) / 1000)).toBe(120);
    await store.profiles.release(lease(2));
    expect(Math.floor(((await ageOf(store, lease(3))) ?? 0) / 1000)).toBe(120);
  });
});
