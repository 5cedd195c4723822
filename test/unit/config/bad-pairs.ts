/** Bad configurations in which every key is right by itself and two of them are wrong together. */

import type { BadCase } from './bad-cases.ts';
import { type At, baseEnv, changed, type Json } from './base.ts';

type Changes = readonly (readonly [At, Json])[];

function pair(name: string, changes: Changes, ...expect: BadCase['expect']): BadCase {
  return { name, yaml: changed(...changes), env: baseEnv, expect };
}

const certificate = { privateKeyFile: 'key.pem', thumbprintSha256: 'a'.repeat(64) };
const auth = ['dataverse', 'auth'] as const;
const oneWay = 'exactly one of clientSecret, certificate or managedIdentity';

function second(keys: { readonly [key: string]: Json }): Json {
  return { name: 'second', platform: 'spotler', consumerKey: 'another-key', consumerSecret: 'another-secret', ...keys };
}

export const badPairs: readonly BadCase[] = [
  pair('a secret and a certificate', [[[...auth, 'certificate'], certificate]], {
    path: 'dataverse.auth',
    mend: oneWay,
  }),
  pair(
    'a secret and a managed identity',
    [[[...auth, 'managedIdentity'], true]],
    { path: 'dataverse.auth', mend: oneWay },
    { path: 'dataverse.auth.authority', mend: 'left out' },
  ),
  pair('no way to sign in', [[[...auth, 'clientSecret'], undefined]], { path: 'dataverse.auth', mend: oneWay }),
  pair('a secret without an authority', [[[...auth, 'authority'], undefined]], {
    path: 'dataverse.auth.authority',
    mend: 'which clientSecret needs',
  }),
  pair('a certificate without a client id', [[[...auth], { authority: 'https://login.example/tenant', certificate }]], {
    path: 'dataverse.auth.clientId',
    mend: 'which certificate needs',
  }),
  pair(
    'a managed identity with an authority',
    [[[...auth], { authority: 'https://login.example/tenant', managedIdentity: true }]],
    { path: 'dataverse.auth.authority', mend: 'the key left out' },
  ),
  pair('a Dataverse call longer than a lease', [[['dataverse', 'callTimeoutSeconds'], 120]], {
    path: 'dataverse.callTimeoutSeconds',
    mend: 'less than worker.leaseSeconds (120)',
  }),
  pair(
    'a platform call longer than a lease',
    [
      [['targets', 0, 'callTimeoutSeconds'], 90],
      [['worker', 'leaseSeconds'], 80],
    ],
    { path: 'targets[0].callTimeoutSeconds', mend: 'less than worker.leaseSeconds (80)' },
  ),
  pair(
    'a late effect before the end of the call',
    [
      [['targets', 0, 'callTimeoutSeconds'], 20],
      [['targets', 0, 'lateEffectSeconds'], 10],
    ],
    { path: 'targets[0].lateEffectSeconds', mend: 'at least callTimeoutSeconds (20)' },
  ),
  pair('two targets of one name', [[['targets', 1], second({ name: 'Main' })]], {
    path: 'targets[1].name',
    mend: 'a name of its own',
  }),
  pair(
    'two targets on one account',
    [
      [
        ['targets', 1],
        second({
          baseUrl: 'https://restapi.mailplus.nl/integrationservice/',
          consumerKey: `\${SPOTLER_KEY}`,
          consumerSecret: `\${SPOTLER_SECRET}`,
        }),
      ],
    ],
    { path: 'targets[1]', mend: 'one target for each account' },
  ),
  pair(
    'an override of a table that is not synchronised',
    [[['targets', 0, 'tables'], { account: { fields: { organisation: 'name' } } }]],
    {
      path: 'targets[0].tables.account',
      mend: 'tables.account in the file',
    },
  ),
  pair('a table left out that is not there', [[['targets', 0, 'tables'], { account: null }]], {
    path: 'targets[0].tables.account',
    mend: 'tables.account in the file',
  }),
  pair(
    'a scope for a table that is not synchronised',
    [[['targets', 0, 'tables'], { account: { only: { column: 'new_inmarketing', equals: true } } }]],
    {
      path: 'targets[0].tables.account',
      mend: 'tables.account in the file',
    },
  ),
  pair(
    'null for a field that is not there',
    [[['targets', 0, 'tables'], { contact: { fields: { lastName: null } } }]],
    {
      path: 'targets[0].tables.contact.fields.lastName',
      mend: 'one of the entries of tables.contact',
    },
  ),
  pair(
    'null for a permission that is not there',
    [[['targets', 0, 'tables'], { lead: { permissions: { Newsletter: null } } }]],
    {
      path: 'targets[0].tables.lead.permissions.Newsletter',
      mend: 'one of the entries of tables.lead',
    },
  ),
  pair('null for a scope that is not there', [[['targets', 0, 'tables'], { contact: { only: null } }]], {
    path: 'targets[0].tables.contact.only',
    mend: 'tables.contact.only in the file',
  }),
  pair('a target that leaves out every table', [[['targets', 0, 'tables'], { contact: null, lead: null }]], {
    path: 'targets[0].tables',
    mend: 'at least one table that is not null',
  }),
  pair('a permission named like a field', [[['tables', 'contact', 'permissions'], { FirstName: 'new_newsletter' }]], {
    path: 'tables.contact.permissions.FirstName',
    mend: 'the name of a permission',
  }),
  pair(
    'a permission of a target named like a general field',
    [[['targets', 0, 'tables'], { contact: { permissions: { firstName: 'new_events' } } }]],
    {
      path: 'targets[0].tables.contact.permissions.firstName',
      mend: 'the name of a permission',
    },
  ),
  pair(
    'labels that are mapped',
    [[['tables', 'contact', 'fields', 'gender'], { column: 'gendercode', as: 'label', map: { Male: 'M' } }]],
    {
      path: 'tables.contact.fields.gender.map',
      mend: 'either map',
    },
  ),
  pair(
    'labels of a lookup that are mapped, on a target',
    [
      [
        ['targets', 0, 'tables'],
        { lead: { fields: { kind: { lookup: 'customerid', column: 'kind', as: 'label', map: { A: 'B' } } } } },
      ],
    ],
    {
      path: 'targets[0].tables.lead.fields.kind.map',
      mend: 'either map',
    },
  ),
  pair(
    'an inactivity rule for a table that is not synchronised',
    [[['rules', 'anonymizeContactWhenInactive'], { account: true }]],
    {
      path: 'rules.anonymizeContactWhenInactive.account',
      mend: 'tables.account in the file, or false',
    },
  ),
  pair(
    'a brake that lets more pass than it may',
    [
      [['brake', 'minCount'], 20],
      [['brake', 'maxCount'], 10],
    ],
    { path: 'brake.minCount', mend: 'at most brake.maxCount (10)' },
  ),
  pair('a brake whose minimum is above the default maximum', [[['brake', 'minCount'], 501]], {
    path: 'brake.minCount',
    mend: 'at most brake.maxCount (500)',
  }),
  pair('two job columns of one name', [[['marketingJobs', 'columns', 'resultDetail'], 'mkt_resultcode']], {
    path: 'marketingJobs.columns.resultDetail',
    mend: 'another column',
  }),
  pair('two operations of one value', [[['marketingJobs', 'options', 'syncContact'], 140000000]], {
    path: 'marketingJobs.options.syncContact',
    mend: 'another operation',
  }),
  pair('two statuses of one value', [[['marketingJobs', 'options', 'failed'], 140000002]], {
    path: 'marketingJobs.options.failed',
    mend: 'another status',
  }),
  pair('the hash key among the former ones', [[['privacy', 'previousHashKeys'], [`\${CONNECTOR_HASH_KEY}`]]], {
    path: 'privacy.previousHashKeys[0]',
    mend: 'a former key',
  }),
  pair(
    'a former hash key twice',
    [
      [
        ['privacy', 'previousHashKeys'],
        ['a'.repeat(32), 'a'.repeat(32)],
      ],
    ],
    { path: 'privacy.previousHashKeys[1]', mend: 'a former key' },
  ),
  pair('the hash key as the admin token', [[['server', 'adminToken'], `\${CONNECTOR_HASH_KEY}`]], {
    path: 'server.adminToken',
    mend: 'a token of its own',
  }),
  pair(
    'the admin token as the secret of the webhook',
    [[['server', 'webhook', 'secret'], `\${CONNECTOR_ADMIN_TOKEN}`]],
    {
      path: 'server.webhook.secret',
      mend: 'a secret of its own',
    },
  ),
  pair(
    'a server that others can reach without a token',
    [
      [['server', 'host'], '0.0.0.0'],
      [['server', 'adminToken'], undefined],
    ],
    { path: 'server.adminToken', mend: 'because server.host is not loopback' },
  ),
];
