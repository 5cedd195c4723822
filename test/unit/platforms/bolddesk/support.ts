/** A BoldDesk site made of nock expectations: a call that no test announced fails, and so does one that never came. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import nock from 'nock';
import pino from 'pino';
import type { TableSettings } from '../../../../config/settings.ts';
import { Personal, parseRecordId, type RecordId } from '../../../../config/words.ts';
import { ConnectorError } from '../../../../src/http/errors.ts';
import { unlimitedPace } from '../../../../src/http/pace.ts';
import type { OpenPlatform, PlatformContext } from '../../../../src/platforms/context.ts';
import type { ContactRef, UpsertItem } from '../../../../src/platforms/platform.ts';
import { platforms } from '../../../../src/platforms/registry.ts';

// Each test file has a nock of its own over the one real `http`, active from its import on: what is left active would
// answer the next file of the same process.
nock.restore();

export const origin = 'https://desk.example';
const base = '/api/v1';
export const signal = new AbortController().signal;
export const address = 'jan@person.example';
export const now = Date.parse('2026-01-01T00:00:00Z');

export const table: TableSettings = {
  email: 'emailaddress1',
  fields: {
    contactDisplayName: { kind: 'column', column: 'fullname', as: 'value' },
    contactJobTitle: { kind: 'column', column: 'jobtitle', as: 'value' },
    cf_colour: { kind: 'column', column: 'new_colour', as: 'value' },
  },
  permissions: { cf_newsletter: 'new_newsletter' },
  whenOutOfScope: 'resetPermissions',
};

export function guid(digit: number): RecordId {
  return parseRecordId(`${String(digit).repeat(8)}-0000-4000-8000-000000000000`)!;
}

export const own = guid(1);
export const byId: ContactRef = { contactKeys: [own, 'bolddesk:5', 'elsewhere:9'], recordIds: [own] };
export const byAddress: ContactRef = { contactKeys: [], recordIds: [own], address: new Personal(address) };

const opened: OpenPlatform[] = [];

export function open(settings: Record<string, unknown> = {}, context: Partial<PlatformContext> = {}): OpenPlatform {
  const adapter = platforms.bolddesk!.create(
    { baseUrl: `${origin}${base}`, apiKey: 'hidden', allowTicketLoss: true, ...settings },
    {
      identity: 'address',
      tables: { contact: table },
      pace: unlimitedPace,
      logger: pino({ level: 'silent' }),
      timeoutMs: 2_000,
      now: () => now,
      nonce: () => 'nonce',
      ...context,
    },
  );
  opened.push(adapter);
  return adapter;
}

export function item(more: Partial<UpsertItem> = {}): UpsertItem {
  return {
    contactKey: own,
    ref: { contactKeys: [own], recordIds: [own], address: new Personal(address) },
    address: new Personal(address),
    fields: new Personal({ contactDisplayName: 'Jan', contactJobTitle: null, cf_colour: 'red' }),
    permissionsOnCreate: { cf_newsletter: true },
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...more,
  };
}

/** Written before, and known by BoldDesk's own id. */
export function known(more: Partial<UpsertItem> = {}): UpsertItem {
  return item({ known: true, ref: byId, ...more });
}

type Body = Record<string, unknown>;

function isEmpty(sent: unknown): boolean {
  return !sent || Object.keys(sent).length === 0;
}

/** Announces one call and its answer. `body` is compared as a whole; leave it out for calls without one. */
export function answers(
  method: string,
  path: string,
  status: number,
  reply?: unknown,
  body?: Body,
  headers: Record<string, string> = {},
): void {
  nock(origin, { reqheaders: { 'x-api-key': 'hidden' } })
    .intercept(`${base}${path}`, method, (body as nock.DataMatcherMap) ?? isEmpty)
    .reply(status, reply as nock.Body, headers);
}

export function contact(userId: number, more: Body = {}): Body {
  return {
    userId,
    emailId: address,
    isDeleted: false,
    contactExternalReferenceId: own,
    contactCustomFields: { cf_colour: 'red', cf_newsletter: true },
    ...more,
  };
}

/** An error in BoldDesk's form; its message quotes the person, as such messages do. */
export function refusal(errorType: string, field = '', statusCode = 400): Body {
  return { errors: [{ field, errorMessage: `about ${address}`, errorType }], message: address, statusCode };
}

export const missing = refusal('NotFound', '', 404);

export function reads(key: string | number, found: Body | undefined): void {
  answers('GET', `/contacts/${encodeURIComponent(key)}`, found ? 200 : 404, found ?? missing);
}

export function searches(query: Record<string, string>, result: readonly Body[], page = 1): void {
  nock(origin)
    .get(`${base}/contacts`)
    .query({ Page: String(page), PerPage: '100', RequiresCounts: 'true', ...query })
    .reply(200, { result, count: result.length } as nock.Body);
}

export function hides(id: number, status = 200, reply: unknown = { result: { id, isSuccess: true }, message: 'm' }) {
  answers('DELETE', '/contacts', status, reply, { contactId: [id], isMarkTicketAsSpam: false });
}

export function deletes(id: number, status = 200, reply: unknown = { result: { id, isSuccess: true }, message: 'm' }) {
  answers('DELETE', '/contacts/permanent_delete', status, reply, { contactIdList: [id], isForced: false });
}

export function writes(id: number, fields: Body, status = 200, reply: unknown = { message: 'updated' }): void {
  answers('PUT', `/contacts/${id}`, status, reply, { fields });
}

export async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectorError)) throw new Error('no ConnectorError was thrown', { cause: error });
  return error;
}

export function watchCalls(): void {
  beforeAll(() => nock.activate());
  afterAll(() => nock.restore());
  beforeEach(() => nock.disableNetConnect());
  afterEach(() => {
    for (const adapter of opened.splice(0)) adapter.close();
    const pending = nock.pendingMocks();
    nock.cleanAll();
    nock.enableNetConnect();
    expect(pending).toEqual([]);
  });
}
