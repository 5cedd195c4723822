/**
 * Compares what the CRM says, what the ledger says and what the targets really hold. Guarantees: what should be there
 * comes out of the code that would write it; the targets are asked in their spare time only, within a share of their pace;
 * without `repair` nothing changes anywhere, and with it nothing but what audit-repair.ts says. Does not see a record that
 * the ledger never heard of (`reconcile` finds those), nor, where the platform cannot list, a contact that no record
 * leads to. What is owed, parked or held is told as such and not judged.
 */
import { formatRecordRef, type RecordId, type RecordRef, type TableName, type TargetName } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { Pending } from '../store/audit.ts';
import type { HeldCase } from '../store/brake.ts';
import type { Profile } from '../store/profiles.ts';
import type { Drift } from './audit-causes.ts';
import { type Compared, compareProfile, isComparable, spareOf } from './audit-compare.ts';
import { type Mendable, type Repaired, repair } from './audit-repair.ts';
import { type Listing, listStrangers } from './audit-strangers.ts';
import { type Core, configuredTables, targetNames, targetOf, targetsOf } from './core.ts';
import { type Trouble, troubleOf } from './full-cycle.ts';
import type { Reading } from './gather.ts';
import type { Judged } from './judge.ts';
import { unknownProfile } from './look.ts';
import { type Surveyed, surveyOn } from './survey.ts';

export interface AuditOptions {
  /** Records of each table that are looked at, from a random place on; everybody when left out. */
  readonly sample?: number | undefined;
  readonly repair: boolean;
  /** For the evidence of a repair. */
  readonly actor: string;
  readonly signal: AbortSignal;
  onProgress?(looked: number): void;
}

/** Why somebody was not judged: work is under way, an erasure is open, or the row cannot be understood. */
export type Waiting = Pending | 'erasing' | 'unreadable' | 'outside';

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

/** One target on its way through an audit. */
interface Course {
  readonly target: TargetName;
  asked: number;
  optedOut: number;
  unanswered: number;
  readonly waiting: Partial<Record<Waiting, number>>;
  listing: Listing | undefined;
  trouble: Trouble | undefined;
}

/** Throws ConnectorError when Dynamics cannot be asked; trouble with a target ends its part only. */
export async function audit(core: Core, options: AuditOptions): Promise<AuditReport> {
  const courses = new Map(
    targetNames(core).map((target): [TargetName, Course] => [
      target,
      { target, asked: 0, optedOut: 0, unanswered: 0, waiting: {}, listing: undefined, trouble: undefined },
    ]),
  );
  const found: Mendable[] = [];
  const drifts: Drift[] = [];
  const run: Run = { core, options, found, drifts, seen: new Set() };
  for (const course of courses.values()) await ofTarget(run, course, () => auditListing(run, course));
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
  return {
    targets: [...courses.values()].map((course) => resultOf(core, course)),
    drifts,
    repaired: options.repair ? await repair(core, found, options.actor) : undefined,
  };
}

interface Run {
  readonly core: Core;
  readonly options: AuditOptions;
  readonly found: Mendable[];
  readonly drifts: Drift[];
  /** `target profile` that was looked at out of its turn. */
  readonly seen: Set<string>;
}

