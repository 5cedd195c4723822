/**
 * More of what a Dataverse organization must do: plain reads, labels, metadata, access, and what the CRM's own actions
 * do to rows. Through `dynamics-web-api`, as in dataverse-judge.ts.
 */
import { type Case, failureOf, people } from './dataverse-judge.ts';
import { assert } from './expectations.ts';

function inAlias(ids: readonly string[]) {
  return {
    collection: 'contacts',
    select: ['emailaddress1'],
    filter: 'Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)',
    queryParams: ["@p1='contactid'", `@p2=[${ids.map((id) => `"${id}"`).join(',')}]`],
  };
}

export const readCases: readonly Case[] = [
  {
    name: 'a bulk read by In answers the rows that are there, by alias and inline, also five hundred at once',
    async run({ simulator, client }) {
      const ids = people(simulator, 600);
      simulator.crm.delete('contact', ids[1] ?? '');
      const values = ids
        .slice(0, 3)
        .map((id) => `'${id}'`)
        .join(',');
      const inline = `Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=[${values}])`;

      const byAlias = await client().retrieveMultiple(inAlias(ids.slice(0, 3)));
      const byInline = await client().retrieveMultiple({
        collection: 'contacts',
        select: ['emailaddress1'],
        filter: inline,
      });
      const many = await client().retrieveMultiple(inAlias(ids.slice(0, 500)));
      const none = await failureOf(client().retrieveMultiple(inAlias([])));

      assert.deepEqual(
        byAlias.value.map((row) => row.contactid),
        [ids[0], ids[2]],
      );
      assert.deepEqual(
        byInline.value.map((row) => row.contactid),
        [ids[0], ids[2]],
      );
      assert.equal(many.value.length, 499);
      assert.equal(none.status, 400);
    },
  },
  {
    name: 'a column or a table that does not exist is named',
    async run({ client }) {
      const selected = await failureOf(client().retrieveMultiple({ collection: 'contacts', select: ['nosuchcolumn'] }));
      const filtered = await failureOf(
        client().retrieveMultiple({ collection: 'contacts', filter: 'nosuchcolumn eq 1' }),
      );
      const onLead = await failureOf(
        client().retrieveMultiple({ collection: 'leads', select: ['donotbulkpostalmail'] }),
      );
      const set = await failureOf(client().retrieveMultiple({ collection: 'contactz', select: ['contactid'] }));

      for (const failure of [selected, filtered]) {
        assert.equal(failure.status, 400);
        assert.equal(failure.code, '0x80060888');
        assert.equal(
          failure.message,
          "Could not find a property named 'nosuchcolumn' on type 'Microsoft.Dynamics.CRM.contact'.",
        );
      }
      assert.equal(onLead.status, 400);
      assert.equal(set.status, 404);
      assert.equal(set.message, "Resource not found for the segment 'contactz'.");
    },
  },
  {
    name: 'filters compare without regard to case and combine; more than 500 conditions are refused',
    async run({ simulator, client }) {
      const ids = people(simulator, 4);
      simulator.crm.update('contact', ids[2] ?? '', { emailaddress1: null });
      simulator.crm.deactivate('contact', ids[3] ?? '');
      const idsOf = async (filter: string) => {
        const found = await client().retrieveMultiple({ collection: 'contacts', select: ['contactid'], filter });
        return found.value.map((row) => row.contactid);
      };
      const many = Array.from({ length: 501 }, (_, index) => `numberofemployees eq ${index}`).join(' or ');

      assert.deepEqual(await idsOf("emailaddress1 eq 'PERSON1@Mail.example'"), [ids[1]]);
      assert.deepEqual(await idsOf('emailaddress1 eq null'), [ids[2]]);
      assert.deepEqual(await idsOf('statecode ne 0 or emailaddress1 eq null'), [ids[2], ids[3]]);
      assert.deepEqual(await idsOf("not (statecode eq 0) and startswith(lastname,'last')"), [ids[3]]);
      assert.deepEqual(await idsOf(`contactid eq ${ids[0]}`), [ids[0]]);
      const failure = await failureOf(client().retrieveMultiple({ collection: 'accounts', filter: many }));
      assert.equal(failure.code, '0x8004430C');
    },
  },
  {
    name: 'ordered and unordered reads page to the end; top and count count',
    async run({ simulator, client }) {
      people(simulator, 7);
      const request = { collection: 'contacts', select: ['lastname'], maxPageSize: 3 };

      const all = await client().retrieveAll(request);
      const ordered = await client().retrieveAll({ ...request, orderBy: ['lastname desc'] });
      const top = await client().retrieveMultiple({ collection: 'contacts', select: ['lastname'], top: 2 });
      const counted = await client().retrieveMultiple({ collection: 'contacts', select: ['lastname'], count: true });

      assert.deepEqual(
        all.value.map((row) => row.lastname),
        [0, 1, 2, 3, 4, 5, 6].map((index) => `Last${index}`),
      );
      assert.deepEqual(
        ordered.value.map((row) => row.lastname),
        [6, 5, 4, 3, 2, 1, 0].map((index) => `Last${index}`),
      );
      assert.equal(top.value.length, 2);
      assert.equal(top.oDataNextLink, undefined);
      assert.equal(counted.oDataCount, 7);
      assert.equal(await client().count({ collection: 'contacts' }), 7);
    },
  },
  {
    name: 'labels, lookup names and expanded rows come when asked for, in the language of the organization',
    async run({ simulator, client }) {
      const account = simulator.crm.create('account', { name: 'Linden' });
      const parentcustomerid = { table: 'account', id: account };
      const key = simulator.crm.create('contact', { lastname: 'Vos', gendercode: 2, parentcustomerid });
      const request = {
        collection: 'contacts',
        key,
        select: ['gendercode', '_parentcustomerid_value'],
        expand: [
          { property: 'parentcustomerid_account', select: ['name'] },
          { property: 'parentcustomerid_contact', select: ['fullname'] },
        ],
      };
      simulator.crm.language = 1043;

      const plain = await client().retrieve(request);
      const annotated = await client().retrieve({ ...request, includeAnnotations: '*' });

      assert.equal(plain['gendercode@OData.Community.Display.V1.FormattedValue'], undefined);
      assert.equal(annotated['gendercode@OData.Community.Display.V1.FormattedValue'], 'Vrouw');
      assert.equal(annotated['_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname'], 'account');
      assert.equal(
        annotated['_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty'],
        'parentcustomerid_account',
      );
      assert.equal(plain.parentcustomerid_account.name, 'Linden');
      assert.equal(plain.parentcustomerid_contact, null);
    },
  },
  {
    name: 'definitions of tables, columns, options and relationships can be read',
    async run({ client }) {
      const key = "LogicalName='contact'";
      const entity = await client().retrieveEntity({
        key,
        select: ['LogicalName', 'EntitySetName', 'PrimaryIdAttribute', 'ChangeTrackingEnabled'],
      });
      const found = await client().retrieveEntities({ select: ['LogicalName'], filter: "LogicalName eq 'lead'" });
      const attributes = await client().retrieveAttributes({
        entityKey: key,
        select: ['LogicalName', 'AttributeType'],
      });
      const gender = await client().retrieveAttribute({
        entityKey: key,
        attributeKey: "LogicalName='gendercode'",
        castType: 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
        expand: [{ property: 'OptionSet' }],
      });
      const related = await client().retrieveEntity({
        key,
        select: ['LogicalName'],
        expand: [
          {
            property: 'ManyToOneRelationships',
            select: ['ReferencingAttribute', 'ReferencingEntityNavigationPropertyName'],
          },
        ],
      });
      const navigations = related.ManyToOneRelationships as Record<string, string>[];

      assert.deepEqual(
        [entity.EntitySetName, entity.PrimaryIdAttribute, entity.ChangeTrackingEnabled],
        ['contacts', 'contactid', true],
      );
      assert.deepEqual(
        found.value.map((table) => table.LogicalName),
        ['lead'],
      );
      const types = new Map(attributes.value.map((column) => [column.LogicalName, column.AttributeType]));
      assert.deepEqual(
        [types.get('emailaddress1'), types.get('donotemail'), types.get('parentcustomerid')],
        ['String', 'Boolean', 'Customer'],
      );
      assert.deepEqual(
        gender.OptionSet.Options.map((option: { Value: number }) => option.Value),
        [1, 2],
      );
      assert.isTrue(
        navigations.some((item) => item.ReferencingEntityNavigationPropertyName === 'parentcustomerid_account'),
        'the navigation property is told',
      );
    },
  },
  {
    name: 'a secured column reads as null and refuses writes',
    async run({ simulator, client }) {
      const [key = ''] = people(simulator, 1);
      simulator.secureColumn('contact', 'emailaddress1');

      const row = await client().retrieve({ collection: 'contacts', key, select: ['emailaddress1'] });
      const failure = await failureOf(
        client().update({
          collection: 'contacts',
          key,
          data: { emailaddress1: 'new@mail.example' },
        }),
      );

      assert.equal(row.emailaddress1, null);
      assert.equal(failure.status, 403);
      assert.equal(failure.code, '0x8004f507');
    },
  },
  {
    name: 'a token that was revoked is a 401, an application without a user a 403',
    async run({ simulator, client }) {
      const known = client();
      await known.callFunction('WhoAmI');
      simulator.access.applicationUser = false;
      const stranger = await failureOf(client().callFunction('WhoAmI'));
      simulator.access.applicationUser = true;
      simulator.access.expireTokens();
      const expired = await failureOf(known.callFunction('WhoAmI'));

      assert.equal(stranger.status, 403);
      assert.equal(stranger.code, '0x80072560');
      assert.equal(expired.status, 401);
      assert.match(expired.headers['www-authenticate'] ?? '', /^Bearer authorization_uri=.*, resource_id=http/);
    },
  },
];

