import { readFileSync } from 'node:fs';
import { decideProfile } from '../../../src/rules/combine.ts';
import type { Facts, Member } from '../../../src/rules/facts.ts';
import { rules } from '../../../src/rules/rules.ts';
import { member, settingsFor } from './every-fact.ts';

const page = readFileSync(new URL('../../../docs/rules.md', import.meta.url), 'utf8');
const tableUnder = (heading: string) =>
  (page.split(`\n${heading}\n`)[1] ?? '')
    .split(/\n#/)[0]!
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );

describe('docs/rules.md', () => {
  it('lists the rules in the order of the code with the sentences of the code', () => {
    const documented = tableUnder('## The rules').map(([name, , , sentence]) => [name, sentence]);
    expect(documented).toEqual(rules.map((rule) => [`\`${rule.name}\``, rule.sentence]));
  });

  const lead = (facts: Partial<Facts> = {}) => member({ table: 'lead', ...facts });
  const examples: Record<string, Member[]> = {
    'an active contact': [member()],
    'a contact whose address was cleared': [member({ address: 'empty' })],
    'an inactive contact': [member({ state: 'inactive' })],
    'the same with `anonymizeContactWhenInactive: true`': [
      member({ state: 'inactive' }, { settings: settingsFor(true, 'resetPermissions') }),
    ],
    'a contact and the lead it came from (Qualified)': [member(), lead({ state: 'qualified' })],
    'the same, after the contact was deleted': [member({ existence: 'deleted' }), lead({ state: 'qualified' })],
    'a deleted contact and an open lead': [member({ existence: 'deleted' }), lead()],
    'a contact with do-not-email and an open lead': [member({ doNotEmail: true }), lead()],
    'a contact with do-not-email and an inactive lead': [member({ doNotEmail: true }), lead({ state: 'inactive' })],
    'a contact with do-not-bulk-email and an open lead': [member({ doNotBulkEmail: true }), lead()],
    'a contact out of scope and an active account': [member({ inScope: false }), member({ table: 'account' })],
    'a contact out of scope and an inactive lead': [member({ inScope: false }), lead({ state: 'inactive' })],
    'a merged contact and the contact it became': [member({ merged: true, state: 'inactive' }), member()],
    'a merged contact alone (the survivor has another address)': [member({ merged: true, state: 'inactive' })],
    'a contact erased on request, unchanged since': [member({ erasedBefore: true })],
    'an erasure of the lead is open, the contact is active': [lead({ erasureOpen: true }), member()],
  };

  it('has no example that is not tried here, and the other way round', () => {
    expect(tableUnder('## Examples').map(([records]) => records)).toEqual(Object.keys(examples));
  });

  it.each(tableUnder('## Examples'))('is right about %s', (records, decisions, line, result) => {
    const members = examples[records!]!;
    const decision = decideProfile(members, { explicitErasure: false, addressSuppressed: false });
    expect(String(decision.line)).toBe(line);
    // The cell gives the verdicts in the order of the records, less those that have no vote.
    const verdicts = [...decisions!.matchAll(/(\w+) \(`([a-z-]+)`\)/g)].map(([, action, rule]) => `${action} ${rule}`);
    const voting = members.filter(
      ({ facts }) => members.length === 1 || !(facts.merged || facts.state === 'qualified'),
    );
    expect(verdicts).toEqual(voting.map((one) => `${one.decision.action} ${one.decision.rule}`));
    const words = {
      anonymize: /^anonymized/,
      resetPermissions: /every permission false/,
      leave: /^left alone/,
      sync: /^(synced|kept current)/,
    };
    expect(result).toMatch(words[decision.action]);
    const named = result?.match(/(contact|lead|account)['’]s data/)?.[1];
    if (named) expect(decision.owner?.table).toBe(named);
  });
});
