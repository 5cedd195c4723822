import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import { marketingJobs, settingsOf, tableOf } from '../samples.ts';
import {
  type Environment,
  everything,
  madeIn,
  type Settings,
  secret,
  startEnvironment,
  webhook,
} from './environment.ts';

const jobs = 'mkt_marketingjob';

function column({ world }: Environment, name: string, table = jobs) {
  return world.crm.store.table(table).columns.get(name);
}

function rows({ world }: Environment, table: string) {
  return [...world.crm.store.table(table).rows.values()].map(({ values }) => values);
}

describe('setup in an environment with nothing', () => {
  it('makes the table as the connector needs it, under its solution', async () => {
    const environment = startEnvironment();

    const ran = await environment.run();

    expect(ran.in('failed')).toEqual([]);
    expect(ran.in('amiss')).toEqual([]);
    const table = environment.world.crm.store.table(jobs);
    expect(table.definition).toMatchObject({
      schemaName: 'mkt_MarketingJob',
      primaryName: 'mkt_name',
      set: 'mkt_marketingjobs',
    });
    expect(column(environment, 'mkt_operation')?.options?.map(({ value, labels }) => [value, labels[1033]])).toEqual([
      [140000000, 'Anonymize Contact'],
      [140000001, 'Sync Contact'],
    ]);
    expect(column(environment, 'mkt_status')).toMatchObject({ kind: 'choice', default: 140000000 });
    expect(column(environment, 'mkt_status')?.options).toHaveLength(4);
    expect(column(environment, 'mkt_resultdetail')).toMatchObject({ kind: 'memo', maxLength: 4000 });
    expect(column(environment, 'mkt_completedon')).toMatchObject({ kind: 'dateTime' });
    for (const name of ['mkt_resultcode', 'mkt_recordid', 'mkt_recordtable']) {
      expect(column(environment, name)).toMatchObject({ kind: 'text', maxLength: 100 });
    }
    const { components } = environment.world.organization.customization;
    expect(new Set(components.map(({ solution }) => solution))).toEqual(new Set(['DynamicsEmailConnector']));
    expect(components.filter(({ kind }) => kind === 'column')).toHaveLength(9);
  });

  it('makes lookups that lose their link, and keep the job, when the person is deleted', async () => {
    const environment = startEnvironment();
    await environment.run();
    const { crm } = environment.world;
    const contact = crm.create('contact', { lastname: 'Somebody' });
    const lead = crm.create('lead', { lastname: 'Somebody' });
    const ofContact = crm.create(jobs, { mkt_customer: { table: 'contact', id: contact } });
    const ofLead = crm.create(jobs, { mkt_lead: { table: 'lead', id: lead } });

    crm.delete('contact', contact);
    crm.delete('lead', lead);

    expect(column(environment, 'mkt_customer')).toMatchObject({ metadataType: 'Customer' });
    expect(crm.read(jobs, ofContact)).toMatchObject({ mkt_customer: null, mkt_status: 140000000 });
    expect(crm.read(jobs, ofLead)).toMatchObject({ mkt_lead: null });
  });

  it('fills the form that came with the table, and publishes it with the three views', async () => {
    const environment = startEnvironment();

    await environment.run();

    const forms = rows(environment, 'systemform').filter(({ objecttypecode }) => objecttypecode === jobs);
    const views = rows(environment, 'savedquery').filter(({ returnedtypecode }) => returnedtypecode === jobs);
    expect(forms).toHaveLength(1);
    expect(forms[0]?.name).toBe('Marketing Job');
    for (const name of Object.values(marketingJobs.columns).filter((one) => one !== marketingJobs.columns.id)) {
      expect(forms[0]?.formxml).toContain(`datafieldname="${name}"`);
    }
    expect(forms[0]?.formxml).toContain('datafieldname="mkt_status" disabled="true"');
    expect(forms[0]?.formxml).toContain('datafieldname="mkt_recordid" disabled="false"');
    const own = views.filter(({ name }) => name !== `Active ${jobs}`);
    expect(own.map(({ name }) => name)).toEqual([
      'Pending Marketing Jobs',
      'Failed Marketing Jobs',
      'Done Marketing Jobs',
    ]);
    expect(
      own.map(({ fetchxml }) => [...String(fetchxml).matchAll(/<value>(\d+)/g)].map(([, value]) => value)),
    ).toEqual([['140000000', '140000001'], ['140000003'], ['140000002']]);
  });

  it('registers the webhook with its secret in a header, and a step for each message', async () => {
    const environment = startEnvironment();

    await environment.run();

    const [endpoint] = rows(environment, 'serviceendpoint');
    expect(endpoint).toMatchObject({ url: webhook.url, contract: 8, authtype: 5 });
    expect(endpoint?.authvalue).toBe(
      '<settings><setting name="x-connector-webhook-secret" value="webhook-secret-0123456789&amp;&lt;" /></settings>',
    );
    expect(endpoint?.description).not.toContain(secret);
    const steps = rows(environment, 'sdkmessageprocessingstep');
    expect(steps.map(({ name }) => name)).toEqual([
      'dynamics-email-connector: Create of contact',
      'dynamics-email-connector: Update of contact',
      'dynamics-email-connector: Delete of contact',
      'dynamics-email-connector: Create of mkt_marketingjob',
    ]);
    expect(steps.map(({ mode, stage }) => [mode, stage])).toEqual(steps.map(() => [1, 40]));
    const watched = String(steps[1]?.filteringattributes).split(',');
    expect(watched).toEqual(
      expect.arrayContaining(['emailaddress1', 'new_newsletter', 'donotbulkemail', 'statecode', 'masterid']),
    );
    expect(watched).not.toContain('modifiedon');
  });

  it('changes nothing the second time', async () => {
    const environment = startEnvironment();
    await environment.run();
    const made = environment.writes.length;

    const again = await environment.run();

    expect(environment.writes).toHaveLength(made);
    expect(again.results.every(({ state }) => state === 'there')).toBe(true);
  });

  it('shows the whole list and makes nothing of it when it only lists', async () => {
    const environment = startEnvironment();
    environment.world.setChangeTracking('contact', false);

    const listed = await environment.run(everything(), { listOnly: true, decide: () => 'leave' });
    const writes = environment.writes.length;
    const made = await environment.run();

    expect(writes).toBe(0);
    expect(listed.in('declined')).toEqual(made.in('made'));
    expect(listed.in('there')).toEqual([]);
  });
});

