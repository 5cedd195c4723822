import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import {
  address,
  answers,
  byPath,
  completed,
  contact,
  discovers,
  excludes,
  failureOf,
  isOn,
  managesLists,
  missing,
  nobodyThere,
  of,
  open,
  reads,
  rest,
  signal,
  table,
  watchCalls,
} from './support.ts';

const byAddress = { contactKeys: [], recordIds: [], address: new Personal(address) };
const byId = { contactKeys: ['keap:4', 'mailjet:5', 'mailjet:x'], recordIds: [] };
const shell = contact(5, { Email: '\u00ae87ab@domain.invalid', Name: 'Anonymized' });

describe('find', () => {
  watchCalls();

  it('reads the bits of the mapped permissions, and tells the id', async () => {
    discovers();
    reads(5, contact(5, { IsExcludedFromCampaigns: true }));
    isOn(5, { 11: false, 12: true });

    expect(await open().find(byId, signal)).toEqual({
      contactKey: 'mailjet:5',
      permissions: { marketing: false, News: true, Offers: false },
    });
  });

  it('reads no lists where none is mapped', async () => {
    answers('get', `${rest}/contactmetadata?Limit=1000&Offset=0`, 200, of());
    answers('get', byPath, 200, of(contact(5)));
    const tables = { contact: { ...table, permissions: { marketing: 'new_marketing' } } };

    expect((await open({ tables }).find(byAddress, signal))?.permissions).toEqual({ marketing: true });
  });

  it('takes an anonymized contact for nobody', async () => {
    discovers();
    reads(5, shell);

    expect(await open().find(byId, signal)).toBeUndefined();
  });
});

describe('resetting', () => {
  watchCalls();

  it('excludes from campaigns and unsubscribes from every list, mapped or not', async () => {
    answers('get', byPath, 200, of(contact(5)));
    excludes(5, true);
    isOn(5, { 11: false, 12: true, 99: false });
    managesLists(5, { 11: 'unsub', 99: 'unsub' });

    expect(await open().resetPermissions(byAddress, signal)).toEqual({
      kind: 'done',
      status: 200,
      contactKey: 'mailjet:5',
    });
  });

  it('is done where nothing is left to take away', async () => {
    answers('get', byPath, 200, of(contact(5)));
    excludes(5, true, 304);
    isOn(5, { 11: true });

    expect((await open().resetPermissions(byAddress, signal)).kind).toBe('done');
  });

  it('says absent of nobody, and of somebody who went away meanwhile', async () => {
    nobodyThere();
    expect((await open().resetPermissions(byAddress, signal)).kind).toBe('absent');

    reads(5);
    answers('put', `${rest}/contact/5`, 404, missing, { IsExcludedFromCampaigns: 'true' });
    expect((await open().resetPermissions(byId, signal)).kind).toBe('absent');
  });
});

describe('setting permissions', () => {
  watchCalls();

  it('sets what is asked for, and says what it cannot give back', async () => {
    discovers();
    reads(5, contact(5, { IsExcludedFromCampaigns: true }));
    excludes(5, false);
    isOn(5, { 11: true, 12: false });

    expect(await open().setPermissions(byId, { marketing: true, News: true, Offers: true }, signal)).toEqual({
      kind: 'rejected',
      status: 200,
      contactKey: 'mailjet:5',
      detail: 'STAYS_UNSUBSCRIBED',
    });
  });
});

describe('anonymizing', () => {
  watchCalls();

  it('erases by id, reads back, and tells the id of the request', async () => {
    answers('get', byPath, 200, of(contact(5)));
    answers('delete', '/v4/contacts/5', 200, '');
    reads(5, shell);

    expect(await open().anonymize(byAddress, signal)).toEqual({
      kind: 'done',
      status: 200,
      contactKey: 'mailjet:5',
      requestId: 'guid-1',
    });
  });

  it('goes over every id and the address', async () => {
    const ref = { ...byAddress, contactKeys: ['mailjet:4', 'mailjet:5'] };
    reads(4, null);
    reads(5, contact(5, { Email: 'former@person.example' }));
    answers('get', byPath, 200, of(contact(6)));
    for (const id of [5, 6]) {
      answers('delete', `/v4/contacts/${id}`, 200, '');
      reads(id, null);
    }

    expect((await open().anonymize(ref, signal)).kind).toBe('done');
  });

  it('does not say done while Mailjet still shows the person', async () => {
    reads(5);
    answers('delete', '/v4/contacts/5', 200, '');
    reads(5);

    expect(await failureOf(open().anonymize(byId, signal))).toMatchObject({
      kind: 'retry',
      code: 'MAILJET_NOT_ERASED',
    });
  });

  it('says absent of nobody, of a shell, and of somebody who went away meanwhile', async () => {
    nobodyThere();
    expect((await open().anonymize(byAddress, signal)).kind).toBe('absent');

    reads(5, shell);
    expect((await open().anonymize(byId, signal)).kind).toBe('absent');

    reads(5);
    answers('delete', '/v4/contacts/5', 404, missing);
    reads(5, null);
    expect((await open().anonymize(byId, signal)).kind).toBe('absent');
  });

  it('takes a page for no confirmation', async () => {
    reads(5);
    answers('delete', '/v4/contacts/5', 200, '<html></html>');

    expect(await failureOf(open().anonymize(byId, signal))).toMatchObject({ kind: 'retry', code: 'HTTP_NOT_JSON' });
  });

  it('is repeated after the end of a job that may still bring the person back', async () => {
    discovers();
    answers('get', `${rest}/contact?Sort=ID+DESC&Limit=2&Offset=0`, 200, of());
    answers('post', `${rest}/contact/managemanycontacts`, 201, of({ JobID: 70 }), {
      Contacts: [{ Email: address, Properties: {} }].map(({ Email }) => ({ Email })),
    });
    const jobPath = `${rest}/contact/managemanycontacts/70`;
    answers('get', jobPath, 503, 'down');
    const adapter = open({}, { bulkFrom: 1 });
    const one = {
      contactKey: 'x',
      ref: byAddress,
      address: new Personal(address),
      fields: new Personal({}),
      permissionsOnCreate: {},
      permissionsOnUpdate: {},
      mayCreate: true,
      known: false,
      addressChanged: false,
    };
    await failureOf(adapter.upsert([one], signal));

    nobodyThere();
    answers('get', jobPath, 200, of({ Status: 'Importing' }));
    const early = await failureOf(adapter.anonymize(byAddress, signal));
    answers('get', byPath, 200, of(contact(5)));
    answers('delete', '/v4/contacts/5', 200, '');
    reads(5, null);
    answers('get', jobPath, 200, of(completed));
    const late = await adapter.anonymize(byAddress, signal);

    expect(early.code).toBe('MAILJET_JOB_UNFINISHED');
    expect(late.kind).toBe('done');
  });
});
