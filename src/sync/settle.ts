/**
 * Closes erasures that every target has answered. Guarantees: the rows of all records of the person are read at that
 * moment and marked with their etags, so that only a later change in the CRM brings somebody back; what was sealed goes
 * in the same transaction; if a record is still eligible, that is said. CRM users read it in the language of the jobs,
 * the command line in English; what an adapter says of its platform is English in both.
 */
import { formatRecordRef, type RecordRef, type TargetName } from '../../config/words.ts';
import type { Row } from '../dataverse/crm.ts';
import { ConnectorError } from '../http/errors.ts';
import { decide } from '../rules/rules.ts';
import type { ErasureRow, ErasureTargetRow } from '../store/tables.ts';
import { outsidePilotCode } from '../store/targets.ts';
import { mapLimit } from './concurrency.ts';
import { type Core, targetNames, targetOf } from './core.ts';
import { factsOfRow, ruleSettingsOf } from './mapping.ts';
import { noteErasure } from './notes.ts';
import { isDryRun } from './pilot.ts';
import { stillThere } from './still-there.ts';
import { english, type JobTexts, textsOf } from './texts/index.ts';

/** Closes what is ready. Answers the ids of the closed erasures. */
export async function settleErasures(core: Core, signal: AbortSignal): Promise<string[]> {
  const closed: string[] = [];
  for (const erasure of await core.store.erasures.ready(100)) {
    try {
      if (await settle(core, erasure, signal)) closed.push(erasure.id);
    } catch (error) {
      core.logger.warn(
        { erasure: erasure.id, err: error },
        'an erasure that every target has answered could not be closed yet',
      );
    }
  }
  return closed;
}

/** Answers false when it has to wait for a moment. */
async function settle(core: Core, erasure: ErasureRow, signal: AbortSignal): Promise<boolean> {
  const refs = new Map<string, RecordRef>();
  for (const ref of await core.store.erasures.records(erasure.id)) refs.set(formatRecordRef(ref), ref);
  if (erasure.crm_table && erasure.record_id) {
    const own: RecordRef = { table: erasure.crm_table, id: erasure.record_id };
    refs.set(formatRecordRef(own), own);
  }
  const parts = await core.store.erasures.targets(erasure.id);
  const { detail } = erasureResult(core, erasure, parts);
  if (!(await noteErasure(core, [...refs.values()], detail, signal))) return false;
  const marks: { ref: RecordRef; etag: string }[] = [];
  let own: Row | undefined;
  let stillEligible = false;
  await mapLimit([...refs.values()], 4, async (ref) => {
    if (!core.settings.tables[ref.table]) return;
    const row = await core.crm.readRow(ref, signal);
    if (row === undefined) return;
    if (!('etag' in row)) throw new ConnectorError('park', row.code, row.reason);
    marks.push({ ref, etag: row.etag });
    if (ref.table === erasure.crm_table && ref.id === erasure.record_id) own = row;
    for (const name of targetNames(core)) {
      const { settings } = targetOf(core, name);
      const table = settings.tables[ref.table];
      if (!table) continue;
      const facts = factsOfRow(table, row, { erasureOpen: false, erasedBefore: false, suppressed: false });
      if (decide(facts, ruleSettingsOf(core.settings, settings)).action === 'sync') stillEligible = true;
    }
  });
  const again = await stillThere(core, erasure, parts, own);
  if (again.length > 0) {
    core.logger.info(
      { erasure: erasure.id, targets: again },
      'an erased person has come to an address that is there; erased once more',
    );
    await core.store.erasures.reopen(erasure.id, again);
    for (const name of again) await core.wake.apply(name);
    return false;
  }
  const suppress: { kind: 'address' | 'record'; value: string }[] = [];
  if (core.settings.suppression.afterErasure) {
    for (const name of refs.keys()) suppress.push({ kind: 'record', value: name });
    const addresses: string[] = erasure.sealed ? JSON.parse(core.keyring.open(erasure.sealed)) : [];
    for (const address of addresses) suppress.push({ kind: 'address', value: core.keyring.emailKey(address) });
    if (erasure.email_key) suppress.push({ kind: 'address', value: erasure.email_key });
  }
  await core.store.erasures.close(erasure, marks, stillEligible, suppress);
  for (const name of targetNames(core)) await core.wake.apply(name);
  return true;
}

/** Whether the target says done and can undo it: that is no erasure. */
export function isOnlyHidden(core: Core, row: ErasureTargetRow): boolean {
  return row.state === 'done' && core.targets.get(row.target)?.platform.capabilities.erase.reversible === true;
}

export interface ErasureResult {
  readonly status: 'succeeded' | 'failed';
  readonly code: string;
  readonly detail: string;
}

