/** Waits until the workers owe nobody anything. Guarantees: `true` only when every feed was read to its end afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Crm } from './crm.ts';
import type { Postgres } from './services.ts';

export interface Owed {
  readonly deliveries: number;
  readonly staged: number;
  readonly erasures: number;
  readonly jobs: number;
  /** Tables whose feed was not read to its end since. */
  readonly behind: number;
}

export async function owedNow(postgres: Postgres, since: Date): Promise<Owed> {
  const rows = await postgres.query<Record<keyof Owed, number>>(
    `select (select count(*)::int from delivery where due_at is not null) as deliveries,
      (select count(*)::int from delivery where staged) as staged,
      (select count(*)::int from erasure where state = 'open') as erasures,
      (select count(*)::int from marketing_job where closed_at is null) as jobs,
      (select 3 - count(*)::int from checkpoint
         where mode = 'delta' and full_read_done and position_at > $1) as behind`,
    [since],
  );
  return rows[0] as Owed;
}

function isNothing(owed: Owed): boolean {
  return Object.values(owed).every((count) => count === 0);
}

/** Answers what is still owed when the time (milliseconds since 1970) is over; undefined when nothing is. */
export async function waitUntilNothingIsOwed(options: {
  readonly postgres: Postgres;
  readonly crm: Crm;
  readonly until: number;
  readonly note: (text: string) => void;
}): Promise<Owed | undefined> {
  const { postgres, crm, note } = options;
  const [clock] = await postgres.query<{ now: Date }>('select clock_timestamp() as now');
  const since = clock?.now ?? new Date();
  let calm = 0;
  let said = 0;
  for (;;) {
    await crm.followJobs();
    const owed = await owedNow(postgres, since);
    calm = isNothing(owed) ? calm + 1 : 0;
    // Twice, some seconds apart: what one completion owes again is seen.
    if (calm >= 3) return undefined;
    if (Date.now() > options.until) return owed;
    if (Date.now() - said > 5000) {
      said = Date.now();
      note(`owed: ${JSON.stringify(owed)}`);
    }
    await delay(calm > 0 ? 1500 : 500);
  }
}
