/**
 * From a checked draft to `Settings`: defaults that depend on other keys, overrides merged, relative paths made
 * absolute. Call it only when there was no mistake; a part that is missing all the same is a fault of this program.
 */
import { resolve as resolvePath } from 'node:path';
import type { Draft, TargetDraft } from './draft.ts';
import { mergeTables } from './merge.ts';
import type { Section, TargetInput } from './schema.ts';
import type { FieldSourceInput, TableInput } from './schema-tables.ts';
import type {
  DataverseAuth,
  FieldSource,
  MarketingJobSettings,
  PilotSettings,
  Settings,
  TableMap,
  TableSettings,
  TargetSettings,
} from './settings.ts';
import { type TableName, type TargetName, tableNames } from './words.ts';

/** `directory` is where relative paths start: the folder of the configuration file. */
export function resolveSettings(draft: Draft, directory: string): Settings {
  const dataverse = present(draft.dataverse, 'dataverse');
  const marketingJobs = present(draft.marketingJobs, 'marketingJobs');
  const storage = present(draft.storage, 'storage');
  const server = present(draft.server, 'server');
  return {
    dataverse: { ...dataverse, auth: resolveAuth(dataverse.auth, directory) },
    tables: mapTables((table) => draft.tables[table] && resolveTable(draft.tables[table])),
    rules: {
      anonymizeContactWhenInactive: resolveInactive(present(draft.rules, 'rules').anonymizeContactWhenInactive),
    },
    targets: draft.targets.map((target) => resolveTarget(target, draft)),
    brake: present(draft.brake, 'brake'),
    suppression: withoutAbsent(present(draft.suppression, 'suppression')),
    erasure: withoutAbsent(present(draft.erasure, 'erasure')),
    ...(marketingJobs ? { marketingJobs: resolveJobs(marketingJobs) } : {}),
    reconcile: present(draft.reconcile, 'reconcile'),
    ...(draft.notes ? { notes: draft.notes } : {}),
    ...(draft.audit ? { audit: draft.audit } : {}),
    retention: present(draft.retention, 'retention'),
    worker: present(draft.worker, 'worker'),
    storage: { ...storage, dataDir: resolvePath(directory, storage.dataDir) },
    privacy: present(draft.privacy, 'privacy'),
    server,
    alarms: withoutAbsent(present(draft.alarms, 'alarms')),
    log: present(draft.log, 'log'),
  };
}

function resolveAuth(auth: Section<'dataverse'>['auth'], directory: string): DataverseAuth {
  if (auth.managedIdentity) {
    return { kind: 'managedIdentity', ...(auth.clientId === undefined ? {} : { clientId: auth.clientId }) };
  }
  const authority = present(auth.authority, 'dataverse.auth.authority');
  const clientId = present(auth.clientId, 'dataverse.auth.clientId');
  if (auth.clientSecret) return { kind: 'secret', authority, clientId, clientSecret: auth.clientSecret };
  const { privateKeyFile, thumbprintSha256 } = present(auth.certificate, 'dataverse.auth.certificate');
  return {
    kind: 'certificate',
    authority,
    clientId,
    privateKeyFile: resolvePath(directory, privateKeyFile),
    thumbprintSha256,
  };
}

/** A plain `true` means people, so not accounts: those only by name. */
function resolveInactive(setting: Section<'rules'>['anonymizeContactWhenInactive']): Record<TableName, boolean> {
  return typeof setting === 'boolean' ? { contact: setting, lead: setting, account: false } : setting;
}

function resolveTarget({ common, own, index }: TargetDraft, draft: Draft): TargetSettings {
  const target = present(common, `targets[${index}]`);
  return {
    name: target.name as TargetName,
    platform: target.platform,
    identity: target.identity,
    adoptExisting: target.adoptExisting,
    requestsPerSecond: target.requestsPerSecond,
    callTimeoutSeconds: target.callTimeoutSeconds,
    lateEffectSeconds: target.lateEffectSeconds ?? 2 * target.callTimeoutSeconds,
    verifyErasures: target.verifyErasures,
    dryRun: target.dryRun,
    ...(target.pilot ? { pilot: resolvePilot(target.pilot) } : {}),
    tables: mapTables((table) => {
      const general = draft.tables[table];
      const override = target.tables[table];
      return general && override !== null ? resolveTable(mergeTables(general, override)) : undefined;
    }),
    platformSettings: own,
  };
}

function resolvePilot({ records, when }: NonNullable<TargetInput['pilot']>): PilotSettings {
  return { records: records.map((record) => record.toLowerCase()), ...(when ? { when } : {}) };
}

function resolveTable({ fields, only, ...rest }: TableInput): TableSettings {
  const sources = Object.entries(fields).map(([name, source]) => [name, resolveSource(source)] as const);
  return { ...rest, fields: Object.fromEntries(sources), ...(only ? { only } : {}) };
}

function resolveSource(source: FieldSourceInput): FieldSource {
  if (typeof source === 'string') return { kind: 'column', column: source, as: 'value' };
  if ('table' in source) return { kind: 'table' };
  if ('value' in source) return { kind: 'constant', value: source.value };
  const { map, ...rest } = source;
  const mapped = map === undefined ? {} : { map };
  return 'lookup' in rest ? { kind: 'lookup', ...rest, ...mapped } : { kind: 'column', ...rest, ...mapped };
}

function resolveJobs(jobs: Exclude<Section<'marketingJobs'>, false>): MarketingJobSettings {
  return {
    ...jobs,
    set: jobs.set ?? `${jobs.table}s`,
    columns: { ...jobs.columns, id: jobs.columns.id ?? `${jobs.table}id` },
  };
}

function mapTables<T>(make: (table: TableName) => T | undefined): TableMap<T> {
  const tables: { [table in TableName]?: T } = {};
  for (const table of tableNames) {
    const made = make(table);
    if (made !== undefined) tables[table] = made;
  }
  return tables;
}

/** Leaves out what is undefined, so that an optional key is either there or not. */
function withoutAbsent<T extends object>(section: T): T {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined)) as T;
}

function present<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new Error(`${path} was not checked before it was resolved`);
  return value;
}
