import { expect, test } from '@jest/globals';
import type { NewEvidence } from '../../../src/store/tables.ts';
import { applyAll, begin, deliveryOf, lease, main, onEveryStore, other, owe, profileKey, ref, uuid } from './room.ts';

const evidence: NewEvidence = {
  target: main,
  crm_table: null,
  record_id: null,
  profile_key: null,
  act: 'abandon-target',
  rule: null,
  trigger: 'command',
  outcome: null,
  status: null,
  request_id: null,
  detail: 'given up',
  actor: 'anna',
  configuration: null,
};

const anErasure = { id: uuid(1), source: 'cli', jobId: null, ref: ref(1), emailKey: null, sealed: null } as const;

onEveryStore('a removed target', (world) => {
  test('is found with the people and the erasures that it still has', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2]);
    await applyAll(store, 'a');
    await store.profiles.lease(lease(1), [profileKey('a')]);
    await store.transaction((unit) => unit.changeProfiles(lease(1), [{ key: profileKey('a'), state: 'live' }]));
    await store.targets.accept(main, 'account one');
    await store.targets.state(other);
    await store.erasures.open(anErasure, [main, other]);

    expect(await store.removedTargets.find([main, other])).toEqual([]);
    expect(await store.removedTargets.find([other])).toEqual([{ target: main, people: 1, erasures: 1 }]);
    // Another one was seen and never worked with.
    expect(await store.removedTargets.find([main])).toEqual([]);
  });

  test('is forgotten as a whole; an erasure no longer waits for it, and the evidence stays', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1], { targets: [main, other] });
    await applyAll(store, 'a');
    await store.targets.accept(main, 'account one');
    await store.erasures.open(anErasure, [main, other]);

    await store.removedTargets.forget(main, evidence);

    expect(await store.removedTargets.find([other])).toEqual([]);
    expect((await store.records.deliveries(ref(1))).map((row) => row.target)).toEqual([other]);
    expect((await deliveryOf(store, 1, other)).due_at).not.toBeNull();
    expect((await store.erasures.targets(uuid(1))).map(({ target, state }) => [target, state])).toEqual([
      [main, 'abandoned'],
      [other, 'pending'],
    ]);
    expect(await store.erasures.claim(lease(5, main), 9, 1)).toEqual([]);
    expect((await store.targets.all()).map((row) => row.target)).not.toContain(main);
  });
});

onEveryStore('a new target', (world) => {
  test('has its part in every erasure that is open, and none in one that is done', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(anErasure, [main]);
    await store.erasures.open({ ...anErasure, id: uuid(2), ref: ref(2) }, [main]);
    const done = (await store.erasures.get(uuid(2)))!;
    await store.erasures.close(done, [], false, []);

    await store.configurations.take(1, { epoch: 2, fingerprint: 'two', mappings: { main: {}, other: {} } }, []);

    expect((await store.erasures.targets(uuid(1))).map((row) => row.target)).toEqual([main, other]);
    expect((await store.erasures.targets(uuid(2))).map((row) => row.target)).toEqual([main]);
    expect(await store.erasures.claim(lease(5, other), 9, 2)).toHaveLength(1);
  });
});
