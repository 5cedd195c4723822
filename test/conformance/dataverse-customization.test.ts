/**
 * The customizations of the Dataverse simulator: by a client that nobody here wrote, and by bodies that are wrong in one
 * point each, every one of which has to be refused and to leave nothing behind.
 */
import { DynamicsWebApi } from 'dynamics-web-api';
import { type DataverseSimulator, startDataverseSimulator } from '../../fixtures/simulators/dataverse/index.ts';

const applicationId = '9f1c7f0e-3a55-4a8e-9a53-0d3f1b1c2d3e';
const crm = 'Microsoft.Dynamics.CRM';

type Body = Record<string, unknown>;

function label(text: string, language = 1033): Body {
  const localized = { '@odata.type': `${crm}.LocalizedLabel`, Label: text, LanguageCode: language };
  return { '@odata.type': `${crm}.Label`, LocalizedLabels: [localized] };
}

const level = { Value: 'None', CanBeChanged: true, ManagedPropertyLogicalName: 'canmodifyrequirementlevelsettings' };

function attribute(kind: string, name: string, own: Body = {}): Body {
  return {
    '@odata.type': `${crm}.${kind}AttributeMetadata`,
    AttributeType: kind,
    AttributeTypeName: { Value: `${kind}Type` },
    SchemaName: name,
    DisplayName: label(name),
    Description: label(name),
    RequiredLevel: level,
    ...own,
  };
}

const textColumn = attribute('String', 'ab_Note', { FormatName: { Value: 'Text' }, MaxLength: 100 });
const choiceColumn = attribute('Picklist', 'ab_Kind', {
  SourceTypeMask: 0,
  OptionSet: {
    '@odata.type': `${crm}.OptionSetMetadata`,
    IsGlobal: false,
    OptionSetType: 'Picklist',
    Options: [{ Value: 727_000_000, Label: label('One') }],
  },
});
const table: Body = {
  '@odata.type': `${crm}.EntityMetadata`,
  SchemaName: 'ab_Wish',
  OwnershipType: 'UserOwned',
  IsActivity: false,
  HasActivities: false,
  HasNotes: false,
  ChangeTrackingEnabled: false,
  DisplayName: label('Wish'),
  DisplayCollectionName: label('Wishes'),
  Description: label('A wish'),
  Attributes: [
    { ...attribute('String', 'ab_Name', { FormatName: { Value: 'Text' }, MaxLength: 100 }), IsPrimaryName: true },
  ],
};
const cascade = {
  Assign: 'NoCascade',
  Delete: 'RemoveLink',
  Merge: 'NoCascade',
  Reparent: 'NoCascade',
  Share: 'NoCascade',
  Unshare: 'NoCascade',
};
const relationship: Body = {
  '@odata.type': `${crm}.OneToManyRelationshipMetadata`,
  SchemaName: 'ab_wish_lead',
  ReferencedEntity: 'lead',
  ReferencedAttribute: 'leadid',
  ReferencingEntity: 'ab_wish',
  CascadeConfiguration: cascade,
  Lookup: attribute('Lookup', 'ab_Lead'),
};
const solution = 'Wishes';

interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly location: string | null;
}

