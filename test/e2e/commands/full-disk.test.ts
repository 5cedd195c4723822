/**
 * A disk that is full under the embedded PostgreSQL while a worker runs: nothing is lost, and the same process goes on
 * when there is space again. The disk is a small tmpfs, which only root may mount.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { connector } from '../../support/connector.ts';
import { addJob, addPeople, contactOf, edit, jobState, livePeople, remove } from '../../support/crm-people.ts';

const run = promisify(execFile);

/** A small disk of its own; undefined where none can be mounted. */
async function mountDisk(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', folder]);
    return folder;
  } catch {
    await rm(folder, { recursive: true, force: true });
    return undefined;
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

const disk = await mountDisk();
afterAll(async () => {
  if (disk) await unmountDisk(disk);
});

if (!disk) {
  it('a full disk was not tried: no tmpfs can be mounted here (that needs root)', () => {
    expect(process.env.REQUIRE_TMPFS).not.toBe('1');
  });
}

(disk ? describe : describe.skip)('a full disk under the database', () => {
  const c = connector();
  const dataDir = join(disk ?? '', 'data');
  const ballast = join(disk ?? '', 'ballast');

  /** To the last byte. */
  async function fill(): Promise<void> {
    const { bavail, bsize } = await statfs(disk ?? '');
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
      await client.query('create table if not exists ballast (line text)');
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  it('stops the work, loses nothing of it, and the worker goes on when there is space', async () => {
    await chmod(disk ?? '', 0o755);
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

    expect(refused).toBeInstanceOf(Error);
    expect(whileFull).toBeLessThan(20 + 300);
    expect(livePeople(c.world)).toHaveLength(20 - 5 + 300);
    expect(stderr).toContain('embedded PostgreSQL went away');
    expect(jobState(c.world, job)).toMatchObject({ code: 'HTTP 410 Gone' });
    expect(code).toBe(0);
  });
});
