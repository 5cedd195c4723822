/**
 * The composition root: a configuration in, running parts out. Guarantees: everything that was opened is closed again,
 * in the order that lets work finish, also when opening failed half-way. The only place that knows every room.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { fingerprintSettings, mappingFingerprints } from '../config/fingerprint.ts';
import type { Settings, TargetSettings } from '../config/settings.ts';
import type { TargetName } from '../config/words.ts';
import { jobs } from '../jobs/index.ts';
import { openClock } from './clock.ts';
import { type ClosableCrm, createCrm } from './dataverse/index.ts';
import type { Pace } from './http/pace.ts';
import { createWebhookOut } from './http/webhook-out.ts';
import { type OpenPlatform, platforms } from './platforms/registry.ts';
import { createQueues, type Queues } from './queue/queues.ts';
import { normaliseAddress } from './rules/address.ts';
import { createMetrics, type Metrics } from './server/metrics.ts';
import { type OpenDatabase, openDatabase } from './store/database.ts';
import { createKeyring } from './store/email-key.ts';
import { migrate } from './store/migrate.ts';
import { migrations } from './store/migrations/index.ts';
import { createPace, type PaceOptions } from './store/quota.ts';
import { createStore, type Store } from './store/store.ts';
import type { MappingFingerprints } from './store/targets.ts';
import { createAlarms } from './sync/alarms.ts';
import { apply } from './sync/apply.ts';
import { scheduledAudit } from './sync/audit-schedule.ts';
import { checkIdentities, takeConfiguration } from './sync/configuration.ts';
import type { Core, Target } from './sync/core.ts';
import { marketingJobs } from './sync/marketing-jobs.ts';
import { createActivityCounter, lagBounds, type Meter, meterTogether } from './sync/meter.ts';
import { pull } from './sync/pull.ts';
import { reconcile } from './sync/reconcile.ts';
import { checkRemovedTargets, forgetRemovedTargets } from './sync/removed-targets.ts';
import { housekeeping } from './sync/seal-evidence.ts';
import type { UseCases, Wake } from './sync/use-cases.ts';

export interface App {
  readonly core: Core;
  readonly useCases: UseCases;
  /** Undefined for commands, which do the work themselves. */
  readonly queues: Queues | undefined;
  readonly database: OpenDatabase;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** `take` makes this configuration the one in force; `join` refuses when another is; `look` works with either. */
  readonly configuration: 'take' | 'join' | 'look';
  /** Targets that are no longer in the configuration, and that whoever runs this gives up although people are there. */
  readonly abandon?: readonly TargetName[];
  /** Who runs this, for the evidence. */
  readonly actor?: string;
  /** Open the queues: wake-ups go to all processes. */
  readonly queues: boolean;
  readonly signal: AbortSignal;
}

const noWake: Wake = {
  apply: async () => undefined,
  pull: async () => undefined,
  marketingJobs: async () => undefined,
};

