/**
 * What a Spotler account must do, as cases anybody can run against an address and a key. Written from the vendor's
 * description and public clients (wire: Spotler B.1 to B.9), not from the simulator: each case uses the wire only,
 * and an admin read where the wire cannot show it.
 */

import type { AdminContact, SpotlerOptions } from '../../fixtures/simulators/spotler/index.ts';
import { assert } from './expectations.ts';
import type { IndependentClient } from './spotler-client.ts';

export interface Bench {
  /** Signed for the unversioned path. */
  readonly client: IndependentClient;
  /** Signed for the path of version 1.1.0. */
  readonly versioned: IndependentClient;
  /** Right key, wrong secret. */
  readonly stranger: IndependentClient;
  admin<T = unknown>(route: string, body?: unknown): Promise<T>;
}

export interface Case {
  readonly name: string;
  readonly options?: Partial<SpotlerOptions>;
  run(bench: Bench): Promise<void>;
}

export function contact(externalId: string, properties: Record<string, unknown>, flags: object = {}) {
  return { ...flags, contact: { externalId, properties } };
}

function list(contacts: [string, Record<string, unknown>][], flags: object = {}) {
  return { ...flags, contacts: contacts.map(([externalId, properties]) => ({ externalId, properties })) };
}

export async function show(bench: Bench, externalId: string): Promise<AdminContact | undefined> {
  const found = await bench.admin<AdminContact[]>(`GET /contacts?externalId=${encodeURIComponent(externalId)}`);
  return found[0];
}

async function everybody(bench: Bench): Promise<AdminContact[]> {
  return bench.admin<AdminContact[]>('GET /contacts');
}

const upsert = { update: true, purge: false };

export const signatureCases: readonly Case[] = [
  {
    name: 'takes a signature made by another implementation, with awkward characters in path and query',
    async run({ client }) {
      const query = `pageSize=10&MPSearchQuery=${encodeURIComponent("email=o'brien+a b&c=d@sub.example")}`;
      const searched = await client.call('GET', `/contact/search?${query}`);
      const read = await client.call('GET', `/contact/${encodeURIComponent('a b/ü*(1)')}`);

      assert.equal(searched.status, 200);
      assert.equal(read.errorType, 'CONTACT_NOT_FOUND');
    },
  },
  {
    name: 'takes the fields in the query too',
    async run({ client }) {
      const answer = await client.call('GET', '/contact/properties/list', undefined, { inQuery: true });

      assert.equal(answer.status, 200);
    },
  },
  {
    name: 'refuses a wrong secret, and changes nothing',
    async run(bench) {
      const answer = await bench.stranger.call('POST', '/contact', contact('s1', { email: 's1@one.example' }));

      assert.equal(answer.status, 401);
      assert.equal(answer.errorType, 'AUTH_NOT_FOUND');
      assert.deepEqual(await everybody(bench), []);
    },
  },
  {
    name: 'refuses a signature for another method, path or query',
    async run({ client }) {
      const moved = await client.call('GET', '/contact/x', undefined, {
        fields: (fields) => ({ ...fields, oauth_signature: `${fields.oauth_signature?.slice(0, -2)}A=` }),
      });
      const other = await client.call('GET', '/contact/x', undefined, {
        fields: (fields) => ({ ...fields, oauth_nonce: `${fields.oauth_nonce}x` }),
      });

      assert.equal(moved.status, 401);
      assert.equal(other.status, 401);
    },
  },
  {
    name: 'refuses requests without or with a broken header, an unknown key and changed constants',
    async run({ client }) {
      const change = (name: string, value: string) => ({
        fields: (fields: Record<string, string>) => ({ ...fields, [name]: value }),
      });
      const tamperings = [
        { header: null },
        { header: 'Basic dXNlcjpwYXNz' },
        { header: 'OAuth oauth_consumer_key=unquoted' },
        change('oauth_consumer_key', 'nobody'),
        change('oauth_signature_method', 'PLAINTEXT'),
        change('oauth_version', '2.0'),
        change('oauth_timestamp', 'yesterday'),
        change('oauth_nonce', ''),
        change('oauth_extra', '1'),
      ];
      for (const tampering of tamperings) {
        const answer = await client.call('GET', '/contact/properties/list', undefined, tampering);
        assert.equal(answer.status, 401, JSON.stringify(tampering));
      }
    },
  },
  {
    name: 'refuses a time stamp ten minutes off, both ways, and takes one that is a minute off',
    async run({ client }) {
      const statuses: number[] = [];
      for (const clockOffset of [-600, 600, -60, 60]) {
        statuses.push((await client.call('GET', '/contact/properties/list', undefined, { clockOffset })).status);
      }

      assert.deepEqual(statuses, [401, 401, 200, 200]);
    },
  },
  {
    name: 'refuses the same signed request a second time',
    async run({ client }) {
      const first = await client.call('GET', '/contact/properties/list');
      const second = await client.replay();

      assert.deepEqual([first.status, second.status], [200, 401]);
    },
  },
  {
    name: 'can say 403 NOT_AUTHORIZED in place of 401',
    options: { authFailureStatus: 403 },
    async run({ stranger }) {
      const answer = await stranger.call('GET', '/contact/properties/list');

      assert.equal(answer.status, 403);
      assert.equal(answer.errorType, 'NOT_AUTHORIZED');
    },
  },
];

