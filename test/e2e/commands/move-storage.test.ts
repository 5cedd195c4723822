/** From the embedded database to a server: nothing is lost, nobody is sent anything, and nobody starts on the old one. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EmbeddedPostgres, startEmbedded } from '../../../src/store/embedded.ts';
import { connector } from '../../support/connector.ts';
import { addPeople, addPerson, contactOf, edit, livePeople, writes } from '../../support/crm-people.ts';
import { testFolder } from '../../support/folder.ts';
import { silentLogger } from '../../support/logger.ts';
import { runHere } from '../../unit/cli/run-here.ts';

describe('connector move-storage', () => {
  const c = connector({ emptyDatabase: true });
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await testFolder('move');
  });
  afterEach(async () => {
    await leave();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Registered like a worker, without the durability that a test can do without. */
  let company: EmbeddedPostgres | undefined;
  async function join(): Promise<void> {
    company = await startEmbedded({ dataDir, logger: silentLogger, durable: false });
  }
  async function leave(): Promise<void> {
    await company?.release();
    company = undefined;
  }

  /** In this process: the commands are many, and their own start is not what is tested here. */
  const run = (...args: string[]) => runHere([...args, '--config', c.path]);
  const onFolder = () => c.configure({ storage: { databaseUrl: undefined, dataDir } });
  const onServer = () => c.configure({ storage: { dataDir } });
  const mark = async () => JSON.parse(await readFile(path.join(dataDir, 'moved.json'), 'utf8')) as { state: string };

  it('moves ledger, suppressions and sealed evidence; the old folder stays and is refused', async () => {
    await onFolder();
    await join();
    const [anna, bert] = addPeople(c.world, 3);
    const kept = addPerson(c.world, { firstname: 'Suppressa' });
    await run('sync');
    await run('suppress', kept.email);
    const erased = await run('erase', `contact/${bert!.id}`);
    await run('sync');
    const sealed = await run('evidence', 'verify', '--json');
    await onServer();

    const busy = await run('move-storage');
    await leave();
    const unmarked = await mark().catch(() => undefined);
    const moved = await run('move-storage', '--json');
    const done = await mark();
    // As a kill between the commit and the mark would leave it.
    await writeFile(path.join(dataDir, 'moved.json'), JSON.stringify({ ...done, state: 'moving' }));
    const tooEarly = await run('sync');
    const again = await run('move-storage');
    const before = writes(c.world);
    const live = livePeople(c.world).length;
    edit(c.world, kept, { firstname: 'Again' });
    const synced = await run('sync');
    const verified = await run(
      'evidence',
      'verify',
      '--json',
      '--contains',
      (JSON.parse(sealed.stdout) as Seals).newest.hash,
    );
    await onFolder();
    const old = await run('status');
    const oldWorker = await run('start');

    expect(erased.code).toBe(0);
    expect(busy).toMatchObject({ code: 2 });
    expect(busy.stderr).toContain('MOVE_IN_USE');
    expect(unmarked).toBeUndefined();
    expect(moved.code).toBe(0);
    const { tables } = JSON.parse(moved.stdout) as { tables: { table: string; rows: number }[] };
    expect(tables).toContainEqual({ table: 'record', rows: 4 });
    expect(tables).toContainEqual({ table: 'suppression', rows: 1 });
    expect(done).toMatchObject({ state: 'moved' });
    expect(tooEarly).toMatchObject({ code: 2 });
    expect(tooEarly.stderr).toContain('MOVE_UNFINISHED');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('already');
    expect(again.stdout + moved.stdout).not.toMatch(/postgres:|people\.example|Suppressa/);
    expect(synced.code).toBe(0);
    expect(writes(c.world)).toEqual(before);
    expect(livePeople(c.world)).toHaveLength(live);
    expect(contactOf(c.world, anna!.email)).toBeDefined();
    expect(contactOf(c.world, kept.email)).toBeUndefined();
    expect(verified).toMatchObject({ code: 0 });
    for (const refused of [old, oldWorker]) {
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain('STORAGE_MOVED');
    }
    expect((await stat(path.join(dataDir, 'postgres'))).isDirectory()).toBe(true);
  });

  it('refuses without an embedded database, without a server, and a server that holds a ledger', async () => {
    await onServer();
    const nothing = await run('move-storage');
    await run('sync');
    await onFolder();
    const nowhere = await run('move-storage');
    await join();
    await run('sync');
    await leave();
    await onServer();
    const filled = await run('move-storage');
    await c.configure({
      storage: { dataDir },
      privacy: { hashKey: 'another-key-of-the-tests-0123456789abcdef' },
    });
    const otherKey = await run('move-storage');
    await onFolder();
    const unharmed = await run('status');

    expect(nothing).toMatchObject({ code: 2 });
    expect(nothing.stderr).toContain('there is no embedded database');
    expect(nowhere).toMatchObject({ code: 2 });
    expect(nowhere.stderr).toContain('storage.databaseUrl');
    expect(filled).toMatchObject({ code: 2 });
    expect(filled.stderr).toContain('MOVE_TARGET_NOT_EMPTY');
    expect(otherKey).toMatchObject({ code: 2 });
    expect(otherKey.stderr).toContain('HASH_KEY_DIFFERS');
    expect(unharmed).toMatchObject({ code: 0 });
  });
});

interface Seals {
  readonly newest: { readonly hash: string };
}
