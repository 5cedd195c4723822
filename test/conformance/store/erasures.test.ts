import { expect, test } from '@jest/globals';
import type { TargetName } from '../../../config/words.ts';
import type { NewErasure } from '../../../src/store/erasures.ts';
import type { Store } from '../../../src/store/store.ts';
import {
  applyAll,
  begin,
  emailKey,
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

const erasure = (n: number, more: Partial<NewErasure> = {}): NewErasure => ({
  id: uuid(n),
  source: 'cli',
  jobId: null,
  ref: ref(n),
  emailKey: null,
  sealed: null,
  ...more,
});

async function finish(store: Store, n: number, target: TargetName, state: 'done' | 'absent' = 'done'): Promise<void> {
  const under = lease(40, target);
  await store.erasures.claim(under, 99, 1);
  const done = { erasureId: uuid(n), state, status: 204, requestId: 'r', members: [ref(n), ref(n + 100)] };
  await store.transaction((unit) => unit.completeErasureTarget(under, done));
}

onEveryStore('an erasure', (world) => {
  test('is stored with its part for each target, and owed there', async () => {
    const { store } = world();
    expect(await store.erasures.open(erasure(1, { emailKey: emailKey('a'), sealed: 's' }), [other, main])).toBe(true);
    expect(await store.erasures.get(uuid(1))).toEqual({
      id: uuid(1),
      source: 'cli',
      job_id: null,
      crm_table: 'contact',
      record_id: id(1),
      email_key: 'a',
      sealed: 's',
      state: 'open',
      approved: false,
      requested_at: expect.any(Date),
      completed_at: null,
      still_eligible: null,
    });
    const parts = await store.erasures.targets(uuid(1));
    expect(parts.map((part) => part.target)).toEqual([main, other]);
    expect(parts[0]).toMatchObject({ state: 'pending', status: null, attempts: 0, due_at: expect.any(Date) });
    expect(await store.erasures.get(uuid(2))).toBeUndefined();
    expect(await store.erasures.targets(uuid(2))).toEqual([]);
  });

  test('can be owed again to targets that have answered, as long as it is open; that somebody was erased is kept', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main, other]);
    await finish(store, 1, main, 'done');
    await finish(store, 1, other, 'absent');

    await store.erasures.reopen(uuid(1), [main, other]);

    const open = { state: 'pending', attempts: 0, completed_at: null, due_at: expect.any(Date) };
    expect(await store.erasures.targets(uuid(1))).toEqual([
      expect.objectContaining({ ...open, target: main, status: 204, request_id: 'r' }),
      expect.objectContaining({ ...open, target: other, status: null, request_id: null }),
    ]);
    expect(await store.erasures.ready(9)).toEqual([]);
    expect(await store.erasures.claim(lease(41), 9, 1)).toHaveLength(1);
  });

  test.each([
    ['its record', [ref(1)], []],
    ['its address', [], [emailKey('a')]],
  ] as const)('is owed again on one target by %s', async (_by, refs, keys) => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(erasure(1, { emailKey: emailKey('a') }), [main, other]);
    await store.erasures.open(erasure(2, { emailKey: emailKey('b') }), [main]);
    for (const target of [main, other]) await finish(store, 1, target);
    await finish(store, 2, main);

    expect(await store.erasures.reopenFor(main, refs, keys)).toBe(1);
    expect(await store.erasures.reopenFor(main, refs, keys)).toBe(0);

    const states = async (n: number) => (await store.erasures.targets(uuid(n))).map(({ state }) => state);
    expect([await states(1), await states(2)]).toEqual([['pending', 'done'], ['done']]);
  });

  test('is not owed again where a target is not named, has not answered yet, or when it is closed', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main, other]);
    await finish(store, 1, main);
    await store.erasures.reopen(uuid(1), [other]);
    expect(await store.erasures.targets(uuid(1))).toEqual([
      expect.objectContaining({ target: main, state: 'done' }),
      expect.objectContaining({ target: other, state: 'pending', attempts: 0 }),
    ]);
    await finish(store, 1, other);
    const [ready] = await store.erasures.ready(9);
    if (!ready) throw new Error('it is ready to be closed');
    await store.erasures.close(ready, [], false, []);

    await store.erasures.reopen(uuid(1), [main, other]);

    expect((await store.erasures.targets(uuid(1))).map(({ state }) => state)).toEqual(['done', 'done']);
  });

  test('tells who was erased along with it, as long as it is open', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main, other]);
    const [claimed] = await store.erasures.claim(lease(1), 9, 1);
    await store.transaction((unit) =>
      unit.completeErasureTarget(lease(1), {
        erasureId: claimed?.id ?? '',
        state: 'done',
        status: 204,
        requestId: undefined,
        members: [ref(1), ref(2)],
      }),
    );

    const own = `contact/${ref(1).id}`;
    const companion = `contact/${ref(2).id}`;
    expect(await store.erasures.openFor([ref(1), ref(2), ref(3)], [])).toEqual({
      refs: new Set([own]),
      keys: new Set(),
      along: new Set([own, companion]),
    });
    expect(await store.erasures.openFor([ref(2)], [])).toMatchObject({ refs: new Set(), along: new Set([companion]) });

    await finish(store, 1, other);
    const [ready] = await store.erasures.ready(9);
    if (!ready) throw new Error('it is ready to be closed');
    await store.erasures.close(ready, [], false, []);
    expect((await store.erasures.openFor([ref(1), ref(2)], [])).along).toEqual(new Set());
  });

  test('makes its record known, so that its address is read and its closing can mark it', async () => {
    const { store } = world();
    await store.erasures.open(erasure(1), [main]);
    expect(await store.records.get(ref(1))).toMatchObject({ tombstone: false, seen_key: null, email_key: null });
    expect(await store.records.deliveries(ref(1))).toEqual([]);
  });

  test('of a job is one, however often the job is seen', async () => {
    const { store } = world();
    const job = uuid(500);
    const both = await Promise.all([
      store.erasures.open(erasure(1, { source: 'job', jobId: job }), [main]),
      store.erasures.open(erasure(2, { source: 'job', jobId: job }), [main]),
    ]);
    expect(both.sort()).toEqual([false, true]);
    const stored = await store.erasures.byJob(job);
    expect(await store.erasures.open(erasure(3, { source: 'job', jobId: job }), [main])).toBe(false);
    expect((await store.erasures.byJob(job))?.id).toBe(stored?.id);
    expect(await store.erasures.byJob(uuid(501))).toBeUndefined();
    expect((await store.erasures.countOpen()).open).toBe(1);
  });

  test('is worked on by one worker at a time for each target', async () => {
    const { store, advance } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main, other]);
    await store.erasures.open(erasure(2), [main]);
    const [one, two] = await Promise.all([store.erasures.claim(lease(1), 1, 1), store.erasures.claim(lease(2), 1, 1)]);
    expect([...one, ...two].map((row) => row.id).sort()).toEqual(
      one.length + two.length === 2 ? [uuid(1), uuid(2)] : [uuid(1)],
    );
    expect(await store.erasures.claim(lease(3, other), 9, 1)).toMatchObject([{ id: uuid(1), attempts: 0 }]);
    await store.erasures.claim(lease(4), 9, 1);
    expect(await store.erasures.claim(lease(5), 9, 1)).toEqual([]);
    await advance(9 * minute);
    await store.erasures.renew(lease(3, other));
    await advance(9 * minute);
    expect(await store.erasures.claim(lease(5, other), 9, 1)).toEqual([]);
    expect((await store.erasures.claim(lease(5), 9, 1)).map((row) => row.id)).toEqual([uuid(1), uuid(2)]);
  });

  test('is claimed by the newest epoch only', async () => {
    const { store } = world();
    await store.erasures.open(erasure(1), [main]);
    expect(await store.erasures.claim(lease(1), 9, 1)).toEqual([]);
    await begin(store);
    expect(await store.erasures.claim(lease(1), 9, 2)).toEqual([]);
    expect(await store.erasures.claim(lease(1), 9, 1)).toHaveLength(1);
  });

  test('waits with its sentence, and counts a failure', async () => {
    const { store, advance } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main]);
    await store.erasures.claim(lease(1), 9, 1);
    await store.erasures.wait(lease(1), uuid(1), 10 * minute, 'DOWN', 'the platform is down', true);
    expect(await store.erasures.targets(uuid(1))).toMatchObject([
      {
        state: 'pending',
        waiting_code: 'DOWN',
        waiting_reason: 'the platform is down',
        attempts: 1,
        lease_token: null,
      },
    ]);
    expect(await store.erasures.claim(lease(1), 9, 1)).toEqual([]);
    await advance(11 * minute);
    expect(await store.erasures.claim(lease(1), 9, 1)).toMatchObject([{ attempts: 1 }]);
    await store.erasures.wait(lease(1), uuid(1), 0, null, null, false);
    expect(await store.erasures.claim(lease(1), 9, 1)).toMatchObject([{ attempts: 1 }]);
  });

  test('neither waits nor ends under a lease that was lost', async () => {
    const { store, advance } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main]);
    await store.erasures.claim(lease(1), 9, 1);
    await advance(hour);
    await store.erasures.claim(lease(2), 9, 1);
    await store.erasures.wait(lease(1), uuid(1), hour, 'C', 'r', true);
    const done = { erasureId: uuid(1), state: 'done', status: 204, requestId: undefined, members: [ref(1)] } as const;
    await store.transaction((unit) => unit.completeErasureTarget(lease(1), done));
    await store.erasures.renew(lease(1));
    expect(await store.erasures.targets(uuid(1))).toMatchObject([
      { state: 'pending', attempts: 0, waiting_code: null, lease_token: lease(2).token },
    ]);
    expect(await store.erasures.records(uuid(1))).toEqual([]);
  });

  test('is ready when every target has answered, with the records that belonged to the person', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main, other]);
    await finish(store, 1, main);
    expect(await store.erasures.ready(9)).toEqual([]);
    await finish(store, 1, other, 'absent');
    expect((await store.erasures.ready(9)).map((row) => row.id)).toEqual([uuid(1)]);
    expect(await store.erasures.targets(uuid(1))).toMatchObject([
      { state: 'done', status: 204, request_id: 'r', due_at: null, completed_at: expect.any(Date), lease_token: null },
      { state: 'absent' },
    ]);
    const records = await store.erasures.records(uuid(1));
    expect(records.map((r) => r.id).sort()).toEqual([id(1), id(101)]);
  });

  test('without any target is ready at once', async () => {
    const { store } = world();
    await store.erasures.open(erasure(1), []);
    expect(await store.erasures.ready(9)).toHaveLength(1);
  });

  test('remembers that the platform said erased: a repetition that finds nobody does not change it', async () => {
    const { store } = world();
    await store.erasures.open(erasure(1), [main]);
    const mark = (status: number, requestId?: string) =>
      store.transaction((unit) => unit.markErased(uuid(1), main, status, requestId));
    await mark(204, 'first');
    await mark(404, 'second');
    expect(await store.erasures.targets(uuid(1))).toMatchObject([
      { status: 204, request_id: 'first', state: 'pending' },
    ]);
    await mark(410);
    expect(await store.erasures.targets(uuid(1))).toMatchObject([{ status: 410, request_id: null }]);
  });

  test('is sealed once while it is open', async () => {
    const { store } = world();
    await store.erasures.open(erasure(1), []);
    await store.erasures.seal(uuid(1), 'one');
    await store.erasures.seal(uuid(1), 'two');
    expect((await store.erasures.get(uuid(1)))?.sealed).toBe('one');
  });
});

