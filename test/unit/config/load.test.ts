import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigurationError, loadSettings } from '../../../config/load.ts';
import { Personal } from '../../../config/words.ts';
import { baseEnv, changed, platformSchemas, read } from './base.ts';

describe('settings', () => {
  it('hold every default', () => {
    const settings = read(changed([['tables', 'lead'], undefined], [['server'], undefined]));

    expect(settings).toMatchObject({
      dataverse: { apiVersion: 'v9.2', pageSize: 1000, pollSeconds: 10, callTimeoutSeconds: 60 },
      rules: { anonymizeContactWhenInactive: { contact: false, lead: false, account: false } },
      brake: { maxCount: 500, maxPercent: 5, minCount: 10, windowHours: 24, maxExplicitPerHour: 200 },
      suppression: { afterErasure: false },
      reconcile: { cron: '0 3 * * *' },
      retention: { evidenceDays: 1095, goneDays: 90, jobDays: 90 },
      worker: { leaseSeconds: 120, sweepSeconds: 15, concurrency: 2, batchSize: 2000 },
      storage: { dataDir: '/etc/connector/data' },
      privacy: { previousHashKeys: [] },
      server: { host: '127.0.0.1', port: 3000 },
      log: { level: 'info' },
    });
    expect(settings.targets).toEqual([
      {
        name: 'main',
        platform: 'spotler',
        identity: 'address',
        adoptExisting: true,
        requestsPerSecond: 10,
        callTimeoutSeconds: 30,
        lateEffectSeconds: 60,
        verifyErasures: false,
        dryRun: false,
        tables: settings.tables,
        platformSettings: expect.anything(),
      },
    ]);
    expect(settings.tables).toEqual({
      contact: {
        email: 'emailaddress1',
        fields: { firstName: { kind: 'column', column: 'firstname', as: 'value' } },
        permissions: { Newsletter: 'new_newsletter' },
        whenOutOfScope: 'resetPermissions',
      },
    });
  });

  it('name the Marketing Job table as setup creates it', () => {
    const { marketingJobs } = read(changed());

    expect(marketingJobs).toEqual({
      table: 'mkt_marketingjob',
      set: 'mkt_marketingjobs',
      pollSeconds: 10,
      language: 'en',
      columns: {
        id: 'mkt_marketingjobid',
        name: 'mkt_name',
        operation: 'mkt_operation',
        customer: 'mkt_customer',
        lead: 'mkt_lead',
        status: 'mkt_status',
        resultCode: 'mkt_resultcode',
        resultDetail: 'mkt_resultdetail',
        completedOn: 'mkt_completedon',
        recordId: 'mkt_recordid',
        recordTable: 'mkt_recordtable',
      },
      options: {
        anonymizeContact: 140000000,
        syncContact: 140000001,
        pending: 140000000,
        inProgress: 140000001,
        succeeded: 140000002,
        failed: 140000003,
      },
    });
  });

  it('derive set and key from another job table', () => {
    const { marketingJobs } = read(changed([['marketingJobs', 'table'], 'new_erasure']));

    expect(marketingJobs).toMatchObject({
      table: 'new_erasure',
      set: 'new_erasures',
      columns: { id: 'new_erasureid' },
    });
  });

  it('have no marketing jobs when they are switched off', () => {
    expect(read(changed([['marketingJobs'], false])).marketingJobs).toBeUndefined();
  });

  it.each([
    [true, { contact: true, lead: true, account: false }],
    [false, { contact: false, lead: false, account: false }],
    [{ lead: true }, { contact: false, lead: true, account: false }],
    [
      { account: true, contact: true },
      { contact: true, lead: false, account: true },
    ],
  ])('read anonymizeContactWhenInactive: %j', (value, expected) => {
    const settings = read(
      changed([['tables', 'account'], { email: 'emailaddress1' }], [['rules', 'anonymizeContactWhenInactive'], value]),
    );

    expect(settings.rules.anonymizeContactWhenInactive).toEqual(expected);
  });

  it.each([
    ['firstname', { kind: 'column', column: 'firstname', as: 'value' }],
    [
      { column: 'gendercode', as: 'label' },
      { kind: 'column', column: 'gendercode', as: 'label' },
    ],
    [
      { column: 'gendercode', map: { '1': 'M' } },
      { kind: 'column', column: 'gendercode', as: 'value', map: { '1': 'M' } },
    ],
    [
      { lookup: 'parentcustomerid', column: 'name' },
      { kind: 'lookup', lookup: 'parentcustomerid', column: 'name', as: 'value' },
    ],
    [{ table: true }, { kind: 'table' }],
    [{ value: false }, { kind: 'constant', value: false }],
  ])('read a field from %j', (source, expected) => {
    const settings = read(changed([['tables', 'contact', 'fields', 'property'], source]));

    expect(settings.tables.contact?.fields.property).toEqual(expected);
  });

  it('accept a key of a map as YAML writes numbers', () => {
    const yaml = changed().replace('firstName: firstname', 'firstName: { column: gendercode, map: { 1: M } }');

    expect(read(yaml).tables.contact?.fields.firstName).toMatchObject({ map: { '1': 'M' } });
  });

  it('lay the overrides of a target over the general tables, for that target only', () => {
    const only = { column: 'new_inmarketing', equals: null };
    const overrides = {
      contact: {
        fields: { firstName: null, lastName: 'lastname' },
        permissions: { Newsletter: 'new_othernews', Events: 'new_events' },
        only: null,
        whenOutOfScope: 'ignore',
      },
      lead: null,
    };
    const second = {
      name: 'second',
      platform: 'spotler',
      consumerKey: 'key',
      consumerSecret: 'secret',
      tables: { lead: { only } },
    };
    const settings = read(
      changed(
        [['tables', 'contact', 'only'], { column: 'new_inmarketing', equals: true }],
        [['targets', 0, 'tables'], overrides],
        [['targets', 1], second],
      ),
    );

    expect(settings.targets[0]?.tables).toEqual({
      contact: {
        email: 'emailaddress1',
        fields: { lastName: { kind: 'column', column: 'lastname', as: 'value' } },
        permissions: { Newsletter: 'new_othernews', Events: 'new_events' },
        whenOutOfScope: 'ignore',
      },
    });
    expect(settings.targets[1]?.tables).toEqual({
      contact: settings.tables.contact,
      lead: { ...settings.tables.lead, only },
    });
    expect(settings.tables.contact?.only).toEqual({ column: 'new_inmarketing', equals: true });
  });

  it('wrap every secret', () => {
    const settings = read(
      changed(
        [['privacy', 'previousHashKeys'], ['b'.repeat(32)]],
        [['storage'], { databaseUrl: 'postgres://u:p@db.example/x', redisUrl: 'rediss://redis.example' }],
      ),
    );

    const { platformSettings } = settings.targets[0]!;
    const secrets = [
      settings.dataverse.auth.kind === 'secret' && settings.dataverse.auth.clientSecret,
      settings.privacy.hashKey,
      settings.privacy.previousHashKeys[0],
      settings.storage.databaseUrl,
      settings.storage.redisUrl,
      settings.server.adminToken,
      settings.server.webhook?.secret,
      (platformSettings as { consumerSecret: unknown }).consumerSecret,
    ];
    expect(secrets.every((secret) => secret instanceof Personal)).toBe(true);
    expect(settings.privacy.hashKey.reveal()).toBe(baseEnv.CONNECTOR_HASH_KEY);
    expect(inspect(settings, { depth: 9 })).not.toContain(baseEnv.SPOTLER_SECRET);
  });

  it('normalise addresses', () => {
    const settings = read(
      changed(
        [['dataverse', 'url'], 'https://Contoso.crm4.dynamics.com/'],
        [['dataverse', 'auth', 'authority'], 'https://login.microsoftonline.com/tenant/'],
      ),
    );

    expect(settings.dataverse.url).toBe('https://contoso.crm4.dynamics.com');
    expect(settings.dataverse.auth).toMatchObject({ authority: 'https://login.microsoftonline.com/tenant' });
  });

  it.each(['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080'])(
    'accept plain http for this machine: %s',
    (url) => {
      const settings = read(
        changed(
          [['dataverse', 'url'], url],
          [['dataverse', 'auth', 'authority'], `${url}/tenant`],
          [['targets', 0, 'baseUrl'], `${url}/integrationservice`],
        ),
      );

      expect(settings.dataverse.url).toBe(url);
    },
  );

  it.each([
    [
      {
        authority: 'https://login.example/tenant',
        clientId: 'application',
        certificate: { privateKeyFile: 'keys/key.pem', thumbprintSha256: 'ab'.repeat(32) },
      },
      { kind: 'certificate', privateKeyFile: '/etc/connector/keys/key.pem', thumbprintSha256: 'AB'.repeat(32) },
    ],
    [{ managedIdentity: true }, { kind: 'managedIdentity' }],
    [
      { managedIdentity: true, clientId: 'user-assigned' },
      { kind: 'managedIdentity', clientId: 'user-assigned' },
    ],
  ])('sign in otherwise: %j', (auth, expected) => {
    expect(read(changed([['dataverse', 'auth'], auth])).dataverse.auth).toMatchObject(expected);
  });

  it('need no admin token on a loopback host', () => {
    expect(read(changed([['server'], { host: '::1' }])).server).toEqual({ host: '::1', port: 3000 });
  });

  it('accept sections that are written without content', () => {
    expect(read(`${changed()}brake:\nlog:\nsuppression:\n`).brake.maxCount).toBe(500);
  });
});