describe('setup where something is there already', () => {
  it('turns change tracking on where it is off, with every other property of the definition as it was', async () => {
    const environment = startEnvironment({ marketingJobs: true });
    environment.world.setChangeTracking('contact', false);
    let sent: Record<string, unknown> = {};
    environment.intercept = (request) => {
      if (request.method === 'PUT') sent = JSON.parse(request.body);
      return undefined;
    };

    const ran = await environment.run(everything({ server: { host: '127.0.0.1', port: 3000 } }));

    expect(ran.in('made')).toContain('change tracking contact');
    expect(environment.world.crm.store.table('contact').changeTracking).toBe(true);
    expect(sent).toMatchObject({ LogicalName: 'contact', ChangeTrackingEnabled: true, SchemaName: 'Contact' });
    expect(sent).toHaveProperty('DisplayName.LocalizedLabels');
    expect(sent).not.toHaveProperty('@odata.context');
  });

  it('uses names from the configuration, of which those that are missing are made under their own prefix', async () => {
    const environment = startEnvironment();
    const names = {
      ...marketingJobs,
      table: 'acme_wish',
      set: 'acme_wishs',
      columns: {
        ...Object.fromEntries(Object.entries(marketingJobs.columns).map(([key]) => [key, `acme_${key.toLowerCase()}`])),
        id: 'acme_wishid',
      },
      options: {
        anonymizeContact: 200010000,
        syncContact: 200010001,
        pending: 200010002,
        inProgress: 200010003,
        succeeded: 200010004,
        failed: 200010005,
      },
    } as NonNullable<Settings['marketingJobs']>;

    const ran = await environment.run(everything({ marketingJobs: names }), { solution: 'Wishes', publisher: 'acme' });

    expect(ran.in('failed')).toEqual([]);
    expect(column(environment, 'acme_status', 'acme_wish')).toMatchObject({ default: 200010002 });
    expect(rows(environment, 'publisher').at(-1)).toMatchObject({
      uniquename: 'acme',
      customizationprefix: 'acme',
      customizationoptionvalueprefix: 20001,
    });
    expect(rows(environment, 'solution').at(-1)).toMatchObject({ uniquename: 'Wishes' });
    expect(
      (await environment.run(everything({ marketingJobs: names }), { solution: 'Wishes', publisher: 'acme' })).in(
        'made',
      ),
    ).toEqual([]);
  });

  it('labels everything in the base language of the organization', async () => {
    const environment = startEnvironment();
    const { crm } = environment.world;
    crm.store.update(crm.store.table('organization'), crm.organizationRow(), { languagecode: 1043 });

    const ran = await environment.run();

    expect(ran.in('failed')).toEqual([]);
    expect(column(environment, 'mkt_status')?.options?.map(({ labels }) => labels[1043])).toEqual([
      'In afwachting',
      'Bezig',
      'Geslaagd',
      'Mislukt',
    ]);
    expect(rows(environment, 'systemform').map(({ name }) => name)).toContain('Marketingtaak');
  });

  it('speaks English where it has no words of the language', async () => {
    const environment = startEnvironment();
    const { crm } = environment.world;
    crm.store.update(crm.store.table('organization'), crm.organizationRow(), { languagecode: 1030 });

    await environment.run();

    expect(column(environment, 'mkt_operation')?.labels).toEqual({ 1030: 'Operation' });
  });

  it('lays out a form of its own for a table that somebody made, also where its rows have no owner', async () => {
    const environment = startEnvironment({ marketingJobs: true });
    environment.world.crm.store.table(jobs).columns.delete('ownerid');

    const ran = await environment.run();

    expect(ran.in('failed')).toEqual([]);
    expect(ran.in('made')).toEqual(
      expect.arrayContaining(['form', 'view pending', 'view failed', 'view done', 'publish']),
    );
    const forms = rows(environment, 'systemform').filter(({ objecttypecode }) => objecttypecode === jobs);
    expect(forms).toHaveLength(1);
    expect(forms[0]?.formxml).not.toContain('ownerid');
  });

  it('leaves a form and a view alone that somebody changed', async () => {
    const environment = startEnvironment();
    await environment.run();
    const { drafts } = environment.world.organization.customization;
    const { crm } = environment.world;
    const published = crm.store.table('systemform');
    for (const table of [drafts.systemform, published]) {
      for (const row of table.rows.values()) crm.store.update(table, row, { name: 'Erasure request' });
    }
    const views = [drafts.savedquery, crm.store.table('savedquery')];
    for (const table of views)
      for (const row of table.rows.values()) crm.store.update(table, row, { name: `Our ${String(row.values.name)}` });

    const again = await environment.run();

    expect(again.in('made')).toEqual([]);
  });

  it.each<[string, (environment: Environment) => void, string, RegExp]>([
    [
      'a choice without an option',
      (environment) => {
        const status = column(environment, 'mkt_status')!;
        environment.world.crm.store
          .table(jobs)
          .columns.set('mkt_status', { ...status, options: status.options!.slice(0, 3) });
      },
      'column status',
      /Failed \(140000003\)/,
    ],
    [
      'a column of another type',
      (environment) => {
        const other = column(environment, 'mkt_completedon')!;
        environment.world.crm.store.table(jobs).columns.set('mkt_operation', { ...other, name: 'mkt_operation' });
      },
      'column operation',
      /of type DateTime/,
    ],
    [
      'a lookup that deletes the job too',
      (environment) => {
        const lookup = column(environment, 'mkt_lead')!;
        const targets = lookup.targets!.map((target) => ({ ...target, onDelete: 'cascade' as const }));
        environment.world.crm.store.table(jobs).columns.set('mkt_lead', { ...lookup, targets });
      },
      'column lead',
      /removing the link/,
    ],
  ])('says %s and touches nothing', async (_what, spoil, step, said) => {
    const environment = startEnvironment();
    await environment.run();
    spoil(environment);
    const before = environment.writes.length;

    const ran = await environment.run();

    expect(ran.in('amiss')).toEqual([step]);
    expect(ran.result(step)?.message).toMatch(said);
    expect(ran.result(step)?.mend).toMatch(/./);
    expect(environment.writes).toHaveLength(before);
  });

  it.each([
    ['another set', { set: 'mkt_others' }, /marketingJobs.set to mkt_marketingjobs/],
    ['another key', { columns: { ...marketingJobs.columns, id: 'mkt_otherid' } }, /columns.id to mkt_marketingjobid/],
  ])('names the setting for a table with %s', async (_what, other, mend) => {
    const environment = startEnvironment();
    await environment.run();

    const ran = await environment.run(everything({ marketingJobs: { ...marketingJobs, ...other } }));

    expect(ran.result('table')?.mend).toMatch(mend);
  });

  it('does without the table where marketing jobs are off, and without the webhook where none is configured', async () => {
    const environment = startEnvironment();
    const { marketingJobs: _off, ...rest } = everything({ server: { host: '127.0.0.1', port: 3000 } });

    const ran = await environment.run(rest as Settings);

    expect(ran.results.map(({ step }) => step.id)).toEqual(['change tracking contact']);
    expect(environment.writes).toEqual([]);
  });

  it('registers another address, another secret and other columns anew', async () => {
    const environment = startEnvironment();
    await environment.run();
    const other = everything({
      ...settingsOf({ contact: tableOf({ permissions: { News: 'new_events' } }) }),
      server: {
        host: '127.0.0.1',
        port: 3000,
        webhook: { url: 'https://other.example/hooks', secret: new Personal('another-secret-0123456789') },
      },
    });

    const changed = await environment.run(other);
    const again = await environment.run(other);

    expect(changed.in('made')).toEqual(['webhook', 'webhook Update contact']);
    expect(rows(environment, 'serviceendpoint')).toHaveLength(1);
    expect(rows(environment, 'serviceendpoint')[0]).toMatchObject({ url: 'https://other.example/hooks' });
    expect(rows(environment, 'serviceendpoint')[0]?.authvalue).toContain('another-secret');
    expect(again.in('made')).toEqual([]);
  });
});

