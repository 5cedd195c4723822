import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { type ClosableCrm, createCrm } from '../../../src/dataverse/index.ts';
import {
  base,
  errorBody,
  failureOf,
  guid,
  type Organization,
  optionsOf,
  settingsOf,
  signal,
  startLogin,
  startOrganization,
  tableOf,
} from './organization.ts';

const delta = `${base}contacts?$select=contactid,emailaddress1&$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44`;
const next = `${base}contacts?$select=contactid&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%22%20/%3E`;

let organization: Organization;
let crm: ClosableCrm;

beforeEach(() => {
  nock.disableNetConnect();
  startLogin();
  organization = startOrganization();
  crm = createCrm(optionsOf());
});

afterAll(() => nock.restore());

afterEach(() => {
  crm.close();
  nock.cleanAll();
  expect(organization.left()).toBe(0);
});

describe('a full tracked read', () => {
  test('asks for the id and the address column only, with change tracking and a page size', async () => {
    organization.answer({ body: { value: [], '@odata.deltaLink': delta } });

    await crm.startChanges('contact', 5_000, signal);

    const [call] = organization.calls;
    expect(call?.path).toBe('contacts?$select=contactid,emailaddress1');
    expect(call?.headers.prefer).toBe('odata.track-changes,odata.maxpagesize=5000');
  });

  test.each([
    [0, 1],
    [9_999, 5_000],
  ])('turns a page size of %d into %d', async (asked, sent) => {
    organization.answer({ body: { value: [], '@odata.deltaLink': delta } });

    await crm.startChanges('contact', asked, signal);

    expect(organization.calls[0]?.headers.prefer).toContain(`maxpagesize=${sent}`);
  });

  test('reads entries with the address as a hint that does not print', async () => {
    const value = [{ '@odata.etag': 'W/"1"', contactid: guid(1).toUpperCase(), emailaddress1: 'jan@person.example' }];
    organization.answer({ body: { value, '@odata.deltaLink': delta } });

    const page = await crm.startChanges('contact', 500, signal);

    expect(page.changes).toEqual([{ id: guid(1), deleted: false, email: expect.anything() }]);
    expect(page.changes[0]?.email?.reveal()).toBe('jan@person.example');
    expect(JSON.stringify(page)).not.toContain('jan@');
    expect(page.deltaLink).toBe(delta);
    expect(page.nextLink).toBeUndefined();
  });

  test.each([[null], [17], [{ text: 'a' }]])('takes an address of %j as no hint', async (address) => {
    organization.answer({
      body: { value: [{ contactid: guid(1), emailaddress1: address }], '@odata.deltaLink': delta },
    });

    const page = await crm.startChanges('contact', 500, signal);

    expect(page.changes).toEqual([{ id: guid(1), deleted: false, email: undefined }]);
  });
});

describe('tombstones', () => {
  const context = `${base}$metadata#contacts/$deletedEntity`;

  test.each([
    ['the form of Dataverse', { '@odata.context': context, id: guid(3), reason: 'deleted' }],
    ['a context alone', { '@odata.context': context, id: guid(3) }],
    ['a reason alone', { id: guid(3), reason: 'deleted' }],
    ['the form of OData 4.01', { '@removed': { reason: 'deleted' }, '@id': `contacts(${guid(3)})` }],
    ['an entity reference', { reason: 'deleted', id: `${base}contacts(${guid(3)})` }],
    ['the primary column', { '@removed': { reason: 'deleted' }, contactid: guid(3) }],
  ])('are read in %s', async (_name, entry) => {
    organization.answer({ body: { value: [entry], '@odata.deltaLink': delta } });

    const page = await crm.followChanges('contact', delta, signal);

    expect(page.changes).toEqual([{ id: guid(3), deleted: true, email: undefined }]);
  });

  test('count once an id, and the last mention wins', async () => {
    const value = [
      { contactid: guid(1), emailaddress1: 'a@person.example' },
      { contactid: guid(2), emailaddress1: 'b@person.example' },
      { '@odata.context': context, id: guid(1), reason: 'deleted' },
      { '@odata.context': context, id: guid(4), reason: 'deleted' },
      { contactid: guid(4), emailaddress1: null },
    ];
    organization.answer({ body: { value, '@odata.deltaLink': delta } });

    const page = await crm.followChanges('contact', delta, signal);

    expect(page.changes.map(({ id, deleted }) => [id, deleted])).toEqual([
      [guid(2), false],
      [guid(1), true],
      [guid(4), false],
    ]);
  });
});

