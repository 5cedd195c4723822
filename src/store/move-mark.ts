/**
 * The mark on a data folder whose ledger goes, or went, to a server: `moved.json` beside `postgres.json`. Guarantees:
 * written whole or not at all; holds where the ledger went (host and database, no user and no password). Decides
 * nothing: who refuses to start because of it is database.ts.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConnectorError } from '../http/errors.ts';

const markSchema = z.object({
  /** `moving` until the server has everything. */
  state: z.enum(['moving', 'moved']),
  /** Names this move in the evidence of the ledger that was moved. */
  id: z.uuid(),
  to: z.string(),
  at: z.string(),
});

export type MoveMark = z.infer<typeof markSchema>;

export function markFile(dataDir: string): string {
  return join(dataDir, 'moved.json');
}

/** Undefined when there is none. Throws ConnectorError `config` when it cannot be understood: it may forbid a start. */
export async function readMark(dataDir: string): Promise<MoveMark | undefined> {
  const file = markFile(dataDir);
  try {
    return markSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConnectorError('config', 'MOVE_MARK_UNREADABLE', `The file ${file} cannot be read or understood.`, {
      cause,
    });
  }
}

/** On the disk when it returns. */
export async function writeMark(dataDir: string, mark: MoveMark): Promise<void> {
  const file = markFile(dataDir);
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(fresh, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(mark, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}

export async function removeMark(dataDir: string): Promise<void> {
  await rm(markFile(dataDir), { force: true });
}

/** Throws ConnectorError `config` for a folder whose ledger has gone, or is on its way. */
export function refuseMoved(mark: MoveMark | undefined, dataDir: string): void {
  if (mark?.state === 'moved') {
    throw new ConnectorError(
      'config',
      'STORAGE_MOVED',
      `The ledger of ${dataDir} was moved to ${mark.to} and is out of date here: set storage.databaseUrl to that database.`,
    );
  }
  refuseUnfinished(mark, dataDir);
}

/** For whoever works on the server: until the move is done the ledger there is not whole. Throws ConnectorError `config`. */
export function refuseUnfinished(mark: MoveMark | undefined, dataDir: string): void {
  if (mark?.state !== 'moving') return;
  throw new ConnectorError(
    'config',
    'MOVE_UNFINISHED',
    `The ledger of ${dataDir} is being moved to ${mark.to}, or that was interrupted: run connector move-storage again.`,
  );
}
