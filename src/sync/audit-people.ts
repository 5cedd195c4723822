/**
 * The people that an audit looks at, some hundred records at a time on one target. Guarantees: everybody is looked at
 * once, with all of their records; who is being worked on, parked or held is counted and not judged; a target that cannot
 * be asked is trouble of that target, and no finding. Changes nothing.
 */
import { formatRecordRef, type RecordId, type RecordRef, type TableName, type TargetName } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { Pending } from '../store/audit.ts';
import type { HeldCase } from '../store/brake.ts';
import type { Profile } from '../store/profiles.ts';
import { type Compared, compareProfile, isComparable } from './audit-compare.ts';
import type { Mendable } from './audit-repair.ts';
import type { Listing } from './audit-strangers.ts';
import { type Core, targetOf } from './core.ts';
import type { Trouble } from './full-cycle.ts';
import type { Reading } from './gather.ts';
import type { Judged } from './judge.ts';
import { unknownProfile } from './look.ts';
import { type Surveyed, surveyOn } from './survey.ts';

/** Why somebody was not judged: work is under way, an erasure is open, or the row cannot be understood. */
export type Waiting = Pending | 'erasing' | 'unreadable' | 'outside';

/** One target on its way through an audit. */
export interface Course {
  readonly target: TargetName;
  asked: number;
  optedOut: number;
  unanswered: number;
  readonly waiting: Partial<Record<Waiting, number>>;
  listing: Listing | undefined;
  trouble: Trouble | undefined;
}

export interface Run {
  readonly core: Core;
  readonly signal: AbortSignal;
  readonly found: Mendable[];
  /** `target profile` that was looked at out of its turn. */
  readonly seen: Set<string>;
}

/** A platform that cannot be asked ends its own part; Dynamics is asked inside, and its errors end everything. */
export class TargetTrouble extends Error {
  constructor(cause: unknown) {
    super('the target could not be asked', { cause });
    this.name = 'TargetTrouble';
  }
}

/** What a call of the platform throws is its trouble. */
export async function asking<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw isConnectorError(error) ? new TargetTrouble(error) : error;
  }
}

/**
 * With `outOfTurn` also a person who is not met by their first record. Throws TargetTrouble, and ConnectorError when
 * Dynamics cannot be asked.
 */
export async function auditRecords(
  run: Run,
  course: Course,
  table: TableName,
  ids: readonly RecordId[],
  readings: Map<string, Reading>,
  outOfTurn = false,
): Promise<void> {
  const { core, signal } = run;
  const { target } = course;
  const surveyed: Surveyed[] = [];
  for await (const one of surveyOn(core, target, table, ids, readings, signal)) {
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
    signal.throwIfAborted();
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
  const { core, signal, found } = run;
  const { judged } = surveyed;
  const { target } = course;
  const waiting = waitingOf(surveyed, pending, held);
  // Who waits at the brake is not to be mailed meanwhile: that much is looked at.
  const isLowered = waiting === 'held' && profile.state === 'held';
  if (waiting) course.waiting[waiting] = (course.waiting[waiting] ?? 0) + 1;
  if ((waiting && !isLowered) || !isComparable(judged)) return;
  let compared: Compared;
  try {
    compared = await compareProfile(core, target, judged, profile, signal);
  } catch (error) {
    signal.throwIfAborted();
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
  found.push({
    target,
    profile,
    action: judged.decision.action,
    refs: refsOf(core, target, judged),
    subject: erasedOf(judged) ?? surveyed.ref,
    causes,
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
