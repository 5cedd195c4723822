/**
 * The words of the rules. Pure: imports nothing outside this folder, holds no personal data, reads no clock.
 */
export type RecordTable = 'contact' | 'lead' | 'account';

/** The few values the rules look at, read from the row as it is now. */
export interface Facts {
  readonly table: RecordTable;
  /** `deleted` only when reading the row now answered "does not exist". */
  readonly existence: 'present' | 'deleted';
  readonly address: 'valid' | 'empty' | 'malformed';
  readonly doNotEmail: boolean;
  readonly doNotBulkEmail: boolean;
  readonly state: 'active' | 'inactive' | 'qualified' | 'disqualified';
  readonly merged: boolean;
  /** The `only` filter matches, or there is none. */
  readonly inScope: boolean;
  /** An explicit erasure of this record is open. */
  readonly erasureOpen: boolean;
  /** Erased on request, and the etag is still the one read when that erasure completed. */
  readonly erasedBefore: boolean;
  /** Address or record id is on the suppression list. */
  readonly suppressed: boolean;
}

export type OutOfScopeAction = 'resetPermissions' | 'anonymize' | 'ignore';

export interface RuleSettings {
  readonly anonymizeContactWhenInactive: Readonly<Record<RecordTable, boolean>>;
  readonly whenOutOfScope: Readonly<Record<RecordTable, OutOfScopeAction>>;
}

export const actions = ['sync', 'ignore', 'resetPermissions', 'anonymize'] as const;
/** In order of strictness, weakest first. */
export type Action = (typeof actions)[number];

export type RuleName =
  | 'deleted'
  | 'erased-on-request'
  | 'erased-before'
  | 'suppressed'
  | 'no-email'
  | 'do-not-email'
  | 'inactive'
  | 'merged'
  | 'do-not-bulk-email'
  | 'out-of-scope'
  | 'inactive-kept'
  | 'eligible';

export interface Reason {
  readonly rule: RuleName;
  readonly action: Action;
  /** One sentence for people. */
  readonly sentence: string;
}

export interface Decision {
  readonly action: Action;
  readonly rule: RuleName;
  readonly reasons: readonly Reason[];
}

/** One record of a profile, with its decision. */
export interface Member {
  /** `table/guid`. */
  readonly ref: string;
  readonly table: RecordTable;
  /** ISO 8601, UTC, as Dataverse sends it; undefined for a deleted record. */
  readonly createdOn: string | undefined;
  readonly facts: Facts;
  readonly decision: Decision;
}

/** What is to be done with one profile. */
export interface ProfileDecision {
  readonly action: 'sync' | 'resetPermissions' | 'anonymize' | 'leave';
  /** The line of the combining table that matched, 1 to 7. */
  readonly line: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  /** Whose data the profile carries; undefined for anonymize and leave. */
  readonly owner: Member | undefined;
  readonly mayCreate: boolean;
  /** An explicit act (erasure or suppression): passes the brake. */
  readonly explicit: boolean;
  /** The rule that is named for it. */
  readonly rule: RuleName;
  readonly sentence: string;
}
