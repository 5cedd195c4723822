import { describe, expect, test } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import {
  address,
  answers,
  contact,
  discovers,
  failureOf,
  guid,
  notFound,
  open,
  searches,
  signal,
  watchCalls,
} from './support.ts';

watchCalls();

const [a, b, c] = [guid(1), guid(2), guid(3)];
const anonymize = (key: string) => `/contact/anonymize/${key}`;
const erasing = (keys: string[], withAddress = false) => ({
  contactKeys: keys,
  recordIds: [],
  ...(withAddress ? { address: new Personal(address) } : {}),
});

describe('anonymize', () => {
  test.each([204, 200, 410])('takes %i for done and keeps the status', async (status) => {
    answers('put', anonymize(a), status);
    expect(await open().anonymize(erasing([a]), signal)).toEqual({ kind: 'done', status, contactKey: a });
  });

  test.each([404, 400])('takes %i with CONTACT_NOT_FOUND for absent', async (status) => {
    answers('put', anonymize(a), status, notFound);
    expect(await open().anonymize(erasing([a]), signal)).toEqual({ kind: 'absent', status });
  });

  test('goes over every contact key and record id, each once', async () => {
    answers('put', anonymize(a), 404, notFound);
    answers('put', anonymize(b), 410);
    answers('put', anonymize(c), 404, notFound);
    const ref = { contactKeys: [a, b], recordIds: [b, c] };
    expect(await open().anonymize(ref, signal)).toEqual({ kind: 'done', status: 410, contactKey: b });
  });

  test('is absent only when no key and no address finds anybody', async () => {
    answers('put', anonymize(a), 404, notFound);
    searches({ paging: {}, contacts: [] });
    expect(await open().anonymize(erasing([a], true), signal)).toEqual({ kind: 'absent', status: 404 });
  });

  test('erases whoever has the address under another id, and looks again', async () => {
    answers('put', anonymize(a), 404, notFound);
    searches([contact('other-id')]);
    answers('put', anonymize('other-id'), 204);
    searches([]);
    const outcome = await open().anonymize(erasing([a], true), signal);
    expect(outcome).toEqual({ kind: 'done', status: 204, contactKey: 'other-id' });
  });

  test('leaves people alone whom the search finds under another address', async () => {
    answers('put', anonymize(a), 204);
    searches([contact('other-id', [], 'jan2@person.example'), contact('third', [], 'x@person.example')]);
    expect(await open().anonymize(erasing([a], true), signal)).toMatchObject({ kind: 'done', contactKey: a });
  });

  test('knows the address in other letters again', async () => {
    answers('put', anonymize(a), 404, notFound);
    searches([contact('other-id', [], ' Jan@PERSON.example')]);
    answers('put', anonymize('other-id'), 204);
    searches([]);
    expect(await open().anonymize(erasing([a], true), signal)).toMatchObject({ kind: 'done', contactKey: 'other-id' });
  });

  test.each([
    ['without', undefined],
    ['with an empty', ''],
    ['with a null', null],
  ])('names a contact %s external id as to be erased by hand', async (_name, externalId) => {
    answers('put', anonymize(a), 204);
    searches([contact(externalId)]);
    const outcome = await open().anonymize(erasing([a], true), signal);
    expect(outcome.kind).toBe('manual');
    expect(outcome.detail).toContain('erased by hand');
    expect(JSON.stringify(outcome)).not.toContain(address);
  });

  test('is not done while the address still finds the contact', async () => {
    answers('put', anonymize(a), 204);
    searches([contact(a)]);
    answers('put', anonymize(a), 204);
    searches([contact(a)]);
    const error = await failureOf(open().anonymize(erasing([a], true), signal));
    expect(error).toMatchObject({ kind: 'retry', code: 'SPOTLER_STILL_FOUND' });
  });

  test('without any id goes by the address alone', async () => {
    searches([]);
    expect(await open().anonymize(erasing([], true), signal)).toEqual({ kind: 'absent', status: 200 });
  });

  test.each([
    ['a wrong path', 404, { errorType: 'RESOURCE_NOT_FOUND', message: 'x' }, 'config', 'SPOTLER_WRONG_PATH'],
    ['a 404 page', 404, '<html>jan@person.example</html>', 'config', 'SPOTLER_WRONG_PATH'],
    ['an empty 404', 404, '', 'config', 'SPOTLER_WRONG_PATH'],
    ['refused credentials', 401, '', 'config', 'SPOTLER_NOT_AUTHORIZED'],
    ['a refused key', 403, { errorType: 'NOT_AUTHORIZED', message: '' }, 'config', 'SPOTLER_NOT_AUTHORIZED'],
    ['an unknown key', 400, { errorType: 'AUTH_NOT_FOUND', message: '' }, 'config', 'SPOTLER_NOT_AUTHORIZED'],
    ['a failing server', 503, '<html></html>', 'retry', 'HTTP_503'],
    ['a failing server that claims absence', 500, notFound, 'retry', 'HTTP_500'],
    ['a failing backend', 400, { errorType: 'BACKEND_EXCEPTION', message: '' }, 'retry', 'SPOTLER_BACKEND_EXCEPTION'],
    ['a page in place of a confirmation', 200, '<html>welcome</html>', 'retry', 'HTTP_NOT_JSON'],
    ['a refusal', 400, { errorType: 'INVALID_PROPERTY', message: address }, 'park', 'SPOTLER_INVALID_PROPERTY'],
    ['a refusal without a type', 400, '', 'park', 'HTTP_400'],
  ])('%s erases nobody and is no absence', async (_name, status, body, kind, code) => {
    answers('put', anonymize(a), status, body);
    const error = await failureOf(open().anonymize(erasing([a]), signal));
    expect(error).toMatchObject({ kind, code, status: code === 'HTTP_NOT_JSON' ? undefined : status });
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('person.example');
  });

  test('a success that carries CONTACT_NOT_FOUND is an absence', async () => {
    answers('put', anonymize(a), 200, notFound);
    expect(await open().anonymize(erasing([a]), signal)).toEqual({ kind: 'absent', status: 200 });
  });

  test('an error in XML is understood', async () => {
    answers('put', anonymize(a), 404, '<errorResponse><errorType>CONTACT_NOT_FOUND</errorType></errorResponse>');
    expect(await open().anonymize(erasing([a]), signal)).toEqual({ kind: 'absent', status: 404 });
  });

  test('ids are escaped in the path', async () => {
    answers('put', anonymize('a%2Fb%20c'), 204);
    expect(await open().anonymize(erasing(['a/b c']), signal)).toMatchObject({ kind: 'done', contactKey: 'a/b c' });
  });
});

