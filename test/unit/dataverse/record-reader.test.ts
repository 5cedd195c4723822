import { inspect } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import type { TableName } from '../../../config/words.ts';
import { type ClosableCrm, type CrmSettings, createCrm } from '../../../src/dataverse/index.ts';
import {
  base,
  type Call,
  column,
  errorBody,
  failureOf,
  guid,
  lookup,
  type Organization,
  optionsOf,
  rowOf,
  settingsOf,
  signal,
  startLogin,
  startOrganization,
  tableOf,
  targetOf,
} from './organization.ts';

const label = '@OData.Community.Display.V1.FormattedValue';
let organization: Organization;
let crm: ClosableCrm;

function crmOf(
  tables: CrmSettings['tables'],
  some: Partial<CrmSettings> = {},
  maxResponseBytes = 1_000_000,
): ClosableCrm {
  crm = createCrm(optionsOf(settingsOf(tables, some), { maxResponseBytes }));
  return crm;
}

/** The ids a bulk read asked for. */
function idsOf({ path }: Call): string[] {
  return [...path.matchAll(/%22([0-9a-f-]{36})%22/g)].map(([, id = '']) => id);
}

function rows(...value: unknown[]): { body: unknown } {
  return { body: { value } };
}

/** Answers every id that was asked for with a row. */
function echo(call: Call): { body: unknown } {
  return rows(...idsOf(call).map((id) => rowOf(id as never)));
}

beforeEach(() => {
  nock.disableNetConnect();
  startLogin();
  organization = startOrganization();
});

afterEach(() => {
  crm.close();
  nock.cleanAll();
  expect(organization.left()).toBe(0);
});

afterAll(() => nock.restore());

