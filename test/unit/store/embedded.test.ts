import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbedded } from '../../../src/store/embedded.ts';
import { testFolder } from '../../support/folder.ts';
import { recordingLogger, silentLogger } from '../../support/logger.ts';

const holderFile = fileURLToPath(new URL('../../support/embedded-holder.ts', import.meta.url));

let root: string;
let dataDir: string;
let held: EmbeddedPostgres[];
let holders: Holder[];

interface Holder {
  readonly process: ChildProcess;
  readonly url: string;
  leave(): Promise<void>;
  kill(): Promise<void>;
}

beforeEach(async () => {
  root = await testFolder('embedded');
  dataDir = join(root, 'data');
  held = [];
  holders = [];
});

afterEach(async () => {
  for (const holder of holders) if (holder.process.exitCode === null) await holder.leave();
  for (const server of held) await server.release();
  await rm(root, { recursive: true, force: true });
});

async function start(folder = dataDir, logger = silentLogger): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ dataDir: folder, logger, durable: false });
  held.push(server);
  return server;
}

async function startHolder(): Promise<Holder> {
  const child = spawn(process.execPath, [holderFile, dataDir], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()));
    child.once('exit', (code) => reject(new Error(`the holder ended with ${code}`)));
  });
  const holder: Holder = {
    process: child,
    url,
    async leave() {
      child.stdin.end();
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  holders.push(holder);
  return holder;
}

async function ask<T>(url: string, statement: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows as T[];
  } finally {
    await client.end();
  }
}

/** The server's process id: the same as long as the same server runs. */
async function serverId(): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** The file is the server's own, removed as it ends. */
async function isRunning(): Promise<boolean> {
  return (await readdir(join(dataDir, 'postgres'))).includes('postmaster.pid');
}