describe('references', () => {
  it('read text, numbers and booleans from the environment', () => {
    const yaml = changed(
      [['server', 'port'], `\${PORT}`],
      [['rules', 'anonymizeContactWhenInactive'], `\${INACTIVE}`],
      [['targets', 0, 'adoptExisting'], `\${ADOPT}`],
      [['targets', 0, 'requestsPerSecond'], `\${PACE}`],
      [['targets', 0, 'consumerKey'], `key-\${PORT}`],
    );

    const settings = read(yaml, { env: { ...baseEnv, PORT: '8080', INACTIVE: 'true', ADOPT: 'false', PACE: '2.5' } });

    expect(settings.server.port).toBe(8080);
    expect(settings.rules.anonymizeContactWhenInactive.contact).toBe(true);
    expect(settings.targets[0]).toMatchObject({
      adoptExisting: false,
      requestsPerSecond: 2.5,
      platformSettings: { consumerKey: 'key-8080' },
    });
  });

  it('keep a text that looks like a number where a text is expected', () => {
    const settings = read(changed(), { env: { ...baseEnv, SPOTLER_KEY: '12345' } });

    expect(settings.targets[0]?.platformSettings).toMatchObject({ consumerKey: '12345' });
  });

  it('stand without quotes inside braces', () => {
    const settings = read(
      `${changed([['storage'], undefined])}storage: { databaseUrl: \${DATABASE_URL}, dataDir: \${DIR} }\n`,
      {
        env: { ...baseEnv, DATABASE_URL: 'postgres://db.example/connector', DIR: '/var/lib/connector' },
      },
    );

    expect(settings.storage.databaseUrl?.reveal()).toBe('postgres://db.example/connector');
    expect(settings.storage.dataDir).toBe('/var/lib/connector');
  });

  it('mean the embedded default under storage when they are not set', () => {
    const { storage } = read(changed([['storage', 'dataDir'], `\${DIR}`]), { env: { ...baseEnv, REDIS_URL: '' } });

    expect(storage).toEqual({ dataDir: '/etc/connector/data' });
  });

  it('are replaced once: a value is not read again', () => {
    const settings = read(changed(), { env: { ...baseEnv, SPOTLER_KEY: `\${SPOTLER_SECRET}` } });

    expect(settings.targets[0]?.platformSettings).toMatchObject({ consumerKey: `\${SPOTLER_SECRET}` });
  });

  it('can be written literally', () => {
    const settings = read(changed([['targets', 0, 'consumerKey'], `a$\${b}`]));

    expect(settings.targets[0]?.platformSettings).toMatchObject({ consumerKey: `a\${b}` });
  });
});

