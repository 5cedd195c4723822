/**
 * Asking for an erasure, and staying until it is done. Guarantees: what was asked for is stored before anything is done
 * about it, so that it is owed whatever happens to this process; an address is stored sealed, and only when no record
 * has it; nobody is erased for an address that they no longer have.
 */
import { type EmailKey, formatRecordRef, Personal, type RecordRef, type TargetName } from '../../config/words.ts';
import type { ErasureRow, ErasureTargetRow } from '../store/tables.ts';
import { type Core, configuredTables, targetNames } from './core.ts';
import { applyErasures } from './erase.ts';
import { isDryRun } from './pilot.ts';
import { settleErasures } from './settle.ts';

export interface RequestedErasure {
  readonly id: string;
  /** Undefined when the erasure is for an address that no record has. */
  readonly ref: RecordRef | undefined;
}

export async function requestErasure(core: Core, ref: RecordRef, actor: string): Promise<RequestedErasure> {
  const id = core.uuid();
  const erasure = { id, source: 'cli' as const, jobId: null, ref, emailKey: null, sealed: null, actor };
  await core.store.erasures.open(erasure, targetNames(core));
  await wakeTargets(core);
  return { id, ref };
}

/** One erasure for each record that has the address, or had it last; else one for the address itself. */
export async function requestErasureOfAddress(
  core: Core,
  address: string,
  actor: string,
  signal: AbortSignal,
): Promise<RequestedErasure[]> {
  const key = core.keyring.emailKey(address);
  const refs = await recordsWith(core, address, key, signal);
  if (refs.length > 0) {
    const requested: RequestedErasure[] = [];
    for (const ref of refs) requested.push(await requestErasure(core, ref, actor));
    return requested;
  }
  const id = core.uuid();
  const sealed = core.keyring.seal(JSON.stringify([address]));
  const erasure = { id, source: 'cli' as const, jobId: null, ref: null, emailKey: key, sealed, actor };
  await core.store.erasures.open(erasure, targetNames(core));
  await wakeTargets(core);
  return [{ id, ref: undefined }];
}

async function recordsWith(core: Core, address: string, key: EmailKey, signal: AbortSignal): Promise<RecordRef[]> {
  const found = new Map<string, RecordRef>();
  for (const ref of await core.crm.findByAddress(new Personal(address), signal)) found.set(formatRecordRef(ref), ref);
  for (const ref of await core.store.records.byEmailKey([key])) {
    if (found.has(formatRecordRef(ref)) || !configuredTables(core).includes(ref.table)) continue;
    // What the ledger remembers may be old: somebody who has another address by now was not asked for.
    const row = await core.crm.readRow(ref, signal);
    const present = row !== undefined && 'etag' in row ? row.email.reveal()?.trim() : undefined;
    if (!present || core.keyring.emailKey(present) === key) found.set(formatRecordRef(ref), ref);
  }
  return [...found.values()];
}

async function wakeTargets(core: Core): Promise<void> {
  for (const name of targetNames(core)) await core.wake.apply(name);
}

export interface ErasureProgress {
  readonly erasure: ErasureRow;
  readonly targets: readonly ErasureTargetRow[];
}

export interface FinishOptions {
  readonly signal: AbortSignal;
  /** Milliseconds without any target answering after which the rest is left to the workers. */
  readonly patienceMs: number;
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** Works on the erasures until every target has answered, or nothing can be done about the rest soon. */
export async function finishErasures(
  core: Core,
  ids: readonly string[],
  options: FinishOptions,
): Promise<ErasureProgress[]> {
  const { signal, patienceMs } = options;
  let movedAt = core.now();
  let last = Number.POSITIVE_INFINITY;
  for (;;) {
    signal.throwIfAborted();
    let claimed = 0;
    for (const name of targetNames(core)) {
      if (!(await core.store.targets.isPaused(name))) claimed += await applyErasures(core, name, signal);
    }
    await settleErasures(core, signal);
    const progress = await progressOf(core, ids);
    const open = progress.filter(({ erasure }) => erasure.state === 'open');
    if (open.length === 0) return progress;
    const pending = open
      .flatMap(({ targets }) => targets)
      .filter((row) => row.state === 'pending' && !isDryRun(core, row.target));
    // What is left waits for a person who ends the dry run.
    if (pending.length === 0 && open.every(({ targets }) => targets.some((row) => row.state === 'pending')))
      return progress;
    if (open.length + pending.length < last) movedAt = core.now();
    last = open.length + pending.length;
    const dueInMs = await nextDue(core, pending);
    if (core.now() - movedAt + dueInMs > patienceMs) return progress;
    if (claimed === 0 || dueInMs > 0) await options.sleep(Math.min(Math.max(dueInMs, 50), 1000), signal);
  }
}

async function progressOf(core: Core, ids: readonly string[]): Promise<ErasureProgress[]> {
  const progress: ErasureProgress[] = [];
  for (const id of ids) {
    const erasure = await core.store.erasures.get(id);
    if (erasure) progress.push({ erasure, targets: await core.store.erasures.targets(id) });
  }
  return progress;
}

/** Milliseconds until the first of these can be tried. */
async function nextDue(core: Core, pending: readonly ErasureTargetRow[]): Promise<number> {
  if (pending.length === 0) return 0;
  const now = (await core.store.overview.now()).getTime();
  const pauses = new Map<TargetName, number>();
  for (const { target } of pending) {
    if (!pauses.has(target)) pauses.set(target, (await core.store.overview.owed(target)).pausedForMs);
  }
  return Math.min(
    ...pending.map((row) => Math.max(0, (row.due_at?.getTime() ?? now) - now, pauses.get(row.target) ?? 0)),
  );
}
