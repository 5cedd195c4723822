import { fingerprintSettings, mappingFingerprints } from '../../../config/fingerprint.ts';
import { type At, baseEnv, changed, type Json, read } from './base.ts';

const second = { name: 'second', platform: 'spotler', consumerKey: 'key', consumerSecret: 'secret' };
const start: (readonly [At, Json])[] = [[['targets', 1], second]];

const before = read(changed(...start));

/** Which `target/table` got another fingerprint. */
function affected(...changes: (readonly [At, Json])[]): string[] {
  const old = mappingFingerprints(before);
  const now = mappingFingerprints(read(changed(...start, ...changes)));
  return Object.entries(now)
    .flatMap(([target, tables]) => Object.entries(tables).map(([table, print]) => [target, table, print] as const))
    .filter(([target, table, print]) => old[target]?.[table as 'contact'] !== print)
    .map(([target, table]) => `${target}/${table}`);
}

describe('fingerprints', () => {
  it.each<[string, At, Json]>([
    ['pace', ['targets', 0, 'requestsPerSecond'], 3],
    ['a time-out', ['targets', 0, 'callTimeoutSeconds'], 5],
    ['polling', ['dataverse', 'pollSeconds'], 60],
    ['the log', ['log', 'level'], 'debug'],
    ['the brake', ['brake', 'maxCount'], 50],
    ['the place of the data', ['storage', 'dataDir'], '/elsewhere'],
    ['a secret', ['targets', 0, 'consumerSecret'], 'rotated-secret'],
    ['a default written out', ['targets', 0, 'tables'], {}],
  ])('stay when %s changes', (_, at, value) => {
    const after = read(changed(...start, [at, value]));

    expect(fingerprintSettings(after)).toBe(fingerprintSettings(before));
    expect(affected([at, value])).toEqual([]);
  });

  it('stay when the hash key changes', () => {
    const env = { ...baseEnv, CONNECTOR_HASH_KEY: 'z'.repeat(32) };

    expect(fingerprintSettings(read(changed(...start), { env }))).toBe(fingerprintSettings(before));
  });

  it('change with a dry run, which owes nobody anything again', () => {
    const dry = [['targets', 0, 'dryRun'], true] as const;

    expect(fingerprintSettings(read(changed(...start, dry)))).not.toBe(fingerprintSettings(before));
    expect(affected(dry)).toEqual([]);
  });

  it('change with whose records get notes, and with nothing else about them; nobody is owed anything again', () => {
    const some = [['notes'], { for: 'exceptions' }] as const;
    const slower = [['notes'], { for: 'exceptions', perMinute: 5 }] as const;
    const all = [['notes'], { for: 'everybody' }] as const;
    const [one, same, other] = [some, slower, all].map((notes) => fingerprintSettings(read(changed(...start, notes))));

    expect(new Set([fingerprintSettings(before), one, other]).size).toBe(3);
    expect(same).toBe(one);
    expect(affected(all)).toEqual([]);
  });

  it('do not depend on the order of keys', () => {
    const fields = [['tables', 'contact', 'fields'], { a: 'firstname', b: 'lastname' }] as const;
    const turned = [['tables', 'contact', 'fields'], { b: 'lastname', a: 'firstname' }] as const;

    expect(fingerprintSettings(read(changed(turned)))).toBe(fingerprintSettings(read(changed(fields))));
    expect(mappingFingerprints(read(changed(turned)))).toEqual(mappingFingerprints(read(changed(fields))));
  });

  it.each<[string, At, Json, string[]]>([
    ['a field', ['tables', 'contact', 'fields', 'city'], 'address1_city', ['main/contact', 'second/contact']],
    ['a permission', ['tables', 'lead', 'permissions', 'Events'], 'new_events', ['main/lead', 'second/lead']],
    ['the address column', ['tables', 'lead', 'email'], 'emailaddress2', ['main/lead', 'second/lead']],
    ['a scope', ['tables', 'contact', 'only'], { column: 'new_x', equals: true }, ['main/contact', 'second/contact']],
    [
      'what happens out of scope',
      ['tables', 'contact', 'whenOutOfScope'],
      'ignore',
      ['main/contact', 'second/contact'],
    ],
    ['an override', ['targets', 1, 'tables'], { contact: { fields: { firstName: null } } }, ['second/contact']],
    ['the inactivity rule', ['rules', 'anonymizeContactWhenInactive'], { lead: true }, ['main/lead', 'second/lead']],
    ['the identity', ['targets', 0, 'identity'], 'record', ['main/contact', 'main/lead']],
    ['a pilot', ['targets', 0, 'pilot'], { records: [] }, ['main/contact', 'main/lead']],
    ['a new table', ['tables', 'account'], { email: 'emailaddress1' }, ['main/account', 'second/account']],
    [
      'a new target',
      ['targets', 2],
      { ...second, name: 'third', consumerKey: 'third' },
      ['third/contact', 'third/lead'],
    ],
  ])('change where %s changes', (_, at, value, expected) => {
    const after = read(changed(...start, [at, value]));

    expect(fingerprintSettings(after)).not.toBe(fingerprintSettings(before));
    expect(affected([at, value])).toEqual(expected);
  });

  it('change as a whole, not in the mappings, when a target moves to another address', () => {
    const moved = [['targets', 0, 'baseUrl'], 'https://other.example/integrationservice'] as const;

    expect(fingerprintSettings(read(changed(...start, moved)))).not.toBe(fingerprintSettings(before));
    expect(affected(moved)).toEqual([]);
  });

  it('are SHA-256 in hex', () => {
    expect(fingerprintSettings(before)).toMatch(/^[0-9a-f]{64}$/);
    expect(mappingFingerprints(before).main?.contact).toMatch(/^[0-9a-f]{64}$/);
  });
});
