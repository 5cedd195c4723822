/**
 * One embedded PostgreSQL data folder: laid out, started, stopped. Guarantees: a folder is complete or not there (it
 * is made aside and renamed); two processes that start at once end up with one server; the password is stored before
 * the folder exists and readable by its owner only; another major version's folder is never touched. Who may use the
 * server and when it stops is decided in embedded.ts.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFile,
  chown,
  link,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { ConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';
import { type Account, canUse, chooseAccount, makeEnterable, sharedPlace } from './embedded-account.ts';
import { type Binaries, findBinaries, run } from './embedded-binaries.ts';

const stateSchema = z.object({
  password: z.string().min(20),
  port: z.number().int().optional(),
  folder: z.string().optional(),
});
type State = z.infer<typeof stateSchema>;

export interface Cluster {
  readonly password: string;
  readonly folder: string;
  readonly logFile: string;
  /** The port of the server that runs, or ran last, in this folder; undefined when none did. */
  recordedPort(): Promise<number | undefined>;
  /** True when the server started by this call; false when it could not be, e.g. because it runs already. */
  start(): Promise<boolean>;
  stop(): Promise<void>;
}

/**
 * Quiet logs: a statement or a key in an error could carry what must not be at rest. The rest suits a small machine;
 * durability stays on.
 */
const settings = `
# dynamics-email-connector
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 120
shared_buffers = 64MB
fsync = on
synchronous_commit = on
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
`;

export async function openCluster(options: {
  readonly dataDir: string;
  readonly logger: Logger;
  /** False only for tests: no fsync. */
  readonly durable: boolean;
}): Promise<Cluster> {
  await mkdir(options.dataDir, { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const stateFile = join(dataDir, 'postgres.json');
  const account = await chooseAccount();
  const binaries = await findBinaries(account);
  const state = await readState(stateFile);
  const folder = state.folder ?? (await chooseFolder(dataDir, account));
  const logFile = `${folder}.log`;

  if (!(await isThere(folder))) {
    if (state.folder) throw lost(folder, stateFile);
    await layOut(folder, binaries, account, state.password, options.durable);
  }
  await assertMajor(folder, binaries);
  if (!state.folder) await writeState(stateFile, { ...state, folder });

  return {
    password: state.password,
    folder,
    logFile,
    recordedPort: () => portOf(folder),
    async start() {
      const port = await freePort((await readState(stateFile)).port);
      const server = `-p ${port}${options.durable ? '' : ' -c fsync=off -c full_page_writes=off'}`;
      const args = ['start', '-w', '-t', '60', '-D', folder, '-l', logFile, '-o', server];
      const { code } = await run(binaries.pgCtl, args, account, '/');
      if (code !== 0) return false;
      await writeState(stateFile, { ...state, folder, port });
      options.logger.info({ port, folder, version: binaries.version }, 'embedded PostgreSQL started');
      if (account) {
        options.logger.warn(
          { user: account.name, folder },
          'running as root: the embedded PostgreSQL runs as an unprivileged user',
        );
      }
      return true;
    },
    async stop() {
      const { code } = await run(binaries.pgCtl, ['stop', '-w', '-t', '60', '-m', 'fast', '-D', folder], account, '/');
      if (code === 0) options.logger.info({ folder }, 'embedded PostgreSQL stopped');
      else options.logger.warn({ folder }, 'embedded PostgreSQL could not be stopped');
    },
  };
}

/** In `dataDir`, unless the user that PostgreSQL must run as cannot get there. */
async function chooseFolder(dataDir: string, account: Account | undefined): Promise<string> {
  if (!account) return join(dataDir, 'postgres');
  const reachable = await canUse(dataDir, 'enter', account);
  const home = reachable ? dataDir : join(sharedPlace, `dynamics-email-connector-${hashOf(dataDir)}`);
  if (!reachable) {
    await makeEnterable(home);
  }
  return join(home, 'postgres');
}

async function layOut(
  folder: string,
  binaries: Binaries,
  account: Account | undefined,
  password: string,
  durable: boolean,
): Promise<void> {
  const fresh = `${folder}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const passwordFile = `${fresh}.password`;
  try {
    await mkdir(fresh, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (account) {
      await chown(fresh, account.uid, account.gid);
      await chown(passwordFile, account.uid, account.gid);
    }
    const args = ['-D', fresh, '--username=connector', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    args.push('--encoding=UTF8', '--locale=C', '--no-instructions', ...(durable ? [] : ['--no-sync']));
    const { code } = await run(binaries.initdb, args, account, '/');
    if (code !== 0) {
      throw new ConnectorError(
        'config',
        'EMBEDDED_POSTGRES_INIT',
        `The embedded PostgreSQL could not lay out ${folder}: is the disk full, or the folder read-only?`,
      );
    }
    await appendFile(join(fresh, 'postgresql.conf'), settings);
    // The log is opened by the server's user, which may not create files beside the folder.
    await writeFile(`${folder}.log`, '', { mode: 0o600, flag: 'a' });
    if (account) await chown(`${folder}.log`, account.uid, account.gid);
    await rename(fresh, folder).catch(async (error: NodeJS.ErrnoException) => {
      // Somebody else laid it out meanwhile, with the same password.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
  }
}

async function assertMajor(folder: string, binaries: Binaries): Promise<void> {
  const major = Number((await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim());
  if (major === binaries.major) return;
  throw new ConnectorError(
    'config',
    'EMBEDDED_POSTGRES_VERSION',
    `The folder ${folder} belongs to PostgreSQL ${major}, and this version brings ${binaries.major}: ` +
      `dump it with the version of this program that made it and restore it into a PostgreSQL named by storage.databaseUrl.`,
  );
}

/** The first caller writes a password; everybody else reads it. */
async function readState(file: string): Promise<State> {
  for (;;) {
    try {
      return stateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw new ConnectorError(
          'config',
          'EMBEDDED_POSTGRES_STATE',
          `The file ${file} cannot be read or understood.`,
          { cause },
        );
      }
    }
    const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
    await writeFile(fresh, JSON.stringify({ password: randomBytes(24).toString('base64url') }), {
      mode: 0o600,
      flag: 'wx',
    });
    await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(fresh);
  }
}

async function writeState(file: string, state: State): Promise<void> {
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(fresh, file);
}

/** Line 4 of postmaster.pid is the port (source: postgresql.org, src/include/utils/pidfile.h). */
async function portOf(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const port = Number(text.split('\n')[3]);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

/** The wanted port when it is free, else any free one. */
function freePort(wanted: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted ? resolve(freePort(undefined)) : reject(error)));
    probe.listen(wanted ?? 0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

function lost(folder: string, stateFile: string): ConnectorError {
  return new ConnectorError(
    'config',
    'EMBEDDED_POSTGRES_LOST',
    `The database folder ${folder} is gone: restore it, or remove ${stateFile} to begin with an empty ledger.`,
  );
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
