/**
 * Keap's contacts and address statuses as functions: authenticated, checked, errors classified. Guarantees: an answer is
 * used only when it has the described form; what a search finds is complete or an error; an opt-in status is told from
 * the body, whose `opted_in` may be false with status 200.
 * wire: the vendor's OpenAPI description of version 2; platforms.md 2.1 to 2.5.
 */
import type { z } from 'zod';
import type { Personal } from '../../../config/words.ts';
import { type HttpClient, type HttpResponse, parseJson, requestIdOf } from '../../http/client.ts';
import { ConnectorError } from '../../http/errors.ts';
import { keapError } from './errors.ts';
import {
  type AddressStatus,
  type Contact,
  type CustomField,
  contactSchema,
  contactsSchema,
  modelSchema,
  statusSchema,
  wholeSchema,
} from './schema.ts';
import type { KeapSettings } from './settings.ts';

export type ContactBody = Readonly<Record<string, unknown>>;

/** An answer about one contact. */
export interface Written {
  readonly contact: Contact;
  readonly status: number;
  readonly requestId: string | undefined;
}

export interface Removed {
  /** False when Keap has no such contact. */
  readonly found: boolean;
  readonly status: number;
  readonly requestId: string | undefined;
}

/** Every method throws ConnectorError. */
export interface KeapClient {
  /** The custom fields of contacts. */
  customFields(signal: AbortSignal): Promise<CustomField[]>;
  hasNobody(signal: AbortSignal): Promise<boolean>;
  contact(id: string, signal: AbortSignal): Promise<Contact | undefined>;
  /** Everything that Keap tells of a contact, and not only what is mapped. */
  whole(id: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** All contacts for one condition; what it finds has to be compared with what was meant. */
  search(field: string, value: string, signal: AbortSignal): Promise<Contact[]>;
  /** Creates, or overwrites who has the first address by now: 201 or 200. */
  create(body: ContactBody, signal: AbortSignal): Promise<Written>;
  /** Writes the properties in the body and no other; undefined when the contact does not exist. */
  update(id: string, body: ContactBody, signal: AbortSignal): Promise<Written | undefined>;
  remove(id: string, signal: AbortSignal): Promise<Removed>;
  /** Undefined when Keap has no status for the address. */
  status(address: Personal<string>, signal: AbortSignal): Promise<AddressStatus | undefined>;
  setStatus(address: Personal<string>, optedIn: boolean, signal: AbortSignal): Promise<AddressStatus | undefined>;
}

export interface KeapClientOptions {
  readonly settings: Pick<KeapSettings, 'baseUrl' | 'apiKey' | 'sendKeyAs' | 'optInReason' | 'optOutReason'>;
  readonly http: HttpClient;
  /** Array properties to read beside addresses and custom fields. */
  readonly arrays: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly template: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** wire: the description, page_size is at most 1000. */
const pageSize = 1000;
/** Pages until we say that a search is too wide to be certain. */
const searchPages = 10;

/** wire: the vendor's OpenAPI description of version 2, the properties that `fields` of a contact may name. */
const everyField = [
  'id,links,addresses,anniversary_date,assistant_name,assistant_phone,billing_information,birth_date,company',
  'contact_type,create_time,custom_fields,email_addresses,family_name,fax_numbers,given_name,groups,job_title',
  'leadsource_id,middle_name,notes,origin,owner_id,phone_numbers,preferred_locale,preferred_name,prefix,referral_code',
  'score_value,social_accounts,source_type,spouse_name,suffix,tag_ids,time_zone,update_time,utm_parameters,website',
].join(',');

export function createKeapClient({ settings, http, arrays, now }: KeapClientOptions): KeapClient {
  const { baseUrl, apiKey, sendKeyAs, optInReason, optOutReason } = settings;
  // Custom fields are not shown unless asked for. wire: platforms.md 2.2
  const fields = `fields=${['id', 'email_addresses', 'custom_fields', ...arrays].join(',')}`;

  async function send(call: Call): Promise<HttpResponse> {
    const key = apiKey.reveal();
    const answer = await http.request({
      method: call.method,
      url: `${baseUrl}${call.path}`,
      template: call.template,
      headers: {
        ...(sendKeyAs === 'header' ? { 'X-Keap-API-Key': key } : { Authorization: `Bearer ${key}` }),
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: call.signal,
    });
    if (answer.status < 200 || answer.status > 299) throw keapError(answer, call.template, now());
    return answer;
  }

  async function written(call: Call): Promise<Written> {
    const answer = await send(call);
    const contact = read(contactSchema, answer, call.template);
    return { contact, status: answer.status, requestId: requestIdOf(answer.headers) };
  }

  async function page(query: string, signal: AbortSignal) {
    const template = 'GET /contacts';
    return read(contactsSchema, await send({ method: 'GET', path: `/contacts?${query}`, template, signal }), template);
  }

  async function statusCall(call: Omit<Call, 'path'>, address: Personal<string>): Promise<AddressStatus | undefined> {
    const path = `/emailAddresses/${encodeURIComponent(address.reveal())}/status`;
    return orGone(async () => read(statusSchema, await send({ ...call, path }), call.template));
  }

  return {
    async customFields(signal) {
      const template = 'GET /contacts/model';
      const answer = await send({ method: 'GET', path: '/contacts/model', template, signal });
      return (read(modelSchema, answer, template).custom_fields ?? []).filter(
        (field) => (field.record_type ?? 'CONTACT') === 'CONTACT',
      );
    },

    async hasNobody(signal) {
      return ((await page('page_size=1&fields=id', signal)).contacts ?? []).length === 0;
    },

    contact: (id, signal) =>
      orGone(async () => {
        const template = 'GET /contacts/{contact_id}';
        const path = `/contacts/${encodeURIComponent(id)}?${fields}`;
        return read(contactSchema, await send({ method: 'GET', path, template, signal }), template);
      }),

    whole: (id, signal) =>
      orGone(async () => {
        const template = 'GET /contacts/{contact_id}';
        const path = `/contacts/${encodeURIComponent(id)}?fields=${everyField}`;
        return read(wholeSchema, await send({ method: 'GET', path, template, signal }), template);
      }),

    async search(field, value, signal) {
      // The description tells no way to write these in a value.
      if (/[;*]/.test(value)) throw unsearchable();
      const condition = `filter=${encodeURIComponent(`${field}==${value}`)}&page_size=${pageSize}&${fields}`;
      const found: Contact[] = [];
      let next = '';
      for (let pages = 0; pages < searchPages; pages += 1) {
        const { contacts, next_page_token: token } = await page(`${condition}${next}`, signal);
        found.push(...(contacts ?? []));
        if (!token || (contacts ?? []).length === 0) return found;
        next = `&page_token=${encodeURIComponent(token)}`;
      }
      throw new ConnectorError('park', 'KEAP_SEARCH_TOO_WIDE', 'Keap finds thousands of contacts for one person.');
    },

    create: (body, signal) =>
      written({
        method: 'POST',
        path: `/contacts?duplicate_option=Email&${fields}`,
        template: 'POST /contacts',
        body,
        signal,
      }),

    update: (id, body, signal) =>
      orGone(() => {
        const mask = Object.keys(body).map((name) => `update_mask=${name}&`);
        const path = `/contacts/${encodeURIComponent(id)}?${mask.join('')}${fields}`;
        return written({ method: 'PATCH', path, template: 'PATCH /contacts/{contact_id}', body, signal });
      }),

    async remove(id, signal) {
      const template = 'DELETE /contacts/{contact_id}';
      try {
        const answer = await send({ method: 'DELETE', path: `/contacts/${encodeURIComponent(id)}`, template, signal });
        // 204 has no body. A page of some proxy, with status 200, is no confirmation.
        if (answer.text.trim() !== '') parseJson(answer.text, 'Keap');
        return { found: true, status: answer.status, requestId: requestIdOf(answer.headers) };
      } catch (error) {
        if (!isGone(error)) throw error;
        return { found: false, status: 404, requestId: error.requestId };
      }
    },

    status: (address, signal) =>
      statusCall({ method: 'GET', template: 'GET /emailAddresses/{email}/status', signal }, address),

    setStatus: (address, optedIn, signal) =>
      statusCall(
        {
          method: 'PATCH',
          template: 'PATCH /emailAddresses/{email}/status',
          body: { opted_in: optedIn, reason: optedIn ? optInReason : optOutReason },
          signal,
        },
        address,
      ),
  };
}

function isGone(error: unknown): error is ConnectorError {
  return error instanceof ConnectorError && error.kind === 'gone';
}

async function orGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function unsearchable(): ConnectorError {
  return new ConnectorError(
    'park',
    'KEAP_ADDRESS_UNSEARCHABLE',
    'The address holds a character that Keap reads as part of a search. Look for the person in Keap by hand.',
  );
}

function read<T>(schema: z.ZodType<T>, answer: HttpResponse, template: string): T {
  const result = schema.safeParse(parseJson(answer.text, 'Keap'));
  if (result.success) return result.data;
  throw new ConnectorError(
    'retry',
    'KEAP_UNEXPECTED_ANSWER',
    `Keap answered ${template} in a form that is not the described one.`,
    { status: answer.status },
  );
}
