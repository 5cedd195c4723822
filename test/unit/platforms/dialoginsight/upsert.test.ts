import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import {
  address,
  clause,
  contact,
  discovers,
  fails,
  failureOf,
  gets,
  guid,
  inserted,
  item,
  main,
  merges,
  open,
  own,
  sent,
  signal,
  skipped,
  updated,
  watchCalls,
} from './support.ts';

const merging = {
  SkipDuplicateRecords: false,
  SkipUnmatchedRecords: false,
  ReturnRecordsOnSuccess: false,
  ReturnRecordsOnError: false,
  FieldOptions: null,
};
const second = {
  ref: { contactKeys: [guid(2)], recordIds: [guid(2)] },
  contactKey: guid(2),
  address: new Personal('b@person.example'),
};

function data(index: number): unknown {
  return (sent[index]?.body.Records as { Data: unknown }[] | undefined)?.[0]?.Data;
}

describe('writing somebody for the first time', () => {
  watchCalls();

  it('sends data, record id and consents in a call that only inserts', async () => {
    discovers();
    merges(inserted);

    const outcomes = await open().upsert([item({ permissionsOnCreate: { Newsletter: true } })], signal);

    expect(outcomes).toEqual([
      { kind: 'done', status: 200, created: true, requestId: '77', contactKey: `dialoginsight:${main}:5` },
    ]);
    expect(sent[1]?.body).toEqual({
      idProject: main,
      Records: [
        {
          ID: { key_f_EMail: address },
          Data: { f_FirstName: 'Jan', f_D365Id: own, optin_Newsletter: '1' },
        },
      ],
      MergeOptions: { AllowInsert: true, AllowUpdate: false, ...merging },
    });
  });

  it('writes whoever is there by a second call, which only updates and raises nothing', async () => {
    discovers();
    merges(skipped, inserted);
    merges(updated);

    const outcomes = await open().upsert([item(), item(second)], signal);

    expect(outcomes.map(({ created }) => created)).toEqual([false, true]);
    expect(sent[2]?.body).toMatchObject({ MergeOptions: { AllowInsert: false, AllowUpdate: true } });
    expect(data(2)).toEqual({ f_FirstName: 'Jan', f_D365Id: own });
  });

  it('lowers on somebody who is there what the CRM says is down', async () => {
    discovers();
    merges(skipped);
    merges(updated);

    await open().upsert([item({ permissionsOnCreate: { Newsletter: false } })], signal);

    expect(data(2)).toMatchObject({ optin_Newsletter: '0' });
  });

  it('takes any word but the known ones for "not written", and looks who is there', async () => {
    discovers();
    merges({ IdRecord: 5, Status: 'Merged', ValidationResult: 'OK' });
    merges({ IdRecord: 5, Status: 'Done', ValidationResult: null });
    gets(contact(5));

    expect(await open().upsert([item()], signal)).toEqual([{ kind: 'rejected', status: 200, detail: 'NOT_WRITTEN' }]);
    expect(sent[3]?.body).toEqual({ idProject: main, Clause: clause('f_EMail', address), Tag: null });
  });

  it('tells why somebody new was refused, by a code and nothing else', async () => {
    discovers();
    merges(
      { Status: 'Error', ValidationResult: 'InvalidDate' },
      { Status: 'Error', ValidationResult: `bad ${address}` },
    );
    merges({ Status: 'Skipped', ValidationResult: 'OK' }, { Status: 'Error', ValidationResult: 'NotFound' });
    gets();
    gets();

    const outcomes = await open().upsert([item(), item(second)], signal);

    expect(outcomes.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['rejected', 'INVALID_DATE'],
      ['rejected', 'VALIDATION'],
    ]);
  });

  it('says absent when somebody was there a moment ago', async () => {
    discovers();
    merges(skipped);
    merges(skipped);
    gets();

    expect(await open().upsert([item()], signal)).toEqual([{ kind: 'absent', status: 404 }]);
  });

  it('goes on with one record when the insert is refused as a whole, for somebody may be there', async () => {
    discovers();
    fails('contacts.Merge', 'Duplicate', `The record ${address} exists.`);
    discovers();
    merges(updated);

    expect(await open().upsert([item()], signal)).toMatchObject([{ kind: 'done', created: false }]);
  });

  it('parks a batch that is refused as a whole, so that it is halved', async () => {
    discovers();
    fails('contacts.Merge', 2001, `Too long: ${address}`);
    discovers();

    const failure = await failureOf(open().upsert([item(), item(second)], signal));

    expect(failure).toMatchObject({ kind: 'park', code: 'DIALOGINSIGHT_REFUSED', mayHaveLanded: false });
  });

  it('says that something landed when the second call fails', async () => {
    discovers();
    merges(inserted, skipped);
    fails('contacts.Merge', null, "Le nombre d'appels est dépassé");

    const failure = await failureOf(open().upsert([item(), item(second)], signal));

    expect(failure).toMatchObject({ kind: 'wait', mayHaveLanded: true, retryAfterMs: 60_000 });
  });
});

