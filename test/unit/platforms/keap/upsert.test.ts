import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import type { Outcome, UpsertItem } from '../../../../src/platforms/platform.ts';
import {
  address,
  answers,
  contact,
  discovers,
  entry,
  failureOf,
  item,
  known,
  listens,
  nobodyBy,
  notFound,
  open,
  optIn,
  optsOut,
  own,
  reads,
  searches,
  signal,
  statusOf,
  statusPath,
  watchCalls,
} from './support.ts';

async function write(one: UpsertItem): Promise<Outcome> {
  const [outcome] = await open().upsert([one], signal);
  return outcome!;
}

/** Nobody has the record's id or the address. */
function nobodyThere(): void {
  discovers();
  nobodyBy(own);
  searches(`email==${address}`, []);
}

describe('creating', () => {
  watchCalls();

  it('looks for the person, asks whether they opted out, then creates with the consent in one call', async () => {
    nobodyThere();
    answers('get', statusPath(), 404, notFound);
    const sent = listens('post', '/contacts', 201, contact('5'));

    const outcome = await write(
      item({ fields: new Personal({ given_name: 'Jan', colour: null, 'phone_numbers.PHONE1': '1' }) }),
    );

    expect(outcome).toEqual({ kind: 'done', status: 201, created: true, contactKey: 'keap:5' });
    expect(sent[0]?.url.searchParams.get('duplicate_option')).toBe('Email');
    expect(sent[0]?.body).toEqual({
      given_name: 'Jan',
      phone_numbers: [{ field: 'PHONE1', number: '1' }],
      custom_fields: [{ id: '7', content: own }],
      email_addresses: [{ email: address, field: 'EMAIL1', opt_in_reason: optIn.reason }],
    });
  });

  it('does not ask for a consent that it does not give', async () => {
    nobodyThere();
    const sent = listens(
      'post',
      '/contacts',
      201,
      contact('5', null, { email_addresses: [entry(address, 'EMAIL1', 'NON_MARKETABLE')] }),
    );

    await write(item({ permissionsOnCreate: { marketing: false } }));

    expect(sent[0]?.body.email_addresses).toEqual([{ email: address, field: 'EMAIL1' }]);
  });

  it.each(['MANUAL', 'LIST_UNSUBSCRIBE', 'SPAM', 'HARD_BOUNCE'])(
    'raises nobody whose address is %s, and says so',
    async (status) => {
      nobodyThere();
      answers('get', statusPath(), 200, statusOf(status));
      const shownAs = contact('5', null, { email_addresses: [entry(address, 'EMAIL1', status)] });
      const sent = listens('post', '/contacts', 201, shownAs);

      const outcome = await write(item());

      expect(outcome).toMatchObject({ kind: 'done', created: true, notice: 'STAYS_OPTED_OUT' });
      expect(sent[0]?.body.email_addresses).toEqual([{ email: address, field: 'EMAIL1' }]);
    },
  );

  it('lowers an address that was opted in before it came to this contact', async () => {
    nobodyThere();
    listens('post', '/contacts', 201, contact('5'));
    optsOut();

    expect(await write(item({ permissionsOnCreate: { marketing: false } }))).toMatchObject({ created: true });
  });

  it('leaves the opt-in alone where no permission is mapped', async () => {
    nobodyThere();
    listens('post', '/contacts', 201, contact('5'));

    expect(await write(item({ permissionsOnCreate: {} }))).toMatchObject({ kind: 'done', created: true });
  });

  it('puts the opt-in back when somebody else created the contact in between', async () => {
    nobodyThere();
    answers('get', statusPath(), 200, statusOf('NON_MARKETABLE'));
    listens('post', '/contacts', 200, contact('5'));
    optsOut();

    expect(await write(item())).toMatchObject({ kind: 'done', created: false, contactKey: 'keap:5' });
  });

  it('leaves an opt-in that was there before, also when somebody else was faster', async () => {
    nobodyThere();
    answers('get', statusPath(), 200, statusOf('SINGLE_OPT_IN'));
    listens('post', '/contacts', 200, contact('5'));

    expect(await write(item())).toMatchObject({ kind: 'done', created: false });
  });

  it('asks for the status where the contact does not show it', async () => {
    nobodyThere();
    answers('get', statusPath(), 404, notFound);
    listens('post', '/contacts', 201, contact('5', null, { email_addresses: [{ email: address, field: 'EMAIL1' }] }));
    answers('get', statusPath(), 200, statusOf('MANUAL'));

    expect(await write(item())).toMatchObject({ created: true, notice: 'STAYS_OPTED_OUT' });
  });

  it.each([
    ['an address of 76 characters', { address: new Personal(`${'a'.repeat(64)}@one.example`) }, 'ADDRESS_TOO_LONG'],
    ['a name of 41 characters', { fields: new Personal({ given_name: 'x'.repeat(41) }) }, 'GIVEN_NAME_TOO_LONG'],
  ])('rejects %s without sending it', async (_what, more, detail) => {
    const one = item(more);
    discovers();
    if (detail === 'ADDRESS_TOO_LONG') {
      nobodyBy(own);
      searches(`email==${one.address.reveal()}`, []);
    }

    expect(await write(one)).toEqual({ kind: 'rejected', status: 0, detail });
  });

  it('takes a refusal for the row’s own fault, and keeps nothing of what Keap says', async () => {
    nobodyThere();
    listens('post', '/contacts', 400, { code: 400, message: `Email ${address} is invalid` });

    const outcome = await write(item({ permissionsOnCreate: { marketing: false } }));

    expect(outcome).toEqual({ kind: 'rejected', status: 400, detail: 'REFUSED' });
  });

  it('takes the Article 17 refusal for suppressed, and any other 403 for a missing right', async () => {
    const gdpr = 'User does not have permission to add a Contact due to GDPR guidelines (https://gdpr-info.eu/)';
    const lowered = item({ permissionsOnCreate: { marketing: false } });
    nobodyThere();
    listens('post', '/contacts', 403, { code: 403, message: gdpr });
    const suppressed = await write(lowered);
    nobodyThere();
    listens('post', '/contacts', 403, { code: 403, message: 'no' });

    const failure = await failureOf(write(lowered));

    expect(suppressed).toEqual({ kind: 'suppressed', status: 403, detail: 'GDPR_GUIDELINES' });
    expect(failure).toMatchObject({ kind: 'config', code: 'KEAP_FORBIDDEN' });
  });

  it('creates nobody where only existing people are meant, and nobody again who was removed there', async () => {
    nobodyThere();
    const existingOnly = await write(item({ mayCreate: false }));
    discovers();
    reads('5', undefined);
    nobodyBy(own);
    searches(`email==${address}`, []);
    const removed = await write(known());

    expect([existingOnly, removed]).toEqual([
      { kind: 'absent', status: 404 },
      { kind: 'absent', status: 404 },
    ]);
  });
});

