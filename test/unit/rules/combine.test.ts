import { decideProfile } from '../../../src/rules/combine.ts';
import type { Member, ProfileDecision } from '../../../src/rules/facts.ts';
import { member, settingsFor } from './every-fact.ts';

const calm = { explicitErasure: false, addressSuppressed: false };
const answer = (members: Member[], context = calm) => {
  const { line, action, mayCreate, explicit, rule } = decideProfile(members, context);
  return { line, action, mayCreate, explicit, rule };
};
const anonymizeAtLine = (line: number, rule: string, explicit: boolean) => ({
  line,
  action: 'anonymize',
  mayCreate: false,
  explicit,
  rule,
});
const anonymizing = settingsFor(false, 'anonymize');
const ignoring = settingsFor(false, 'ignore');

describe('line 1, an explicit erasure or a suppressed address', () => {
  it('anonymizes whatever the other records say', () => {
    expect(answer([member(), member({ erasureOpen: true })])).toEqual(anonymizeAtLine(1, 'erased-on-request', true));
    expect(answer([member()], { ...calm, explicitErasure: true })).toEqual(
      anonymizeAtLine(1, 'erased-on-request', true),
    );
    expect(answer([member()], { ...calm, addressSuppressed: true })).toEqual(anonymizeAtLine(1, 'suppressed', true));
  });

  it('anonymizes an address of which no record is known', () => {
    expect(answer([], { ...calm, explicitErasure: true })).toEqual(anonymizeAtLine(1, 'erased-on-request', true));
    expect(answer([], { ...calm, addressSuppressed: true })).toEqual(anonymizeAtLine(1, 'suppressed', true));
  });

  it('hears the erasure of a record that has no vote', () => {
    expect(answer([member(), member({ merged: true, erasureOpen: true })]).line).toBe(1);
  });
});

describe('line 2, everybody says anonymize', () => {
  it('names the first rule of the table among those that decided', () => {
    expect(answer([member({ doNotEmail: true }), member({ existence: 'deleted' })])).toEqual(
      anonymizeAtLine(2, 'deleted', false),
    );
  });

  it('anonymizes when a deleted record leaves only a Qualified lead or a duplicate behind', () => {
    const lead = member({ table: 'lead', state: 'qualified' });
    expect(answer([member({ existence: 'deleted' }), lead])).toEqual(anonymizeAtLine(2, 'deleted', false));
    expect(answer([member({ existence: 'deleted' }), member({ merged: true })]).line).toBe(2);
  });

  it('anonymizes when every record lives on elsewhere', () => {
    const both = [member({ merged: true }), member({ table: 'lead', state: 'qualified' })];
    expect(answer(both)).toEqual(anonymizeAtLine(2, 'merged', false));
  });

  it('is decided by those who have a say, the others neither name the rule nor make it less explicit', () => {
    expect(answer([member({ doNotEmail: true }), member({ merged: true, address: 'empty' })])).toEqual(
      anonymizeAtLine(2, 'do-not-email', false),
    );
    const suppressed = member({ suppressed: true, merged: true, existence: 'deleted' });
    const lead = member({ table: 'lead', state: 'qualified' });
    expect(answer([suppressed, lead])).toEqual(anonymizeAtLine(2, 'deleted', true));
  });

  it('lets nobody but a lead lose its say by being qualified', () => {
    const contact = member({ table: 'contact', state: 'qualified', doNotBulkEmail: true });
    expect(answer([contact, member()]).line).toBe(4);
  });

  it('is explicit only when each of the records was suppressed', () => {
    const suppressed = member({ suppressed: true });
    expect(answer([suppressed])).toEqual(anonymizeAtLine(2, 'suppressed', true));
    expect(answer([suppressed, member({ suppressed: true, existence: 'deleted' })]).explicit).toBe(true);
    expect(answer([suppressed, member({ existence: 'deleted' })])).toEqual(anonymizeAtLine(2, 'deleted', false));
  });

  it('does not anonymize because a record outside the scope says so while another one is ignored', () => {
    const outside = member({ inScope: false }, { settings: anonymizing });
    expect(answer([outside]).line).toBe(2);
    expect(answer([outside, member({ erasedBefore: true })]).line).toBe(7);
  });
});