describe('a bulk read', () => {
  test('asks for what the rules need and for the union of what all targets name', async () => {
    const general = tableOf({
      email: 'emailaddress2',
      fields: { firstName: column('firstname'), kind: { kind: 'table' }, source: { kind: 'constant', value: 'CRM' } },
      permissions: { News: 'new_news' },
      only: { column: 'new_inmarketing', equals: true },
    });
    const other = tableOf({ fields: { initials: column('initials') }, permissions: { Shop: 'new_shop' } });
    organization.answer(rows());

    await crmOf({ contact: general }, { targets: [targetOf({ contact: other })] }).readRows(
      'contact',
      [guid(1)],
      signal,
    );

    const [call] = organization.calls;
    const select = /\$select=([^&]*)/.exec(call?.path ?? '')?.[1]?.split(',');
    expect(new Set(select)).toEqual(
      new Set([
        'contactid',
        'emailaddress2',
        'statecode',
        'donotemail',
        'donotbulkemail',
        'merged',
        '_masterid_value',
        'createdon',
        'modifiedon',
        'firstname',
        'new_news',
        'new_inmarketing',
        'initials',
        'new_shop',
      ]),
    );
    expect(call?.headers.prefer).toBeUndefined();
    expect(call?.path).not.toContain('$expand');
  });

  test('names the ids by the alias form of In, with double quotes', async () => {
    organization.answer(rows());

    await crmOf({ contact: tableOf() }).readRows('contact', [guid(1), guid(2)], signal);

    const path = organization.calls[0]?.path ?? '';
    const expected = `$filter=Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)&@p1='contactid'&@p2=["${guid(1)}","${guid(2)}"]`;
    expect(decodeURIComponent(path)).toContain(expected);
  });

  test('takes 500 ids a request, below the longest URL, each id once', async () => {
    const ids = Array.from({ length: 1_201 }, (_, n) => guid(n));
    organization.answer(echo, echo, echo);

    const read = await crmOf({ contact: tableOf() }).readRows('contact', [...ids, guid(0)], signal);

    expect(organization.calls.map((call) => idsOf(call).length).sort()).toEqual([201, 500, 500]);
    for (const { path } of organization.calls) expect(base.length + path.length).toBeLessThan(32_768);
    expect(read.rows).toHaveLength(1_201);
    expect(read.missing).toEqual([]);
  });

  test('takes fewer ids where long mappings fill the URL', async () => {
    const fields = Object.fromEntries(
      Array.from({ length: 150 }, (_, n) => [`p${n}`, column(`new_${'x'.repeat(80)}${n}`)]),
    );
    const filled = Object.fromEntries(
      Object.values(fields).map((source) => [source.kind === 'column' ? source.column : '', null]),
    );
    const reply = (call: Call) => rows(...idsOf(call).map((id) => rowOf(id as never, filled)));
    organization.answer(reply, reply);

    await crmOf({ contact: tableOf({ fields }) }, {}, 20_000_000).readRows(
      'contact',
      Array.from({ length: 500 }, (_, n) => guid(n)),
      signal,
    );

    for (const { path } of organization.calls) expect(base.length + path.length).toBeLessThan(32_768);
  });

  test('of no ids asks nothing', async () => {
    expect(await crmOf({ contact: tableOf() }).readRows('contact', [], signal)).toEqual({
      rows: [],
      malformed: [],
      missing: [],
    });
    expect(organization.calls).toEqual([]);
  });

  test('says which ids did not come back, only after the last page', async () => {
    organization.answer(
      { body: { value: [rowOf(guid(1))], '@odata.nextLink': `${base}contacts?$skiptoken=2` } },
      rows(rowOf(guid(3))),
    );

    const read = await crmOf({ contact: tableOf() }).readRows('contact', [guid(1), guid(2), guid(3)], signal);

    expect(read.rows.map(({ ref }) => ref.id)).toEqual([guid(1), guid(3)]);
    expect(read.missing).toEqual([guid(2)]);
  });

  test('takes nothing as missing when the answer cannot be understood', async () => {
    organization.answer(rows(rowOf(guid(1)), { ...rowOf(guid(2)), contactid: 'none' }));

    const error = await failureOf(crmOf({ contact: tableOf() }).readRows('contact', [guid(1), guid(2)], signal));

    expect(error).toMatchObject({ kind: 'config', code: 'ROW_WITHOUT_ID' });
  });

  test('fails as a whole when one of its requests fails', async () => {
    organization.answer(echo, { status: 403, body: errorBody('0x80040220') });

    const ids = Array.from({ length: 600 }, (_, n) => guid(n));
    const error = await failureOf(crmOf({ contact: tableOf() }).readRows('contact', ids, signal));

    expect(error).toMatchObject({ kind: 'config', code: 'DATAVERSE_PRIVILEGE_MISSING' });
  });

  test('too large for one answer is halved until the culprit is alone', async () => {
    const heavy = guid(5);
    const reply = (call: Call) =>
      rows(...idsOf(call).map((id) => rowOf(id as never, { description: id === heavy ? 'x'.repeat(9_000) : null })));
    organization.answer(...Array.from({ length: 7 }, () => reply));
    const tables = { contact: tableOf({ fields: { note: column('description') } }) };
    const ids = Array.from({ length: 8 }, (_, n) => guid(n));
    const read = await crmOf(tables, {}, 6_000).readRows('contact', ids, signal);

    expect(read.malformed).toEqual([
      { ref: { table: 'contact', id: heavy }, code: 'ROW_TOO_LARGE', reason: expect.any(String) },
    ]);
    expect(read.rows).toHaveLength(7);
    expect(read.missing).toEqual([]);
  });
});

