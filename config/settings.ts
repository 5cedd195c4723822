/**
 * What a configuration file means after it was read, checked and resolved: defaults filled in, `${NAME}` replaced,
 * per-target tables merged over the general ones. `load.ts` produces it; everything else only reads it.
 */
import type { JobLanguage, Personal, TableName, TargetName } from './words.ts';

/** A secret prints as a mask, like a person's data. */
export type Secret = Personal<string>;

/** One level deep at most: a column of the row, of a row it points to, a constant, or the table's name. */
export type FieldSource =
  | {
      readonly kind: 'column';
      readonly column: string;
      readonly as: 'value' | 'label';
      readonly map?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'lookup';
      readonly lookup: string;
      readonly column: string;
      readonly as: 'value' | 'label';
      readonly map?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'table' }
  | { readonly kind: 'constant'; readonly value: string | number | boolean };

export type WhenOutOfScope = 'resetPermissions' | 'anonymize' | 'ignore';

/** A column that every synchronised table has, and the value that matters. */
export interface ColumnCondition {
  readonly column: string;
  readonly equals: string | number | boolean | null;
}

export interface TableSettings {
  /** Column that holds the address. */
  readonly email: string;
  /** Platform property → source. */
  readonly fields: Readonly<Record<string, FieldSource>>;
  /** Platform permission → boolean column. */
  readonly permissions: Readonly<Record<string, string>>;
  readonly only?: ColumnCondition;
  readonly whenOutOfScope: WhenOutOfScope;
}

export type TableMap<T> = { readonly [table in TableName]?: T };

export type DataverseAuth =
  | { readonly kind: 'secret'; readonly authority: string; readonly clientId: string; readonly clientSecret: Secret }
  | {
      readonly kind: 'certificate';
      readonly authority: string;
      readonly clientId: string;
      readonly privateKeyFile: string;
      readonly thumbprintSha256: string;
    }
  | { readonly kind: 'managedIdentity'; readonly clientId?: string };

/** Whom a target takes on; both left empty, nobody. */
export interface PilotSettings {
  /** `table/guid`, in lower case. */
  readonly records: readonly string[];
  readonly when?: ColumnCondition;
}

export interface TargetSettings {
  readonly name: TargetName;
  /** A key of the platform registry. */
  readonly platform: string;
  readonly identity: 'address' | 'record';
  readonly adoptExisting: boolean;
  readonly requestsPerSecond: number;
  /** Seconds one HTTP call may take, body included. */
  readonly callTimeoutSeconds: number;
  /** Seconds after which a request that was cut off can no longer take effect. Default 2 × callTimeoutSeconds. */
  readonly lateEffectSeconds: number;
  /** Whether the platform is asked after each erasure if the person is still there. */
  readonly verifyErasures: boolean;
  /** Decides, and sends nothing. */
  readonly dryRun?: boolean;
  readonly pilot?: PilotSettings;
  /** The general tables with this target's overrides merged in; only tables that are synchronised. */
  readonly tables: TableMap<TableSettings>;
  /** The platform's own settings (base URL, credentials), checked by its own schema. */
  readonly platformSettings: unknown;
}

export interface MarketingJobSettings {
  /** Logical name of the table. */
  readonly table: string;
  /** Entity set name. */
  readonly set: string;
  readonly pollSeconds: number;
  /** Of the results that CRM users read. */
  readonly language: JobLanguage;
  readonly columns: {
    readonly id: string;
    readonly name: string;
    readonly operation: string;
    readonly customer: string;
    readonly lead: string;
    readonly status: string;
    readonly resultCode: string;
    readonly resultDetail: string;
    readonly completedOn: string;
    readonly recordId: string;
    readonly recordTable: string;
  };
  readonly options: {
    readonly anonymizeContact: number;
    readonly syncContact: number;
    readonly pending: number;
    readonly inProgress: number;
    readonly succeeded: number;
    readonly failed: number;
  };
}

export interface WebhookSettings {
  /** Where Dataverse sends to, from its point of view. */
  readonly url: string;
  /** What it sends in the header `webhookSecretHeader`. */
  readonly secret: Secret;
}

export interface Settings {
  readonly dataverse: {
    /** Origin without a trailing slash. */
    readonly url: string;
    readonly apiVersion: string;
    readonly auth: DataverseAuth;
    /** Rows a page of the change feed, 1 to 5000. */
    readonly pageSize: number;
    readonly pollSeconds: number;
    readonly callTimeoutSeconds: number;
  };
  readonly tables: TableMap<TableSettings>;
  readonly rules: { readonly anonymizeContactWhenInactive: Readonly<Record<TableName, boolean>> };
  readonly targets: readonly TargetSettings[];
  readonly brake: {
    readonly maxCount: number;
    readonly maxPercent: number;
    readonly minCount: number;
    readonly windowHours: number;
    readonly maxExplicitPerHour: number;
  };
  readonly suppression: { readonly afterErasure: boolean; readonly liftWhen?: ColumnCondition };
  readonly erasure: { readonly blockWhen?: ColumnCondition };
  /** Undefined when marketing jobs are switched off (`marketingJobs: false`). */
  readonly marketingJobs?: MarketingJobSettings;
  /** Undefined when nothing is written to the records' timelines. */
  readonly notes?: {
    readonly for: 'exceptions' | 'everybody';
    /** Notes written in a minute at most. */
    readonly perMinute: number;
  };
  readonly reconcile: { readonly cron: string };
  /** Undefined when nothing is audited by schedule. */
  readonly audit?: {
    readonly cron: string;
    /** Records of each table. */
    readonly sample: number;
    /** The part of each target's requestsPerSecond that an audit may use, above 0 and at most 1. */
    readonly share: number;
  };
  readonly retention: { readonly evidenceDays: number; readonly goneDays: number; readonly jobDays: number };
  readonly worker: {
    /** Seconds a claim lasts unless renewed. */
    readonly leaseSeconds: number;
    readonly sweepSeconds: number;
    /** Batches of one target that run at once in a process. */
    readonly concurrency: number;
    /** Records a batch takes at most: enough for full bulk reads and calls, few enough to be read and held at once. */
    readonly batchSize: number;
  };
  readonly storage: { readonly databaseUrl?: Secret; readonly redisUrl?: Secret; readonly dataDir: string };
  readonly privacy: { readonly hashKey: Secret; readonly previousHashKeys: readonly Secret[] };
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly adminToken?: Secret;
    /** Undefined when Dynamics is not to tell of changes. */
    readonly webhook?: WebhookSettings;
  };
  readonly alarms: { readonly webhook?: { readonly url: Secret; readonly secret: Secret } };
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' };
}
