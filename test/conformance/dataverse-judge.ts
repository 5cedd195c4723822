/**
 * What a Dataverse organization must do, as cases that speak through `dynamics-web-api`, a client that was written by
 * others against the real service. Expected values come from the wire facts, not from the simulator. The CRM side of a
 * case (somebody edits a row) goes through the simulator's own state.
 */
import type { DynamicsWebApi } from 'dynamics-web-api';
import type { DataverseSimulator, DataverseSimulatorOptions } from '../../fixtures/simulators/dataverse/index.ts';
import { assert } from './expectations.ts';

export interface Bench {
  readonly simulator: DataverseSimulator;
  /** A client of its own each time: a batch is state on the instance. */
  client(): DynamicsWebApi;
}

export interface Case {
  readonly name: string;
  readonly options?: Partial<DataverseSimulatorOptions>;
  run(bench: Bench): Promise<void>;
}

interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers: Record<string, string>;
}

/** The failure of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return error as Failure;
  }
  throw new Error(`refused was expected, answered was ${JSON.stringify(answer)}`);
}

export function people(simulator: DataverseSimulator, count: number): string[] {
  const rows = Array.from({ length: count }, (_, index) => ({
    firstname: `First${index}`,
    lastname: `Last${index}`,
    emailaddress1: `person${index}@mail.example`,
  }));
  return simulator.load('contact', rows);
}

const tracked = { collection: 'contacts', select: ['emailaddress1'], trackChanges: true };

/** All pages of a tracked read; the delta link of the last. */
async function readTracked(client: DynamicsWebApi, maxPageSize: number, from?: string) {
  const pages = [];
  let link = from;
  do {
    const page = await client.retrieveMultiple({ ...tracked, maxPageSize }, link);
    pages.push(page);
    link = page.oDataNextLink;
  } while (link !== undefined);
  const deltaLink = pages.at(-1)?.oDataDeltaLink;
  if (deltaLink === undefined) throw new Error('the last page has no delta link');
  return { pages, deltaLink, entries: pages.flatMap((page) => page.value as Record<string, unknown>[]) };
}

