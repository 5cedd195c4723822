/**
 *  quota.spare_tat  when the next call of what can wait (the audit) may be sent, if nobody else wants to send then
 */
export const sparePace = {
  name: '006-spare-pace',
  sql: `
alter table quota add column spare_tat timestamptz not null default now();
`,
};
