import { actions, type Facts, type RuleName, type RuleSettings } from '../../../src/rules/facts.ts';
import { decide, isStricter, rules } from '../../../src/rules/rules.ts';
import { defaultSettings, goodFacts, settingsFor } from './every-fact.ts';

const on = settingsFor(true, 'resetPermissions');
const fired = (facts: Partial<Facts>, settings = defaultSettings) =>
  decide({ ...goodFacts, ...facts }, settings).reasons.map((reason) => reason.rule);

describe('the table of rules', () => {
  it('has the rules in the order of the documentation', () => {
    const order: RuleName[] = [
      'deleted',
      'erased-on-request',
      'erased-before',
      'suppressed',
      'no-email',
      'do-not-email',
      'inactive',
      'merged',
      'do-not-bulk-email',
      'out-of-scope',
      'inactive-kept',
      'eligible',
    ];
    expect(rules.map((rule) => rule.name)).toEqual(order);
  });

  it('says each reason in a sentence of its own', () => {
    const sentences = rules.map((rule) => rule.sentence);
    expect(new Set(sentences).size).toBe(rules.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].+\.$/);
  });

  it('knows the actions from the weakest to the strictest', () => {
    expect(actions).toEqual(['sync', 'ignore', 'resetPermissions', 'anonymize']);
    expect(isStricter('anonymize', 'resetPermissions')).toBe(true);
    expect(isStricter('ignore', 'ignore')).toBe(false);
  });
});

describe('deciding for one record', () => {
  const cases: [string, Partial<Facts>, RuleSettings, string, RuleName][] = [
    ['syncs somebody nothing speaks against', {}, defaultSettings, 'sync', 'eligible'],
    ['anonymizes a deleted record', { existence: 'deleted' }, defaultSettings, 'anonymize', 'deleted'],
    ['anonymizes on request', { erasureOpen: true }, defaultSettings, 'anonymize', 'erased-on-request'],
    [
      'leaves alone who was erased and has not changed',
      { erasedBefore: true },
      defaultSettings,
      'ignore',
      'erased-before',
    ],
    ['anonymizes whom the suppression list names', { suppressed: true }, defaultSettings, 'anonymize', 'suppressed'],
    ['anonymizes a record without an address', { address: 'empty' }, defaultSettings, 'anonymize', 'no-email'],
    [
      'anonymizes a record with a malformed address',
      { address: 'malformed' },
      defaultSettings,
      'anonymize',
      'no-email',
    ],
    ['anonymizes on do-not-email', { doNotEmail: true }, defaultSettings, 'anonymize', 'do-not-email'],
    [
      'keeps an inactive record while the setting is off',
      { state: 'inactive' },
      defaultSettings,
      'sync',
      'inactive-kept',
    ],
    ['anonymizes an inactive record with the setting on', { state: 'inactive' }, on, 'anonymize', 'inactive'],
    ['takes a Qualified lead for not active', { table: 'lead', state: 'qualified' }, on, 'anonymize', 'inactive'],
    ['takes a Disqualified lead for not active', { table: 'lead', state: 'disqualified' }, on, 'anonymize', 'inactive'],
    ['resets the permissions of a merged record', { merged: true }, defaultSettings, 'resetPermissions', 'merged'],
    ['anonymizes a merged record with the setting on', { merged: true }, on, 'anonymize', 'merged'],
    ['names inactive before merged', { merged: true, state: 'inactive' }, on, 'anonymize', 'inactive'],
    [
      'names merged where inactive is kept',
      { merged: true, state: 'inactive' },
      defaultSettings,
      'resetPermissions',
      'merged',
    ],
    [
      'resets permissions on do-not-bulk-email',
      { doNotBulkEmail: true },
      defaultSettings,
      'resetPermissions',
      'do-not-bulk-email',
    ],
    [
      'resets permissions out of scope by default',
      { inScope: false },
      defaultSettings,
      'resetPermissions',
      'out-of-scope',
    ],
    [
      'anonymizes out of scope where told so',
      { inScope: false },
      settingsFor(false, 'anonymize'),
      'anonymize',
      'out-of-scope',
    ],
    ['ignores out of scope where told so', { inScope: false }, settingsFor(false, 'ignore'), 'ignore', 'out-of-scope'],
    [
      'hears an opt-out of somebody erased before',
      { erasedBefore: true, doNotBulkEmail: true },
      defaultSettings,
      'resetPermissions',
      'do-not-bulk-email',
    ],
    [
      'does not create somebody erased before because inactive records are kept',
      { erasedBefore: true, state: 'inactive' },
      defaultSettings,
      'ignore',
      'erased-before',
    ],
  ];

  it.each(cases)('%s', (_sentence, facts, settings, action, rule) => {
    const decision = decide({ ...goodFacts, ...facts }, settings);
    expect([decision.action, decision.rule]).toEqual([action, rule]);
  });

  it('looks at the settings of the record’s own table only', () => {
    const accountsOnly: RuleSettings = {
      anonymizeContactWhenInactive: { contact: false, lead: false, account: true },
      whenOutOfScope: { contact: 'ignore', lead: 'anonymize', account: 'resetPermissions' },
    };
    const actionOf = (facts: Partial<Facts>) => decide({ ...goodFacts, ...facts }, accountsOnly).action;
    expect(actionOf({ table: 'contact', state: 'inactive' })).toBe('sync');
    expect(actionOf({ table: 'account', state: 'inactive' })).toBe('anonymize');
    expect(actionOf({ table: 'contact', inScope: false })).toBe('ignore');
    expect(actionOf({ table: 'lead', inScope: false })).toBe('anonymize');
  });

  it('gives every rule that fired as a reason, with what each asks for', () => {
    const decision = decide(
      { ...goodFacts, address: 'empty', doNotEmail: true, doNotBulkEmail: true, state: 'inactive' },
      defaultSettings,
    );
    expect(decision.reasons.map(({ rule, action }) => [rule, action])).toEqual([
      ['no-email', 'anonymize'],
      ['do-not-email', 'anonymize'],
      ['do-not-bulk-email', 'resetPermissions'],
      ['inactive-kept', 'sync'],
    ]);
    for (const reason of decision.reasons) expect(reason.sentence).not.toBe('');
  });

  it('reads nothing from a deleted record but what is remembered about its id', () => {
    const stale: Partial<Facts> = {
      existence: 'deleted',
      address: 'empty',
      doNotEmail: true,
      doNotBulkEmail: true,
      state: 'inactive',
      merged: true,
      inScope: false,
      erasedBefore: true,
    };
    expect(fired(stale)).toEqual(['deleted']);
    expect(fired({ ...stale, erasureOpen: true, suppressed: true })).toEqual([
      'deleted',
      'erased-on-request',
      'suppressed',
    ]);
  });

  it('says eligible only when nothing else fired', () => {
    expect(fired({})).toEqual(['eligible']);
    expect(fired({ state: 'inactive' })).toEqual(['inactive-kept']);
  });
});
