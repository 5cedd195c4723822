/**
 * One row per target: how fast the whole fleet may call it.
 *  tat           when the next call of the line may be sent
 *  priority_tat  when the next call of the share that is kept for erasures may be sent
 *  pace          calls a second now; lowered by a 429, climbs back
 *  paused_until  nobody sends before
 */
export const quotaSql = `
create table quota (
  target text primary key,
  tat timestamptz not null default now(),
  priority_tat timestamptz not null default now(),
  pace double precision not null check (pace > 0),
  paused_until timestamptz,
  updated_at timestamptz not null default now()
);
`;
