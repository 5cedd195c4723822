import { expect, test } from '@jest/globals';
import { LeaseLostError } from '../../../src/store/profiles.ts';
import {
  begin,
  completion,
  deliveryOf,
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

const a = profileKey('a');
const note = { gone: false, emailKey: undefined, action: 'sync', rule: 'eligible', reasons: [] };

onEveryStore('a unit of work', (world) => {
  async function begun() {
    const { store } = world();
    await begin(store);
    await owe(store, [1]);
    const [member] = await store.deliveries.claim(lease(1), 10, 1);
    await store.profiles.lease(lease(1), [a]);
    await store.profiles.begin(lease(1), [{ id: uuid(1), profileKey: a, kind: 'upsert' }], []);
    return { store, member: member! };
  }

  test('all of it stands, and the answer is the work’s', async () => {
    const { store, member } = await begun();
    const answer = await store.transaction(async (unit) => {
      await unit.changeProfiles(lease(1), [{ key: a, state: 'live' }]);
      await unit.noteRecords(lease(1), [{ ...note, ref: ref(1) }]);
      await unit.completeDeliveries(lease(1), [completion(member, { profileKey: a })]);
      await unit.closeIntents([uuid(1)]);
      await unit.appendEvidence([{ act: 'sync', crm_table: 'contact', record_id: id(1) }]);
      return 'stored';
    });
    expect(answer).toBe('stored');
    expect((await store.profiles.peek(main, [a]))[0]).toMatchObject({ state: 'live', openIntents: [] });
    expect((await store.records.get(ref(1)))?.last_action).toBe('sync');
    expect((await deliveryOf(store, 1)).due_at).toBeNull();
    expect(await store.evidence.of(ref(1), 10)).toHaveLength(1);
  });

  test('or nothing of it, when the work throws', async () => {
    const { store, member } = await begun();
    const failed = store.transaction(async (unit) => {
      await unit.changeProfiles(lease(1), [{ key: a, state: 'live' }]);
      await unit.noteRecords(lease(1), [{ ...note, ref: ref(1) }]);
      await unit.completeDeliveries(lease(1), [completion(member, { profileKey: a })]);
      await unit.closeIntents([uuid(1)]);
      await unit.appendEvidence([{ act: 'sync', crm_table: 'contact', record_id: id(1) }]);
      throw new RangeError('stop');
    });
    await expect(failed).rejects.toBeInstanceOf(RangeError);
    expect((await store.profiles.peek(main, [a]))[0]).toMatchObject({ state: 'new', openIntents: [{ id: uuid(1) }] });
    expect((await store.records.get(ref(1)))?.last_action).toBeNull();
    expect(await deliveryOf(store, 1)).toMatchObject({ lease_token: lease(1).token, done_seq: 0 });
    expect(await store.evidence.of(ref(1), 10)).toEqual([]);
  });

  test('or nothing of it, when the lease passed to somebody else', async () => {
    const { store, member } = await begun();
    await world().advance(hour);
    await store.profiles.lease(lease(2), [a]);
    const late = store.transaction(async (unit) => {
      await unit.completeDeliveries(lease(1), [completion(member, { profileKey: a })]);
      await unit.closeIntents([uuid(1)]);
      await unit.changeProfiles(lease(1), [{ key: a, state: 'live' }]);
    });
    await expect(late).rejects.toBeInstanceOf(LeaseLostError);
    expect((await store.profiles.peek(main, [a]))[0]).toMatchObject({ state: 'new', openIntents: [{ id: uuid(1) }] });
    expect(await deliveryOf(store, 1)).toMatchObject({ profile_key: null, lease_token: lease(1).token });
  });

  test('nobody sees half of it', async () => {
    const { store, member } = await begun();
    const seen: (string | undefined)[] = [];
    await store.transaction(async (unit) => {
      await unit.changeProfiles(lease(1), [{ key: a, state: 'live' }]);
      seen.push((await store.profiles.peek(main, [a]))[0]?.state);
      await unit.completeDeliveries(lease(1), [completion(member)]);
      seen.push((await store.profiles.peek(main, [a]))[0]?.state);
    });
    seen.push((await store.profiles.peek(main, [a]))[0]?.state);
    expect(seen).toEqual(['new', 'new', 'live']);
  });

  test('an empty one is no work', async () => {
    const { store } = world();
    await store.transaction(async (unit) => {
      await unit.changeProfiles(lease(1), []);
      await unit.noteRecords(lease(1), []);
      await unit.completeDeliveries(lease(1), []);
      await unit.closeIntents([]);
      await unit.appendEvidence([]);
    });
    expect(await store.overview.counts()).toEqual([]);
  });
});