describe('setup in an environment that does not keep up', () => {
  it.each([429, 400] as const)('waits for another customization to end (%d)', async (status) => {
    const environment = startEnvironment();
    environment.world.organization.customization.armLock({ times: 3, status, retryAfterSeconds: 7, skip: 2 });

    const ran = await environment.run();

    expect(ran.in('failed')).toEqual([]);
    expect(ran.waited).toEqual(Array(3).fill('DATAVERSE_CUSTOMIZING'));
  });

  it('tries lookups again that fail right after the table was made', async () => {
    const environment = startEnvironment();
    environment.world.organization.customization.failingLookups = 2;

    const ran = await environment.run();

    expect(ran.in('failed')).toEqual([]);
    expect(ran.waited).toEqual(Array(2).fill('DATAVERSE_UNEXPECTED'));
  });

  it('asks for metadata so that it sees what is new', async () => {
    const environment = startEnvironment();
    environment.world.organization.customization.lagReads = 1_000;

    const ran = await environment.run();

    expect(ran.in('failed')).toEqual([]);
    expect(ran.waited).toEqual([]);
  });

  it('makes nothing twice when the answer to a write was lost, or what it made is not shown at once', async () => {
    const whole = startEnvironment();
    await whole.run();
    const environment = startEnvironment();
    let hidden = 0;
    environment.intercept = (request) => {
      if (request.method !== 'GET') {
        const answer = environment.world.handle(request);
        hidden = 2;
        return answer.status < 300 ? { status: 503, body: 'gone' } : answer;
      }
      if (hidden > 0 && request.path.endsWith('/EntityDefinitions')) {
        hidden -= 1;
        return { status: 503, body: 'busy' };
      }
      return undefined;
    };

    const ran = await environment.run();

    expect(ran.in('failed')).toEqual([]);
    expect(madeIn(environment)).toEqual(madeIn(whole));
    expect(environment.writes).toEqual(whole.writes);
  });

  it('gives up on what Dataverse never shows, after ten minutes, and says so', async () => {
    const environment = startEnvironment();
    environment.intercept = (request) =>
      request.method === 'POST' && request.path.endsWith('/solutions') ? { status: 204 } : undefined;

    const ran = await environment.run();

    expect(ran.result('solution')).toMatchObject({ state: 'failed', code: 'SETUP_NOT_SEEN' });
    expect(ran.in('left out')).toContain('table');
  });
});

