/**
 * What the use cases are given. Clock, random numbers and ids are passed in, so that a test decides them; nothing in
 * this folder keeps state between two calls.
 */
import type { Logger } from 'pino';
import type { Settings, TableSettings, TargetSettings } from '../../config/settings.ts';
import type { EmailKey, RecordRef, TableName, TargetName } from '../../config/words.ts';
import type { Crm } from '../dataverse/crm.ts';
import type { Platform } from '../platforms/platform.ts';
import type { AlarmMessage } from '../store/alarms.ts';
import type { Lease } from '../store/deliveries.ts';
import type { Store } from '../store/store.ts';
import type { Finished } from './complete.ts';
import type { Meter } from './meter.ts';
import type { Wake } from './use-cases.ts';

/** Keyed hashing and sealing; the key never leaves it. */
export interface Keyring {
  /** HMAC-SHA-256 of the normalised address. */
  emailKey(address: string): EmailKey;
  /** Keyed hash over the value in canonical form. */
  fingerprint(value: unknown): string;
  seal(text: string): string;
  open(sealed: string): string;
  readonly keyId: string;
  /** Ids and hashes of the keys that were used before, newest first. */
  readonly formerKeyIds: readonly string[];
  formerEmailKeys(address: string): EmailKey[];
  /** For the seals of the evidence; undefined when that key is not listed. */
  mark(keyId: string, text: string): string | undefined;
}

/** Tells people who are not looking; raised once per cause and cleared once. Neither method throws. */
export interface Alarms {
  raise(alarm: string, subject: string, code: string, message: string): Promise<void>;
  clear(alarm: string, subject: string): Promise<void>;
}

/** Told what was decided and brought to its end, in full; for rehearsals. It must not fail, and changes nothing. */
export type NoteFinished = (target: TargetName, finished: readonly Finished[]) => void;

export interface Target {
  readonly settings: TargetSettings;
  readonly platform: Platform;
  /** The same account, allowed the share of the pace that is reserved for erasures. */
  readonly urgent: Platform;
  /** The same account, asked only while nobody else wants to, and within a share of the pace. Left out: the first one. */
  readonly spare?: Platform;
}

export interface Core {
  readonly settings: Settings;
  readonly store: Store;
  readonly crm: Crm;
  readonly targets: ReadonlyMap<TargetName, Target>;
  readonly keyring: Keyring;
  readonly wake: Wake;
  readonly alarms: Alarms;
  /** Tells one alarm to whoever was configured; throws when it was not taken. Left out: nobody is told. */
  readonly tellAlarm?: (message: AlarmMessage, signal: AbortSignal) => Promise<void>;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Milliseconds since 1970; for durations inside the process only, the database's clock decides about leases. */
  readonly now: () => number;
  readonly uuid: () => string;
  /** The configuration epoch this process works for. */
  readonly epoch: number;
  readonly configuration: string;
  readonly noteFinished?: NoteFinished;
}

export function targetNames(core: Core): TargetName[] {
  return [...core.targets.keys()];
}

/** What a target's ledger was made with: another account, or another way of telling people apart, is another target. */
export function accountOf(platform: Pick<Platform, 'account'>, settings: Pick<TargetSettings, 'identity'>): string {
  return `${platform.account} identity=${settings.identity}`;
}

/** The targets that a table goes to. */
export function targetsOf(core: Core, table: TableName): TargetName[] {
  return [...core.targets.values()].filter((t) => t.settings.tables[table] !== undefined).map((t) => t.settings.name);
}

export function configuredTables(core: Core): TableName[] {
  return (Object.keys(core.settings.tables) as TableName[]).filter(
    (table) => core.settings.tables[table] !== undefined,
  );
}

export function targetOf(core: Core, name: TargetName): Target {
  const target = core.targets.get(name);
  if (!target) throw new Error(`target ${name} is not configured`);
  return target;
}

export function tableOf(target: TargetSettings, ref: RecordRef): TableSettings | undefined {
  return target.tables[ref.table];
}

export function newLease(core: Core, target: TargetName): Lease {
  return { target, token: core.uuid(), seconds: core.settings.worker.leaseSeconds };
}
