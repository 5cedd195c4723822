/**
 * The second half of the judge: who is who, finding, erasing, and what is not there. Sources as in spotler-judge.ts.
 */

import type { AdminContact } from '../../fixtures/simulators/spotler/index.ts';
import { assert } from './expectations.ts';
import { type Bench, type Case, contact, show } from './spotler-judge.ts';

const upsert = { update: true, purge: false };

async function found(bench: Bench, email: string): Promise<(string | undefined)[]> {
  const query = encodeURIComponent(`email=${email}`);
  const answer = await bench.client.call('GET', `/contact/search?pageSize=10&MPSearchQuery=${query}`);
  assert.equal(answer.status, 200);
  const { contacts } = answer.json as { contacts?: { externalId?: string }[] };
  assert.isTrue(Array.isArray(contacts), 'the unversioned path wraps lists');
  return (contacts ?? []).map(({ externalId }) => externalId);
}

export const identityCases: readonly Case[] = [
  {
    name: 'finds people by address whatever its capitals',
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('w1', { email: 'Mixed.Case@One.example' }));

      assert.deepEqual(await found(bench, 'mixed.case@one.EXAMPLE'), ['w1']);
      assert.deepEqual(await found(bench, 'nobody@one.example'), []);
    },
  },
  {
    name: 'keeps one contact per address and overwrites its external id',
    async run(bench) {
      await bench.client.call(
        'POST',
        '/contact',
        contact('contact-1', { email: 'shared@one.example', firstName: 'Ann' }, upsert),
      );
      await bench.client.call(
        'POST',
        '/contact',
        contact('lead-1', { email: 'Shared@one.example', city: 'Breda' }, upsert),
      );

      assert.deepEqual(await found(bench, 'shared@one.example'), ['lead-1']);
      assert.equal(await show(bench, 'contact-1'), undefined);
      assert.deepEqual((await show(bench, 'lead-1'))?.properties, {
        email: 'Shared@one.example',
        firstName: 'Ann',
        city: 'Breda',
      });
    },
  },
  {
    name: 'switches contacts when the address belongs to one and the external id to another',
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('a', { email: 'a@one.example', firstName: 'Ann' }));
      await bench.client.call('POST', '/contact', contact('b', { email: 'b@one.example', firstName: 'Bea' }));
      await bench.client.call('POST', '/contact', contact('a', { email: 'b@one.example' }, upsert));

      const all = await bench.admin<AdminContact[]>('GET /contacts');
      assert.deepEqual(
        all.map(({ externalId, email }) => [externalId, email]),
        [
          [null, 'a@one.example'],
          ['a', 'b@one.example'],
        ],
      );
    },
  },
  {
    name: 'refuses a second contact with the address without update',
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('a', { email: 'a@one.example' }));
      const answer = await bench.client.call('POST', '/contact', contact('b', { email: 'A@one.example' }));

      assert.deepEqual([answer.status, answer.errorType], [400, 'CONTACT_ALREADY_EXISTS']);
    },
  },
  {
    name: 'keeps contacts with one address apart where the account goes by external id',
    options: { dedupe: false },
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('a', { email: 'shared@one.example' }, upsert));
      await bench.client.call('POST', '/contact', contact('b', { email: 'shared@one.example' }, upsert));

      assert.deepEqual(await found(bench, 'shared@one.example'), ['a', 'b']);
    },
  },
  {
    name: 'changes the address of a contact in place',
    async run(bench) {
      await bench.client.call('POST', '/contact', contact('a', { email: 'old@one.example', firstName: 'Ann' }));
      await bench.client.call('POST', '/contact', contact('a', { email: 'new@one.example' }, upsert));

      assert.deepEqual(await found(bench, 'old@one.example'), []);
      assert.deepEqual(await found(bench, 'new@one.example'), ['a']);
    },
  },
  {
    name: 'updates by PUT only what is there',
    async run({ client }) {
      const answer = await client.call('PUT', '/contact/nobody', contact('nobody', { email: 'n@one.example' }));

      assert.deepEqual([answer.status, answer.errorType], [404, 'CONTACT_NOT_FOUND']);
    },
  },
  {
    name: 'finds contacts from earlier times that have no external id',
    async run(bench) {
      await bench.admin('POST /contacts', [
        { properties: { email: 'early@one.example' }, permissions: { Newsletter: true } },
      ]);

      assert.deepEqual(await found(bench, 'early@one.example'), ['']);
    },
  },
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
