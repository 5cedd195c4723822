import { applyChanges, parseChange } from '../../../config/changes.ts';
import { isConfigurationError } from '../../../config/load.ts';
import { changed, read } from './base.ts';

function mistakesOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (isConfigurationError(error)) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('a setting that is tried out', () => {
  it.each([
    ['rules.anonymizeContactWhenInactive=true', ['rules', 'anonymizeContactWhenInactive'], true],
    ['rules.anonymizeContactWhenInactive={ lead: true }', ['rules', 'anonymizeContactWhenInactive'], { lead: true }],
    ['brake.maxCount=5', ['brake', 'maxCount'], 5],
    ['targets[0].adoptExisting=false', ['targets', 0, 'adoptExisting'], false],
    ['tables.contact.fields["First = name"]=firstname', ['tables', 'contact', 'fields', 'First = name'], 'firstname'],
    ['tables.contact.only=', ['tables', 'contact', 'only'], null],
    ['dataverse.url=https://a.example/?b=c', ['dataverse', 'url'], 'https://a.example/?b=c'],
  ])('is read from %s', (text, at, value) => {
    expect(parseChange(text)).toEqual({ at, value });
  });

  it.each(['rules', '=true', 'rules..x=1', 'rules[x]=1', 'rules.a={'])('is refused as %s, in one line', (text) => {
    expect(mistakesOf(() => parseChange(text))).toEqual([expect.stringMatching(/; expected /)]);
  });

  it('takes the place of what the file says, and of what stands where a group has to be', () => {
    const settings = read(changed([['rules', 'anonymizeContactWhenInactive'], true]), {
      changes: [
        parseChange('rules.anonymizeContactWhenInactive.lead=true'),
        parseChange('targets.main.adoptExisting=false'),
      ],
    });

    expect(settings.rules.anonymizeContactWhenInactive).toEqual({ contact: false, lead: true, account: false });
    expect(settings.targets[0]?.adoptExisting).toBe(false);
  });

  it('leaves what was parsed as it is', () => {
    const raw = { rules: { a: 1 } };

    const { value } = applyChanges(raw, [parseChange('rules.a=2')]);

    expect([raw, value]).toEqual([{ rules: { a: 1 } }, { rules: { a: 2 } }]);
  });

  it('gets the mistakes of the file, all at once and without a line', () => {
    const told = mistakesOf(() =>
      read(changed(), { changes: ['rules.anonymizeWhenInactive=true', 'brake.maxCount=many'].map(parseChange) }),
    );

    expect(told).toEqual([
      expect.stringMatching(
        /^rules\.anonymizeWhenInactive: is not a known key; expected .*anonymizeContactWhenInactive/,
      ),
      expect.stringMatching(/^brake\.maxCount: is a text; expected a whole number/),
    ]);
    expect(told.join()).not.toContain('(line');
  });

  it.each([
    [
      'targets.nobody.adoptExisting=false',
      'targets.nobody: is not a target of the file; expected the name of a target',
    ],
    ['targets[3].adoptExisting=false', 'targets[3].adoptExisting: is not in the file; expected an element of a list'],
  ])('says that %s has no place', (text, sentence) => {
    expect(mistakesOf(() => read(changed(), { changes: [parseChange(text)] })).join()).toContain(sentence);
  });
});
