import { describe, expect, test } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import {
  address,
  answers,
  contact,
  discovers,
  failureOf,
  guid,
  item,
  listens,
  notFound,
  open,
  searches,
  signal,
  watchCalls,
} from './support.ts';

watchCalls();

const [a, b, c] = [guid(1), guid(2), guid(3)];
const ref = (...contactKeys: string[]) => ({ contactKeys, recordIds: [], address: new Personal(address) });
const bits = (...values: [number, boolean][]) => values.map(([bit, enabled]) => ({ bit, enabled }));

/** Rows for every contact sent, with the code for its key. */
function rows(codes: Record<string, string>) {
  return (body: Record<string, unknown>) =>
    (body.contacts as { externalId: string }[]).map(({ externalId }) => ({
      externalId,
      code: codes[externalId] ?? 'OK',
      message: address,
    }));
}

describe('a profile that was never written', () => {
  test('goes out with update: false and every permission', async () => {
    discovers();
    const sent = listens('post', '/contact/list', 200, rows({}));
    const outcomes = await open().upsert([item(a)], signal);
    expect(outcomes).toEqual([{ kind: 'done', status: 200, contactKey: a, created: true }]);
    expect(sent).toEqual([
      {
        update: false,
        purge: false,
        contacts: [
          {
            externalId: a,
            properties: { firstName: 'Jan', email: address, permissions: bits([4, true], [1, false]) },
          },
        ],
      },
    ]);
  });

  test('that is there already goes again with update: true and only what lowers', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({ [a]: 'CONTACT_ALREADY_EXISTS' }));
    const sent = listens('post', '/contact/list', 200, rows({}));
    const outcomes = await open().upsert([item(a)], signal);
    expect(outcomes).toEqual([{ kind: 'done', status: 200, contactKey: a, created: false }]);
    expect(sent).toMatchObject([{ update: true, contacts: [{ properties: { permissions: bits([1, false]) } }] }]);
  });

  test('that is there already gets a permission raised only by permissionsOnUpdate', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({ [a]: 'CONTACT_ALREADY_EXISTS' }));
    const sent = listens('post', '/contact/list', 200, rows({}));
    await open().upsert([item(a, { permissionsOnUpdate: { Newsletter: true } })], signal);
    expect(sent).toMatchObject([{ contacts: [{ properties: { permissions: bits([1, false], [4, true]) } }] }]);
  });

  test('without a permission to change names none', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({ [a]: 'CONTACT_ALREADY_EXISTS' }));
    const sent = listens('post', '/contact/list', 200, rows({}));
    await open().upsert([item(a, { permissionsOnCreate: { Newsletter: true } })], signal);
    expect(sent).toMatchObject([{ contacts: [{ properties: { firstName: 'Jan', email: address } }] }]);
    expect(JSON.stringify(sent)).not.toContain('permissions');
  });
});

