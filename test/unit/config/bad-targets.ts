/** Bad targets of each platform but the one that the base configuration has: for each key of its own at least one. */
import type { BadCase } from './bad-cases.ts';
import { baseEnv, changed, type Json } from './base.ts';

interface Kind {
  readonly platform: string;
  /** Settings without a mistake. */
  readonly good: Readonly<Record<string, Json>>;
  /** Key, its bad value (undefined: left out), part of the mend, and the place below the key where that is not the key. */
  readonly bad: readonly (readonly [string, Json, string, string?])[];
}

const bolddesk: Kind = {
  platform: 'bolddesk',
  good: { baseUrl: 'https://acme.bolddesk.com/api/v1', apiKey: 'bolddesk-key-77aa' },
  bad: [
    ['baseUrl', undefined, 'https://<domain>.bolddesk.com/api/v1'],
    ['baseUrl', 'https://acme.bolddesk.com', 'https://<domain>.bolddesk.com/api/v1'],
    ['baseUrl', 'http://acme.bolddesk.com/api/v1', 'an https address'],
    ['apiKey', undefined, 'a secret'],
    ['apiKey', '', 'a secret'],
    ['eraseMode', 'hard', 'permanent, soft or blank'],
    ['allowTicketLoss', 'yes', 'true or false'],
    ['deletedView', '', 'the name of a view'],
    ['blankDomain', '@erased', 'a domain that receives no mail'],
    ['clearWith', 'blank', 'null or empty'],
    ['writeRecordId', 1, 'true or false'],
  ],
};

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

const dialogInsight: Kind = {
  platform: 'dialoginsight',
  good: {
    baseUrl: 'https://app.dialoginsight.com/webservices/ofc4',
    keyId: 5335,
    apiKey: 'dialog-key-77ab',
    project: 123456,
    recordIdField: 'D365Id',
  },
  bad: [
    ['baseUrl', undefined, 'https://<host>/webservices/ofc4'],
    ['baseUrl', 'https://app.dialoginsight.com', 'https://<host>/webservices/ofc4'],
    ['baseUrl', 'http://app.dialoginsight.com/webservices/ofc4', 'an https address'],
    ['keyId', undefined, 'a whole number'],
    ['keyId', 'five', 'a whole number'],
    ['apiKey', undefined, 'a secret'],
    ['apiKey', '', 'a secret'],
    ['project', undefined, 'the number of a project'],
    ['project', 0, 'the number of a project'],
    ['otherProjects', 123457, 'a list of project numbers'],
    ['otherProjects', [0], 'the number of a project', '[0]'],
    ['unifiedProject', 'all', 'the number of a project'],
    ['emailField', 'f_EMail', 'without a prefix'],
    ['recordIdField', undefined, 'a text field'],
    ['recordIdField', 'optin_D365Id', 'a text field'],
    ['clearWith', 'blank', 'empty or null'],
    ['recordsPerCall', 1001, 'from 1 to 1000'],
    ['killFile', 'always', 'byHand or unused'],
  ],
};

const mailjet: Kind = {
  platform: 'mailjet',
  good: { publicKey: 'mailjet-key-31d2', secretKey: 'mailjet-secret-9e0b' },
  bad: [
    ['baseUrl', 'https://api.mailjet.com/v3', 'https://<host>'],
    ['baseUrl', 'http://api.mailjet.com', 'an https address'],
    ['publicKey', undefined, 'an API key'],
    ['publicKey', 'two words', 'an API key'],
    ['secretKey', undefined, 'a secret'],
    ['secretKey', '', 'a secret'],
    ['lowerListsBy', 'addforce', 'remove or unsub'],
    ['bulkFrom', 0, 'from 1 to 1000'],
    ['jobWaitSeconds', 91, 'from 1 to 90'],
  ],
};

export const badTargets: readonly BadCase[] = [bolddesk, keap, dialogInsight, mailjet].flatMap(
  ({ platform, good, bad }) =>
    bad.map(([key, value, mend, below = '']): BadCase => {
      const what = value === undefined ? 'left out' : JSON.stringify(value);
      return {
        name: `targets[0].${key} of ${platform}: ${what}`,
        yaml: changed([['targets', 0], { name: 'main', platform, ...good, [key]: value }]),
        env: baseEnv,
        expect: [{ path: `targets[0].${key}${below}`, mend }],
      };
    }),
);
