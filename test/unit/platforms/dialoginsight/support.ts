/** Dialog Insight made of nock expectations: a call that no test announced fails, and so does one that never came. */
import { expect } from '@jest/globals';
import nock from 'nock';
import pino from 'pino';
import type { TableSettings } from '../../../../config/settings.ts';
import { Personal } from '../../../../config/words.ts';
import { unlimitedPace } from '../../../../src/http/pace.ts';
import type { OpenPlatform, PlatformContext } from '../../../../src/platforms/context.ts';
import type { UpsertItem } from '../../../../src/platforms/platform.ts';
import { platforms } from '../../../../src/platforms/registry.ts';
import { guid, watchEveryCall } from '../nock-calls.ts';

export { failureOf, guid } from '../nock-calls.ts';

export const origin = 'https://dialog.example';
const base = '/webservices/ofc4';
export const signal = new AbortController().signal;
export const address = 'jan@person.example';
export const main = 1001;
export const other = 1002;
export const unified = 2000;

export const table: TableSettings = {
  email: 'emailaddress1',
  fields: {
    FirstName: { kind: 'column', column: 'firstname', as: 'value' },
    BirthDate: { kind: 'column', column: 'birthdate', as: 'value' },
  },
  permissions: { Newsletter: 'new_newsletter' },
  whenOutOfScope: 'resetPermissions',
};

export const own = guid(1);

const opened: OpenPlatform[] = [];

export function open(settings: Record<string, unknown> = {}, context: Partial<PlatformContext> = {}): OpenPlatform {
  const adapter = platforms.dialoginsight!.create(
    {
      baseUrl: `${origin}${base}`,
      keyId: 5335,
      apiKey: 'hidden',
      project: main,
      recordIdField: 'D365Id',
      ...settings,
    },
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

/** Three projects, the unified one named before its turn. */
export const several = { otherProjects: [other], unifiedProject: unified };

export function item(more: Partial<UpsertItem> = {}): UpsertItem {
  return {
    contactKey: own,
    ref: { contactKeys: [own], recordIds: [own], address: new Personal(address) },
    address: new Personal(address),
    fields: new Personal({ FirstName: 'Jan' }),
    permissionsOnCreate: { Newsletter: true },
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...more,
  };
}

export type Body = Record<string, unknown>;
export interface Sent {
  readonly call: string;
  readonly text: string;
  readonly body: Body;
}

/** What was sent, in order, without the key. */
export const sent: Sent[] = [];

/** Announces one call, such as `contacts.Get`, and its answer as it comes over the wire. */
export function answersRaw(
  call: string,
  status: number,
  reply: string | Body,
  headers: Record<string, string> = {},
): void {
  const [service, method] = call.split('.');
  nock(origin)
    .post(`${base}/${service}.ashx`)
    .query({ method: method ?? '' })
    .reply(async (request: Request) => {
      const text = await request.text();
      const { AuthKey, ...body } = JSON.parse(text) as Body;
      expect(AuthKey).toEqual({ idKey: 5335, Key: 'hidden' });
      sent.push({ call, text, body });
      return [status, reply as nock.Body, headers];
    });
}

export function answers(call: string, reply: Body): void {
  answersRaw(call, 200, {
    Success: true,
    ErrorCode: null,
    ErrorMessage: null,
    idRequest: 77,
    Trace: `t ${address}`,
    ...reply,
  });
}

export function fails(call: string, ErrorCode: string | number | null, ErrorMessage: string | null): void {
  answersRaw(call, 200, { Success: false, ErrorCode, ErrorMessage, idRequest: 78, Trace: `at ${address}` });
}

const fields = ['EMail', 'FirstName', 'BirthDate', 'D365Id'].map((Code) => ({
  Code,
  DataType: Code === 'BirthDate' ? 'date' : 'text',
}));

export function discovers(
  optins: readonly string[] = ['Newsletter', 'Partners'],
  ProjectFields: unknown = fields,
): void {
  answers('projects.Get', { ProjectInfo: { ProjectFields, OptinFields: optins.map((Code) => ({ Code })) } });
}

export function contact(idContact: number, email: string | null = address, more: Body = {}): Body {
  return { idContact, f_EMail: email, f_D365Id: own, optin_Newsletter: '1', optin_Partners: '1', ...more };
}

export function gets(...records: readonly Body[]): void {
  answers('contacts.Get', { Records: records });
}

export function merges(...records: readonly Body[]): void {
  answers('contacts.Merge', { Records: records });
}

export function deletes(DeletedRecords: number): void {
  answers('contacts.Delete', { DeletedRecords });
}

export function clause(field: string, value: string): Body {
  return { $type: 'FieldClause', Field: { Name: field }, TypeOperator: 'Equal', ComparisonValue: value };
}

export const updated = { IdRecord: 5, Status: 'Updated', ValidationResult: 'OK' };
export const inserted = { IdRecord: 5, Status: 'Inserted', ValidationResult: 'OK' };
export const skipped = { IdRecord: null, Status: 'Skipped', ValidationResult: 'OK' };

export function watchCalls(): void {
  watchEveryCall(() => {
    for (const adapter of opened.splice(0)) adapter.close();
    sent.length = 0;
  });
}
