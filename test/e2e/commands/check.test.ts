import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finished } from '../../support/command.ts';
import { connector } from '../../support/connector.ts';

interface Checked {
  readonly ok: boolean;
  readonly findings: readonly { part: string; ok: boolean; subject: string; message: string; mend: string }[];
  readonly capabilities: Readonly<Record<string, { readonly erase: object }>>;
}

function wrongIn(result: Finished): Checked['findings'] {
  return result.json<Checked>().findings.filter(({ ok }) => !ok);
}

describe('connector check', () => {
  const c = connector({ emptyDatabase: true });

  it('finds nothing to mend where everything is there, before and after the first sync', async () => {
    const before = await c.run('check', '--json');
    await c.run('sync');
    const after = await c.run('check');

    expect(wrongIn(before)).toEqual([]);
    expect(before.code).toBe(0);
    expect(before.json<Checked>().capabilities.main).toMatchObject({ erase: { mode: 'anonymize' } });
    expect(after.stdout).toContain('everything is as it should be');
    expect(after.stdout).toMatch(/erasing +anonymize/);
    expect(after.code).toBe(0);
  });

  it('writes nothing', async () => {
    await c.run('check');
    const status = await c.run('status', '--json');

    expect(status.json<{ epoch: number }>().epoch).toBe(0);
    expect(Object.keys(c.world.spotler.counts()).filter((kind) => /^(PUT|DELETE)/.test(kind))).toEqual([]);
  });

  it.each<[string, () => void | Promise<void>, { part: string; subject: string; mend: RegExp }]>([
    [
      'the client secret',
      () => c.configure({ dataverse: { auth: { clientSecret: 'not-the-secret' } } }),
      { part: 'dataverse', subject: 'credentials', mend: /client secret/ },
    ],
    [
      'the application user',
      () => {
        c.world.dataverse.access.applicationUser = false;
      },
      { part: 'dataverse', subject: 'application user', mend: /application user/ },
    ],
    [
      'a table privilege',
      () => c.world.dataverse.access.setPrivileges('lead', { read: 'None' }),
      { part: 'dataverse', subject: 'lead', mend: /prvReadLead/ },
    ],
    [
      'change tracking',
      () => c.world.dataverse.setChangeTracking('account', false),
      { part: 'dataverse', subject: 'change tracking of account', mend: /Track changes/ },
    ],
    [
      'a column',
      () => c.configure({ tables: { lead: { fields: { city: 'address9_city' } } } }),
      { part: 'dataverse', subject: 'column lead.address9_city', mend: /column/ },
    ],
    [
      'the Marketing Job table',
      () => c.world.dataverse.crm.store.removeTable('mkt_marketingjob'),
      { part: 'dataverse', subject: 'mkt_marketingjob', mend: /setup|marketingJobs/ },
    ],
    [
      'the database',
      () => c.configure({ storage: { databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing' } }),
      { part: 'database', subject: 'storage.databaseUrl', mend: /password/ },
    ],
    [
      'the state of the embedded database',
      async () => {
        await writeFile(join(dirname(c.path), 'postgres.json'), '{');
        await c.configure({ storage: { databaseUrl: undefined, dataDir: dirname(c.path) } });
      },
      { part: 'database', subject: 'embedded PostgreSQL', mend: /restore the file/ },
    ],
    [
      'Redis',
      () => c.configure({ storage: { redisUrl: 'redis://127.0.0.1:1' } }),
      { part: 'queue', subject: 'storage.redisUrl', mend: /Redis runs/ },
    ],
    [
      "the platform's secret",
      () => c.configure({}, { consumerSecret: 'not-the-secret' }),
      { part: 'target main', subject: 'credentials', mend: /consumer/i },
    ],
    [
      'a property of the platform',
      () => c.configure({ tables: { contact: { fields: { shoeSize: 'jobtitle' } } } }),
      { part: 'target main', subject: 'property shoeSize', mend: /./ },
    ],
    [
      'a permission of the platform',
      () => c.configure({ tables: { contact: { permissions: { Parties: 'new_events' } } } }),
      { part: 'target main', subject: 'permission Parties', mend: /./ },
    ],
  ])('names %s when it alone is broken, with its mend', async (_name, spoil, expected) => {
    await spoil();

    const result = await c.run('check', '--json');

    const wrong = wrongIn(result);
    expect(wrong.length).toBeGreaterThan(0);
    for (const finding of wrong) {
      expect(finding.part).toBe(expected.part);
      expect(finding.subject).toContain(expected.subject);
      expect(finding.mend).toMatch(expected.mend);
    }
    expect(result.code).toBe(1);
    expect(result.stderr).toBe('');
  });

  it.each<[string, () => void | Promise<void>, { part: string; subject: string; mend: RegExp }]>([
    [
      'hash key',
      () => c.configure({ privacy: { hashKey: 'another-key-of-the-tests-0123456789abcdef' } }),
      { part: 'identity', subject: 'privacy.hashKey', mend: /former key/ },
    ],
    [
      'organization',
      () => {
        c.world.dataverse.crm.changeOrganizationId();
      },
      { part: 'identity', subject: 'organization', mend: /database of its own/ },
    ],
    [
      'account',
      async () => {
        const another = { consumerKey: 'another-key', consumerSecret: 'another-secret' };
        const url = `${c.world.spotler.adminUrl}/credentials`;
        await fetch(url, { method: 'POST', body: JSON.stringify(another) });
        await c.configure({}, another);
      },
      { part: 'target main', subject: 'account', mend: /targets accept main/ },
    ],
  ])('names another %s than the ledger was made with', async (_name, spoil, expected) => {
    await c.run('sync');
    await spoil();

    const result = await c.run('check', '--json');

    const wrong = wrongIn(result);
    expect(wrong).toMatchObject([{ part: expected.part, subject: expected.subject }]);
    expect(wrong[0]?.mend).toMatch(expected.mend);
    expect(result.code).toBe(1);
  });
});
