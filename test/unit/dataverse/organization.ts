/**
 * A Dataverse organization behind nock for the unit tests: it answers what a test has queued, in order, and writes down
 * what it was asked. A call that nobody queued an answer for fails by name.
 */
import nock from 'nock';
import pino from 'pino';
import type { FieldSource, TableSettings } from '../../../config/settings.ts';
import { Personal, parseRecordId, type RecordId, type TargetName } from '../../../config/words.ts';
import type { CrmOptions, CrmSettings } from '../../../src/dataverse/index.ts';

export const url = 'https://contoso.crm4.dynamics.example';
export const login = 'https://login.contoso.example';
export const tenant = '22222222-2222-4222-8222-222222222222';
export const clientId = '11111111-1111-4111-8111-111111111111';
export const base = `${url}/api/data/v9.2/`;

export interface Call {
  readonly method: string;
  /** As it went over the wire, below `/api/data/v9.2/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

export interface Organization {
  readonly calls: readonly Call[];
  /** Queues answers for the next calls. */
  answer(...answers: (Answer | ((call: Call) => Answer))[]): void;
  /** Answers that nobody asked for. */
  left(): number;
}

export function startOrganization(origin = url): Organization {
  const calls: Call[] = [];
  const queue: (Answer | ((call: Call) => Answer))[] = [];
  async function reply(request: Request): Promise<[number, string, Record<string, string>]> {
    const path = request.url.slice(`${origin}/api/data/v9.2/`.length);
    const headers = Object.fromEntries(request.headers);
    const call = { method: request.method, path, headers, body: await request.text() };
    calls.push(call);
    const next = queue.shift();
    if (next === undefined) throw new Error(`no answer was queued for ${call.method} ${path}`);
    const { status = 200, body, headers: sent = {} } = typeof next === 'function' ? next(call) : next;
    return [status, typeof body === 'string' ? body : JSON.stringify(body), sent];
  }
  for (const method of ['GET', 'PATCH']) nock(origin).persist().intercept(/.*/, method).reply(reply);
  return { calls, answer: (...answers) => void queue.push(...answers), left: () => queue.length };
}

/** Entra ID with one working credential; answers how many tokens it gave. */
export function startLogin(): { readonly tokens: () => number } {
  let given = 0;
  nock(login)
    .persist()
    .get(`/${tenant}/v2.0/.well-known/openid-configuration`)
    .reply(200, {
      issuer: `${login}/${tenant}/v2.0`,
      token_endpoint: `${login}/${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${login}/${tenant}/oauth2/v2.0/authorize`,
      jwks_uri: `${login}/${tenant}/discovery/v2.0/keys`,
    });
  nock(login)
    .persist()
    .post(/\/oauth2\/v2\.0\/token/)
    .reply(() => {
      given += 1;
      return [200, { token_type: 'Bearer', expires_in: 3_599, access_token: `token-${given}` }];
    });
  return { tokens: () => given };
}

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