describe('a row', () => {
  test('is put into our words, and no value of it prints', async () => {
    const tables = {
      contact: tableOf({ fields: { firstName: column('firstname'), gender: column('gendercode', 'label') } }),
    };
    organization.answer(
      rows(rowOf(guid(1), { firstname: 'Jan', gendercode: 1, [`gendercode${label}`]: 'Man', donotbulkemail: true })),
    );

    const { rows: read } = await crmOf(tables).readRows('contact', [guid(1)], signal);

    const [row] = read;
    expect(row).toMatchObject({
      ref: { table: 'contact', id: guid(1) },
      etag: 'W/"915244"',
      createdOn: '2024-05-06T07:08:09Z',
      state: 'active',
      merged: false,
      masterId: undefined,
      doNotEmail: false,
      doNotBulkEmail: true,
    });
    expect(row?.email.reveal()).toBe('jan@person.example');
    expect(row?.columns.reveal()).toEqual({ firstname: 'Jan', gendercode: 1 });
    expect(row?.labels.reveal()).toEqual({ gendercode: 'Man' });
    expect(JSON.stringify(row) + inspect(row, { depth: 9 })).not.toMatch(/jan@|Jan|Man/);
    expect(organization.calls[0]?.headers.prefer).toBe(
      'odata.include-annotations="OData.Community.Display.V1.FormattedValue"',
    );
  });

  test.each<[TableName, number, string]>([
    ['contact', 0, 'active'],
    ['contact', 1, 'inactive'],
    ['account', 1, 'inactive'],
    ['lead', 0, 'active'],
    ['lead', 1, 'qualified'],
    ['lead', 2, 'disqualified'],
  ])('of %s with state %d is %s', async (table, statecode, state) => {
    const row = { ...rowOf(guid(1), { statecode }), contactid: undefined, [`${table}id`]: guid(1) };
    organization.answer(rows(row));

    const read = await crmOf({ [table]: tableOf() }).readRows(table, [guid(1)], signal);

    expect(read.rows[0]?.state).toBe(state);
  });

  test('without flags is allowed, and without a merged column not merged', async () => {
    organization.answer(rows(rowOf(guid(1), { donotemail: null, donotbulkemail: null, merged: undefined })));

    const read = await crmOf({ contact: tableOf() }).readRows('contact', [guid(1)], signal);

    expect(read.rows[0]).toMatchObject({ doNotEmail: false, doNotBulkEmail: false, merged: false });
  });

  test('that was merged names its master', async () => {
    organization.answer(rows(rowOf(guid(1), { merged: true, _masterid_value: guid(2).toUpperCase() })));

    const read = await crmOf({ contact: tableOf() }).readRows('contact', [guid(1)], signal);

    expect(read.rows[0]).toMatchObject({ merged: true, masterId: guid(2) });
  });

  test('without a column that was asked for is a configuration error', async () => {
    organization.answer(rows(rowOf(guid(1), { emailaddress1: undefined })));

    const error = await failureOf(crmOf({ contact: tableOf() }).readRows('contact', [guid(1)], signal));

    expect(error).toMatchObject({ kind: 'config', code: 'COLUMN_ABSENT' });
    expect(error.message).toContain('emailaddress1');
  });

  const tables = { contact: tableOf({ fields: { name: column('firstname') }, permissions: { News: 'new_news' } }) };
  const good = { firstname: 'A', new_news: null };
  test.each([
    ['emailaddress1', { emailaddress1: 4711 }, 'text'],
    ['statecode', { statecode: 'Active' }, 'a state that the table has'],
    ['statecode', { statecode: 9 }, 'a state that the table has'],
    ['donotemail', { donotemail: 'secret' }, 'yes or no'],
    ['merged', { merged: 1 }, 'yes or no'],
    ['_masterid_value', { _masterid_value: 'secret' }, 'a GUID'],
    ['createdon', { createdon: 'secret' }, 'a date and time'],
    ['@odata.etag', { '@odata.etag': 4711 }, 'text'],
    ['firstname', { firstname: { secret: 1 } }, 'a text, number'],
    ['new_news', { new_news: 'secret' }, 'yes or no'],
  ])('with a wrong type in %s is malformed, the rest goes on', async (name, wrong, expected) => {
    organization.answer(rows(rowOf(guid(1), { ...good, ...wrong }), rowOf(guid(2), good)));

    const read = await crmOf(tables).readRows('contact', [guid(1), guid(2)], signal);

    expect(read.malformed).toEqual([
      { ref: { table: 'contact', id: guid(1) }, code: 'FIELD_WRONG_TYPE', reason: expect.any(String) },
    ]);
    expect(read.malformed[0]?.reason).toContain(name);
    expect(read.malformed[0]?.reason).toContain(expected);
    expect(read.malformed[0]?.reason).not.toMatch(/secret|4711|Active/);
    expect(read.rows.map(({ ref }) => ref.id)).toEqual([guid(2)]);
    expect(read.missing).toEqual([]);
  });

  test('with a text over 100,000 characters is malformed, the rest goes on', async () => {
    organization.answer(
      rows(
        rowOf(guid(1), { ...good, firstname: 'x'.repeat(100_001) }),
        rowOf(guid(2), { ...good, firstname: 'x'.repeat(100_000) }),
      ),
    );

    const read = await crmOf(tables).readRows('contact', [guid(1), guid(2)], signal);

    expect(read.malformed).toMatchObject([{ code: 'FIELD_TOO_LARGE', reason: expect.stringContaining('firstname') }]);
    expect(read.rows).toHaveLength(1);
  });
});