describe('line 3, one says do-not-email', () => {
  const optOut = member({ doNotEmail: true });

  it('sets every permission false while another record is eligible', () => {
    const eligible = member({ table: 'lead' });
    const decision = decideProfile([optOut, eligible], calm);
    expect(decision).toMatchObject({ line: 3, action: 'resetPermissions', rule: 'do-not-email', mayCreate: false });
    expect(decision.owner).toBe(eligible);
  });

  it('anonymizes when no other record is eligible', () => {
    expect(answer([optOut, member({ state: 'inactive' })])).toEqual(anonymizeAtLine(3, 'do-not-email', false));
    expect(answer([optOut, member({ doNotBulkEmail: true })])).toEqual(anonymizeAtLine(3, 'do-not-email', false));
  });

  it('hears do-not-email although an earlier rule is named', () => {
    const decision = decideProfile([member({ doNotEmail: true, suppressed: true }), member()], calm);
    expect(decision).toMatchObject({ line: 3, action: 'resetPermissions' });
  });

  it('does not hear a record without a vote', () => {
    expect(answer([member({ doNotEmail: true, merged: true }), member()]).line).toBe(5);
  });
});

describe('line 4, one says do-not-bulk-email', () => {
  it('carries the eligible record’s data with every permission false and creates nobody', () => {
    const eligible = member({ table: 'lead' });
    const decision = decideProfile([member({ doNotBulkEmail: true }), eligible], calm);
    expect(decision).toMatchObject({
      line: 4,
      action: 'resetPermissions',
      rule: 'do-not-bulk-email',
      mayCreate: false,
    });
    expect(decision.owner).toBe(eligible);
  });

  it('hears a record outside the scope', () => {
    expect(answer([member({ doNotBulkEmail: true, inScope: false }), member()]).line).toBe(4);
  });

  it('does not hear a record that is dropped because it is to be anonymized', () => {
    expect(answer([member({ doNotBulkEmail: true, address: 'empty' }), member()]).line).toBe(5);
  });
});

describe('line 5, one is eligible', () => {
  it.each([
    ['an inactive record', member({ state: 'inactive' })],
    ['a record out of scope', member({ inScope: false })],
    ['a deleted record', member({ existence: 'deleted' })],
    ['a record that was erased before', member({ erasedBefore: true })],
    ['a merged record', member({ merged: true })],
    ['a Qualified lead', member({ table: 'lead', state: 'qualified' })],
    ['a suppressed record id', member({ suppressed: true })],
  ])('syncs the eligible record beside %s', (_sentence, other) => {
    const eligible = member({ table: 'lead' });
    const decision = decideProfile([other, eligible], calm);
    expect(decision).toMatchObject({ line: 5, action: 'sync', rule: 'eligible', mayCreate: true, explicit: false });
    expect(decision.owner).toBe(eligible);
  });
});

describe('line 6, the rest is out of scope or inactive', () => {
  it('keeps an inactive record’s profile current and never creates one', () => {
    const sibling = member({ state: 'inactive' });
    expect(decideProfile([sibling], calm)).toMatchObject({
      line: 6,
      action: 'sync',
      rule: 'inactive-kept',
      mayCreate: false,
      owner: sibling,
    });
  });

  it('takes the strictest action, with an inactive record as owner before one out of scope', () => {
    const inactive = member({ table: 'lead', state: 'inactive' });
    const decision = decideProfile([member({ inScope: false }), inactive], calm);
    expect(decision).toMatchObject({ line: 6, action: 'resetPermissions', rule: 'out-of-scope', mayCreate: false });
    expect(decision.owner).toBe(inactive);
  });

  it('drops a record outside the scope that would be anonymized or ignored', () => {
    const inactive = member({ state: 'inactive' });
    expect(answer([member({ inScope: false }, { settings: anonymizing }), inactive]).action).toBe('sync');
    expect(answer([member({ inScope: false }, { settings: ignoring }), inactive]).action).toBe('sync');
  });

  it('resets the permissions of a duplicate that is alone', () => {
    const duplicate = member({ merged: true });
    const decision = decideProfile([duplicate], calm);
    expect(decision).toMatchObject({ line: 6, action: 'resetPermissions', rule: 'merged', mayCreate: false });
    expect(decision).toMatchObject({ owner: duplicate, explicit: false });
  });

  it('keeps a Qualified lead that is alone', () => {
    expect(answer([member({ table: 'lead', state: 'qualified' })])).toMatchObject({ line: 6, action: 'sync' });
  });
});

