import { describe, expect, it } from '@jest/globals';
import {
  answers,
  completed,
  contact,
  discovers,
  failureOf,
  guid,
  isOn,
  item,
  job,
  managesLists,
  newest,
  of,
  open,
  person,
  refusal,
  rest,
  signal,
  watchCalls,
  writesData,
} from './support.ts';

const bulk = { bulkFrom: 2 };
const email = (number: number) => `p${number}@person.example`;
const row = (number: number, more: object = {}) => ({
  Email: email(number),
  ...more,
  Properties: { firstname: `P${number}` },
});
const shown = (ID: number, number: number) => contact(ID, { Email: email(number) });

describe('writing many', () => {
  watchCalls();

  it('creates by one job without consents, learns the ids, then subscribes by a job per list', async () => {
    discovers();
    newest(2, contact(9), contact(8));
    const contacts = [row(2), row(3, { IsExcludedFromCampaigns: 'true' })];
    job(70, { Contacts: contacts }, completed);
    newest(1000, shown(12, 3), shown(11, 2), contact(9));
    const subscribed = { Contacts: [{ Email: email(2) }], ContactsLists: [{ ListID: 11, Action: 'addnoforce' }] };
    job(71, subscribed, completed);

    const outcomes = await open({}, bulk).upsert(
      [person(2), person(3, { permissionsOnCreate: { marketing: false, News: false } })],
      signal,
    );

    expect(outcomes).toEqual([
      { kind: 'done', status: 201, created: true, contactKey: 'mailjet:11' },
      { kind: 'done', status: 201, created: true, contactKey: 'mailjet:12' },
    ]);
  });

  it('leaves whoever was there already to single calls, and raises nothing', async () => {
    discovers();
    newest(2, shown(9, 2));
    job(70, { Contacts: [row(2), row(3)] }, completed);
    newest(1000, shown(11, 3), shown(9, 2));
    job(71, { Contacts: [{ Email: email(3) }], ContactsLists: [{ ListID: 11, Action: 'addnoforce' }] }, completed);
    answers('get', `${rest}/contact/${encodeURIComponent(email(2))}`, 200, of(shown(9, 2)));
    isOn(9, {});
    writesData(9, [{ Name: 'firstname', Value: 'P2' }], 304);

    const outcomes = await open({}, bulk).upsert([person(2), person(3)], signal);

    expect(outcomes).toMatchObject([
      { kind: 'done', created: false, contactKey: 'mailjet:9' },
      { kind: 'done', created: true, contactKey: 'mailjet:11' },
    ]);
  });

  it('writes known people by a job where no subscription changes', async () => {
    discovers();
    newest(2);
    const known = (number: number) =>
      person(number, {
        known: true,
        ref: { contactKeys: [guid(number), `mailjet:${number}`], recordIds: [] },
        permissionsOnUpdate: { marketing: number === 3 },
      });
    const contacts = [row(2, { IsExcludedFromCampaigns: 'true' }), row(3, { IsExcludedFromCampaigns: 'false' })];
    job(70, { Contacts: contacts }, completed);
    newest(1000);

    const outcomes = await open({}, bulk).upsert([known(2), known(3)], signal);

    expect(outcomes).toMatchObject([
      { kind: 'done', created: false, contactKey: 'mailjet:2' },
      { kind: 'done', created: false, contactKey: 'mailjet:3' },
    ]);
  });

  it('answers for the one whom the error file names by asking alone', async () => {
    discovers();
    newest(2);
    const failed = { Status: 'Completed', Error: '1', ErrorFile: `${rest}/file` };
    job(70, { Contacts: [row(2), row(3)] }, failed);
    const file = [{ Email: email(2), Error: 'Malformed address' }];
    answers('get', '/v3/DATA/batchjob/70/JSONError/application:json/LAST', 200, file);
    newest(1000, shown(11, 3));
    answers('get', `${rest}/contact/${encodeURIComponent(email(2))}`, 404, refusal('Object not found', 404));
    answers('post', `${rest}/contact`, 400, refusal('Invalid email address'), {
      Email: email(2),
      IsExcludedFromCampaigns: 'false',
    });

    const noLists = { permissionsOnCreate: { marketing: true } };
    const outcomes = await open({}, bulk).upsert([person(2, noLists), person(3, noLists)], signal);

    expect(outcomes).toMatchObject([
      { kind: 'rejected', detail: 'BAD_ADDRESS' },
      { kind: 'done', created: true },
    ]);
  });

  it('says that nothing took effect when the job itself is refused', async () => {
    discovers();
    newest(2);
    const contacts = [row(2), row(3)];
    answers('post', `${rest}/contact/managemanycontacts`, 400, refusal('Contacts missing'), { Contacts: contacts });

    const failure = await failureOf(open({}, bulk).upsert([person(2), person(3)], signal));

    expect(failure).toMatchObject({ kind: 'park', mayHaveLanded: false });
  });

  it('gives the consents of a creation when the later job failed, and the work is repeated', async () => {
    discovers();
    newest(2, contact(9), contact(8));
    job(70, { Contacts: [row(2), row(3)] }, completed);
    newest(1000, shown(12, 3), shown(11, 2), contact(9));
    const pair = [{ Email: email(2) }, { Email: email(3) }];
    const lists = [{ ListID: 11, Action: 'addnoforce' }];
    answers('post', `${rest}/contact/managemanycontacts`, 503, 'down', { Contacts: pair, ContactsLists: lists });
    const adapter = open({}, bulk);
    const failure = await failureOf(adapter.upsert([person(2), person(3)], signal));

    newest(2, shown(12, 3), shown(11, 2));
    job(71, { Contacts: [row(2), row(3)] }, completed);
    newest(1000, shown(12, 3), shown(11, 2));
    for (const [id, number] of [
      [11, 2],
      [12, 3],
    ] as const) {
      answers('get', `${rest}/contact/${encodeURIComponent(email(number))}`, 200, of(shown(id, number)));
      isOn(id, {});
      writesData(id, [{ Name: 'firstname', Value: `P${number}` }], 304);
      managesLists(id, { 11: 'addnoforce' });
    }
    const outcomes = await adapter.upsert([person(2), person(3)], signal);

    expect(failure).toMatchObject({ kind: 'retry', mayHaveLanded: true });
    expect(outcomes).toMatchObject([
      { kind: 'done', created: true },
      { kind: 'done', created: true },
    ]);
  });

  it('does not start a job where Mailjet does not list the newest first', async () => {
    discovers();
    newest(2, contact(8), contact(9));

    expect(await failureOf(open({}, bulk).upsert([person(2), person(3)], signal))).toMatchObject({
      kind: 'config',
      code: 'MAILJET_NOT_SORTED',
    });
  });

  it('refuses more single writes than a lease lasts for, before anything is sent, so that the core halves them', async () => {
    discovers();
    const many = Array.from({ length: 101 }, (_, index) => person(index + 2, { mayCreate: false }));

    expect(await failureOf(open({}, bulk).upsert(many, signal))).toMatchObject({
      kind: 'park',
      code: 'MAILJET_TOO_MANY_SINGLES',
      mayHaveLanded: false,
    });
  });

  it('begins smaller once a job met more people who were there already than are written one by one', async () => {
    discovers();
    newest(2);
    const numbers = Array.from({ length: 101 }, (_, index) => index + 2);
    job(70, { Contacts: numbers.map((number) => row(number)) }, completed);
    newest(1000);
    const adapter = open({}, bulk);
    const many = numbers.map((number) => person(number));

    const first = await failureOf(adapter.upsert(many, signal));
    const second = await failureOf(adapter.upsert(many, signal));

    const code = 'MAILJET_TOO_MANY_SINGLES';
    expect(first).toMatchObject({ kind: 'park', code, mayHaveLanded: true });
    expect(second).toMatchObject({ kind: 'park', code, mayHaveLanded: false });
  });

  it('writes nothing while an earlier job has not ended', async () => {
    discovers();
    newest(2);
    job(70, { Contacts: [row(2), row(3)] });
    answers('get', `${rest}/contact/managemanycontacts/70`, 503, 'down');
    answers('get', `${rest}/contact/managemanycontacts/70`, 200, of({ Status: 'Importing' }));
    const adapter = open({}, bulk);

    const first = await failureOf(adapter.upsert([person(2), person(3)], signal));
    const second = await failureOf(adapter.upsert([item()], signal));

    expect(first).toMatchObject({ kind: 'retry', mayHaveLanded: true });
    expect(second.code).toBe('MAILJET_JOB_UNFINISHED');
  });
});
