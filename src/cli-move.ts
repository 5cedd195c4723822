/**
 * `connector move-storage`: from the embedded database to the server that the configuration names. Guarantees: refuses
 * before anything is written there when somebody still works, when the new database is not empty, or when the
 * configuration's hash key is not the ledger's; killed at any moment it can be run again; the old folder is marked, so
 * that nobody starts on it by accident, and nothing in it is removed. Prints names of tables, numbers and places.
 */
import { randomUUID } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import {
  actor,
  asRefusal,
  createOutput,
  type ExitCode,
  forRooms,
  type GlobalOptions,
  interruption,
  type Output,
  openLog,
  readSettings,
  usageError,
} from './cli-context.ts';
import { count, table } from './cli-format.ts';
import { ConnectorError, isConnectorError } from './http/errors.ts';
import { normaliseAddress } from './rules/address.ts';
import { type OpenDatabase, openDatabase } from './store/database.ts';
import { createKeyring } from './store/email-key.ts';
import { migrate } from './store/migrate.ts';
import { migrations } from './store/migrations/index.ts';
import { type MovedTable, moveLedger, refuseForeignTables } from './store/move.ts';
import { type MoveMark, readMark, refuseMoved, removeMark, writeMark } from './store/move-mark.ts';
import { createStore } from './store/store.ts';

export async function moveStorage(options: GlobalOptions): Promise<ExitCode> {
  const settings = await readSettings(options);
  const { databaseUrl, dataDir } = settings.storage;
  if (databaseUrl === undefined) {
    throw usageError(
      'the ledger is moved to the database that storage.databaseUrl names: set it, and leave storage.dataDir as it is',
    );
  }
  const output = createOutput(options);
  const url = databaseUrl.reveal();
  const to = placeOf(url);
  const { signal, stop } = interruption();
  try {
    const former = await readMark(dataDir);
    if (former?.state === 'moved' && former.to === to) {
      show(output, options, { state: 'already moved', from: dataDir, to, tables: [] });
      return 0;
    }
    if (former?.state === 'moved') refuseMoved(former, dataDir);
    if (former && former.to !== to) throw begunElsewhere(former);
    if (!(await isThere(join(dataDir, 'postgres.json')))) {
      throw usageError(`there is no embedded database in ${dataDir}: nothing is to be moved`);
    }
    const logger = openLog(settings, options, 'command');
    const mark = former ?? { state: 'moving' as const, id: randomUUID(), to, at: new Date().toISOString() };
    const tables = await between(settings, url, forRooms(logger), (from, there) =>
      move(settings, { from, there, mark, isNew: former === undefined, logger: forRooms(logger), output, signal }),
    );
    show(output, options, { state: tables ? 'moved' : 'already moved', from: dataDir, to, tables: tables ?? [] });
    return 0;
  } catch (error) {
    signal.throwIfAborted();
    throw asRefusal(error);
  } finally {
    stop();
  }
}

interface Moving {
  readonly from: OpenDatabase;
  readonly there: OpenDatabase;
  readonly mark: MoveMark;
  /** No former run wrote it. */
  readonly isNew: boolean;
  readonly logger: Parameters<typeof openDatabase>[0]['logger'];
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Undefined when a former run had moved everything and only could not say so any more. */
async function move(settings: Settings, moving: Moving): Promise<MovedTable[] | undefined> {
  const { dataDir } = settings.storage;
  const { from, there, mark, logger, output, signal } = moving;
  // Before anybody is looked for: who comes after the mark is refused, who came before it is seen.
  if (moving.isNew) await writeMark(dataDir, mark);
  try {
    await refuseCompany(from);
    await migrate({ pool: from.pool, migrations, logger });
    await refuseOtherKey(settings, from);
    await refuseForeignTables(from.pool, there.pool);
    await migrate({ pool: there.pool, migrations, logger });
    const result = await moveLedger({
      from: from.pool,
      to: there.pool,
      id: mark.id,
      actor: actor(),
      signal,
      onTable: ({ table: name, rows }) => process.stderr.isTTY && output.note(`${name}: ${count(rows, 'row')}`),
    });
    await writeMark(dataDir, { ...mark, state: 'moved', at: new Date().toISOString() });
    return result.kind === 'moved' ? result.tables : undefined;
  } catch (error) {
    // A refusal came before anything was moved. After anything else a commit may have landed: the mark stays.
    if (moving.isNew && isConnectorError(error) && error.kind === 'config') await removeMark(dataDir);
    throw error;
  }
}

async function between<T>(
  settings: Settings,
  url: string,
  logger: Moving['logger'],
  work: (from: OpenDatabase, there: OpenDatabase) => Promise<T>,
): Promise<T> {
  const { dataDir } = settings.storage;
  const there = await openDatabase({ databaseUrl: url, dataDir, logger, moving: true });
  try {
    const from = await openDatabase({ dataDir, logger, moving: true });
    try {
      return await work(from, there);
    } finally {
      await from.close();
    }
  } finally {
    await there.close();
  }
}

async function refuseCompany(from: OpenDatabase): Promise<void> {
  const others = await from.others();
  if (others === 0) return;
  throw new ConnectorError(
    'config',
    'MOVE_IN_USE',
    `${count(others, 'worker or command works', 'workers or commands work')} on the embedded database: stop them, then run connector move-storage again.`,
  );
}

/** A configuration with another key belongs to another ledger, and could not use this one afterwards. */
async function refuseOtherKey({ privacy }: Settings, from: OpenDatabase): Promise<void> {
  const { hashKey } = await createStore(from.kysely).installation.read();
  const keyring = createKeyring({
    hashKey: privacy.hashKey,
    previous: privacy.previousHashKeys,
    normalise: normaliseAddress,
  });
  if (hashKey === null || hashKey === keyring.keyId || keyring.formerKeyIds.includes(hashKey)) return;
  throw new ConnectorError(
    'config',
    'HASH_KEY_DIFFERS',
    'privacy.hashKey is not the key that this ledger was made with; put the former key back',
  );
}

function begunElsewhere({ to }: MoveMark): ConnectorError {
  return new ConnectorError(
    'config',
    'MOVE_UNFINISHED',
    `The ledger is being moved to ${to}, or that was interrupted: name that database in storage.databaseUrl and run connector move-storage again.`,
  );
}

/** Host, port and database; without user, password and options. */
function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${decodeURIComponent(pathname)}`;
  } catch {
    throw usageError('storage.databaseUrl: postgres://user:password@host:port/database is expected');
  }
}

interface Moved {
  readonly state: 'moved' | 'already moved';
  readonly from: string;
  readonly to: string;
  readonly tables: readonly MovedTable[];
}

function show(output: Output, options: GlobalOptions, moved: Moved): void {
  if (options.json) output.json(moved);
  else for (const line of movedLines(moved)) output.line(line);
}

export function movedLines({ state, from, to, tables }: Moved): string[] {
  const filled = tables.filter(({ rows }) => rows > 0);
  return [
    ...table(
      filled.map((row) => [row.table, row.rows.toLocaleString('en')]),
      '  ',
    ),
    state === 'moved'
      ? `moved to ${to}: every table was compared and is the same there`
      : `the ledger of this folder is on ${to} already; nothing was done`,
    `${from} is as it was, and marked: nothing starts on it any more`,
    'next: connector evidence verify, connector start, and a backup of the new database',
    'when the new one has proved itself, remove the folder yourself: it holds ids and keyed hashes of people',
  ];
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
