/**
 * The pace at which the whole fleet calls one target. Guarantees: calls are spaced evenly (GCRA without a burst, in one
 * UPDATE by the database's clock), so that no second holds more than the target's limit, whoever sends; a 429 makes
 * everybody wait and lowers the pace, which climbs back by itself; erasures get a tenth of the calls even when a long
 * line is waiting, and that tenth is not lost when there are none; a spare pace takes only slots that nobody waits for,
 * and no more than its share of them; when the row cannot be read nobody sends. Does not know what the platform counts
 * on its own side.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { TargetName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import type { Pace } from '../http/pace.ts';
import type { Database } from './tables.ts';

export interface PaceOptions {
  readonly db: Kysely<Database>;
  readonly target: TargetName;
  /** The target's limit, calls a second. */
  readonly requestsPerSecond: number;
  /** True for the calls of erasures: they may use the share that is kept for them. */
  readonly priority?: boolean;
  /**
   * The part of the limit, above 0 and at most 1, that these calls may use, and only while the line is empty: for what
   * can wait. They take no place in the line; with somebody in it they wait, and look again.
   */
  readonly spareShare?: number;
  /**
   * Milliseconds a caller is kept waiting at most, in all. Above it `acquire` throws `wait` with the time, so that a batch
   * gives its lease back instead of sitting out a long pause.
   */
  readonly maxWaitMs?: number;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * The part of the limit that is used. Calls that leave evenly arrive unevenly; three hundredths of a second of margin
 * in each second keep the platform from counting one too many.
 */
const usedPart = 0.97;
/** What a 429 leaves of the pace, and the least it falls to, as a part of the limit. */
const afterThrottle = 0.7;
const leastPart = 0.05;
/** Part of the limit by which the pace climbs back in a second: from 0.7 in a minute. */
const recoveryPerSecond = 0.005;
/** Every tenth call can be an erasure's, however long the line is. */
const priorityShare = 0.1;
/** A caller that waited longer than this looks again whether somebody was throttled meanwhile. */
const recheckAfterMs = 20;
/** A spare slot that is nearer than this is there. */
const leastWaitMs = 1;

