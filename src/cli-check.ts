/**
 * `connector check`: everything that the configuration needs, tried out part by part. Guarantees: a part that is broken
 * is named with its mend and keeps no other part from being looked at; nothing is written, to the ledger neither.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Settings, TargetSettings } from '../config/settings.ts';
import { type Finding, findingLines } from './cli-check-text.ts';
import { toneOfFinding } from './cli-colour.ts';
import {
  createOutput,
  type ExitCode,
  forRooms,
  type GlobalOptions,
  interruption,
  openLog,
  readSettings,
} from './cli-context.ts';
import { createCrm } from './dataverse/index.ts';
import { mendOf } from './errors/catalogue.ts';
import { isConnectorError } from './http/errors.ts';
import type { Pace } from './http/pace.ts';
import type { Logger } from './logging.ts';
import type { Capabilities } from './platforms/platform.ts';
import { platforms } from './platforms/registry.ts';
import { checkRedis } from './queue/check-redis.ts';
import { normaliseAddress } from './rules/address.ts';
import { type OpenDatabase, openDatabase } from './store/database.ts';
import { createKeyring } from './store/email-key.ts';
import { createPace } from './store/quota.ts';
import { createStore } from './store/store.ts';
import { accountOf } from './sync/core.ts';

/** What the ledger was made with; undefined parts were never stored, or cannot be read. */
interface Ledger {
  readonly isThere: boolean;
  readonly organization: string | null;
  readonly hashKey: string | null;
  readonly accounts: ReadonlyMap<string, string>;
  readonly remembered: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

const noLedger: Ledger = {
  isThere: false,
  organization: null,
  hashKey: null,
  accounts: new Map(),
  remembered: new Map(),
};

export async function check(options: GlobalOptions): Promise<ExitCode> {
  const settings = await readSettings(options);
  const logger = openLog(settings, { logLevel: options.logLevel ?? 'silent' }, 'command');
  const { signal, stop } = interruption();
  const findings: Finding[] = [fine('configuration', 'file', 'It can be read and is complete.')];
  const capabilities: Record<string, Capabilities> = {};
  let database: OpenDatabase | undefined;
  try {
    database = await checkDatabase(settings, logger, findings);
    const ledger = database ? await readLedger(database, findings) : noLedger;
    findings.push(await checkQueue(settings));
    findings.push(checkHashKey(settings, ledger));
    await checkDataverse(settings, logger, ledger, findings, signal);
    for (const target of settings.targets) {
      const found = await checkTarget(target, logger, ledger, database, findings, signal);
      if (found) capabilities[target.name] = found;
    }
  } finally {
    await database?.close();
    stop();
  }
  const exitCode = findings.every((finding) => finding.ok) ? 0 : 1;
  const output = createOutput(options);
  if (options.json) output.json({ ok: exitCode === 0, findings, capabilities });
  else for (const line of findingLines(findings, capabilities)) output.line(line, toneOfFinding(line));
  return exitCode;
}

function fine(part: string, subject: string, message: string): Finding {
  return { part, ok: true, subject, message, mend: '' };
}

/** A failed question as a finding. */
function failed(part: string, subject: string, error: unknown, mend: string): Finding {
  const message = isConnectorError(error)
    ? error.message
    : `It failed in an unexpected way (${error instanceof Error ? error.name : 'unknown'}).`;
  return { part, ok: false, subject, message, mend };
}

async function checkDatabase(
  settings: Settings,
  logger: Logger,
  findings: Finding[],
): Promise<OpenDatabase | undefined> {
  const { databaseUrl, dataDir } = settings.storage;
  const subject = databaseUrl ? 'storage.databaseUrl' : 'embedded PostgreSQL';
  try {
    const database = await openDatabase({ databaseUrl: databaseUrl?.reveal(), dataDir, logger });
    findings.push(fine('database', subject, 'PostgreSQL answers.'));
    return database;
  } catch (error) {
    const mend = databaseUrl
      ? 'Check host, port, database, user and password in storage.databaseUrl, and that the server runs.'
      : ((isConnectorError(error) ? mendOf(error.code) : undefined) ??
        'Set storage.databaseUrl to a PostgreSQL of your own.');
    findings.push(failed('database', subject, error, mend));
    return undefined;
  }
}

/** PostgreSQL: undefined_table. */
const undefinedTable = '42P01';

async function readLedger(database: OpenDatabase, findings: Finding[]): Promise<Ledger> {
  const store = createStore(database.kysely);
  try {
    const { organization, hashKey } = await store.installation.read();
    const states = await store.targets.all();
    findings.push(fine('database', 'ledger', 'Its tables are there.'));
    return {
      isThere: true,
      organization,
      hashKey,
      accounts: new Map(states.flatMap((row) => (row.account === null ? [] : [[row.target, row.account]]))),
      remembered: new Map(
        states.flatMap((row) =>
          row.remembered === null ? [] : [[row.target, row.remembered as Record<string, number>]],
        ),
      ),
    };
  } catch (error) {
    if ((error as { code?: unknown }).code === undefinedTable) {
      findings.push(fine('database', 'ledger', 'It is empty; the first start makes its tables.'));
    } else {
      findings.push(failed('database', 'ledger', error, 'Give the database user all rights on its own database.'));
    }
    return noLedger;
  }
}

async function checkQueue(settings: Settings): Promise<Finding> {
  const { redisUrl } = settings.storage;
  if (!redisUrl) return fine('queue', 'backend', 'The queue is kept in PostgreSQL.');
  const subject = 'storage.redisUrl';
  try {
    const { evictionPolicy } = await checkRedis(redisUrl);
    if (evictionPolicy === undefined || evictionPolicy === 'noeviction') {
      return fine('queue', subject, 'Redis answers.');
    }
    return {
      part: 'queue',
      ok: false,
      subject,
      message: `Redis answers, but may throw jobs away when it is full (maxmemory-policy ${evictionPolicy}).`,
      mend: 'Set maxmemory-policy to noeviction.',
    };
  } catch (error) {
    return failed('queue', subject, error, 'Check host, port and password in storage.redisUrl, and that Redis runs.');
  }
}

function checkHashKey({ privacy }: Settings, ledger: Ledger): Finding {
  const { keyId } = createKeyring({
    hashKey: privacy.hashKey,
    previous: privacy.previousHashKeys,
    normalise: normaliseAddress,
  });
  const subject = 'privacy.hashKey';
  if (ledger.hashKey === null) return fine('identity', subject, 'It will be the key of this ledger.');
  if (ledger.hashKey === keyId) return fine('identity', subject, 'It is the key that this ledger was made with.');
  return {
    part: 'identity',
    ok: false,
    subject,
    message: 'It is not the key that this ledger was made with.',
    mend: 'Put the former key back.',
  };
}

async function checkDataverse(
  settings: Settings,
  logger: Logger,
  ledger: Ledger,
  findings: Finding[],
  signal: AbortSignal,
): Promise<void> {
  const crm = createCrm({ settings, logger: forRooms(logger), now: Date.now });
  try {
    const found = await crm.check(signal);
    findings.push(...found.map((finding) => ({ part: 'dataverse', ...finding })));
    if (found.some(({ ok, subject }) => ok && subject === 'application user')) {
      findings.push(checkOrganization(await crm.organizationId(signal), ledger));
    }
  } catch (error) {
    signal.throwIfAborted();
    findings.push(failed('dataverse', 'environment', error, 'Check dataverse.url and the network, then check again.'));
  } finally {
    crm.close();
  }
}

function checkOrganization(organization: string, ledger: Ledger): Finding {
  const subject = 'organization';
  if (ledger.organization === null) return fine('identity', subject, 'It will be the organization of this ledger.');
  if (ledger.organization === organization) return fine('identity', subject, 'It is the one of this ledger.');
  return {
    part: 'identity',
    ok: false,
    subject,
    message: 'dataverse.url leads to another organization than this ledger was made with.',
    mend: 'Put the former address back, or use a database of its own for the other organization.',
  };
}

async function checkTarget(
  target: TargetSettings,
  logger: Logger,
  ledger: Ledger,
  database: OpenDatabase | undefined,
  findings: Finding[],
  signal: AbortSignal,
): Promise<Capabilities | undefined> {
  const part = `target ${target.name}`;
  const kind = platforms[target.platform];
  if (!kind) return undefined;
  const bits = ledger.remembered.get(target.name);
  const platform = kind.create(target.platformSettings, {
    identity: target.identity,
    tables: target.tables,
    pace: database && ledger.isThere ? sharedPace(database, target) : ownPace(target),
    logger: forRooms(logger),
    timeoutMs: target.callTimeoutSeconds * 1000,
    now: Date.now,
    nonce: () => randomUUID().replaceAll('-', ''),
    ...(bits ? { permissionBits: bits } : {}),
  });
  try {
    const { findings: found } = await platform.check(signal);
    findings.push(...found.map((finding) => ({ part, ...finding })));
  } catch (error) {
    signal.throwIfAborted();
    const mend = 'Check the address, the network and the proxy (HTTPS_PROXY), then check again.';
    findings.push(failed(part, 'connection', error, mend));
  } finally {
    platform.close();
  }
  findings.push(...trialOf(part, target));
  const account = ledger.accounts.get(target.name);
  if (account !== undefined && account !== accountOf(platform, target)) {
    findings.push({
      part,
      ok: false,
      subject: 'account',
      message: 'It is another account or identity than the ledger was made with.',
      mend: `Put it back, or, when that is meant: connector targets accept ${target.name}`,
    });
  }
  return platform.capabilities;
}

/** What keeps a target from being sent everything is meant, and easily forgotten. */
function trialOf(part: string, { dryRun, pilot }: TargetSettings): Finding[] {
  const findings: Finding[] = [];
  if (dryRun) findings.push(fine(part, 'dry run', 'Nothing is sent there until dryRun is taken out.'));
  if (!pilot) return findings;
  const named = `${pilot.records.length} records by id`;
  const who = pilot.when ? `${named}, and whoever has the value in ${pilot.when.column}` : named;
  return [...findings, fine(part, 'pilot', `Only some people are taken on there: ${who}.`)];
}

function sharedPace(database: OpenDatabase, target: TargetSettings): Pace {
  return createPace({
    db: database.kysely,
    target: target.name,
    requestsPerSecond: target.requestsPerSecond,
    priority: true,
  });
}

/** Without a ledger there is no fleet to share the pace with. */
function ownPace(target: TargetSettings): Pace {
  let next = 0;
  return {
    async acquire(signal) {
      const now = Date.now();
      const at = Math.max(now, next);
      next = at + 1000 / target.requestsPerSecond;
      if (at > now) await delay(at - now, undefined, { signal });
    },
    throttled: async () => undefined,
  };
}
