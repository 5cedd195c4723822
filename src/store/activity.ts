/**
 * How often what happened, in buckets of five minutes, over the whole fleet: what the charts of the status page are drawn
 * from. Holds names of targets, rules and actions; nothing about a person.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from './tables.ts';

export type ActivityKind = 'action' | 'lag' | 'call' | 'throttled';

export interface Activity {
  readonly kind: ActivityKind;
  readonly target: string;
  /** `action/rule`; for `lag` the upper bound of its class in seconds, or `+Inf`; empty for calls. */
  readonly name: string;
  readonly n: number;
}

export interface BucketOfActivity extends Activity {
  readonly bucket: Date;
}

export interface ActivityBook {
  /** Adds to the bucket of this moment, by the database's clock. */
  add(rows: readonly Activity[]): Promise<void>;
  /** The buckets of the last so many hours, oldest first. */
  last(hours: number): Promise<BucketOfActivity[]>;
  /** Forgets what is older. */
  drop(hours: number): Promise<void>;
}

export const bucketMinutes = 5;

export function createActivityBook(db: Kysely<Database>): ActivityBook {
  return {
    async add(rows) {
      if (rows.length === 0) return;
      // In key order, so that two processes never wait for each other in a circle.
      await sql`insert into activity as a (bucket, kind, target, name, n)
        select date_bin(${`${bucketMinutes} minutes`}::interval, now(), 'epoch'), k, t, m, n
        from unnest(${rows.map((row) => row.kind)}::text[], ${rows.map((row) => row.target)}::text[],
          ${rows.map((row) => row.name)}::text[], ${rows.map((row) => row.n)}::bigint[]) as r (k, t, m, n)
        order by k, t, m
        on conflict (bucket, kind, target, name) do update set n = a.n + excluded.n`.execute(db);
    },

    async last(hours) {
      const result = await sql<BucketOfActivity>`select bucket, kind, target, name, n::float8 as n from activity
        where bucket > now() - ${hours} * interval '1 hour' order by bucket, kind, target, name`.execute(db);
      return result.rows;
    },

    async drop(hours) {
      await sql`delete from activity where bucket < now() - ${hours} * interval '1 hour'`.execute(db);
    },
  };
}