onEveryStore('closing an erasure', (world) => {
  test('marks the records, empties what was sealed, suppresses, and ends its case in the brake’s list', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(erasure(1, { sealed: 's' }), []);
    expect(await store.brake.admitExplicit(main, { id: uuid(1), approved: false }, 0)).toBe('held');
    const [ready] = await store.erasures.ready(9);
    const list = [{ kind: 'record', value: 'contact/x' } as const];
    await store.erasures.close(
      ready!,
      [
        { ref: ref(1), etag: 'e' },
        { ref: ref(77), etag: 'f' },
      ],
      true,
      [...list, ...list],
    );
    expect(await store.erasures.marks([ref(1), ref(2)])).toEqual(new Map([[`contact/${id(1)}`, 'e']]));
    expect(await store.erasures.marks([])).toEqual(new Map());
    expect(await store.erasures.get(uuid(1))).toMatchObject({
      state: 'done',
      sealed: null,
      completed_at: expect.any(Date),
      still_eligible: true,
    });
    expect(await store.records.get(ref(1))).toMatchObject({ erased_etag: 'e', erased_at: expect.any(Date) });
    expect(await store.suppressions.matching('record', ['contact/x'])).toEqual(new Set(['contact/x']));
    const [hold] = await store.brake.holds();
    expect((await store.brake.hold(hold?.id ?? 0))?.cases).toEqual([]);
    expect(await store.erasures.ready(9)).toEqual([]);
    await store.erasures.seal(uuid(1), 'late');
    expect((await store.erasures.get(uuid(1)))?.sealed).toBeNull();
  });
});

