import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import type { CrmFinding } from '../../../src/dataverse/crm.ts';
import { type ClosableCrm, type CrmSettings, createCrm } from '../../../src/dataverse/index.ts';
import {
  type Answer,
  base,
  column,
  errorBody,
  guid,
  login,
  lookup,
  optionsOf,
  settingsOf,
  signal,
  startLogin,
  startOrganization,
  tableOf,
  tenant,
} from './organization.ts';

/** One table that uses everything that can be checked. */
const contact = tableOf({
  fields: { firstName: column('firstname'), company: lookup('parentcustomerid', 'name') },
  permissions: { News: 'new_news' },
});

type Route = (path: string) => Answer | undefined;

const attributes: Record<string, [string, string, boolean?][]> = {
  contact: [
    ['contactid', 'Uniqueidentifier'],
    ['emailaddress1', 'String'],
    ['statecode', 'State'],
    ['donotemail', 'Boolean'],
    ['donotbulkemail', 'Boolean'],
    ['merged', 'Boolean'],
    ['masterid', 'Lookup'],
    ['createdon', 'DateTime'],
    ['modifiedon', 'DateTime'],
    ['firstname', 'String'],
    ['new_news', 'Boolean'],
    ['parentcustomerid', 'Customer'],
  ],
  account: [['name', 'String']],
  mkt_marketingjob: [
    ['mkt_marketingjobid', 'Uniqueidentifier'],
    ['mkt_name', 'String'],
    ['mkt_operation', 'Picklist'],
    ['mkt_customer', 'Customer'],
    ['mkt_lead', 'Lookup'],
    ['mkt_status', 'Picklist'],
    ['mkt_resultcode', 'String'],
    ['mkt_resultdetail', 'Memo'],
    ['mkt_completedon', 'DateTime'],
    ['mkt_recordid', 'String'],
    ['mkt_recordtable', 'String'],
  ],
};

const relations: Record<string, [string, string, string][]> = {
  contact: [['parentcustomerid', 'account', 'parentcustomerid_account']],
  mkt_marketingjob: [
    ['mkt_customer', 'contact', 'mkt_customer_contact'],
    ['mkt_customer', 'account', 'mkt_customer_account'],
    ['mkt_lead', 'lead', 'mkt_lead'],
  ],
};

function healthy(path: string): Answer {
  const table = /LogicalName(?:=|%20eq%20)'([a-z_]+)'/.exec(path)?.[1] ?? '';
  if (path.startsWith('WhoAmI')) return { body: { OrganizationId: guid(1), UserId: guid(2) } };
  if (path.startsWith('organizations')) return { body: { value: [{ expirechangetrackingindays: 30 }] } };
  if (path.includes('/Attributes')) {
    const rows = (attributes[table] ?? []).map(([name, type, secured]) => ({
      LogicalName: name,
      AttributeType: type,
      IsSecured: secured ?? false,
    }));
    return { body: { value: rows } };
  }
  if (path.includes('/ManyToOneRelationships')) {
    const rows = (relations[table] ?? []).map(([attribute, entity, navigation]) => ({
      ReferencingAttribute: attribute,
      ReferencedEntity: entity,
      ReferencingEntityNavigationPropertyName: navigation,
    }));
    return { body: { value: rows } };
  }
  if (path.startsWith('EntityDefinitions?')) {
    const set = table === 'contact' ? 'contacts' : 'mkt_marketingjobs';
    const Privileges = [{ PrivilegeType: 'Write', Name: `prvWrite${table}` }];
    return { body: { value: [{ LogicalName: table, EntitySetName: set, ChangeTrackingEnabled: true, Privileges }] } };
  }
  if (path.includes('RetrieveUserPrivileges')) {
    return { body: { RolePrivileges: [{ PrivilegeName: 'prvWritemkt_marketingjob', Depth: 'Global' }] } };
  }
  if (path === 'contacts?$select=contactid,emailaddress1')
    return { body: { value: [], '@odata.deltaLink': `${base}contacts?x` } };
  return { body: { value: [] } };
}

let crm: ClosableCrm;

/** The findings of a check in which one thing differs. */
async function checked(
  route: Route = () => undefined,
  settings: CrmSettings = settingsOf({ contact }),
): Promise<CrmFinding[]> {
  const organization = startOrganization();
  function answerTo({ path: sent }: { readonly path: string }): Answer {
    const path = sent.replaceAll('%27', "'");
    return route(path) ?? healthy(path);
  }
  organization.answer(...Array.from({ length: 60 }, () => answerTo));
  crm = createCrm(optionsOf(settings));
  const findings = await crm.check(signal);
  for (const { path, method } of organization.calls) expect(`${method} ${path}`).toMatch(/^GET /);
  return findings;
}

/** What is wrong, each with its mend. */
function faults(findings: CrmFinding[]): [string, string][] {
  return findings.filter(({ ok }) => !ok).map(({ subject, mend }) => [subject, mend]);
}