describe('links', () => {
  test('are followed as they were given, with the same page size on every page', async () => {
    organization.answer(
      { body: { value: [], '@odata.nextLink': next } },
      { body: { value: [], '@odata.deltaLink': delta } },
    );

    const first = await crm.startChanges('contact', 5_000, signal);
    await crm.followChanges('contact', first.nextLink ?? '', signal);

    expect(base + organization.calls[1]?.path).toBe(next);
    expect(organization.calls[1]?.headers.prefer).toBe('odata.track-changes,odata.maxpagesize=5000');
  });

  test('of a delta are sent byte for byte, with the configured page size', async () => {
    organization.answer({ body: { value: [], '@odata.deltaLink': delta } });

    await crm.followChanges('contact', delta, signal);

    expect(base + organization.calls[0]?.path).toBe(delta);
    expect(organization.calls[0]?.headers.prefer).toBe('odata.track-changes,odata.maxpagesize=1000');
  });

  test('to another host are a configuration error where they are given', async () => {
    organization.answer({ body: { value: [], '@odata.nextLink': next.replace('contoso', 'contoso.api') } });

    const error = await failureOf(crm.startChanges('contact', 500, signal));

    expect(error).toMatchObject({ kind: 'config', code: 'LINK_LEAVES_HOST' });
  });

  test('stored for another host are a lost position, and the token goes nowhere', async () => {
    const error = await failureOf(crm.followChanges('contact', delta.replace('contoso', 'evil'), signal));

    expect(error).toMatchObject({ kind: 'gone', code: 'DELTA_LOST' });
    expect(organization.calls).toEqual([]);
  });
});

describe('a page that could hide a change', () => {
  test.each([
    [{ emailaddress1: 'a@person.example' }],
    [{ contactid: 'no guid' }],
    [{ reason: 'deleted', id: 'contacts' }],
  ])('stops the table: an entry without an id', async (entry) => {
    organization.answer({
      body: { value: [{ contactid: guid(1), emailaddress1: null }, entry], '@odata.deltaLink': delta },
    });

    const error = await failureOf(crm.followChanges('contact', delta, signal));

    expect(error).toMatchObject({ kind: 'config', code: 'FEED_ENTRY_WITHOUT_ID' });
  });

  test('stops the table: a last page without a delta link, with the mend', async () => {
    organization.answer({ body: { value: [{ contactid: guid(1) }] } });

    const error = await failureOf(crm.startChanges('contact', 500, signal));

    expect(error).toMatchObject({ kind: 'config', code: 'FEED_WITHOUT_DELTA_LINK' });
    expect(error.message).toContain('enable change tracking');
  });

  test.each([[{}], [{ value: 'none' }], [{ value: ['none'] }]])('is no empty page: %j', async (body) => {
    organization.answer({ body: { ...body, '@odata.deltaLink': delta } });

    const error = await failureOf(crm.startChanges('contact', 500, signal));

    expect(error).toMatchObject({ kind: 'retry', code: 'DATAVERSE_UNREADABLE' });
  });
});

describe('a position', () => {
  test.each([400, 404, 410, 403, 500])('is expired by its code, whatever the status: %d', async (status) => {
    organization.answer({
      status,
      body: errorBody('0x80044352', 'Version stamp associated with the client has expired.'),
    });

    const error = await failureOf(crm.followChanges('contact', delta, signal));

    expect(error).toMatchObject({ kind: 'gone', code: 'DELTA_EXPIRED' });
  });

  test.each([
    [400, '0x80060888'],
    [404, '0x80040217'],
    [410, ''],
    [412, '0x80060882'],
  ])('is lost by any other refusal: %d', async (status, code) => {
    const answer = { status, body: errorBody(code) };
    organization.answer(answer, ...(status === 412 ? [answer] : []));

    const error = await failureOf(crm.followChanges('contact', delta, signal));

    expect(error).toMatchObject({ kind: 'gone', code: 'DELTA_LOST', status });
  });

  test.each([
    [401, 'config'],
    [403, 'config'],
    [408, 'retry'],
    [429, 'wait'],
    [503, 'retry'],
  ])('is kept after a %d', async (status, kind) => {
    const answer = { status, body: errorBody('') };
    organization.answer(answer, ...(status === 403 || status === 429 ? [] : [answer]));

    const error = await failureOf(crm.followChanges('contact', delta, signal));

    expect(error.kind).toBe(kind);
  });
});

test('a table that is not configured is refused', async () => {
  crm = createCrm(optionsOf(settingsOf({ lead: tableOf({ email: 'emailaddress2' }) })));

  const error = await failureOf(crm.startChanges('contact', 500, signal));

  expect(error).toMatchObject({ kind: 'config', code: 'TABLE_NOT_CONFIGURED' });
});
