/**
 * What a Mailjet account must do, as cases anybody can run against an address and two keys. Written from the vendor's
 * guide and recorded traffic (wire: platforms.md 1.1 to 1.5), not from the simulator; the vendor's own client asks.
 */
import { assert } from './expectations.ts';
import type { Answer, VendorClient } from './mailjet-client.ts';

export interface Bench {
  readonly client: VendorClient;
  /** With a wrong secret. */
  readonly stranger: VendorClient;
  /** For the paths that the vendor's client does not build as documented. */
  plain(method: string, path: string, body?: unknown): Promise<{ status: number; text: string; headers: Headers }>;
  admin(method: string, path: string, body: unknown): Promise<void>;
}

export interface Case {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}

export async function create({ client }: Bench, email: string, more: Record<string, unknown> = {}): Promise<number> {
  const answer = await client.call('post', 'contact', { body: { Email: email, ...more } });
  assert.equal(answer.status, 201);
  return Number(answer.data[0]?.ID);
}

export async function read({ client }: Bench, id: string | number): Promise<Record<string, unknown> | undefined> {
  return (await client.call('get', 'contact', { id })).data[0];
}

async function dataOf({ client }: Bench, id: string | number): Promise<Record<string, unknown>> {
  const [entry] = (await client.call('get', 'contactdata', { id })).data;
  const list = (entry?.Data ?? []) as { Name: string; Value: unknown }[];
  return Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
}

function write({ client }: Bench, id: string | number, data: readonly object[]): Promise<Answer> {
  return client.call('put', 'contactdata', { id, body: { Data: data } });
}

const email = 'jan@one.example';

