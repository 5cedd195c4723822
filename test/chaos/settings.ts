/** The configuration of the workers, and how its mapping reads a CRM row: the second half is for the model. */
import { writeFile } from 'node:fs/promises';
import type { ModelRow } from '../model/chaos-model.ts';
import type { ChaosWorld } from './simulators.ts';

export const hashKey = 'chaos-chaos-chaos-chaos-chaos-chaos-chaos-chaos';

/** Seconds. */
export const leaseSeconds = 6;
export const callTimeoutSeconds = 1;
export const lateEffectSeconds = 3;

export const permissionColumns = {
  Newsletter: 'new_newsletter',
  'Product news': 'new_productnews',
  Events: 'new_events',
} as const;
export type Permission = keyof typeof permissionColumns;

/** Every table fills the same properties: an owner of another table leaves nothing of the former one behind. */
export const fieldColumns: Record<string, Record<string, string>> = {
  contact: { firstName: 'firstname', lastName: 'lastname', jobTitle: 'jobtitle', city: 'address1_city' },
  lead: { firstName: 'firstname', lastName: 'lastname', jobTitle: 'jobtitle', city: 'address1_city' },
  account: { firstName: 'accountnumber', lastName: 'name', jobTitle: 'websiteurl', city: 'address1_city' },
};

export const anonymizeWhenInactive = { contact: true, lead: false, account: false };

export interface Setup {
  readonly world: ChaosWorld;
  /** Each target's part of it. */
  readonly targets: readonly Readonly<Record<string, unknown>>[];
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
}

/** JSON is YAML. */
export async function writeConfiguration(file: string, setup: Setup): Promise<void> {
  const { dataverse, entra } = setup.world;
  const tables = Object.fromEntries(
    Object.entries(fieldColumns).map(([table, columns]) => [
      table,
      {
        email: 'emailaddress1',
        fields: { ...columns, customerType: { table: true }, source: { value: 'CRM' } },
        permissions: permissionColumns,
      },
    ]),
  );
  const settings = {
    dataverse: {
      url: dataverse.url,
      auth: { authority: entra.authority, clientId: dataverse.clientId, clientSecret: dataverse.clientSecret },
      pollSeconds: 1,
      callTimeoutSeconds: 2,
      pageSize: 250,
    },
    tables,
    rules: { anonymizeContactWhenInactive: anonymizeWhenInactive },
    targets: setup.targets,
    // Above its volume: the brake has a fault run of its own.
    brake: { maxCount: 1_000_000, maxPercent: 100, minCount: 1_000_000, maxExplicitPerHour: 1_000_000 },
    marketingJobs: { pollSeconds: 1 },
    // Small enough that a batch gets through between two faults, and a kill finds all stages of many.
    worker: { leaseSeconds, sweepSeconds: 1, concurrency: 4, batchSize: 200 },
    storage: {
      databaseUrl: setup.databaseUrl,
      ...(setup.redisUrl === undefined ? {} : { redisUrl: setup.redisUrl }),
      dataDir: setup.dataDir,
    },
    privacy: { hashKey },
    server: { port: 0 },
    log: { level: 'info' },
  };
  await writeFile(file, JSON.stringify(settings, null, 2), { mode: 0o600 });
}

export type CrmValues = Readonly<Record<string, unknown>>;

const states: Record<string, readonly string[]> = {
  contact: ['active', 'inactive'],
  account: ['active', 'inactive'],
  lead: ['active', 'qualified', 'disqualified'],
};

export function modelRow(table: string, id: string, values: CrmValues): ModelRow {
  const text = (column: string): string | null => {
    const value = values[column];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return {
    name: `${table}/${id}`,
    table,
    id,
    email: text('emailaddress1'),
    doNotEmail: values.donotemail === true,
    doNotBulkEmail: values.donotbulkemail === true,
    state: states[table]?.[Number(values.statecode)] ?? 'active',
    merged: values.merged === true,
    createdOn: text('createdon') ?? '',
    fields: {
      ...Object.fromEntries(Object.entries(fieldColumns[table] ?? {}).map(([name, column]) => [name, text(column)])),
      customerType: table,
      source: 'CRM',
    },
    permissions: Object.fromEntries(
      Object.entries(permissionColumns).map(([name, column]) => [name, values[column] === true]),
    ),
  };
}