describe('one command', () => {
  test('starts a server on loopback that its password opens, and stops it when leaving', async () => {
    const server = await start();
    const url = new URL(server.url);
    expect(url.hostname).toBe('127.0.0.1');
    const rows = await ask(server.url, "SELECT current_setting('listen_addresses') AS at, current_database() AS name");
    expect(rows).toEqual([{ at: '127.0.0.1', name: 'connector' }]);
    url.password = 'guessed';
    await expect(ask(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await server.release();
    expect(await isRunning()).toBe(false);
  });

  test('keeps port and password in a file that only its user can read', async () => {
    const server = await start();
    const file = join(dataDir, 'postgres.json');
    const state = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const { port, password } = new URL(server.url);
    expect(state).toMatchObject({ port: Number(port), password });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('finds its data again', async () => {
    const before = await start();
    await ask(before.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await before.release();
    const after = await start();
    expect(await ask(after.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('leaving twice is leaving once', async () => {
    const server = await start();
    await Promise.all([server.release(), server.release()]);
    expect(await isRunning()).toBe(false);
  });

  test('survives its server: a server that stops is started again on the same port', async () => {
    const logger = recordingLogger();
    const server = await start(dataDir, logger);
    process.kill(await serverId(), 'SIGQUIT');
    let answer: unknown[] = [];
    for (const until = Date.now() + 30_000; answer.length === 0 && Date.now() < until; ) {
      const left = logger.lines.filter((line) => line.message === 'embedded PostgreSQL started').length;
      if (left > 1) answer = await ask(server.url, 'SELECT 1 AS one');
      else await new Promise((resolve) => setImmediate(resolve));
    }
    expect(answer).toEqual([{ one: 1 }]);
  });
});

describe('several commands', () => {
  test('share one server, and the last to leave stops it', async () => {
    const mine = await start();
    const id = await serverId();
    const theirs = await startHolder();
    expect(theirs.url).toBe(mine.url);
    await mine.release();
    expect(await serverId()).toBe(id);
    await theirs.leave();
    expect(await isRunning()).toBe(false);
  });

  test('that begin at the same moment on an empty folder end up with one server', async () => {
    const all = await Promise.all([startHolder(), startHolder(), start()]);
    expect(new Set(all.map(({ url }) => url)).size).toBe(1);
    expect(await readdir(dataDir)).toEqual(['postgres', 'postgres.json', 'postgres.log']);
  });

  test('one that is killed is forgotten', async () => {
    const mine = await start();
    const theirs = await startHolder();
    await theirs.kill();
    // Its session ends when the server notices the closed connection.
    await ask(mine.url, 'SELECT pg_sleep(0)');
    await waitForSessions(mine.url, 1);
    await mine.release();
    expect(await isRunning()).toBe(false);
  });

  test('a server that a killed one left behind is used again, and then stopped', async () => {
    const theirs = await startHolder();
    const id = await serverId();
    await theirs.kill();
    expect(await isRunning()).toBe(true);
    const mine = await start();
    expect(await serverId()).toBe(id);
    await waitForSessions(mine.url, 1);
    await mine.release();
    expect(await isRunning()).toBe(false);
  });

  test('Ctrl-C on the terminal reaches the command and not the server', async () => {
    const theirs = await startHolder();
    const id = await serverId();
    process.kill(-(theirs.process.pid ?? 0), 'SIGINT');
    expect(await ask(theirs.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await serverId()).toBe(id);
  });

  /** Asks until only so many are registered; the server says so without a fixed delay. */
  async function waitForSessions(url: string, wanted: number): Promise<void> {
    const count = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'connector registration'";
    for (const until = Date.now() + 10_000; Date.now() < until; ) {
      if ((await ask<{ n: number }>(url, count))[0]?.n === wanted) return;
    }
  }
});

describe('what is refused', () => {
  test('the folder of another major version, which stays as it is', async () => {
    await (await start()).release();
    const version = join(dataDir, 'postgres', 'PG_VERSION');
    await chmod(version, 0o644);
    await writeFile(version, '14\n');
    await expect(start()).rejects.toMatchObject({
      kind: 'config',
      code: 'EMBEDDED_POSTGRES_VERSION',
      message: expect.stringContaining('belongs to PostgreSQL 14'),
    });
    expect(await isRunning()).toBe(false);
    expect(await readFile(version, 'utf8')).toBe('14\n');
  });

  test('a folder that is gone, since an empty ledger in its place would forget what is owed', async () => {
    await (await start()).release();
    await rm(join(dataDir, 'postgres'), { recursive: true });
    await expect(start()).rejects.toMatchObject({ kind: 'config', code: 'EMBEDDED_POSTGRES_LOST' });
  });

  test('a password file that belongs to another folder', async () => {
    await (await start()).release();
    const file = join(dataDir, 'postgres.json');
    const state = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...state, password: 'x'.repeat(32) }));
    await expect(start()).rejects.toMatchObject({
      kind: 'config',
      code: 'EMBEDDED_POSTGRES_PASSWORD',
      message: expect.stringContaining('remove both'),
    });
    await writeFile(file, JSON.stringify(state));
    await (await start()).release();
  });

  test('a state file that nobody understands', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'postgres.json'), '{');
    await expect(start()).rejects.toMatchObject({ kind: 'config', code: 'EMBEDDED_POSTGRES_STATE' });
  });

  test('a machine for which no programs are installed, with the mend', async () => {
    const architecture = process.arch;
    Object.defineProperty(process, 'arch', { value: 'none', configurable: true });
    try {
      await expect(start()).rejects.toMatchObject({
        code: 'EMBEDDED_POSTGRES_MISSING',
        message: expect.stringContaining('storage.databaseUrl'),
      });
    } finally {
      Object.defineProperty(process, 'arch', { value: architecture, configurable: true });
    }
  });
});

describe('the user that it runs as', () => {
  test('root lends it another one, in a folder that this one can enter, and says so', async () => {
    const logger = recordingLogger();
    const closed = join(root, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const server = await start(join(closed, 'data'), logger);
    const state = JSON.parse(await readFile(join(closed, 'data', 'postgres.json'), 'utf8')) as { folder: string };
    const warnings = logger.lines.filter((line) => line.level === 'warn').map((line) => line.message);
    const { uid } = await stat(state.folder);
    if (process.getuid?.() === 0) {
      expect(state.folder).toMatch(/^\/var\/tmp\/dynamics-email-connector-/);
      expect(uid).not.toBe(0);
      expect(warnings).toEqual(['running as root: the embedded PostgreSQL runs as an unprivileged user']);
      await server.release();
      await rm(dirname(state.folder), { recursive: true });
    } else {
      expect(state.folder).toBe(join(closed, 'data', 'postgres'));
      expect(uid).toBe(process.getuid?.());
      expect(warnings).toEqual([]);
    }
  });
});