export const contactCases: readonly Case[] = [
  {
    name: 'refuses a wrong secret, and changes nothing',
    async run(bench) {
      const answer = await bench.stranger.call('post', 'contact', { body: { Email: email } });
      assert.equal(answer.status, 401);
      assert.equal((await bench.client.call('get', 'contact')).count, 0);
    },
  },
  {
    name: 'creates with 201 and finds by address and by id, whatever the capitals',
    async run(bench) {
      const id = await create(bench, email, { Name: 'Jan', IsExcludedFromCampaigns: true });
      for (const key of [id, email]) {
        const contact = await read(bench, key);
        assert.equal(contact?.ID, id);
        assert.equal(contact?.Email, email);
        assert.equal(contact?.Name, 'Jan');
        assert.equal(contact?.IsExcludedFromCampaigns, true);
      }
      const filtered = await bench.client.call('get', 'contact', { params: { Email: 'JAN@one.example' } });
      assert.deepEqual(
        filtered.data.map(({ ID }) => ID),
        [id],
      );
    },
  },
  {
    name: 'says Object not found for nobody, and something else for a path that is not there',
    async run(bench) {
      for (const id of [email, 4711]) {
        const answer = await bench.client.call('get', 'contact', { id });
        assert.equal(answer.status, 404);
        assert.equal(answer.message, 'Object not found');
      }
      const wrong = await bench.client.call('get', 'contacts');
      assert.equal(wrong.status, 404);
      assert.isTrue(wrong.message !== 'Object not found', 'a wrong path is not a missing contact');
    },
  },
  {
    name: 'refuses a second contact with an address: MJ18',
    async run(bench) {
      await create(bench, email);
      const answer = await bench.client.call('post', 'contact', { body: { Email: 'Jan@one.example' } });
      assert.equal(answer.status, 400);
      assert.match(answer.message, /^MJ18 .* already exists\.$/);
      assert.equal((await bench.client.call('get', 'contact')).count, 1);
    },
  },
  {
    name: 'refuses what is no address',
    async run(bench) {
      const answer = await bench.client.call('post', 'contact', { body: { Email: '000' } });
      assert.equal(answer.status, 400);
      assert.match(answer.message, /Invalid email address "000"/);
    },
  },
  {
    name: 'changes what is given and nothing else, 304 where nothing changes',
    async run(bench) {
      const id = await create(bench, email, { Name: 'Jan' });
      const body = { IsExcludedFromCampaigns: 'true' };
      assert.equal((await bench.client.call('put', 'contact', { id, body })).status, 200);
      assert.equal((await read(bench, id))?.Name, 'Jan');
      assert.equal((await read(bench, id))?.IsExcludedFromCampaigns, true);
      assert.equal((await bench.client.call('put', 'contact', { id: email, body })).status, 304);
    },
  },
  {
    name: 'refuses to write what is read-only, the address too, with 401 and MJ19',
    async run(bench) {
      const id = await create(bench, email);
      for (const body of [{ UnsubscribedAt: '' }, { Email: 'other@one.example' }]) {
        const answer = await bench.client.call('put', 'contact', { id, body });
        assert.equal(answer.status, 401);
        assert.match(answer.message, /MJ19/);
      }
      assert.equal((await read(bench, id))?.Email, email);
    },
  },
  {
    name: 'merges properties, stores texts, and is 304 where nothing changes',
    async run(bench) {
      const id = await create(bench, email);
      await write(bench, id, [
        { Name: 'company', Value: 'ACME' },
        { Name: 'children', Value: 3039 },
        { Name: 'birthday', Value: '2020-02-03T04:05:06.789Z' },
      ]);
      const answer = await write(bench, id, [{ Name: 'firstname', Value: 'Jan' }]);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.data[0]?.Data, [{ Name: 'firstname', Value: 'Jan' }]);
      assert.deepEqual(await dataOf(bench, email), {
        company: 'ACME',
        children: '3039',
        birthday: '2020-02-03T04:05:06Z',
        firstname: 'Jan',
      });
      assert.equal((await write(bench, id, [{ Name: 'firstname', Value: 'Jan' }])).status, 304);
    },
  },
  {
    name: 'clears the property of an entry without a value',
    async run(bench) {
      const id = await create(bench, email);
      await write(bench, id, [
        { Name: 'firstname', Value: 'Jan' },
        { Name: 'company', Value: 'ACME' },
      ]);
      await write(bench, id, [{ Name: 'firstname' }]);
      assert.deepEqual(await dataOf(bench, id), { company: 'ACME' });
    },
  },
  {
    name: 'refuses an unknown key and a value of another type, and writes neither',
    async run(bench) {
      const id = await create(bench, email);
      const unknown = await write(bench, id, [{ Name: 'createdate', Value: 'x' }]);
      assert.equal(unknown.status, 400);
      assert.match(unknown.message, /Invalid key name: "createdate"/);
      const mistyped = await write(bench, id, [{ Name: 'birthday', Value: 'asd000' }]);
      assert.equal(mistyped.status, 400);
      assert.match(mistyped.message, /CM09/);
      assert.deepEqual(await dataOf(bench, id), {});
    },
  },
  {
    name: 'shows ten at once unless asked for more, a thousand at most, and the newest first when asked',
    async run(bench) {
      const ids: number[] = [];
      for (let number = 1; number <= 11; number += 1) ids.push(await create(bench, `p${number}@one.example`));
      assert.equal((await bench.client.call('get', 'contact')).data.length, 10);
      const rest = await bench.client.call('get', 'contact', { params: { Limit: 1000, Offset: 10 } });
      assert.equal(rest.data.length, 1);
      const newest = await bench.client.call('get', 'contact', { params: { Limit: 2, Sort: 'ID DESC' } });
      assert.deepEqual(
        newest.data.map(({ ID }) => ID),
        [ids[10], ids[9]],
      );
    },
  },
  {
    name: 'erases by version 4 only: 200 without a body, gone by address at once, anonymous by id',
    async run(bench) {
      const id = await create(bench, email, { Name: 'Jan' });
      const refused = await bench.client.call('delete', 'contact', { id });
      assert.equal(refused.status, 401);
      assert.match(refused.message, /Operation not allowed/);
      const erased = await bench.plain('DELETE', `/v4/contacts/${id}`);
      assert.equal(erased.status, 200);
      assert.equal(erased.text, '');
      assert.isTrue(/^[\w-]{8,}$/.test(erased.headers.get('x-mj-request-guid') ?? ''), 'a request id');
      assert.equal((await bench.client.call('get', 'contact', { id: email })).status, 404);
      const shell = await read(bench, id);
      assert.match(String(shell?.Email), /@domain\.invalid$/);
      assert.equal(shell?.Name, 'Anonymized');
      assert.equal((await bench.client.call('get', 'contact')).count, 0);
    },
  },
  {
    name: 'takes an erased address in again, with a new id',
    async run(bench) {
      const id = await create(bench, email);
      await bench.plain('DELETE', `/v4/contacts/${id}`);
      const again = await create(bench, email);
      assert.isTrue(again > id, 'ids grow');
      assert.equal((await read(bench, email))?.ID, again);
    },
  },
  {
    name: 'throttles in its own form of an error',
    async run(bench) {
      await bench.admin('POST', '/faults', [{ kind: '429', retryAfterSeconds: 2, times: 1 }]);
      const answer = await bench.plain('GET', '/v3/REST/contact');
      assert.equal(answer.status, 429);
      assert.equal(JSON.parse(answer.text).StatusCode, 429);
      assert.equal(answer.headers.get('retry-after'), '2');
    },
  },
];
