import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TargetName } from '../../../config/words.ts';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { sparePace } from '../../../src/store/migrations/006-spare-pace.ts';
import { quotaSql } from '../../../src/store/migrations/quota.ts';
import { createPace, type PaceOptions } from '../../../src/store/quota.ts';
import { silentLogger } from '../../support/logger.ts';
import { type TestDatabase, withTestDatabase } from '../../support/postgres.ts';

const target = 'main' as TargetName;
const signal = new AbortController().signal;
/** The spacing of a limit of one call a second, in milliseconds. */
const spacing = 1000 / 0.97;

let server: TestDatabase;
let one: OpenDatabase;
let two: OpenDatabase;
let sleeps: number[];

beforeEach(async () => {
  server = await withTestDatabase();
  one = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
  two = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
  await one.pool.query(quotaSql);
  await one.pool.query(sparePace.sql);
  sleeps = [];
});

afterEach(async () => {
  await one.close();
  await two.close();
  await server.drop();
});

function pace(options: Partial<PaceOptions> = {}) {
  return createPace({
    db: one.kysely,
    target,
    requestsPerSecond: 1,
    maxWaitMs: 1_000_000,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
    },
    ...options,
  });
}

/** The row, with times as milliseconds from the database's now. */
async function row() {
  const { rows } = await one.pool.query(`
    SELECT pace, extract(epoch FROM tat - clock_timestamp())::float8 * 1000 AS tat,
      extract(epoch FROM priority_tat - clock_timestamp())::float8 * 1000 AS priority_tat,
      extract(epoch FROM paused_until - clock_timestamp())::float8 * 1000 AS paused FROM quota`);
  return rows[0] as { pace: number; tat: number; priority_tat: number; paused: number | null };
}

describe('pace', () => {
  test('the first call goes at once', async () => {
    await pace().acquire(signal);
    expect(sleeps).toEqual([]);
  });

  test('calls of two processes stand in one line, evenly spaced', async () => {
    const paces = [pace(), pace({ db: two.kysely })];
    await pace().acquire(signal);
    const before = Date.now() + (await row()).tat;
    await Promise.all(Array.from({ length: 20 }, (_, index) => paces[index % 2]!.acquire(signal)));
    const after = Date.now() + (await row()).tat;
    expect(sleeps).toHaveLength(20);
    expect((after - before) / spacing).toBeCloseTo(20, 0);
    const inOrder = sleeps.toSorted((a, b) => a - b);
    for (const [index, wait] of inOrder.entries()) expect(wait).toBeLessThanOrEqual((index + 1) * spacing + 1);
  });

  test('a quiet hour saves up nothing', async () => {
    await pace().acquire(signal);
    await one.pool.query("UPDATE quota SET tat = now() - interval '1 hour', updated_at = now() - interval '1 hour'");
    await pace().acquire(signal);
    await pace().acquire(signal);
    await pace().acquire(signal);
    expect(sleeps).toHaveLength(2);
  });

  test('a call that would wait too long is sent away with the time, and takes no place in the line', async () => {
    await pace().acquire(signal);
    await one.pool.query("UPDATE quota SET tat = now() + interval '5 minutes'");
    const before = await row();
    const refused = pace({ maxWaitMs: 20_000 }).acquire(signal);
    await expect(refused).rejects.toMatchObject({ kind: 'wait', code: 'PACE_WAIT' });
    await expect(refused).rejects.toHaveProperty('retryAfterMs', expect.closeTo(300_000, -4));
    expect((await row()).tat).toBeLessThanOrEqual(before.tat);
  });

  test('an aborted signal ends the waiting with its reason', async () => {
    const stop = new AbortController();
    await pace().acquire(stop.signal);
    const waiting = createPace({ db: one.kysely, target, requestsPerSecond: 0.1 }).acquire(stop.signal);
    stop.abort(new Error('closing'));
    await expect(waiting).rejects.toThrow();
    await expect(pace().acquire(stop.signal)).rejects.toThrow('closing');
  });

  test('when it cannot be read nobody sends', async () => {
    await one.pool.query('DROP TABLE quota');
    await expect(pace().acquire(signal)).rejects.toMatchObject({ kind: 'retry', code: 'PACE_UNREADABLE' });
    await expect(pace().throttled(1000)).rejects.toMatchObject({ kind: 'retry', code: 'PACE_UNREADABLE' });
  });

  test('a lowered limit counts at once', async () => {
    await pace({ requestsPerSecond: 100 }).acquire(signal);
    await pace({ requestsPerSecond: 2 }).acquire(signal);
    expect((await row()).pace).toBeCloseTo(2 * 0.97);
  });
});

