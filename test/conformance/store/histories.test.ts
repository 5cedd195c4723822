/**
 * Random histories through both stores at once: every answer, and everything that can be read in the end, is the same.
 * Times are compared as "a time or none", since the clock of PostgreSQL goes on by itself.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LedgerMember } from '../../../src/store/deliveries.ts';
import { LeaseLostError, type ProfileChange } from '../../../src/store/profiles.ts';
import {
  type Backend,
  begin,
  completion,
  emailKey,
  id,
  lease,
  main,
  memory,
  minute,
  other,
  postgres,
  profileKey,
  ref,
  uuid,
  type World,
} from './room.ts';

const record = fc.integer({ min: 1, max: 4 });
const key = fc.constantFrom('a', 'b', 'c');
const worker = fc.integer({ min: 1, max: 3 });
const lot = fc.constantFrom('l1', 'l2');
const some = <T>(values: fc.Arbitrary<T>) => fc.uniqueArray(values, { minLength: 1, maxLength: 3 });

const step = fc.oneof(
  fc.record({ do: fc.constant('owe'), n: record, deleted: fc.boolean(), key: fc.option(key), lot: fc.option(lot) }),
  fc.record({ do: fc.constant('claim'), worker }),
  fc.record({ do: fc.constant('lease'), worker, keys: some(key) }),
  fc.record({ do: fc.constant('members'), worker, keys: some(key), n: record }),
  fc.record({ do: fc.constant('begin'), worker, key, n: record }),
  fc.record({
    do: fc.constant('finish'),
    worker,
    key,
    state: fc.constantFrom('live', 'reset', 'held', 'absent', 'anonymized'),
    how: fc.constantFrom('done', 'again', 'staged'),
    n: record,
    gone: fc.boolean(),
  }),
  fc.record({ do: fc.constant('putBack'), worker, failed: fc.boolean() }),
  fc.record({ do: fc.constant('park'), worker }),
  fc.record({ do: fc.constantFrom('release', 'renew'), worker }),
  fc.record({ do: fc.constant('move'), worker, from: key, to: key }),
  fc.record({ do: fc.constantFrom('stage', 'admit'), keys: some(key), lot }),
  fc.record({ do: fc.constant('settle'), allowed: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ do: fc.constant('close'), keys: some(key) }),
  fc.record({ do: fc.constant('decide'), approve: fc.boolean(), position: fc.nat(2) }),
  fc.record({ do: fc.constant('heldByOthers'), keys: some(key) }),
  fc.record({ do: fc.constantFrom('oweAgain', 'retryParked', 'forceSync', 'erase'), n: record }),
  fc.record({ do: fc.constant('eraseNext'), worker, how: fc.constantFrom('wait', 'done', 'leave') }),
  fc.record({ do: fc.constant('configure'), lot }),
  fc.record({ do: fc.constant('advance'), minutes: fc.constantFrom(4, 7, 11) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What one store has said so far, and the workers need to know. */
interface Player extends World {
  readonly claimed: Map<number, readonly LedgerMember[]>;
  steps: number;
  epoch: number;
}

const limits = (allowed: number) => ({ allowed: () => allowed, windowHours: 24, mayStillBeMailed: false });
const cases = (keys: readonly string[]) =>
  keys.map((k) => ({ profileKey: profileKey(k), rule: 'deleted', factsKey: `facts of ${k}` }));

async function finish(player: Player, given: Extract<Step, { do: 'finish' }>): Promise<void> {
  const { store } = player;
  const under = lease(given.worker);
  const change = { key: profileKey(given.key), state: given.state, contactKey: id(given.n) } as ProfileChange;
  const claims = (player.claimed.get(given.worker) ?? []).filter((member) => member.claim);
  player.claimed.delete(given.worker);
  await store.transaction(async (unit) => {
    const note = { emailKey: emailKey(given.key), action: 'sync', rule: 'eligible', reasons: [], gone: given.gone };
    await unit.noteRecords(
      under,
      claims.map((member) => ({ ...note, ref: member.ref })),
    );
    await unit.completeDeliveries(
      under,
      claims.map((member) =>
        completion(member, {
          profileKey: profileKey(given.key),
          crmBits: { News: given.gone },
          againInMs: given.how === 'again' ? 5 * minute : undefined,
          staged: given.how === 'staged',
        }),
      ),
    );
    await unit.changeProfiles(under, [change]);
  });
}

