/**
 * What is done beside the work, once a minute: new evidence is sealed, notes for CRM users are written, and what has served
 * its purpose is forgotten.
 * Guarantees: safe in every process at once; stops between two steps when asked to; nothing here touches a platform. The number and hash of each seal go to the log, so that a copy is kept where the database's owner is not.
 */
import type { SealReport, Signer } from '../store/evidence-seals.ts';
import type { Core } from './core.ts';
import { writeNotes } from './notes.ts';
import { watch } from './watch.ts';

/** Rows dropped by one statement, and statements of one kind in one run. */
const atOnce = 1000;
const mostRounds = 50;
/** Seconds between two looks at what is gone or finished: those times count in days. */
const retentionEverySeconds = 3600;
/** Hours of activity that are kept: the charts show 24. */
const activityHours = 48;

export interface Kept {
  readonly sealed: number;
  readonly evidence: number;
  readonly records: number;
  readonly profiles: number;
  readonly finished: number;
}

export function signerOf({ keyring }: Pick<Core, 'keyring'>): Signer {
  return { keyId: keyring.keyId, mark: (keyId, text) => keyring.mark(keyId, text) };
}

export async function housekeeping(core: Core, signal: AbortSignal): Promise<Kept> {
  const { store, settings } = core;
  const { evidenceDays, goneDays, jobDays } = settings.retention;
  const sealed = await sealEvidence(core, evidenceDays, signal);
  const evidence = await repeat(signal, () => store.evidenceSeals.drop(atOnce));
  // Somebody else's configuration is in force, and its times are.
  const current = await store.configurations.current();
  if (current !== undefined && current.epoch !== core.epoch)
    return { sealed, evidence, records: 0, profiles: 0, finished: 0 };
  await watch(core, signal);
  const notes = await writeNotes(core, signal);
  if (notes > 0) core.logger.info({ notes }, 'notes were written to the timelines of records');
  if (!(await store.retention.isTurn(retentionEverySeconds)))
    return { sealed, evidence, records: 0, profiles: 0, finished: 0 };
  const finished = await repeat(signal, () => store.retention.dropFinished(jobDays, atOnce));
  const records = await repeat(signal, () => store.retention.dropGone(goneDays, atOnce));
  const profiles = await repeat(signal, () => store.retention.dropDeserted(goneDays, atOnce));
  await repeat(signal, () => store.retention.dropPasses(atOnce));
  await store.alarms.drop(jobDays);
  await store.activity.drop(activityHours);
  const kept: Kept = { sealed, evidence, records, profiles, finished };
  if (evidence + records + profiles + finished > 0)
    core.logger.info({ ...kept }, 'what had served its purpose is gone');
  return kept;
}

async function sealEvidence(core: Core, keepDays: number, signal: AbortSignal): Promise<number> {
  let rows = 0;
  for (let round = 0; round < mostRounds; round++) {
    signal.throwIfAborted();
    const seal = await core.store.evidenceSeals.seal(signerOf(core), keepDays);
    if (!seal) break;
    core.logger.info({ seal: seal.id, hash: seal.hash, rows: seal.rows }, 'evidence sealed');
    rows += seal.rows;
    if (!seal.more) break;
  }
  return rows;
}

/** Until nothing is left, or for this time it is enough. */
async function repeat(signal: AbortSignal, drop: () => Promise<number>): Promise<number> {
  let sum = 0;
  for (let round = 0; round < mostRounds; round++) {
    signal.throwIfAborted();
    const dropped = await drop();
    sum += dropped;
    if (dropped === 0) break;
  }
  return sum;
}

/** Whether all evidence is as it was sealed. `contains` is the hash of a seal that was kept elsewhere. */
export function verifyEvidence(core: Core, contains?: string): Promise<SealReport> {
  return core.store.evidenceSeals.verify(signerOf(core), contains);
}
