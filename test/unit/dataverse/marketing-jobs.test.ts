import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { Personal } from '../../../config/words.ts';
import { type ClosableCrm, createCrm } from '../../../src/dataverse/index.ts';
import {
  base,
  errorBody,
  failureOf,
  guid,
  marketingJobs,
  type Organization,
  optionsOf,
  settingsOf,
  signal,
  startLogin,
  startOrganization,
  tableOf,
} from './organization.ts';

const typeOf = '@Microsoft.Dynamics.CRM.lookuplogicalname';
let organization: Organization;
let crm: ClosableCrm;

function jobRow(some: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    '@odata.etag': 'W/"7"',
    mkt_marketingjobid: guid(1),
    mkt_operation: 140000000,
    mkt_status: 140000000,
    _mkt_customer_value: guid(2),
    [`_mkt_customer_value${typeOf}`]: 'contact',
    _mkt_lead_value: null,
    mkt_recordid: null,
    mkt_recordtable: null,
    ...some,
  };
}

beforeEach(() => {
  nock.disableNetConnect();
  startLogin();
  organization = startOrganization();
  crm = createCrm(optionsOf());
});

afterEach(() => {
  crm.close();
  nock.cleanAll();
  expect(organization.left()).toBe(0);
});

afterAll(() => nock.restore());

describe('open jobs', () => {
  test('are the pending and the running ones, oldest first, over all pages', async () => {
    const next = `${base}mkt_marketingjobs?$skiptoken=2`;
    organization.answer(
      { body: { value: [jobRow()], '@odata.nextLink': next } },
      { body: { value: [jobRow({ mkt_marketingjobid: guid(9), mkt_status: 140000001 })] } },
    );

    const jobs = await crm.openJobs(signal);

    const path = decodeURIComponent(organization.calls[0]?.path ?? '');
    expect(path).toContain('$filter=mkt_status eq 140000000 or mkt_status eq 140000001&$orderby=createdon asc');
    expect(organization.calls[0]?.headers.prefer).toBe(
      'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"',
    );
    expect(jobs.map(({ id, status }) => [id, status])).toEqual([
      [guid(1), 'pending'],
      [guid(9), 'inProgress'],
    ]);
  });

  test.each([
    ['a contact', {}, { table: 'contact', id: guid(2) }, undefined],
    ['an account', { [`_mkt_customer_value${typeOf}`]: 'account' }, { table: 'account', id: guid(2) }, undefined],
    ['a lead', { _mkt_customer_value: null, _mkt_lead_value: guid(3) }, undefined, { table: 'lead', id: guid(3) }],
    ['both', { _mkt_lead_value: guid(3) }, { table: 'contact', id: guid(2) }, { table: 'lead', id: guid(3) }],
    ['nothing', { _mkt_customer_value: null }, undefined, undefined],
  ])('point to %s', async (_name, some, customer, lead) => {
    organization.answer({ body: { value: [jobRow(some)] } });

    const [job] = await crm.openJobs(signal);

    expect(job).toMatchObject({ id: guid(1), etag: 'W/"7"', operation: 'anonymizeContact' });
    expect(job?.customer).toEqual(customer);
    expect(job?.lead).toEqual(lead);
  });

  test('carry the text copies as they stand', async () => {
    const copies = { _mkt_customer_value: null, mkt_recordid: ' what a person typed', mkt_recordtable: '  ' };
    organization.answer({ body: { value: [jobRow(copies)] } });

    const [job] = await crm.openJobs(signal);

    expect(job).toMatchObject({ recordId: ' what a person typed', recordTable: undefined });
  });

  test.each([
    ['another operation', { mkt_operation: 5 }],
    ['no operation', { mkt_operation: null }],
  ])('with %s are unknown, and keep their record', async (_name, some) => {
    organization.answer({ body: { value: [jobRow(some)] } });

    const [job] = await crm.openJobs(signal);

    expect(job).toMatchObject({ operation: 'unknown', customer: { id: guid(2) } });
  });

  test.each([
    ['a customer of no known table', { [`_mkt_customer_value${typeOf}`]: 'systemuser' }],
    ['a customer whose table was not said', { [`_mkt_customer_value${typeOf}`]: undefined }],
    ['a lead that is no id', { _mkt_lead_value: 'x' }],
    ['a text copy that is no text', { mkt_recordid: 5 }],
  ])('with %s are unknown and name nobody, and keep no other job back', async (_name, some) => {
    const copies = { mkt_recordid: guid(8), mkt_recordtable: 'contact' };
    organization.answer({ body: { value: [jobRow({ ...copies, ...some }), jobRow({ mkt_marketingjobid: guid(9) })] } });

    const [job, other] = await crm.openJobs(signal);

    expect(job).toMatchObject({ operation: 'unknown', customer: undefined, lead: undefined, recordId: undefined });
    expect(other).toMatchObject({ id: guid(9), operation: 'anonymizeContact' });
  });

  test('are refused where marketing jobs are switched off', async () => {
    const { marketingJobs: _off, ...settings } = settingsOf();
    const without = createCrm(optionsOf(settings));

    expect(await failureOf(without.openJobs(signal))).toMatchObject({ kind: 'config', code: 'MARKETING_JOBS_OFF' });
  });
});

