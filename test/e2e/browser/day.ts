/** A day in the life of a small ledger: what the pictures and the browser tests look at. */
import type { World } from '../../../fixtures/simulators/world.ts';
import { bucketMinutes } from '../../../src/store/activity.ts';
import { addJob, addPeople, edit, remove, spoil } from '../../support/crm-people.ts';
import type { Worker } from '../../support/worker.ts';

export interface Day {
  /** Id of the hold that is open. */
  readonly held: number;
  /** A record that is parked, one that a rule excludes, and one that is in sync. */
  readonly failing: string;
  readonly excluded: string;
  readonly fine: string;
}

/** People come, opt out, are refused, are erased; then more are deleted than the brake lets pass. */
export async function aDay(world: World, worker: Worker): Promise<Day> {
  const people = addPeople(world, 60);
  await worker.settle();
  const [fine, optedOut, broken, erased, ...others] = people;
  edit(world, optedOut!, { donotbulkemail: true });
  spoil(world, broken!, { emailaddress1: 7 });
  addJob(world, 'anonymize', erased!);
  await worker.settle();
  for (const person of others.slice(0, 40)) remove(world, person);
  await worker.settle();
  const [hold] = await worker.core.store.brake.holds();
  if (!hold) throw new Error('the brake held nothing');
  const name = (person: { table: string; id: string }): string => `${person.table}/${person.id}`;
  return { held: hold.id, failing: name(broken!), excluded: name(optedOut!), fine: name(fine!) };
}

/** What a fleet would have counted over the last 24 hours. The same figures every time. */
export async function believableDay(worker: Worker): Promise<void> {
  const rows: [number, string, string, number][] = [];
  for (let ago = 1; ago < (24 * 60) / bucketMinutes; ago++) {
    const busy = 1 + Math.sin(((ago + 40) / 288) * 2 * Math.PI) + (ago % 7) / 7;
    const n = (share: number): number => Math.round(busy * share);
    rows.push([ago, 'action', 'sync/eligible', n(22)], [ago, 'action', 'resetPermissions/do-not-bulk-email', n(3)]);
    rows.push([ago, 'action', 'anonymize/deleted', n(1.2)], [ago, 'action', 'anonymize/do-not-email', n(0.6)]);
    rows.push([ago, 'action', 'sync/inactive-kept', n(2)], [ago, 'call', '', n(9)]);
    rows.push(
      [ago, 'lag', '2', n(3)],
      [ago, 'lag', '10', n(18)],
      [ago, 'lag', '15', n(6)],
      [ago, 'lag', ago % 50 < 6 ? '60' : '15', n(3)],
    );
    if (ago % 41 < 3) rows.push([ago, 'throttled', '', 2]);
  }
  await worker.query(
    `insert into activity (bucket, kind, target, name, n)
     select date_bin('${bucketMinutes} minutes', now(), 'epoch') - a * interval '${bucketMinutes} minutes', k, 'main', m, n
     from unnest($1::int[], $2::text[], $3::text[], $4::int[]) as r (a, k, m, n) where n > 0
     on conflict do nothing`,
    [
      rows.map(([ago]) => ago),
      rows.map(([, kind]) => kind),
      rows.map(([, , name]) => name),
      rows.map(([, , , n]) => n),
    ],
  );
}