async function eraseNext(player: Player, given: Extract<Step, { do: 'eraseNext' }>): Promise<unknown> {
  const { store } = player;
  const under = lease(given.worker + 20);
  const erasures = await store.erasures.claim(under, 99, player.epoch);
  for (const { id: erasureId } of erasures) {
    if (given.how === 'wait') await store.erasures.wait(under, erasureId, 5 * minute, 'C', 'r', true);
    const done = { erasureId, state: 'done', status: 204, requestId: 'r', members: [ref(1)] } as const;
    if (given.how === 'done') await store.transaction((unit) => unit.completeErasureTarget(under, done));
  }
  for (const ready of await store.erasures.ready(99))
    await store.erasures.close(ready, [{ ref: ref(1), etag: `e${player.steps}` }], false, []);
  return erasures;
}

async function act(player: Player, given: Step): Promise<unknown> {
  const { store, claimed } = player;
  const keys = 'keys' in given ? given.keys.map(profileKey) : [];
  const under = lease('worker' in given ? given.worker : 9);
  const held = 'worker' in given ? (claimed.get(given.worker) ?? []).filter((member) => member.claim) : [];
  const unique = uuid(100_000 + player.steps);
  switch (given.do) {
    case 'owe': {
      const seenKey = given.key === null ? undefined : emailKey(given.key);
      const change = { id: id(given.n), deleted: given.deleted, seenKey };
      return store.records.owe('contact', [change], [main, other], given.lot, false);
    }
    case 'claim': {
      const members = await store.deliveries.claim(under, 99, player.epoch);
      claimed.set(given.worker, members);
      return members;
    }
    case 'lease':
      return store.profiles.lease(under, keys).then((profiles) => byKey(profiles));
    case 'members': {
      const members = await store.deliveries.members(under, keys, [ref(given.n)]);
      claimed.set(given.worker, members);
      return members;
    }
    case 'begin': {
      const contactKeys = [{ profileKey: profileKey(given.key), contactKey: id(given.n) }];
      const intent = { id: unique, profileKey: profileKey(given.key), kind: 'upsert', bits: { News: true } } as const;
      return store.profiles.begin(under, [intent], contactKeys);
    }
    case 'finish':
      return finish(player, given);
    case 'putBack':
      return store.deliveries.putBack(
        under,
        held.map((member) => ({ ref: member.ref, inMs: 5 * minute, failed: given.failed })),
      );
    case 'park':
      return store.deliveries.park(
        under,
        held.map((member) => ({ ref: member.ref, seq: member.claim?.seq ?? 0, code: 'C', reason: 'r' })),
      );
    case 'release':
      await store.deliveries.release(under);
      return store.profiles.release(under);
    case 'renew':
      return store.deliveries.renew(under);
    case 'move':
      return given.from === given.to
        ? undefined
        : store.profiles.move(under, profileKey(given.from), profileKey(given.to));
    case 'stage':
      return store.brake.stage(main, given.lot, cases(given.keys));
    case 'admit':
      return store.brake.admit(main, given.lot, cases(given.keys), limits(1));
    case 'settle':
      return store.brake.settleLots(main, limits(given.allowed));
    case 'close':
      return store.brake.close(main, keys);
    case 'decide': {
      const hold = (await store.brake.holds())[given.position];
      return hold && store.brake.decide(hold.id, given.approve ? 'approved' : 'rejected', 'ann');
    }
    case 'heldByOthers':
      return store.profiles.heldByOthers(main, [1, 2, 3, 4].map(id), keys).then((ids) => ids.sort());
    case 'oweAgain':
      return store.records.oweAgain([ref(given.n)]);
    case 'retryParked':
      return store.records.retryParked(ref(given.n));
    case 'forceSync':
      return store.records.forceSync(ref(given.n), [main]);
    case 'erase': {
      const request = { source: 'cli', jobId: null, ref: ref(given.n), emailKey: null, sealed: 's' } as const;
      return store.erasures.open({ ...request, id: unique }, [main]);
    }
    case 'eraseNext':
      return eraseNext(player, given);
    case 'configure': {
      const next = { epoch: player.epoch + 1, fingerprint: `f${player.steps}`, mappings: {} };
      const taken = await store.configurations.take(player.epoch, next, [
        { target: main, table: 'contact', lot: given.lot },
      ]);
      if (taken) player.epoch = next.epoch;
      return taken;
    }
    case 'advance':
      return player.advance(given.minutes * minute);
  }
}

