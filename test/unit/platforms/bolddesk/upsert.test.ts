import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import type { UpsertItem } from '../../../../src/platforms/platform.ts';
import {
  address,
  answers,
  contact,
  failureOf,
  guid,
  item,
  known,
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

const born = {
  contactDisplayName: 'Jan',
  emailId: address,
  contactExternalReferenceId: own,
  customFields: { cf_colour: 'red', cf_newsletter: true },
};

function creates(body: Record<string, unknown>, status = 200, reply: unknown = { id: 5, message: 'm' }): void {
  answers('POST', '/contacts', status, reply, body);
}

const write = (one: UpsertItem, settings: Record<string, unknown> = {}) => open(settings).upsert([one], signal);

describe('writing somebody new', () => {
  watchCalls();

  it('looks for them, then creates them with data, permissions and the record’s id in one call', async () => {
    reads(address, undefined);
    creates(born);

    expect(await write(item())).toEqual([{ kind: 'done', status: 200, created: true, contactKey: 'bolddesk:5' }]);
  });

  it('writes no record id where that is not wished', async () => {
    const { contactExternalReferenceId: _left, ...body } = born;
    reads(address, undefined);
    creates(body);

    expect(await write(item(), { writeRecordId: false })).toMatchObject([{ kind: 'done' }]);
  });

  it.each([
    [{ contactName: 'Jan de Vries' }, { contactName: 'Jan de Vries', contactDisplayName: 'Jan de Vries' }],
    [{ contactDisplayName: null }, { contactDisplayName: 'jan' }],
  ])('gives them the name that BoldDesk wants where the mapping has none', async (fields, expected) => {
    reads(address, undefined);
    creates({ ...expected, emailId: address, contactExternalReferenceId: own, customFields: { cf_newsletter: true } });

    expect(await write(item({ fields: new Personal(fields) }))).toMatchObject([{ kind: 'done' }]);
  });

  it('creates nobody where only existing people are meant, nor again who was known', async () => {
    reads(address, undefined);
    expect(await write(item({ mayCreate: false }))).toEqual([{ kind: 'absent', status: 404 }]);
    reads(5, undefined);
    reads(address, undefined);
    expect(await write(known())).toEqual([{ kind: 'absent', status: 404 }]);
  });

  it('takes over whom somebody else created meanwhile, and raises nothing on them', async () => {
    reads(address, undefined);
    creates(born, 400, refusal('AlreadyExists', 'emailId'));
    reads(address, contact(5));
    searches({ Filter: address }, []);
    writes(5, { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red' });

    expect(await write(item())).toMatchObject([{ kind: 'done', created: false, contactKey: 'bolddesk:5' }]);
  });

  it('is blocked by a deleted contact with the address, and says what to do', async () => {
    reads(address, contact(5, { isDeleted: true }));
    creates(born, 400, refusal('AlreadyExists'));
    reads(address, contact(5, { isDeleted: true }));
    searches({ Filter: address }, []);

    expect(await write(item())).toEqual([
      { kind: 'blocked', status: 400, detail: expect.stringContaining('deleted contact with this address') },
    ]);
  });

  it.each([
    ['InvalidValue', 'cf_colour', 'INVALID_VALUE'],
    ['LengthExceeds', 'contactDisplayName', 'LENGTH_EXCEEDS'],
    ['FieldRequired', 'cf_other', 'FIELD_REQUIRED'],
    ['AlreadyExists', 'secondaryEmailId', 'ALREADY_EXISTS'],
    ['SomethingNew', '', 'REFUSED'],
  ])('rejects the row for %s of %s', async (errorType, field, detail) => {
    reads(address, undefined);
    creates(born, 400, refusal(errorType, field));

    expect(await write(item())).toEqual([{ kind: 'rejected', status: 400, detail }]);
  });

  it('pauses for a custom field that BoldDesk does not have', async () => {
    reads(address, undefined);
    creates(born, 400, refusal('NotExist', 'cf_colour'));

    expect(await failureOf(write(item()))).toMatchObject({ kind: 'config', code: 'BOLDDESK_UNKNOWN_FIELD' });
  });

  it.each([
    [{ fields: new Personal({ firstName: 'x' }) }, 'BOLDDESK_UNKNOWN_PROPERTY'],
    [{ fields: new Personal({ contactExternalReferenceId: 'x' }) }, 'BOLDDESK_UNKNOWN_PROPERTY'],
    [{ fields: new Personal({ emailId: 'x' }) }, 'BOLDDESK_UNKNOWN_PROPERTY'],
    [{ permissionsOnUpdate: { Newsletter: true } }, 'BOLDDESK_UNKNOWN_PERMISSION'],
  ])('sends nothing under a name that cannot be', async (more, code) => {
    expect(await failureOf(write(item(more)))).toMatchObject({ kind: 'config', code });
  });
});

describe('writing somebody who is there', () => {
  watchCalls();

  it('writes what is mapped and what is to change of the permissions, and nothing else', async () => {
    reads(5, contact(5, { contactExternalReferenceId: guid(2) }));
    writes(5, {
      contactDisplayName: 'Jan',
      contactJobTitle: '',
      cf_colour: 'red',
      contactExternalReferenceId: own,
      cf_newsletter: false,
    });

    const outcomes = await write(known({ permissionsOnUpdate: { cf_newsletter: false } }), { clearWith: 'empty' });

    expect(outcomes).toEqual([{ kind: 'done', status: 200, created: false, contactKey: 'bolddesk:5' }]);
  });

  it('takes "nothing to change" for done', async () => {
    reads(5, contact(5));
    writes(5, { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red' }, 400, refusal('NoChangeFound'));

    expect(await write(known())).toMatchObject([{ kind: 'done', created: false }]);
  });

  it('sends nothing where there is nothing to write', async () => {
    reads(5, contact(5));

    expect(await write(known({ fields: new Personal({}) }))).toMatchObject([{ kind: 'done', created: false }]);
  });

  it('lowers on somebody it never wrote what the CRM says is down, and raises nothing', async () => {
    reads(address, contact(5));
    writes(5, { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red', cf_newsletter: false });

    expect(await write(item({ permissionsOnCreate: { cf_newsletter: false } }))).toMatchObject([{ created: false }]);
  });

  it('does not bring back a deleted contact', async () => {
    reads(5, contact(5, { isDeleted: true }));
    reads(address, contact(5, { isDeleted: true }));

    expect(await write(known())).toEqual([{ kind: 'absent', status: 404 }]);
  });

  it('says absent of somebody who was deleted between the look and the write', async () => {
    reads(5, contact(5));
    writes(5, { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red' }, 404, missing);

    expect(await write(known())).toEqual([{ kind: 'absent', status: 404 }]);
  });

  it('changes an address in place and reads it back', async () => {
    reads(5, contact(5, { emailId: 'former@person.example' }));
    reads(address, undefined);
    writes(5, { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red', emailId: address });
    reads(5, contact(5));

    expect(await write(known({ addressChanged: true }))).toMatchObject([{ kind: 'done', created: false }]);
  });

  it('says so when BoldDesk kept the former address', async () => {
    reads(5, contact(5, { emailId: 'former@person.example' }));
    reads(address, undefined);
    writes(5, { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red', emailId: address });
    reads(5, contact(5, { emailId: 'former@person.example' }));

    expect(await failureOf(write(known({ addressChanged: true })))).toMatchObject({
      kind: 'park',
      code: 'BOLDDESK_ADDRESS_KEPT',
      mayHaveLanded: true,
    });
  });

  it('parks where the new address is another contact’s, told by a look or by a refusal', async () => {
    reads(5, contact(5, { emailId: 'former@person.example' }));
    reads(address, contact(6));
    expect(await failureOf(write(known({ addressChanged: true })))).toMatchObject({
      kind: 'park',
      code: 'BOLDDESK_IDS_WOULD_CROSS',
    });

    reads(5, contact(5, { emailId: 'former@person.example' }));
    reads(address, undefined);
    const fields = { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red', emailId: address };
    writes(5, fields, 400, refusal('AlreadyExists', 'emailId'));
    expect(await failureOf(write(known({ addressChanged: true })))).toMatchObject({
      code: 'BOLDDESK_IDS_WOULD_CROSS',
      mayHaveLanded: false,
    });
  });

  it('leaves the address alone where it is the contact’s second one', async () => {
    reads(5, contact(5, { emailId: 'other@person.example', secondaryEmailId: 'Jan@Person.example' }));
    writes(5, { contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red' });

    expect(await write(known())).toMatchObject([{ kind: 'done' }]);
  });
});
