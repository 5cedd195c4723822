/**
 * `connector start`: the worker. Guarantees: SIGTERM and SIGINT drain it within 30 s, a second one ends it at once;
 * SIGHUP takes a changed configuration over, a wrong one is named in the log and the old one stays in force; a worker
 * whose configuration was replaced by another process's stops working and says so, in the log and in `/readyz`.
 */
import type { FastifyInstance } from 'fastify';
import { isConfigurationError } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { TargetName } from '../config/words.ts';
import type { App } from './app.ts';
import {
  actor,
  CommandError,
  type ExitCode,
  forRooms,
  type GlobalOptions,
  openLog,
  openOrRefuse,
  readSettings,
} from './cli-context.ts';
import { measuresOf, readyParts } from './cli-health.ts';
import type { Logger } from './logging.ts';
import { type HealthServer, startHealthServer } from './server/health.ts';
import { serveStatusPage } from './server/status-page.ts';
import { serveWebhook } from './server/webhook-in.ts';
import { configuredTables } from './sync/core.ts';
import { previewFirst, strangersOn } from './sync/first-contact.ts';

/** Milliseconds for running jobs to finish, and after which the process ends whatever still runs. */
const drainMs = 20_000;
const endMs = 29_000;

type Wish = 'stop' | 'reload';

interface Running {
  /** Lets running work finish, then closes everything. */
  close(): Promise<void>;
}

export async function start(options: GlobalOptions, abandon: readonly TargetName[] = []): Promise<ExitCode> {
  const stopping = new AbortController();
  let wish: (wanted: Wish) => void = () => undefined;
  const onStop = (): void => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort(new CommandError(0, 'stopped before it was ready'));
    wish('stop');
  };
  const onReload = (): void => wish('reload');
  process.on('SIGTERM', onStop).on('SIGINT', onStop).on('SIGHUP', onReload);
  try {
    let settings = await readSettings(options);
    let givenUp = abandon;
    const logger = openLog(settings, options, 'worker');
    for (;;) {
      const wished = new Promise<Wish>((resolve) => {
        wish = resolve;
      });
      const running = await run(settings, logger, stopping.signal, givenUp);
      // It was said once, about the file that was there then.
      givenUp = [];
      let wanted: Wish = stopping.signal.aborted ? 'stop' : await wished;
      let next: Settings | undefined;
      while (wanted === 'reload') {
        next = await readAgain(options, logger);
        if (next !== undefined || stopping.signal.aborted) break;
        wanted = await new Promise<Wish>((resolve) => {
          wish = resolve;
        });
      }
      logger.info({ wanted }, 'closing: running work is finished first');
      // Not while another start follows: a fixed point in time belongs to the end only.
      const end = wanted === 'stop' ? setTimeout(() => process.exit(1), endMs) : undefined;
      await running.close();
      clearTimeout(end);
      if (wanted === 'stop' || next === undefined || stopping.signal.aborted) return 0;
      settings = next;
    }
  } finally {
    process.off('SIGTERM', onStop).off('SIGINT', onStop).off('SIGHUP', onReload);
  }
}

/** The file as it is now; undefined, with every mistake in the log, when it cannot be used. */
async function readAgain(options: GlobalOptions, logger: Logger): Promise<Settings | undefined> {
  try {
    return await readSettings(options);
  } catch (error) {
    if (!isConfigurationError(error)) throw error;
    for (const { path, wrong, expected, line } of error.mistakes) {
      logger.error({ path, wrong, expected, line }, 'configuration not taken over: the former one stays in force');
    }
    return undefined;
  }
}

async function run(
  settings: Settings,
  logger: Logger,
  signal: AbortSignal,
  abandon: readonly TargetName[],
): Promise<Running> {
  const app = await openOrRefuse({
    settings,
    logger: forRooms(logger),
    configuration: 'take',
    queues: true,
    signal,
    abandon,
    actor: actor(),
  });
  let health: HealthServer | undefined;
  const watch = createWatch(app, logger);
  try {
    for (const target of await strangersOn(app.core, signal)) {
      logger.warn(
        { target, mend: previewFirst(target) },
        'this target may hold people whom the ledger does not know yet',
      );
    }
    health = await listen(settings, app, watch, logger);
    await startWork(app);
  } catch (error) {
    watch.stop();
    await health?.close();
    await app.close();
    throw error;
  }
  logger.info(
    {
      health: health.origin,
      tables: configuredTables(app.core),
      targets: [...app.core.targets.keys()],
      epoch: app.core.epoch,
      queue: settings.storage.redisUrl ? 'redis' : 'postgresql',
    },
    'ready',
  );
  return {
    async close() {
      health?.drain();
      watch.stop();
      await app.queues?.close(drainMs);
      await health?.close();
      await app.close();
    },
  };
}

async function startWork({ core, queues, useCases }: App): Promise<void> {
  const { settings } = core;
  await queues?.startWorkers(useCases, {
    tables: configuredTables(core),
    targets: core.targets.size,
    batchesAtOnce: settings.worker.concurrency,
    pollSeconds: settings.dataverse.pollSeconds,
    marketingJobsPollSeconds: settings.marketingJobs?.pollSeconds,
    reconcileCron: settings.reconcile.cron,
    auditCron: settings.audit?.cron,
    sweepSeconds: settings.worker.sweepSeconds,
  });
}

async function listen(settings: Settings, app: App, watch: EpochWatch, logger: Logger): Promise<HealthServer> {
  try {
    return await startHealthServer({
      server: settings.server,
      parts: readyParts(app, watch.isSuperseded),
      measures: measuresOf(app),
      metrics: app.metrics,
      logger,
      more: roomsOf(app, logger),
    });
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    const { host, port } = settings.server;
    throw new CommandError(2, `server.port: ${host}:${port} cannot be listened on (${code}); choose another, or 0`);
  }
}

function roomsOf({ core, metrics }: App, logger: Logger): ((room: FastifyInstance) => Promise<void>)[] {
  const { server, marketingJobs } = core.settings;
  const { webhook } = server;
  const rooms = [(room: FastifyInstance) => serveStatusPage(room, core, logger)];
  if (webhook) {
    const heard = { tables: configuredTables(core), jobTable: marketingJobs?.table, wake: core.wake };
    rooms.push((room) => serveWebhook(room, { webhook, ...heard, count: metrics.webhook, logger }));
  }
  return rooms;
}

interface EpochWatch {
  isSuperseded(): boolean;
  stop(): void;
}

/** Notices that another configuration took over. The store hands out no work to an older one anyway. */
function createWatch({ core }: App, logger: Logger): EpochWatch {
  let superseded = false;
  async function look(): Promise<void> {
    const current = await core.store.configurations.current();
    const was = superseded;
    superseded = current !== undefined && current.epoch > core.epoch;
    if (superseded && !was) {
      // About this process alone, and over with it: no alarm of the fleet's.
      logger.error(
        { code: 'CONFIGURATION_SUPERSEDED' },
        'another process took over with another configuration; this one does nothing more: restart it with the new one',
      );
    }
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => logger.warn({ error }, 'the configuration in force could not be read'));
  }, Math.min(core.settings.worker.sweepSeconds, 15) * 1000);
  return {
    isSuperseded: () => superseded,
    stop: () => clearInterval(timer),
  };
}
