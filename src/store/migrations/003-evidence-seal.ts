/**
 * Evidence that cannot be changed unnoticed. Every row gets a salt; once a minute the rows that are new are sealed: a
 * salted hash of each stays in `evidence_leaf`, and `evidence_seal` holds a hash over all of them and over the seal
 * before. A row whose time is over is dropped together with its salt, so that what remains tells nothing and can still
 * be counted. The triggers keep honest programs honest; whoever can switch them off is found by `evidence verify`.
 *  members          every record of the profile at that time, as `table/guid`
 *  answered_at      when the platform's answer arrived, by the worker's clock
 *  retained_from    rows before it may be missing: the retention period had passed
 *  evidence_new     what the next seal will take in; ids alone would not do, since a lower one may be committed later
 *  mark             keyed hash of `hash`, which nobody without privacy.hashKey can make
 */
export const evidenceSeal = {
  name: '003-evidence-seal',
  sql: `
alter table evidence add column salt uuid not null default gen_random_uuid();
alter table evidence add column members text[];
alter table evidence add column answered_at timestamptz;
create index evidence_members on evidence using gin (members);
create index evidence_trigger on evidence (trigger) where trigger like 'erasure %';

create table evidence_seal (
  id bigint primary key,
  sealed_at timestamptz not null default now(),
  leaves integer not null,
  newest timestamptz not null,
  retained_from timestamptz not null,
  previous text not null,
  hash text not null,
  key_id text not null,
  mark text not null
);

create table evidence_leaf (
  evidence_id bigint primary key,
  seal_id bigint not null references evidence_seal (id),
  at timestamptz not null,
  hash bytea not null
);
create index evidence_leaf_seal on evidence_leaf (seal_id);
create index evidence_leaf_at on evidence_leaf (at);

create table evidence_new (evidence_id bigint primary key);
insert into evidence_new (evidence_id) select id from evidence;

create function evidence_arrives() returns trigger language plpgsql as $$
begin
  insert into evidence_new (evidence_id) values (new.id);
  return null;
end
$$;
create trigger evidence_arrives after insert on evidence for each row execute function evidence_arrives();

create function evidence_hash(e evidence) returns bytea language sql stable as $$
  select sha256(convert_to(e.salt::text || jsonb_build_array(e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
    e.target, e.crm_table, e.record_id, e.profile_key, to_jsonb(e.members), e.act, e.rule, e.trigger, e.outcome, e.status,
    e.request_id, to_char(e.answered_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), e.detail, e.actor,
    e.configuration)::text, 'UTF8'))
$$;

create function evidence_keeps() returns trigger language plpgsql as $$
begin
  if TG_OP = 'DELETE' and current_setting('connector.retention', true) = 'on' then
    if TG_TABLE_NAME = 'evidence_leaf' then return old; end if;
    if TG_TABLE_NAME = 'evidence' then
      if exists (select 1 from evidence_leaf l where l.evidence_id = old.id) then return old; end if;
    end if;
  end if;
  raise exception 'evidence is append-only' using errcode = 'restrict_violation';
end
$$;

create trigger evidence_keeps before update or delete on evidence for each row execute function evidence_keeps();
create trigger evidence_keeps_all before truncate on evidence for each statement execute function evidence_keeps();
create trigger evidence_leaf_keeps before update or delete on evidence_leaf for each row execute function evidence_keeps();
create trigger evidence_leaf_keeps_all before truncate on evidence_leaf for each statement execute function evidence_keeps();
create trigger evidence_seal_keeps before update on evidence_seal for each row execute function evidence_keeps();
create trigger evidence_seal_stays before delete or truncate on evidence_seal for each statement execute function evidence_keeps();

create table housekeeping (
  only_row boolean primary key default true check (only_row),
  retention_at timestamptz not null default '-infinity'
);
insert into housekeeping default values;

create index record_gone on record (gone_at) where gone_at is not null;
create index profile_nobody on profile (changed_at) where state in ('new', 'absent', 'anonymized');
create index erasure_done on erasure (completed_at) where state = 'done';
create index marketing_job_closed on marketing_job (closed_at) where closed_at is not null;
create index erasure_record_of on erasure_record (crm_table, id);
`,
};
