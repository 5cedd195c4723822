import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import {
  address,
  answers,
  byAddress,
  byId,
  contact,
  deletes,
  failureOf,
  hides,
  missing,
  open,
  own,
  reads,
  refusal,
  searches,
  signal,
  watchCalls,
  writes,
} from './support.ts';

describe('a permanent erasure', () => {
  watchCalls();

  it('hides first, then deletes for good, without forcing anything', async () => {
    reads(5, contact(5));
    hides(5);
    deletes(5);

    expect(await open().anonymize(byId, signal)).toEqual({ kind: 'done', status: 200, contactKey: 'bolddesk:5' });
  });

  it('goes on with the second step where the first was done before', async () => {
    reads(5, contact(5, { isDeleted: true }));
    deletes(5);

    expect((await open().anonymize(byId, signal)).kind).toBe('done');
  });

  it('takes "already deleted" for the first step done', async () => {
    reads(5, contact(5));
    hides(5, 400, refusal('AlreadyDeleted', 'contactId'));
    deletes(5);

    expect((await open().anonymize(byId, signal)).kind).toBe('done');
  });

  it('tries the second step for an id that is shown no more: the first may have hidden it', async () => {
    reads(5, undefined);
    deletes(5);

    expect((await open().anonymize(byId, signal)).kind).toBe('done');
  });

  it.each([
    [404, missing],
    [400, refusal('NotExist', 'contactIdList')],
    [400, refusal('DetailsNotFound')],
  ])('says absent only when the second step knows nobody either (%d)', async (status, reply) => {
    reads(5, undefined);
    deletes(5, status, reply);

    expect(await open().anonymize(byId, signal)).toEqual({ kind: 'absent', status: 404 });
  });

  it('does not believe that somebody whom it just saw is not there', async () => {
    reads(5, contact(5));
    hides(5);
    deletes(5, 404, missing);

    expect(await failureOf(open().anonymize(byId, signal))).toMatchObject({
      kind: 'retry',
      code: 'BOLDDESK_CHANGED_MEANWHILE',
      mayHaveLanded: true,
    });
  });

  it.each([
    [{ result: { id: 5, isSuccess: false }, message: 'm' }],
    [{ result: [{ id: 6, isSuccess: true }], message: 'm' }],
  ])('does not take a success of the call for one of the deletion', async (reply) => {
    reads(5, contact(5, { isDeleted: true }));
    deletes(5, 200, reply);

    expect(await failureOf(open().anonymize(byId, signal))).toMatchObject({
      kind: 'park',
      code: 'BOLDDESK_NOT_DELETED',
    });
  });

  it('erases everybody with the address, a second address too, each in both steps', async () => {
    reads(address, contact(5));
    searches({ Filter: address }, [
      contact(5),
      contact(6, { emailId: 'j@else.example', secondaryEmailId: 'JAN@person.example' }),
      contact(7, { emailId: `x${address}` }),
    ]);
    for (const id of [5, 6]) {
      hides(id);
      deletes(id);
    }

    expect(await open().anonymize(byAddress, signal)).toMatchObject({ kind: 'done', contactKey: 'bolddesk:6' });
  });

  it('finds deleted contacts in the view that is configured', async () => {
    reads(address, undefined);
    searches({ Filter: address }, []);
    searches({ Filter: address, view: 'Deleted contacts' }, [contact(5)]);
    deletes(5);

    const outcome = await open({ deletedView: 'Deleted contacts' }).anonymize(byAddress, signal);

    expect(outcome.kind).toBe('done');
  });

  it('sends nothing while tickets may not be lost, and says what it waits for', async () => {
    reads(5, contact(5));

    expect(await open({ allowTicketLoss: false }).anonymize(byId, signal)).toEqual({
      kind: 'blocked',
      status: 0,
      detail: expect.stringMatching(/also deletes their tickets.*allowTicketLoss: true/),
    });
  });

  it('does not rule out without that leave that a known id is hidden', async () => {
    reads(5, undefined);
    reads(address, undefined);
    searches({ Filter: address }, []);
    const adapter = open({ allowTicketLoss: false });

    expect(await adapter.anonymize(byId, signal)).toMatchObject({
      kind: 'blocked',
      detail: expect.stringContaining('may keep them as a deleted contact'),
    });
    expect((await adapter.anonymize(byAddress, signal)).kind).toBe('absent');
  });
});

