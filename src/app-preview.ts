/**
 * What a preview needs, opened beside everything that runs. Guarantees: nothing that it hands out writes into the
 * ledger, to Dynamics or to a target; everything that was opened is closed again. The one row that a look-up changes is
 * the target's pace: all processes share it, and a question takes its turn like every other call. A database that is
 * new gets its empty tables first, as every command does it.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { fingerprintSettings, mappingFingerprints } from '../config/fingerprint.ts';
import type { Settings } from '../config/settings.ts';
import type { TargetName } from '../config/words.ts';
import { createCrm } from './dataverse/index.ts';
import type { Platform } from './platforms/platform.ts';
import { platforms } from './platforms/registry.ts';
import { normaliseAddress } from './rules/address.ts';
import { type OpenDatabase, openDatabase } from './store/database.ts';
import { createKeyring } from './store/email-key.ts';
import { migrate } from './store/migrate.ts';
import { migrations } from './store/migrations/index.ts';
import { createPace } from './store/quota.ts';
import { openShadow } from './store/shadow.ts';
import type { MappingFingerprints } from './store/targets.ts';
import type { Stage } from './sync/rehearsal.ts';

export interface OpenPreview {
  /** A stage with a copy of the ledger of its own, made now. Throws ConnectorError. */
  stage(settings: Settings): Promise<Stage>;
  close(): Promise<void>;
}

/** Throws ConnectorError; nothing stays open then. */
export async function openPreview(options: {
  readonly settings: Settings;
  readonly logger: Logger;
}): Promise<OpenPreview> {
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
    return { stage: (variant) => openStage(variant, logger, database, closers), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openStage(
  settings: Settings,
  logger: Logger,
  database: OpenDatabase,
  closers: (() => Promise<void> | void)[],
): Promise<Stage> {
  const shadow = await openShadow(database.url);
  closers.push(() => shadow.close());
  const crm = createCrm({ settings, logger, now: Date.now });
  closers.push(() => crm.close());
  const open = new Map<TargetName, Platform>();
  for (const target of settings.targets) {
    const kind = platforms[target.platform];
    if (!kind) throw new Error(`the platform ${target.platform} is not known`);
    // Of the copy: asking about a target that nobody knows yet makes a row.
    const { remembered } = await shadow.store.targets.state(target.name);
    const platform = kind.create(target.platformSettings, {
      identity: target.identity,
      tables: target.tables,
      pace: createPace({
        db: database.kysely,
        target: target.name,
        requestsPerSecond: target.requestsPerSecond,
        priority: false,
      }),
      logger,
      timeoutMs: target.callTimeoutSeconds * 1000,
      now: Date.now,
      nonce: () => randomUUID().replaceAll('-', ''),
      ...(remembered ? { permissionBits: remembered as Record<string, number> } : {}),
    });
    closers.push(() => platform.close());
    open.set(target.name, platform);
  }
  return {
    settings,
    wanted: {
      fingerprint: fingerprintSettings(settings),
      mappings: mappingFingerprints(settings) as MappingFingerprints,
    },
    shadow,
    crm,
    platforms: open,
    keyring: createKeyring({
      hashKey: settings.privacy.hashKey,
      previous: settings.privacy.previousHashKeys,
      normalise: normaliseAddress,
    }),
    logger,
    now: Date.now,
    uuid: randomUUID,
  };
}