describe('lookups', () => {
  const relationships = rows(
    {
      ReferencingAttribute: 'parentcustomerid',
      ReferencedEntity: 'account',
      ReferencingEntityNavigationPropertyName: 'parentcustomerid_account',
    },
    {
      ReferencingAttribute: 'parentcustomerid',
      ReferencedEntity: 'contact',
      ReferencingEntityNavigationPropertyName: 'parentcustomerid_contact',
    },
    { ReferencingAttribute: 'ownerid', ReferencedEntity: 'owner', ReferencingEntityNavigationPropertyName: 'ownerid' },
  );
  const accountColumns = rows(
    { LogicalName: 'name', AttributeType: 'String' },
    { LogicalName: 'industrycode', AttributeType: 'Picklist' },
  );
  const contactColumns = rows(
    { LogicalName: 'fullname', AttributeType: 'String' },
    { LogicalName: 'gendercode', AttributeType: 'Picklist' },
  );

  function tablesWith(...sources: ReturnType<typeof lookup>[]): CrmSettings['tables'] {
    return { contact: tableOf({ fields: Object.fromEntries(sources.map((source, n) => [`p${n}`, source])) }) };
  }

  test('are followed in the bulk read, through every table that has the column', async () => {
    organization.answer(
      relationships,
      accountColumns,
      contactColumns,
      rows(
        rowOf(guid(1), { parentcustomerid_account: { name: 'Contoso' }, parentcustomerid_contact: null }),
        rowOf(guid(2), { parentcustomerid_account: null, parentcustomerid_contact: { fullname: 'Ada' } }),
        rowOf(guid(3), { parentcustomerid_account: null, parentcustomerid_contact: null }),
      ),
    );

    const tables = tablesWith(lookup('parentcustomerid', 'name'), lookup('parentcustomerid', 'fullname'));
    const read = await crmOf(tables).readRows('contact', [guid(1), guid(2), guid(3)], signal);

    const path = organization.calls[3]?.path;
    expect(path).toContain(
      '&$expand=parentcustomerid_account($select=name),parentcustomerid_contact($select=fullname)&',
    );
    expect(read.rows.map(({ lookups }) => lookups.reveal())).toEqual([
      { 'parentcustomerid.name': 'Contoso', 'parentcustomerid.fullname': null },
      { 'parentcustomerid.name': null, 'parentcustomerid.fullname': 'Ada' },
      { 'parentcustomerid.name': null, 'parentcustomerid.fullname': null },
    ]);
  });

  test('give the label where only that is asked for', async () => {
    organization.answer(
      relationships,
      accountColumns,
      contactColumns,
      rows(rowOf(guid(1), { parentcustomerid_account: { industrycode: 7, [`industrycode${label}`]: 'Retail' } })),
    );

    const read = await crmOf(tablesWith(lookup('parentcustomerid', 'industrycode', 'label'))).readRows(
      'contact',
      [guid(1)],
      signal,
    );

    expect(read.rows[0]?.lookups.reveal()).toEqual({ 'parentcustomerid.industrycode': 'Retail' });
    expect(organization.calls[3]?.path).not.toContain('parentcustomerid_contact');
  });

  test('give value and label where both are asked for', async () => {
    organization.answer(
      relationships,
      accountColumns,
      contactColumns,
      rows(rowOf(guid(1), { parentcustomerid_account: { industrycode: 7, [`industrycode${label}`]: 'Retail' } })),
    );
    const both = tablesWith(
      lookup('parentcustomerid', 'industrycode', 'label'),
      lookup('parentcustomerid', 'industrycode'),
    );

    const read = await crmOf(both).readRows('contact', [guid(1)], signal);

    expect(read.rows[0]?.lookups.reveal()).toEqual({ 'parentcustomerid.industrycode': 7 });
    expect(read.rows[0]?.labels.reveal()).toEqual({ 'parentcustomerid.industrycode': 'Retail' });
  });

  test('are resolved once', async () => {
    const answer = rows(rowOf(guid(1), { parentcustomerid_account: null }));
    organization.answer(relationships, accountColumns, contactColumns, answer, answer);
    const reader = crmOf(tablesWith(lookup('parentcustomerid', 'name')));

    await reader.readRows('contact', [guid(1)], signal);
    await reader.readRows('contact', [guid(1)], signal);

    expect(organization.calls).toHaveLength(5);
  });

  test('to a column that no table has are a configuration error, and are looked up again afterwards', async () => {
    organization.answer(relationships, accountColumns, contactColumns, relationships, accountColumns, contactColumns);
    const reader = crmOf(tablesWith(lookup('parentcustomerid', 'new_gone')));

    const first = await failureOf(reader.readRows('contact', [guid(1)], signal));
    await failureOf(reader.readRows('contact', [guid(1)], signal));

    expect(first).toMatchObject({ kind: 'config', code: 'LOOKUP_COLUMN_UNKNOWN' });
    expect(first.message).toContain('contact.parentcustomerid');
  });

  test('that do not exist are a configuration error', async () => {
    organization.answer(relationships);

    const error = await failureOf(
      crmOf(tablesWith(lookup('new_friend', 'name'))).readRows('contact', [guid(1)], signal),
    );

    expect(error).toMatchObject({ kind: 'config', code: 'LOOKUP_UNKNOWN' });
  });

  test('with a wrong type over there make the row malformed', async () => {
    organization.answer(
      relationships,
      accountColumns,
      contactColumns,
      rows(rowOf(guid(1), { parentcustomerid_account: { name: ['secret'] } })),
    );

    const read = await crmOf(tablesWith(lookup('parentcustomerid', 'name'))).readRows('contact', [guid(1)], signal);

    expect(read.malformed).toMatchObject([
      { code: 'FIELD_WRONG_TYPE', reason: expect.stringContaining('parentcustomerid.name') },
    ]);
  });
});