export function createPace(options: PaceOptions): Pace {
  const { db, target } = options;
  const limit = options.requestsPerSecond * usedPart;
  const maxWaitMs = options.maxWaitMs ?? 20_000;
  const sleep = options.sleep ?? ((milliseconds, signal) => delay(milliseconds, undefined, { signal }));
  const now = sql`clock_timestamp()`;
  const pace = sql`least(${limit}, pace + ${limit * recoveryPerSecond} * greatest(0, extract(epoch from ${now} - updated_at)))`;
  const interval = sql`make_interval(secs => 1 / (${pace}))`;
  const paused = sql`coalesce(paused_until, '-infinity')`;
  const inLine = sql`greatest(tat, ${now}, ${paused})`;
  const inShare = sql`greatest(priority_tat, ${now}, ${paused})`;
  const slot = options.priority ? sql`least(${inLine}, ${inShare})` : inLine;

  /** Takes a slot that nobody wants, now; or answers the milliseconds after which it is worth looking again. */
  async function takeSpare(share: number): Promise<{ waitMs: number; taken: boolean }> {
    const free = sql`greatest(spare_tat, ${inLine})`;
    const found = await sql<{ wait_ms: number; taken: boolean }>`
      with seat as (
        select target, greatest(0, extract(epoch from ${free} - ${now})) * 1000 as wait_ms
        from quota where target = ${target} for update
      ), taken as (
        update quota set tat = ${now} + ${interval}, spare_tat = ${now} + ${interval} / ${share}::float8, pace = ${pace},
          updated_at = ${now}
        from seat where quota.target = seat.target and seat.wait_ms < ${leastWaitMs}
        returning quota.target
      )
      select seat.wait_ms::float8 as wait_ms, exists (select 1 from taken) as taken from seat`.execute(db);
    const seat = found.rows[0];
    if (seat) return { waitMs: seat.taken ? 0 : seat.wait_ms, taken: seat.taken };
    await addRow();
    return takeSpare(share);
  }

  async function addRow(): Promise<void> {
    await sql`insert into quota (target, pace) values (${target}, ${limit}) on conflict do nothing`.execute(db);
  }

  /** Takes the next slot: milliseconds until it, or undefined when it is too far away (then nothing is taken). */
  async function take(mostMs: number): Promise<{ waitMs: number; taken: boolean }> {
    // An erasure that goes before its turn moves the line on by one, so that the sum stays within the limit.
    const share = options.priority
      ? sql`, priority_tat = case when ${inShare} < ${inLine}
                then ${inShare} + ${interval} / ${priorityShare}::float8 else priority_tat end`
      : sql``;
    const found = await sql<{ wait_ms: number }>`
      with seat as (
        select target, extract(epoch from ${slot} - ${now}) * 1000 as wait_ms
        from quota where target = ${target} for update
      )
      update quota set tat = ${inLine} + ${interval} ${share}, pace = ${pace}, updated_at = ${now}
      from seat where quota.target = seat.target and seat.wait_ms <= ${mostMs}
      returning seat.wait_ms::float8 as wait_ms`.execute(db);
    const seat = found.rows[0];
    if (seat) return { waitMs: seat.wait_ms, taken: true };
    const far = await sql<{ wait_ms: number }>`
      select (extract(epoch from ${slot} - ${now}) * 1000)::float8 as wait_ms
      from quota where target = ${target}`.execute(db);
    if (far.rows[0]) return { waitMs: far.rows[0].wait_ms, taken: false };
    await addRow();
    return take(mostMs);
  }

  async function isPaused(): Promise<boolean> {
    const { rows } = await sql<{ paused: boolean }>`
      select coalesce(paused_until > ${now}, false) as paused from quota where target = ${target}`.execute(db);
    return rows[0]?.paused ?? false;
  }

  async function acquireSpare(share: number, signal: AbortSignal): Promise<void> {
    for (let leftMs = maxWaitMs; ; ) {
      signal.throwIfAborted();
      const { waitMs, taken } = await readable(() => takeSpare(share));
      if (taken) return;
      if (waitMs > leftMs) {
        throw new ConnectorError('wait', 'PACE_NOT_SPARE', 'The target is busy with what is owed to it.', {
          retryAfterMs: Math.ceil(waitMs),
        });
      }
      await sleep(Math.ceil(waitMs), signal);
      leftMs -= Math.ceil(waitMs);
    }
  }

  return {
    async acquire(signal) {
      if (options.spareShare !== undefined) return acquireSpare(options.spareShare, signal);
      for (let leftMs = maxWaitMs; ; ) {
        signal.throwIfAborted();
        const { waitMs, taken } = await readable(() => take(leftMs));
        if (!taken) {
          throw new ConnectorError('wait', 'PACE_WAIT', 'The target may not be called for a while.', {
            retryAfterMs: Math.ceil(waitMs),
          });
        }
        if (waitMs > 0) await sleep(Math.ceil(waitMs), signal);
        leftMs = Math.max(0, leftMs - Math.max(0, waitMs));
        signal.throwIfAborted();
        if (waitMs <= recheckAfterMs || !(await readable(isPaused))) return;
      }
    },
    async throttled(retryAfterMs) {
      // Calls that were on their way together are answered 429 together: that lowers the pace once.
      await readable(() =>
        sql`
          update quota set
            pace = case when ${paused} > ${now} then pace else greatest(${limit * leastPart}, (${pace}) * ${afterThrottle}::float8) end,
            paused_until = greatest(${paused}, ${now} + make_interval(secs => ${retryAfterMs / 1000})),
            updated_at = ${now}
          where target = ${target}`.execute(db),
      );
    },
  };
}

async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ConnectorError('retry', 'PACE_UNREADABLE', 'The pace of the target cannot be read: nothing is sent.', {
      cause,
    });
  }
}