/** One line about what a target says. @param texts English for the command line; the language of the jobs for CRM users */
export function targetSentence(core: Core, row: ErasureTargetRow, { erasure, waiting }: JobTexts = english): string {
  const { target } = row;
  const capabilities = core.targets.get(target)?.platform.capabilities;
  if (row.state === 'abandoned') return erasure.abandoned(target);
  if (row.state === 'absent')
    return capabilities?.erase.reversible ? erasure.absentOrHidden(target) : erasure.absent(target);
  if (row.state === 'done') {
    if (capabilities?.erase.reversible) return erasure.onlyHidden(target, row.status);
    const parts = [
      row.status === 404
        ? row.waiting_code === 'MANUAL'
          ? erasure.erasedByHand(target)
          : erasure.erasedAnswerLost(target)
        : erasure.erased(target, row.status),
    ];
    if (capabilities?.erase.purgeDays) parts.push(erasure.purgedWithin(capabilities.erase.purgeDays));
    if (capabilities?.erase.vendorBackupDays) parts.push(erasure.vendorBackups(capabilities.erase.vendorBackupDays));
    for (const step of capabilities?.manualSteps ?? []) parts.push(erasure.leftToDo(step));
    return parts.join(' ');
  }
  if (isDryRun(core, target)) return erasure.notYet(target, `${waiting.dryRun}.`);
  if (row.waiting_reason) return erasure.notYet(target, waitingReason(core, row, row.waiting_reason, waiting));
  return erasure.atWork(target);
}

/** What the connector itself waits for has a text of its own; what the platform's adapter said is passed on. */
function waitingReason(core: Core, row: ErasureTargetRow, said: string, waiting: JobTexts['waiting']): string {
  switch (row.waiting_code) {
    case 'EXPLICIT_LIMIT':
      return waiting.explicitLimit(core.settings.brake.maxExplicitPerHour);
    case 'EXPLICIT_REJECTED':
      return waiting.explicitRejected;
    case 'BLOCKED_BY_CRM':
      return waiting.blockedByCrm(core.settings.erasure.blockWhen?.column ?? '');
    case 'LATE_EFFECT':
      return waiting.lateEffect;
    case 'UNEXPECTED':
    case 'LEASE_LOST':
      return waiting.unexpected;
    case outsidePilotCode:
      return waiting.outsidePilot;
    default:
      return said;
  }
}

export const keepOutSentence = english.erasure.keepOut;

/**
 * What a finished erasure says: 410 when anybody was erased, 404 when nobody was there anywhere. It failed where a target
 * was given up before it answered, or only hid the person.
 */
export function erasureResult(core: Core, erasure: ErasureRow, targets: readonly ErasureTargetRow[]): ErasureResult {
  const erased = targets.some((row) => row.state === 'done');
  const texts = textsOf(core.settings);
  const lines = targets.map((row) => targetSentence(core, row, texts));
  if (erasure.still_eligible) lines.push(texts.erasure.keepOut);
  if (targets.some((row) => row.state === 'abandoned'))
    return { status: 'failed', code: 'TARGET_ABANDONED', detail: lines.join('\n') };
  if (targets.some((row) => isOnlyHidden(core, row)))
    return { status: 'failed', code: 'NOT_ERASED', detail: lines.join('\n') };
  return { status: 'succeeded', code: erased ? 'HTTP 410 Gone' : 'HTTP 404 Not Found', detail: lines.join('\n') };
}

/**
 * What can be said of an erasure that is not finished: a line per target, a paused one with its reason. Undefined while
 * there is nothing worth telling.
 */
export async function progressDetail(core: Core, targets: readonly ErasureTargetRow[]): Promise<string | undefined> {
  const texts = textsOf(core.settings);
  let worthTelling = false;
  const lines: string[] = [];
  for (const row of targets) {
    const isPaused = row.state === 'pending' && !row.waiting_reason && (await core.store.targets.isPaused(row.target));
    const paused = isPaused ? await pausedReason(core, row.target, texts) : null;
    if (row.state !== 'pending' || row.waiting_reason || paused || isDryRun(core, row.target)) worthTelling = true;
    lines.push(
      paused ? texts.erasure.notYet(row.target, texts.erasure.paused(paused)) : targetSentence(core, row, texts),
    );
  }
  return worthTelling ? lines.join('\n') : undefined;
}

async function pausedReason(core: Core, target: TargetName, { waiting }: JobTexts): Promise<string | null> {
  const { paused_code: code, paused_reason: reason } = await core.store.targets.state(target);
  return code === 'PAUSED_BY_OPERATOR' ? waiting.pausedByOperator : reason;
}
