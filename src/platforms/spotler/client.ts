/**
 * Spotler's contact resource as functions: signed, checked, errors classified. Guarantees: an answer is used only when
 * it has the documented form, an empty body is never parsed, a success that carries an `errorType` is no success.
 * wire: Spotler swagger 1.2, resource /contact; spotler.md B.1 to B.6.
 */
import type { z } from 'zod';
import type { Personal } from '../../../config/words.ts';
import { type HttpClient, type HttpResponse, parseJson, requestIdOf } from '../../http/client.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { OAuth1Signer } from '../../http/oauth1.ts';
import { sameAddress } from '../address.ts';
import { errorTypeOf, spotlerError } from './errors.ts';
import {
  type BulkRow,
  bulkSchema,
  type Contact,
  contactSchema,
  contactsSchema,
  type Property,
  propertiesSchema,
} from './schema.ts';

/** A contact as it is sent. */
export interface ContactBody {
  readonly externalId: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** An answer without content. `found` is false when Spotler has no such contact. */
export interface Acknowledgement {
  readonly found: boolean;
  readonly status: number;
  readonly requestId: string | undefined;
}

/** Every method throws ConnectorError. */
export interface SpotlerClient {
  /**
   * Contacts that were ever updated, a thousand a page. `after`: how many were listed before.
   * wire: Spotler swagger 1.2 GET /contact/updates/list (`pageSize` required, `after`, answer `paging.after`).
   */
  updated(after: number, signal: AbortSignal): Promise<{ contacts: readonly Contact[]; next: number | undefined }>;
  properties(signal: AbortSignal): Promise<Property[]>;
  contact(externalId: string, signal: AbortSignal): Promise<Contact | undefined>;
  /** Contacts with exactly this address, after normalising. */
  search(address: Personal<string>, signal: AbortSignal): Promise<Contact[]>;
  /**
   * Whether the account says that no contact was ever updated in it.
   * wire: Spotler swagger 1.2 GET /contact/updates/list; that creating counts as updating is inferred from its use.
   */
  hasNobody(signal: AbortSignal): Promise<boolean>;
  /** At most 100 contacts. Throws `park` when the request is refused as a whole. */
  addContacts(
    contacts: readonly ContactBody[],
    update: boolean,
    signal: AbortSignal,
  ): Promise<{ rows: BulkRow[]; status: number; requestId: string | undefined }>;
  /** Changes the properties named, of an existing contact only. */
  update(contact: ContactBody, signal: AbortSignal): Promise<Acknowledgement>;
  /** 2xx and 410 are success. */
  anonymize(externalId: string, signal: AbortSignal): Promise<Acknowledgement>;
}

export interface SpotlerClientOptions {
  readonly baseUrl: string;
  readonly http: HttpClient;
  readonly signer: OAuth1Signer;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly template: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Rows of a search page, and pages until we say that the search is too wide to be certain. */
const searchPageSize = 1000;
const searchPages = 10;

export function createSpotlerClient({ baseUrl, http, signer, now }: SpotlerClientOptions): SpotlerClient {
  async function send(call: Call): Promise<HttpResponse> {
    const url = `${baseUrl}${call.path}`;
    const answer = await http.request({
      method: call.method,
      url,
      template: call.template,
      headers: {
        Accept: 'application/json',
        Authorization: signer.authorize({ method: call.method, url }),
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: call.signal,
    });
    const success = answer.status >= 200 && answer.status < 300 && errorTypeOf(answer.text) === undefined;
    if (!success) throw spotlerError(answer, call.template, now());
    return answer;
  }

  async function acknowledged(call: Call): Promise<Acknowledgement> {
    try {
      const answer = await send(call);
      // 204 has no body. A page of some proxy, with status 200, is no confirmation.
      if (answer.text.trim() !== '') parseJson(answer.text, 'Spotler');
      return { found: true, status: answer.status, requestId: requestIdOf(answer.headers) };
    } catch (error) {
      const gone = goneOf(error);
      return { found: false, status: gone.status ?? 0, requestId: gone.requestId };
    }
  }

  /** Nobody found may be said by an empty list; 204 and CONTACT_NOT_FOUND are taken for the same. */
  async function searchPage(call: Call): Promise<z.output<typeof contactsSchema>> {
    const nobody = { contacts: [], paging: undefined };
    try {
      const answer = await send(call);
      return answer.status === 204 ? nobody : read(contactsSchema, answer, call.template);
    } catch (error) {
      goneOf(error);
      return nobody;
    }
  }

  /** Everybody who was ever updated, also by us. */
  async function everUpdated(
    pageSize: number,
    after: number,
    signal: AbortSignal,
  ): Promise<z.output<typeof contactsSchema>> {
    const template = 'GET /contact/updates/list';
    const tomorrow = new Date(now() + 86_400_000).toISOString().slice(0, 19);
    const query = new URLSearchParams({ fromDate: '1970-01-01T00:00:00', toDate: tomorrow, pageSize: `${pageSize}` });
    if (after > 0) query.set('after', `${after}`);
    const answer = await send({ method: 'GET', path: `/contact/updates/list?${query}`, template, signal });
    return read(contactsSchema, answer, template);
  }

  return {
    async hasNobody(signal) {
      return (await everUpdated(1, 0, signal)).contacts.length === 0;
    },

    async updated(after, signal) {
      const { contacts, paging } = await everUpdated(searchPageSize, after, signal);
      const isLast = contacts.length === 0 || (contacts.length < searchPageSize && !paging?.next);
      return { contacts, next: isLast ? undefined : Math.max(paging?.after ?? 0, after + contacts.length) };
    },

    async properties(signal) {
      const template = 'GET /contact/properties/list';
      const answer = await send({ method: 'GET', path: '/contact/properties/list', template, signal });
      return read(propertiesSchema, answer, template);
    },

    async contact(externalId, signal) {
      const template = 'GET /contact/{externalId}';
      try {
        const answer = await send({
          method: 'GET',
          path: `/contact/${encodeURIComponent(externalId)}`,
          template,
          signal,
        });
        return read(contactSchema, answer, template);
      } catch (error) {
        goneOf(error);
        return undefined;
      }
    },

    async search(address, signal) {
      const template = 'GET /contact/search';
      const query = encodeURIComponent(`email=${address.reveal()}`);
      const found: Contact[] = [];
      let after = 0;
      for (let page = 0; page < searchPages; page += 1) {
        const offset = after === 0 ? '' : `&after=${after}`;
        const path = `/contact/search?MPSearchQuery=${query}&pageSize=${searchPageSize}${offset}`;
        const { contacts, paging } = await searchPage({ method: 'GET', path, template, signal });
        found.push(...contacts.filter((contact) => hasAddress(contact, address)));
        if (contacts.length === 0 || (contacts.length < searchPageSize && !paging?.next)) return found;
        after = Math.max(paging?.after ?? 0, after + contacts.length);
      }
      throw new ConnectorError(
        'park',
        'SPOTLER_SEARCH_TOO_WIDE',
        'Spotler finds thousands of contacts for one address.',
      );
    },

    async addContacts(contacts, update, signal) {
      const template = 'POST /contact/list';
      const body = { update, purge: false, contacts };
      const answer = await send({ method: 'POST', path: '/contact/list', template, body, signal });
      return {
        rows: read(bulkSchema, answer, template),
        status: answer.status,
        requestId: requestIdOf(answer.headers),
      };
    },

    update: (contact, signal) =>
      acknowledged({
        method: 'PUT',
        path: `/contact/${encodeURIComponent(contact.externalId)}`,
        template: 'PUT /contact/{externalId}',
        body: { update: true, purge: false, contact },
        signal,
      }),

    async anonymize(externalId, signal) {
      const template = 'PUT /contact/anonymize/{externalId}';
      const path = `/contact/anonymize/${encodeURIComponent(externalId)}`;
      const answer = await acknowledged({ method: 'PUT', path, template, signal });
      // wire: spotler.md headline 2, the modelled product's expected success.
      return answer.status === 410 ? { ...answer, found: true } : answer;
    },
  };
}

/** The error when it says that the contact is not there; throws any other. */
function goneOf(error: unknown): ConnectorError {
  if (error instanceof ConnectorError && error.kind === 'gone') return error;
  throw error;
}

function read<T>(schema: z.ZodType<T>, answer: HttpResponse, template: string): T {
  const result = schema.safeParse(parseJson(answer.text, 'Spotler'));
  if (result.success) return result.data;
  throw new ConnectorError(
    'retry',
    'SPOTLER_UNEXPECTED_ANSWER',
    `Spotler answered ${template} in a form that is not the documented one.`,
    {
      status: answer.status,
    },
  );
}

function hasAddress(contact: Contact, address: Personal<string>): boolean {
  const email = contact.properties?.email;
  return typeof email === 'string' && sameAddress(email, address.reveal());
}