describe('the other ways of erasing', () => {
  watchCalls();

  it('soft hides who is shown, and says that this is no erasure', async () => {
    const adapter = open({ eraseMode: 'soft', allowTicketLoss: false });
    reads(5, contact(5));
    hides(5);

    expect(await adapter.anonymize(byId, signal)).toMatchObject({
      kind: 'done',
      detail: expect.stringContaining('not erased'),
    });
    expect(adapter.capabilities.erase).toMatchObject({ mode: 'softDelete', reversible: true, reachesHidden: false });

    reads(5, contact(5, { isDeleted: true }));
    expect((await adapter.anonymize(byId, signal)).kind).toBe('absent');
  });

  it('soft does not take a refusal in the body for done', async () => {
    reads(5, contact(5));
    hides(5, 200, { result: { id: 5, isSuccess: false }, message: 'm' });

    expect(await failureOf(open({ eraseMode: 'soft' }).anonymize(byId, signal))).toMatchObject({
      code: 'BOLDDESK_NOT_DELETED',
    });
  });

  it('blank overwrites everything in one write, and then finds nobody', async () => {
    const adapter = open({ eraseMode: 'blank', blankDomain: 'gone.invalid' });
    reads(5, contact(5, { contactTag: ['vip'] }));
    writes(5, {
      emailId: 'erased-5@gone.invalid',
      contactName: 'Erased',
      contactDisplayName: 'Erased',
      secondaryEmailId: null,
      contactPhoneNo: null,
      contactMobileNo: null,
      contactAddress: null,
      contactJobTitle: null,
      contactNotes: null,
      contactExternalReferenceId: null,
      contactTag: [],
      cf_colour: null,
      cf_newsletter: false,
    });

    expect((await adapter.anonymize(byId, signal)).kind).toBe('done');

    for (let times = 0; times < 2; times += 1) reads(5, contact(5, { emailId: 'Erased-5@gone.invalid' }));
    expect((await adapter.anonymize(byId, signal)).kind).toBe('absent');
    expect(await adapter.find(byId, signal)).toBeUndefined();
    expect(adapter.capabilities.erase).toMatchObject({ mode: 'blank', reversible: false });
  });

  it('blank asks for a hand where a deleted contact is kept', async () => {
    reads(5, contact(5, { isDeleted: true }));

    expect(await open({ eraseMode: 'blank' }).anonymize(byId, signal)).toMatchObject({
      kind: 'manual',
      detail: expect.stringContaining('by hand'),
    });
  });

  it('an overwritten contact is left alone by the permanent way too', async () => {
    reads(5, contact(5, { emailId: 'erased-5@erased.invalid' }));

    expect((await open().anonymize(byId, signal)).kind).toBe('absent');
  });

  it('none of them is misled by ids of other platforms', async () => {
    const ref = { contactKeys: ['keap:5', '5', 'bolddesk:x', 'bolddesk:1/2', own], recordIds: [own] };

    for (const eraseMode of ['permanent', 'soft', 'blank']) {
      expect((await open({ eraseMode }).anonymize(ref, signal)).kind).toBe('absent');
    }
  });

  it('an address that is no plain one is looked for by a search only', async () => {
    const odd = 'o+b/"x"@person.example';
    searches({ Filter: odd }, []);

    const outcome = await open().anonymize({ ...byAddress, address: new Personal(odd) }, signal);

    expect(outcome.kind).toBe('absent');
  });

  it('a failure of the second step leaves word that the first has landed', async () => {
    reads(5, contact(5));
    hides(5);
    answers('DELETE', '/contacts/permanent_delete', 403, refusal('AccessDenied', '', 403), {
      contactIdList: [5],
      isForced: false,
    });

    expect(await failureOf(open().anonymize(byId, signal))).toMatchObject({
      kind: 'config',
      code: 'BOLDDESK_FORBIDDEN',
      mayHaveLanded: true,
    });
  });
});
