/**
 * Tells CRM users, who have no command line, how a person stands: one note on the record's timeline. Guarantees: no row of
 * a synchronised table is written to, so that no change comes of it; a note is written only when what it says has changed,
 * so that even an environment in which notes touch their records comes to rest; whoever is being erased, or was, gets no
 * note between the last look at the row and its next change, which would bring the person back. Holds ids, flags and our
 * own sentences, nothing of the row.
 */
import { formatRecordRef, type RecordRef } from '../../config/words.ts';
import { type ConnectorError, isConnectorError } from '../http/errors.ts';
import type { RuleName } from '../rules/facts.ts';
import type { NoteClaim, NoteLease, NoteTarget, Standing } from '../store/record-notes.ts';
import { backoffMs } from './batch.ts';
import { mapLimit } from './concurrency.ts';
import { type Core, targetNames } from './core.ts';
import { isDryRun } from './pilot.ts';
import { type JobTexts, textsOf } from './texts/index.ts';

/** Notes that are taken up, and written, at once. */
const atOnce = 100;
const callsAtOnce = 4;
/** Seconds after which a note is compared with the ledger although nobody said that it had changed, and so many a run. */
const staleSeconds = 3600;
const staleAtOnce = 500;
/** Failures after which an erasure is closed without a word on the record. */
const erasurePatience = 2;

type WriteNote = NonNullable<Core['crm']['writeNote']>;

/** How long a note that is being written may still land, and somewhat more: nobody else begins before. */
function newNoteLease(core: Core): NoteLease {
  return { token: core.uuid(), seconds: Math.ceil(core.settings.dataverse.callTimeoutSeconds * 3) + 60 };
}

/** Writes what is due, up to `notes.perMinute`. Answers how many notes were written. */
export async function writeNotes(core: Core, signal: AbortSignal): Promise<number> {
  const { notes } = core.settings;
  const write = core.crm.writeNote?.bind(core.crm);
  if (!notes || !write) return 0;
  await core.store.recordNotes.oweStale(staleSeconds, staleAtOnce);
  let written = 0;
  while (written < notes.perMinute) {
    signal.throwIfAborted();
    const lease = newNoteLease(core);
    const claims = await core.store.recordNotes.claim(lease, Math.min(atOnce, notes.perMinute - written));
    if (claims.length === 0) break;
    const outcome = await writeClaimed(core, write, lease, claims, signal);
    written += outcome.written;
    if (outcome.stop) break;
  }
  return written;
}

async function writeClaimed(
  core: Core,
  write: WriteNote,
  lease: NoteLease,
  claims: readonly NoteClaim[],
  signal: AbortSignal,
): Promise<{ written: number; stop: boolean }> {
  const { recordNotes } = core.store;
  const refs = claims.map(({ ref }) => ref);
  const standings = new Map((await recordNotes.standings(refs)).map((row) => [formatRecordRef(row.ref), row]));
  let written = 0;
  let stop = false;
  await mapLimit(claims, callsAtOnce, async (claim) => {
    const standing = standings.get(formatRecordRef(claim.ref));
    const note = standing && noteOf(core, standing, claim.shown !== undefined);
    const fingerprint = note && core.keyring.fingerprint(note.says);
    if (!note || fingerprint === claim.shown) return recordNotes.done(lease, [{ claim, shown: undefined }]);
    if (stop || signal.aborted) return recordNotes.putBack(lease, [claim], 0, false);
    try {
      const said = { subject: note.subject, text: `${note.says}\n${note.at}` };
      const answer = await write(claim.ref, said, claim.shown !== undefined, signal);
      if (answer === 'gone') return recordNotes.drop(lease, [claim.ref]);
      written += 1;
      await recordNotes.done(lease, [{ claim, shown: fingerprint }]);
      await core.alarms.clear('notes', 'dataverse');
    } catch (error) {
      if (!isConnectorError(error)) throw error;
      stop ||= await failNote(core, lease, claim, error);
    }
    return undefined;
  });
  return { written, stop };
}