onEveryStore('what came up while an erasure was open', (world) => {
  test('is due again when it closes: everything of the profiles of its records and of its address', async () => {
    const { store } = world();
    await begin(store);
    await owe(store, [1, 2]);
    await applyAll(store, 'a');
    await owe(store, [3]);
    await applyAll(store, 'b');
    await owe(store, [4]);
    await applyAll(store, 'c');
    await store.erasures.open(erasure(1, { emailKey: emailKey('b') }), [main]);
    await finish(store, 1, main);
    await store.erasures.close((await store.erasures.ready(9))[0]!, [], false, []);
    const due = await store.deliveries.claim(lease(1), 9, 1);
    expect(due.map((member) => member.ref.id)).toEqual([id(1), id(2), id(3)]);
  });
});

onEveryStore('looking for erasures', (world) => {
  test('open ones are found by record and by address', async () => {
    const { store } = world();
    await store.erasures.open(erasure(1), [main]);
    await store.erasures.open(erasure(2, { ref: null, emailKey: emailKey('a') }), [main]);
    await store.erasures.open(erasure(3), []);
    await store.erasures.close((await store.erasures.ready(9))[0]!, [], false, []);
    const found = await store.erasures.openFor([ref(1), ref(3), ref(4)], [emailKey('a'), emailKey('b')]);
    expect(found).toEqual({ refs: new Set([`contact/${id(1)}`]), keys: new Set(['a']), along: new Set() });
    expect(await store.erasures.openFor([], [])).toEqual({ refs: new Set(), keys: new Set(), along: new Set() });
    expect(await store.erasures.countOpen()).toEqual({ open: 2, oldest: expect.any(Date) });
  });

  test('those of a record, newest first; those it belonged to as well', async () => {
    const { store } = world();
    await begin(store);
    await store.erasures.open(erasure(1), [main]);
    await store.erasures.open(erasure(2, { ref: ref(1) }), [main]);
    expect((await store.erasures.ofRecord(ref(1))).map((row) => row.id)).toEqual([uuid(2), uuid(1)]);
    await finish(store, 1, main);
    expect((await store.erasures.touching(ref(101))).map((row) => row.id)).toEqual([uuid(1)]);
    expect((await store.erasures.touching(ref(1))).map((row) => row.id)).toEqual([uuid(2), uuid(1)]);
    expect(await store.erasures.ofRecord(ref(101))).toEqual([]);
  });

  test('without any, nothing is open', async () => {
    expect(await world().store.erasures.countOpen()).toEqual({ open: 0, oldest: null });
  });
});

