/** A Mailjet account made of nock expectations: a call that no test announced fails, and so does one that never came. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import nock from 'nock';
import pino from 'pino';
import type { TableSettings } from '../../../../config/settings.ts';
import { Personal, parseRecordId, type RecordId } from '../../../../config/words.ts';
import { ConnectorError } from '../../../../src/http/errors.ts';
import { unlimitedPace } from '../../../../src/http/pace.ts';
import type { OpenPlatform, PlatformContext } from '../../../../src/platforms/context.ts';
import type { Outcome, UpsertItem } from '../../../../src/platforms/platform.ts';
import { platforms } from '../../../../src/platforms/registry.ts';

// Each test file has a nock of its own over the one real `http`, active from its import on: what is left active would
// answer the next file of the same process.
nock.restore();

export const origin = 'https://mailjet.example';
export const rest = '/v3/REST';
export const signal = new AbortController().signal;
export const address = 'jan+x@person.example';
export const byPath = `${rest}/contact/${encodeURIComponent(address)}`;
export const byFilter = `${rest}/contact?Email=${encodeURIComponent(address)}&Limit=1000`;

export const properties = [
  { ID: 1, Name: 'firstname', Datatype: 'str', NameSpace: 'static' },
  { ID: 2, Name: 'children', Datatype: 'int', NameSpace: 'static' },
  { ID: 3, Name: 'birthday', Datatype: 'datetime', NameSpace: 'static' },
  { ID: 4, Name: 'visits', Datatype: 'int', NameSpace: 'historic' },
];

export const lists = [
  { ID: 11, Name: 'News', IsDeleted: false },
  { ID: 12, Name: 'Offers', IsDeleted: false },
  { ID: 13, Name: 'Offers', IsDeleted: true },
];

export const table: TableSettings = {
  email: 'emailaddress1',
  fields: {
    firstname: { kind: 'column', column: 'firstname', as: 'value' },
    children: { kind: 'column', column: 'numberofchildren', as: 'value' },
    Name: { kind: 'column', column: 'fullname', as: 'value' },
  },
  permissions: { marketing: 'new_marketing', News: 'new_news', Offers: 'new_offers' },
  whenOutOfScope: 'resetPermissions',
};

export function guid(number: number): RecordId {
  return parseRecordId(`${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`)!;
}

export const own = guid(1);

const opened: OpenPlatform[] = [];

export function open(context: Partial<PlatformContext> = {}, settings: Record<string, unknown> = {}): OpenPlatform {
  const adapter = platforms.mailjet!.create(
    { baseUrl: origin, publicKey: 'public', secretKey: 'hidden', ...settings },
    {
      identity: 'address',
      tables: { contact: table },
      pace: unlimitedPace,
      logger: pino({ level: 'silent' }),
      timeoutMs: 2_000,
      now: () => 1_767_225_600_000,
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
    fields: new Personal({ firstname: 'Jan' }),
    permissionsOnCreate: { marketing: true, News: true, Offers: false },
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...more,
  };
}

/** Somebody else, with an address and an id of their own. */
export function person(number: number, more: Partial<UpsertItem> = {}): UpsertItem {
  const email = new Personal(`p${number}@person.example`);
  return item({
    contactKey: guid(number),
    ref: { contactKeys: [guid(number)], recordIds: [guid(number)], address: email },
    address: email,
    fields: new Personal({ firstname: `P${number}` }),
    ...more,
  });
}

export async function write(one: UpsertItem, adapter = open()): Promise<Outcome> {
  const [outcome] = await adapter.upsert([one], signal);
  return outcome!;
}

type Body = Record<string, unknown>;

function isEmpty(sent: unknown): boolean {
  return !sent || Object.keys(sent).length === 0;
}

/** Announces one call and its answer. `body` is compared as a whole; leave it out for calls without one. */
export function answers(method: string, path: string, status: number, reply?: unknown, body?: Body): void {
  nock(origin)
    .intercept(path, method.toUpperCase(), (body as nock.DataMatcherMap) ?? isEmpty)
    .basicAuth({ user: 'public', pass: 'hidden' })
    .reply(status, reply as nock.Body, { 'x-mj-request-guid': 'guid-1' });
}

export const of = (...data: readonly unknown[]) => ({ Count: data.length, Data: data, Total: data.length });
export const refusal = (message: unknown, status = 400) => ({
  ErrorInfo: '',
  ErrorMessage: message,
  StatusCode: status,
});
export const missing = refusal('Object not found', 404);

export function contact(ID: number, more: Body = {}) {
  return { ID, Email: address, Name: '', IsExcludedFromCampaigns: false, CreatedAt: '2026-01-01T00:00:00Z', ...more };
}

export function discovers(known: unknown[] = properties, there: unknown[] = lists): void {
  answers('get', `${rest}/contactmetadata?Limit=1000&Offset=0`, 200, of(...known));
  answers('get', `${rest}/contactslist?Limit=1000&Offset=0`, 200, of(...there));
}

/** Nobody has the address: by the path and by the filter. */
export function nobodyThere(): void {
  answers('get', byPath, 404, missing);
  answers('get', byFilter, 200, of());
}

export function writesData(id: number, data: readonly object[], status = 200): void {
  answers('put', `${rest}/contactdata/${id}`, status, status === 200 ? of({ ContactID: id, Data: data }) : '', {
    Data: data,
  });
}

export function excludes(id: number, excluded: boolean, status = 200): void {
  const body = { IsExcludedFromCampaigns: String(excluded) };
  answers('put', `${rest}/contact/${id}`, status, status === 200 ? of(contact(id)) : '', body);
}

/** List id → whether the person unsubscribed. */
export function isOn(id: number, on: Readonly<Record<number, boolean>>): void {
  const memberships = Object.entries(on).map(([ListID, IsUnsub]) => ({
    ListID: Number(ListID),
    IsUnsub,
    IsActive: true,
  }));
  answers('get', `${rest}/contact/${id}/getcontactslists?Limit=1000&Offset=0`, 200, of(...memberships));
}

export function managesLists(id: number, actions: Readonly<Record<number, string>>): void {
  const ContactsLists = Object.entries(actions).map(([ListID, Action]) => ({ ListID: Number(ListID), Action }));
  answers('post', `${rest}/contact/${id}/managecontactslists`, 201, of({ ContactsLists }), { ContactsLists });
}

/** Null: nobody has the id. */
export function reads(id: number, found: object | null = contact(id)): void {
  answers('get', `${rest}/contact/${id}`, found ? 200 : 404, found ? of(found) : missing);
}

export function newest(limit: number, ...contacts: readonly unknown[]): void {
  answers('get', `${rest}/contact?Sort=ID+DESC&Limit=${limit}&Offset=0`, 200, of(...contacts));
}

/** A job, and what is said at each look at it. */
export function job(id: number, body: Body, ...looks: readonly Body[]): void {
  answers('post', `${rest}/contact/managemanycontacts`, 201, of({ JobID: id }), body);
  for (const look of looks) answers('get', `${rest}/contact/managemanycontacts/${id}`, 200, of(look));
}

export const completed = { Status: 'Completed', Error: '', ErrorFile: '' };

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