/** Answers whether the others would fail likewise. */
async function failNote(core: Core, lease: NoteLease, claim: NoteClaim, error: ConnectorError): Promise<boolean> {
  const record = formatRecordRef(claim.ref);
  core.logger.warn({ record, code: error.code, err: error }, 'a note could not be written; it is tried again');
  if (error.kind === 'config') await core.alarms.raise('notes', 'dataverse', error.code, error.message);
  const inMs = Math.max(error.retryAfterMs ?? 0, 60_000, backoffMs(claim.attempts));
  await core.store.recordNotes.putBack(lease, [claim], inMs, mayStillLand(error));
  return error.kind === 'config' || error.kind === 'wait' || error.kind === 'retry';
}

function mayStillLand(error: ConnectorError): boolean {
  return error.kind === 'retry';
}

/**
 * The last word on the records of somebody who was erased, before their rows are read for the mark. Answers false when
 * the erasure has to wait because a note of one of them may still be on its way.
 */
export async function noteErasure(
  core: Core,
  refs: readonly RecordRef[],
  lines: string,
  signal: AbortSignal,
): Promise<boolean> {
  const write = core.crm.writeNote?.bind(core.crm);
  if (!core.settings.notes || !write || refs.length === 0) return true;
  const { recordNotes } = core.store;
  const lease = newNoteLease(core);
  const claims = await recordNotes.lease(lease, refs);
  if (!claims) return false;
  const { note } = textsOf(core.settings);
  const says = `${note.erased}\n${lines}`;
  let isOver = true;
  for (const claim of claims) {
    if (claim.attempts >= erasurePatience) {
      await recordNotes.done(lease, [{ claim, shown: undefined }]);
      continue;
    }
    try {
      const said = { subject: note.subject, text: `${says}\n${note.written(timeOf(core))}` };
      const answer = await write(claim.ref, said, claim.shown !== undefined, signal);
      if (answer === 'gone') await recordNotes.drop(lease, [claim.ref]);
      else await recordNotes.done(lease, [{ claim, shown: core.keyring.fingerprint(says) }]);
    } catch (error) {
      if (!isConnectorError(error)) throw error;
      core.logger.warn(
        { record: formatRecordRef(claim.ref), code: error.code, err: error },
        'a note of an erasure could not be written',
      );
      if (mayStillLand(error)) isOver = false;
      await recordNotes.putBack(lease, [claim], 0, mayStillLand(error));
    }
  }
  return isOver;
}

interface Telling {
  readonly subject: string;
  readonly says: string;
  /** Told too, and no news by itself. */
  readonly at: string;
}

/** Undefined when there is nothing to tell. */
function noteOf(core: Core, standing: Standing, wasWritten: boolean): Telling | undefined {
  const texts = textsOf(core.settings);
  const { note } = texts;
  const written = { subject: note.subject, at: note.written(timeOf(core)) };
  const { decision } = standing;
  // A merger takes notes along: what this one says is then read on another record.
  if (decision?.rule === 'merged') return wasWritten ? { ...written, says: note.merged } : undefined;
  const configured = new Set(targetNames(core));
  const targets = standing.targets.filter(({ target }) => configured.has(target));
  const lines = targets.map((row) => lineOf(core, row, texts));
  if (!decision && targets.every(({ parked }) => !parked)) return undefined;
  if (decision) lines.unshift(decisionOf(decision, texts));
  if (targets.some(({ shared }) => shared)) lines.push(note.shared);
  return { ...written, says: lines.join('\n') };
}

function decisionOf({ action, rule }: { action: string; rule: string }, { sync, note }: JobTexts): string {
  const named = (sync.actions as Readonly<Record<string, string>>)[action] ?? action;
  return note.decided(named, note.rules[rule as RuleName] ?? '', rule);
}

function lineOf(core: Core, { target, state, parked, held }: NoteTarget, { note, sync, waiting }: JobTexts): string {
  if (parked) return note.parked(target, parked.reason, parked.code);
  if (held) return note.held(target);
  if (state !== undefined) return note.states[state](target);
  return isDryRun(core, target) ? sync.nothingSent(target, waiting.dryRun) : note.notYet(target);
}

/** To the minute. */
function timeOf(core: Core): string {
  return `${new Date(core.now()).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