function byKey<T extends { readonly key: string }>(profiles: readonly T[]): T[] {
  return [...profiles].sort((x, y) => (x.key < y.key ? -1 : 1));
}

/** Everything that can be read of the ledger. */
async function look({ store }: Player): Promise<unknown> {
  const keys = ['a', 'b', 'c'].map(profileKey);
  const records = await Promise.all(
    [1, 2, 3, 4].map(async (n) => ({
      record: await store.records.get(ref(n)),
      deliveries: await store.records.deliveries(ref(n)),
      erasures: await store.erasures.touching(ref(n)),
      evidence: (await store.evidence.of(ref(n), 99)).map(({ id: _, ...line }) => line),
    })),
  );
  const held = await store.brake.cases(main, keys);
  return {
    records,
    profiles: byKey(await store.profiles.peek(main, keys)),
    cases: held.sort((x, y) => (x.profile_key < y.profile_key ? -1 : 1)),
    holds: await store.brake.holds(),
    due: [await store.deliveries.isDue(main), await store.deliveries.isDue(other)],
    members: await store.deliveries.peek(main, keys, []),
    live: await store.profiles.countLive(main),
    open: await store.erasures.countOpen(),
  };
}

/** Without what must differ: times, the time that passed, and numbers that PostgreSQL hands out for good. */
function comparable(value: unknown): unknown {
  const numbered = new Set(['hold_id', 'id']);
  return JSON.parse(
    JSON.stringify(value ?? null, function (this: Record<string, unknown>, name, content) {
      if (this[name] instanceof Date) return 'a time';
      if (name === 'ageMs') return Math.round((content as number) / minute);
      if (numbered.has(name) && typeof content === 'number') return 'a number';
      if (name === 'detail' && typeof content === 'string') return content.replace(/\d+/, 'n');
      return content;
    }),
  );
}

async function play(player: Player, steps: readonly Step[]): Promise<unknown[]> {
  await begin(player.store);
  const answers: unknown[] = [];
  for (const given of steps) {
    player.steps += 1;
    const answer = await act(player, given).catch((error: unknown) => {
      if (error instanceof LeaseLostError) return 'lease lost';
      throw error;
    });
    answers.push({ given, answer: comparable(answer) });
  }
  return [...answers, comparable(await look(player))];
}

let one: Backend;
let two: Backend;
beforeAll(async () => {
  one = await postgres();
  two = await memory();
});
afterAll(async () => {
  await one?.close();
  await two?.close();
});

test('any history gives the same answers and the same end in PostgreSQL and in memory', async () => {
  const fresh = async (backend: Backend): Promise<Player> => ({
    ...(await backend.fresh()),
    claimed: new Map(),
    steps: 0,
    epoch: 1,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      expect(await play(await fresh(two), steps)).toEqual(await play(await fresh(one), steps));
    }),
    { numRuns: Number(process.env.STORE_HISTORIES ?? 40), endOnFailure: false },
  );
});