describe('setup that may not, or is told not to', () => {
  it('says which privilege is missing and how to lend it', async () => {
    const environment = startEnvironment();
    environment.world.organization.customization.allowed = false;

    const ran = await environment.run();

    expect(ran.result('publisher')).toMatchObject({ state: 'failed', code: 'DATAVERSE_PRIVILEGE_MISSING' });
    expect(ran.result('publisher')?.message).toContain('prvCreatePublisher');
    expect(ran.result('publisher')?.mend).toContain('System Customizer');
    expect(ran.in('left out')).toContain('table');
    expect(ran.in('made')).toEqual([]);
  });

  it('leaves out what needs a change that was declined, and asks for nothing more once it is stopped', async () => {
    const environment = startEnvironment();
    const asked: string[] = [];

    const ran = await environment.run(everything(), {
      decide: (id) => {
        asked.push(id);
        return id === 'table' ? 'leave' : id === 'webhook' ? 'stop' : 'make';
      },
    });

    expect(asked).toEqual(['publisher', 'solution', 'table', 'webhook']);
    expect(ran.in('made')).toEqual(['publisher', 'solution']);
    expect(ran.in('left out')).toContain('form');
    expect(ran.in('left out')).toContain('webhook Create contact');
  });

  it.each<[string, Partial<NonNullable<Settings['marketingJobs']>>, string, string]>([
    ['a table without a prefix', { table: 'marketingjob', set: 'marketingjobs' }, 'table', 'SETUP_NAME'],
    [
      'a column with another prefix',
      { columns: { ...marketingJobs.columns, lead: 'acme_lead' } },
      'column lead',
      'SETUP_NAME',
    ],
    [
      'options without a common prefix',
      { options: { ...marketingJobs.options, failed: 7 } },
      'column status',
      'SETUP_OPTIONS',
    ],
  ])('refuses %s, which Dataverse would not make', async (_what, other, step, code) => {
    const environment = startEnvironment();

    const ran = await environment.run(everything({ marketingJobs: { ...marketingJobs, ...other } }));

    expect(ran.result(step)).toMatchObject({ state: 'failed', code });
  });

  it.each<[string, Record<string, unknown>, Partial<NonNullable<Settings['marketingJobs']>>, RegExp]>([
    ['prefix', { customizationprefix: 'acme', customizationoptionvalueprefix: 14000 }, {}, /another prefix/],
    [
      'numbers',
      { customizationprefix: 'mkt', customizationoptionvalueprefix: 15000 },
      {},
      /numbers options from 150000000/,
    ],
  ])('refuses a publisher with other %s', async (_what, values, other, said) => {
    const environment = startEnvironment();
    environment.world.crm.create('publisher', { uniquename: 'house', friendlyname: 'House', ...values });

    const ran = await environment.run(everything({ marketingJobs: { ...marketingJobs, ...other } }), {
      publisher: 'house',
    });

    expect(ran.result('publisher')?.message).toMatch(said);
    expect(ran.in('left out')).toContain('table');
    expect(environment.writes).toEqual([]);
  });

  it('cannot point to leads where there are none, and says what to do', async () => {
    const environment = startEnvironment();
    environment.world.crm.store.removeTable('lead');

    const ran = await environment.run();

    expect(ran.result('column lead')).toMatchObject({ state: 'amiss' });
    expect(ran.result('column lead')?.mend).toContain('Sales');
  });
});

