/** The judge's third part: bulk writes and permissions. Sources as in spotler-judge.ts. */
import { assert } from './expectations.ts';
import { type Case, contact, everybody, list, show, upsert } from './spotler-judge.ts';

export const bulkCases: readonly Case[] = [
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