export const writeCases: readonly Case[] = [
  {
    name: 'describes its properties; only sets have entries',
    async run({ client }) {
      const answer = await client.call('GET', '/contact/properties/list');

      const properties = answer.json as {
        name: string;
        type: string;
        entries?: { bit: number; description: string }[];
      }[];
      assert.equal(answer.status, 200);
      for (const property of properties) assert.equal(property.entries !== undefined, property.type === 'set');
      const permissions = properties.find(({ name }) => name === 'permissions');
      assert.deepEqual(
        permissions?.entries?.map(({ description }) => description),
        ['Newsletter', 'Product news', 'Events'],
      );
      assert.equal(properties.find(({ name }) => name === 'email')?.type, 'email');
    },
  },
  {
    name: 'answers a write with 204 and nothing else, and shows the contact afterwards',
    async run({ client }) {
      const written = await client.call(
        'POST',
        '/contact',
        contact('w1', { email: 'W.One@one.example', firstName: 'Wim', permissions: [{ bit: 4, enabled: true }] }),
      );
      const read = await client.call('GET', '/contact/w1');

      assert.deepEqual([written.status, written.text], [204, '']);
      const body = read.json as { externalId: string; properties: Record<string, unknown> };
      assert.equal(read.status, 200);
      assert.equal(body.externalId, 'w1');
      assert.equal(body.properties.firstName, 'Wim');
      assert.equal('lastName' in body.properties, false);
      assert.deepEqual(body.properties.permissions, [
        { bit: 1, enabled: false, description: 'Newsletter' },
        { bit: 4, enabled: true, description: 'Product news' },
        { bit: 2, enabled: false, description: 'Events' },
      ]);
    },
  },
  {
    name: 'refuses an existing contact without update and changes nothing',
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('w1', { email: 'w1@one.example', firstName: 'Wim' }));
      const single = await bench.client.call('POST', '/contact', contact('w1', { firstName: 'Other' }));
      const bulk = await bench.client.call('POST', '/contact/list', list([['w1', { firstName: 'Other' }]]));

      assert.deepEqual([single.status, single.errorType], [400, 'CONTACT_ALREADY_EXISTS']);
      assert.equal((bulk.json as { code: string }[])[0]?.code, 'CONTACT_ALREADY_EXISTS');
      assert.equal((await show(bench, 'w1'))?.properties.firstName, 'Wim');
    },
  },
  {
    name: 'creates and updates with update: true; without purge the rest stays, with purge it goes',
    async run(bench) {
      const { client } = bench;
      await client.call(
        'POST',
        '/contact',
        contact('w1', { email: 'w1@one.example', firstName: 'Wim', city: 'Gent' }, upsert),
      );
      await client.call('POST', '/contact', contact('w1', { firstName: 'Willem' }, upsert));
      const merged = await show(bench, 'w1');
      await client.call('PUT', '/contact/w1', contact('w1', { email: 'w1@one.example' }, { purge: true }));
      const purged = await show(bench, 'w1');

      assert.deepEqual(merged?.properties, { email: 'w1@one.example', firstName: 'Willem', city: 'Gent' });
      assert.deepEqual(purged?.properties, { email: 'w1@one.example' });
    },
  },
  {
    name: 'does not create with update: true where the account reads it literally',
    options: { updateCreates: false },
    async run(bench) {
      const single = await bench.client.call('POST', '/contact', contact('w1', { email: 'w1@one.example' }, upsert));
      const bulk = await bench.client.call(
        'POST',
        '/contact/list',
        list([['w1', { email: 'w1@one.example' }]], upsert),
      );

      assert.deepEqual([single.status, single.errorType], [400, 'CONTACT_NOT_FOUND']);
      assert.equal((bulk.json as { code: string }[])[0]?.code, 'CONTACT_UNKNOWN');
      assert.deepEqual(await everybody(bench), []);
    },
  },
  {
    name: 'refuses an unknown or hidden property as a whole',
    async run(bench) {
      await bench.admin('POST /properties/hide', { name: 'city' });
      for (const property of ['shoeSize', 'city']) {
        const answer = await bench.client.call(
          'POST',
          '/contact',
          contact('w1', { email: 'w1@one.example', [property]: 'x' }),
        );
        assert.deepEqual([answer.status, answer.errorType], [400, 'INVALID_PROPERTY'], property);
      }
      const listed = await bench.client.call('GET', '/contact/properties/list');

      assert.equal(
        (listed.json as { name: string }[]).some(({ name }) => name === 'city'),
        false,
      );
      assert.deepEqual(await everybody(bench), []);
    },
  },
  {
    name: 'refuses values that a property type does not take',
    async run(bench) {
      const wrong: [string, unknown][] = [
        ['email', 'no-at-sign.example'],
        ['email', 'two@@signs.example'],
        ['email', 'blank in@local.example'],
        ['email', ''],
        ['gender', 'MALE'],
        ['birthday', '1980-02-30'],
        ['birthday', '01-02-1980'],
        ['lastVisit', '2026-01-01'],
        ['score', 1.5],
        ['revenue', 'much'],
        ['postalCode', '75008'],
        ['mobileNumber', 'call me'],
        ['firstName', { nested: true }],
        ['permissions', [{ bit: 8, enabled: true }]],
        ['permissions', [{ bit: 1, enabled: 'yes' }]],
        ['permissions', { 1: true }],
      ];
      for (const [name, value] of wrong) {
        const body = contact('w1', { email: 'w1@one.example', [name]: value });
        const answer = await bench.client.call('POST', '/contact', body);
        assert.deepEqual(
          [answer.status, answer.errorType],
          [400, 'INVALID_PROPERTY'],
          `${name} ${JSON.stringify(value)}`,
        );
      }
      assert.deepEqual(await everybody(bench), []);
      const right = await bench.client.call(
        'POST',
        '/contact',
        contact('w1', {
          email: "o'hara+news@sub.one.example",
          gender: 'F',
          birthday: '1980-02-29',
          lastVisit: '2026-01-01T10:00:00+01:00',
          score: 3,
          revenue: 12.5,
          postalCode: '3511 AB',
          mobileNumber: '+31 6 12345678',
          city: null,
        }),
      );
      assert.equal(right.status, 204, right.text);
    },
  },
  {
    name: 'refuses bodies that are not of the model',
    async run(bench) {
      const bodies: unknown[] = [
        '{"contact":',
        { contact: { externalId: 'w1', properties: {} }, upsert: true },
        { contact: { externalId: 'w1', properties: {}, email: 'a@one.example' } },
        { contact: { properties: { email: 'a@one.example' } } },
        { update: 'yes', contact: { externalId: 'w1' } },
      ];
      for (const body of bodies) {
        const answer = await bench.client.call('POST', '/contact', body);
        assert.equal(answer.status, 400, JSON.stringify(body));
      }
      const form = await bench.client.call('POST', '/contact', 'a=b', {
        contentType: 'application/x-www-form-urlencoded',
      });
      assert.equal(form.status, 415);
      assert.deepEqual(await everybody(bench), []);
    },
  },
  {
    name: 'takes a hundred at once and refuses a hundred and one, or one without an id, as a whole',
    async run(bench) {
      const many = (count: number) =>
        Array.from({ length: count }, (_, index): [string, Record<string, unknown>] => [
          `m${index}`,
          { email: `m${index}@one.example` },
        ]);
      const tooMany = await bench.client.call('POST', '/contact/list', list(many(101), upsert));
      const nameless = await bench.client.call(
        'POST',
        '/contact/list',
        list([...many(2), ['', { email: 'x@one.example' }]]),
      );
      const before = (await everybody(bench)).length;
      const hundred = await bench.client.call('POST', '/contact/list', list(many(100), upsert));

      assert.equal(tooMany.status, 400);
      assert.match(tooMany.text, /Too many contacts provided \(max is 100\)/);
      assert.equal(nameless.status, 400);
      assert.match(nameless.text, /Contact without externalId found/);
      assert.equal(before, 0);
      assert.equal(hundred.status, 200);
      assert.deepEqual(new Set((hundred.json as { code: string }[]).map(({ code }) => code)), new Set(['OK']));
    },
  },
  {
    name: 'answers one code per row, in order, and writes the good ones',
    async run(bench) {
      await bench.admin('POST /contacts', [
        { externalId: 'out', properties: { email: 'out@one.example' }, inactive: 'optOut' },
        { externalId: 'bounced', properties: { email: 'bounced@one.example' }, inactive: 'bounce' },
      ]);
      const answer = await bench.client.call(
        'POST',
        '/contact/list',
        list(
          [
            ['good', { email: 'good@one.example' }],
            ['bad', { email: 'nonsense' }],
            ['out', { firstName: 'Otto' }],
            ['bounced', { firstName: 'Bo' }],
            ['unknown', { email: 'u@one.example', shoeSize: 44 }],
          ],
          upsert,
        ),
      );

      const rows = answer.json as { externalId: string; code: string; message: string }[];
      assert.deepEqual(
        rows.map(({ externalId, code }) => [externalId, code]),
        [
          ['good', 'OK'],
          ['bad', 'PROPERTY_INVALID'],
          ['out', 'CONTACT_OPTOUT'],
          ['bounced', 'NO_ACTIVE_CHANNEL'],
          ['unknown', 'PROPERTY_INVALID'],
        ],
      );
      assert.deepEqual(
        (await everybody(bench)).map(({ externalId }) => externalId),
        ['out', 'bounced', 'good'],
      );
    },
  },
  {
    name: 'changes only the bits that are named',
    async run(bench) {
      const bits = (on: number[]) => [1, 2, 4].map((bit) => ({ bit, enabled: on.includes(bit) }));
      await bench.client.call(
        'POST',
        '/contact',
        contact('w1', { email: 'w1@one.example', permissions: bits([1, 4]) }),
      );
      const answer = await bench.client.call(
        'PUT',
        '/contact/w1',
        contact('w1', { permissions: [{ bit: 1, enabled: false }] }),
      );

      assert.equal(answer.status, 204);
      assert.deepEqual((await show(bench, 'w1'))?.permissions, {
        Newsletter: false,
        'Product news': true,
        Events: false,
      });
    },
  },
  {
    name: 'shows the new name of a renamed permission under the same bit',
    async run(bench) {
      await bench.admin('POST /permissions/rename', { from: 'Newsletter', to: 'Monthly news' });

      const answer = await bench.client.call('GET', '/contact/properties/list');

      const properties = answer.json as { name: string; entries?: { bit: number; description: string }[] }[];
      const entries = properties.find(({ name }) => name === 'permissions')?.entries;
      assert.equal(entries?.find(({ bit }) => bit === 1)?.description, 'Monthly news');
    },
  },
];
