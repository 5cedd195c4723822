import { describe, expect, it } from '@jest/globals';
import nock from 'nock';
import type { CheckFinding } from '../../../../src/platforms/platform.ts';
import {
  answers,
  customFields,
  discovers,
  failureOf,
  listens,
  open,
  origin,
  searches,
  signal,
  table,
  watchCalls,
} from './support.ts';

function looks(): void {
  searches('dynamicsid==00000000-0000-0000-0000-000000000000', []);
  searches('email==connector-check@nobody.invalid', []);
}

function wrongOf(findings: readonly CheckFinding[]): string[] {
  return findings.filter(({ ok }) => !ok).map(({ subject }) => subject);
}

describe('check', () => {
  watchCalls();

  it('finds everything in order', async () => {
    discovers();
    looks();

    const { findings } = await open().check(signal);

    expect(findings.map(({ subject, ok }) => [subject, ok])).toEqual([
      ['Keap credentials', true],
      ['custom field dynamicsid', true],
      ['Keap look-up by record id and by address', true],
      ['property given_name', true],
      ['property colour', true],
      ['property phone_numbers.PHONE1', true],
      ['permission marketing', true],
    ]);
  });

  it.each([
    ['is missing', 'otherid', 'has no custom field'],
    ['is one of companies', 'ofcompanies', 'has no custom field'],
    ['is a number', 'count', 'not of type text'],
    ['is a plain property', 'job_title', 'property of every contact'],
  ])('names a field for the record id that %s, without looking up by it', async (_what, recordIdField, message) => {
    discovers();

    const { findings } = await open({}, { recordIdField }).check(signal);

    expect(wrongOf(findings)).toEqual([`custom field ${recordIdField}`]);
    expect(findings[1]?.message).toContain(message);
    expect(findings[1]?.mend).toContain('recordIdField');
  });

  it('pauses at the first write when the field for the record id is missing', async () => {
    discovers(customFields.slice(1));
    const ref = { contactKeys: [], recordIds: [] };

    const failure = await failureOf(
      open().upsert([{ ref, permissionsOnCreate: {}, permissionsOnUpdate: {} } as never], signal),
    );

    expect(failure).toMatchObject({ kind: 'config', code: 'KEAP_RECORD_ID_FIELD' });
  });

  it('names properties and permissions that are not there', async () => {
    discovers();
    looks();
    const source = { kind: 'column', column: 'c', as: 'value' } as const;
    const names = ['dynamicsid', 'nickname', 'addresses.BILLING', 'addresses.HOME.line1', 'phone_numbers.PHONE9'];
    const fields = Object.fromEntries([...names, 'addresses.OTHER.line1', 'Colour'].map((name) => [name, source]));
    const tables = { contact: { ...table, fields, permissions: { Newsletter: 'c', marketing: 'd' } } };

    const { findings } = await open({ tables }).check(signal);

    expect(wrongOf(findings)).toEqual([...names.map((name) => `property ${name}`), 'permission Newsletter']);
    for (const finding of findings.filter(({ ok }) => !ok)) expect(finding.mend).toMatch(/\w+ \w+/);
  });

  it.each([
    [401, 'service account key'],
    [403, 'right to read and write'],
    [404, 'Set baseUrl'],
  ])('tells the mend of a %d', async (status, mend) => {
    listens('get', '/contacts/model', status, status === 404 ? '<html/>' : { code: status, message: 'no' });

    const { findings } = await open().check(signal);

    expect(findings).toHaveLength(1);
    expect(findings[0]?.mend).toContain(mend);
  });

  it('tells when a search is refused', async () => {
    discovers();
    listens('get', '/contacts', 400, { code: 400, message: 'not a filter' });

    expect(wrongOf((await open().check(signal)).findings)).toEqual(['Keap look-up by record id and by address']);
  });

  it('throws when Keap cannot be reached', async () => {
    listens('get', '/contacts/model', 503, 'Service Unavailable');

    expect(await failureOf(open().check(signal))).toMatchObject({ kind: 'retry' });
  });
});

describe('the account', () => {
  watchCalls();

  it('is told by host and app, without the key', () => {
    expect(open().account).toBe('keap keap.example:443 ab123');
  });

  it('holds nobody only when Keap says so', async () => {
    answers('get', '/contacts?page_size=1&fields=id', 200, { contacts: [] });
    const empty = await open().hasNobody?.(signal);
    answers('get', '/contacts?page_size=1&fields=id', 200, { contacts: [{ id: '1' }] });

    expect([empty, await open().hasNobody?.(signal)]).toEqual([true, false]);
  });

  it('is read once for all that come within ten minutes', async () => {
    let now = 0;
    const adapter = open({ now: () => now });
    const one = { ref: { contactKeys: [], recordIds: [] }, permissionsOnCreate: {}, permissionsOnUpdate: {} };
    const unknown = { ...one, fields: { reveal: () => ({ nickname: 'x' }) } } as never;
    discovers();
    await failureOf(adapter.upsert([unknown], signal));
    await failureOf(adapter.upsert([unknown], signal));
    now = 600_000;
    discovers();

    expect(await failureOf(adapter.upsert([unknown], signal))).toMatchObject({ code: 'KEAP_UNKNOWN_PROPERTY' });
  });

  it('may be given a bearer token in place of the header', async () => {
    nock(origin, { reqheaders: { authorization: 'Bearer hidden' }, badheaders: ['x-keap-api-key'] })
      .get('/crm/rest/v2/contacts')
      .query(true)
      .reply(200, { contacts: [] });

    expect(await open({}, { sendKeyAs: 'bearer' }).hasNobody?.(signal)).toBe(true);
  });
});