describe('updating', () => {
  watchCalls();

  it('reads, merges and writes: nothing that is not ours is lost', async () => {
    discovers();
    reads(
      '5',
      contact('5', address, {
        custom_fields: [
          { id: '7', content: 'another id' },
          { id: '9', content: 'green' },
          { id: '12', content: 4 },
        ],
        phone_numbers: [
          { field: 'PHONE1', number: '1', type: 'Work', number_e164: '+1' },
          { field: 'PHONE2', number: '2' },
        ],
      }),
    );
    const sent = listens('patch', '/contacts/5', 200, contact('5'));

    const outcome = await write(
      known({ fields: new Personal({ given_name: null, colour: null, 'phone_numbers.PHONE1': '3' }) }),
    );

    expect(outcome).toEqual({ kind: 'done', status: 200, created: false, contactKey: 'keap:5' });
    expect(sent[0]?.url.searchParams.getAll('update_mask')).toEqual(['given_name', 'phone_numbers', 'custom_fields']);
    expect(sent[0]?.body).toEqual({
      given_name: '',
      phone_numbers: [
        { field: 'PHONE2', number: '2' },
        { field: 'PHONE1', number: '3', type: 'Work' },
      ],
      custom_fields: [
        { id: '7', content: own },
        { id: '12', content: 4 },
      ],
    });
  });

  it('sends no array that it does not change, so that nobody else’s change is lost', async () => {
    discovers();
    reads('5', contact('5'));
    const sent = listens('patch', '/contacts/5', 200, contact('5'));

    await write(known());

    expect(sent[0]?.body).toEqual({ given_name: 'Jan' });
  });

  it('writes nothing where there is nothing to write', async () => {
    discovers();
    reads('5', contact('5'));

    expect(await write(known({ fields: new Personal({}) }))).toMatchObject({ kind: 'done', created: false });
  });

  it('adopts whom the address finds, with the id in its field, and raises nothing', async () => {
    discovers();
    nobodyBy(own);
    const theirs = contact('6', 'Jan@Person.example', {
      custom_fields: [],
      email_addresses: [entry('first@person.example'), entry('Jan@Person.example', 'EMAIL2', 'MANUAL')],
    });
    searches(`email==${address}`, [contact('4', 'other@person.example'), theirs]);
    const sent = listens('patch', '/contacts/6', 200, theirs);

    const outcome = await write(item());

    expect(outcome).toMatchObject({ kind: 'done', created: false, contactKey: 'keap:6' });
    expect(sent[0]?.body).toEqual({ given_name: 'Jan', custom_fields: [{ id: '7', content: own }] });
  });

  it('opts out before it writes, and then says that a part has landed', async () => {
    discovers();
    reads('5', contact('5'));
    optsOut();
    listens('patch', '/contacts/5', 429, { code: '429', message: 'Quota Exceeded' });

    const failure = await failureOf(write(known({ permissionsOnUpdate: { marketing: false } })));

    expect(failure).toMatchObject({ kind: 'wait', mayHaveLanded: true });
  });

  it('opts in after it has written, and tells when Keap does not', async () => {
    discovers();
    reads('5', contact('5'));
    listens('patch', '/contacts/5', 200, contact('5'));
    answers('patch', statusPath(), 200, statusOf('LIST_UNSUBSCRIBE'), optIn);

    const outcome = await write(known({ permissionsOnUpdate: { marketing: true } }));

    expect(outcome).toMatchObject({ kind: 'done', notice: 'STAYS_OPTED_OUT' });
  });

  it('does not take an opt-out for done that had no effect', async () => {
    discovers();
    reads('5', contact('5'));
    optsOut(address, 'SINGLE_OPT_IN');

    const failure = await failureOf(write(known({ permissionsOnUpdate: { marketing: false } })));

    expect(failure).toMatchObject({ kind: 'park', code: 'KEAP_OPT_OUT_REFUSED', mayHaveLanded: true });
  });

  it('lowers what the CRM says is down on somebody it never wrote', async () => {
    discovers();
    nobodyBy(own);
    searches(`email==${address}`, [contact('5')]);
    optsOut();
    listens('patch', '/contacts/5', 200, contact('5'));

    expect(await write(item({ permissionsOnCreate: { marketing: false } }))).toMatchObject({ created: false });
  });

  it('refuses unknown names before anything is sent', async () => {
    discovers();
    const property = await failureOf(write(item({ fields: new Personal({ nickname: 'x' }) })));
    const permission = await failureOf(write(item({ permissionsOnUpdate: { Newsletter: true } })));

    expect(property).toMatchObject({ kind: 'config', code: 'KEAP_UNKNOWN_PROPERTY' });
    expect(permission).toMatchObject({ kind: 'config', code: 'KEAP_UNKNOWN_PERMISSION' });
  });
});

