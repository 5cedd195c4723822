/**
 * What is decided now for records of which nothing is owed. Guarantees: comes through the same code as `apply` (hints,
 * rows as they are now, viewOf, judge); takes no lease and changes nothing. Says what is decided, not what would be sent:
 * for who is not owed that is nothing.
 */

import type { TargetName } from '../../config/words.ts';
import { formatRecordRef, type ProfileKey, type RecordId, type RecordRef, type TableName } from '../../config/words.ts';
import type { LedgerMember } from '../store/deliveries.ts';
import { type Core, targetOf, targetsOf } from './core.ts';
import { hintedKeys, type Reading, readRecords, type View, viewOf } from './gather.ts';
import { circumstancesOf, type Judged, judge } from './judge.ts';
import { belongs } from './moves.ts';
import { outsiders } from './pilot.ts';

export interface Surveyed {
  readonly ref: RecordRef;
  readonly target: TargetName;
  readonly judged: Judged;
  /** Not in the target's pilot: nothing would be sent, whatever is decided. */
  readonly outside: boolean;
}

/** Records that are looked at together. */
const atOnce = 500;
/** Above every number of a comparison: every record that is not known to be gone is older. */
const everyGeneration = 2_147_483_647;

/** Every record of a table that the ledger knows and that is not gone, on each target of the table; at most `limit`. */
export async function* surveyTable(
  core: Core,
  table: TableName,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Surveyed> {
  let after: RecordId | undefined;
  for (let left = limit; left > 0; ) {
    signal.throwIfAborted();
    const ids = await core.store.records.unseen(table, everyGeneration, Math.min(left, atOnce), after);
    if (ids.length === 0) return;
    const readings = new Map<string, Reading>();
    for (const target of targetsOf(core, table)) yield* surveyOn(core, target, table, ids, readings, signal);
    after = ids.at(-1);
    left -= ids.length;
  }
}

/** These records on one target. `readings` are the rows that were read already; what is read now is added. */
export async function* surveyOn(
  core: Core,
  target: TargetName,
  table: TableName,
  ids: readonly RecordId[],
  readings: Map<string, Reading>,
  signal: AbortSignal,
): AsyncGenerator<Surveyed> {
  const { identity } = targetOf(core, target).settings;
  const refs = ids.map((id): RecordRef => ({ table, id }));
  const views = new Map<string, View>();
  const looked = new Set<ProfileKey>();

  async function add(keys: readonly ProfileKey[]): Promise<void> {
    for (const key of keys) looked.add(key);
    const found: LedgerMember[] = await core.store.deliveries.peek(target, keys, refs);
    const fresh = found.filter((member) => !views.has(formatRecordRef(member.ref)));
    const unread = fresh.filter((member) => !readings.has(formatRecordRef(member.ref)));
    for (const [name, reading] of await readRecords(core, unread, signal)) readings.set(name, reading);
    for (const member of fresh) {
      const reading = readings.get(formatRecordRef(member.ref));
      if (reading) views.set(formatRecordRef(member.ref), viewOf(core, identity, member, reading));
    }
  }

  const members = await core.store.deliveries.peek(target, [], refs);
  await add([...new Set(members.flatMap((member) => hintedKeys(identity, member)))]);
  const surprises = [...views.values()].map((view) => view.key).filter((key) => !looked.has(key));
  if (surprises.length > 0) await add([...new Set(surprises)]);

  const circumstance = await circumstancesOf(core, [...views.values()]);
  const byKey = Map.groupBy(views.values(), (view) => view.key);
  const judgements = new Map<ProfileKey, Judged>();
  const outside = await outsidersAmong(core, target, [...views.values()]);
  for (const ref of refs) {
    const own = views.get(formatRecordRef(ref));
    if (!own) continue;
    const others = (byKey.get(own.key) ?? []).filter((view) => view === own || belongs(view));
    const judged = judgements.get(own.key) ?? judge(core, target, own.key, others, circumstance);
    // Who only was there does not belong to the others' profile, and is judged with them all the same.
    if (belongs(own)) judgements.set(own.key, judged);
    yield { ref, target, judged, outside: outside.has(own) };
  }
}

async function outsidersAmong(core: Core, target: TargetName, views: readonly View[]): Promise<ReadonlySet<View>> {
  const { settings } = targetOf(core, target);
  if (!settings.pilot) return new Set();
  const keys = views.flatMap(({ key, ledger }) => [key, ledger.profileKey, ledger.sentKey]);
  const known = [...new Set(keys.filter((key) => key !== undefined))] as ProfileKey[];
  const profiles = await core.store.profiles.peek(target, known);
  return outsiders(settings, views, new Map(profiles.map((profile) => [profile.key, profile])));
}
