/**
 * Bad configurations, each with every mistake that must be reported: where it is and how it is mended. For each node
 * of the schema at least one. `badCases` adds those in which two keys are wrong together (bad-pairs.ts).
 */
import { badPairs } from './bad-pairs.ts';
import { badTargets } from './bad-targets.ts';
import { type At, baseEnv, changed, type Json } from './base.ts';

export interface BadCase {
  readonly name: string;
  readonly yaml: string;
  readonly env: Readonly<Record<string, string>>;
  /** All that is reported; `mend` is part of what is expected there. */
  readonly expect: readonly { readonly path: string; readonly mend: string }[];
}

/** One place spoilt, which is also where the mistake is, unless another place is named. */
function spoilt(at: At, value: Json, mend: string, path = write(at)): BadCase {
  const what = value === undefined ? 'left out' : JSON.stringify(value);
  return { name: `${write(at)}: ${what}`, yaml: changed([at, value]), env: baseEnv, expect: [{ path, mend }] };
}

function write(at: At): string {
  return at.reduce<string>(
    (path, part) => (typeof part === 'number' ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`),
    '',
  );
}

const auth = ['dataverse', 'auth'];
const contact = ['tables', 'contact'];
const field = [...contact, 'fields', 'firstName'];
const target = ['targets', 0];
const override = [...target, 'tables', 'contact'];
const jobs = ['marketingJobs'];
const sources = 'a column name, { column }, { lookup, column }, { table: true } or { value }';
const logical = 'a logical name: lower case letters, digits and underscores';

const dataverse: BadCase[] = [
  spoilt(['dataverse'], undefined, 'url and auth'),
  spoilt(['dataverse'], 'https://contoso.crm4.dynamics.com', 'url and auth'),
  spoilt(['dataverse', 'url'], undefined, 'an https address without a path'),
  spoilt(['dataverse', 'url'], 'contoso.crm4.dynamics.com', 'an https address without a path'),
  spoilt(['dataverse', 'url'], 'https://contoso.crm4.dynamics.com/api/data', 'an https address without a path'),
  spoilt(['dataverse', 'url'], 'https://user:word@contoso.crm4.dynamics.com', 'an https address without a path'),
  spoilt(['dataverse', 'url'], 'https://contoso.crm4.dynamics.com?x=1', 'an https address without a path'),
  spoilt(['dataverse', 'url'], 'http://contoso.crm4.dynamics.com', 'an https address without a path'),
  spoilt(['dataverse', 'url'], 'ftp://contoso.crm4.dynamics.com', 'an https address without a path'),
  spoilt(['dataverse', 'apiVersion'], '9.2', 'a version such as v9.2'),
  spoilt(['dataverse', 'pageSize'], 5001, 'a whole number from 1 to 5000'),
  spoilt(['dataverse', 'pageSize'], 0, 'a whole number from 1 to 5000'),
  spoilt(['dataverse', 'pageSize'], 10.5, 'a whole number from 1 to 5000'),
  spoilt(['dataverse', 'pollSeconds'], 0, 'a number from 0.1 to 86400'),
  spoilt(['dataverse', 'callTimeoutSeconds'], 'a minute', 'a number from 0.1 to 600'),
  spoilt(['dataverse', 'pageSiez'], 100, 'did you mean pageSize?'),
  spoilt(auth, undefined, 'one of clientSecret, certificate or managedIdentity'),
  spoilt([...auth, 'authority'], 'https://login.microsoftonline.com', 'https address with the tenant'),
  spoilt([...auth, 'authority'], 'http://login.microsoftonline.com/tenant', 'https address with the tenant'),
  spoilt([...auth, 'clientId'], 'not an id', 'an application id'),
  spoilt([...auth, 'clientSecret'], '', 'a secret'),
  spoilt([...auth, 'clientSecret'], 12345, 'a secret'),
  spoilt([...auth, 'certificate'], 'certificate.pem', '{ privateKeyFile, thumbprintSha256 }'),
  spoilt(
    [...auth, 'certificate'],
    { privateKeyFile: '', thumbprintSha256: 'a'.repeat(64) },
    'the path of a PEM file',
    'dataverse.auth.certificate.privateKeyFile',
  ),
  spoilt(
    [...auth, 'certificate'],
    { privateKeyFile: 'key.pem', thumbprintSha256: 'AB:CD' },
    '64 hexadecimal digits',
    'dataverse.auth.certificate.thumbprintSha256',
  ),
  spoilt([...auth, 'managedIdentity'], false, 'true, or the key left out'),
];

const tables: BadCase[] = [
  spoilt(['tables'], undefined, 'at least one of contact, lead or account'),
  spoilt(['tables'], {}, 'at least one of contact, lead or account'),
  spoilt(['tables'], [], 'at least one of contact, lead or account'),
  spoilt(['tables', 'contacts'], { email: 'emailaddress1' }, 'did you mean contact?'),
  spoilt(contact, 'emailaddress1', 'a group of keys'),
  spoilt([...contact, 'email'], undefined, logical),
  spoilt([...contact, 'email'], 'EMailAddress1', logical),
  spoilt([...contact, 'fields'], ['firstname'], 'pairs of platform property and source'),
  spoilt([...contact, 'fields', ''], 'firstname', 'the name of a platform property', 'tables.contact.fields[""]'),
  spoilt(field, 'First Name', sources),
  spoilt(field, 7, sources),
  spoilt(field, null, sources),
  spoilt(field, {}, logical, 'tables.contact.fields.firstName.column'),
  spoilt(field, { column: 'Gender' }, logical, 'tables.contact.fields.firstName.column'),
  spoilt(field, { lookup: 'parentcustomerid.name', column: 'name' }, logical, 'tables.contact.fields.firstName.lookup'),
  spoilt(field, { column: 'gendercode', as: 'lable' }, 'did you mean label?', 'tables.contact.fields.firstName.as'),
  spoilt(
    field,
    { column: 'gendercode', map: 'M' },
    'pairs of value and translation',
    'tables.contact.fields.firstName.map',
  ),
  spoilt(field, { column: 'gendercode', map: { '1': true } }, 'a text', 'tables.contact.fields.firstName.map["1"]'),
  spoilt(field, { table: false }, 'true', 'tables.contact.fields.firstName.table'),
  spoilt(field, { value: {} }, 'a text, a number, true or false', 'tables.contact.fields.firstName.value'),
  spoilt(
    field,
    { column: 'gendercode', lable: true },
    'lookup, column, as, map, table or value',
    'tables.contact.fields.firstName.lable',
  ),
  spoilt([...contact, 'permissions'], 'Newsletter', 'pairs of platform permission and boolean column'),
  spoilt([...contact, 'permissions', 'Newsletter'], true, logical),
  spoilt(
    [...contact, 'permissions', ''],
    'new_newsletter',
    'the name of a platform permission',
    'tables.contact.permissions[""]',
  ),
  spoilt([...contact, 'only'], 'new_inmarketing', '{ column, equals }'),
  spoilt([...contact, 'only'], { column: 'In Marketing', equals: true }, logical, 'tables.contact.only.column'),
  spoilt(
    [...contact, 'only'],
    { column: 'new_inmarketing' },
    'a text, a number, true, false or null',
    'tables.contact.only.equals',
  ),
  spoilt(
    [...contact, 'only'],
    { column: 'new_inmarketing', equals: [1] },
    'a text, a number, true, false or null',
    'tables.contact.only.equals',
  ),
  spoilt([...contact, 'whenOutOfScope'], 'anonymise', 'did you mean anonymize?'),
];

const rules: BadCase[] = [
  spoilt(['rules'], true, 'a group of keys'),
  spoilt(['rules', 'anonymizeWhenInactive'], true, 'anonymizeContactWhenInactive'),
  spoilt(['rules', 'anonymizeContactWhenInactive'], 'yes', 'true, false or { contact, lead, account }'),
  spoilt(
    ['rules', 'anonymizeContactWhenInactive'],
    { contact: 'on' },
    'true or false',
    'rules.anonymizeContactWhenInactive.contact',
  ),
  spoilt(
    ['rules', 'anonymizeContactWhenInactive'],
    { lead: 1 },
    'true or false',
    'rules.anonymizeContactWhenInactive.lead',
  ),
  spoilt(
    ['rules', 'anonymizeContactWhenInactive'],
    { account: [] },
    'true or false',
    'rules.anonymizeContactWhenInactive.account',
  ),
  spoilt(
    ['rules', 'anonymizeContactWhenInactive'],
    { contacts: true },
    'did you mean contact?',
    'rules.anonymizeContactWhenInactive.contacts',
  ),
];

const targets: BadCase[] = [
  spoilt(['targets'], undefined, 'a list with at least one target'),
  spoilt(['targets'], [], 'a list with at least one target'),
  spoilt(['targets'], { main: {} }, 'a list with at least one target'),
  spoilt(target, 'main', 'a target with name and platform'),
  spoilt([...target, 'name'], undefined, 'up to 40 letters, digits, - or _'),
  spoilt([...target, 'name'], 'my target', 'up to 40 letters, digits, - or _'),
  spoilt([...target, 'platform'], undefined, 'the name of a platform'),
  spoilt([...target, 'platform'], 'spotlr', 'spotler'),
  spoilt([...target, 'identity'], 'email', 'address or record'),
  spoilt([...target, 'adoptExisting'], 'yes', 'true or false'),
  spoilt([...target, 'requestsPerSecond'], 0, 'a number above 0'),
  spoilt([...target, 'requestsPerSecond'], -1, 'a number above 0'),
  spoilt([...target, 'callTimeoutSeconds'], 601, 'a number from 0.1 to 600'),
  spoilt([...target, 'verifyErasures'], 'sometimes', 'true or false'),
  spoilt([...target, 'dryRun'], 'yes', 'true or false'),
  spoilt([...target, 'pilot'], ['contact/1'], '{ records: [contact/<guid>], when: { column, equals } }'),
  spoilt([...target, 'pilot'], { record: [] }, 'did you mean records?', 'targets[0].pilot.record'),
  spoilt([...target, 'pilot', 'records'], 'contact/1', 'a list of records'),
  spoilt([...target, 'pilot', 'records'], ['contact/1'], 'contact/<guid>', 'targets[0].pilot.records[0]'),
  spoilt([...target, 'pilot', 'when'], true, '{ column, equals }'),
  spoilt([...target, 'pilot', 'when'], { column: 'No Column', equals: 1 }, logical, 'targets[0].pilot.when.column'),
  spoilt(
    [...target, 'pilot', 'when'],
    { column: 'new_x' },
    'a text, a number, true, false or null',
    'targets[0].pilot.when.equals',
  ),
  spoilt([...target, 'lateEffectSeconds'], '1 minute', 'a number from 0.1 to 86400'),
  spoilt([...target, 'consumerKye'], 'x', 'did you mean consumerKey?'),
  spoilt([...target, 'identiy'], 'record', 'did you mean identity?'),
  spoilt([...target, 'tables'], [], 'a group of keys'),
  spoilt([...target, 'tables'], { leads: null }, 'did you mean lead?', 'targets[0].tables.leads'),
  spoilt(override, false, 'a group of keys or null'),
  spoilt([...override, 'email'], 'emailaddress2', 'fields, permissions, only or whenOutOfScope'),
  spoilt([...override, 'fields'], 'firstname', 'pairs of platform property and source, or null to remove one'),
  spoilt([...override, 'fields', 'jobTitle'], 'Job Title', `${sources}, or null`),
  spoilt(
    [...override, 'fields', 'jobTitle'],
    { column: 'Job Title' },
    logical,
    'targets[0].tables.contact.fields.jobTitle.column',
  ),
  spoilt([...override, 'permissions'], [], 'pairs of platform permission and column, or null to remove one'),
  spoilt([...override, 'permissions', 'Events'], 'New Events', logical),
  spoilt([...override, 'only'], true, '{ column, equals }, or null to remove it'),
  spoilt([...override, 'only'], { equals: 1 }, logical, 'targets[0].tables.contact.only.column'),
  spoilt(
    [...override, 'only'],
    { column: 'new_inmarketing' },
    'a text, a number, true, false or null',
    'targets[0].tables.contact.only.equals',
  ),
  spoilt([...override, 'whenOutOfScope'], 'reset', 'resetPermissions, anonymize or ignore'),
  spoilt([...target, 'baseUrl'], 'restapi.mailplus.nl', 'https://<host>/integrationservice'),
  spoilt([...target, 'baseUrl'], 'http://restapi.mailplus.nl/integrationservice', 'an https address'),
  spoilt([...target, 'consumerKey'], undefined, 'a'),
  spoilt([...target, 'consumerKey'], '', 'the key'),
  spoilt([...target, 'consumerSecret'], undefined, 'the secret'),
  spoilt([...target, 'consumerSecret'], 5, 'the secret'),
  spoilt([...target, 'clearWith'], 'nothing', 'empty or null'),
];

const guards: BadCase[] = [
  spoilt(['brake'], 500, 'a group of keys'),
  spoilt(['brake', 'maxCount'], -1, 'a whole number from 0 to 1000000'),
  spoilt(['brake', 'maxPercent'], 101, 'a number from 0 to 100'),
  spoilt(['brake', 'minCount'], 0.5, 'a whole number from 0 to 1000000'),
  spoilt(['brake', 'windowHours'], 0, 'a number above 0'),
  spoilt(['brake', 'maxExplicitPerHour'], 'many', 'a whole number from 0 to 1000000'),
  spoilt(['brakes'], {}, 'did you mean brake?'),
  spoilt(['suppression'], true, 'a group of keys'),
  spoilt(['suppression', 'afterErasure'], 'always', 'true or false'),
  spoilt(['suppression', 'liftWhen'], 'new_haspurchased', '{ column, equals }'),
  spoilt(['suppression', 'liftWhen'], { column: 'No Column', equals: true }, logical, 'suppression.liftWhen.column'),
  spoilt(
    ['suppression', 'liftWhen'],
    { column: 'new_haspurchased', equals: [] },
    'a text, a number, true, false or null',
    'suppression.liftWhen.equals',
  ),
  spoilt(['erasure'], 'never', 'a group of keys'),
  spoilt(['erasure', 'blockWhen'], true, '{ column, equals }'),
  spoilt(['erasure', 'blockWhen'], { column: 'No Column', equals: true }, logical, 'erasure.blockWhen.column'),
  spoilt(
    ['erasure', 'blockWhen'],
    { column: 'new_legalhold', equals: [] },
    'a text, a number, true, false or null',
    'erasure.blockWhen.equals',
  ),
  spoilt(['reconcile'], '0 3 * * *', 'a group of keys'),
  spoilt(['reconcile', 'cron'], 'every night', 'a cron expression of five fields'),
  spoilt(['reconcile', 'cron'], '0 25 * * *', 'a cron expression of five fields'),
  spoilt(['reconcile', 'cron'], '', 'a cron expression of five fields'),
  spoilt(['notes'], true, 'for, perMinute'),
  spoilt(['notes', 'for'], 'nobody', 'exceptions or everybody'),
  spoilt(['notes', 'perMinute'], 0, 'a whole number from 1 to 3000'),
  spoilt(['audit'], true, 'cron, sample, share'),
  spoilt(['audit', 'cron'], 'every night', 'a cron expression of five fields'),
  spoilt(['audit', 'sample'], 0, 'a whole number from 1 to 10000000'),
  spoilt(['audit', 'share'], 2, 'a number from 0.01 to 1'),
  spoilt(['retention'], 90, 'a group of keys'),
  spoilt(['retention', 'evidenceDays'], 0, 'a whole number from 1 to 36500'),
  spoilt(['retention', 'goneDays'], 1.5, 'a whole number from 1 to 36500'),
  spoilt(['retention', 'jobDays'], 'forever', 'a whole number from 1 to 36500'),
  spoilt(['worker'], 2, 'a group of keys'),
  spoilt(['worker', 'sweepSeconds'], 0, 'a number from 0.1 to 3600'),
  spoilt(['worker', 'leaseSeconds'], 0, 'a number from 1 to 3600'),
  spoilt(['worker', 'concurrency'], 0, 'a whole number from 1 to 64'),
  spoilt(['worker', 'batchSize'], 2001, 'a whole number from 1 to 2000'),
];

const jobNames: BadCase[] = [
  spoilt(jobs, true, 'false, or the names of an existing table'),
  spoilt([...jobs, 'table'], 'Marketing Job', logical),
  spoilt([...jobs, 'set'], 'Marketing Jobs', logical),
  spoilt([...jobs, 'pollSeconds'], -1, 'a number from 0.1 to 86400'),
  spoilt([...jobs, 'language'], 'dutch', 'en, nl, de or fr'),
  spoilt([...jobs, 'columns'], [], 'a group of keys'),
  ...[
    'id',
    'name',
    'operation',
    'customer',
    'lead',
    'status',
    'resultCode',
    'resultDetail',
    'completedOn',
    'recordId',
    'recordTable',
  ].map((column) => spoilt([...jobs, 'columns', column], 'Not A Column', logical)),
  spoilt([...jobs, 'options'], 'default', 'a group of keys'),
  ...['anonymizeContact', 'syncContact', 'pending', 'inProgress', 'succeeded', 'failed'].map((option) =>
    spoilt([...jobs, 'options', option], 'Succeeded', 'a whole number'),
  ),
  spoilt([...jobs, 'options', 'canceled'], 1, 'anonymizeContact, syncContact'),
];

const webhook = ['server', 'webhook'] as const;
const places: BadCase[] = [
  spoilt(['storage'], './data', 'a group of keys'),
  spoilt(['storage', 'databaseUrl'], 'mysql://host/database', 'postgres://user:password@host:5432/database'),
  spoilt(['storage', 'redisUrl'], 'localhost:6379', 'redis://host:6379'),
  spoilt(['storage', 'dataDir'], '', 'the path of a folder'),
  spoilt(['privacy'], undefined, 'hashKey'),
  spoilt(['privacy', 'hashKey'], 'too-short', 'at least 32 bytes'),
  spoilt(['privacy', 'hashKey'], undefined, 'at least 32 bytes'),
  spoilt(['privacy', 'previousHashKeys'], 'old-key-0123456789abcdef0123456789abcdef', 'a list of secrets'),
  spoilt(['privacy', 'previousHashKeys'], ['short'], 'at least 32 bytes', 'privacy.previousHashKeys[0]'),
  spoilt(['server'], 3000, 'a group of keys'),
  spoilt(['server', 'host'], 'http://localhost', 'a host name or an IP address'),
  spoilt(['server', 'port'], 65_536, 'a whole number from 0 to 65535'),
  spoilt(['server', 'adminToken'], 'short', 'at least 16 bytes'),
  spoilt(['server', 'webhook'], 'https://connector.example/hooks', 'url and secret'),
  spoilt([...webhook, 'url'], 'http://connector.example/hooks', 'an https address with a path'),
  spoilt([...webhook, 'url'], 'https://connector.example', 'an https address with a path'),
  spoilt([...webhook, 'url'], 'https://connector.example:8443/hooks', 'an https address with a path'),
  spoilt([...webhook, 'secret'], 'short', '16 to 256'),
  spoilt([...webhook, 'secret'], 'a secret with blanks in it', '16 to 256'),
  spoilt(['alarms'], 'someone@alarms.example', 'a group of keys'),
  spoilt(['alarms', 'webhook'], 'https://alarms.example/in', 'url and secret'),
  spoilt(['alarms', 'webhook', 'url'], 'http://alarms.example/in', 'https://host/path'),
  spoilt(['alarms', 'webhook', 'secret'], 'short', 'at least 16 bytes'),
  spoilt(['log'], 'info', 'a group of keys'),
  spoilt(['log', 'level'], 'verbose', 'trace, debug, info, warn, error or silent'),
];

const references: BadCase[] = [
  spoilt(['privacy', 'hashKey'], `\${NOT_SET}`, 'NOT_SET set in the environment'),
  spoilt(['server', 'port'], `\${NOT_SET}`, 'NOT_SET set in the environment'),
  spoilt(
    ['storage', 'databaseUrl'],
    `postgres://connector:\${NOT_SET}@host/database`,
    'NOT_SET set in the environment',
  ),
  spoilt(['privacy', 'hashKey'], `\${file:no-such-file}`, 'a readable file with the value at no-such-file'),
  spoilt(['privacy', 'hashKey'], `\${not a name}`, 'for a literal'),
  spoilt(['privacy', 'hashKey'], `\${UNCLOSED`, 'for a literal'),
  {
    name: 'a variable that is empty',
    yaml: changed(),
    env: { ...baseEnv, SPOTLER_KEY: '' },
    expect: [{ path: 'targets[0].consumerKey', mend: 'SPOTLER_KEY set' }],
  },
  {
    name: 'a number from the environment that is none',
    yaml: changed([['server', 'port'], `\${PORT}`]),
    env: { ...baseEnv, PORT: 'http' },
    expect: [{ path: 'server.port', mend: 'a whole number from 0 to 65535' }],
  },
];

const files: BadCase[] = [
  { name: 'an empty file', yaml: '', env: baseEnv, expect: [{ path: '', mend: 'a group of sections' }] },
  {
    name: 'a file that is a list',
    yaml: '- dataverse',
    env: baseEnv,
    expect: [{ path: '', mend: 'a group of sections' }],
  },
  {
    name: 'a key twice',
    yaml: `${changed()}privacy: {}\n`,
    env: baseEnv,
    expect: [{ path: '', mend: 'each key once' }],
  },
  { name: 'a tab', yaml: 'dataverse:\n\turl: x\n', env: baseEnv, expect: [{ path: '', mend: 'spaces' }] },
  {
    name: 'a quote that is not closed',
    yaml: 'log: { level: "info }\n',
    env: baseEnv,
    expect: [{ path: '', mend: 'YAML' }],
  },
  {
    name: 'keys out of line',
    yaml: 'log:\n  level: info\n wrong: x\n',
    env: baseEnv,
    expect: [{ path: '', mend: '' }],
  },
  {
    name: 'two documents',
    yaml: `${changed()}---\nlog: {}\n`,
    env: baseEnv,
    expect: [{ path: '', mend: 'one document' }],
  },
  {
    name: 'an unknown tag',
    yaml: `${changed()}log: !secret x\n`,
    env: baseEnv,
    expect: [{ path: '', mend: 'no tags' }],
  },
  {
    name: 'an alias without an anchor',
    yaml: `${changed()}log: *nowhere\n`,
    env: baseEnv,
    expect: [{ path: '', mend: '' }],
  },
  {
    name: 'mistakes in every corner, all at once',
    yaml: changed(
      [['dataverse', 'url'], 'x'],
      [['tables', 'lead', 'email'], undefined],
      [['brake', 'maxCount'], -1],
      [['targets', 0, 'name'], ''],
      [['log'], { level: 'all' }],
    ),
    env: { ...baseEnv, CONNECTOR_HASH_KEY: 'short' },
    expect: [
      { path: 'dataverse.url', mend: 'an https address' },
      { path: 'tables.lead.email', mend: logical },
      { path: 'targets[0].name', mend: 'letters' },
      { path: 'privacy.hashKey', mend: '32 bytes' },
      { path: 'brake.maxCount', mend: 'from 0' },
      { path: 'log.level', mend: 'info' },
    ],
  },
];

export const badShapes: readonly BadCase[] = [
  ...dataverse,
  ...tables,
  ...rules,
  ...targets,
  ...badTargets,
  ...guards,
  ...jobNames,
  ...places,
  ...references,
  ...files,
];

/** All of them; each ends a command with exit code 2. */
export const badCases: readonly BadCase[] = [...badShapes, ...badPairs];