export const trackingCases: readonly Case[] = [
  {
    name: 'a tracked read comes in pages, with a delta link on the last one only',
    async run({ simulator, client }) {
      const ids = people(simulator, 5);

      const { pages, deltaLink, entries } = await readTracked(client(), 2);

      assert.deepEqual(
        pages.map((page) => page.value.length),
        [2, 2, 1],
      );
      assert.deepEqual(
        pages.map((page) => page.oDataDeltaLink !== undefined),
        [false, false, true],
      );
      assert.deepEqual(
        entries.map((row) => row.contactid),
        ids,
      );
      assert.deepEqual(Object.keys(entries[0] ?? {}).sort(), ['@odata.etag', 'contactid', 'emailaddress1']);
      assert.match(String(entries[0]?.['@odata.etag']), /^W\/"\d+"$/);
      assert.match(deltaLink, /contacts\?.*\$deltatoken=\d+%21\d\d%2f\d\d%2f\d{4}%20\d\d%3a\d\d%3a\d\d$/);
    },
  },
  {
    name: 'a delta tells updates in the order of their versions, then deletes by id only, then nothing',
    async run({ simulator, client }) {
      const [first = '', second = '', third = ''] = people(simulator, 4);
      const start = await readTracked(client(), 10);
      simulator.crm.delete('contact', first);
      simulator.crm.update('contact', third, { emailaddress1: 'third@mail.example' });
      simulator.crm.update('contact', second, { jobtitle: 'not selected' });
      const shortLived = simulator.crm.create('contact', { lastname: 'Short' });
      simulator.crm.delete('contact', shortLived);

      const delta = await readTracked(client(), 10, start.deltaLink);
      const after = await readTracked(client(), 10, delta.deltaLink);

      assert.deepEqual(
        delta.entries.map((entry) => entry.contactid ?? entry.id),
        [third, second, first, shortLived],
      );
      assert.equal(delta.entries[0]?.emailaddress1, 'third@mail.example');
      assert.deepEqual(
        delta.entries.map((entry) => entry.reason),
        [undefined, undefined, 'deleted', 'deleted'],
      );
      assert.match(String(delta.entries[2]?.['@odata.context']), /#contacts\/\$deletedEntity$/);
      assert.match(String(delta.pages[0]?.oDataContext), /#contacts\(emailaddress1\)\/\$delta$/);
      assert.deepEqual(after.entries, []);
    },
  },
  {
    name: 'a delta in pages tells everything once, and what happens meanwhile comes again',
    async run({ simulator, client }) {
      const ids = people(simulator, 6);
      const start = await readTracked(client(), 10);
      for (const id of ids.slice(0, 3)) simulator.crm.update('contact', id, { jobtitle: 'new' });
      for (const id of ids.slice(3)) simulator.crm.delete('contact', id);
      const page = await client().retrieveMultiple({ ...tracked, maxPageSize: 2 }, start.deltaLink);
      simulator.crm.update('contact', ids[0] ?? '', { jobtitle: 'newer' });

      const rest = await readTracked(client(), 2, page.oDataNextLink);
      const again = await readTracked(client(), 2, rest.deltaLink);

      const told = [...(page.value as Record<string, unknown>[]), ...rest.entries].map(
        (entry) => entry.contactid ?? entry.id,
      );
      assert.deepEqual([...new Set(told)].sort(), [...ids].sort());
      assert.isTrue(
        again.entries.some((entry) => entry.contactid === ids[0]),
        'the change made meanwhile is told',
      );
    },
  },
  {
    name: 'a read without a token tells no deletes',
    async run({ simulator, client }) {
      const ids = people(simulator, 2);
      simulator.crm.delete('contact', ids[0] ?? '');

      const { entries } = await readTracked(client(), 10);

      assert.deepEqual(
        entries.map((row) => row.contactid),
        [ids[1]],
      );
    },
  },
  {
    name: 'a restored row comes back as an update, under its id',
    async run({ simulator, client }) {
      const [id = ''] = people(simulator, 1);
      simulator.crm.delete('contact', id);
      const start = await readTracked(client(), 10);
      simulator.crm.restore('contact', id);

      const { entries } = await readTracked(client(), 10, start.deltaLink);

      assert.deepEqual(
        entries.map((row) => [row.contactid, row.emailaddress1]),
        [[id, 'person0@mail.example']],
      );
    },
  },
  {
    name: 'filter, order, expand and top are refused while changes are tracked',
    async run({ simulator, client }) {
      people(simulator, 1);
      const refused = {
        $filter: { filter: 'statecode eq 0' },
        $orderby: { orderBy: ['createdon'] },
        $expand: { expand: [{ property: 'parentcustomerid_account' }] },
        $top: { top: 1 },
      };
      for (const [name, option] of Object.entries(refused)) {
        const failure = await failureOf(client().retrieveMultiple({ ...tracked, ...option }));

        assert.equal(failure.status, 400, name);
        assert.equal(failure.message, `The "${name}" query parameter isn't supported when Change Tracking is enabled.`);
      }
    },
  },
  {
    name: 'an old position is expired, by age and by a change of the table',
    async run({ simulator, client }) {
      people(simulator, 1);
      const early = await readTracked(client(), 10);
      simulator.crm.advance(6.9 * 86_400_000);
      const late = await readTracked(client(), 10, early.deltaLink);
      simulator.crm.advance(0.2 * 86_400_000);

      const aged = await failureOf(client().retrieveMultiple({ ...tracked }, early.deltaLink));
      simulator.changeMetadata('contact', { name: 'new_shoesize' });
      const outdated = await failureOf(client().retrieveMultiple({ ...tracked }, late.deltaLink));

      for (const failure of [aged, outdated]) {
        assert.equal(failure.code, '0x80044352');
        assert.equal(
          failure.message,
          'Version stamp associated with the client has expired. Please perform a full sync.',
        );
      }
    },
  },
  {
    name: 'a table without change tracking gives rows and no delta link',
    async run({ simulator, client }) {
      people(simulator, 1);
      simulator.setChangeTracking('contact', false);

      const page = await client().retrieveMultiple({ ...tracked });

      assert.equal(page.value.length, 1);
      assert.equal(page.oDataDeltaLink, undefined);
    },
  },
  {
    name: 'a tracked read needs organization-wide read access, where a plain read leaves rows out',
    async run({ simulator, client }) {
      people(simulator, 2);
      simulator.access.setPrivileges('contact', { read: 'Basic' });

      const failure = await failureOf(client().retrieveMultiple({ ...tracked }));
      const plain = await client().retrieveMultiple({ collection: 'contacts', select: ['contactid'] });

      assert.equal(failure.status, 403);
      assert.equal(failure.code, '0x80040220');
      assert.match(failure.message, /prvReadContact privilege/);
      assert.deepEqual(plain.value, []);
    },
  },
];

export const writeCases: readonly Case[] = [
  {
    name: "an etag that is not the row's any more is a 412 and changes nothing",
    async run({ simulator, client }) {
      const [key = ''] = people(simulator, 1);
      const seen = await client().retrieve({ collection: 'contacts', key, select: ['jobtitle'] });
      const ifmatch = String(seen['@odata.etag']);
      await client().update({ collection: 'contacts', key, data: { jobtitle: 'first' }, ifmatch });

      const failure = await failureOf(
        client().update({ collection: 'contacts', key, data: { jobtitle: 'second' }, ifmatch }),
      );

      assert.equal(failure.status, 412);
      assert.equal(failure.code, '0x80060882');
      assert.equal(
        failure.message,
        "The version of the existing record doesn't match the RowVersion property provided.",
      );
      assert.equal(simulator.crm.read('contact', key)?.jobtitle, 'first');
    },
  },
  {
    name: 'a PATCH creates a missing row, and with If-Match it is a 404 that creates nothing',
    async run({ simulator, client }) {
      const made = '11111111-1111-4111-8111-111111111111';
      const missing = '22222222-2222-4222-8222-222222222222';

      await client().upsert({ collection: 'contacts', key: made, data: { lastname: 'Made' } });
      const failure = await failureOf(
        client().update({ collection: 'contacts', key: missing, data: { lastname: 'No' } }),
      );

      assert.equal(simulator.crm.read('contact', made)?.lastname, 'Made');
      assert.equal(failure.status, 404);
      assert.equal(failure.code, '0x80040217');
      assert.equal(failure.message, `contact With Id = ${missing} Does Not Exist`);
      assert.equal(simulator.crm.read('contact', missing), undefined);
    },
  },
  {
    name: 'a row is created, told its id, changed, shown and deleted',
    async run({ simulator, client }) {
      const account = simulator.crm.create('account', { name: 'Linden' });
      const data = { firstname: 'An', lastname: 'Vos', 'parentcustomerid_account@odata.bind': `/accounts(${account})` };

      const key = String(await client().create<Record<string, string>>({ collection: 'contacts', data }));
      const shown = await client().update<Record<string, unknown>>({
        collection: 'contacts',
        key,
        data: { jobtitle: 'Chief' },
        returnRepresentation: true,
      });
      await client().deleteRecord({ collection: 'contacts', key });
      const failure = await failureOf(client().retrieve({ collection: 'contacts', key }));

      assert.deepEqual([shown.fullname, shown.jobtitle, shown._parentcustomerid_value], ['An Vos', 'Chief', account]);
      assert.equal(failure.status, 404);
    },
  },
  {
    name: 'a note hangs on a record, leaves its row as it is, goes with it, and takes rights on both tables',
    async run({ simulator, client }) {
      const [key = '', master = ''] = people(simulator, 2);
      const version = simulator.crm.read('contact', key)?.versionnumber;
      const data = { subject: 'In short', notetext: 'At length', 'objectid_contact@odata.bind': `/contacts(${key})` };
      const made = '33333333-3333-4333-8333-333333333333';

      await client().create({ collection: 'annotations', data: { ...data, annotationid: made } });
      const twice = await failureOf(
        client().create({ collection: 'annotations', data: { ...data, annotationid: made } }),
      );
      simulator.access.setPrivileges('contact', { appendTo: 'None' });
      const onto = await failureOf(client().create({ collection: 'annotations', data }));
      simulator.access.setPrivileges('contact', { appendTo: 'Global' });
      simulator.access.setPrivileges('annotation', { append: 'None' });
      const from = await failureOf(client().create({ collection: 'annotations', data }));
      const { versionnumber } = simulator.crm.read('contact', key) ?? {};
      simulator.crm.merge('contact', master, key);
      const moved = simulator.crm.read('annotation', made)?.objectid;
      simulator.crm.delete('contact', master);

      assert.deepEqual([twice.status, twice.code], [412, '0x80040237']);
      assert.match(onto.message, /prvAppendToContact privilege/);
      assert.match(from.message, /prvAppendNote privilege/);
      assert.equal(typeof version, 'number');
      assert.equal(versionnumber, version);
      assert.deepEqual(moved, { table: 'contact', id: master });
      assert.equal(simulator.crm.read('annotation', made), undefined);
    },
  },
  {
    name: 'columns that do not exist, values of another type and texts too long are refused in a body',
    async run({ simulator, client }) {
      const [key = ''] = people(simulator, 1);
      const refused: [Record<string, unknown>, string][] = [
        [{ nosuchcolumn: 'x' }, '0x80048d19'],
        [{ donotemail: 'yes' }, '0x80048d19'],
        [{ statecode: '1' }, '0x80048d19'],
        [{ gendercode: 9 }, '0x8004431a'],
        [{ firstname: 'x'.repeat(51) }, '0x80044331'],
        [{ statuscode: 2 }, '0x80048408'],
        [{ parentcustomerid: 'x' }, '0x80048d19'],
      ];
      for (const [data, code] of refused) {
        const failure = await failureOf(client().update({ collection: 'contacts', key, data }));

        assert.equal(failure.status, 400, JSON.stringify(data).slice(0, 40));
        assert.equal(failure.code, code, JSON.stringify(data).slice(0, 40));
      }
    },
  },
  {
    name: 'each service protection limit is a 429 with its code and Retry-After, and then it passes',
    async run({ simulator, client }) {
      const codes = { requests: '0x80072322', execution: '0x80072321', concurrent: '0x80072326' } as const;
      for (const facet of ['requests', 'execution', 'concurrent'] as const) {
        simulator.protection.arm({ facet, retryAfterSeconds: 7 });

        const failure = await failureOf(client().callFunction('WhoAmI'));
        const after = await client().callFunction('WhoAmI');

        assert.equal(failure.status, 429, facet);
        assert.equal(failure.code, codes[facet]);
        assert.equal(failure.headers['retry-after'], '7');
        assert.equal(after.OrganizationId, simulator.crm.organizationId);
      }
    },
  },
  {
    name: 'the limit of requests is enforced over its window',
    options: { requestLimit: 3 },
    async run({ simulator, client }) {
      for (let call = 0; call < 3; call += 1) await client().callFunction('WhoAmI');
      const failure = await failureOf(client().callFunction('WhoAmI'));
      simulator.crm.advance(301_000);

      const after = await client().callFunction('WhoAmI');

      assert.equal(failure.message, 'Number of requests exceeded the limit of 3 over time window of 300 seconds.');
      assert.equal(after.OrganizationId, simulator.crm.organizationId);
    },
  },
  {
    name: 'a change set happens whole or not at all',
    async run({ simulator, client }) {
      const [key = ''] = people(simulator, 1);
      const whole = client();
      whole.startBatch();
      whole.create({ collection: 'contacts', data: { lastname: 'One' } });
      whole.update({ collection: 'contacts', key, data: { jobtitle: 'changed' } });
      const answers = await whole.executeBatch();
      const broken = client();
      broken.startBatch();
      broken.create({ collection: 'contacts', data: { lastname: 'Two' } });
      broken.update({ collection: 'contacts', key, data: { nosuchcolumn: 1 } });
      const failure = (await failureOf(broken.executeBatch())) as unknown as Failure[];

      assert.match(String(answers[0]), /^[0-9a-f-]{36}$/);
      assert.equal(simulator.crm.read('contact', key)?.jobtitle, 'changed');
      assert.equal(failure[0]?.status, 400);
      const left = await client().retrieveMultiple({ collection: 'contacts', select: ['lastname'] });
      assert.deepEqual(left.value.map((row) => row.lastname).sort(), ['Last0', 'One']);
    },
  },
  {
    name: 'a batch goes on after an error when asked to, and a part can be throttled alone',
    async run({ simulator, client }) {
      const [key = ''] = people(simulator, 1);
      simulator.protection.arm({ facet: 'requests', inBatch: true, skip: 1, retryAfterSeconds: 3 });
      const batch = client();
      batch.startBatch();
      for (let part = 0; part < 3; part += 1) {
        void batch.retrieve({ collection: 'contacts', key, select: ['lastname'] }).catch(() => undefined);
      }
      const answers = await batch.executeBatch({ continueOnError: true });

      assert.equal(answers[0]?.lastname, 'Last0');
      assert.equal(answers[1]?.status, 429);
      assert.equal(answers[2]?.lastname, 'Last0');
    },
  },
];
