/**
 * A disk that is full under the embedded PostgreSQL while a worker runs: nothing is lost, and the same process goes on
 * when there is space again. The disk is a small tmpfs, which only root may mount.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify, types } from 'node:util';
import { Client } from 'pg';
import { connector } from '../../support/connector.ts';
import { addJob, addPeople, contactOf, edit, jobState, livePeople, remove } from '../../support/crm-people.ts';

const run = promisify(execFile);

/** PostgreSQL refuses the statement alone, and goes on. */
const diskFull = '53100';

/** A small disk of its own. Throws where none can be mounted. */
async function mountDisk(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', folder]);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function unmountDisk(folder: string): Promise<void> {
  await run('umount', ['-l', folder]);
  await rm(folder, { recursive: true, force: true });
}

/** Looks until it is so; the test's own time limit ends it otherwise. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await delay(50);
  }
}

const mountable = await mountDisk().then(
  async (folder) => {
    await unmountDisk(folder);
    return true;
  },
  () => false,
);

if (!mountable) {
  it('a full disk was not tried: no tmpfs can be mounted here (that needs root)', () => {
    expect(process.env.REQUIRE_TMPFS).not.toBe('1');
  });
}

(mountable ? describe : describe.skip)('a full disk under the database', () => {
  const c = connector();
  let disk: string;
  let dataDir: string;
  let ballast: string;

  beforeAll(async () => {
    disk = await mountDisk();
    dataDir = join(disk, 'data');
    ballast = join(disk, 'ballast');
  });

  afterAll(async () => {
    // Where the test failed the worker was killed, and its server is an orphan.
    const orphan = Number(
      (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0],
    );
    if (orphan > 1) process.kill(orphan, 'SIGQUIT');
    await unmountDisk(disk);
  });

  /** To the last byte. */
  async function fill(): Promise<void> {
    const { bavail, bsize } = await statfs(disk);
    await writeFile(ballast, Buffer.alloc(bavail * bsize)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC') throw error;
    });
  }

  /** The next write needs a file of the journal that there is no space for: PostgreSQL ends itself. */
  async function askForAnotherJournalFile(): Promise<unknown> {
    const { password, port } = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8'));
    const client = new Client({ host: '127.0.0.1', port, user: 'connector', password, database: 'connector' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select pg_switch_wal()');
      // Into the journal and nowhere else: a table would be refused its space before.
      await client.query(`select pg_logical_emit_message(false, 'ballast', repeat('x', 100000))`);
      return undefined;
    } catch (error) {
      return (error as { code?: unknown }).code === diskFull ? undefined : error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  it('stops the work, loses nothing of it, and the worker goes on when there is space', async () => {
    const quick = { dataverse: { pollSeconds: 1 }, worker: { sweepSeconds: 1 }, marketingJobs: { pollSeconds: 1 } };
    await c.configure({ ...quick, storage: { databaseUrl: undefined, dataDir } });
    const worker = c.start('start');
    await worker.said(/"msg":"ready"/);
    const early = addPeople(c.world, 20);
    await until(() => early.every((person) => contactOf(c.world, person.email)));

    await fill();
    const late = addPeople(c.world, 300);
    edit(c.world, early[0]!, { firstname: 'Edited while full' });
    for (const person of early.slice(1, 5)) remove(c.world, person);
    const job = addJob(c.world, 'anonymize', early[5]);
    const refused = await until(askForAnotherJournalFile);
    await worker.said(/went away|queue connection in trouble|could not be/);
    const whileFull = livePeople(c.world).length;
    await rm(ballast);

    await until(() => late.every((person) => contactOf(c.world, person.email)));
    await until(() => contactOf(c.world, early[0]!.email)?.properties.firstName === 'Edited while full');
    await until(() => early.slice(1, 6).every((person) => !contactOf(c.world, person.email)));
    await until(() => jobState(c.world, job)?.status === 'succeeded');
    worker.process.kill('SIGTERM');
    const { code, stderr } = await worker.finished;

    // Of whichever realm: a refused connection is Node's own error, and not one of the test's.
    expect(types.isNativeError(refused)).toBe(true);
    expect(whileFull).toBeLessThan(20 + 300);
    expect(livePeople(c.world)).toHaveLength(20 - 5 + 300);
    expect(stderr).toContain('embedded PostgreSQL went away');
    expect(jobState(c.world, job)).toMatchObject({ code: 'HTTP 410 Gone' });
    expect(code).toBe(0);
  });
});
