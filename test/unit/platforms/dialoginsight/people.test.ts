import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import type { ContactRef } from '../../../../src/platforms/platform.ts';
import {
  address,
  answers,
  clause,
  contact,
  deletes,
  discovers,
  failureOf,
  gets,
  guid,
  main,
  merges,
  open,
  other,
  own,
  sent,
  several,
  signal,
  skipped,
  unified,
  updated,
  watchCalls,
} from './support.ts';

const byAddress: ContactRef = { contactKeys: [], recordIds: [], address: new Personal(address) };
const byRecord: ContactRef = { contactKeys: [own], recordIds: [own] };

describe('finding', () => {
  watchCalls();

  it('tries its own id, then the record id, then the address, and reads the mapped bits', async () => {
    discovers();
    gets();
    gets();
    gets(contact(5, 'Jan@Person.example', { optin_Newsletter: true }));

    const found = await open().find(
      { contactKeys: [`dialoginsight:${main}:5`, own], recordIds: [own], address: new Personal(address) },
      signal,
    );

    expect(found).toEqual({ contactKey: `dialoginsight:${main}:5`, permissions: { Newsletter: true } });
    const clauses = sent.filter(({ call }) => call === 'contacts.Get').map(({ body }) => body.Clause);
    expect(clauses).toEqual([clause('idContact', '5'), clause('f_D365Id', own), clause('f_EMail', address)]);
  });

  it('puts the type first in every clause', async () => {
    discovers();
    gets();

    await open().find(byAddress, signal);

    expect(sent.at(-1)?.text).toContain('"Clause":{"$type":"FieldClause",');
  });

  it.each([
    ['1', true],
    [1, true],
    ['True', true],
    ['0', false],
    [false, false],
    [null, false],
    ['yes', false],
  ])('reads the bit %j as %j', async (shown, expected) => {
    discovers();
    gets(contact(5, address, { optin_Newsletter: shown }));

    expect((await open().find(byAddress, signal))?.permissions).toEqual({ Newsletter: expected });
  });

  it('does not take what a loose search finds', async () => {
    discovers();
    gets(contact(5, 'jane@person.example'), contact(6, null));

    expect(await open().find(byAddress, signal)).toBeUndefined();
  });

  it('says absent of nobody whose field it may not see', async () => {
    discovers();
    gets({ idContact: 5, f_FirstName: 'Jan' });

    expect(await failureOf(open().find(byAddress, signal))).toMatchObject({
      kind: 'config',
      code: 'DIALOGINSIGHT_FIELD_HIDDEN',
    });
  });

  it('passes over ids of other projects and platforms', async () => {
    const ref = { contactKeys: ['keap:5', 'dialoginsight:9:5', `dialoginsight:${main}:x`, '5'], recordIds: [] };
    discovers();

    expect(await open().find(ref, signal)).toBeUndefined();
  });

  it('finds somebody who is only in another project, and takes none of its consents', async () => {
    discovers();
    gets();
    discovers();
    gets(contact(8));

    const found = await open({ otherProjects: [other] }).find(byAddress, signal);

    expect(found).toEqual({ contactKey: `dialoginsight:${other}:8`, permissions: { Newsletter: false } });
  });
});

