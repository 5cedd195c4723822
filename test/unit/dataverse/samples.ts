/** Settings, rows and errors for tests of the Dataverse room. Touches no network and loads nothing that does. */
import pino from 'pino';
import type { FieldSource, TableSettings } from '../../../config/settings.ts';
import { Personal, parseRecordId, type RecordId, type TargetName } from '../../../config/words.ts';
import type { CrmOptions, CrmSettings } from '../../../src/dataverse/index.ts';

export const url = 'https://contoso.crm4.dynamics.example';
export const login = 'https://login.contoso.example';
export const tenant = '22222222-2222-4222-8222-222222222222';
export const clientId = '11111111-1111-4111-8111-111111111111';
export const base = `${url}/api/data/v9.2/`;

export function tableOf(some: Partial<TableSettings> = {}): TableSettings {
  return { email: 'emailaddress1', fields: {}, permissions: {}, whenOutOfScope: 'resetPermissions', ...some };
}

export function column(name: string, as: 'value' | 'label' = 'value'): FieldSource {
  return { kind: 'column', column: name, as };
}

export function lookup(name: string, pointed: string, as: 'value' | 'label' = 'value'): FieldSource {
  return { kind: 'lookup', lookup: name, column: pointed, as };
}

export const marketingJobs: NonNullable<CrmSettings['marketingJobs']> = {
  table: 'mkt_marketingjob',
  set: 'mkt_marketingjobs',
  language: 'en',
  pollSeconds: 10,
  columns: {
    id: 'mkt_marketingjobid',
    name: 'mkt_name',
    operation: 'mkt_operation',
    customer: 'mkt_customer',
    lead: 'mkt_lead',
    status: 'mkt_status',
    resultCode: 'mkt_resultcode',
    resultDetail: 'mkt_resultdetail',
    completedOn: 'mkt_completedon',
    recordId: 'mkt_recordid',
    recordTable: 'mkt_recordtable',
  },
  options: {
    anonymizeContact: 140000000,
    syncContact: 140000001,
    pending: 140000000,
    inProgress: 140000001,
    succeeded: 140000002,
    failed: 140000003,
  },
};

export function settingsOf(
  tables: CrmSettings['tables'] = { contact: tableOf() },
  some: Partial<CrmSettings> = {},
): CrmSettings {
  return {
    dataverse: {
      url,
      apiVersion: 'v9.2',
      auth: { kind: 'secret', authority: `${login}/${tenant}`, clientId, clientSecret: new Personal('s3cret') },
      pageSize: 1_000,
      pollSeconds: 10,
      callTimeoutSeconds: 5,
    },
    tables,
    targets: [],
    marketingJobs,
    ...some,
  };
}

/** A target that overrides tables; only that matters to this room. */
export function targetOf(tables: CrmSettings['tables']): CrmSettings['targets'][number] {
  return {
    name: 'main' as TargetName,
    platform: 'paper',
    identity: 'address',
    adoptExisting: true,
    requestsPerSecond: 1,
    callTimeoutSeconds: 1,
    lateEffectSeconds: 2,
    verifyErasures: false,
    tables,
    platformSettings: {},
  };
}

export function optionsOf(settings: CrmSettings = settingsOf(), some: Partial<CrmOptions> = {}): CrmOptions {
  return { settings, logger: pino({ level: 'silent' }), now: Date.now, proxyFor: () => '', retryDelayMs: 0, ...some };
}

/** The nth GUID of the tests. */
export function guid(n: number): RecordId {
  return parseRecordId(`60c4e274-0d87-4711-80e5-${n.toString(16).padStart(12, '0')}`)!;
}

export function rowOf(id: RecordId, some: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    '@odata.etag': 'W/"915244"',
    contactid: id,
    emailaddress1: 'jan@person.example',
    statecode: 0,
    donotemail: false,
    donotbulkemail: false,
    merged: false,
    _masterid_value: null,
    createdon: '2024-05-06T07:08:09Z',
    ...some,
  };
}

export function errorBody(code: string, message = 'Contact jan@person.example is wrong.'): unknown {
  return { error: { code, message } };
}

export async function failureOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error as Error & Record<string, unknown>;
  throw new Error('it did not fail');
}

export const signal = new AbortController().signal;
