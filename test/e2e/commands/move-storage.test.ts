/** From the embedded database to a server: nothing is lost, nobody is sent anything, and nobody starts on the old one. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connector } from '../../support/connector.ts';
import { addPeople, addPerson, contactOf, edit, livePeople, writes } from '../../support/crm-people.ts';

describe('connector move-storage', () => {
  const c = connector();
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'connector-move-'));
    // Root lends PostgreSQL another user, who must be able to enter.
    await chmod(dataDir, 0o755);
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const onFolder = () => c.configure({ storage: { databaseUrl: undefined, dataDir } });
  const onServer = () => c.configure({ storage: { dataDir } });
  const mark = async () => JSON.parse(await readFile(join(dataDir, 'moved.json'), 'utf8')) as { state: string };

  it('moves ledger, suppressions and sealed evidence; the old folder stays and is refused', async () => {
    await onFolder();
    const [anna, bert] = addPeople(c.world, 3);
    const kept = addPerson(c.world, { firstname: 'Suppressa' });
    await c.run('sync');
    await c.run('suppress', kept.email);
    const erased = await c.run('erase', `contact/${bert!.id}`);
    await c.run('sync');
    const sealed = await c.run('evidence', 'verify', '--json');
    const worker = c.start('start');
    await worker.said(/"ready"/);
    await onServer();

    const busy = await c.run('move-storage');
    worker.process.kill('SIGTERM');
    await worker.finished;
    const unmarked = await mark().catch(() => undefined);
    const moved = await c.run('move-storage', '--json');
    const done = await mark();
    // As a kill between the commit and the mark would leave it.
    await writeFile(join(dataDir, 'moved.json'), JSON.stringify({ ...done, state: 'moving' }));
    const tooEarly = await c.run('sync');
    const again = await c.run('move-storage');
    const before = writes(c.world);
    const live = livePeople(c.world).length;
    edit(c.world, kept, { firstname: 'Again' });
    const synced = await c.run('sync');
    const verified = await c.run('evidence', 'verify', '--json', '--contains', sealed.json<Seals>().newest.hash);
    await onFolder();
    const old = await c.run('status');
    const oldWorker = await c.run('start');

    expect(erased.code).toBe(0);
    expect(busy).toMatchObject({ code: 2 });
    expect(busy.stderr).toContain('MOVE_IN_USE');
    expect(unmarked).toBeUndefined();
    expect(moved.code).toBe(0);
    const { tables } = moved.json<{ tables: { table: string; rows: number }[] }>();
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
    expect((await stat(join(dataDir, 'postgres'))).isDirectory()).toBe(true);
  });

  it('refuses without an embedded database, without a server, and a server that holds a ledger', async () => {
    await onServer();
    const nothing = await c.run('move-storage');
    await c.run('sync');
    await onFolder();
    const nowhere = await c.run('move-storage');
    await c.run('sync');
    await onServer();
    const filled = await c.run('move-storage');
    await c.configure({
      storage: { dataDir },
      privacy: { hashKey: 'another-key-of-the-tests-0123456789abcdef' },
    });
    const otherKey = await c.run('move-storage');
    await onFolder();
    const unharmed = await c.run('status');

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
