/**
 * The rows of the in-memory store, under the names of the tables that they stand for, and what its families share.
 * Guarantees: plain data only, so that a scheduler can copy or compare all of it (`structuredClone`). Rows are the
 * store's own: what leaves it is a copy.
 */
import type { ProfileKey, RecordRef, TableName, TargetName } from '../../../config/words.ts';
import { formatRecordRef } from '../../../config/words.ts';
import type { EvidenceLine } from '../../../src/store/evidence.ts';
import type {
  CheckpointRow,
  DeliveryRow,
  ErasureRow,
  ErasureTargetRow,
  HoldCaseRow,
  HoldRow,
  IntentRow,
  MarketingJobRow,
  ProfileRow,
  RecordRow,
  TargetStateRow,
} from '../../../src/store/tables.ts';
import type { ConfigurationState } from '../../../src/store/targets.ts';

export interface ContactKeyRow {
  readonly contact_key: string;
  readonly profile_key: ProfileKey;
  readonly added_at: number;
}

export type EvidenceRow = EvidenceLine & { readonly profile_key: string | null };

export interface Tables {
  /** The last number that was drawn, for changes and comparisons. */
  changeSeq: number;
  installation: { organization: string | null; hashKey: string | null };
  /** When somebody last looked for what can be forgotten. */
  readonly housekeeping: { retentionAt: number };
  /** In the order of their epochs. */
  readonly configurations: ConfigurationState[];
  readonly checkpoints: Map<TableName, CheckpointRow>;
  /** `table/guid` → row. */
  readonly records: Map<string, RecordRow>;
  readonly deliveries: Map<TargetName, Map<string, DeliveryRow>>;
  readonly profiles: Map<TargetName, Map<ProfileKey, ProfileRow>>;
  /** In the order in which they were added. */
  readonly contactKeys: Map<TargetName, Map<string, ContactKeyRow>>;
  /** In the order in which they were stored. */
  readonly intents: Map<string, IntentRow>;
  readonly erasures: Map<string, ErasureRow>;
  readonly erasureTargets: Map<string, Map<TargetName, ErasureTargetRow>>;
  readonly erasureRecords: Map<string, Map<string, RecordRef>>;
  readonly jobs: Map<string, MarketingJobRow>;
  /** `kind value` → reason. */
  readonly suppressions: Map<string, string>;
  /** The last number of a hold. */
  holdSeq: number;
  readonly holds: Map<number, HoldRow>;
  readonly holdCases: Map<TargetName, Map<ProfileKey, HoldCaseRow>>;
  readonly brakePasses: { readonly target: TargetName; readonly explicit: boolean; readonly at: number }[];
  readonly targetStates: Map<TargetName, TargetStateRow>;
  readonly evidence: EvidenceRow[];
}

/** What every family works on. */
export interface Room {
  readonly tables: Tables;
  /** The store's own clock, in milliseconds since 1970. */
  readonly now: () => number;
}

/** The same methods, answering at once: nothing can come between the beginning and the end of one. */
export type Synchronous<Family> = {
  readonly [Method in keyof Family]: Family[Method] extends (...given: infer Given) => Promise<infer Answer>
    ? (...given: Given) => Answer
    : never;
};

export function emptyTables(): Tables {
  return {
    changeSeq: 0,
    installation: { organization: null, hashKey: null },
    housekeeping: { retentionAt: Number.NEGATIVE_INFINITY },
    configurations: [],
    checkpoints: new Map(),
    records: new Map(),
    deliveries: new Map(),
    profiles: new Map(),
    contactKeys: new Map(),
    intents: new Map(),
    erasures: new Map(),
    erasureTargets: new Map(),
    erasureRecords: new Map(),
    jobs: new Map(),
    suppressions: new Map(),
    holdSeq: 0,
    holds: new Map(),
    holdCases: new Map(),
    brakePasses: [],
    targetStates: new Map(),
    evidence: [],
  };
}

/** The rows of one target; made at the first look. */
export function ofTarget<Key, Row>(table: Map<TargetName, Map<Key, Row>>, target: TargetName): Map<Key, Row> {
  const found = table.get(target);
  if (found) return found;
  const made = new Map<Key, Row>();
  table.set(target, made);
  return made;
}

export function newestEpoch(tables: Tables): number | undefined {
  return tables.configurations.at(-1)?.epoch;
}

interface Leased {
  lease_token: string | null;
  lease_until: Date | null;
}

export function isFree(row: Leased, now: number): boolean {
  return row.lease_until === null || row.lease_until.getTime() < now;
}

export function takeLease(row: Leased, lease: { readonly token: string; readonly seconds: number }, now: number): void {
  row.lease_token = lease.token;
  row.lease_until = new Date(now + lease.seconds * 1000);
}

export function giveBack(row: Leased): void {
  row.lease_token = null;
  row.lease_until = null;
}

export function isClaimable(row: Leased & { due_at: Date | null }, now: number): boolean {
  return row.due_at !== null && row.due_at.getTime() <= now && isFree(row, now);
}

/** Somebody is there, as far as is known. */
export function isLive(row: ProfileRow): boolean {
  return row.state === 'live' || row.state === 'reset' || row.state === 'held';
}

/** In the order of table and id. */
export function inKeyOrder<Row>(rows: readonly Row[], refOf: (row: Row) => RecordRef): Row[] {
  const named = rows.map((row) => ({ row, name: formatRecordRef(refOf(row)) }));
  return named.sort((a, b) => compareText(a.name, b.name)).map(({ row }) => row);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