function withoutRow(kind: string, table: string, key: string, value: string): Route {
  return (path) => {
    if (!path.includes(`'${table}'`) || !path.includes(kind)) return undefined;
    const { value: rows } = healthy(path).body as { value: Record<string, unknown>[] };
    return { body: { value: rows.filter((row) => row[key] !== value) } };
  };
}

function withRow(kind: string, table: string, name: string, change: Record<string, unknown>): Route {
  return (path) => {
    if (!path.includes(`'${table}'`) || !path.includes(kind)) return undefined;
    const { value: rows } = healthy(path).body as { value: Record<string, unknown>[] };
    return { body: { value: rows.map((row) => (row.LogicalName === name ? { ...row, ...change } : row)) } };
  };
}

beforeEach(() => {
  nock.disableNetConnect();
});

afterEach(() => {
  crm.close();
  nock.cleanAll();
});

afterAll(() => nock.restore());

describe('with everything in place', () => {
  test('every finding is fine, and nothing is written', async () => {
    startLogin();

    const findings = await checked();

    expect(faults(findings)).toEqual([]);
    expect(findings.map(({ subject }) => subject)).toEqual([
      'credentials',
      'application user',
      'change tracking retention',
      'table contact',
      'columns of contact',
      'change tracking of contact',
      'changes of contact',
      'rows of contact',
      'table mkt_marketingjob',
      'columns of mkt_marketingjob',
      'rows of mkt_marketingjob',
      'writing mkt_marketingjob',
    ]);
  });

  test('without marketing jobs their table is not looked at', async () => {
    startLogin();
    const { marketingJobs: _off, ...settings } = settingsOf({ contact });

    const findings = await checked(() => undefined, settings);

    expect(findings.some(({ subject }) => subject.includes('mkt_'))).toBe(false);
  });
});

describe('the way in, broken alone', () => {
  test('credentials', async () => {
    nock(login)
      .get(/openid/)
      .reply(200, {
        issuer: `${login}/${tenant}/v2.0`,
        token_endpoint: `${login}/t`,
        authorization_endpoint: `${login}/a`,
        jwks_uri: `${login}/k`,
      });
    nock(login)
      .post(/.*/)
      .reply(401, { error: 'invalid_client', error_codes: [7_000_215] });

    expect(faults(await checked())).toEqual([['credentials', expect.stringContaining('client secret')]]);
  });

  test('the application user', async () => {
    startLogin();
    const refused = { status: 403, body: errorBody('0x80072560') };

    expect(faults(await checked(() => refused))).toEqual([
      ['application user', expect.stringContaining('Create an application user')],
    ]);
  });

  test('the address', async () => {
    startLogin();
    const unknown = { status: 404, body: errorBody('0x80060888', "Resource not found for the segment 'WhoAmI'.") };

    expect(faults(await checked(() => unknown))).toHaveLength(1);
  });

  test('the service', async () => {
    startLogin();

    expect(faults(await checked(() => ({ status: 503, body: '<html>' })))).toEqual([
      ['environment', expect.stringContaining('network')],
    ]);
  });
});

describe('a table, broken alone', () => {
  beforeEach(() => {
    startLogin();
  });

  const cases: [string, Route, string, string][] = [
    [
      'is not there',
      (path) =>
        path.startsWith('EntityDefinitions?') && path.includes("'contact'") ? { body: { value: [] } } : undefined,
      'table contact',
      'Take contact out of tables',
    ],
    [
      'is not tracked',
      withRow('ChangeTrackingEnabled', 'contact', 'contact', { ChangeTrackingEnabled: false }),
      'change tracking of contact',
      'Track changes',
    ],
    [
      'may not be read as a whole',
      (path) =>
        path === 'contacts?$select=contactid,emailaddress1'
          ? { status: 403, body: errorBody('0x80040220', 'x is missing prvReadContact privilege') }
          : undefined,
      'changes of contact',
      'prvReadContact',
    ],
    [
      'lacks a mapped column',
      withoutRow('/Attributes', 'contact', 'LogicalName', 'firstname'),
      'column contact.firstname',
      'Correct the name',
    ],
    [
      'lacks the address column',
      withoutRow('/Attributes', 'contact', 'LogicalName', 'emailaddress1'),
      'column contact.emailaddress1',
      'Correct the name',
    ],
    [
      'lacks a permission column',
      withoutRow('/Attributes', 'contact', 'LogicalName', 'new_news'),
      'column contact.new_news',
      'Correct the name',
    ],
    [
      'has a permission that is no Yes/No',
      withRow('/Attributes', 'contact', 'new_news', { AttributeType: 'Picklist' }),
      'column contact.new_news',
      'Yes/No',
    ],
    [
      'has an address that is no text',
      withRow('/Attributes', 'contact', 'emailaddress1', { AttributeType: 'Memo' }),
      'column contact.emailaddress1',
      'text column',
    ],
    [
      'has a lookup mapped as a column',
      withRow('/Attributes', 'contact', 'firstname', { AttributeType: 'Lookup' }),
      'column contact.firstname',
      'lookup: firstname',
    ],
    [
      'has an address that may not be seen',
      withRow('/Attributes', 'contact', 'emailaddress1', { IsSecured: true }),
      'secured column contact.emailaddress1',
      'column security profile',
    ],
    [
      'lacks a lookup',
      withoutRow('/ManyToOne', 'contact', 'ReferencingAttribute', 'parentcustomerid'),
      'rows of contact',
      'Correct the lookup',
    ],
    [
      'lacks the column of a lookup',
      withoutRow('/Attributes', 'account', 'LogicalName', 'name'),
      'rows of contact',
      'Correct the column',
    ],
    [
      'points to a table that may not be read',
      (path) =>
        path.includes('$expand=')
          ? { status: 403, body: errorBody('0x80040220', 'x is missing prvReadAccount privilege') }
          : undefined,
      'rows of contact',
      'privilege',
    ],
  ];

  test.each(cases)('%s', async (_name, route, subject, mend) => {
    expect(faults(await checked(route))).toEqual([[subject, expect.stringContaining(mend)]]);
  });

  test('has a secured address that can be seen', async () => {
    const secured = withRow('/Attributes', 'contact', 'emailaddress1', { IsSecured: true });
    const seen = (path: string) =>
      path.includes('ne%20null')
        ? { body: { value: [{ contactid: guid(1), emailaddress1: 'jan@person.example' }] } }
        : secured(path);

    const findings = await checked(seen);

    expect(faults(findings)).toEqual([]);
    expect(JSON.stringify(findings)).not.toContain('jan@');
  });
});

