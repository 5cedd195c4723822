/** How everything stands. Reads only; a CRM that does not answer leaves out what only it knows. */
import type { TableName, TargetName } from '../../config/words.ts';
import type { RaisedAlarm } from '../store/alarms.ts';
import type { CheckpointMode, ProfileState } from '../store/tables.ts';
import { type Core, configuredTables } from './core.ts';
import { isCheckpointOld } from './watch.ts';

export interface TableStatus {
  readonly table: TableName;
  /** Undefined: never read. */
  readonly mode: CheckpointMode | undefined;
  /** Since the feed was last read to its end, in milliseconds. */
  readonly ageMs: number | undefined;
  readonly warning: string | undefined;
  readonly stopped: { readonly code: string; readonly reason: string } | undefined;
}

export interface TargetStatus {
  readonly target: TargetName;
  /** False for one that only the ledger knows. */
  readonly configured: boolean;
  /** `until` is undefined when an operator paused it. */
  readonly paused: { readonly code: string; readonly reason: string; readonly until: Date | undefined } | undefined;
  readonly owed: number;
  readonly oldestDueMs: number | undefined;
  readonly parked: number;
  readonly staged: number;
  readonly held: number;
  readonly erasures: number;
  readonly profiles: Readonly<Partial<Record<ProfileState, number>>>;
  /** Calls a second; undefined before the first call. */
  readonly pace: number | undefined;
  /** Nothing is sent there by configuration. */
  readonly dryRun: boolean;
  /** Only the people of a pilot are taken on. */
  readonly pilot: boolean;
}

export interface Status {
  /** Which configuration is in force, and whether it is this one. */
  readonly epoch: number;
  readonly inForce: boolean;
  /** Days after which Dataverse forgets what was deleted. */
  readonly changeTrackingDays: number | undefined;
  readonly tables: readonly TableStatus[];
  readonly targets: readonly TargetStatus[];
  readonly holds: readonly { readonly id: number; readonly target: TargetName; readonly cases: number }[];
  readonly erasures: { readonly open: number; readonly oldestMs: number | undefined };
  /** What is wrong now, oldest first. */
  readonly alarms: readonly RaisedAlarm[];
}

export async function status(core: Core, signal: AbortSignal): Promise<Status> {
  const { store } = core;
  const now = (await store.overview.now()).getTime();
  const days = await core.crm.changeTrackingDays(signal).catch(() => undefined);
  const current = await store.configurations.current();
  const erasures = await store.erasures.countOpen();
  return {
    epoch: current?.epoch ?? 0,
    inForce: current?.fingerprint === core.configuration,
    changeTrackingDays: days,
    tables: await tableStatus(core, now, days),
    targets: await targetStatus(core, now),
    holds: (await store.brake.holds())
      .filter((hold) => hold.state === 'open')
      .map(({ id, target, cases }) => ({ id, target, cases })),
    alarms: await store.alarms.raised(),
    erasures: { open: erasures.open, oldestMs: erasures.oldest ? now - erasures.oldest.getTime() : undefined },
  };
}

async function tableStatus(core: Core, now: number, days: number | undefined): Promise<TableStatus[]> {
  const rows = new Map((await core.store.checkpoints.all()).map((row) => [row.crm_table, row]));
  return configuredTables(core).map((table) => {
    const row = rows.get(table);
    const ageMs = row?.position_at ? now - row.position_at.getTime() : undefined;
    return {
      table,
      mode: row?.mode,
      ageMs,
      warning:
        ageMs !== undefined && days !== undefined && isCheckpointOld(ageMs, days)
          ? `Dataverse forgets deletions after ${days} days; half of that has passed since this table was read.`
          : undefined,
      stopped:
        row?.stopped_code === null || row === undefined
          ? undefined
          : { code: row.stopped_code, reason: row.stopped_reason ?? '' },
    };
  });
}

async function targetStatus(core: Core, now: number): Promise<TargetStatus[]> {
  const paces = new Map((await core.store.overview.paces()).map((row) => [row.target, row.pace]));
  const states = new Map((await core.store.targets.all()).map((row) => [row.target, row]));
  return (await core.store.overview.counts()).map(({ oldestDue, ...counts }) => {
    const state = states.get(counts.target);
    const until = state?.paused_until ?? null;
    const isPaused = until !== null && until.getTime() > now;
    return {
      ...counts,
      configured: core.targets.has(counts.target),
      oldestDueMs: oldestDue ? Math.max(0, now - oldestDue.getTime()) : undefined,
      pace: paces.get(counts.target),
      dryRun: core.targets.get(counts.target)?.settings.dryRun === true,
      pilot: core.targets.get(counts.target)?.settings.pilot !== undefined,
      paused: isPaused
        ? {
            code: state?.paused_code ?? 'PAUSED',
            reason: state?.paused_reason ?? '',
            until: state?.paused_by === 'operator' ? undefined : until,
          }
        : undefined,
    };
  });
}
