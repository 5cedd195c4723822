/** Bad targets of each platform but the one that the base configuration has: for each key of its own at least one. */
import type { BadCase } from './bad-cases.ts';
import { baseEnv, changed, type Json } from './base.ts';

interface Kind {
  readonly platform: string;
  /** Settings without a mistake. */
  readonly good: Readonly<Record<string, Json>>;
  /** Key, its bad value (undefined: left out), part of the mend. */
  readonly bad: readonly (readonly [string, Json, string])[];
}

const keap: Kind = {
  platform: 'keap',
  good: { app: 'ab123', apiKey: 'keap-key-5c1e', recordIdField: 'dynamicsid' },
  bad: [
    ['baseUrl', 'https://api.keap.com/crm', 'https://<host>/crm/rest/v2'],
    ['baseUrl', 'http://api.keap.com/crm/rest/v2', 'an https address'],
    ['app', undefined, 'the name of the app'],
    ['app', 'my app', 'the name of the app'],
    ['apiKey', undefined, 'a secret'],
    ['apiKey', '', 'a secret'],
    ['sendKeyAs', 'query', 'header or bearer'],
    ['recordIdField', undefined, 'a custom text field'],
    ['recordIdField', 'Dynamics id', 'a custom text field'],
    ['optInReason', '', 'a sentence'],
    ['optOutReason', 5, 'a sentence'],
  ],
};

export const badTargets: readonly BadCase[] = [keap].flatMap(({ platform, good, bad }) =>
  bad.map(([key, value, mend]): BadCase => {
    const what = value === undefined ? 'left out' : JSON.stringify(value);
    return {
      name: `targets[0].${key} of ${platform}: ${what}`,
      yaml: changed([['targets', 0], { name: 'main', platform, ...good, [key]: value }]),
      env: baseEnv,
      expect: [{ path: `targets[0].${key}`, mend }],
    };
  }),
);