describe('a single read', () => {
  const ref = { table: 'contact', id: guid(1) } as const;

  test('uses the same query', async () => {
    organization.answer({ body: rowOf(guid(1)) });

    const row = await crmOf({ contact: tableOf() }).readRow(ref, signal);

    expect(row).toMatchObject({ ref, state: 'active' });
    expect(organization.calls[0]?.path).toMatch(new RegExp(`^contacts\\(${guid(1)}\\)\\?\\$select=contactid,`));
  });

  test('says that the row does not exist only when Dataverse says so', async () => {
    organization.answer({ status: 404, body: errorBody('0x80040217') });

    expect(await crmOf({ contact: tableOf() }).readRow(ref, signal)).toBeUndefined();
  });

  test.each([
    ['another 404', 404, errorBody('0x80060888'), 'config'],
    ['a 404 without a code', 404, errorBody('', 'contact With Id = 1 Does Not Exist'), 'config'],
    ['a page of a gateway', 404, '<html>', 'retry'],
    ['the code with another status', 400, errorBody('0x80040217'), 'gone'],
    ['a 401', 401, '', 'config'],
    ['a 403', 403, errorBody('0x80040220'), 'config'],
    ['a 403 for the row', 403, errorBody('0x80048306'), 'config'],
    ['a 500', 500, '', 'retry'],
  ])('never takes %s as absence', async (_name, status, body, kind) => {
    const answer = { status, body };
    organization.answer(answer, ...(kind === 'retry' || status === 401 ? [answer] : []));

    const error = await failureOf(crmOf({ contact: tableOf() }).readRow(ref, signal));

    expect(error.kind).toBe(kind);
  });

  test('of a row that is too large is malformed', async () => {
    organization.answer({ body: { ...rowOf(guid(1)), description: 'x'.repeat(9_000) } });

    const row = await crmOf({ contact: tableOf() }, {}, 6_000).readRow(ref, signal);

    expect(row).toMatchObject({ ref, code: 'ROW_TOO_LARGE' });
  });

  test('that answers with another row is an error', async () => {
    organization.answer({ body: rowOf(guid(2)) });

    expect(await failureOf(crmOf({ contact: tableOf() }).readRow(ref, signal))).toMatchObject({
      code: 'ROW_WITHOUT_ID',
    });
  });
});