describe('find', () => {
  test('reads the mapped bits under the first key that is there', async () => {
    discovers();
    answers('get', `/contact/${a}`, 404, notFound);
    answers('get', `/contact/${b}`, 200, contact(b, [4, 2]));
    const found = await open().find({ contactKeys: [a], recordIds: [b] }, signal);
    expect(found).toEqual({ contactKey: b, permissions: { Newsletter: true, 'Product news': false } });
  });

  test('then looks by address, and says when there is no external id', async () => {
    discovers();
    answers('get', `/contact/${a}`, 400, notFound);
    searches({ contacts: [contact(undefined, [1])], paging: { next: '', after: 1 } });
    const found = await open().find(erasing([a], true), signal);
    expect(found).toEqual({ permissions: { Newsletter: false, 'Product news': true } });
  });

  test('finds nobody when keys and address find nobody', async () => {
    discovers();
    answers('get', `/contact/${a}`, 404, notFound);
    searches({ contacts: null });
    expect(await open().find(erasing([a], true), signal)).toBeUndefined();
  });

  test('the shell of an anonymized contact is nobody', async () => {
    discovers();
    answers('get', `/contact/${a}`, 200, {
      externalId: a,
      properties: { email: '', firstName: null, permissions: [] },
    });
    expect(await open().find(erasing([a]), signal)).toBeUndefined();
  });

  test("a person's name that imitates an error is only a name", async () => {
    discovers();
    const person = contact(a);
    const name = '<errorType>CONTACT_NOT_FOUND</errorType>';
    answers('get', `/contact/${a}`, 200, { ...person, properties: { ...person.properties, firstName: name } });
    expect(await open().find(erasing([a]), signal)).toMatchObject({ contactKey: a });
  });

  test('follows the pages of a search', async () => {
    discovers();
    const others = Array.from({ length: 1000 }, (_, index) => contact(`o${index}`, [], `o${index}@person.example`));
    const query = `MPSearchQuery=${encodeURIComponent(`email=${address}`)}`;
    answers('get', `/contact/search?${query}&pageSize=1000`, 200, others);
    answers('get', `/contact/search?${query}&pageSize=1000&after=1000`, 200, [contact('late')]);
    expect(await open().find(erasing([], true), signal)).toMatchObject({ contactKey: 'late' });
  });

  test('an answer of another form is an error, not an absence', async () => {
    discovers();
    answers('get', `/contact/search?MPSearchQuery=${encodeURIComponent(`email=${address}`)}&pageSize=1000`, 200, {
      contacts: 'x',
    });
    expect(await failureOf(open().find(erasing([], true), signal))).toMatchObject({
      kind: 'retry',
      code: 'SPOTLER_UNEXPECTED_ANSWER',
    });
  });

  test('an address with a plus and an ampersand is searched as it is', async () => {
    discovers();
    searches([contact('p', [], 'jan+a&b@person.example')], 'jan+a&b@person.example');
    const ref = { contactKeys: [], recordIds: [], address: new Personal('jan+a&b@person.example') };
    expect(await open().find(ref, signal)).toMatchObject({ contactKey: 'p' });
  });
});