describe('customizing the simulated Dataverse', () => {
  let simulator: DataverseSimulator;

  beforeEach(async () => {
    const tokens = { issue: () => '', revokeAll: () => undefined, verify: () => applicationId };
    simulator = await startDataverseSimulator({ applicationId, tokens, seed: 1, marketingJobs: false });
    const publisher = simulator.crm.create('publisher', {
      uniquename: 'ab',
      friendlyname: 'Ab',
      customizationprefix: 'ab',
      customizationoptionvalueprefix: 72_700,
    });
    simulator.crm.create('solution', {
      uniquename: solution,
      friendlyname: 'Wishes',
      version: '1.0.0.0',
      publisherid: { table: 'publisher', id: publisher },
    });
  });

  afterEach(async () => {
    await simulator.close();
  });

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await fetch(`${simulator.url}/api/data/v9.2/${path}`, {
      method,
      headers: {
        authorization: 'Bearer x',
        'content-type': 'application/json',
        'MSCRM.SolutionUniqueName': solution,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      body: text ? JSON.parse(text) : {},
      location: answer.headers.get('odata-entityid'),
    };
  }

  it('takes a table, a column, a lookup and a publication from a foreign client, and shows them to it', async () => {
    const client = new DynamicsWebApi({
      serverUrl: simulator.url,
      propagateErrors: true,
      onTokenRefresh: async () => 'x',
    });
    const headers = { 'MSCRM.SolutionUniqueName': solution };

    await client.createEntity({ data: table as never, headers });
    const { value } = await client.retrieveEntities({
      filter: "LogicalName eq 'ab_wish'",
      select: ['LogicalName', 'EntitySetName', 'MetadataId'],
    });
    const key = (value as { MetadataId: string }[])[0]!.MetadataId;
    await client.createAttribute({ entityKey: key, data: choiceColumn as never, headers });
    await client.createRelationship({ data: relationship as never, headers });
    await client.callAction({
      actionName: 'PublishXml',
      action: { ParameterXml: '<importexportxml><entities><entity>ab_wish</entity></entities></importexportxml>' },
    });
    const columns = await client.retrieveAttributes({ entityKey: key, select: ['LogicalName', 'AttributeType'] });

    expect(value).toMatchObject([{ EntitySetName: 'ab_wishs' }]);
    const names = (columns.value as { LogicalName: string }[]).map(({ LogicalName: name }) => name);
    expect(names).toEqual(expect.arrayContaining(['ab_name', 'ab_kind', 'ab_lead', 'statecode', 'ownerid']));
    const id = await client.create({ collection: 'ab_wishs', data: { ab_name: 'one', ab_kind: 727_000_000 } });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  const without = (body: Body, name: string): Body =>
    Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));

  it.each<[string, string, Body, Record<string, string>?]>([
    ['a table without a prefix of its publisher', 'EntityDefinitions', { ...table, SchemaName: 'cd_Wish' }],
    [
      'a table under no solution, with the prefix of another publisher',
      'EntityDefinitions',
      table,
      { 'MSCRM.SolutionUniqueName': 'Default' },
    ],
    [
      'a table under a solution that is not there',
      'EntityDefinitions',
      table,
      { 'MSCRM.SolutionUniqueName': 'Nowhere' },
    ],
    ['a table without a primary column', 'EntityDefinitions', { ...table, Attributes: [textColumn] }],
    ['a table without HasNotes', 'EntityDefinitions', without(table, 'HasNotes')],
    ['a table with a property that does not exist', 'EntityDefinitions', { ...table, HasWishes: true }],
    ['a table without its type', 'EntityDefinitions', without(table, '@odata.type')],
    [
      'a label in a language that is not provisioned',
      'EntityDefinitions',
      { ...table, DisplayName: label('Wens', 1043) },
    ],
    ['a table that is there', 'EntityDefinitions', { ...table, SchemaName: 'ab_There' }],
    [
      'a column of another type than it says',
      "EntityDefinitions(LogicalName='ab_there')/Attributes",
      { ...textColumn, AttributeType: 'Memo' },
    ],
    [
      'a column that is there',
      "EntityDefinitions(LogicalName='ab_there')/Attributes",
      { ...textColumn, SchemaName: 'ab_Name' },
    ],
    [
      'a text that is too long',
      "EntityDefinitions(LogicalName='ab_there')/Attributes",
      { ...textColumn, MaxLength: 4001 },
    ],
    ['a column of a table that is not there', "EntityDefinitions(LogicalName='ab_wish')/Attributes", textColumn],
    [
      'a column without a level',
      "EntityDefinitions(LogicalName='ab_there')/Attributes",
      without(textColumn, 'RequiredLevel'),
    ],
    [
      'an option outside the prefix of the publisher',
      "EntityDefinitions(LogicalName='ab_there')/Attributes",
      {
        ...choiceColumn,
        OptionSet: { ...(choiceColumn.OptionSet as Body), Options: [{ Value: 1, Label: label('One') }] },
      },
    ],
    [
      'a default that is no option',
      "EntityDefinitions(LogicalName='ab_there')/Attributes",
      { ...choiceColumn, DefaultFormValue: 727_000_001 },
    ],
    [
      'a lookup to a table that is not there',
      'RelationshipDefinitions',
      { ...relationship, ReferencingEntity: 'ab_there', ReferencedEntity: 'ab_wish' },
    ],
    [
      'a lookup that does not say what a deletion does',
      'RelationshipDefinitions',
      { ...relationship, ReferencingEntity: 'ab_there', CascadeConfiguration: without(cascade, 'Delete') },
    ],
    [
      'a customer lookup to leads',
      'CreateCustomerRelationships',
      {
        OneToManyRelationships: ['contact', 'lead'].map((name) => ({
          SchemaName: `ab_there_${name}`,
          ReferencedEntity: name,
          ReferencingEntity: 'ab_there',
          CascadeConfiguration: cascade,
        })),
        Lookup: { ...attribute('Lookup', 'ab_Customer'), '@odata.type': `${crm}.ComplexLookupAttributeMetadata` },
      },
    ],
    [
      'publishing a table that is not there',
      'PublishXml',
      { ParameterXml: '<importexportxml><entities><entity>ab_wish</entity></entities></importexportxml>' },
    ],
    [
      'publishing with XML that is broken',
      'PublishXml',
      { ParameterXml: '<importexportxml><entities><entity>ab_there</entities></importexportxml>' },
    ],
    [
      'a publisher with a prefix that is too long',
      'publishers',
      { uniquename: 'x', friendlyname: 'x', customizationprefix: 'abcdefghi', customizationoptionvalueprefix: 10_000 },
    ],
    ['a solution without a publisher', 'solutions', { uniquename: 'x', friendlyname: 'x', version: '1.0.0.0' }],
    [
      'a webhook on another port',
      'serviceendpoints',
      {
        name: 'x',
        url: 'https://x.example:8443/h',
        contract: 8,
        authtype: 5,
        authvalue: '<settings><setting name="a" value="b" /></settings>',
      },
    ],
    [
      'a webhook without settings',
      'serviceendpoints',
      { name: 'x', url: 'https://x.example/h', contract: 8, authtype: 5, authvalue: '<settings />' },
    ],
    ['a view of columns that it does not fetch', 'savedqueries', view({ layout: 'createdon' })],
    ['a view of another table', 'savedqueries', { ...view({}), returnedtypecode: 'contact' }],
    ['a form with a column that is not there', 'systemforms', form('ab_kind', '4273EDBD-AC1D-40d3-9FB2-095C621B552D')],
    ['a form with a control for another type', 'systemforms', form('ab_name', '3EF39988-22BB-4f0b-BBBE-64B5A3748AEE')],
  ])('refuses %s', async (_what, path, body, ...[headers]) => {
    const there = await call('POST', 'EntityDefinitions', { ...table, SchemaName: 'ab_There' });
    const before = simulator.crm.store.version;

    const refused = await call('POST', path, withTypeCode(body), headers);

    expect(there.status).toBe(204);
    expect(there.location).toMatch(/\/EntityDefinitions\([0-9a-f-]{36}\)$/);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.status).toBeLessThan(500);
    expect(refused.body).toHaveProperty('error.message');
    expect(simulator.crm.store.version).toBe(before);
  });

  function view({ layout = 'ab_name' }: { layout?: string }): Body {
    return {
      name: 'x',
      returnedtypecode: 'ab_there',
      querytype: 0,
      fetchxml: '<fetch><entity name="ab_there"><attribute name="ab_name" /></entity></fetch>',
      layoutxml: `<grid name="resultset" object="TYPE" jump="ab_name"><row name="result" id="ab_thereid"><cell name="${layout}" width="100" /></row></grid>`,
    };
  }

  function form(column: string, classId: string): Body {
    const id = '{60c4e274-0d87-4711-80e5-000000000001}';
    const cell = `<row><cell id="${id}"><control id="x" classid="{${classId}}" datafieldname="${column}" /></cell></row>`;
    const formxml = `<form><tabs><tab><columns><column width="100%"><sections><section><rows>${cell}</rows></section></sections></column></columns></tab></tabs></form>`;
    return { name: 'x', objecttypecode: 'ab_there', type: 2, formxml };
  }

  function withTypeCode(body: Body): Body {
    const code = simulator.crm.store.tables.get('ab_there')?.definition.typeCode;
    return JSON.parse(JSON.stringify(body).replace('TYPE', String(code)));
  }

  it('shows a view when it is published and not before, and its draft at once', async () => {
    await call('POST', 'EntityDefinitions', { ...table, SchemaName: 'ab_There' });

    const made = await call('POST', 'savedqueries', withTypeCode(view({})));
    const find = "$select=name&$filter=returnedtypecode eq 'ab_there' and name eq 'x'";
    const before = await call('GET', `savedqueries?${find}`);
    const draft = await call('GET', `savedqueries/${crm}.RetrieveUnpublishedMultiple()?${find}`);
    await call('POST', 'PublishAllXml');
    const after = await call('GET', `savedqueries?${find}`);

    expect(made.status).toBe(204);
    expect([before, draft, after].map(({ body }) => (body.value as unknown[]).length)).toEqual([0, 1, 1]);
  });

  it('turns change tracking on when it is published, by a whole definition with labels merged only', async () => {
    simulator.setChangeTracking('contact', false);
    const published = async () => {
      const query =
        "@p1='contact'&@p2=Microsoft.Dynamics.CRM.EntityFilters'Entity'&@p3=00000000-0000-0000-0000-000000000000&@p4=false";
      const { body } = await call(
        'GET',
        `RetrieveEntity(LogicalName=@p1,EntityFilters=@p2,MetadataId=@p3,RetrieveAsIfPublished=@p4)?${query}`,
      );
      return (body.EntityMetadata as Body).ChangeTrackingEnabled;
    };
    const { body } = await call('GET', "EntityDefinitions(LogicalName='contact')");
    const path = `EntityDefinitions(MetadataId=${String(body.MetadataId)})`;
    const changed = { ...body, ChangeTrackingEnabled: true };

    const part = await call(
      'PUT',
      path,
      { MetadataId: body.MetadataId, LogicalName: 'contact', ChangeTrackingEnabled: true },
      { 'MSCRM.MergeLabels': 'true' },
    );
    const unmerged = await call('PUT', path, changed);
    const whole = await call('PUT', path, changed, { 'MSCRM.MergeLabels': 'true' });
    const pending = await published();
    await call('POST', 'PublishXml', {
      ParameterXml: '<importexportxml><entities><entity>contact</entity></entities></importexportxml>',
    });

    expect([part.status, unmerged.status, whole.status]).toEqual([400, 400, 204]);
    expect(pending).toBe(false);
    expect(await published()).toBe(true);
  });

  it('answers a lock with its code, lets nobody without the privilege in, and hides the secret of a webhook', async () => {
    simulator.organization.customization.armLock({ times: 1, retryAfterSeconds: 9 });
    const locked = await call('POST', 'EntityDefinitions', table);
    simulator.organization.customization.allowed = false;
    const forbidden = await call('POST', 'EntityDefinitions', table);
    simulator.organization.customization.allowed = true;
    const authvalue = '<settings><setting name="a" value="b" /></settings>';
    const endpoint = await call('POST', 'serviceendpoints', {
      name: 'x',
      url: 'https://x.example/h',
      contract: 8,
      authtype: 5,
      authvalue,
    });
    const read = await call('GET', 'serviceendpoints?$filter=contract eq 8');

    expect(locked).toMatchObject({ status: 429, body: { error: { code: '0x80071151' } } });
    expect(forbidden).toMatchObject({ status: 403, body: { error: { code: '0x80040220' } } });
    expect(endpoint.status).toBe(204);
    expect(read.body.value).toMatchObject([{ name: 'x', authvalue: null }]);
  });
});
