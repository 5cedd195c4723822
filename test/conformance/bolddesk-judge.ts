/**
 * What a BoldDesk site must do, as cases anybody can run against an address and a key. Written from the reports (wire:
 * BoldDesk 3.1 to 3.5), not from the simulator: each case uses the wire only, but for looking at tickets.
 */
import { assert } from './expectations.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown>;
}

export interface Bench {
  /** With the right key; `headers` replace it. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  readonly apiKey: string;
  admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
}

export interface Case {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}

const ann = { emailId: 'ann@one.example', contactDisplayName: 'Ann' };

async function create(bench: Bench, more: object = {}): Promise<number> {
  const { status, json } = await bench.call('POST', '/contacts', { ...ann, ...more });
  assert.equal(status, 200);
  assert.equal(typeof json.message, 'string');
  return json.id as number;
}

async function read(bench: Bench, key: number | string): Promise<Record<string, unknown>> {
  return (await bench.call('GET', `/contacts/${encodeURIComponent(key)}`)).json;
}

async function list(bench: Bench, query: string): Promise<Record<string, unknown>[]> {
  const { status, json } = await bench.call('GET', `/contacts?Page=1&PerPage=100&RequiresCounts=true&${query}`);
  assert.equal(status, 200);
  assert.equal(json.count, (json.result as unknown[]).length);
  return json.result as Record<string, unknown>[];
}

const hide = (bench: Bench, id: number) =>
  bench.call('DELETE', '/contacts', { contactId: [id], isMarkTicketAsSpam: false });
const deleteForGood = (bench: Bench, id: number) =>
  bench.call('DELETE', '/contacts/permanent_delete', { contactIdList: [id], isForced: false });

function refused(answer: Answer, field: string, errorType: string): void {
  assert.equal(answer.status, 400, errorType);
  assert.equal(answer.json.statusCode, 400);
  assert.equal(answer.json.message, 'Validation Failed');
  const errors = answer.json.errors as { field: string; errorType: string }[];
  assert.deepEqual(
    errors.map((error) => [error.field, error.errorType]),
    [[field, errorType]],
  );
}

function succeeded(answer: Answer, id: number): void {
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json.result, { id, isSuccess: true });
}

export const cases: readonly Case[] = [
  {
    name: 'takes the key in its header only',
    async run(bench) {
      for (const [headers, expected] of [
        [{ 'x-api-key': bench.apiKey }, 200],
        [{ 'x-api-key': 'wrong' }, 401],
        [{ authorization: `Bearer ${bench.apiKey}` }, 401],
        [{}, 401],
      ] as const) {
        assert.equal((await bench.call('GET', '/contacts', undefined, headers)).status, expected);
      }
    },
  },
  {
    name: 'creates a contact, and tells it by id, by address and in lists, whatever the capitals',
    async run(bench) {
      const id = await create(bench, { contactJobTitle: 'Baker', customFields: { cf_colour: 'red' } });
      for (const key of [id, 'ann@one.example', 'Ann@ONE.example']) {
        const shown = await read(bench, key);
        assert.equal(shown.userId, id);
        assert.equal(shown.contactJobTitle, 'Baker');
        assert.equal((shown.contactCustomFields as Record<string, unknown>).cf_colour, 'red');
      }
      assert.equal((await list(bench, 'Filter=ann%40one.example'))[0]?.userId, id);
      assert.equal((await list(bench, `Q=ids:${id}`))[0]?.userId, id);
      assert.equal((await list(bench, 'Filter=nobody')).length, 0);
    },
  },
  {
    name: 'refuses an address that another contact has',
    async run(bench) {
      await create(bench);
      refused(
        await bench.call('POST', '/contacts', { ...ann, emailId: 'ANN@one.example' }),
        'emailId',
        'AlreadyExists',
      );
      const other = await create(bench, { emailId: 'bob@one.example' });
      const moved = await bench.call('PUT', `/contacts/${other}`, { fields: { emailId: 'ann@one.example' } });
      refused(moved, 'emailId', 'AlreadyExists');
      assert.equal((await list(bench, 'Filter=one.example')).length, 2);
    },
  },
  {
    name: 'refuses what is missing, unknown, or does not fit, and creates nobody by that',
    async run(bench) {
      refused(
        await bench.call('POST', '/contacts', { emailId: 'a@one.example' }),
        'contactDisplayName',
        'FieldRequired',
      );
      refused(await bench.call('POST', '/contacts', { ...ann, emailId: 'ann' }), 'emailId', 'InvalidValue');
      const custom = (customFields: object) => bench.call('POST', '/contacts', { ...ann, customFields });
      refused(await custom({ cf_nothing: 'x' }), 'cf_nothing', 'NotExist');
      refused(await custom({ cf_birthday: 'in spring' }), 'cf_birthday', 'InvalidValue');
      const long = await bench.call('POST', '/contacts', { ...ann, contactDisplayName: 'x'.repeat(1000) });
      refused(long, 'contactDisplayName', 'LengthExceeds');
      assert.equal((await list(bench, '')).length, 0);
    },
  },
  {
    name: 'writes the fields that are named and no other, and says when nothing changes',
    async run(bench) {
      const id = await create(bench, { contactJobTitle: 'Baker', customFields: { cf_colour: 'red' } });
      const put = (fields: object) => bench.call('PUT', `/contacts/${id}`, { fields });
      assert.equal((await put({ contactPhoneNo: '1', cf_newsletter: true })).status, 200);
      assert.equal((await put({ cf_colour: null })).status, 200);
      const { contactJobTitle, contactPhoneNo, contactCustomFields } = await read(bench, id);
      assert.equal(contactJobTitle, 'Baker');
      assert.equal(contactPhoneNo, '1');
      const custom = contactCustomFields as Record<string, unknown>;
      assert.deepEqual([custom.cf_colour, custom.cf_newsletter], [null, true]);
      refused(await put({ contactPhoneNo: '1' }), '', 'NoChangeFound');
      assert.equal((await bench.call('PUT', '/contacts/1', { fields: { contactPhoneNo: '1' } })).status, 404);
    },
  },
  {
    name: 'hides a contact by the first step, which can be undone',
    async run(bench) {
      const id = await create(bench);
      succeeded(await hide(bench, id), id);
      assert.equal((await list(bench, '')).length, 0);
      assert.equal((await list(bench, 'view=deleted'))[0]?.userId, id);
      assert.equal((await read(bench, id)).isDeleted, true);
      refused(await hide(bench, id), 'contactId', 'AlreadyDeleted');
      await bench.admin('POST', '/contacts/restore', { id });
      assert.equal((await list(bench, '')).length, 1);
    },
  },
  {
    name: 'deletes for good only whom the first step has hidden',
    async run(bench) {
      const id = await create(bench);
      refused(await deleteForGood(bench, id), 'contactIdList', 'NotAllowed');
      assert.equal((await list(bench, '')).length, 1);
    },
  },
  {
    name: 'deletes for good, tickets included, and lets the address come back',
    async run(bench) {
      await bench.admin('POST', '/contacts', [
        { email: 'ann@one.example', tickets: 3 },
        { email: 'b@one.example', tickets: 1 },
      ]);
      const id = (await read(bench, 'ann@one.example')).userId as number;
      await hide(bench, id);
      succeeded(await deleteForGood(bench, id), id);
      assert.equal((await bench.call('GET', `/contacts/${id}`)).status, 404);
      refused(await deleteForGood(bench, id), 'contactIdList', 'NotExist');
      assert.equal((await bench.admin('GET', '/summary')).tickets, 1);
      assert.isTrue((await create(bench)) !== id, 'somebody new');
    },
  },
  {
    name: 'has no other path, and says so in another form than for a missing contact',
    async run(bench) {
      const wrong = await bench.call('GET', '/people/5');
      const missing = await bench.call('GET', '/contacts/5');
      assert.equal(wrong.status, 404);
      assert.equal(wrong.json.errors, undefined);
      assert.equal(missing.status, 404);
      assert.equal((missing.json.errors as { errorType: string }[])[0]?.errorType, 'NotFound');
    },
  },
  {
    name: 'says by a date and time when calls are taken again',
    async run(bench) {
      await bench.admin('POST', '/faults', [{ kind: '429', retryAfterSeconds: 30, times: 1 }]);
      const answer = await bench.call('GET', '/contacts');
      assert.equal(answer.status, 429);
      assert.match(answer.headers.get('x-rate-limit-reset') ?? '', /^\d{4}-\d{2}-\d{2}T/);
      assert.equal((answer.json.errors as { errorType: string }[])[0]?.errorType, 'APICallQuotaExceeded');
    },
  },
];
