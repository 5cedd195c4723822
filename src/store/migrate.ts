/**
 * Brings the database's tables to what this version needs, at every start. Guarantees: one process at a time (advisory
 * lock); each migration and its line in the ledger in one transaction; a database that a newer version has migrated is
 * refused, untouched. BullMQ's own tables are brought up the same way, by BullMQ. There is no way back down.
 */
import { LATEST_SCHEMA_VERSION, runMigrations, SchemaVersionMismatchError } from 'bullmq';
import type pg from 'pg';
import { ConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';
import { queueSchema } from './database.ts';

export interface Migration {
  /** Sorts in the order of application, e.g. `001-records`; never changed once published. */
  readonly name: string;
  readonly sql: string;
}

const migrationLock = 0x636f6e6f;

/** Throws ConnectorError `config` DATABASE_NEWER; database errors as they come. */
export async function migrate(options: {
  readonly pool: pg.Pool;
  readonly migrations: readonly Migration[];
  readonly logger: Logger;
}): Promise<void> {
  const client = await options.pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    try {
      await migrateOwn(client, options.migrations, options.logger);
      await migrateQueues(client, options.logger);
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
    }
    client.release();
  } catch (error) {
    // The session may be in any state: it is closed and not handed on.
    client.release(true);
    throw error;
  }
}

async function migrateOwn(client: pg.PoolClient, migrations: readonly Migration[], logger: Logger): Promise<void> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS connector_migration (
      name text PRIMARY KEY,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
  const { rows } = await client.query<{ name: string }>('SELECT name FROM connector_migration ORDER BY name');
  const known = new Set(migrations.map((migration) => migration.name));
  const unknown = rows.map((row) => row.name).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new ConnectorError(
      'config',
      'DATABASE_NEWER',
      `The database was migrated by a newer version (${unknown.join(', ')}): run that version, or restore a backup made before.`,
    );
  }
  const applied = new Set(rows.map((row) => row.name));
  for (const migration of migrations) {
    if (applied.has(migration.name)) continue;
    await client.query('BEGIN');
    try {
      await client.query(migration.sql);
      await client.query('INSERT INTO connector_migration (name) VALUES ($1)', [migration.name]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    }
    logger.info({ migration: migration.name }, 'database migrated');
  }
}

async function migrateQueues(client: pg.PoolClient, logger: Logger): Promise<void> {
  try {
    const version = await runMigrations(client, queueSchema);
    logger.debug({ version, bundled: LATEST_SCHEMA_VERSION }, 'queue tables are up to date');
  } catch (error) {
    if (!(error instanceof SchemaVersionMismatchError)) throw error;
    throw new ConnectorError(
      'config',
      'DATABASE_NEWER',
      'The queue tables were migrated by a newer version: run that version, or drop the schema "bullmq" (it holds wake-ups only).',
      { cause: error },
    );
  }
}
