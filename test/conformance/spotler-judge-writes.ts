/** The judge's second part: properties and what a write takes. Sources as in spotler-judge.ts. */
import { assert } from './expectations.ts';
import { type Case, contact, everybody, list, show, upsert } from './spotler-judge.ts';

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
];