describe('a batch', () => {
  test('answers in order whatever the row answers, and shares the second call', async () => {
    discovers();
    const first = listens('post', '/contact/list', 200, (body) =>
      rows({ [b]: 'CONTACT_ALREADY_EXISTS' })(body).reverse(),
    );
    const second = listens('post', '/contact/list', 200, rows({ [c]: 'CONTACT_UNKNOWN' }));
    const known = { known: true, permissionsOnUpdate: { Newsletter: false } };
    const outcomes = await open().upsert([item(c, known), item(a), item(b)], signal);
    expect(outcomes).toEqual([
      { kind: 'absent', status: 200, contactKey: c },
      { kind: 'done', status: 200, contactKey: a, created: true },
      { kind: 'done', status: 200, contactKey: b, created: false },
    ]);
    expect(first).toMatchObject([{ update: false, contacts: [{ externalId: a }, { externalId: b }] }]);
    expect(second).toMatchObject([
      { update: true, contacts: [{ externalId: c, properties: { permissions: bits([4, false]) } }, { externalId: b }] },
    ]);
  });

  test.each([
    ['PROPERTY_INVALID', { kind: 'rejected', status: 200, contactKey: a, detail: 'PROPERTY_INVALID' }],
    ['ERROR', { kind: 'rejected', status: 200, contactKey: a, detail: 'ERROR' }],
    ['CONTACT_OPTOUT', { kind: 'done', status: 200, contactKey: a, created: false, notice: 'CONTACT_OPTOUT' }],
    ['NO_ACTIVE_CHANNEL', { kind: 'done', status: 200, contactKey: a, created: false, notice: 'NO_ACTIVE_CHANNEL' }],
    ['CONTACT_UNKNOWN', { kind: 'absent', status: 200, contactKey: a }],
    ['Jan <jan@person.example>', { kind: 'rejected', status: 200, contactKey: a, detail: 'UNKNOWN_CODE' }],
  ])('row code %s', async (code, expected) => {
    discovers();
    listens('post', '/contact/list', 200, rows({ [a]: code }));
    expect(await open().upsert([item(a)], signal)).toEqual([expected]);
  });

  test('whose update is answered CONTACT_ALREADY_EXISTS is rejected', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({ [a]: 'CONTACT_ALREADY_EXISTS' }));
    expect(await open().upsert([item(a, { known: true })], signal)).toEqual([
      { kind: 'rejected', status: 200, detail: 'CONTACT_ALREADY_EXISTS' },
    ]);
  });

  test('goes in hundreds', async () => {
    discovers();
    const sizes = [1, 2, 3].map(() => listens('post', '/contact/list', 200, rows({})));
    const items = Array.from({ length: 250 }, (_, index) => item(`k${index}`));
    expect(await open().upsert(items, signal)).toHaveLength(250);
    expect(sizes.map(([body]) => (body!.contacts as unknown[]).length)).toEqual([100, 100, 50]);
  });

  test('of nobody makes no call', async () => {
    expect(await open().upsert([], signal)).toEqual([]);
  });

  test('refused as a whole parks', async () => {
    discovers();
    listens('post', '/contact/list', 400, () => ({ errorType: 'INVALID_PARAMS', message: address }));
    const error = await failureOf(open().upsert([item(a)], signal));
    expect(error).toMatchObject({ kind: 'park', code: 'SPOTLER_INVALID_PARAMS' });
    expect(error.message).not.toContain(address);
  });

  test('with a row missing is to be tried again', async () => {
    discovers();
    listens('post', '/contact/list', 200, (body) => rows({})(body).slice(1));
    expect(await failureOf(open().upsert([item(a), item(b)], signal))).toMatchObject({
      kind: 'retry',
      code: 'SPOTLER_ROWS_MISSING',
    });
  });

  test('whose rows carry no ids goes by their order', async () => {
    discovers();
    listens('post', '/contact/list', 200, () => [{ code: 'OK' }, { code: 'PROPERTY_INVALID' }]);
    expect(await open().upsert([item(a), item(b)], signal)).toMatchObject([{ kind: 'done' }, { kind: 'rejected' }]);
  });

  test('answered 429 waits and tells the pace', async () => {
    discovers();
    listens('post', '/contact/list', 429, () => '');
    const waits: number[] = [];
    const pace = { acquire: async () => {}, throttled: async (ms: number) => void waits.push(ms) };
    const error = await failureOf(open({ pace }).upsert([item(a)], signal));
    expect(error).toMatchObject({ kind: 'wait', code: 'HTTP_429', retryAfterMs: undefined });
    expect(waits).toEqual([5_000]);
  });
});

describe('values', () => {
  test.each([
    ['empty', ''],
    ['null', null],
  ])('clearWith %s', async (clearWith, expected) => {
    discovers();
    const sent = listens('post', '/contact/list', 200, rows({}));
    const fields = new Personal({ firstName: null, score: 3, list1: true, birthday: '1980-05-01T00:00:00Z' });
    await open({}, { clearWith }).upsert([item(a, { fields })], signal);
    expect(sent).toMatchObject([
      {
        contacts: [
          { properties: { firstName: expected, score: 3, list1: true, birthday: '1980-05-01', email: address } },
        ],
      },
    ]);
  });

  test('the address wins over a field called email', async () => {
    discovers();
    const sent = listens('post', '/contact/list', 200, rows({}));
    await open().upsert([item(a, { fields: new Personal({ email: 'other@person.example' }) })], signal);
    expect(sent).toMatchObject([{ contacts: [{ properties: { email: address } }] }]);
  });
});

