/** A Spotler account made of nock expectations: a call that no test announced fails, and so does one that never came. */
import nock from 'nock';
import pino from 'pino';
import type { TableSettings } from '../../../../config/settings.ts';
import { Personal } from '../../../../config/words.ts';
import { unlimitedPace } from '../../../../src/http/pace.ts';
import type { OpenPlatform, PlatformContext } from '../../../../src/platforms/context.ts';
import type { UpsertItem } from '../../../../src/platforms/platform.ts';
import { platforms } from '../../../../src/platforms/registry.ts';
import { watchEveryCall } from '../nock-calls.ts';

export { failureOf, guid } from '../nock-calls.ts';

export const origin = 'https://spotler.example';
export const base = '/integrationservice';
export const signal = new AbortController().signal;
export const address = 'jan@person.example';

export const propertyList = [
  { name: 'email', description: 'E-mail', type: 'email' },
  { name: 'firstName', description: 'First name', type: 'string' },
  { name: 'birthday', description: 'Birthday', type: 'birthdate' },
  { name: 'score', description: 'Score', type: 'int' },
  { name: 'gender', description: 'Gender', type: 'gender' },
  { name: 'list1', description: 'Interests', type: 'set', entries: [{ bit: 1, description: 'Software', rank: 1 }] },
  {
    name: 'permissions',
    description: 'Permissions',
    type: 'set',
    entries: [
      { bit: 4, description: 'Newsletter', rank: 1 },
      { bit: 1, description: 'Product news', rank: 2 },
      { bit: 2, description: 'Unmapped', rank: 3 },
    ],
  },
];

export const table: TableSettings = {
  email: 'emailaddress1',
  fields: { firstName: { kind: 'column', column: 'firstname', as: 'value' } },
  permissions: { Newsletter: 'new_newsletter', 'Product news': 'new_productnews' },
  whenOutOfScope: 'resetPermissions',
};

export function open(context: Partial<PlatformContext> = {}, settings: Record<string, unknown> = {}): OpenPlatform {
  return platforms.spotler!.create(
    { baseUrl: `${origin}${base}`, consumerKey: 'key', consumerSecret: 'hidden', ...settings },
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
}

export function item(key: string, more: Partial<UpsertItem> = {}): UpsertItem {
  return {
    contactKey: key,
    ref: { contactKeys: [key], recordIds: [], address: new Personal(address) },
    address: new Personal(address),
    fields: new Personal({ firstName: 'Jan' }),
    permissionsOnCreate: { Newsletter: true, 'Product news': false },
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...more,
  };
}

type Body = Record<string, unknown>;

function isEmpty(sent: unknown): boolean {
  return !sent || Object.keys(sent).length === 0;
}

/** Announces one call and its answer. `body` is compared as a whole; leave it out for calls without one. */
export function answers(
  method: 'get' | 'put' | 'post',
  path: string,
  status: number,
  reply?: unknown,
  body?: Body,
): void {
  const scope = nock(origin, { reqheaders: { authorization: /^OAuth oauth_consumer_key="key"/ } });
  const call = scope.intercept(`${base}${path}`, method.toUpperCase(), (body as nock.DataMatcherMap) ?? isEmpty);
  call.reply(status, reply as nock.Body);
}

/** Announces a call with any body and answers by it; what was sent is kept. */
export function listens(method: 'put' | 'post', path: string, status: number, reply: (body: Body) => unknown): Body[] {
  const sent: Body[] = [];
  nock(origin)
    .intercept(`${base}${path}`, method.toUpperCase())
    .reply(async (request: Request) => {
      const body = (await request.json()) as Body;
      sent.push(body);
      return [status, reply(body)];
    });
  return sent;
}

export const notFound = { errorType: 'CONTACT_NOT_FOUND', message: `no ${address}` };

export function discovers(list: unknown = propertyList): void {
  answers('get', '/contact/properties/list', 200, list);
}

export function searches(found: unknown, email: string = address): void {
  answers('get', `/contact/search?MPSearchQuery=${encodeURIComponent(`email=${email}`)}&pageSize=1000`, 200, found);
}

export function contact(externalId: string | null | undefined, bits: readonly number[] = [], email: string = address) {
  return {
    ...(externalId === undefined ? {} : { externalId }),
    created: 1_767_225_600_000,
    properties: { email, permissions: bits.map((bit) => ({ bit, enabled: true, description: 'x' })) },
  };
}

export function watchCalls(): void {
  watchEveryCall(() => undefined);
}
