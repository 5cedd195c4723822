/**
 * Mailjet's contacts, lists, properties and jobs as functions. Guarantees: an answer is used only when it has the
 * described form; 304 and an empty body are success where the wire says so; an address in a path is encoded.
 * wire: platforms.md 1.2 to 1.5.
 */
import type { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { FieldValue } from '../platform.ts';
import {
  type Contact,
  type ContactsList,
  contactSchema,
  contactsListSchema,
  type Job,
  jobIdSchema,
  jobSchema,
  type Membership,
  membershipSchema,
  type Property,
  propertySchema,
} from './schema.ts';
import { type Acknowledgement, pageSize, type Transport } from './transport.ts';

export type ListAction = 'addnoforce' | 'remove' | 'unsub';

/** What a contact is besides its properties. */
export interface ContactWrite {
  readonly Name?: string;
  readonly IsExcludedFromCampaigns?: boolean;
}

export interface ImportedContact extends ContactWrite {
  readonly Email: string;
  readonly Properties?: Readonly<Record<string, FieldValue>>;
}

/** Every method throws ConnectorError. Undefined and `found: false` mean that Mailjet does not have the contact. */
export interface MailjetClient {
  properties(signal: AbortSignal): Promise<Property[]>;
  /** Those that are not deleted. */
  lists(signal: AbortSignal): Promise<ContactsList[]>;
  /** Newest first. */
  newest(limit: number, offset: number, signal: AbortSignal): Promise<Contact[]>;
  byId(id: number, signal: AbortSignal): Promise<Contact | undefined>;
  byAddress(address: Personal<string>, signal: AbortSignal): Promise<Contact | undefined>;
  /** What the filter finds has to be compared with what was meant. */
  filtered(address: Personal<string>, signal: AbortSignal): Promise<Contact[]>;
  /** Throws `park` MAILJET_EXISTS when the address is taken. */
  create(address: Personal<string>, write: ContactWrite, signal: AbortSignal): Promise<Created>;
  update(id: number, write: ContactWrite, signal: AbortSignal): Promise<Acknowledgement>;
  /** Writes these properties and no other; null clears one. */
  writeData(id: number, fields: Readonly<Record<string, FieldValue>>, signal: AbortSignal): Promise<Acknowledgement>;
  memberships(id: number, signal: AbortSignal): Promise<Membership[] | undefined>;
  manageLists(
    id: number,
    actions: readonly { readonly listId: number; readonly action: ListAction }[],
    signal: AbortSignal,
  ): Promise<Acknowledgement>;
  /** Starts a job that creates or updates; answers its number. */
  startImport(
    contacts: readonly ImportedContact[],
    list: { readonly listId: number; readonly action: ListAction } | undefined,
    signal: AbortSignal,
  ): Promise<number>;
  job(id: number, signal: AbortSignal): Promise<Job | undefined>;
  /** The text of a job's error file; undefined when there is none. */
  jobErrors(id: number, signal: AbortSignal): Promise<string | undefined>;
  /** Irreversible. */
  erase(id: number, signal: AbortSignal): Promise<Acknowledgement>;
}

export interface Created {
  readonly contact: Contact;
  readonly status: number;
  readonly requestId: string | undefined;
}

const rest = '/v3/REST';
const flag = (value: boolean) => (value ? 'true' : 'false');

/** wire: platforms.md 1.4, the flag is sent as a text. */
function bodyOf({ Name, IsExcludedFromCampaigns: excluded }: ContactWrite): Record<string, string> {
  return {
    ...(Name === undefined ? {} : { Name }),
    ...(excluded === undefined ? {} : { IsExcludedFromCampaigns: flag(excluded) }),
  };
}

export function createMailjetClient(transport: Transport): MailjetClient {
  async function one(path: string, template: string, signal: AbortSignal): Promise<Contact | undefined> {
    const found = await transport.read(contactSchema, { method: 'GET', path, template, signal });
    return found?.[0];
  }

  return {
    async properties(signal) {
      const call = { path: `${rest}/contactmetadata`, template: 'GET /contactmetadata', signal };
      return present(await transport.readAll(propertySchema, call), call.template);
    },

    async lists(signal) {
      const call = { path: `${rest}/contactslist`, template: 'GET /contactslist', signal };
      return present(await transport.readAll(contactsListSchema, call), call.template).filter(
        (list) => !list.IsDeleted,
      );
    },

    async newest(limit, offset, signal) {
      const template = 'GET /contact';
      const path = `${rest}/contact?Sort=ID+DESC&Limit=${limit}&Offset=${offset}`;
      return present(await transport.read(contactSchema, { method: 'GET', path, template, signal }), template);
    },

    byId: (id, signal) => one(`${rest}/contact/${id}`, 'GET /contact/{id}', signal),

    byAddress: (address, signal) =>
      one(`${rest}/contact/${encodeURIComponent(address.reveal())}`, 'GET /contact/{email}', signal),

    async filtered(address, signal) {
      const template = 'GET /contact?Email';
      const path = `${rest}/contact?Email=${encodeURIComponent(address.reveal())}&Limit=${pageSize}`;
      return present(await transport.read(contactSchema, { method: 'GET', path, template, signal }), template);
    },

    async create(address, write, signal) {
      const template = 'POST /contact';
      const body = { Email: address.reveal(), ...bodyOf(write) };
      const call = { method: 'POST', path: `${rest}/contact`, template, body, signal } as const;
      const { entries, status, requestId } = await transport.written(contactSchema, call);
      return { contact: present(entries[0], template), status, requestId };
    },

    update: (id, write, signal) =>
      transport.acknowledged({
        method: 'PUT',
        path: `${rest}/contact/${id}`,
        template: 'PUT /contact/{id}',
        body: bodyOf(write),
        signal,
      }),

    writeData: (id, fields, signal) =>
      transport.acknowledged({
        method: 'PUT',
        path: `${rest}/contactdata/${id}`,
        template: 'PUT /contactdata/{id}',
        body: {
          // An entry without a value clears. wire: platforms.md 1.3
          Data: Object.entries(fields).map(([Name, Value]) => (Value === null ? { Name } : { Name, Value })),
        },
        signal,
      }),

    memberships: (id, signal) =>
      transport.readAll(membershipSchema, {
        path: `${rest}/contact/${id}/getcontactslists`,
        template: 'GET /contact/{id}/getcontactslists',
        signal,
      }),

    manageLists: (id, actions, signal) =>
      transport.acknowledged({
        method: 'POST',
        path: `${rest}/contact/${id}/managecontactslists`,
        template: 'POST /contact/{id}/managecontactslists',
        body: { ContactsLists: actions.map(({ listId, action }) => ({ ListID: listId, Action: action })) },
        signal,
      }),

    async startImport(contacts, list, signal) {
      const template = 'POST /contact/managemanycontacts';
      const body = {
        Contacts: contacts.map(({ Email, Properties, ...write }) => ({
          Email,
          ...bodyOf(write),
          ...(Properties === undefined ? {} : { Properties }),
        })),
        ...(list === undefined ? {} : { ContactsLists: [{ ListID: list.listId, Action: list.action }] }),
      };
      const path = `${rest}/contact/managemanycontacts`;
      const jobs = await transport.read(jobIdSchema, { method: 'POST', path, template, body, signal });
      return present(jobs?.[0], template).JobID;
    },

    async job(id, signal) {
      const template = 'GET /contact/managemanycontacts/{job}';
      const path = `${rest}/contact/managemanycontacts/${id}`;
      return (await transport.read(jobSchema, { method: 'GET', path, template, signal }))?.[0];
    },

    jobErrors: (id, signal) =>
      transport.text({
        method: 'GET',
        path: `/v3/DATA/batchjob/${id}/JSONError/application:json/LAST`,
        template: 'GET /batchjob/{job}/JSONError',
        signal,
      }),

    erase: (id, signal) =>
      transport.acknowledged({
        method: 'DELETE',
        path: `/v4/contacts/${id}`,
        template: 'DELETE /v4/contacts/{id}',
        signal,
      }),
  };
}

/** A collection is always there; a list of one holds one. */
function present<T>(value: T | undefined, template: string): T {
  if (value !== undefined) return value;
  throw new ConnectorError('retry', 'MAILJET_UNEXPECTED_ANSWER', `Mailjet answered ${template} without its content.`);
}