describe('a changed address', () => {
  watchCalls();

  const moved = known({ addressChanged: true, fields: new Personal({}) });

  it('goes into the first slot with the consent that the old one had; no other slot is opted in', async () => {
    discovers();
    const before = [entry('old@person.example'), entry('work@person.example', 'EMAIL2')];
    reads('5', contact('5', null, { email_addresses: before }));
    searches(`email==${address}`, []);
    answers('get', statusPath(), 404, notFound);
    const sent = listens('patch', '/contacts/5', 200, contact('5'));

    await write(moved);

    expect(sent[0]?.body).toEqual({
      email_addresses: [
        { email: address, field: 'EMAIL1', opt_in_reason: optIn.reason },
        { email: 'work@person.example', field: 'EMAIL2' },
      ],
    });
  });

  it('is lowered first where the old one was opted out', async () => {
    discovers();
    reads('5', contact('5', null, { email_addresses: [entry('old@person.example', 'EMAIL1', 'MANUAL')] }));
    searches(`email==${address}`, []);
    answers('get', statusPath(), 200, statusOf('SINGLE_OPT_IN'));
    optsOut();
    const sent = listens('patch', '/contacts/5', 200, contact('5'));

    await write(moved);

    expect(sent[0]?.body).toEqual({ email_addresses: [{ email: address, field: 'EMAIL1' }] });
  });

  it('is not opted in where it opted out itself', async () => {
    discovers();
    reads('5', contact('5', 'old@person.example'));
    searches(`email==${address}`, []);
    answers('get', statusPath(), 200, statusOf('MANUAL'));
    const sent = listens('patch', '/contacts/5', 200, contact('5'));

    await write(moved);

    expect(sent[0]?.body.email_addresses).toEqual([{ email: address, field: 'EMAIL1' }]);
  });

  it('is not taken from another contact', async () => {
    discovers();
    reads('5', contact('5', 'old@person.example'));
    searches(`email==${address}`, [contact('6')]);

    expect(await failureOf(write(moved))).toMatchObject({ kind: 'park', code: 'KEAP_IDS_WOULD_CROSS' });
  });
});
