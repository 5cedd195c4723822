/**
 * The embedded PostgreSQL, for a machine without one. Guarantees: any number of commands share one server per data
 * folder; each is registered by a shared advisory lock that its session holds, so a killed command is forgotten the
 * moment its connection dies; the last to leave stops the server; a server without anybody (an orphan) is used again;
 * a server that dies while we are registered is started again, however long that takes (a disk may be full). Does not
 * survive another machine using the same folder.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { ConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';
import { type Cluster, openCluster } from './embedded-cluster.ts';

export interface EmbeddedPostgres {
  /** Connection URL of the database `connector`, password included: a secret. */
  readonly url: string;
  /** Leaves; stops the server when nobody else is registered. Call it after the pools are closed. */
  release(options?: { readonly leaveRunning?: boolean }): Promise<void>;
  /** How many other commands and workers are registered now. */
  others(): Promise<number>;
}

/** Advisory lock that every command holds shared while it uses the server. */
const usersLock = 0x636f6e6e;
const databaseName = 'connector';
/** Milliseconds to wait for a server that is starting or stopping. */
const patience = 90_000;
/** Milliseconds between two attempts to bring a server back that did not start again. */
const rejoinAgainMs = 2000;

/** Starts or joins the server of `dataDir`. Throws `config` with a mend when that is impossible. */
export async function startEmbedded(options: {
  readonly dataDir: string;
  readonly logger: Logger;
  readonly durable?: boolean;
  /** Throws when this folder may not be used; asked before and after every registration, so that nobody slips through. */
  readonly admit?: () => Promise<void>;
}): Promise<EmbeddedPostgres> {
  await options.admit?.();
  const cluster = await openCluster({ ...options, durable: options.durable ?? true });
  let registration = await enter();
  await createDatabase(registration.client);
  const port = registration.port;
  let leaving: Promise<void> | undefined;
  let rejoining: Promise<void> | undefined;
  const stopping = new AbortController();
  watch();

  async function enter(): Promise<Registration> {
    await options.admit?.();
    const entered = await register(cluster);
    try {
      await options.admit?.();
      return entered;
    } catch (error) {
      await leave(cluster, entered.client, false);
      throw error;
    }
  }
  function watch(): void {
    registration.client.once('end', () => {
      if (!leaving) rejoining = rejoin();
    });
  }
  async function rejoin(): Promise<void> {
    options.logger.warn({ port }, 'embedded PostgreSQL went away, joining it again');
    while (!stopping.signal.aborted) {
      try {
        registration = await enter();
        watch();
        if (registration.port !== port) {
          options.logger.error(
            { port: registration.port },
            'embedded PostgreSQL came back elsewhere: restart this command',
          );
        }
        return;
      } catch (error) {
        const code = error instanceof ConnectorError ? error.code : 'UNKNOWN';
        options.logger.error({ code }, 'embedded PostgreSQL did not come back; it is tried again');
        await delay(rejoinAgainMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }
  async function leaveOnce(leaveRunning: boolean): Promise<void> {
    stopping.abort();
    await rejoining;
    await leave(cluster, registration.client, leaveRunning);
  }

  return {
    url: `postgres://connector:${cluster.password}@127.0.0.1:${port}/${databaseName}`,
    release({ leaveRunning = false } = {}) {
      leaving ??= leaveOnce(leaveRunning);
      return leaving;
    },
    async others() {
      const { rows } = await registration.client.query<{ others: number }>(
        `SELECT count(*)::int AS others FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = $1
          AND objsubid = 1 AND granted AND pid <> pg_backend_pid()`,
        [usersLock],
      );
      return rows[0]?.others ?? 0;
    },
  };
}

interface Registration {
  readonly client: Client;
  readonly port: number;
}

async function register(cluster: Cluster): Promise<Registration> {
  const until = Date.now() + patience;
  let failedStarts = 0;
  while (Date.now() < until) {
    const port = await cluster.recordedPort();
    const joined = port === undefined ? 'nobody there' : await join(cluster, port);
    if (joined instanceof Client) return { client: joined, port: port ?? 0 };
    if (joined === 'nobody there' && !(await cluster.start())) failedStarts += 1;
    // A lost race looks the same as a failed start; a server that never comes up does not get a fourth try.
    if (failedStarts > 3 && (await cluster.recordedPort()) === undefined) break;
    if (joined === 'busy' || failedStarts > 0) await delay(100);
  }
  throw new ConnectorError(
    'config',
    'EMBEDDED_POSTGRES_START',
    `The embedded PostgreSQL does not start: its own words are in ${cluster.logFile}.`,
  );
}

/** `busy` while it is starting or being stopped; `nobody there` when the port is dead. */
async function join(cluster: Cluster, port: number): Promise<Client | 'busy' | 'nobody there'> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'connector',
    password: cluster.password,
    database: 'postgres',
    application_name: 'connector registration',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  // Without a listener a dropped connection would end the process; `end` follows and is what matters.
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Waits while the last one to leave, which holds it alone, stops the server; then the connection breaks.
    await client.query('SELECT pg_advisory_lock_shared($1)', [usersLock]);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    const code = (error as { code?: unknown }).code;
    if (code === '28P01') {
      throw new ConnectorError(
        'config',
        'EMBEDDED_POSTGRES_PASSWORD',
        `The password in postgres.json does not open ${cluster.folder}: restore the file that belongs to it, or remove both to begin with an empty ledger.`,
      );
    }
    return code === 'ECONNREFUSED' ? 'nobody there' : 'busy';
  }
}

async function createDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
  if (rowCount) return;
  try {
    await client.query(`CREATE DATABASE ${databaseName}`);
  } catch (error) {
    // 42P04 and 23505: another command created it at the same moment.
    if (!['42P04', '23505'].includes(String((error as { code?: unknown }).code))) throw error;
  }
}

async function leave(cluster: Cluster, client: Client, leaveRunning: boolean): Promise<void> {
  try {
    await client.query('SELECT pg_advisory_unlock_shared($1)', [usersLock]);
    const { rows } = await client.query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [usersLock]);
    if (rows[0]?.alone && !leaveRunning) await cluster.stop();
  } catch {
    // The server is gone already: nothing to leave.
  } finally {
    await client.end().catch(() => undefined);
  }
}
