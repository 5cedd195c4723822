/**
 * What people look at who do not follow the log.
 *  alarm       one row for each time that something was wrong; the open ones are what is wrong now
 *  *_told_at   when the configured webhook took the message
 *  activity    how often what happened, in buckets of five minutes: enough for charts of a day, nothing about a person
 */
export const alarmsAndActivity = {
  name: '005-alarms-and-activity',
  sql: `
create table alarm (
  id bigint generated always as identity primary key,
  alarm text not null,
  subject text not null,
  code text not null,
  message text not null,
  raised_at timestamptz not null default now(),
  cleared_at timestamptz,
  raised_told_at timestamptz,
  cleared_told_at timestamptz
);
create unique index alarm_raised on alarm (alarm, subject) where cleared_at is null;

create table activity (
  bucket timestamptz not null,
  kind text not null check (kind in ('action', 'lag', 'call', 'throttled')),
  target text not null,
  name text not null,
  n bigint not null,
  primary key (bucket, kind, target, name)
);
`,
};
