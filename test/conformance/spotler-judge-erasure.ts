/** The judge's last part: erasing, what is not there, inactive contacts and lists. Sources as in spotler-judge.ts. */
import type { AdminContact } from '../../fixtures/simulators/spotler/index.ts';
import { assert } from './expectations.ts';
import { type Case, contact, found } from './spotler-judge.ts';

export const erasureCases: readonly Case[] = [
  {
    name: 'anonymizes for good: no data, no id, no address; the opens stay; another call finds nobody',
    async run(bench) {
      await bench.admin('POST /contacts', [
        {
          externalId: 'gone',
          properties: { email: 'gone@one.example', firstName: 'Gonda', lastName: 'Gone' },
          permissions: { Newsletter: true },
          opens: 12,
        },
      ]);
      const first = await bench.client.call('PUT', '/contact/anonymize/gone');
      const read = await bench.client.call('GET', '/contact/gone');
      const second = await bench.client.call('PUT', '/contact/anonymize/gone');

      assert.deepEqual([first.status, first.text], [204, '']);
      assert.deepEqual([read.status, read.errorType], [404, 'CONTACT_NOT_FOUND']);
      assert.deepEqual(await found(bench, 'gone@one.example'), []);
      assert.deepEqual([second.status, second.errorType], [404, 'CONTACT_NOT_FOUND']);
      const all = await bench.admin<AdminContact[]>('GET /contacts');
      assert.equal(all.length, 1);
      assert.deepEqual(
        { ...all[0], permissions: Object.values(all[0]?.permissions ?? {}) },
        {
          externalId: null,
          email: null,
          properties: {},
          permissions: [false, false, false],
          inactive: null,
          opens: 12,
          anonymized: true,
        },
      );
    },
  },
  {
    name: 'can answer an anonymize with 410, and the second one too',
    options: { anonymizeStatus: 410, secondAnonymizeStatus: 410 },
    async run(bench) {
      await bench.admin('POST /contacts', [{ externalId: 'gone', properties: { email: 'gone@one.example' } }]);
      const first = await bench.client.call('PUT', '/contact/anonymize/gone');
      const second = await bench.client.call('PUT', '/contact/anonymize/gone');
      const never = await bench.client.call('PUT', '/contact/anonymize/never');

      assert.deepEqual([first.status, second.status, never.status], [410, 410, 404]);
      assert.deepEqual(await found(bench, 'gone@one.example'), []);
    },
  },
  {
    name: 'can keep an entry without data under the id',
    options: { afterAnonymize: 'shell' },
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('gone', { email: 'gone@one.example', firstName: 'Gonda' }));
      const first = await bench.client.call('PUT', '/contact/anonymize/gone');
      const read = await bench.client.call('GET', '/contact/gone');
      const second = await bench.client.call('PUT', '/contact/anonymize/gone');

      assert.deepEqual([first.status, read.status, second.status], [204, 200, 204]);
      assert.deepEqual((read.json as { properties: unknown }).properties, {});
      assert.deepEqual(await found(bench, 'gone@one.example'), []);
    },
  },
  {
    name: 'takes an anonymized person in again',
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('a', { email: 'a@one.example' }));
      await bench.client.call('PUT', '/contact/anonymize/a');
      const again = await bench.client.call('POST', '/contact', contact('a', { email: 'a@one.example' }));

      assert.equal(again.status, 204);
      assert.deepEqual(await found(bench, 'a@one.example'), ['a']);
    },
  },
  {
    name: 'can say that a contact is not found with status 400',
    options: { notFoundStatus: 400 },
    async run({ client }) {
      for (const [method, path, body] of [
        ['GET', '/contact/nobody', undefined],
        ['PUT', '/contact/nobody', contact('nobody', {})],
        ['PUT', '/contact/anonymize/nobody', undefined],
      ] as const) {
        const answer = await client.call(method, path, body);
        assert.deepEqual([answer.status, answer.errorType], [400, 'CONTACT_NOT_FOUND'], path);
      }
    },
  },
  {
    name: 'says RESOURCE_NOT_FOUND for a path that is not there, and 405 for a wrong method',
    async run({ client }) {
      for (const path of ['/contacts/a', '/contact/anonymise/a', '/contact/anonymize/a/b', '/nothing']) {
        const answer = await client.call('PUT', path, {});
        assert.deepEqual([answer.status, answer.errorType], [404, 'RESOURCE_NOT_FOUND'], path);
      }
      assert.equal((await client.call('DELETE', '/contact/a')).status, 405);
      assert.equal((await client.call('PUT', '/contact/list', {})).status, 405);
    },
  },
  {
    name: 'makes a contact inactive, which bulk writes then tell, and shows its channel as off',
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('a', { email: 'a@one.example' }));
      const answer = await bench.client.call('PUT', '/contact/inactivate/a');
      const bulk = await bench.client.call('POST', '/contact/list', {
        update: true,
        contacts: [{ externalId: 'a', properties: {} }],
      });
      const read = await bench.client.call('GET', '/contact/a');

      assert.equal(answer.status, 204);
      assert.equal((bulk.json as { code: string }[])[0]?.code, 'CONTACT_OPTOUT');
      assert.deepEqual((read.json as { channels: unknown }).channels, [{ name: 'EMAIL', value: false }]);
    },
  },
  {
    name: 'lists updates in pages, wrapped with ISO dates on one path, bare with epoch dates on the other',
    async run({ client, versioned }) {
      for (const id of ['a', 'b', 'c'])
        await client.call('POST', '/contact', contact(id, { email: `${id}@one.example` }));
      const dates = 'fromDate=2000-01-01T00:00:00&toDate=2100-01-01T00:00:00';
      const wrapped = await client.call('GET', `/contact/updates/list?${dates}&pageSize=2`);
      const first = wrapped.json as {
        paging?: { next: string; after: number };
        contacts: { externalId: string; created: unknown }[];
      };
      assert.deepEqual(
        first.contacts.map(({ externalId }) => externalId),
        ['a', 'b'],
      );
      assert.equal(typeof first.contacts[0]?.created, 'string');
      assert.equal(first.paging?.after, 2);
      const following = new URL(first.paging?.next ?? '');
      assert.equal(following.searchParams.get('after'), '2');

      const rest = await client.call('GET', `/contact/updates/list?${dates}&pageSize=2&after=2`);
      assert.deepEqual(
        (rest.json as { contacts: { externalId: string }[] }).contacts.map(({ externalId }) => externalId),
        ['c'],
      );
      const bare = await versioned.call('GET', `/contact/updates/list?${dates}&pageSize=10`);
      assert.isTrue(Array.isArray(bare.json), 'the path of version 1.1.0 answers bare lists');
      const rows = bare.json as { created: unknown }[];
      assert.equal(rows.length, 3);
      assert.equal(typeof rows[0]?.created, 'number');
    },
  },
  {
    name: 'asks for the parameters that the description calls required',
    async run({ client }) {
      for (const path of [
        '/contact/search?MPSearchQuery=email%3Da',
        '/contact/search?pageSize=1',
        '/contact/updates/list?toDate=2100-01-01T00:00:00&pageSize=1',
        '/contact/updates/list?fromDate=2000-01-01T00:00:00&pageSize=1',
        '/contact/updates/list?fromDate=2000-01-01T00:00:00&toDate=2100-01-01T00:00:00',
      ]) {
        assert.equal((await client.call('GET', path)).status, 400, path);
      }
    },
  },
];