describe('writing somebody again', () => {
  watchCalls();

  it('only updates, with the permissions that change', async () => {
    discovers();
    merges(updated);

    const outcomes = await open().upsert([item({ known: true, permissionsOnUpdate: { Newsletter: true } })], signal);

    expect(outcomes).toMatchObject([{ kind: 'done', created: false }]);
    expect(sent[1]?.body).toMatchObject({ MergeOptions: { AllowInsert: false, AllowUpdate: true } });
    expect(data(1)).toEqual({ f_FirstName: 'Jan', f_D365Id: own, optin_Newsletter: '1' });
  });

  it.each([{ known: true }, { mayCreate: false }])('creates nobody: %j', async (more) => {
    discovers();
    merges({ Status: 'Error', ValidationResult: 'RecordNotFound' });
    gets();

    expect(await open().upsert([item(more)], signal)).toEqual([{ kind: 'absent', status: 404 }]);
  });

  it('takes a contact with another address for somebody else', async () => {
    discovers();
    merges(skipped);
    gets(contact(5, 'jan@other.example'));

    expect(await open().upsert([item({ known: true })], signal)).toEqual([{ kind: 'absent', status: 404 }]);
  });
});

describe('values', () => {
  watchCalls();

  it.each([
    ['text', 'empty', null, ''],
    ['text', 'null', null, null],
    ['text', 'empty', true, '1'],
    ['text', 'empty', 5, 5],
    ['text', 'empty', '2026-10-24', '2026-10-24'],
    ['date', 'empty', '2026-10-24', '2026.10.24'],
    ['date', 'empty', '2026-10-24T10:11:12Z', '2026.10.24'],
    ['DateTime', 'empty', '2026-10-24T10:11:12Z', '2026.10.24 10:11:12'],
    ['date', 'empty', 'in spring', 'in spring'],
  ])('of type %s, cleared with %s: %j as %j', async (DataType, clearWith, value, expected) => {
    discovers([], [{ Code: 'EMail' }, { Code: 'D365Id' }, { Code: 'BirthDate', DataType }]);
    merges(updated);

    const one = item({ known: true, fields: new Personal({ birthdate: value }) });
    await open({ clearWith }).upsert([one], signal);

    expect(data(1)).toEqual({ f_BirthDate: expected, f_D365Id: own });
  });

  it.each([
    [{ fields: new Personal({ Nickname: 'x' }) }, 'DIALOGINSIGHT_UNKNOWN_PROPERTY'],
    [{ permissionsOnCreate: { Nothing: true } }, 'DIALOGINSIGHT_UNKNOWN_PERMISSION'],
  ])('sends nothing that the project does not have (%#)', async (more, code) => {
    discovers();

    expect(await failureOf(open().upsert([item(more)], signal))).toMatchObject({ kind: 'config', code });
  });

  it('writes nobody where the field of the record id is missing', async () => {
    discovers([], [{ Code: 'EMail' }, { Code: 'FirstName' }]);

    const failure = await failureOf(open().upsert([item({ permissionsOnCreate: {} })], signal));

    expect(failure).toMatchObject({ kind: 'config', code: 'DIALOGINSIGHT_FIELD_MISSING' });
    expect(failure.message).toContain('D365Id');
  });
});

describe('an answer that does not fit', () => {
  watchCalls();

  it.each([
    ['fewer records', [inserted]],
    ['another key', [{ ...inserted, ID: { key_f_EMail: 'b@person.example' } }, inserted]],
  ])('is none: %s', async (_name, records) => {
    discovers();
    merges(...records);

    const failure = await failureOf(open().upsert([item(), item(second)], signal));

    expect(failure).toMatchObject({ kind: 'retry', code: 'DIALOGINSIGHT_UNEXPECTED_ANSWER' });
  });

  it('may repeat the key with other capitals', async () => {
    discovers();
    merges({ ...inserted, ID: { key_f_EMail: address.toUpperCase() } });

    expect(await open().upsert([item()], signal)).toMatchObject([{ kind: 'done' }]);
  });

  it('may leave out the id: then there is none to remember', async () => {
    discovers();
    merges({ ...inserted, IdRecord: null });

    expect((await open().upsert([item()], signal))[0]).not.toHaveProperty('contactKey');
  });
});
