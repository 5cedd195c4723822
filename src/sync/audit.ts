/**
 * Compares what the CRM says, what the ledger says and what the targets really hold. Guarantees: what should be there
 * comes out of the code that would write it; the targets are asked in their spare time only, within a share of their pace;
 * what only was not applied yet is no drift: before anything is told the feeds are read to their ends. Beyond that nothing
 * changes without `repair`, and with it nothing but what audit-repair.ts says. Does not see a record that
 * the ledger never heard of (`reconcile` finds those), nor, where the platform cannot list, a contact that no record
 * leads to. What is owed, parked or held is told as such and not judged.
 */
import { formatRecordRef, type RecordId, type RecordRef, type TableName, type TargetName } from '../../config/words.ts';
import type { Profile } from '../store/profiles.ts';
import type { Drift } from './audit-causes.ts';
import { spareOf } from './audit-compare.ts';
import { asking, auditRecords, type Course, type Run, TargetTrouble, type Waiting } from './audit-people.ts';
import { type Mendable, type Repaired, repair, stillSo } from './audit-repair.ts';
import { type Listing, listStrangers } from './audit-strangers.ts';
import { type Core, configuredTables, targetNames, targetOf, targetsOf } from './core.ts';
import { type Trouble, troubleOf } from './full-cycle.ts';
import type { Reading } from './gather.ts';
import { unknownProfile } from './look.ts';
import { pullEverything } from './pull.ts';

export interface AuditOptions {
  /** Records of each table that are looked at, from a random place on; everybody when left out. */
  readonly sample?: number | undefined;
  readonly repair: boolean;
  /** For the evidence of a repair. */
  readonly actor: string;
  readonly signal: AbortSignal;
  onProgress?(looked: number): void;
}

export interface AuditedTarget {
  readonly target: TargetName;
  readonly platform: string;
  /** People the target was asked about. */
  readonly asked: number;
  readonly waiting: { readonly [reason in Waiting]?: number };
  /** Permissions that the CRM grants and that are down there: theirs to decide, and no drift. */
  readonly optedOut: number;
  /** People about whom the target could not answer. */
  readonly unanswered: number;
  /** Whether data was compared, besides presence and permissions. */
  readonly comparesData: boolean;
  /** Undefined where the platform cannot list its contacts. */
  readonly listing: Pick<Listing, 'listed' | 'foreign' | 'unsure'> | undefined;
  /** Why the audit of this target ended early. */
  readonly trouble: Trouble | undefined;
}

export interface AuditReport {
  readonly targets: readonly AuditedTarget[];
  readonly drifts: readonly Drift[];
  /** Undefined where nothing was to be repaired. */
  readonly repaired: Repaired | undefined;
}

/** Records that are looked at together: one bulk read. */
const atOnce = 500;

/** Throws ConnectorError when Dynamics cannot be asked; trouble with a target ends its part only. */
export async function audit(core: Core, options: AuditOptions): Promise<AuditReport> {
  const courses = new Map(
    targetNames(core).map((target): [TargetName, Course] => [
      target,
      { target, asked: 0, optedOut: 0, unanswered: 0, waiting: {}, listing: undefined, trouble: undefined },
    ]),
  );
  const run: Run = { core, signal: options.signal, found: [], seen: new Set() };
  for (const course of courses.values())
    await ofTarget(run, course, () => auditListing(run, course, options.sample !== undefined));
  for (const table of configuredTables(core)) {
    for await (const ids of chunksOf(core, table, options.sample)) {
      const readings = new Map<string, Reading>();
      for (const target of targetsOf(core, table)) {
        const course = courses.get(target);
        if (course) await ofTarget(run, course, () => auditRecords(run, course, table, ids, readings));
      }
      options.onProgress?.([...courses.values()].reduce((sum, { asked }) => sum + asked, 0));
    }
  }
  const found = await certain(run, courses);
  return {
    targets: [...courses.values()].map((course) => resultOf(core, course)),
    drifts: found.flatMap(driftsOf),
    repaired: options.repair ? await repair(core, found, options.actor) : undefined,
  };
}

