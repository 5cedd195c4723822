/**
 * The connections to PostgreSQL. Guarantees: at most 10 for the store and 20 for all queues and workers together; the
 * queues' live in the schema `bullmq`; a connection that dies while idle is logged and replaced and never ends the
 * process; bigint columns arrive as numbers (and refuse a value that a number cannot hold). Runs no migrations.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { ConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';
import { startEmbedded } from './embedded.ts';
import { readMark, refuseMoved, refuseUnfinished } from './move-mark.ts';
import type { Database } from './tables.ts';

export interface OpenDatabase {
  /** A secret: it holds the password. */
  readonly url: string;
  /** For the store; Kysely's own. */
  readonly pool: pg.Pool;
  /** For BullMQ only: its search path is the schema `bullmq`. */
  readonly queuePool: pg.Pool;
  readonly kysely: Kysely<Database>;
  /** Other commands and workers on the embedded server; 0 for any other server, which does not tell. */
  others(): Promise<number>;
  /** Ends both pools, then leaves the embedded server if there is one. Close queues and workers before. */
  close(): Promise<void>;
}

/** BullMQ's PostgreSQL backend uses this schema for every pool it is handed (bullmq, postgres/migrator, DEFAULT_SCHEMA). */
export const queueSchema = 'bullmq';

/** Milliseconds that connections have to end. */
const closeLimit = 5_000;

/**
 * Connects to `databaseUrl`, or to the embedded server of `dataDir` when it is undefined. Throws ConnectorError
 * `config` when that cannot be reached, and for a ledger that was moved away or is on its way.
 */
export async function openDatabase(options: {
  readonly databaseUrl?: string | undefined;
  readonly dataDir: string;
  readonly logger: Logger;
  /** For the move itself, which is not kept from either database. */
  readonly moving?: boolean;
}): Promise<OpenDatabase> {
  const { dataDir, logger } = options;
  const admit = async (): Promise<void> => refuseMoved(await readMark(dataDir), dataDir);
  if (options.databaseUrl !== undefined && !options.moving) refuseUnfinished(await readMark(dataDir), dataDir);
  const embedded =
    options.databaseUrl === undefined
      ? await startEmbedded({ dataDir, logger, ...(options.moving ? {} : { admit }) })
      : undefined;
  const url = embedded?.url ?? options.databaseUrl ?? '';
  const shared: pg.PoolConfig = {
    connectionString: url,
    application_name: 'dynamics-email-connector',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 15_000,
  };
  const pool = new pg.Pool({ ...shared, max: 10, types: bigintsAsNumbers });
  const queuePool = new pg.Pool({
    ...shared,
    max: 20,
    onConnect: async (client) => {
      await client.query(`SET search_path TO ${queueSchema}`);
    },
  });
  // The pool listens to idle connections only. One that dies in somebody's hands, between two statements of a
  // transaction, would end the process; whoever holds it learns of it from their next statement.
  for (const one of [pool, queuePool]) one.on('connect', (client) => client.on('error', () => undefined));
  // BullMQ listens once for every queue and worker.
  queuePool.setMaxListeners(50);
  pool.on('error', (error) => logger.warn({ code: codeOf(error), pool: 'store' }, 'idle database connection lost'));
  queuePool.on('error', (error) =>
    logger.warn({ code: codeOf(error), pool: 'queue' }, 'idle database connection lost'),
  );

  async function close(): Promise<void> {
    // A connection that a stuck job still holds must not keep the process from ending.
    const ended = Promise.allSettled([
      // Kysely ends a pool only when it has used it.
      kysely.destroy().then(() => (pool.ending ? undefined : pool.end())),
      queuePool.end(),
    ]);
    await Promise.race([ended, delay(closeLimit, undefined, { ref: false })]);
    await embedded?.release();
  }
  const kysely = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  try {
    await pool.query('SELECT 1');
  } catch (cause) {
    await close();
    throw new ConnectorError(
      'config',
      'DATABASE_UNREACHABLE',
      `PostgreSQL cannot be reached (${codeOf(cause)}): check storage.databaseUrl, the server and its password.`,
      { cause },
    );
  }
  return { url, pool, queuePool, kysely, others: async () => embedded?.others() ?? 0, close };
}

/** PostgreSQL's type id of bigint (int8), whose values the driver hands out as text. */
const bigintType = 20;

export const bigintsAsNumbers: pg.CustomTypesConfig = {
  getTypeParser: ((type: number, format?: 'text' | 'binary') =>
    type === bigintType && format !== 'binary'
      ? parseBigint
      : pg.types.getTypeParser(type, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};

function parseBigint(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new ConnectorError('config', 'NUMBER_TOO_LARGE', 'The database holds a number that is too large to be ours.');
}

/** The driver's or the system's code, never the message: that may name the user, the host or a value. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
