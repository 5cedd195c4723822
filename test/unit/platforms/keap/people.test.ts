import { describe, expect, it } from '@jest/globals';
import nock from 'nock';
import { Personal } from '../../../../config/words.ts';
import {
  address,
  answers,
  contact,
  discovers,
  entry,
  failureOf,
  guid,
  listens,
  nobodyBy,
  notFound,
  open,
  optIn,
  optsOut,
  origin,
  own,
  reads,
  searches,
  signal,
  statusOf,
  statusPath,
  watchCalls,
} from './support.ts';

const byAddress = { contactKeys: [], recordIds: [], address: new Personal(address) };
const byId = { contactKeys: ['keap:5', 'elsewhere:9'], recordIds: [] };

describe('find', () => {
  watchCalls();

  it('passes over ids of other platforms, compares what a search finds, and tells Keap’s own id', async () => {
    discovers();
    const loose = { ...contact('3'), custom_fields: [{ id: '7', content: guid(2) }] };
    searches(`dynamicsid==${own}`, [loose, contact('4')]);

    const found = await open().find({ contactKeys: ['mailjet:3', '4', own], recordIds: [own] }, signal);

    expect(found).toEqual({ contactKey: 'keap:4', permissions: { marketing: true } });
  });

  it('reads the opt-in of the address that is meant, in any slot', async () => {
    const slots = [entry('first@person.example'), entry(address, 'EMAIL2', 'LIST_UNSUBSCRIBE')];
    searches(`email==${address}`, [contact('5', null, { email_addresses: slots })]);

    expect((await open().find(byAddress, signal))?.permissions).toEqual({ marketing: false });
  });

  it('follows the pages of a search, and does not go on for ever', async () => {
    searches(`email==${address}`, [contact('3', 'other@person.example')], 'next');
    nock(origin)
      .get('/crm/rest/v2/contacts')
      .query((query) => query.page_token === 'next')
      .reply(200, { contacts: [contact('5')] });

    expect(await open().find(byAddress, signal)).toMatchObject({ contactKey: 'keap:5' });

    nock(origin)
      .get('/crm/rest/v2/contacts')
      .query(true)
      .times(10)
      .reply(200, { contacts: [contact('3', 'other@person.example')], next_page_token: 'again' });
    expect(await failureOf(open().find(byAddress, signal))).toMatchObject({ code: 'KEAP_SEARCH_TOO_WIDE' });
  });

  it('does not guess how a separator is searched for', async () => {
    const odd = { ...byAddress, address: new Personal('"a;b"@person.example') };

    expect(await failureOf(open().find(odd, signal))).toMatchObject({
      kind: 'park',
      code: 'KEAP_ADDRESS_UNSEARCHABLE',
    });
  });

  it('tells no permission that is not mapped', async () => {
    searches(`email==${address}`, [contact('5')]);
    const tables = {
      contact: { email: 'emailaddress1', fields: {}, permissions: {}, whenOutOfScope: 'ignore' as const },
    };

    expect(await open({ tables }).find(byAddress, signal)).toEqual({ contactKey: 'keap:5', permissions: {} });
  });

  it.each([
    ['a gateway’s 404', 404, { fault: { faultstring: 'no resource' } }, 'config KEAP_WRONG_PATH'],
    ['a page with 404', 404, '<html>gone</html>', 'config KEAP_WRONG_PATH'],
    ['a 410', 410, { code: 410, message: 'gone' }, 'config KEAP_WRONG_PATH'],
    ['a 501', 501, { code: 501, message: 'no' }, 'config KEAP_WRONG_PATH'],
    ['a 401', 401, { code: 401, message: 'no' }, 'config KEAP_NOT_AUTHORIZED'],
    ['a 409', 409, { code: 409, message: 'busy' }, 'retry KEAP_CONFLICT'],
    ['a refusal that is not Keap’s', 400, '<html>blocked</html>', 'retry HTTP_400'],
    ['another shape', 200, { contacts: [{ name: 'x' }] }, 'retry KEAP_UNEXPECTED_ANSWER'],
  ])('does not take %s for an absence', async (_what, status, reply, expected) => {
    listens('get', '/contacts', status, reply);

    const failure = await failureOf(open().find(byAddress, signal));

    expect(`${failure.kind} ${failure.code}`).toBe(expected);
  });

  it('keeps nothing of what Keap says about a person', async () => {
    listens('get', '/contacts', 400, { code: 400, message: `cannot search for ${address}` });

    const failure = await failureOf(open().find(byAddress, signal));

    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain(address);
  });
});