/** What is found may be news that nobody has read yet, or somebody's work of this moment: those are owed and no drift. */
async function certain(run: Run, courses: ReadonlyMap<TargetName, Course>): Promise<Mendable[]> {
  if (run.found.length === 0) return [];
  await pullEverything(run.core, run.signal);
  const found: Mendable[] = [];
  for (const [target, items] of Map.groupBy(run.found, (item) => item.target)) {
    const still = await stillSo(run.core, target, items);
    const waiting = courses.get(target)?.waiting;
    if (waiting && still.length < items.length) waiting.owed = (waiting.owed ?? 0) + items.length - still.length;
    found.push(...still);
  }
  return found;
}

function driftsOf({ target, subject, causes }: Mendable): Drift[] {
  return causes.map(({ cause, details }) => {
    const record = cause === 'stranger' ? subject.id : formatRecordRef(subject);
    return { target, record, cause, details };
  });
}

async function ofTarget(run: Run, course: Course, work: () => Promise<void>): Promise<void> {
  if (course.trouble) return;
  if (await run.core.store.targets.isPaused(course.target)) {
    const state = await run.core.store.targets.state(course.target);
    course.trouble = {
      code: state.paused_code ?? 'PAUSED',
      message: state.paused_reason ?? 'the target is paused',
    };
    return;
  }
  try {
    await work();
  } catch (error) {
    if (!(error instanceof TargetTrouble)) throw error;
    course.trouble = troubleOf(error.cause);
  }
}

/** Ids of a table, in their order from a random place on, once round. */
async function* chunksOf(core: Core, table: TableName, sample: number | undefined): AsyncGenerator<RecordId[]> {
  const start = sample === undefined ? undefined : (core.uuid() as RecordId);
  let left = sample ?? Number.POSITIVE_INFINITY;
  for (const [from, until] of start === undefined
    ? [[undefined, undefined]]
    : [
        [start, undefined],
        [undefined, start],
      ]) {
    let after = from;
    while (left > 0) {
      const page = await core.store.audit.page(table, after, Math.min(left, atOnce));
      const ids = until === undefined ? page : page.filter((id) => id <= until);
      if (ids.length === 0) break;
      yield ids;
      left -= ids.length;
      after = ids.at(-1);
    }
  }
}

/** In a sample nobody may meet those who came back: they are looked at here. Else they are met in their turn. */
async function auditListing(run: Run, course: Course, isSample: boolean): Promise<void> {
  const { core, signal, found } = run;
  const { target } = course;
  const platform = spareOf(core, target);
  const { list } = platform;
  if (!list) return;
  const page = (after: string | undefined) => asking(signal, () => list.call(platform, after, signal));
  const listing = await listStrangers(core, target, page, signal);
  course.listing = listing;
  const table = configuredTables(core).find((name) => targetOf(core, target).settings.tables[name]);
  if (!table) return;
  for (const id of listing.strangers) {
    const ref: RecordRef = { table, id };
    found.push({
      target,
      profile: unknownProfile(formatRecordRef(ref) as Profile['key']),
      action: 'anonymize',
      refs: [ref],
      subject: ref,
      causes: [{ cause: 'stranger', details: [] }],
      contactKey: id,
    });
  }
  if (!isSample) return;
  for (const [suspected, refs] of Map.groupBy(listing.suspects, (ref) => ref.table))
    if (targetOf(core, target).settings.tables[suspected])
      for (let at = 0; at < refs.length; at += atOnce) {
        const ids = refs.slice(at, at + atOnce).map((ref) => ref.id);
        await auditRecords(run, course, suspected, ids, new Map(), true);
      }
}

function resultOf(core: Core, course: Course): AuditedTarget {
  const { target, listing } = course;
  const platform = spareOf(core, target);
  return {
    target,
    platform: targetOf(core, target).settings.platform,
    asked: course.asked,
    waiting: course.waiting,
    optedOut: course.optedOut,
    unanswered: course.unanswered,
    comparesData: platform.read !== undefined && platform.differences !== undefined,
    listing: listing && { listed: listing.listed, foreign: listing.foreign, unsure: listing.unsure },
    trouble: course.trouble,
  };
}