/** Throws ConnectorError; nothing stays open then. */
export async function openApp(options: OpenOptions): Promise<App> {
  const { settings, logger } = options;
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const database = await openDatabase({
      databaseUrl: settings.storage.databaseUrl?.reveal(),
      dataDir: settings.storage.dataDir,
      logger,
    });
    closers.push(() => database.close());
    await migrate({ pool: database.pool, migrations, logger });
    const store = createStore(database.kysely);
    const clock = await openClock({
      ask: () => store.overview.now(),
      onDifference: (aheadMs) =>
        logger.warn(
          { aheadSeconds: Math.round(aheadMs / 1000) },
          'the clock of this machine is not that of the database, which counts',
        ),
    });
    closers.push(() => clock.close());
    const { now } = clock;
    const crm = createCrm({ settings, logger, now });
    closers.push(() => crm.close());
    const metrics = createMetrics(lagBounds);
    const activity = createActivityCounter();
    const meter = meterTogether([metrics.meter, activity]);
    closers.push(writeDown(activity, store, logger));
    const targets = await openTargets(settings, store, database, logger, now, meter, closers);
    const queues = options.queues
      ? await createQueues({ jobs, queuePool: database.queuePool, redisUrl: settings.storage.redisUrl, logger, now })
      : undefined;
    if (queues) closers.push(() => queues.close());
    const told = tellAlarms(settings, logger, now, closers);
    const core = await openCore(options, store, crm, targets, { wake: queues?.wake ?? noWake, now, meter, ...told });
    return { core, useCases: useCasesOf(core), queues, database, metrics, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openCore(
  options: OpenOptions,
  store: Store,
  crm: ClosableCrm,
  targets: ReadonlyMap<TargetName, Target>,
  given: Pick<Core, 'wake' | 'now' | 'meter' | 'tellAlarm'>,
): Promise<Core> {
  const { settings, logger } = options;
  const fingerprint = fingerprintSettings(settings);
  const keyring = createKeyring({
    hashKey: settings.privacy.hashKey,
    previous: settings.privacy.previousHashKeys,
    normalise: normaliseAddress,
  });
  const core: Core = {
    settings,
    store,
    crm,
    targets,
    keyring,
    ...given,
    alarms: createAlarms(store.alarms, logger),
    logger,
    uuid: randomUUID,
    epoch: 0,
    configuration: fingerprint,
  };
  if (options.configuration === 'look') {
    const current = await store.configurations.current();
    return { ...core, epoch: current?.epoch ?? 0 };
  }
  await checkIdentities(core, options.signal);
  if (options.configuration === 'take') await checkRemovedTargets(core, options.abandon ?? []);
  const mappings = mappingFingerprints(settings) as MappingFingerprints;
  const { epoch, changed } = await takeConfiguration(
    store,
    { fingerprint, mappings },
    options.configuration === 'take',
  );
  if (changed) logger.info({ epoch }, 'this configuration is in force now');
  if (changed && settings.notes) await store.recordNotes.oweMissing(settings.notes.for);
  if (options.configuration === 'take') await forgetRemovedTargets(core, options.actor ?? 'configuration');
  return { ...core, epoch };
}

/** Seconds between two times that the activity is written down. */
const activitySeconds = 15;

/** Answers what ends it; the last of it is written down then. */
function writeDown(
  activity: ReturnType<typeof createActivityCounter>,
  store: Store,
  logger: Logger,
): () => Promise<void> {
  const flush = (): Promise<void> =>
    activity
      .flush(store.activity)
      .catch((error: unknown) =>
        logger.warn({ err: error }, 'the activity could not be written down; it stays counted'),
      );
  const timer = setInterval(() => void flush(), activitySeconds * 1000);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await flush();
  };
}

function tellAlarms(
  settings: Settings,
  logger: Logger,
  now: () => number,
  closers: (() => Promise<void> | void)[],
): Pick<Core, 'tellAlarm'> {
  const { webhook } = settings.alarms;
  if (!webhook) return {};
  const out = createWebhookOut({ ...webhook, logger, now });
  closers.push(() => out.close());
  return {
    tellAlarm: (message, signal) => out.send(`${message.id}-${message.event}`, message, signal),
  };
}

/** Every call passes its pace: there it is counted. */
function measured(meter: Meter, target: TargetName, pace: Pace): Pace {
  return {
    async acquire(signal) {
      await pace.acquire(signal);
      meter.called(target);
    },
    async throttled(retryAfterMs) {
      meter.throttled(target);
      await pace.throttled(retryAfterMs);
    },
  };
}

/** In which turn the calls of one face of a target go. */
type Turn = Pick<PaceOptions, 'priority' | 'spareShare' | 'maxWaitMs'>;

/** The part of a target's limit that an audit may use. */
const defaultSpareShare = 0.2;
/** Milliseconds that an audit waits for a target that is busy with what is owed to it. */
const patienceForSpareMs = 120_000;

async function openTargets(
  settings: Settings,
  store: Store,
  database: OpenDatabase,
  logger: Logger,
  now: () => number,
  meter: Meter,
  closers: (() => Promise<void> | void)[],
): Promise<Map<TargetName, Target>> {
  const targets = new Map<TargetName, Target>();
  for (const target of settings.targets) {
    const state = await store.targets.state(target.name);
    const remembered = state.remembered as Record<string, number> | null;
    const open = (turn: Turn): OpenPlatform => {
      const platform = openPlatform(settings, target, turn, remembered, store, database, logger, now, meter);
      closers.push(() => platform.close());
      return platform;
    };
    targets.set(target.name, {
      settings: target,
      platform: open({}),
      urgent: open({ priority: true }),
      spare: open({ spareShare: settings.audit?.share ?? defaultSpareShare, maxWaitMs: patienceForSpareMs }),
    });
  }
  return targets;
}

function openPlatform(
  settings: Settings,
  target: TargetSettings,
  turn: Turn,
  remembered: Record<string, number> | null,
  store: Store,
  database: OpenDatabase,
  logger: Logger,
  now: () => number,
  meter: Meter,
): OpenPlatform {
  const kind = platforms[target.platform];
  if (!kind) throw new Error(`the platform ${target.platform} is not known`);
  return kind.create(target.platformSettings, {
    identity: target.identity,
    tables: target.tables,
    pace: measured(
      meter,
      target.name,
      createPace({
        db: database.kysely,
        target: target.name,
        requestsPerSecond: target.requestsPerSecond,
        // A call that waits for its turn has to leave while the lease it was begun under lasts.
        maxWaitMs: Math.min(20_000, settings.worker.leaseSeconds * 250),
        ...turn,
      }),
    ),
    logger,
    timeoutMs: target.callTimeoutSeconds * 1000,
    now,
    nonce: () => randomUUID().replaceAll('-', ''),
    ...(remembered ? { permissionBits: remembered } : {}),
    onBound: (bits) => store.targets.remember(target.name, bits),
  });
}

export function useCasesOf(core: Core): UseCases {
  return {
    pull: (table, signal) => pull(core, table, signal),
    apply: (target, signal) => apply(core, target, signal),
    marketingJobs: (signal) => marketingJobs(core, signal),
    async reconcile(signal) {
      await reconcile(core, signal);
    },
    async housekeeping(signal) {
      await housekeeping(core, signal);
    },
    async audit(signal) {
      await scheduledAudit(core, signal);
    },
    dueTargets: async () => (await core.store.deliveries.dueTargets()).filter((name) => core.targets.has(name)),
  };
}