describe('the role', () => {
  it('names each privilege that is missing or held for a part only', async () => {
    const environment = startEnvironment({ marketingJobs: true });
    const { access } = environment.world;
    access.setPrivileges('contact', { read: 'Basic' });
    access.setPrivileges('organization', { read: 'None' });
    access.systemPrivileges.set('prvReadAttribute', 'None');

    const findings = await environment.role();

    const wrong = findings.filter(({ ok }) => !ok);
    expect(wrong.map(({ subject }) => subject).sort()).toEqual([
      'prvReadAttribute',
      'prvReadContact',
      'prvReadOrganization',
    ]);
    expect(wrong.find(({ subject }) => subject === 'prvReadContact')?.message).toContain('a part of the rows');
    expect(wrong.every(({ mend }) => mend.includes('organization level'))).toBe(true);
    expect(findings.map(({ subject }) => subject)).toContain('prvWritemkt_MarketingJob');
  });

  it('needs to read what a mapped lookup points to', async () => {
    const environment = startEnvironment();
    const company = { kind: 'lookup', lookup: 'parentcustomerid', column: 'name', as: 'value' } as const;
    environment.world.access.setPrivileges('account', { read: 'None' });

    const findings = await environment.role(everything({ tables: { contact: tableOf({ fields: { company } }) } }));

    expect(findings.filter(({ ok }) => !ok).map(({ subject }) => subject)).toEqual(['prvReadAccount']);
  });

  it('says that a wide role counts, and that nothing was checked where privileges are not listed', async () => {
    const environment = startEnvironment();
    environment.world.access.roles = [{ name: 'System Customizer', template: '119f245c-3cc8-4b62-b31c-d1a046ced15d' }];
    const wide = await environment.role();
    environment.intercept = (request) =>
      request.path.includes('RetrieveUserPrivileges') ? { status: 200, body: { RolePrivileges: [] } } : undefined;
    const unlisted = await environment.role();

    expect(wide.find(({ subject }) => subject === 'wide role')?.message).toContain('System Customizer');
    expect(unlisted).toHaveLength(1);
    expect(unlisted[0]).toMatchObject({ ok: false, subject: 'role' });
    expect(unlisted[0]?.mend).toContain('prvReadContact');
  });
});
