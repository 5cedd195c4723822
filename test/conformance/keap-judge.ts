/**
 * What a Keap app must do, as cases anybody can run against an address and a key. Written from the vendor's description
 * and public reports (wire: Keap 2.1 to 2.5), not from the simulator: each case uses the wire only.
 */
import { assert } from './expectations.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown> | undefined;
}

export interface Bench {
  /** With the key in its own header; `headers` replace it. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  readonly apiKey: string;
  admin(method: string, path: string, body: unknown): Promise<void>;
}

export interface Case {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}

interface Shown {
  readonly id: string;
  readonly given_name?: string;
  readonly email_addresses?: readonly { email: string; field: string; is_opt_in?: boolean }[];
  readonly phone_numbers?: readonly { field: string; number: string }[];
  readonly custom_fields?: readonly { id: string; content: unknown }[];
}

const asked = 'fields=id,given_name,email_addresses,phone_numbers,custom_fields';

function contact(email: string, more: object = {}): object {
  return { email_addresses: [{ email, field: 'EMAIL1' }], ...more };
}

async function create(bench: Bench, body: object): Promise<Shown> {
  const answer = await bench.call('POST', `/contacts?duplicate_option=Email&${asked}`, body);
  assert.isTrue(answer.status === 200 || answer.status === 201, `created with ${answer.status}`);
  return answer.json as unknown as Shown;
}

async function read(bench: Bench, id: string): Promise<Shown> {
  return (await bench.call('GET', `/contacts/${id}?${asked}`)).json as unknown as Shown;
}

async function find(bench: Bench, condition: string): Promise<Shown[]> {
  const answer = await bench.call('GET', `/contacts?filter=${encodeURIComponent(condition)}&${asked}`);
  assert.equal(answer.status, 200);
  return (answer.json?.contacts ?? []) as unknown as Shown[];
}

async function customId(bench: Bench, name: string): Promise<string> {
  const { json } = await bench.call('GET', '/contacts/model');
  const fields = json?.custom_fields as { id: string; field_name: string }[];
  return fields.find((field) => field.field_name === name)?.id ?? '';
}

function countOf({ json }: Answer): number {
  return (json?.contacts as unknown[] | undefined)?.length ?? 0;
}

function status(email: string): string {
  return `/emailAddresses/${encodeURIComponent(email)}/status`;
}

export const cases: readonly Case[] = [
  {
    name: 'takes the key in its header or as a bearer token, and refuses another',
    async run(bench) {
      const asKey = (key: string) => ({ 'x-keap-api-key': key });
      const asBearer = (key: string) => ({ authorization: `Bearer ${key}` });
      for (const [headers, expected] of [
        [asKey(bench.apiKey), 200],
        [asBearer(bench.apiKey), 200],
        [asKey('wrong'), 401],
        [asBearer('wrong'), 401],
        [{}, 401],
      ] as const) {
        assert.equal((await bench.call('GET', '/contacts', undefined, headers)).status, expected);
      }
    },
  },
  {
    name: 'creates with 201, and updates who has the address already with 200',
    async run(bench) {
      const first = await bench.call('POST', '/contacts?duplicate_option=Email', contact('a@one.example'));
      const again = await bench.call('POST', '/contacts?duplicate_option=Email', contact('A@one.example'));
      const other = await bench.call('POST', '/contacts', contact('a@one.example'));
      assert.equal(first.status, 201);
      assert.equal(again.status, 200);
      assert.equal(again.json?.id, first.json?.id);
      assert.equal(other.status, 201, 'without the option a contact is always created');
      assert.equal((await find(bench, 'email==a@one.example')).length, 2);
    },
  },
  {
    name: 'gives ids as text',
    async run(bench) {
      const { id } = await create(bench, contact('a@one.example'));
      assert.equal(typeof id, 'string');
      assert.equal(typeof (await read(bench, id)).id, 'string');
    },
  },
  {
    name: 'replaces an array as a whole, and leaves what is not named',
    async run(bench) {
      const phones = [
        { field: 'PHONE1', number: '1' },
        { field: 'PHONE2', number: '2' },
      ];
      const { id } = await create(bench, contact('a@one.example', { given_name: 'Ann', phone_numbers: phones }));
      await bench.call('PATCH', `/contacts/${id}`, { phone_numbers: [{ field: 'PHONE2', number: '3' }] });
      const after = await read(bench, id);
      assert.deepEqual(after.phone_numbers, [{ field: 'PHONE2', number: '3' }]);
      assert.equal(after.given_name, 'Ann');
      assert.equal(after.email_addresses?.length, 1);
    },
  },
  {
    name: 'writes only what the mask names',
    async run(bench) {
      const { id } = await create(bench, contact('a@one.example', { given_name: 'Ann' }));
      await bench.call('PATCH', `/contacts/${id}?update_mask=phone_numbers`, {
        given_name: 'Other',
        phone_numbers: [{ field: 'PHONE1', number: '1' }],
      });
      const after = await read(bench, id);
      assert.equal(after.given_name, 'Ann');
      assert.equal(after.phone_numbers?.length, 1);
    },
  },
  {
    name: 'shows custom fields only when asked, and finds by them',
    async run(bench) {
      const id = await customId(bench, 'dynamicsid');
      const made = await create(bench, contact('a@one.example', { custom_fields: [{ id, content: 'guid-1' }] }));
      await create(bench, contact('b@one.example', { custom_fields: [{ id, content: 'guid-12' }] }));
      const bare = await bench.call('GET', `/contacts/${made.id}`);
      assert.equal(bare.json?.custom_fields, undefined);
      assert.deepEqual((await read(bench, made.id)).custom_fields, [{ id, content: 'guid-1' }]);
      assert.deepEqual(
        (await find(bench, 'dynamicsid==guid-1')).map((one) => one.id),
        [made.id],
      );
      assert.equal((await find(bench, 'dynamicsid==guid-1*')).length, 2);
    },
  },
  {
    name: 'finds nobody with 200 and an empty list, and refuses a filter it does not have',
    async run(bench) {
      await create(bench, contact('a@one.example'));
      assert.deepEqual(await find(bench, 'email==b@one.example'), []);
      assert.equal((await bench.call('GET', '/contacts?filter=shoe_size%3D%3D42')).status, 400);
    },
  },
  {
    name: 'refuses what a contact does not have, is too long or no address, and says so in its form',
    async run(bench) {
      for (const body of [
        contact('a@one.example', { nickname: 'x' }),
        contact('a@one.example', { given_name: 'x'.repeat(41) }),
        contact('a@one.example', { custom_fields: [{ id: '999', content: 'x' }] }),
        contact(`${'x'.repeat(70)}@one.example`),
        contact('nobody'),
        { given_name: 'Ann' },
      ]) {
        const answer = await bench.call('POST', '/contacts?duplicate_option=Email', body);
        assert.equal(answer.status, 400, JSON.stringify(body).slice(0, 80));
        assert.equal(answer.json?.code, 400);
      }
      assert.deepEqual((await bench.call('GET', '/contacts')).json?.contacts, []);
    },
  },
  {
    name: 'opts an address in by a reason, and out by its status; who unsubscribed stays out with 200',
    async run(bench) {
      const { id } = await create(bench, {
        email_addresses: [{ email: 'a@one.example', field: 'EMAIL1', opt_in_reason: 'asked for it' }],
      });
      assert.equal((await read(bench, id)).email_addresses?.[0]?.is_opt_in, true);
      const out = await bench.call('PATCH', status('a@one.example'), { opted_in: false, reason: 'r' });
      assert.equal(out.json?.opted_in, false);
      assert.equal((await bench.call('GET', status('A@one.example'))).json?.opted_in, false);
      const back = await bench.call('PATCH', status('a@one.example'), { opted_in: true, reason: 'r' });
      assert.equal(back.json?.opted_in, true);
      await bench.admin('POST', '/contacts/unsubscribe', { email: 'a@one.example' });
      const vain = await bench.call('PATCH', status('a@one.example'), { opted_in: true, reason: 'r' });
      assert.equal(vain.status, 200);
      assert.equal(vain.json?.opted_in, false);
      assert.equal(vain.json?.status, 'LIST_UNSUBSCRIBE');
    },
  },
  {
    name: 'wants a reason for every change of a status',
    async run(bench) {
      await create(bench, contact('a@one.example'));
      assert.equal((await bench.call('PATCH', status('a@one.example'), { opted_in: false })).status, 400);
    },
  },
  {
    name: 'deletes with 204 and for good, and 404 afterwards; the opt-out stays',
    async run(bench) {
      const { id } = await create(bench, contact('a@one.example'));
      await bench.call('PATCH', status('a@one.example'), { opted_in: false, reason: 'r' });
      assert.equal((await bench.call('DELETE', `/contacts/${id}`)).status, 204);
      assert.equal((await bench.call('DELETE', `/contacts/${id}`)).status, 404);
      assert.equal((await bench.call('GET', `/contacts/${id}`)).status, 404);
      assert.deepEqual(await find(bench, 'email==a@one.example'), []);
      assert.equal((await bench.call('GET', status('a@one.example'))).json?.opted_in, false);
      const again = await bench.call('POST', '/contacts?duplicate_option=Email', contact('a@one.example'));
      assert.equal(again.status, 201);
    },
  },
  {
    name: 'pages with a token, at most 1000 at once',
    async run(bench) {
      for (const name of ['a', 'b', 'c']) await create(bench, contact(`${name}@one.example`));
      const first = await bench.call('GET', '/contacts?page_size=2');
      const token = String(first.json?.next_page_token);
      const second = await bench.call('GET', `/contacts?page_size=2&page_token=${token}`);
      assert.equal(countOf(first), 2);
      assert.equal(countOf(second), 1);
      assert.equal(second.json?.next_page_token, undefined);
      assert.equal((await bench.call('GET', '/contacts?page_size=1001')).status, 400);
    },
  },
  {
    name: 'refuses a redacted person for Article 17, as the retired feature did',
    async run(bench) {
      await bench.admin('POST', '/contacts/redact', { email: 'a@one.example' });
      const answer = await bench.call('POST', '/contacts?duplicate_option=Email', contact('a@one.example'));
      assert.equal(answer.status, 403);
      assert.match(String(answer.json?.message), /GDPR guidelines/);
    },
  },
  {
    name: 'throttles in the form that users see: the code is a text',
    async run(bench) {
      await bench.admin('POST', '/faults', [{ kind: '429', retryAfterSeconds: 2 }]);
      const answer = await bench.call('GET', '/contacts');
      assert.equal(answer.status, 429);
      assert.equal(answer.json?.code, '429');
      assert.equal(answer.headers.get('retry-after'), '2');
      assert.equal(answer.headers.get('x-keap-product-throttle-available'), '0');
    },
  },
];