export const crmCases: readonly Case[] = [
  {
    name: 'a merge deactivates the subordinate and points it to the master',
    async run({ simulator, client }) {
      const [master = '', duplicate = ''] = people(simulator, 2);
      const lead = simulator.crm.create('lead', { lastname: 'Vos', customerid: { table: 'contact', id: duplicate } });
      const type = 'Microsoft.Dynamics.CRM.contact';
      await client().callAction({
        actionName: 'Merge',
        action: {
          Target: { '@odata.type': type, contactid: master },
          Subordinate: { '@odata.type': type, contactid: duplicate },
          UpdateContent: { '@odata.type': type, jobtitle: 'kept' },
          PerformParentingChecks: false,
        },
      });

      const row = await client().retrieve({
        collection: 'contacts',
        key: duplicate,
        select: ['statecode', 'statuscode', 'merged', '_masterid_value'],
      });

      assert.deepEqual([row.statecode, row.statuscode, row.merged, row._masterid_value], [1, 2, true, master]);
      assert.equal(simulator.crm.read('contact', master)?.jobtitle, 'kept');
      assert.deepEqual(simulator.crm.read('lead', lead)?.customerid, { table: 'contact', id: master });
    },
  },
  {
    name: 'a lead that qualifies becomes a contact that remembers it',
    async run({ simulator, client }) {
      const key = simulator.crm.create('lead', {
        firstname: 'An',
        lastname: 'Vos',
        emailaddress1: 'an@mail.example',
        donotbulkemail: true,
      });
      const answer = await client().callAction({
        collection: 'leads',
        key,
        actionName: 'Microsoft.Dynamics.CRM.QualifyLead',
        action: { CreateAccount: false, CreateContact: true, CreateOpportunity: false, Status: -1 },
      });

      const made = await client().retrieve({ collection: 'contacts', key: answer.value[0].contactid });
      const lead = await client().retrieve({ collection: 'leads', key, select: ['statecode', 'statuscode'] });

      assert.deepEqual(
        [made.fullname, made.emailaddress1, made.donotbulkemail, made._originatingleadid_value],
        ['An Vos', 'an@mail.example', true, key],
      );
      assert.deepEqual([lead.statecode, lead.statuscode], [1, 3]);
    },
  },
  {
    name: 'deleting an account takes its contacts and leads along and clears the lookup of a job',
    async run({ simulator, client }) {
      const { crm } = simulator;
      const account = { table: 'account', id: crm.create('account', { name: 'Linden' }) };
      const contact = { table: 'contact', id: crm.create('contact', { lastname: 'Vos', parentcustomerid: account }) };
      const lead = crm.create('lead', { lastname: 'Vos', customerid: contact });
      const linked = crm.create('lead', { lastname: 'Vos', parentcontactid: contact });
      const job = crm.create('mkt_marketingjob', {
        mkt_name: 'Erase',
        mkt_operation: 140000000,
        mkt_customer: contact,
      });
      const page = await client().retrieveMultiple({ collection: 'leads', select: ['leadid'], trackChanges: true });

      await client().deleteRecord({ collection: 'accounts', key: account.id });

      const delta = await client().retrieveMultiple({ collection: 'leads', trackChanges: true }, page.oDataDeltaLink);
      assert.deepEqual(
        delta.value.map((entry) => entry.leadid ?? entry.id),
        [linked, lead],
      );
      assert.equal(crm.read('contact', contact.id), undefined);
      assert.equal(crm.read('lead', linked)?.parentcontactid, null);
      assert.deepEqual(
        [crm.read('mkt_marketingjob', job)?.mkt_customer, crm.read('mkt_marketingjob', job)?.mkt_status],
        [null, 140000000],
      );
    },
  },
];