describe('permissions', () => {
  watchCalls();

  it('are reset for every address of the contact, and for the address itself wherever it is', async () => {
    reads(
      '5',
      contact('5', null, { email_addresses: [entry('a@person.example'), entry('b@person.example', 'EMAIL2')] }),
    );
    searches(`email==${address}`, [
      contact('6', null, { email_addresses: [entry(address), entry('c@person.example')] }),
    ]);
    for (const email of ['a@person.example', 'b@person.example', address]) optsOut(email);

    const outcome = await open().resetPermissions({ ...byId, address: new Personal(address) }, signal);

    expect(outcome).toEqual({ kind: 'done', status: 200, contactKey: 'keap:5' });
  });

  it('are not reset by an opt-out without effect', async () => {
    searches(`email==${address}`, [contact('5')]);
    optsOut(address, 'SINGLE_OPT_IN');

    expect(await failureOf(open().resetPermissions(byAddress, signal))).toMatchObject({ code: 'KEAP_OPT_OUT_REFUSED' });
  });

  it('count as reset for an address that Keap has no status for', async () => {
    searches(`email==${address}`, [contact('5')]);
    listens('patch', statusPath(), 404, notFound);

    expect(await open().resetPermissions(byAddress, signal)).toMatchObject({ kind: 'done' });
  });

  it('are put back, unless Keap keeps them down', async () => {
    const ref = { contactKeys: ['keap:5'], recordIds: [] };
    reads('5', contact('5'));
    answers('patch', statusPath(), 200, statusOf('UNENGAGED_MARKETABLE'), optIn);
    const back = await open().setPermissions(ref, { marketing: true }, signal);
    reads('5', contact('5'));
    answers('patch', statusPath(), 200, statusOf('SPAM'), optIn);
    const vain = await open().setPermissions(ref, { marketing: true }, signal);

    expect(back).toMatchObject({ kind: 'done' });
    expect(vain).toMatchObject({ kind: 'rejected', detail: 'STAYS_OPTED_OUT' });
  });
});

describe('anonymizing', () => {
  watchCalls();

  /** The methods and ids of what was written, in order. */
  function removes(order: string[], ...ids: readonly string[]): void {
    for (const id of ids) {
      nock(origin)
        .delete(`/crm/rest/v2/contacts/${id}`)
        .reply(() => {
          order.push(id);
          return [204];
        });
    }
  }

  it('opts every address out first, then deletes, and whoever leads to others last', async () => {
    discovers();
    const order: string[] = [];
    const twin = contact('7', address, { custom_fields: [] });
    reads('5', contact('5', null, { email_addresses: [entry(address), entry('b@person.example', 'EMAIL2')] }));
    searches(`email==${address}`, [contact('5'), twin]);
    optsOut();
    optsOut('b@person.example');
    removes(order, '5', '7');

    const outcome = await open().anonymize(byId, signal);

    expect(outcome).toEqual({ kind: 'done', status: 204, contactKey: 'keap:5' });
    expect(order).toEqual(['7', '5']);
  });

  it('leaves another record’s contact alone where only ids are known, and deletes it where the address is', async () => {
    const order: string[] = [];
    const foreign = contact('7', address, { custom_fields: [{ id: '7', content: guid(9) }] });
    discovers();
    reads('5', contact('5'));
    searches(`email==${address}`, [contact('5'), foreign]);
    optsOut();
    removes(order, '5');
    await open().anonymize(byId, signal);
    searches(`email==${address}`, [foreign]);
    optsOut();
    removes(order, '7');
    await open().anonymize(byAddress, signal);

    expect(order).toEqual(['5', '7']);
  });

  it('deletes nobody whom a loose search finds', async () => {
    searches(`email==${address}`, [contact('5', `x${address}`)]);

    expect(await open().anonymize(byAddress, signal)).toEqual({ kind: 'absent', status: 404 });
  });

  it.each([
    ['refuses', 400, { code: 400, message: 'no' }],
    ['does not take', 200, statusOf('SINGLE_OPT_IN')],
  ])('deletes although Keap %s an opt-out, and says so', async (_what, status, reply) => {
    searches(`email==${address}`, [contact('5')]);
    listens('patch', statusPath(), status, reply);
    removes([], '5');

    const outcome = await open().anonymize(byAddress, signal);

    expect(outcome).toMatchObject({ kind: 'done', detail: expect.stringContaining('did not take the opt-out') });
  });

  it('deletes nobody before the opt-outs are through', async () => {
    searches(`email==${address}`, [contact('5')]);
    listens('patch', statusPath(), 500, 'Internal Server Error');

    expect(await failureOf(open().anonymize(byAddress, signal))).toMatchObject({ kind: 'retry' });
  });

  it('takes somebody whom another deleted meanwhile for absent', async () => {
    searches(`email==${address}`, [contact('5')]);
    optsOut();
    answers('delete', '/contacts/5', 404, notFound);

    expect(await open().anonymize(byAddress, signal)).toEqual({ kind: 'absent', status: 404 });
  });

  it('takes no page for the confirmation of a deletion', async () => {
    searches(`email==${address}`, [contact('5')]);
    optsOut();
    answers('delete', '/contacts/5', 200, '<html>ok</html>');

    expect(await failureOf(open().anonymize(byAddress, signal))).toMatchObject({ kind: 'retry' });
  });

  it('asks for every record id', async () => {
    nobodyBy(own, guid(2));

    expect(await open().anonymize({ contactKeys: [own], recordIds: [own, guid(2)] }, signal)).toMatchObject({
      kind: 'absent',
    });
  });
});
