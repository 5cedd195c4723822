/**
 * Whom the embedded PostgreSQL runs as. PostgreSQL refuses to run as root, so root lends it an unprivileged user of
 * the system. Guarantees: folders used in a place that everybody may write to belong to root, so nobody else can
 * have laid them out. Does not create users.
 */
import { spawn } from 'node:child_process';
import { chmod, lstat, mkdir, readFile } from 'node:fs/promises';
import { ConnectorError } from '../http/errors.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Survives a reboot, unlike /tmp, and every user may enter it. */
export const sharedPlace = '/var/tmp';

/** The user to run as: undefined means as ourselves. Throws `config` when root finds no user to lend. */
export async function chooseAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const [name, , uid, gid] = users.find((fields) => fields[0] === wanted) ?? [];
    if (name && Number(uid) > 0 && Number(gid) >= 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new ConnectorError(
    'config',
    'EMBEDDED_POSTGRES_NO_USER',
    'Running as root, and there is no user "postgres" or "nobody" for the embedded PostgreSQL: start as another user, or set storage.databaseUrl.',
  );
}

/** Whether that user can enter the folder, or execute the file: asked of the system, not computed from modes. */
export function canUse(path: string, what: 'enter' | 'execute', account: Account): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', what === 'enter' ? 'cd "$1"' : 'test -x "$1"', 'sh', path], {
      cwd: '/',
      stdio: 'ignore',
      uid: account.uid,
      gid: account.gid,
    });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** Throws `config` unless it is a real folder of our own that nobody else can write to. */
export async function assertOurs(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return;
  throw new ConnectorError(
    'config',
    'EMBEDDED_POSTGRES_FOREIGN_FOLDER',
    `The folder ${folder} was not made by this user: remove it, or set storage.databaseUrl.`,
  );
}

/** Makes a folder of our own that every user may enter, whatever the umask; one that is there must be ours. */
export async function makeEnterable(folder: string): Promise<void> {
  try {
    await mkdir(folder);
    await chmod(folder, 0o755);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await assertOurs(folder);
}