/** A platform that cannot be asked ends its own part; Dynamics is asked inside, and its errors end everything. */
class TargetTrouble extends Error {
  constructor(cause: unknown) {
    super('the target could not be asked', { cause });
    this.name = 'TargetTrouble';
  }
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

/** What a call of the platform throws is its trouble. */
async function asking<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw isConnectorError(error) ? new TargetTrouble(error) : error;
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

async function auditListing(run: Run, course: Course): Promise<void> {
  const { core, options, found, drifts } = run;
  const { target } = course;
  const platform = spareOf(core, target);
  const { list } = platform;
  if (!list) return;
  const inTurn: typeof list = (after, signal) => asking(signal, () => list.call(platform, after, signal));
  const listing = await listStrangers(core, target, (after) => inTurn(after, options.signal), options.signal);
  course.listing = listing;
  const table = configuredTables(core).find((name) => targetOf(core, target).settings.tables[name]);
  if (!table) return;
  for (const id of listing.strangers) {
    const ref: RecordRef = { table, id };
    drifts.push({ target, record: id, cause: 'stranger', details: [] });
    found.push({
      target,
      profile: unknownProfile(formatRecordRef(ref) as Profile['key']),
      action: 'anonymize',
      refs: [ref],
      subject: ref,
      causes: ['stranger'],
      contactKey: id,
    });
  }
  // A sample may not meet them; without one they are met in their turn.
  if (options.sample === undefined) return;
  for (const [suspected, refs] of Map.groupBy(listing.suspects, (ref) => ref.table))
    if (targetOf(core, target).settings.tables[suspected])
      for (let at = 0; at < refs.length; at += atOnce) {
        const ids = refs.slice(at, at + atOnce).map((ref) => ref.id);
        await auditRecords(run, course, suspected, ids, new Map(), true);
      }
}

async function auditRecords(
  run: Run,
  course: Course,
  table: TableName,
  ids: readonly RecordId[],
  readings: Map<string, Reading>,
  outOfTurn = false,
): Promise<void> {
  const { core, options } = run;
  const { target } = course;
  const surveyed: Surveyed[] = [];
  for await (const one of surveyOn(core, target, table, ids, readings, options.signal)) {
    const name = `${target} ${one.judged.key}`;
    if (run.seen.has(name) || !(outOfTurn || isTurnOf(core, one))) continue;
    if (outOfTurn) run.seen.add(name);
    surveyed.push(one);
  }
  const keys = surveyed.map(({ judged }) => judged.key);
  const profiles = new Map((await core.store.profiles.peek(target, keys)).map((profile) => [profile.key, profile]));
  const refs = surveyed.flatMap(({ judged }) => judged.views.map((view) => view.ledger.ref));
  const pending = await core.store.audit.pending(target, refs);
  const cases = new Map((await core.store.brake.cases(target, keys)).map((row) => [row.profile_key, row]));
  for (const one of surveyed) {
    options.signal.throwIfAborted();
    const profile = profiles.get(one.judged.key) ?? unknownProfile(one.judged.key);
    await auditPerson(run, course, one, profile, pending, cases.get(one.judged.key));
  }
}

/** A person with several records is looked at with the first of them. */
function isTurnOf(core: Core, { ref, target, judged }: Surveyed): boolean {
  const { tables } = targetOf(core, target).settings;
  const names = judged.views.filter((view) => tables[view.ledger.ref.table]).map((view) => view.name);
  return names.sort()[0] === formatRecordRef(ref);
}

function waitingOf(
  { judged, outside }: Surveyed,
  pending: ReadonlyMap<string, Pending>,
  held: HeldCase | undefined,
): Waiting | undefined {
  if (outside) return 'outside';
  if (judged.unreadable) return 'unreadable';
  if (judged.decision.rule === 'erased-on-request') return 'erasing';
  const reasons = judged.views.map((view) => pending.get(view.name));
  return reasons.find((reason) => reason !== undefined) ?? (held ? 'held' : undefined);
}

async function auditPerson(
  run: Run,
  course: Course,
  surveyed: Surveyed,
  profile: Profile,
  pending: ReadonlyMap<string, Pending>,
  held: HeldCase | undefined,
): Promise<void> {
  const { core, options, found, drifts } = run;
  const { judged } = surveyed;
  const { target } = course;
  const waiting = waitingOf(surveyed, pending, held);
  // Who waits at the brake is not to be mailed meanwhile: that much is looked at.
  const isLowered = waiting === 'held' && profile.state === 'held';
  if (waiting) course.waiting[waiting] = (course.waiting[waiting] ?? 0) + 1;
  if ((waiting && !isLowered) || !isComparable(judged)) return;
  let compared: Compared;
  try {
    compared = await compareProfile(core, target, judged, profile, options.signal);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!isConnectorError(error)) throw error;
    if (error.kind !== 'park' && error.kind !== 'gone') throw new TargetTrouble(error);
    core.logger.warn({ target, record: formatRecordRef(surveyed.ref), code: error.code }, 'a target could not answer');
    course.unanswered += 1;
    return;
  }
  course.asked += 1;
  course.optedOut += compared.optedOut;
  const causes = isLowered ? raisedWhileHeld(compared) : compared.causes;
  if (causes.length === 0) return;
  const record = formatRecordRef(surveyed.ref);
  for (const { cause, details } of causes) drifts.push({ target, record, cause, details });
  found.push({
    target,
    profile,
    action: judged.decision.action,
    refs: refsOf(core, target, judged),
    subject: erasedOf(judged) ?? surveyed.ref,
    causes: causes.map(({ cause }) => cause),
    contactKey: compared.holding?.contactKey,
  });
}

function raisedWhileHeld({ holding }: Compared): Compared['causes'] {
  const up = Object.entries(holding?.permissions ?? {}).flatMap(([name, value]) => (value ? [name] : []));
  return up.length > 0 ? [{ cause: 'permission-up', details: up.sort() }] : [];
}

function refsOf(core: Core, target: TargetName, { views }: Judged): RecordRef[] {
  const { tables } = targetOf(core, target).settings;
  return views.map((view) => view.ledger.ref).filter((ref) => tables[ref.table]);
}

/** The record of the person that was erased on request. */
function erasedOf({ members, views }: Judged): RecordRef | undefined {
  return views.find((view) => members.get(view.name)?.decision.rule === 'erased-before')?.ledger.ref;
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
