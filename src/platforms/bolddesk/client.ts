/**
 * BoldDesk's contacts as functions: authenticated, checked, errors classified. Guarantees: an answer is used only when it
 * has the expected form; what a search finds is complete or an error; what became of a deletion is read from the body.
 * wire: platforms.md 3.2 to 3.5. Both deletions are a DELETE with a JSON body.
 */
import type { z } from 'zod';
import type { Personal } from '../../../config/words.ts';
import { type HttpClient, type HttpResponse, parseJson, requestIdOf } from '../../http/client.ts';
import { ConnectorError, isConnectorError } from '../../http/errors.ts';
import { alreadyDeletedCode, boldDeskError, noChangeCode } from './errors.ts';
import {
  type Contact,
  confirmedSchema,
  contactSchema,
  contactsSchema,
  createdSchema,
  removedSchema,
} from './schema.ts';
import type { BoldDeskSettings } from './settings.ts';

export interface Answered {
  readonly status: number;
  readonly requestId: string | undefined;
}

/**
 * What became of a deletion: `already` for one that was deleted before, `gone` for one that is not there at all,
 * `refused` for a success of the call whose body says that nothing was done.
 */
export interface Removed extends Answered {
  readonly became: 'deleted' | 'already' | 'gone' | 'refused';
}

export interface Search {
  /** Text of a name or an address. */
  readonly filter?: string;
  readonly ids?: readonly string[];
  readonly view?: string | undefined;
}

/** Every method throws ConnectorError. */
export interface BoldDeskClient {
  byId(id: string, signal: AbortSignal): Promise<Contact | undefined>;
  /** Not for every address: see `isPlainAddress`. */
  byAddress(address: Personal<string>, signal: AbortSignal): Promise<Contact | undefined>;
  /** A first page of contacts, whichever. */
  some(signal: AbortSignal): Promise<Contact[]>;
  /** All that match; what it finds has to be compared with what was meant. */
  search(search: Search, signal: AbortSignal): Promise<Contact[]>;
  create(body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Answered & { readonly id: string }>;
  /** Writes these fields and no other; undefined when the contact does not exist. */
  update(id: string, fields: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Answered | undefined>;
  /** Step one: the contact is hidden, and can be restored. */
  hide(id: string, signal: AbortSignal): Promise<Removed>;
  /** Step two: a hidden contact is deleted for good, with the tickets of the person. */
  deleteForGood(id: string, signal: AbortSignal): Promise<Removed>;
}

export interface BoldDeskClientOptions {
  readonly settings: Pick<BoldDeskSettings, 'baseUrl' | 'apiKey'>;
  readonly http: HttpClient;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly template: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** wire: the vendor's sample asks for pages of 100. */
const pageSize = 100;
/** Pages until we say that a search is too wide to be certain. */
const searchPages = 10;

/** Others may be refused in a path on the way, by web servers that forbid what is escaped there. */
export function isPlainAddress(address: string): boolean {
  return /^[\w.@-]+$/.test(address);
}

export function createBoldDeskClient({ settings, http, now }: BoldDeskClientOptions): BoldDeskClient {
  async function send(call: Call): Promise<HttpResponse> {
    const answer = await http.request({
      method: call.method,
      url: `${settings.baseUrl}${call.path}`,
      template: call.template,
      headers: {
        'x-api-key': settings.apiKey.reveal(),
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: call.signal,
    });
    if (answer.status < 200 || answer.status > 299) throw boldDeskError(answer, call.template, now());
    return answer;
  }

  function one(key: string, template: string, signal: AbortSignal): Promise<Contact | undefined> {
    return orGone(async () => {
      const path = `/contacts/${encodeURIComponent(key)}`;
      return read(contactSchema, await send({ method: 'GET', path, template, signal }), template);
    });
  }

  async function page(number: number, search: Search, signal: AbortSignal): Promise<Contact[]> {
    const template = 'GET /contacts';
    const query = new URLSearchParams({ Page: String(number), PerPage: String(pageSize), RequiresCounts: 'true' });
    if (search.filter !== undefined) query.set('Filter', search.filter);
    if (search.ids !== undefined) query.set('Q', `ids:${search.ids.join(',')}`);
    if (search.view !== undefined) query.set('view', search.view);
    const answer = await send({ method: 'GET', path: `/contacts?${query}`, template, signal });
    return read(contactsSchema, answer, template).result;
  }

  async function remove(call: Call, id: string): Promise<Removed> {
    try {
      const answer = await send(call);
      const { result } = read(removedSchema, answer, call.template);
      const mine = (Array.isArray(result) ? result : [result]).find((entry) => entry.id === id);
      return { became: mine?.isSuccess ? 'deleted' : 'refused', ...answered(answer) };
    } catch (error) {
      if (!isGone(error)) throw error;
      const became = error.code === alreadyDeletedCode ? 'already' : 'gone';
      return { became, status: error.status ?? 404, requestId: error.requestId };
    }
  }

  return {
    byId: (id, signal) => one(id, 'GET /contacts/{userId}', signal),
    byAddress: (address, signal) => one(address.reveal(), 'GET /contacts/{email}', signal),
    some: (signal) => page(1, {}, signal),

    async search(search, signal) {
      const found: Contact[] = [];
      for (let number = 1; number <= searchPages; number += 1) {
        const more = await page(number, search, signal);
        found.push(...more);
        if (more.length < pageSize) return found;
      }
      throw new ConnectorError(
        'park',
        'BOLDDESK_SEARCH_TOO_WIDE',
        'BoldDesk finds a thousand contacts for one person.',
      );
    },

    async create(body, signal) {
      const template = 'POST /contacts';
      const answer = await send({ method: 'POST', path: '/contacts', template, body, signal });
      return { ...read(createdSchema, answer, template), ...answered(answer) };
    },

    async update(id, fields, signal) {
      const template = 'PUT /contacts/{userId}';
      try {
        const path = `/contacts/${encodeURIComponent(id)}`;
        const answer = await send({ method: 'PUT', path, template, body: { fields }, signal });
        read(confirmedSchema, answer, template);
        return answered(answer);
      } catch (error) {
        if (isGone(error)) return undefined;
        if (isConnectorError(error) && error.code === noChangeCode) {
          return { status: error.status ?? 400, requestId: error.requestId };
        }
        throw error;
      }
    },

    hide: (id, signal) =>
      remove(
        {
          method: 'DELETE',
          path: '/contacts',
          template: 'DELETE /contacts',
          body: { contactId: [Number(id)], isMarkTicketAsSpam: false },
          signal,
        },
        id,
      ),

    deleteForGood: (id, signal) =>
      remove(
        {
          method: 'DELETE',
          path: '/contacts/permanent_delete',
          template: 'DELETE /contacts/permanent_delete',
          // What forcing does is not known; without it only what was hidden before is deleted.
          body: { contactIdList: [Number(id)], isForced: false },
          signal,
        },
        id,
      ),
  };
}

function answered({ status, headers }: HttpResponse): Answered {
  return { status, requestId: requestIdOf(headers) };
}

function isGone(error: unknown): error is ConnectorError {
  return isConnectorError(error) && error.kind === 'gone';
}

async function orGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function read<T>(schema: z.ZodType<T>, answer: HttpResponse, template: string): T {
  const result = schema.safeParse(parseJson(answer.text, 'BoldDesk'));
  if (result.success) return result.data;
  throw new ConnectorError(
    'retry',
    'BOLDDESK_UNEXPECTED_ANSWER',
    `BoldDesk answered ${template} in a form that is not the expected one.`,
    { status: answer.status },
  );
}
