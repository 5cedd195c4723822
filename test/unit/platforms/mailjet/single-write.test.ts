import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import {
  address,
  answers,
  byFilter,
  byPath,
  contact,
  discovers,
  excludes,
  failureOf,
  isOn,
  item,
  managesLists,
  missing,
  nobodyThere,
  of,
  open,
  refusal,
  rest,
  signal,
  watchCalls,
  write,
  writesData,
} from './support.ts';

const creation = { Email: address, IsExcludedFromCampaigns: 'false' };

function nobodyByPath(): void {
  discovers();
  answers('get', byPath, 404, missing);
}

describe('creating', () => {
  watchCalls();

  it('creates, then writes the mapped properties, then subscribes without force', async () => {
    nobodyByPath();
    answers('post', `${rest}/contact`, 201, of(contact(5)), { ...creation, Name: 'Jan P' });
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }, { Name: 'children' }]);
    managesLists(5, { 11: 'addnoforce' });

    const outcome = await write(item({ fields: new Personal({ firstname: 'Jan', children: null, Name: 'Jan P' }) }));

    expect(outcome).toEqual({ kind: 'done', status: 201, created: true, contactKey: 'mailjet:5' });
  });

  it('creates somebody without consent excluded and on no list', async () => {
    nobodyByPath();
    answers('post', `${rest}/contact`, 201, of(contact(5)), { ...creation, IsExcludedFromCampaigns: 'true' });
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }]);

    const outcome = await write(item({ permissionsOnCreate: { marketing: false, News: false } }));

    expect(outcome).toMatchObject({ kind: 'done', created: true });
  });

  it('takes over whoever was created meanwhile (MJ18), and raises nothing', async () => {
    nobodyByPath();
    const exists = `MJ18 A Contact resource with value "${address}" for Email already exists.`;
    answers('post', `${rest}/contact`, 400, refusal(exists), creation);
    answers('get', byPath, 200, of(contact(7, { IsExcludedFromCampaigns: true })));
    isOn(7, { 12: false });
    managesLists(7, { 12: 'remove' });
    writesData(7, [{ Name: 'firstname', Value: 'Jan' }]);

    const outcome = await write(item());

    expect(outcome).toEqual({ kind: 'done', status: 200, created: false, contactKey: 'mailjet:7' });
  });

  it('comes again when Mailjet says that somebody exists and does not show them', async () => {
    nobodyByPath();
    answers('post', `${rest}/contact`, 400, refusal('MJ18 exists'), creation);
    nobodyThere();

    expect(await failureOf(write(item()))).toMatchObject({ kind: 'retry', code: 'MAILJET_NOT_SHOWN_YET' });
  });

  it('gives the consents of a creation when a later call of it failed, and the work is repeated', async () => {
    nobodyByPath();
    answers('post', `${rest}/contact`, 201, of(contact(5)), creation);
    answers('put', `${rest}/contactdata/5`, 503, 'down', { Data: [{ Name: 'firstname', Value: 'Jan' }] });
    const adapter = open();
    const failure = await failureOf(adapter.upsert([item()], signal));

    answers('get', byPath, 200, of(contact(5)));
    isOn(5, {});
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }]);
    managesLists(5, { 11: 'addnoforce' });
    const again = await write(item(), adapter);

    expect(failure).toMatchObject({ kind: 'retry', mayHaveLanded: true });
    expect(again).toMatchObject({ kind: 'done', created: true });
  });

  it('tells the id of somebody whose data was refused after they were created', async () => {
    nobodyByPath();
    answers('post', `${rest}/contact`, 201, of(contact(5)), creation);
    answers('put', `${rest}/contactdata/5`, 400, '[{ "firstname" : "CM09 "Jan" is not valid" }]', {
      Data: [{ Name: 'firstname', Value: 'Jan' }],
    });

    const outcome = await write(item());

    expect(outcome).toEqual({ kind: 'rejected', status: 400, detail: 'BAD_VALUE', contactKey: 'mailjet:5' });
  });

  it('refuses a value of another type before anybody is created', async () => {
    discovers();

    const outcome = await write(item({ fields: new Personal({ children: 'many' }) }));

    expect(outcome).toEqual({ kind: 'rejected', status: 0, detail: 'BAD_VALUE' });
  });

  it('answers for an address that Mailjet does not take, without quoting it', async () => {
    nobodyByPath();
    answers('post', `${rest}/contact`, 400, refusal(`Internal error: Invalid email address "${address}"`), creation);

    const outcome = await write(item());

    expect(outcome).toEqual({ kind: 'rejected', status: 400, detail: 'BAD_ADDRESS' });
  });

  it.each([
    ['a property', { fields: new Personal({ shoesize: 42 }) }, 'MAILJET_UNKNOWN_PROPERTY'],
    ['a historic property', { fields: new Personal({ visits: 1 }) }, 'MAILJET_UNKNOWN_PROPERTY'],
    ['a permission', { permissionsOnCreate: { Gossip: true } }, 'MAILJET_LIST_UNKNOWN'],
  ])('sends nothing for %s that is not there', async (_what, more, code) => {
    discovers();

    expect(await failureOf(write(item(more)))).toMatchObject({ kind: 'config', code });
  });
});

