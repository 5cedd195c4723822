/** A Keap app made of nock expectations: a call that no test announced fails, and so does one that never came. */
import nock from 'nock';
import pino from 'pino';
import type { TableSettings } from '../../../../config/settings.ts';
import { Personal } from '../../../../config/words.ts';
import { unlimitedPace } from '../../../../src/http/pace.ts';
import type { OpenPlatform, PlatformContext } from '../../../../src/platforms/context.ts';
import type { ContactRef, UpsertItem } from '../../../../src/platforms/platform.ts';
import { platforms } from '../../../../src/platforms/registry.ts';
import { guid, watchEveryCall } from '../nock-calls.ts';

export { failureOf, guid } from '../nock-calls.ts';

export const origin = 'https://keap.example';
const base = '/crm/rest/v2';
export const signal = new AbortController().signal;
export const address = 'jan@person.example';
export const shown = 'fields=id%2Cemail_addresses%2Ccustom_fields%2Cphone_numbers';

export const customFields = [
  { id: '7', field_name: 'dynamicsid', field_type: 'TEXT', record_type: 'CONTACT' },
  { id: '9', field_name: 'colour', field_type: 'TEXT', record_type: 'CONTACT' },
  { id: '11', field_name: 'ofcompanies', field_type: 'TEXT', record_type: 'COMPANY' },
  { id: '12', field_name: 'count', field_type: 'WHOLE_NUMBER', record_type: 'CONTACT' },
];

export const table: TableSettings = {
  email: 'emailaddress1',
  fields: {
    given_name: { kind: 'column', column: 'firstname', as: 'value' },
    colour: { kind: 'column', column: 'new_colour', as: 'value' },
    'phone_numbers.PHONE1': { kind: 'column', column: 'telephone1', as: 'value' },
  },
  permissions: { marketing: 'new_marketing' },
  whenOutOfScope: 'resetPermissions',
};

export const own = guid(1);

const opened: OpenPlatform[] = [];

export function open(context: Partial<PlatformContext> = {}, settings: Record<string, unknown> = {}): OpenPlatform {
  const adapter = platforms.keap!.create(
    { baseUrl: `${origin}${base}`, app: 'ab123', apiKey: 'hidden', recordIdField: 'dynamicsid', ...settings },
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
    fields: new Personal({ given_name: 'Jan' }),
    permissionsOnCreate: { marketing: true },
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...more,
  };
}

/** Written before, and known by Keap's own id. */
export function known(more: Partial<UpsertItem> = {}): UpsertItem {
  const ref: ContactRef = { contactKeys: [own, 'keap:5'], recordIds: [own] };
  return item({ known: true, ref, ...more });
}

type Body = Record<string, unknown>;

function isEmpty(sent: unknown): boolean {
  return !sent || Object.keys(sent).length === 0;
}

/** Announces one call and its answer. `body` is compared as a whole; leave it out for calls without one. */
export function answers(method: string, path: string, status: number, reply?: unknown, body?: Body): void {
  nock(origin, { reqheaders: { 'x-keap-api-key': 'hidden' } })
    .intercept(`${base}${path}`, method.toUpperCase(), (body as nock.DataMatcherMap) ?? isEmpty)
    .reply(status, reply as nock.Body);
}

/** Announces a call with any query and body; what was sent is kept. */
export function listens(method: string, path: string, status: number, reply: unknown): { url: URL; body: Body }[] {
  const sent: { url: URL; body: Body }[] = [];
  nock(origin)
    .intercept((uri: string) => new URL(uri, origin).pathname === `${base}${path}`, method.toUpperCase())
    .reply(async (request: Request) => {
      const text = await request.text();
      sent.push({ url: new URL(request.url), body: text === '' ? {} : (JSON.parse(text) as Body) });
      return [status, reply as nock.Body];
    });
  return sent;
}

export const notFound = { code: 404, message: `nothing about ${address}`, status: 'NOT_FOUND', details: [] };

export function discovers(fields: unknown = customFields): void {
  answers('get', '/contacts/model', 200, { custom_fields: fields, optional_properties: [] });
}

export function searches(condition: string, contacts: readonly unknown[], next?: string): void {
  const [name, value] = condition.split('==') as [string, string];
  nock(origin)
    .get(`${base}/contacts`)
    .query((query) => query.filter === `${name}==${value}` && query.page_token === undefined)
    .reply(200, { contacts, ...(next === undefined ? {} : { next_page_token: next }) } as nock.Body);
}

export function nobodyBy(...ids: readonly string[]): void {
  for (const id of ids) searches(`dynamicsid==${id}`, []);
}

export function reads(id: string, contact: unknown): void {
  listens('get', `/contacts/${id}`, contact ? 200 : 404, contact ?? notFound);
}

export function contact(id: string, email: string | null = address, more: Record<string, unknown> = {}) {
  return {
    id,
    email_addresses: email === null ? [] : [entry(email)],
    custom_fields: [{ id: '7', content: own }],
    ...more,
  };
}

/** As Keap shows an address; with the reason of its opt-in, which must never be sent back. */
export function entry(email: string, field = 'EMAIL1', status = 'SINGLE_OPT_IN') {
  const isOptIn = status === 'SINGLE_OPT_IN';
  return { email, field, is_opt_in: isOptIn, email_opt_status: status, ...(isOptIn ? { opt_in_reason: 'web' } : {}) };
}

export function statusPath(email = address): string {
  return `/emailAddresses/${encodeURIComponent(email)}/status`;
}

export function statusOf(status: string, email = address) {
  const optedIn = status === 'SINGLE_OPT_IN' || status === 'UNENGAGED_MARKETABLE';
  return { email, opted_in: optedIn, status, create_time: '2026-01-01T00:00:00Z' };
}

export const optOut = { opted_in: false, reason: 'No consent according to Dynamics 365' };
export const optIn = { opted_in: true, reason: 'Consent as recorded in Dynamics 365' };

export function optsOut(email = address, after = 'MANUAL'): void {
  answers('patch', statusPath(email), 200, statusOf(after, email), optOut);
}

export function watchCalls(): void {
  watchEveryCall(() => {
    for (const adapter of opened.splice(0)) adapter.close();
  });
}