describe('a 429', () => {
  test('stops everybody for the time and lowers the pace', async () => {
    await pace().acquire(signal);
    await pace().throttled(60_000);
    await expect(pace({ db: two.kysely, maxWaitMs: 20_000 }).acquire(signal)).rejects.toMatchObject({ kind: 'wait' });
    const { pace: lowered, paused } = await row();
    expect(lowered).toBeCloseTo(0.97 * 0.7);
    expect(paused).toBeGreaterThan(0);
  });

  test('answered to several calls at once lowers the pace once, and the longest time counts', async () => {
    await pace().acquire(signal);
    await pace().throttled(600_000);
    await pace().throttled(1_000);
    await pace({ db: two.kysely }).throttled(2_000);
    const { pace: lowered, paused } = await row();
    expect(lowered).toBeCloseTo(0.97 * 0.7);
    expect(paused).toBeGreaterThan(60_000);
  });

  test('reaches those who were waiting already', async () => {
    await pace().acquire(signal);
    const waiter = pace({
      db: two.kysely,
      sleep: async (milliseconds) => {
        sleeps.push(milliseconds);
        if (sleeps.length === 1) await pace().throttled(600_000);
        else await one.pool.query('UPDATE quota SET paused_until = NULL');
      },
    });
    await waiter.acquire(signal);
    expect(sleeps).toHaveLength(2);
    expect(sleeps[1]).toBeGreaterThan(60_000);
  });

  test('is forgotten slowly, up to the limit and never above', async () => {
    await pace().acquire(signal);
    await pace().throttled(0);
    await one.pool.query("UPDATE quota SET updated_at = now() - interval '10 seconds', paused_until = NULL");
    await pace().acquire(signal);
    const early = (await row()).pace;
    expect(early).toBeGreaterThan(0.97 * 0.74);
    expect(early).toBeLessThan(0.97 * 0.8);
    await one.pool.query("UPDATE quota SET updated_at = now() - interval '1 hour'");
    await pace().acquire(signal);
    expect((await row()).pace).toBeCloseTo(0.97);
  });

  test('never takes the pace below a twentieth of the limit', async () => {
    await pace().acquire(signal);
    for (let times = 0; times < 20; times += 1) {
      await one.pool.query('UPDATE quota SET paused_until = NULL');
      await pace().throttled(1);
    }
    expect((await row()).pace).toBeCloseTo(0.97 * 0.05, 2);
  });
});

describe('the share of erasures', () => {
  test('goes before a long line, at a tenth of the pace, and moves the line on', async () => {
    await pace().acquire(signal);
    await one.pool.query(
      "UPDATE quota SET tat = now() + interval '100 seconds', priority_tat = now() - interval '1 hour'",
    );
    const before = Date.now() + (await row()).tat;
    const erasures = pace({ priority: true });
    await erasures.acquire(signal);
    expect(sleeps).toEqual([]);
    await erasures.acquire(signal);
    await erasures.acquire(signal);
    const after = Date.now() + (await row()).tat;
    expect(sleeps).toHaveLength(2);
    expect(sleeps[0]).toBeLessThanOrEqual(10 * spacing + 1);
    expect(sleeps[0]).toBeGreaterThan(5 * spacing);
    expect(sleeps[1]).toBeGreaterThan(sleeps[0]!);
    expect((after - before) / spacing).toBeCloseTo(3, 0);
  });

  test('costs nothing while nobody else is in the line', async () => {
    const erasures = pace({ priority: true });
    await erasures.acquire(signal);
    await erasures.acquire(signal);
    expect(sleeps.every((wait) => wait <= spacing + 1)).toBe(true);
  });

  test('obeys a 429 as well', async () => {
    await pace().acquire(signal);
    await pace().throttled(60_000);
    await expect(pace({ priority: true, maxWaitMs: 20_000 }).acquire(signal)).rejects.toMatchObject({ kind: 'wait' });
  });
});

describe('the spare pace', () => {
  /** As if the time that it waits had gone by. */
  function passing(more: Partial<PaceOptions> = {}) {
    return pace({
      spareShare: 0.2,
      // Slow, so that what the database takes does not count.
      requestsPerSecond: 0.01,
      async sleep(milliseconds) {
        sleeps.push(milliseconds);
        await one.pool.query(
          `UPDATE quota SET tat = tat - $1 * interval '1 millisecond', spare_tat = spare_tat - $1 * interval '1 millisecond'`,
          [milliseconds],
        );
      },
      ...more,
    });
  }

  test('uses its share of the limit and no more, however idle the target is', async () => {
    const spare = passing();
    for (let calls = 0; calls < 11; calls += 1) await spare.acquire(signal);
    const waited = sleeps.reduce((sum, wait) => sum + wait, 0);
    // Eleven calls, ten gaps, each of five spacings; what the database needed in between counts as waiting too.
    expect(waited).toBeLessThanOrEqual(10 * (500 * spacing + 2));
    expect(waited).toBeGreaterThan(10 * 400 * spacing);
  });

  test('lets everybody in the line go first, and takes no place in it', async () => {
    await pace().acquire(signal);
    await one.pool.query("UPDATE quota SET tat = now() + interval '100 seconds'");
    let looks = 0;
    const waiter = pace({
      spareShare: 0.2,
      requestsPerSecond: 0.001,
      async sleep() {
        looks += 1;
        // A place in the line would be a thousand seconds more.
        expect((await row()).tat).toBeLessThanOrEqual(100_000);
        // The line grows while it waits, twice; then it is empty.
        await one.pool.query(
          looks < 3
            ? "UPDATE quota SET tat = now() + interval '100 seconds'"
            : "UPDATE quota SET tat = now() - interval '1 second'",
        );
      },
    });
    await waiter.acquire(signal);
    expect(looks).toBe(3);
  });

  test('gives up with the time when the target stays busy', async () => {
    await pace().acquire(signal);
    await one.pool.query("UPDATE quota SET tat = now() + interval '5 minutes'");
    const refused = passing({ maxWaitMs: 20_000 }).acquire(signal);
    await expect(refused).rejects.toMatchObject({ kind: 'wait', code: 'PACE_NOT_SPARE' });
    expect(sleeps).toEqual([]);
  });

  test('makes nobody wait longer than for one call', async () => {
    await pace({ spareShare: 0.2 }).acquire(signal);
    await pace().acquire(signal);
    expect(sleeps).toHaveLength(1);
    expect(sleeps[0]).toBeLessThanOrEqual(spacing + 1);
  });
});