onEveryStore('the job book', (world) => {
  const job = { jobId: uuid(500), operation: 'anonymizeContact', ref: ref(1), wantedSeq: null } as const;

  test('a job is noted at first sight, and what is known stays', async () => {
    const { store } = world();
    const noted = await store.jobs.note(job);
    expect(noted).toEqual({
      job_id: uuid(500),
      operation: 'anonymizeContact',
      crm_table: 'contact',
      record_id: id(1),
      wanted_seq: null,
      result_status: null,
      result_code: null,
      result_detail: null,
      completed_on: null,
      written_detail: null,
      closed_at: null,
      seen_at: expect.any(Date),
    });
    expect(await store.jobs.note({ ...job, operation: 'syncContact', ref: null, wantedSeq: 7 })).toEqual(noted);
    expect(await store.jobs.get(uuid(500))).toEqual(noted);
    expect(await store.jobs.get(uuid(501))).toBeUndefined();
  });

  test('the first result stands', async () => {
    const { store } = world();
    await store.jobs.note(job);
    await store.jobs.result(uuid(500), 'succeeded', 'HTTP 410 Gone', 'one');
    await store.jobs.result(uuid(500), 'failed', 'LATE', 'two');
    expect(await store.jobs.get(uuid(500))).toMatchObject({
      result_status: 'succeeded',
      result_code: 'HTTP 410 Gone',
      result_detail: 'one',
      completed_on: expect.any(Date),
    });
  });

  test('jobs are open, in the order of their first sight, until they are closed', async () => {
    const { store } = world();
    await store.jobs.note(job);
    await store.jobs.note({ ...job, jobId: uuid(400), operation: 'syncContact', wantedSeq: 7 });
    await store.jobs.wrote(uuid(500), 'text');
    expect((await store.jobs.open()).map((row) => [row.job_id, row.written_detail, row.wanted_seq])).toEqual([
      [uuid(500), 'text', null],
      [uuid(400), null, 7],
    ]);
    await store.jobs.closed(uuid(500));
    expect((await store.jobs.open()).map((row) => row.job_id)).toEqual([uuid(400)]);
  });
});
