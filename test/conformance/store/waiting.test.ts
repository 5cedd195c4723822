/**
 * What happens to a statement that has to wait for a row: somebody else takes over the lease in a transaction that is
 * still open, and the former worker comes with its answer. Two connections, so PostgreSQL only; a wait is seen in the
 * server's own list of sessions.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { migrations } from '../../../src/store/migrations/index.ts';
import { LeaseLostError } from '../../../src/store/profiles.ts';
import { createStore, type Store } from '../../../src/store/store.ts';
import { silentLogger } from '../../support/logger.ts';
import { withTestDatabase } from '../../support/postgres.ts';
import { begin, completion, deliveryOf, lease, main, owe, profileKey, ref } from './room.ts';

const a = profileKey('a');
let server: Awaited<ReturnType<typeof withTestDatabase>>;
let database: OpenDatabase;
let store: Store;

beforeAll(async () => {
  server = await withTestDatabase();
  database = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
  for (const migration of migrations) await database.pool.query(migration.sql);
  store = createStore(database.kysely);
  await begin(store);
});

beforeEach(async () => {
  await database.pool.query('delete from delivery; delete from record; delete from profile');
  await owe(store, [1, 2], { seenKey: 'a' });
  await store.deliveries.claim(lease(1), 10, 1);
  await store.profiles.lease(lease(1), [a]);
});

afterAll(async () => {
  await database?.close();
  await server?.drop();
});

/** Whether a session waits for a lock that another one has, before it is over. Within a transaction the list stays as it is. */
async function somebodyWaits(isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    const { rows } = await database.pool.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows[0]?.n) return true;
  }
  return false;
}

/** The rival takes over row and profile, not yet for all to see; the late worker's statement waits for that and goes on. */
async function overtaken(late: () => Promise<unknown>): Promise<unknown> {
  const rival = await database.pool.connect();
  try {
    await rival.query('begin');
    const theirs = [lease(2).token];
    await rival.query(`update delivery set lease_token = $1, lease_until = now() + interval '1 hour'`, theirs);
    await rival.query(`update profile set lease_token = $1, lease_until = now() + interval '1 hour'`, theirs);
    let isOver = false;
    const ended = late()
      .then(
        () => undefined,
        (error: unknown) => error,
      )
      .finally(() => {
        isOver = true;
      });
    if (!(await somebodyWaits(() => isOver))) throw new Error('nobody waited');
    await rival.query('commit');
    return await ended;
  } finally {
    await rival.query('rollback');
    rival.release();
  }
}

async function claims() {
  const members = await store.deliveries.members(lease(1), [a], []);
  return members.map((member) => completion(member, { profileKey: a }));
}

const isTheirs = { lease_token: lease(2).token, due_at: expect.any(Date), parked_code: null, attempts: 0 };

test.each([
  [
    'completes',
    async () => {
      const done = await claims();
      return () => store.transaction((unit) => unit.completeDeliveries(lease(1), done));
    },
  ],
  [
    'puts back',
    async () => {
      const back = (await claims()).map(({ ref: of }) => ({ ref: of, inMs: 0, failed: true }));
      return () => store.deliveries.putBack(lease(1), back);
    },
  ],
  [
    'parks',
    async () => {
      const parked = (await claims()).map(({ ref: of, seq }) => ({ ref: of, seq, code: 'C', reason: 'r' }));
      return () => store.deliveries.park(lease(1), parked);
    },
  ],
  ['gives back', async () => () => store.deliveries.release(lease(1))],
  ['renews', async () => () => store.deliveries.renew(lease(1))],
])('whoever %s deliveries that are being taken over waits, and changes nothing', async (_, prepare) => {
  const late = await prepare();
  expect(await overtaken(late)).toBeUndefined();
  for (const n of [1, 2]) expect(await deliveryOf(store, n)).toMatchObject({ ...isTheirs, done_seq: 0 });
});

test('whoever notes a decision about records whose deliveries are being taken over waits, and notes nothing', async () => {
  const note = { gone: true, emailKey: undefined, action: 'anonymize', rule: 'deleted', reasons: [] };
  const notes = [2, 1].map((n) => ({ ...note, ref: ref(n) }));
  expect(await overtaken(() => store.transaction((unit) => unit.noteRecords(lease(1), notes)))).toBeUndefined();
  for (const n of [1, 2]) expect(await store.records.get(ref(n))).toMatchObject({ last_action: null, gone_at: null });
});

test('whoever changes a profile that is being taken over waits, and learns that the lease is lost', async () => {
  const change = { key: a, state: 'live' } as const;
  const late = () => store.transaction((unit) => unit.changeProfiles(lease(1), [change]));
  expect(await overtaken(late)).toBeInstanceOf(LeaseLostError);
  expect((await store.profiles.peek(main, [a]))[0]).toMatchObject({ state: 'new' });
});

test('whoever begins a call for a profile that is being taken over waits, and sends nothing', async () => {
  const intent = { id: '00000000-0000-4000-8000-000000000001', profileKey: a, kind: 'upsert' } as const;
  const late = () => store.profiles.begin(lease(1), [intent], [{ profileKey: a, contactKey: 'c' }]);
  expect(await overtaken(late)).toBeInstanceOf(LeaseLostError);
  expect((await store.profiles.peek(main, [a]))[0]).toMatchObject({ openIntents: [], contactKeys: [] });
});

test('a lease takes no delivery along that somebody else is about to take', async () => {
  await store.deliveries.release(lease(1));
  const rival = await database.pool.connect();
  try {
    await rival.query('begin');
    await rival.query('select 1 from delivery where id = $1 for update', [ref(1).id]);
    const members = await store.deliveries.members(lease(3), [a], []);
    expect(members.map((member) => member.claim?.ref.id)).toEqual([undefined, ref(2).id]);
  } finally {
    await rival.query('rollback');
    rival.release();
  }
});
