/** A configuration without mistakes, and how the tests spoil one place of it. */
import { stringify } from 'yaml';
import { type ParseOptions, parseSettings } from '../../../config/load.ts';
import type { Settings } from '../../../config/settings.ts';
import { platforms } from '../../../src/platforms/registry.ts';

export const platformSchemas = Object.fromEntries(
  Object.entries(platforms).map(([name, { schema }]) => [name, schema]),
);

export const baseEnv: Readonly<Record<string, string>> = {
  DATAVERSE_CLIENT_SECRET: 'dataverse-secret-7f3a',
  SPOTLER_KEY: 'spotler-key-0b1c',
  SPOTLER_SECRET: 'spotler-secret-9d2e',
  CONNECTOR_HASH_KEY: 'hash-key-0123456789abcdef0123456789abcdef',
  CONNECTOR_ADMIN_TOKEN: 'admin-token-0123456789',
};

export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };
export type At = readonly (string | number)[];

const base = {
  dataverse: {
    url: 'https://contoso.crm4.dynamics.com',
    auth: {
      authority: 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000',
      clientId: '11111111-1111-1111-1111-111111111111',
      clientSecret: `\${DATAVERSE_CLIENT_SECRET}`,
    },
  },
  tables: {
    contact: {
      email: 'emailaddress1',
      fields: { firstName: 'firstname' },
      permissions: { Newsletter: 'new_newsletter' },
    },
    lead: { email: 'emailaddress1' },
  },
  targets: [
    {
      name: 'main',
      platform: 'spotler',
      baseUrl: 'https://restapi.mailplus.nl/integrationservice',
      consumerKey: `\${SPOTLER_KEY}`,
      consumerSecret: `\${SPOTLER_SECRET}`,
    },
  ],
  storage: { databaseUrl: `\${DATABASE_URL}`, redisUrl: `\${REDIS_URL}` },
  privacy: { hashKey: `\${CONNECTOR_HASH_KEY}` },
  server: {
    adminToken: `\${CONNECTOR_ADMIN_TOKEN}`,
    webhook: { url: 'https://connector.example/hooks/dataverse', secret: 'webhook-secret-0123456789' },
  },
  alarms: { webhook: { url: 'https://alarms.example/in?key=1', secret: 'alarm-secret-0123456789' } },
} as const satisfies Json;

/** The base with values put in places; undefined takes the key out. Groups and list entries on the way are made. */
export function changed(...changes: readonly (readonly [At, Json])[]): string {
  const copy: unknown = structuredClone(base);
  for (const [at, value] of changes) put(copy as Record<string, unknown>, at, value);
  return stringify(copy);
}

function put(group: Record<string | number, unknown>, [part, ...rest]: At, value: Json): void {
  if (part === undefined) throw new Error('a change needs a place');
  if (rest.length > 0) {
    group[part] ??= typeof rest[0] === 'number' ? [] : {};
    put(group[part] as Record<string | number, unknown>, rest, value);
  } else if (value === undefined) {
    delete group[part];
  } else {
    group[part] = structuredClone(value);
  }
}

export function read(yaml: string, options: Partial<ParseOptions> = {}): Settings {
  return parseSettings(yaml, {
    env: baseEnv,
    platformSchemas,
    directory: '/etc/connector',
    readSecretFile: () => {
      throw new Error('there is no file');
    },
    ...options,
  });
}