describe('resetting permissions', () => {
  watchCalls();

  it('sets every opt-in of the project to no, by a call that only updates, and nothing else', async () => {
    discovers();
    gets(contact(5));
    merges(updated);

    const outcome = await open().resetPermissions(byAddress, signal);

    expect(outcome).toEqual({ kind: 'done', status: 200, contactKey: `dialoginsight:${main}:5`, requestId: '77' });
    expect(sent.at(-1)?.body).toMatchObject({
      idProject: main,
      Records: [{ ID: { key_f_EMail: address }, Data: { optin_Newsletter: '0', optin_Partners: '0' } }],
      MergeOptions: { AllowInsert: false, AllowUpdate: true },
    });
  });

  it('does it in every project, each with its own opt-ins, the unified one last', async () => {
    discovers();
    discovers(['Magazine']);
    discovers([]);
    gets(contact(5));
    gets(contact(6));
    gets(contact(7));
    merges(updated);
    merges(updated);

    await open({ unifiedProject: unified, otherProjects: [unified, other] }).resetPermissions(byAddress, signal);

    const merged = sent.filter(({ call }) => call === 'contacts.Merge');
    expect(merged.map(({ body }) => body.idProject)).toEqual([main, other]);
    expect(merged[1]?.body.Records).toMatchObject([{ Data: { optin_Magazine: '0' } }]);
    expect(sent.filter(({ call }) => call === 'contacts.Get').map(({ body }) => body.idProject)).toEqual([
      main,
      other,
      unified,
    ]);
  });

  it('says absent when the contact went away meanwhile', async () => {
    discovers();
    gets(contact(5));
    merges(skipped);
    gets();

    expect(await open().resetPermissions(byAddress, signal)).toEqual({ kind: 'absent', status: 404 });
  });

  it('is not done while the record says that it was not updated', async () => {
    discovers();
    gets(contact(5));
    merges(skipped);
    gets(contact(5));

    expect(await failureOf(open().resetPermissions(byAddress, signal))).toMatchObject({
      kind: 'park',
      code: 'DIALOGINSIGHT_NOT_CHANGED',
    });
  });

  it('does not pretend where no opt-in is shown', async () => {
    discovers([]);
    gets(contact(5));

    expect(await failureOf(open().resetPermissions(byAddress, signal))).toMatchObject({
      kind: 'config',
      code: 'DIALOGINSIGHT_NO_OPT_INS',
    });
  });

  it('puts back exactly what it is told, in the project that is written', async () => {
    discovers();
    gets(contact(5));
    merges(updated);

    const outcome = await open().setPermissions(byAddress, { Newsletter: true }, signal);

    expect(outcome.kind).toBe('done');
    expect(sent.at(-1)?.body.Records).toMatchObject([{ Data: { optin_Newsletter: '1' } }]);
  });
});