describe('the retention of deletes', () => {
  test.each<[Answer]>([
    [{ body: { value: [{ expirechangetrackingindays: 2 }] } }],
    [{ body: { value: [{}] } }],
    [{ status: 403, body: errorBody('0x80040220', 'x is missing prvReadOrganization privilege') }],
  ])('that is short or cannot be read is named', async (answer) => {
    startLogin();

    const found = faults(await checked((path) => (path.startsWith('organizations') ? answer : undefined)));

    expect(found).toEqual([['change tracking retention', expect.stringMatching(/.+/)]]);
  });
});

describe('the Marketing Job table, broken alone', () => {
  beforeEach(() => {
    startLogin();
  });

  const cases: [string, Route, string, string][] = [
    [
      'is not there',
      (path) =>
        path.startsWith('EntityDefinitions?') && path.includes("'mkt_marketingjob'")
          ? { body: { value: [] } }
          : undefined,
      'table mkt_marketingjob',
      'connector setup',
    ],
    [
      'has another set',
      withRow('EntitySetName', 'mkt_marketingjob', 'mkt_marketingjob', { EntitySetName: 'mkt_jobs' }),
      'set mkt_marketingjobs',
      'mkt_jobs',
    ],
    [
      'lacks a column',
      withoutRow('/Attributes', 'mkt_marketingjob', 'LogicalName', 'mkt_status'),
      'column mkt_marketingjob.mkt_status',
      'marketingJobs.columns.status',
    ],
    [
      'has a column of another type',
      withRow('/Attributes', 'mkt_marketingjob', 'mkt_operation', { AttributeType: 'String' }),
      'column mkt_marketingjob.mkt_operation',
      'Picklist',
    ],
    [
      'has a customer lookup to other tables',
      withoutRow('/ManyToOne', 'mkt_marketingjob', 'ReferencingAttribute', 'mkt_customer'),
      'lookup mkt_marketingjob.mkt_customer',
      'contact or account',
    ],
    [
      'may not be read',
      (path) => (path.startsWith('mkt_marketingjobs?') ? { status: 403, body: errorBody('0x80040220') } : undefined),
      'rows of mkt_marketingjob',
      'privilege',
    ],
    [
      'may not be written',
      (path) =>
        path.includes('RetrieveUser')
          ? { body: { RolePrivileges: [{ PrivilegeName: 'prvReadx', Depth: 'Global' }] } }
          : undefined,
      'writing mkt_marketingjob',
      'prvWritemkt_marketingjob',
    ],
    [
      'may be written in part',
      (path) =>
        path.includes('RetrieveUser')
          ? { body: { RolePrivileges: [{ PrivilegeName: 'prvWritemkt_marketingjob', Depth: 'Basic' }] } }
          : undefined,
      'writing mkt_marketingjob',
      'organization level',
    ],
  ];

  test.each(cases)('%s', async (_name, route, subject, mend) => {
    expect(faults(await checked(route))).toEqual([[subject, expect.stringContaining(mend)]]);
  });

  test('says that writing was not checked where Dataverse does not list the privileges', async () => {
    const findings = await checked((path) =>
      path.includes('RetrieveUser') ? { status: 404, body: errorBody('0x80060888') } : undefined,
    );

    expect(faults(findings)).toEqual([]);
    expect(findings.at(-1)?.message).toContain('Not checked');
  });
});