describe('reading one job', () => {
  test('reads it', async () => {
    organization.answer({ body: jobRow({ mkt_status: 140000003, mkt_operation: 140000001 }) });

    expect(await crm.readJob(guid(1), signal)).toMatchObject({ status: 'failed', operation: 'syncContact' });
    expect(organization.calls[0]?.path).toContain(`mkt_marketingjobs(${guid(1)})?$select=`);
  });

  test('says when it does not exist', async () => {
    organization.answer({ status: 404, body: errorBody('0x80040217') });

    expect(await crm.readJob(guid(1), signal)).toBeUndefined();
  });

  test('parks a status that the configuration does not name', async () => {
    organization.answer({ body: jobRow({ mkt_status: 7 }) });

    expect(await failureOf(crm.readJob(guid(1), signal))).toMatchObject({ kind: 'park', code: 'JOB_STATUS_UNKNOWN' });
  });

  test('takes a wrong path for no absence', async () => {
    organization.answer({ status: 404, body: errorBody('0x80060888') });

    expect(await failureOf(crm.readJob(guid(1), signal))).toMatchObject({ kind: 'config' });
  });
});

describe('writing a job', () => {
  test('sends only what is given, with If-Match', async () => {
    organization.answer({ status: 204, body: '' }, { status: 200, body: '{}' });

    const started = await crm.updateJob(guid(1), 'W/"7"', { status: 'inProgress' }, signal);
    const ended = await crm.updateJob(
      guid(1),
      '*',
      {
        status: 'succeeded',
        resultCode: 'HTTP 410 Gone',
        resultDetail: 'main: erased',
        completedOn: '2026-01-01T00:00:00Z',
        recordId: guid(2),
        recordTable: 'contact',
      },
      signal,
    );

    expect([started, ended]).toEqual(['done', 'done']);
    expect(organization.calls.map(({ headers }) => headers['if-match'])).toEqual(['W/"7"', '*']);
    expect(organization.calls.map(({ body }) => JSON.parse(body))).toEqual([
      { mkt_status: 140000001 },
      {
        mkt_status: 140000002,
        mkt_resultcode: 'HTTP 410 Gone',
        mkt_resultdetail: 'main: erased',
        mkt_completedon: '2026-01-01T00:00:00Z',
        mkt_recordid: guid(2),
        mkt_recordtable: 'contact',
      },
    ]);
  });

  test('shortens what would not fit the memo, so that the job is answered all the same', async () => {
    organization.answer({ status: 204, body: '' }, { status: 204, body: '' });

    await crm.updateJob(guid(1), '*', { resultDetail: 'a'.repeat(4000) }, signal);
    await crm.updateJob(guid(1), '*', { resultDetail: 'a'.repeat(4001) }, signal);

    expect(organization.calls.map(({ body }) => JSON.parse(body).mkt_resultdetail)).toEqual([
      'a'.repeat(4000),
      `${'a'.repeat(3999)}…`,
    ]);
  });

  test.each([
    [412, '0x80060882', 'changed'],
    [412, '', 'changed'],
    [404, '0x80040217', 'gone'],
  ])('answers %d %s as %s', async (status, code, said) => {
    organization.answer({ status, body: errorBody(code) });

    expect(await crm.updateJob(guid(1), 'W/"7"', { status: 'inProgress' }, signal)).toBe(said);
  });

  test.each([
    [404, '0x80060888', 'config'],
    [403, '0x80040220', 'config'],
    [400, '0x80044331', 'park'],
    [503, '', 'retry'],
    [429, '0x80072322', 'wait'],
  ])('throws for %d %s', async (status, code, kind) => {
    organization.answer({ status, body: errorBody(code) });

    const error = await failureOf(crm.updateJob(guid(1), '*', { status: 'failed' }, signal));

    expect(error.kind).toBe(kind);
  });
});

