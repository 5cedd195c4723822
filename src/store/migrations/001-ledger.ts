/**
 * The tables of the connector. They hold ids and keyed hashes only, never an address, a name or a vendor's text; the
 * one exception is `sealed`, which is AES-256-GCM and is emptied in the transaction that closes what needed it.
 */
export const ledger = {
  name: '001-ledger',
  sql: `
create sequence change_seq;

create table installation (
  only_row boolean primary key default true check (only_row),
  organization_id text,
  hash_key_id text,
  created_at timestamptz not null default now()
);

create table configuration (
  epoch integer primary key,
  fingerprint text not null,
  mappings jsonb not null,
  taken_at timestamptz not null default now()
);

create table checkpoint (
  crm_table text primary key,
  link text,
  mode text not null check (mode in ('initial', 'enumeration', 'delta')),
  generation integer not null default 1,
  lot text,
  full_read_done boolean not null default false,
  position_at timestamptz,
  pulled_at timestamptz,
  stopped_code text,
  stopped_reason text
);

create table record (
  crm_table text not null,
  id uuid not null,
  change_seq bigint not null,
  tombstone boolean not null default false,
  gone_at timestamptz,
  email_key text,
  seen_key text,
  seen_generation integer not null default 0,
  erased_etag text,
  erased_at timestamptz,
  last_action text,
  last_rule text,
  last_reasons jsonb,
  decided_at timestamptz,
  first_seen_at timestamptz not null default now(),
  primary key (crm_table, id)
);
create index record_email_key on record (email_key) where email_key is not null;
create index record_seen_key on record (seen_key) where seen_key is not null;

create table delivery (
  target text not null,
  crm_table text not null,
  id uuid not null,
  owed_seq bigint not null,
  done_seq bigint not null default 0,
  priority smallint not null default 2,
  due_at timestamptz,
  attempts integer not null default 0,
  parked_code text,
  parked_reason text,
  parked_at timestamptz,
  staged boolean not null default false,
  forced boolean not null default false,
  lease_token uuid,
  lease_until timestamptz,
  lot text,
  profile_key text,
  crm_bits jsonb,
  applied_at timestamptz,
  primary key (target, crm_table, id)
);
create index delivery_due on delivery (target, priority, due_at) where due_at is not null;
create index delivery_profile on delivery (target, profile_key) where profile_key is not null;
create index delivery_lot on delivery (target, lot) where lot is not null;
create index delivery_parked on delivery (target) where parked_code is not null;

create table profile (
  target text not null,
  key text not null,
  state text not null default 'new' check (state in ('new', 'absent', 'live', 'reset', 'held', 'anonymized')),
  contact_key text,
  owner text,
  data_fingerprint text,
  permission_fingerprint text,
  bits_before jsonb,
  address_dirty boolean not null default false,
  lease_token uuid,
  lease_until timestamptz,
  changed_at timestamptz not null default now(),
  primary key (target, key)
);
create index profile_state on profile (target, state);

create table contact_key (
  target text not null,
  contact_key text not null,
  profile_key text not null,
  added_at timestamptz not null default now(),
  primary key (target, contact_key)
);
create index contact_key_profile on contact_key (target, profile_key);

create table intent (
  id uuid primary key,
  target text not null,
  profile_key text not null,
  kind text not null check (kind in ('upsert', 'reset', 'restore', 'anonymize')),
  sealed text,
  bits jsonb,
  lease_token uuid not null,
  sent_at timestamptz not null default now()
);
create index intent_profile on intent (target, profile_key);

create table erasure (
  id uuid primary key,
  source text not null check (source in ('job', 'cli', 'api')),
  job_id uuid unique,
  crm_table text,
  record_id uuid,
  email_key text,
  sealed text,
  state text not null default 'open' check (state in ('open', 'done')),
  approved boolean not null default false,
  requested_at timestamptz not null default now(),
  completed_at timestamptz,
  still_eligible boolean
);
create index erasure_open_record on erasure (crm_table, record_id) where state = 'open';
create index erasure_open_key on erasure (email_key) where state = 'open';

create table erasure_target (
  erasure_id uuid not null references erasure (id) on delete cascade,
  target text not null,
  state text not null default 'pending' check (state in ('pending', 'done', 'absent')),
  status integer,
  request_id text,
  waiting_code text,
  waiting_reason text,
  attempts integer not null default 0,
  due_at timestamptz,
  lease_token uuid,
  lease_until timestamptz,
  completed_at timestamptz,
  primary key (erasure_id, target)
);
create index erasure_target_due on erasure_target (target, due_at) where due_at is not null;

create table erasure_record (
  erasure_id uuid not null references erasure (id) on delete cascade,
  crm_table text not null,
  id uuid not null,
  primary key (erasure_id, crm_table, id)
);

create table marketing_job (
  job_id uuid primary key,
  operation text not null check (operation in ('anonymizeContact', 'syncContact', 'refused')),
  crm_table text,
  record_id uuid,
  wanted_seq bigint,
  result_status text,
  result_code text,
  result_detail text,
  completed_on timestamptz,
  written_detail text,
  closed_at timestamptz,
  seen_at timestamptz not null default now()
);
create index marketing_job_open on marketing_job (seen_at) where closed_at is null;

create table suppression (
  kind text not null check (kind in ('address', 'record')),
  value text not null,
  reason text not null,
  added_at timestamptz not null default now(),
  primary key (kind, value)
);

create table hold (
  id bigint generated always as identity primary key,
  target text not null,
  lot text not null,
  reason text not null,
  state text not null default 'open' check (state in ('open', 'approved', 'rejected')),
  window_count integer not null,
  allowed integer not null,
  may_still_be_mailed boolean not null default false,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  decided_by text,
  approved_until timestamptz
);
create index hold_open on hold (target) where state = 'open';

create table hold_case (
  target text not null,
  profile_key text not null,
  hold_id bigint references hold (id),
  lot text not null,
  rule text not null,
  erasure_id uuid,
  state text not null check (state in ('staged', 'passed', 'held', 'rejected')),
  facts_key text,
  created_at timestamptz not null default now(),
  primary key (target, profile_key)
);
create index hold_case_lot on hold_case (target, lot) where state = 'staged';
create index hold_case_hold on hold_case (hold_id);

create table brake_pass (
  id bigint generated always as identity primary key,
  target text not null,
  explicit boolean not null,
  passed_at timestamptz not null default now()
);
create index brake_pass_window on brake_pass (target, explicit, passed_at);

create table target_state (
  target text primary key,
  account text,
  paused_until timestamptz,
  paused_code text,
  paused_reason text,
  paused_by text,
  failures integer not null default 0,
  remembered jsonb,
  asked_empty_at timestamptz,
  was_empty boolean
);

create table evidence (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  target text,
  crm_table text,
  record_id uuid,
  profile_key text,
  act text not null,
  rule text,
  trigger text,
  outcome text,
  status integer,
  request_id text,
  detail text,
  actor text,
  configuration text
);
create index evidence_record on evidence (crm_table, record_id);
create index evidence_profile on evidence (target, profile_key);
`,
};
