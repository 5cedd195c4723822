/** Forgets what has served its purpose; as src/store/retention.ts. */
import { formatRecordRef, type ProfileKey, type TargetName } from '../../../config/words.ts';
import type { Retention } from '../../../src/store/retention.ts';
import type { DeliveryRow, ProfileRow, RecordRow } from '../../../src/store/tables.ts';
import { ofTarget, type Room, type Synchronous } from './tables.ts';

const dayMs = 24 * 3_600_000;
/** Days that a window of the brake looks back to at most, and one. */
const passDays = 31;

export function memoryRetention(room: Room): Synchronous<Retention> {
  const { tables } = room;
  const isOld = (at: Date | null, days: number): boolean => at !== null && at.getTime() < room.now() - days * dayMs;
  const isOpen = (id: string): boolean => tables.erasures.get(id)?.state === 'open';
  const keysOf = (row: RecordRow): string[] => [row.email_key, row.seen_key].filter((key) => key !== null);
  const allDeliveries = (): DeliveryRow[] => [...tables.deliveries.values()].flatMap((rows) => [...rows.values()]);
  const nameOf = (row: DeliveryRow | RecordRow): string => formatRecordRef({ table: row.crm_table, id: row.id });

  function isQuiet(profile: ProfileRow, days: number): boolean {
    const { target, key, state } = profile;
    const held = ofTarget(tables.holdCases, target).get(key);
    return (
      (state === 'new' || state === 'absent' || state === 'anonymized') &&
      isOld(profile.changed_at, days) &&
      (profile.lease_until === null || profile.lease_until.getTime() < room.now()) &&
      ![...tables.intents.values()].some((intent) => intent.target === target && intent.profile_key === key) &&
      !(held && (held.state === 'staged' || held.state === 'held' || held.erasure_id !== null)) &&
      ![...tables.erasures.values()].some((e) => e.state === 'open' && (e.email_key as string | null) === key)
    );
  }

  function isFinished(row: DeliveryRow): boolean {
    const isLeased = row.lease_until !== null && row.lease_until.getTime() > room.now();
    return row.due_at === null && !row.staged && row.parked_code === null && row.done_seq >= row.owed_seq && !isLeased;
  }

  function isNamedByOpenWork(row: RecordRow): boolean {
    const name = nameOf(row);
    const isSame = (other: { crm_table: string | null; record_id: string | null }): boolean =>
      other.crm_table === row.crm_table && other.record_id === row.id;
    return (
      [...tables.erasures.values()].some(
        (e) => e.state === 'open' && (isSame(e) || (e.email_key !== null && keysOf(row).includes(e.email_key))),
      ) ||
      [...tables.erasureRecords].some(([id, members]) => members.has(name) && isOpen(id)) ||
      [...tables.jobs.values()].some((job) => job.closed_at === null && isSame(job))
    );
  }

  function isForgettable(row: RecordRow, days: number): boolean {
    if (!isOld(row.gone_at, days) || isNamedByOpenWork(row)) return false;
    const isGone = (other: RecordRow | undefined): boolean => other === undefined || isOld(other.gone_at, days);
    const own = allDeliveries().filter((delivery) => nameOf(delivery) === nameOf(row));
    const isAlone = [...tables.records.values()].every(
      (other) => isGone(other) || !keysOf(other).some((key) => keysOf(row).includes(key)),
    );
    return (
      isAlone &&
      own.every((delivery) => {
        if (!isFinished(delivery)) return false;
        if (delivery.profile_key === null) return true;
        const profile = ofTarget(tables.profiles, delivery.target).get(delivery.profile_key);
        const siblings = [...ofTarget(tables.deliveries, delivery.target).values()].filter(
          (other) => other.profile_key === delivery.profile_key,
        );
        const areGone = siblings.every((other) => isGone(tables.records.get(nameOf(other))));
        return areGone && (profile === undefined || isQuiet(profile, days));
      })
    );
  }

  function isDeserted(profile: ProfileRow): boolean {
    const { target, key } = profile;
    if ([...ofTarget(tables.deliveries, target).values()].some((row) => row.profile_key === key)) return false;
    return ![...tables.records].some(([name, row]) => name === key || keysOf(row).includes(key));
  }

  function dropProfile({ target, key }: { target: TargetName; key: ProfileKey }): void {
    const ids = ofTarget(tables.contactKeys, target);
    for (const [id, row] of ids) if (row.profile_key === key) ids.delete(id);
    ofTarget(tables.holdCases, target).delete(key);
    ofTarget(tables.profiles, target).delete(key);
  }

  return {
    isTurn(everySeconds) {
      if (tables.housekeeping.retentionAt > room.now() - everySeconds * 1000) return false;
      tables.housekeeping.retentionAt = room.now();
      return true;
    },

    dropGone(days, limit) {
      const rows = [...tables.records.values()].filter((row) => isForgettable(row, days));
      rows.sort((a, b) => Number(a.gone_at) - Number(b.gone_at));
      const dropped = rows.slice(0, limit);
      const names = new Set(dropped.map(nameOf));
      const left = allDeliveries().filter((row) => names.has(nameOf(row)));
      for (const name of names) {
        tables.records.delete(name);
        for (const deliveries of tables.deliveries.values()) deliveries.delete(name);
      }
      for (const { target, profile_key } of left) {
        const profile = profile_key === null ? undefined : ofTarget(tables.profiles, target).get(profile_key);
        if (profile && isQuiet(profile, days) && isDeserted(profile)) dropProfile(profile);
      }
      return dropped.length;
    },

    dropDeserted(days, limit) {
      const profiles = [...tables.profiles.values()].flatMap((rows) => [...rows.values()]);
      const dropped = profiles.filter((profile) => isQuiet(profile, days) && isDeserted(profile));
      dropped.sort((a, b) => a.changed_at.getTime() - b.changed_at.getTime());
      for (const profile of dropped.slice(0, limit)) dropProfile(profile);
      return Math.min(dropped.length, limit);
    },

    dropFinished(days, limit) {
      const jobs = [...tables.jobs.values()].filter((job) => isOld(job.closed_at, days)).slice(0, limit);
      for (const job of jobs) tables.jobs.delete(job.job_id);
      const isAwaited = (jobId: string | null): boolean => jobId !== null && tables.jobs.get(jobId)?.closed_at === null;
      const erasures = [...tables.erasures.values()]
        .filter((row) => row.state === 'done' && isOld(row.completed_at, days) && !isAwaited(row.job_id))
        .slice(0, limit);
      for (const { id } of erasures) {
        tables.erasures.delete(id);
        tables.erasureTargets.delete(id);
        tables.erasureRecords.delete(id);
      }
      const cases = [...tables.holdCases.values()].flatMap((rows) => [...rows.values()]);
      const holds = [...tables.holds.values()]
        .filter((hold) => hold.state !== 'open' && isOld(hold.decided_at, days))
        .filter((hold) => !cases.some((row) => row.hold_id === hold.id))
        .slice(0, limit);
      for (const { id } of holds) tables.holds.delete(id);
      return jobs.length + erasures.length + holds.length;
    },

    dropPasses(limit) {
      const from = room.now() - passDays * dayMs;
      const old = tables.brakePasses.filter((pass) => pass.at < from).slice(0, limit);
      for (const pass of old) tables.brakePasses.splice(tables.brakePasses.indexOf(pass), 1);
      return old.length;
    },
  };
}