describe('loadSettings', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connector-config-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('reads secret files next to the configuration, without their last line break', async () => {
    const file = join(folder, 'connector.yaml');
    await writeFile(join(folder, 'hash-key'), `${'k'.repeat(40)}\r\n`);
    await writeFile(file, changed([['privacy', 'hashKey'], `\${file:./hash-key}`]));

    const settings = await loadSettings({ file, env: baseEnv, platformSchemas });

    expect(settings.privacy.hashKey.reveal()).toBe('k'.repeat(40));
    expect(settings.storage.dataDir).toBe(join(folder, 'data'));
  });

  it('refuses a secret file that is empty', async () => {
    const file = join(folder, 'connector.yaml');
    await writeFile(join(folder, 'hash-key'), '\n');
    await writeFile(file, changed([['privacy', 'hashKey'], `\${file:hash-key}`]));

    const loading = loadSettings({ file, env: baseEnv, platformSchemas });

    await expect(loading).rejects.toMatchObject({
      mistakes: [{ path: 'privacy.hashKey', wrong: 'uses a secret file that is empty' }],
    });
  });

  it('says when there is no configuration file', async () => {
    const loading = loadSettings({ file: join(folder, 'none.yaml'), env: baseEnv, platformSchemas });

    await expect(loading).rejects.toThrow(ConfigurationError);
    await expect(loading).rejects.toMatchObject({ mistakes: [{ path: '', wrong: 'the file cannot be read' }] });
  });
});