describe('updating', () => {
  watchCalls();
  const known = { known: true, fields: new Personal({ firstname: 'Jan' }) };

  it('writes properties and nothing else where only those may have changed; 304 is done', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5)));
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }], 304);

    expect(await write(item(known))).toEqual({ kind: 'done', status: 200, created: false, contactKey: 'mailjet:5' });
  });

  it('takes an empty body for done', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5)));
    answers('put', `${rest}/contactdata/5`, 200, '', { Data: [{ Name: 'firstname' }] });

    const outcome = await write(item({ ...known, fields: new Personal({ firstname: null }) }));

    expect(outcome.kind).toBe('done');
  });

  it('lowers before the data and raises after it', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5, { IsExcludedFromCampaigns: true })));
    isOn(5, { 11: false });
    managesLists(5, { 11: 'remove' });
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }]);
    excludes(5, false);
    isOn(5, {});
    managesLists(5, { 12: 'addnoforce' });

    const outcome = await write(
      item({ ...known, permissionsOnUpdate: { marketing: true, News: false, Offers: true } }),
    );

    expect(outcome).toMatchObject({ kind: 'done', created: false });
  });

  it('leaves a list by unsub where that is set', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5)));
    isOn(5, { 11: false });
    managesLists(5, { 11: 'unsub' });
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }]);

    const adapter = open({}, { lowerListsBy: 'unsub' });

    expect(await write(item({ ...known, permissionsOnUpdate: { News: false } }), adapter)).toMatchObject({
      kind: 'done',
    });
  });

  it('does not subscribe again who unsubscribed in Mailjet, and says so', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5)));
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }]);
    isOn(5, { 11: true });

    const outcome = await write(item({ ...known, permissionsOnUpdate: { News: true } }));

    expect(outcome).toMatchObject({ kind: 'done', notice: 'STAYS_UNSUBSCRIBED' });
  });

  it('leaves the mark of who unsubscribed in Mailjet when the permission goes down', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5)));
    isOn(5, { 11: true });
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }]);

    expect(await write(item({ ...known, permissionsOnUpdate: { News: false } }))).toMatchObject({ kind: 'done' });
  });

  it('excludes and renames in one call, and neither where it is so already', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5, { Name: 'Old' })));
    answers('put', `${rest}/contact/5`, 200, of(contact(5)), { Name: 'New', IsExcludedFromCampaigns: 'true' });
    const wish = item({ ...known, fields: new Personal({ Name: 'New' }), permissionsOnUpdate: { marketing: false } });
    const adapter = open();
    await write(wish, adapter);

    answers('get', byPath, 200, of(contact(5, { Name: 'New', IsExcludedFromCampaigns: true })));

    expect(await write(wish, adapter)).toMatchObject({ kind: 'done', created: false });
  });

  it.each([
    ['who was written before', { known: true }],
    ['where nobody may be created', { mayCreate: false }],
  ])('says absent for somebody who is not there, %s, and creates nobody', async (_what, more) => {
    discovers();
    nobodyThere();

    expect(await write(item(more))).toEqual({ kind: 'absent', status: 404 });
  });

  it('finds by the filter whom the path does not show, and compares what it finds', async () => {
    discovers();
    answers('get', byPath, 404, missing);
    const others = [contact(3, { Email: 'other@person.example' }), contact(5, { Email: address.toUpperCase() })];
    answers('get', byFilter, 200, of(...others));
    writesData(5, [{ Name: 'firstname', Value: 'Jan' }]);

    expect(await write(item(known))).toMatchObject({ kind: 'done', contactKey: 'mailjet:5' });
  });

  it('comes again when the contact went away during the work', async () => {
    discovers();
    answers('get', byPath, 200, of(contact(5)));
    answers('put', `${rest}/contactdata/5`, 404, missing, { Data: [{ Name: 'firstname', Value: 'Jan' }] });

    expect(await failureOf(write(item(known)))).toMatchObject({ kind: 'retry', code: 'MAILJET_CONTACT_GONE' });
  });
});