describe('existing contacts only', () => {
  const onlyExisting = { mayCreate: false, known: true, permissionsOnUpdate: { Newsletter: false } };
  const body = (externalId: string) => ({
    update: true,
    purge: false,
    contact: { externalId, properties: { firstName: 'Jan', email: address, permissions: bits([4, false]) } },
  });

  test('are changed by PUT', async () => {
    discovers();
    answers('put', `/contact/${a}`, 204, undefined, body(a));
    expect(await open().upsert([item(a, onlyExisting)], signal)).toEqual([
      { kind: 'done', status: 204, contactKey: a, created: false },
    ]);
  });

  test('are changed under the id that Spotler knows', async () => {
    discovers();
    answers('put', `/contact/${a}`, 404, notFound, body(a));
    answers('put', `/contact/${b}`, 204, undefined, body(b));
    expect(await open().upsert([item(a, { ...onlyExisting, ref: ref(a, b) })], signal)).toMatchObject([
      { kind: 'done', contactKey: b },
    ]);
  });

  test('are found by address', async () => {
    discovers();
    answers('put', `/contact/${a}`, 404, notFound, body(a));
    searches([contact('other')]);
    answers('put', '/contact/other', 204, undefined, body('other'));
    expect(await open().upsert([item(a, onlyExisting)], signal)).toMatchObject([{ kind: 'done', contactKey: 'other' }]);
  });

  test('without an external id are taken over by their address', async () => {
    discovers();
    answers('put', `/contact/${a}`, 404, notFound, body(a));
    searches([contact('')]);
    const sent = listens('post', '/contact/list', 200, rows({}));
    expect(await open().upsert([item(a, onlyExisting)], signal)).toMatchObject([{ kind: 'done', created: false }]);
    expect(sent).toMatchObject([{ update: true, contacts: [{ externalId: a }] }]);
  });

  test('that are not there are absent, and nothing is created', async () => {
    discovers();
    answers('put', `/contact/${a}`, 404, notFound, body(a));
    searches([]);
    expect(await open().upsert([item(a, onlyExisting)], signal)).toEqual([{ kind: 'absent', status: 404 }]);
  });

  test('with identity record are not looked for by address', async () => {
    discovers();
    answers('put', `/contact/${a}`, 400, notFound, body(a));
    expect(await open({ identity: 'record' }).upsert([item(a, onlyExisting)], signal)).toEqual([
      { kind: 'absent', status: 400 },
    ]);
  });

  test('that were never written get each false of the CRM', async () => {
    discovers();
    const sent = listens('put', `/contact/${a}`, 204, () => undefined);
    await open().upsert([item(a, { mayCreate: false })], signal);
    expect(sent).toMatchObject([{ contact: { properties: { permissions: bits([1, false]) } } }]);
  });

  test('refused for a value are rejected, and the others go on', async () => {
    discovers();
    answers('put', `/contact/${a}`, 400, { errorType: 'INVALID_PROPERTY', message: address }, body(a));
    answers('put', `/contact/${b}`, 400, { errorType: 'CONTACT_OPTOUT', message: address }, body(b));
    expect(await open().upsert([item(a, onlyExisting), item(b, onlyExisting)], signal)).toEqual([
      { kind: 'rejected', status: 400, contactKey: a, detail: 'INVALID_PROPERTY' },
      { kind: 'done', status: 400, contactKey: b, created: false, notice: 'CONTACT_OPTOUT' },
    ]);
  });

  test('that Spotler fails at fail the call', async () => {
    discovers();
    answers('put', `/contact/${a}`, 502, '', body(a));
    expect(await failureOf(open().upsert([item(a, onlyExisting)], signal))).toMatchObject({ kind: 'retry' });
  });
});