describe('line 7, nothing left', () => {
  const left = (rule: string) => ({ line: 7, action: 'leave', mayCreate: false, explicit: false, rule });

  it('leaves a profile of which no record is known', () => {
    expect(answer([])).toEqual(left('eligible'));
    expect(decideProfile([], calm).sentence).toBe('No record is known that belongs to this profile.');
  });

  it('leaves a profile whose records are all ignored', () => {
    expect(answer([member({ erasedBefore: true })])).toEqual(left('erased-before'));
    expect(answer([member({ inScope: false }, { settings: ignoring })])).toEqual(left('out-of-scope'));
    expect(answer([member({ erasedBefore: true }), member({ existence: 'deleted' })])).toEqual(left('erased-before'));
  });
});

describe('whose data a profile carries', () => {
  const ownerOf = (...members: Member[]): ProfileDecision['owner'] => decideProfile(members, calm).owner;

  it('prefers eligible to do-not-bulk-email to inactive, whatever the table', () => {
    const eligible = member({ table: 'lead' });
    const noBulk = member({ table: 'account', doNotBulkEmail: true });
    const inactive = member({ table: 'contact', state: 'inactive' });
    expect(ownerOf(inactive, noBulk, eligible)).toBe(eligible);
    expect(ownerOf(inactive, noBulk)).toBe(noBulk);
  });

  it('prefers a contact to an account to a lead, whatever the date', () => {
    const contact = member({ table: 'contact' }, { createdOn: '2020-01-01T00:00:00Z' });
    const account = member({ table: 'account' }, { createdOn: '2021-01-01T00:00:00Z' });
    const lead = member({ table: 'lead' }, { createdOn: '2022-01-01T00:00:00Z' });
    expect(ownerOf(lead, account, contact)).toBe(contact);
    expect(ownerOf(lead, account)).toBe(account);
  });

  it('prefers the record that was created last, to the millisecond', () => {
    const older = member({}, { createdOn: '2024-03-01T09:00:00Z' });
    const newer = member({}, { createdOn: '2024-03-01T09:00:00.5Z' });
    expect(ownerOf(older, newer)).toBe(newer);
    expect(ownerOf(newer, older)).toBe(newer);
  });

  it('takes the lowest id between records of one moment', () => {
    const first = member({}, { id: '11111111-0000-4000-8000-000000000000' });
    const second = member({}, { id: '22222222-0000-4000-8000-000000000000' });
    expect(ownerOf(second, first)).toBe(first);
    expect(ownerOf(first, second)).toBe(first);
  });
});

describe('the sentence for people', () => {
  it('is the rule’s own where one record decides alone', () => {
    expect(decideProfile([member({ existence: 'deleted' })], calm).sentence).toBe(
      'The record was deleted in Dynamics.',
    );
  });

  it.each([
    ['Somebody asked to erase this person, or the address is on the suppression list.', { erasureOpen: true }, {}],
    [
      'Every record of this person that has a say is to be anonymized, or none has a say.',
      { doNotEmail: true },
      { existence: 'deleted' },
    ],
    ['One record of this person says that they must not be emailed.', { doNotEmail: true }, {}],
    ['One record of this person says that they want no bulk email.', { doNotBulkEmail: true }, {}],
    [
      'One record of this person is eligible; inactive records and those out of scope have no say.',
      {},
      { inScope: false },
    ],
    [
      'All records of this person that are left are inactive, out of scope or duplicates.',
      { inScope: false },
      { state: 'inactive' },
    ],
    ['No record of this person asks for anything.', { erasedBefore: true }, { erasedBefore: true }],
  ] as const)('is about all records where several share the profile: %s', (sentence, one, other) => {
    expect(decideProfile([member(one), member(other)], calm).sentence).toBe(sentence);
  });

  it('is the one of the rule that decided, not of the first rule', () => {
    expect(decideProfile([member({ doNotEmail: true })], calm).sentence).toBe(
      'The record says that this person must not be emailed.',
    );
  });

  it('says of an address without a record why it is erased, or that nobody is known', () => {
    const sentence = (context: Partial<typeof calm>) => decideProfile([], { ...calm, ...context }).sentence;
    expect(sentence({ explicitErasure: true })).toMatch(/^Somebody asked to erase this person/);
    expect(sentence({ addressSuppressed: true })).toBe('The address or the record is on the suppression list.');
    expect(sentence({})).toBe('No record is known that belongs to this profile.');
  });
});