describe('anonymizing', () => {
  watchCalls();

  it('deletes by "the key equals this address" and one row at most, after looking who has it', async () => {
    discovers();
    gets(contact(5, 'Jan@Person.example'));
    gets(contact(5, 'Jan@Person.example'));
    gets(contact(5, 'Jan@Person.example'));
    deletes(1);

    const outcome = await open({ killFile: 'unused' }).anonymize(byRecord, signal);

    expect(outcome).toEqual({ kind: 'done', status: 200, contactKey: `dialoginsight:${main}:5`, requestId: '77' });
    const { call, body, text } = sent.at(-1)!;
    expect(call).toBe('contacts.Delete');
    expect(body).toEqual({ idProject: main, Clause: clause('f_EMail', 'Jan@Person.example'), MaxRows: 1 });
    expect(text).toContain('"Clause":{"$type":"FieldClause",');
  });

  it('says what is left to do by hand, unless the kill file is not used', async () => {
    discovers();
    gets(contact(5));
    gets(contact(5));
    deletes(1);
    const adapter = open();

    const outcome = await adapter.anonymize(byAddress, signal);

    expect(outcome).toMatchObject({ kind: 'done', detail: expect.stringContaining('kill file') });
    expect(adapter.capabilities.manualSteps).toEqual([outcome.detail]);
    expect(open({ killFile: 'unused' }).capabilities).not.toHaveProperty('manualSteps');
  });

  it('pauses when more went than was asked for', async () => {
    discovers();
    gets(contact(5));
    gets(contact(5));
    deletes(2);

    const failure = await failureOf(open().anonymize(byAddress, signal));

    expect(failure).toMatchObject({ kind: 'config', code: 'DIALOGINSIGHT_DELETED_TOO_MANY', mayHaveLanded: true });
  });

  it('is absent when the contact went away by itself, and tried again when it is still there', async () => {
    discovers();
    gets(contact(5));
    gets(contact(5));
    deletes(0);
    gets();
    expect(await open().anonymize(byAddress, signal)).toEqual({ kind: 'absent', status: 404 });
    expect(sent.at(-1)?.body.Clause).toEqual(clause('idContact', '5'));

    discovers();
    gets(contact(5));
    gets(contact(5));
    deletes(0);
    gets(contact(5));
    expect(await failureOf(open().anonymize(byAddress, signal))).toMatchObject({
      kind: 'retry',
      code: 'DIALOGINSIGHT_STILL_FOUND',
    });
  });

  it('is absent when the contact is gone right before the deletion, and never while it is there by its id', async () => {
    discovers();
    gets(contact(5));
    gets();
    gets();
    expect(await open().anonymize(byAddress, signal)).toEqual({ kind: 'absent', status: 404 });

    discovers();
    gets(contact(5));
    gets();
    gets(contact(5, 'moved@person.example'));
    expect(await open().anonymize(byAddress, signal)).toMatchObject({ kind: 'manual' });
    expect(sent.map(({ call }) => call)).not.toContain('contacts.Delete');
  });

  it('erases also where the other projects refuse the mark', async () => {
    discovers();
    gets(contact(5));
    discovers();
    gets();
    gets(contact(5));
    gets(contact(6, address, { f_D365Id: null }));
    merges(skipped);
    gets(contact(6));
    for (const id of [5, 6]) {
      gets(contact(id));
      deletes(1);
    }

    const outcome = await open({ otherProjects: [other] }).anonymize({ ...byAddress, recordIds: [own] }, signal);

    expect(outcome.kind).toBe('done');
  });

  it('deletes nobody whom the address leads to instead', async () => {
    discovers();
    gets(contact(5));
    gets(contact(6));

    expect(await failureOf(open().anonymize(byAddress, signal))).toMatchObject({
      kind: 'retry',
      code: 'DIALOGINSIGHT_CHANGED',
    });
  });

  it.each([
    ['the address leads to several', [contact(5), contact(6, 'jan2@person.example')]],
    ['the address leads to two of the person', [contact(5), contact(6)]],
  ])('leaves to a hand what no clause can name: %s', async (_name, same) => {
    discovers();
    gets(contact(5));
    gets(...same);

    const outcome = await open().anonymize(byAddress, signal);

    expect(outcome).toMatchObject({ kind: 'manual', detail: expect.stringContaining(`project ${main}`) });
    expect(outcome.detail).not.toContain('@');
  });

  it('leaves a contact without an address to a hand: an empty clause would hit all of them', async () => {
    discovers();
    gets(contact(5, null));

    expect(await open().anonymize(byRecord, signal)).toMatchObject({ kind: 'manual' });
    expect(sent.map(({ call }) => call)).not.toContain('contacts.Delete');
  });

  it('makes the others findable, then deletes in each project, the unified one last', async () => {
    for (let project = 0; project < 3; project += 1) discovers();
    gets(contact(5));
    gets();
    gets();
    gets(contact(5));
    gets(contact(6, address, { f_D365Id: '' }));
    gets(contact(7, address, { f_D365Id: own.toUpperCase() }));
    merges(updated);
    for (const id of [5, 6, 7]) {
      gets(contact(id));
      deletes(1);
    }

    const outcome = await open(several).anonymize(byRecord, signal);

    expect(outcome).toMatchObject({ kind: 'done', contactKey: `dialoginsight:${main}:5` });
    const writes = sent.filter(({ call }) => call === 'contacts.Merge' || call === 'contacts.Delete');
    expect(writes.map(({ call, body }) => `${call} ${body.idProject}`)).toEqual([
      `contacts.Merge ${other}`,
      `contacts.Delete ${main}`,
      `contacts.Delete ${other}`,
      `contacts.Delete ${unified}`,
    ]);
    expect(writes[0]?.body.Records).toEqual([{ ID: { key_f_EMail: address }, Data: { f_D365Id: own } }]);
  });

  it('leaves somebody alone who shares an address that only a contact told, and has a record of their own', async () => {
    discovers();
    gets(contact(5));
    discovers();
    gets();
    gets(contact(5));
    gets(contact(8, address, { f_D365Id: guid(9) }));
    gets(contact(5));
    deletes(1);

    const outcome = await open({ otherProjects: [other] }).anonymize(byRecord, signal);

    expect(outcome.kind).toBe('done');
    expect(sent.filter(({ call }) => call === 'contacts.Delete')).toHaveLength(1);
  });

  it('goes on with the other projects where one needs a hand, and is not done', async () => {
    discovers();
    gets(contact(5, null));
    discovers();
    gets(contact(6));
    gets();
    gets(contact(6));
    gets(contact(6));
    deletes(1);

    const outcome = await open({ otherProjects: [other] }).anonymize(byRecord, signal);

    expect(outcome.kind).toBe('manual');
    expect(outcome.detail).toContain(`project ${main}:`);
    expect(sent.at(-1)).toMatchObject({ call: 'contacts.Delete', body: { idProject: other } });
  });

  it('takes a count that is missing for no answer', async () => {
    discovers();
    gets(contact(5));
    gets(contact(5));
    answers('contacts.Delete', {});

    expect((await failureOf(open().anonymize(byAddress, signal))).kind).toBe('retry');
  });
});