describe('a changed address', () => {
  const moved = { known: true, addressChanged: true };

  test('is written under the id when nobody has it', async () => {
    discovers();
    searches([]);
    const sent = listens('put', `/contact/${a}`, 204, () => undefined);
    expect(await open().upsert([item(a, moved)], signal)).toMatchObject([
      { kind: 'done', contactKey: a, created: false },
    ]);
    expect(sent).toMatchObject([{ contact: { externalId: a, properties: { email: address } } }]);
  });

  test('is written under a former id, also for a profile of which nobody knows whether it is there', async () => {
    discovers();
    searches([]);
    const unknown = listens('put', `/contact/${a}`, 404, () => notFound);
    const sent = listens('put', `/contact/${b}`, 204, () => undefined);
    const given = listens('post', '/contact/list', 200, () => [{ externalId: a, code: 'OK', message: '' }]);
    answers('get', `/contact/${b}`, 404, notFound);
    const ref = { contactKeys: [a, b], recordIds: [] };
    expect(await open().upsert([item(a, { known: false, addressChanged: true, ref })], signal)).toMatchObject([
      { kind: 'done', contactKey: a, created: false },
    ]);
    expect(given).toMatchObject([{ update: true, contacts: [{ externalId: a }] }]);
    expect(unknown).toHaveLength(1);
    expect(sent).toMatchObject([{ contact: { externalId: b, properties: { email: address } } }]);
  });

  test.each<[string, boolean]>([
    ['leaves an existing contact under the id that it has', false],
    ['gives it its own where the one it has belongs to a record that left', true],
  ])('that nobody may be created for %s', async (_, giveOwnKey) => {
    discovers();
    listens('put', `/contact/${a}`, 404, () => notFound);
    listens('put', `/contact/${b}`, 204, () => undefined);
    if (giveOwnKey) {
      listens('post', '/contact/list', 200, () => [{ externalId: a, code: 'OK', message: '' }]);
      answers('get', `/contact/${b}`, 404, notFound);
    }
    const ref = { contactKeys: [a, b], recordIds: [] };
    expect(await open().upsert([item(a, { known: true, mayCreate: false, giveOwnKey, ref })], signal)).toMatchObject([
      { kind: 'done', contactKey: giveOwnKey ? a : b, created: false },
    ]);
  });

  test('that the contact has already is written again', async () => {
    discovers();
    searches([contact(a.toUpperCase())]);
    listens('put', `/contact/${a}`, 204, () => undefined);
    expect(await open().upsert([item(a, moved)], signal)).toMatchObject([{ kind: 'done' }]);
  });

  test('of a contact that is gone goes the way of any other', async () => {
    discovers();
    searches([]);
    listens('put', `/contact/${a}`, 404, () => notFound);
    const sent = listens('post', '/contact/list', 200, rows({}));
    expect(await open().upsert([item(a, moved)], signal)).toMatchObject([{ kind: 'done', created: false }]);
    expect(sent).toMatchObject([{ update: true }]);
  });

  test.each([
    ['under an id of somebody else', 'other'],
    ['without an external id', null],
  ])('parks before anything is written when it is there %s', async (_name, externalId) => {
    discovers();
    searches([contact(externalId)]);
    const error = await failureOf(open().upsert([item(a, moved)], signal));
    expect(error).toMatchObject({ kind: 'park', code: 'SPOTLER_IDS_WOULD_CROSS' });
    expect(error.message).not.toContain(address);
  });

  test('with identity record may be there already, and both stay', async () => {
    discovers();
    searches([contact(b)]);
    listens('put', `/contact/${a}`, 204, () => undefined);
    answers('get', `/contact/${b}`, 200, contact(b));
    expect(await open({ identity: 'record' }).upsert([item(a, moved)], signal)).toMatchObject([{ kind: 'done' }]);
  });

  test('with identity record that took somebody else’s contact away stops the target: the account does not fit', async () => {
    discovers();
    searches([contact(b)]);
    listens('put', `/contact/${a}`, 204, () => undefined);
    answers('get', `/contact/${b}`, 404, notFound);
    const error = await failureOf(open({ identity: 'record' }).upsert([item(a, moved)], signal));
    expect(error).toMatchObject({ kind: 'config', code: 'SPOTLER_ADDRESS_DEDUPLICATION', mayHaveLanded: true });
    expect(error.message).not.toContain(address);
  });
});

describe('a change of owner', () => {
  const taken = { known: true, ref: ref(a, b) };

  test('looks once whether the former id is gone', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({}));
    answers('get', `/contact/${b}`, 404, notFound);
    listens('post', '/contact/list', 200, rows({}));
    const platform = open();
    await platform.upsert([item(a, taken)], signal);
    expect(await platform.upsert([item(a, taken)], signal)).toMatchObject([{ kind: 'done' }]);
  });

  test('that leaves two contacts with one address pauses the target', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({}));
    answers('get', `/contact/${b}`, 200, contact(b));
    const error = await failureOf(open().upsert([item(a, taken)], signal));
    expect(error).toMatchObject({ kind: 'config', code: 'SPOTLER_NO_ADDRESS_DEDUPLICATION' });
    expect(error.message).toContain('identity: record');
  });

  test('whose former id belongs to somebody with another address is fine', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({}));
    answers('get', `/contact/${b}`, 200, contact(b, [], 'moved@person.example'));
    expect(await open().upsert([item(a, taken)], signal)).toMatchObject([{ kind: 'done' }]);
  });

  test('is not looked at with identity record, nor when the row was refused', async () => {
    discovers();
    listens('post', '/contact/list', 200, rows({}));
    await open({ identity: 'record' }).upsert([item(a, taken)], signal);
    discovers();
    listens('post', '/contact/list', 200, rows({ [a]: 'PROPERTY_INVALID' }));
    expect(await open().upsert([item(a, taken)], signal)).toMatchObject([{ kind: 'rejected' }]);
  });
});
