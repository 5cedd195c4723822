/**
 * Once a minute: alarms about what no single piece of work notices, the end of alarms whose cause went away elsewhere, and
 * the messages of both to whoever was configured to be told. Guarantees: safe in every process at once; a message that
 * was not taken is sent again the next minute, in order; nothing here touches a platform.
 */
import type { TableName, TargetName } from '../../config/words.ts';
import type { RaisedAlarm } from '../store/alarms.ts';
import { type Core, configuredTables } from './core.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Younger checkpoints are not worth asking Dataverse how old they may become: it is days. */
const youngMs = 6 * hourMs;
/** Messages sent in one run. */
const mostMessages = 100;

/** True when more than half of the time has passed after which Dataverse forgets deletions. */
export function isCheckpointOld(ageMs: number, changeTrackingDays: number): boolean {
  return ageMs > (changeTrackingDays * dayMs) / 2;
}

export async function watch(core: Core, signal: AbortSignal): Promise<void> {
  const now = (await core.store.overview.now()).getTime();
  await watchCheckpoints(core, now, signal);
  await watchErasures(core, now);
  for (const alarm of await core.store.alarms.raised()) {
    if (await isOver(core, alarm)) await core.alarms.clear(alarm.alarm, alarm.subject);
  }
  await tell(core, signal);
}

async function watchCheckpoints(core: Core, now: number, signal: AbortSignal): Promise<void> {
  const tables = configuredTables(core);
  const ages = (await core.store.checkpoints.all()).flatMap((row) =>
    row.position_at && tables.includes(row.crm_table)
      ? [{ table: row.crm_table, ageMs: now - row.position_at.getTime() }]
      : [],
  );
  const isWorthAsking = ages.some(({ ageMs }) => ageMs > youngMs);
  const days = isWorthAsking ? await core.crm.changeTrackingDays(signal).catch(() => undefined) : undefined;
  for (const { table, ageMs } of ages) {
    if (days !== undefined && isCheckpointOld(ageMs, days)) {
      await core.alarms.raise(
        'checkpoint-old',
        table,
        'CHECKPOINT_OLD',
        `the feed of ${table} was not read to its end for half of the ${days} days after which Dataverse forgets deletions`,
      );
    } else if (days !== undefined || ageMs <= youngMs) await core.alarms.clear('checkpoint-old', table);
  }
}

async function watchErasures(core: Core, now: number): Promise<void> {
  const { oldest } = await core.store.erasures.countOpen();
  if (oldest && now - oldest.getTime() > dayMs) {
    await core.alarms.raise(
      'erasure-old',
      'erasures',
      'ERASURE_OLD',
      'an erasure that was asked for is open for more than a day; the law gives 30 (connector status, connector explain)',
    );
  } else await core.alarms.clear('erasure-old', 'erasures');
}

/** Whether the cause is gone although nobody who works on it will say so. */
async function isOver(core: Core, { alarm, subject }: RaisedAlarm): Promise<boolean> {
  const { store } = core;
  switch (alarm) {
    case 'brake':
      return !(await store.brake.holds()).some((hold) => hold.target === subject && hold.state === 'open');
    case 'target-paused': {
      if (!core.targets.has(subject as TargetName)) return true;
      const state = await store.targets.state(subject as TargetName);
      return state.failures === 0 && state.paused_by !== 'self';
    }
    case 'checkpoint-old':
    case 'feed-position-lost':
    case 'address-hidden':
      return !configuredTables(core).includes(subject as TableName);
    case 'table-stopped': {
      if (!configuredTables(core).includes(subject as TableName)) return true;
      return ((await store.checkpoints.read(subject as TableName))?.stopped_code ?? null) === null;
    }
    case 'job-table':
      return core.settings.marketingJobs === undefined;
    case 'notes':
      return core.settings.notes === undefined;
    case 'job-waiting':
      return ((await store.jobs.get(subject))?.closed_at ?? true) !== null;
    case 'erasure-waiting': {
      const [id = '', target] = subject.split('/');
      const part = (await store.erasures.targets(id)).find((row) => row.target === target);
      return part?.state !== 'pending';
    }
    default:
      return false;
  }
}

async function tell(core: Core, signal: AbortSignal): Promise<void> {
  const { alarms } = core.store;
  if (!core.tellAlarm) {
    await alarms.tellNobody();
    return;
  }
  for (const message of await alarms.untold(mostMessages)) {
    signal.throwIfAborted();
    try {
      await core.tellAlarm(message, signal);
    } catch (error) {
      signal.throwIfAborted();
      core.logger.warn({ err: error }, 'an alarm could not be told to the webhook; it is told again in a minute');
      return;
    }
    await alarms.told(message);
  }
}
