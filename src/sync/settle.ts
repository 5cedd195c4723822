/**
 * Closes erasures that every target has answered. Guarantees: the rows of all records of the person are read at that
 * moment and marked with their etags, so that only a later change in the CRM brings somebody back; what was sealed goes
 * in the same transaction; if a record is still eligible, that is said.
 */
import { formatRecordRef, type RecordRef } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import { decide } from '../rules/rules.ts';
import type { ErasureRow, ErasureTargetRow } from '../store/tables.ts';
import { mapLimit } from './concurrency.ts';
import { type Core, targetNames, targetOf } from './core.ts';
import { factsOfRow, ruleSettingsOf } from './mapping.ts';
import { dryRunSentence, isDryRun } from './pilot.ts';

/** Closes what is ready. Answers the ids of the closed erasures. */
export async function settleErasures(core: Core, signal: AbortSignal): Promise<string[]> {
  const closed: string[] = [];
  for (const erasure of await core.store.erasures.ready(100)) {
    try {
      await settle(core, erasure, signal);
      closed.push(erasure.id);
    } catch (error) {
      core.logger.warn(
        { erasure: erasure.id, err: error },
        'an erasure that every target has answered could not be closed yet',
      );
    }
  }
  return closed;
}

async function settle(core: Core, erasure: ErasureRow, signal: AbortSignal): Promise<void> {
  const refs = new Map<string, RecordRef>();
  for (const ref of await core.store.erasures.records(erasure.id)) refs.set(formatRecordRef(ref), ref);
  if (erasure.crm_table && erasure.record_id) {
    const own: RecordRef = { table: erasure.crm_table, id: erasure.record_id };
    refs.set(formatRecordRef(own), own);
  }
  const marks: { ref: RecordRef; etag: string }[] = [];
  let stillEligible = false;
  await mapLimit([...refs.values()], 4, async (ref) => {
    if (!core.settings.tables[ref.table]) return;
    const row = await core.crm.readRow(ref, signal);
    if (row === undefined) return;
    if (!('etag' in row)) throw new ConnectorError('park', row.code, row.reason);
    marks.push({ ref, etag: row.etag });
    for (const name of targetNames(core)) {
      const { settings } = targetOf(core, name);
      const table = settings.tables[ref.table];
      if (!table) continue;
      const facts = factsOfRow(table, row, { erasureOpen: false, erasedBefore: false, suppressed: false });
      if (decide(facts, ruleSettingsOf(core.settings, settings)).action === 'sync') stillEligible = true;
    }
  });
  const suppress: { kind: 'address' | 'record'; value: string }[] = [];
  if (core.settings.suppression.afterErasure) {
    for (const name of refs.keys()) suppress.push({ kind: 'record', value: name });
    const addresses: string[] = erasure.sealed ? JSON.parse(core.keyring.open(erasure.sealed)) : [];
    for (const address of addresses) suppress.push({ kind: 'address', value: core.keyring.emailKey(address) });
    if (erasure.email_key) suppress.push({ kind: 'address', value: erasure.email_key });
  }
  await core.store.erasures.close(erasure, marks, stillEligible, suppress);
  for (const name of targetNames(core)) await core.wake.apply(name);
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

export function targetSentence(core: Core, row: ErasureTargetRow): string {
  const capabilities = core.targets.get(row.target)?.platform.capabilities;
  if (row.state === 'abandoned')
    return `${row.target}: not erased: the target was taken out of the configuration; whoever is there has to be erased by hand.`;
  if (row.state === 'absent' && capabilities?.erase.reversible)
    return `${row.target}: nobody was shown there (HTTP 404 Not Found); whoever was hidden there before is not erased.`;
  if (row.state === 'absent') return `${row.target}: nobody was there (HTTP 404 Not Found); nothing had to be erased.`;
  if (row.state === 'done') {
    if (capabilities?.erase.reversible)
      return `${row.target}: not erased, only hidden; the platform can undo it (HTTP ${row.status}).`;
    const parts = [
      row.status === 404
        ? row.waiting_code === 'MANUAL'
          ? `${row.target}: erased by hand, as had to be; nobody is there any more.`
          : `${row.target}: erased; the platform's answer was lost on the way, and nobody is there any more.`
        : `${row.target}: erased (HTTP ${row.status}).`,
    ];
    if (capabilities?.erase.purgeDays)
      parts.push(`The platform purges its last copy within ${capabilities.erase.purgeDays} days.`);
    if (capabilities?.erase.vendorBackupDays)
      parts.push(`The vendor's backups may keep a copy for ${capabilities.erase.vendorBackupDays} days.`);
    for (const step of capabilities?.manualSteps ?? []) parts.push(`Left to do by hand: ${step}`);
    return parts.join(' ');
  }
  if (isDryRun(core, row.target)) return `${row.target}: not erased yet: ${dryRunSentence}.`;
  if (row.waiting_reason) return `${row.target}: not erased yet: ${row.waiting_reason}`;
  return `${row.target}: not erased yet; it is being worked on.`;
}

export const keepOutSentence =
  'The record in Dynamics can still be synchronised: its next change creates the person again. To keep them out, set Do Not Email, or deactivate the record with "anonymize when inactive" switched on.';

/**
 * What a finished erasure says: 410 when anybody was erased, 404 when nobody was there anywhere. It failed where a target
 * was given up before it answered, or only hid the person.
 */
export function erasureResult(core: Core, erasure: ErasureRow, targets: readonly ErasureTargetRow[]): ErasureResult {
  const erased = targets.some((row) => row.state === 'done');
  const lines = targets.map((row) => targetSentence(core, row));
  if (erasure.still_eligible) lines.push(keepOutSentence);
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
  let worthTelling = false;
  const lines: string[] = [];
  for (const row of targets) {
    const isPaused = row.state === 'pending' && !row.waiting_reason && (await core.store.targets.isPaused(row.target));
    const paused = isPaused ? (await core.store.targets.state(row.target)).paused_reason : null;
    if (row.state !== 'pending' || row.waiting_reason || paused || isDryRun(core, row.target)) worthTelling = true;
    lines.push(paused ? `${row.target}: not erased yet: the target is paused (${paused})` : targetSentence(core, row));
  }
  return worthTelling ? lines.join('\n') : undefined;
}
