/**
 * Which records have a note of ours on their timeline in Dynamics, and which are to get one. A row goes with its record.
 *  shown      keyed fingerprint of what the note says; null until it was written once
 *  due_at     when it is to be looked at again; null: it says what is so
 *  due_seq    counts the reasons to look again, so that none is lost while somebody writes
 *  looked_at  when the note was last compared with the ledger
 */
export const recordNotes = {
  name: '007-record-notes',
  sql: `
create table record_note (
  crm_table text not null,
  id uuid not null,
  shown text,
  due_at timestamptz,
  due_seq bigint not null default 1,
  attempts integer not null default 0,
  lease_token uuid,
  lease_until timestamptz,
  looked_at timestamptz not null default now(),
  primary key (crm_table, id),
  foreign key (crm_table, id) references record (crm_table, id) on delete cascade
);
create index record_note_due on record_note (due_at) where due_at is not null;
create index record_note_looked on record_note (looked_at) where due_at is null;
`,
};
