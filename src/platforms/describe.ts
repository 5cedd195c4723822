/**
 * What every platform can and cannot do, as a page for people: docs/platforms.md. Made from the capabilities that the
 * adapters declare, so the page, `connector check` and what the core does cannot disagree. Opens no connection.
 */
import { unlimitedPace } from '../http/pace.ts';
import type { PlatformContext } from './context.ts';
import type { Capabilities } from './platform.ts';
import { platforms } from './registry.ts';

interface Described {
  readonly title: string;
  readonly platform: string;
  /** Settings without which the adapter cannot be made; nothing is sent anywhere. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly permission?: string;
}

const key = 'a-key-that-is-never-sent';

/** Where a setting decides what can be done, a row each. */
const described: readonly Described[] = [
  {
    title: 'Spotler',
    platform: 'spotler',
    settings: { baseUrl: 'https://restapi.mailplus.nl/integrationservice', consumerKey: key, consumerSecret: key },
  },
  {
    title: 'Mailjet',
    platform: 'mailjet',
    settings: { baseUrl: 'https://api.mailjet.com', publicKey: key, secretKey: key },
  },
  {
    title: 'Keap',
    platform: 'keap',
    settings: { baseUrl: 'https://api.keap.com/crm/rest/v2', app: 'ab123', apiKey: key, recordIdField: 'dynamicsid' },
  },
  ...(['permanent', 'soft', 'blank'] as const).map((eraseMode) => ({
    title: `BoldDesk, \`eraseMode: ${eraseMode}\``,
    platform: 'bolddesk',
    settings: { baseUrl: 'https://desk.bolddesk.com/api/v1', apiKey: key, eraseMode },
    permission: 'cf_newsletter',
  })),
  {
    title: 'BoldDesk, no checkbox mapped',
    platform: 'bolddesk',
    settings: { baseUrl: 'https://desk.bolddesk.com/api/v1', apiKey: key },
  },
  {
    title: 'Dialog Insight, one project',
    platform: 'dialoginsight',
    settings: {
      ...{ baseUrl: 'https://app.mydialoginsight.com/webservices/ofc4', keyId: 1, apiKey: key },
      ...{ project: 1, recordIdField: 'D365Id' },
    },
  },
  {
    title: 'Dialog Insight, several projects',
    platform: 'dialoginsight',
    settings: {
      ...{ baseUrl: 'https://app.mydialoginsight.com/webservices/ofc4', keyId: 1, apiKey: key },
      ...{ project: 1, otherProjects: [2], recordIdField: 'D365Id' },
    },
  },
];

function capabilitiesOf({ platform, settings, permission }: Described): Capabilities {
  const kind = platforms[platform];
  if (!kind) throw new Error(`there is no platform ${platform}`);
  const ignore = (): void => undefined;
  const permissions = permission === undefined ? {} : { [permission]: 'column' };
  const context: PlatformContext = {
    identity: 'address',
    tables: { contact: { email: 'emailaddress1', fields: {}, permissions, whenOutOfScope: 'resetPermissions' } },
    pace: unlimitedPace,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore, trace: ignore } as never,
    timeoutMs: 1000,
    now: Date.now,
    nonce: () => '',
  };
  const open = kind.create(kind.schema.parse(settings), context);
  open.close();
  return open.capabilities;
}

const modes: Readonly<Record<Capabilities['erase']['mode'], string>> = {
  anonymize: 'anonymized in place',
  delete: 'deleted',
  softDelete: 'hidden only: reported as *not erased*',
  blank: 'overwritten',
};

const days = (value: number | undefined): string => (value === undefined ? 'not said' : `${value} days`);

const columns: readonly (readonly [string, (found: Capabilities) => string])[] = [
  ['erased people are', ({ erase }) => modes[erase.mode]],
  ['last copy purged within', ({ erase }) => days(erase.purgeDays)],
  ['vendor backups', ({ erase }) => days(erase.vendorBackupDays)],
  [
    'permission reset',
    ({ permissionReset }) =>
      ({ native: 'yes', field: 'by mapped checkboxes', unsupported: 'no: the record is parked' })[permissionReset],
  ],
  ['while the brake holds somebody', ({ pauseReversible }) => (pauseReversible ? 'not mailed' : 'may still be mailed')],
  ['a new address', ({ addressMutable }) => (addressMutable ? 'in place' : 'new contact, old one erased')],
  ['people a call', ({ bulkSize }) => bulkSize.toLocaleString('en')],
  ['refuses erased people itself', ({ blocksReimport }) => (blocksReimport ? 'yes' : 'no')],
];

/** The whole page, as Markdown. */
export function platformsPage(): string {
  const rows = described.map((one) => ({ ...one, found: capabilitiesOf(one) }));
  const table = [
    ['platform', ...columns.map(([title]) => title)],
    ['---', ...columns.map(() => '---')],
    ...rows.map(({ title, found }) => [title, ...columns.map(([, cell]) => cell(found))]),
  ].map((cells) => `| ${cells.join(' | ')} |`);
  const sections = rows.flatMap(({ title, found }) => [
    `### ${title}`,
    '',
    ...found.sideEffects.map((sentence) => `- ${sentence}`),
    ...(found.manualSteps ?? []).map((sentence) => `- **By hand, after an erasure:** ${sentence}`),
    '',
  ]);
  const links = Object.keys(platforms)
    .sort()
    .map((name) => `[${name}](../src/platforms/${name}/README.md)`)
    .join(', ');
  return `<!-- Written by \`npm run generate\` from what the adapters declare. -->
# Platforms

What each platform can do, and what it cannot. \`connector check\` prints the same for the targets of your configuration;
\`connector explain\` and the result of a Marketing Job say what it means for a person. Setting an account up, every action
call by call, and where each fact comes from: ${links}.

No platform keeps an erased person out by itself: the connector's suppression list is checked before everybody is created,
on every target.

${table.join('\n')}

What the vendor does not say is marked so and is promised nowhere.

## What to know

${sections.join('\n').trimEnd()}
`;
}