describe('permissions', () => {
  const allFalse = [4, 1, 2].map((bit) => ({ bit, enabled: false }));
  const reset = (externalId: string, permissions: unknown = allFalse) => ({
    update: true,
    purge: false,
    contact: { externalId, properties: { permissions } },
  });

  test('a reset names every bit of the account, mapped or not, false', async () => {
    discovers();
    answers('put', `/contact/${a}`, 204, undefined, reset(a));
    expect(await open().resetPermissions(erasing([a]), signal)).toEqual({ kind: 'done', status: 204, contactKey: a });
  });

  test('a reset goes over every key and does not search when it met the person', async () => {
    discovers();
    answers('put', `/contact/${a}`, 404, notFound, reset(a));
    answers('put', `/contact/${b}`, 204, undefined, reset(b));
    expect(await open().resetPermissions(erasing([a, b], true), signal)).toMatchObject({ kind: 'done', contactKey: b });
  });

  test('a reset finds the person by address under another id', async () => {
    discovers();
    answers('put', `/contact/${a}`, 404, notFound, reset(a));
    searches([contact('other')]);
    answers('put', '/contact/other', 204, undefined, reset('other'));
    expect(await open().resetPermissions(erasing([a], true), signal)).toMatchObject({
      kind: 'done',
      contactKey: 'other',
    });
  });

  test('a contact without an external id is to be reset by hand', async () => {
    discovers();
    answers('put', `/contact/${a}`, 404, notFound, reset(a));
    searches([contact(null)]);
    expect(await open().resetPermissions(erasing([a], true), signal)).toMatchObject({
      kind: 'manual',
      detail: expect.stringContaining('reset by hand'),
    });
  });

  test('a reset of nobody is absent', async () => {
    discovers();
    answers('put', `/contact/${a}`, 400, notFound, reset(a));
    searches([]);
    expect(await open().resetPermissions(erasing([a], true), signal)).toEqual({ kind: 'absent', status: 400 });
  });

  test('an opt-out is a notice', async () => {
    discovers();
    answers('put', `/contact/${a}`, 400, { errorType: 'CONTACT_OPTOUT', message: address }, reset(a));
    expect(await open().resetPermissions(erasing([a]), signal)).toEqual({
      kind: 'done',
      status: 400,
      contactKey: a,
      notice: 'CONTACT_OPTOUT',
    });
  });

  test('an account that shows no permissions cannot be reset, and says so', async () => {
    discovers([{ name: 'email', description: '', type: 'email' }]);
    expect(await failureOf(open().resetPermissions(erasing([a]), signal))).toMatchObject({
      kind: 'config',
      code: 'SPOTLER_NO_PERMISSIONS',
    });
  });

  test('given bits are set and no others', async () => {
    discovers();
    answers('put', `/contact/${a}`, 204, undefined, reset(a, [{ bit: 4, enabled: true }]));
    expect(await open().setPermissions(erasing([a]), { Newsletter: true }, signal)).toMatchObject({ kind: 'done' });
  });

  test('a permission that is not there is a configuration error', async () => {
    discovers();
    expect(await failureOf(open().setPermissions(erasing([a]), { Other: false }, signal))).toMatchObject({
      kind: 'config',
      code: 'SPOTLER_PERMISSION_UNKNOWN',
    });
  });
});