describe('finding by address', () => {
  const address = new Personal("O'Neil+1@person.example");

  test('asks every configured table for its own column, quoted and encoded, over all pages', async () => {
    crm = createCrm(optionsOf(settingsOf({ contact: tableOf(), lead: tableOf({ email: 'emailaddress3' }) })));
    organization.answer(
      { body: { value: [{ contactid: guid(1) }], '@odata.nextLink': `${base}contacts?$skiptoken=2` } },
      { body: { value: [{ contactid: guid(2) }] } },
      { body: { value: [{ leadid: guid(3) }] } },
    );

    const found = await crm.findByAddress(address, signal);

    expect(found).toEqual([
      { table: 'contact', id: guid(1) },
      { table: 'contact', id: guid(2) },
      { table: 'lead', id: guid(3) },
    ]);
    const [first = '', , last = ''] = organization.calls.map(({ path }) => path);
    const query = new URLSearchParams(first.slice(first.indexOf('?') + 1));
    expect(query.get('$filter')).toBe("emailaddress1 eq 'O''Neil+1@person.example'");
    expect(query.get('$select')).toBe('contactid');
    expect(last).toContain('leads?$select=leadid&$filter=emailaddress3%20eq%20');
  });

  test('says nothing of the address when it fails', async () => {
    organization.answer({ status: 403, body: errorBody('0x80040220') });

    const error = await failureOf(crm.findByAddress(address, signal));

    expect(error).toMatchObject({ kind: 'config' });
    expect(`${error.message}${error.stack}`).not.toContain('Neil');
  });
});

describe('the organization', () => {
  test('is named by WhoAmI', async () => {
    organization.answer({ body: { OrganizationId: guid(7).toUpperCase(), UserId: guid(8) } });

    expect(await crm.organizationId(signal)).toBe(guid(7));
  });

  test('that is not named is asked for again', async () => {
    organization.answer({ body: {} });

    expect(await failureOf(crm.organizationId(signal))).toMatchObject({ kind: 'retry', code: 'WHO_AM_I_UNREADABLE' });
  });

  test('is asked for once by all who want to know at the same time, and again by whoever comes later', async () => {
    organization.answer({ body: { OrganizationId: guid(7) } }, { body: { OrganizationId: guid(6) } });

    const together = await Promise.all([1, 2, 3].map(() => crm.organizationId(signal)));
    const later = await crm.organizationId(signal);

    expect([...together, later]).toEqual([guid(7), guid(7), guid(7), guid(6)]);
    expect(organization.calls).toHaveLength(2);
  });

  test('is asked for again when whoever asked first has given up', async () => {
    const first = new AbortController();
    const giveUp = () => {
      first.abort();
      return { body: { OrganizationId: guid(7) } };
    };
    organization.answer(giveUp, { body: { OrganizationId: guid(6) } });

    const [given, ...others] = await Promise.allSettled([
      crm.organizationId(first.signal),
      crm.organizationId(signal),
      crm.organizationId(signal),
    ]);

    expect(given).toMatchObject({ status: 'rejected', reason: { code: 'HTTP_ABORTED' } });
    expect(others).toEqual([1, 2].map(() => ({ status: 'fulfilled', value: guid(6) })));
    expect(organization.calls).toHaveLength(2);
  });

  test.each([
    [[{ expirechangetrackingindays: 30 }], 30],
    [[{}], undefined],
    [[], undefined],
  ])('says how long it remembers deleted records', async (value, days) => {
    organization.answer({ body: { value } });

    expect(await crm.changeTrackingDays(signal)).toBe(days);
  });
});

test('the columns of the table can have other names', async () => {
  const columns = { ...marketingJobs.columns, status: 'new_state' };
  crm = createCrm(optionsOf(settingsOf(undefined, { marketingJobs: { ...marketingJobs, set: 'new_jobs', columns } })));
  organization.answer({ status: 204, body: '' });

  await crm.updateJob(guid(1), '*', { status: 'failed' }, signal);

  expect(organization.calls[0]?.path).toBe(`new_jobs(${guid(1)})`);
  expect(JSON.parse(organization.calls[0]?.body ?? '')).toEqual({ new_state: 140000003 });
});
