/**
 * The judge's last part: who is who, finding, erasing, and what is not there. Sources as in spotler-judge.ts.
 */

import type { AdminContact } from '../../fixtures/simulators/spotler/index.ts';
import { assert } from './expectations.ts';
import { type Case, contact, found, show, upsert } from './spotler-judge.ts';

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
];
