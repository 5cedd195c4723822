/**
 * The tables of `migrations/`, as types. Guarantees nothing at run time; a column that is missing here cannot be used.
 */
import type { Generated, Insertable, Selectable } from 'kysely';
import type { EmailKey, ProfileKey, RecordId, TableName, TargetName } from '../../config/words.ts';

export type Bits = Readonly<Record<string, boolean>>;
export type ProfileState = 'new' | 'absent' | 'live' | 'reset' | 'held' | 'anonymized';
export type IntentKind = 'upsert' | 'reset' | 'restore' | 'anonymize';
export type CheckpointMode = 'initial' | 'enumeration' | 'delta';

export interface Database {
  installation: {
    only_row: Generated<boolean>;
    organization_id: string | null;
    hash_key_id: string | null;
    created_at: Generated<Date>;
  };
  configuration: { epoch: number; fingerprint: string; mappings: unknown; taken_at: Generated<Date> };
  checkpoint: {
    crm_table: TableName;
    link: string | null;
    mode: CheckpointMode;
    generation: Generated<number>;
    lot: string | null;
    full_read_done: Generated<boolean>;
    position_at: Date | null;
    pulled_at: Date | null;
    stopped_code: string | null;
    stopped_reason: string | null;
  };
  record: {
    crm_table: TableName;
    id: RecordId;
    change_seq: number;
    tombstone: Generated<boolean>;
    gone_at: Date | null;
    email_key: EmailKey | null;
    seen_key: EmailKey | null;
    seen_generation: Generated<number>;
    erased_etag: string | null;
    erased_at: Date | null;
    last_action: string | null;
    last_rule: string | null;
    last_reasons: unknown | null;
    decided_at: Date | null;
    first_seen_at: Generated<Date>;
  };
  delivery: {
    target: TargetName;
    crm_table: TableName;
    id: RecordId;
    owed_seq: number;
    done_seq: Generated<number>;
    priority: Generated<number>;
    due_at: Date | null;
    attempts: Generated<number>;
    parked_code: string | null;
    parked_reason: string | null;
    parked_at: Date | null;
    staged: Generated<boolean>;
    forced: Generated<boolean>;
    lease_token: string | null;
    lease_until: Date | null;
    lot: string | null;
    profile_key: ProfileKey | null;
    crm_bits: Bits | null;
    applied_at: Date | null;
  };
  profile: {
    target: TargetName;
    key: ProfileKey;
    state: Generated<ProfileState>;
    contact_key: string | null;
    owner: string | null;
    data_fingerprint: string | null;
    permission_fingerprint: string | null;
    bits_before: Bits | null;
    address_dirty: Generated<boolean>;
    lease_token: string | null;
    lease_until: Date | null;
    changed_at: Generated<Date>;
  };
  contact_key: { target: TargetName; contact_key: string; profile_key: ProfileKey; added_at: Generated<Date> };
  intent: {
    id: string;
    target: TargetName;
    profile_key: ProfileKey;
    kind: IntentKind;
    sealed: string | null;
    bits: Bits | null;
    lease_token: string;
    sent_at: Generated<Date>;
  };
  erasure: {
    id: string;
    source: 'job' | 'cli' | 'api';
    job_id: string | null;
    crm_table: TableName | null;
    record_id: RecordId | null;
    email_key: EmailKey | null;
    sealed: string | null;
    state: Generated<'open' | 'done'>;
    approved: Generated<boolean>;
    requested_at: Generated<Date>;
    completed_at: Date | null;
    still_eligible: boolean | null;
  };
  erasure_target: {
    erasure_id: string;
    target: TargetName;
    state: Generated<'pending' | 'done' | 'absent' | 'abandoned'>;
    status: number | null;
    request_id: string | null;
    waiting_code: string | null;
    waiting_reason: string | null;
    attempts: Generated<number>;
    due_at: Date | null;
    lease_token: string | null;
    lease_until: Date | null;
    completed_at: Date | null;
  };
  erasure_record: { erasure_id: string; crm_table: TableName; id: RecordId };
  marketing_job: {
    job_id: string;
    operation: 'anonymizeContact' | 'syncContact' | 'refused';
    crm_table: TableName | null;
    record_id: RecordId | null;
    wanted_seq: number | null;
    result_status: 'succeeded' | 'failed' | null;
    result_code: string | null;
    result_detail: string | null;
    completed_on: Date | null;
    written_detail: string | null;
    closed_at: Date | null;
    seen_at: Generated<Date>;
  };
  record_note: {
    crm_table: TableName;
    id: RecordId;
    shown: string | null;
    due_at: Date | null;
    due_seq: Generated<number>;
    attempts: Generated<number>;
    lease_token: string | null;
    lease_until: Date | null;
    looked_at: Generated<Date>;
  };
  suppression: { kind: 'address' | 'record'; value: string; reason: string; added_at: Generated<Date> };
  hold: {
    id: Generated<number>;
    target: TargetName;
    lot: string;
    reason: string;
    state: Generated<'open' | 'approved' | 'rejected'>;
    window_count: number;
    allowed: number;
    may_still_be_mailed: Generated<boolean>;
    created_at: Generated<Date>;
    decided_at: Date | null;
    decided_by: string | null;
    approved_until: Date | null;
  };
  hold_case: {
    target: TargetName;
    profile_key: ProfileKey;
    hold_id: number | null;
    lot: string;
    rule: string;
    erasure_id: string | null;
    state: 'staged' | 'passed' | 'held' | 'rejected';
    facts_key: string | null;
    created_at: Generated<Date>;
  };
  brake_pass: { id: Generated<number>; target: TargetName; explicit: boolean; passed_at: Generated<Date> };
  quota: { target: string; tat: Date; pace: number; paused_until: Date | null; updated_at: Generated<Date> };
  target_state: {
    target: TargetName;
    account: string | null;
    paused_until: Date | null;
    paused_code: string | null;
    paused_reason: string | null;
    paused_by: 'self' | 'operator' | null;
    failures: Generated<number>;
    remembered: unknown | null;
    asked_empty_at: Date | null;
    was_empty: boolean | null;
  };
  alarm: {
    id: Generated<number>;
    alarm: string;
    subject: string;
    code: string;
    message: string;
    raised_at: Generated<Date>;
    cleared_at: Date | null;
    raised_told_at: Date | null;
    cleared_told_at: Date | null;
  };
  evidence: {
    id: Generated<number>;
    at: Generated<Date>;
    target: TargetName | null;
    crm_table: TableName | null;
    record_id: RecordId | null;
    profile_key: string | null;
    act: string;
    rule: string | null;
    trigger: string | null;
    outcome: string | null;
    status: number | null;
    request_id: string | null;
    detail: string | null;
    actor: string | null;
    configuration: string | null;
    salt: Generated<string>;
    /** Every record of the profile at that time, as `table/guid`. */
    members: Generated<readonly string[] | null>;
    /** When the platform's answer arrived, by the worker's clock. */
    answered_at: Generated<Date | null>;
  };
}

export type RecordRow = Selectable<Database['record']>;
export type DeliveryRow = Selectable<Database['delivery']>;
export type ProfileRow = Selectable<Database['profile']>;
export type IntentRow = Selectable<Database['intent']>;
export type ErasureRow = Selectable<Database['erasure']>;
export type ErasureTargetRow = Selectable<Database['erasure_target']>;
export type CheckpointRow = Selectable<Database['checkpoint']>;
export type HoldRow = Selectable<Database['hold']>;
export type HoldCaseRow = Selectable<Database['hold_case']>;
export type MarketingJobRow = Selectable<Database['marketing_job']>;
export type TargetStateRow = Selectable<Database['target_state']>;
export type NewEvidence = Insertable<Database['evidence']>;
