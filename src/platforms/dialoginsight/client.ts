/**
 * Dialog Insight's contacts and projects as functions: authenticated in the body, checked, errors classified.
 * Guarantees: an answer counts only when its body says `Success: true` in the known form; a search and a deletion name
 * one field and one value and nothing else; a deletion asks for one row at most and its count is checked; a refusal
 * whose words say nothing is blamed on the content only when the key proves good by another call.
 * wire: platforms.md 4.1 to 4.5.
 */
import type { z } from 'zod';
import type { Personal } from '../../../config/words.ts';
import { type HttpClient, type HttpResponse, parseJson } from '../../http/client.ts';
import { ConnectorError, isConnectorError } from '../../http/errors.ts';
import type { Pace } from '../../http/pace.ts';
import { httpError, knownRefusal, notAuthorized, quotaWaitMs, refusedContent } from './errors.ts';
import {
  type Contact,
  contactsSchema,
  deletedSchema,
  envelopeSchema,
  type MergedRecord,
  mergedSchema,
  type ProjectInfo,
  projectSchema,
} from './schema.ts';
import type { DialogInsightSettings } from './settings.ts';

export interface MergeRecord {
  /** `key_f_<code>` → value. */
  readonly ID: Readonly<Record<string, string>>;
  /** `f_<code>` and `optin_<code>` → value. */
  readonly Data: Readonly<Record<string, unknown>>;
}

export interface Answered<T> {
  readonly value: T;
  readonly requestId: string | undefined;
}

/** Every method throws ConnectorError. */
export interface DialogInsightClient {
  project(idProject: number, signal: AbortSignal): Promise<ProjectInfo>;
  /** Contacts of whom one field equals one value; how equal is the service's matter, so compare. */
  contacts(idProject: number, field: string, value: string, signal: AbortSignal): Promise<Contact[]>;
  /** `insert` creates only, `update` changes existing contacts only. One entry per record, in their order. */
  merge(
    idProject: number,
    records: readonly MergeRecord[],
    mode: 'insert' | 'update',
    signal: AbortSignal,
  ): Promise<Answered<MergedRecord[]>>;
  /** Deletes at most one contact; answers whether one was deleted. Throws `config` when it were more. */
  remove(idProject: number, field: string, value: Personal<string>, signal: AbortSignal): Promise<Answered<boolean>>;
}

export interface DialogInsightClientOptions {
  readonly settings: Pick<DialogInsightSettings, 'baseUrl' | 'keyId' | 'apiKey'>;
  readonly http: HttpClient;
  readonly pace: Pick<Pace, 'throttled'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Call {
  readonly service: 'contacts' | 'projects';
  readonly method: 'Get' | 'Merge' | 'Delete';
  readonly body: Readonly<Record<string, unknown>> & { readonly idProject: number };
  readonly signal: AbortSignal;
}

/** `$type` has to be the first property: .NET reads it so (inferred). wire: platforms.md 4.2. */
function equals(field: string, value: string): object {
  return {
    $type: 'FieldClause',
    Field: { Name: field },
    TypeOperator: 'Equal',
    ComparisonValue: value,
  };
}

export function createDialogInsightClient(options: DialogInsightClientOptions): DialogInsightClient {
  const { settings, http, pace, now } = options;

  async function post({ service, method, body, signal }: Call, template: string): Promise<HttpResponse> {
    const AuthKey = { idKey: settings.keyId, Key: settings.apiKey.reveal() };
    const answer = await http.request({
      method: 'POST',
      url: `${settings.baseUrl}/${service}.ashx?method=${method}`,
      template,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ AuthKey, ...body }),
      signal,
    });
    if (answer.status < 200 || answer.status > 299) throw httpError(answer, template, now());
    return answer;
  }

  async function send<T>(call: Call, schema: z.ZodType<T>): Promise<Answered<T>> {
    const template = `POST /${call.service}.ashx?method=${call.method}`;
    const answer = await post(call, template);
    const json = parseJson(answer.text, 'Dialog Insight');
    const said = read(envelopeSchema, json, template);
    const requestId = said.idRequest ?? undefined;
    if (said.Success) return { value: read(schema, json, template), requestId };

    const details = { status: answer.status, ...(requestId === undefined ? {} : { requestId }) };
    const known = knownRefusal({ code: said.ErrorCode, message: said.ErrorMessage, details }, template);
    if (known?.kind === 'wait') await pace.throttled(known.retryAfterMs ?? quotaWaitMs);
    if (known) throw known;
    // Asking for the project can only fail for the key's or the project's sake.
    if (call.service === 'projects' || !(await isKeyGood(call))) throw notAuthorized(template, details);
    throw refusedContent(template, details);
  }

  async function isKeyGood({ body, signal }: Call): Promise<boolean> {
    try {
      await project(body.idProject, signal);
      return true;
    } catch (error) {
      if (isConnectorError(error) && error.kind === 'config') return false;
      throw error;
    }
  }

  async function project(idProject: number, signal: AbortSignal): Promise<ProjectInfo> {
    const { value } = await send({ service: 'projects', method: 'Get', body: { idProject }, signal }, projectSchema);
    return value.ProjectInfo;
  }

  return {
    project,

    async contacts(idProject, field, name, signal) {
      const body = { idProject, Clause: equals(field, name), Tag: null };
      const { value } = await send({ service: 'contacts', method: 'Get', body, signal }, contactsSchema);
      return value.Records ?? [];
    },

    async merge(idProject, records, mode, signal) {
      const body = { idProject, Records: records, MergeOptions: mergeOptions(mode) };
      const { value, requestId } = await send({ service: 'contacts', method: 'Merge', body, signal }, mergedSchema);
      const merged = value.Records ?? [];
      if (merged.length !== records.length || !merged.every((one, index) => isAbout(one, records[index]))) {
        throw unexpected('POST /contacts.ashx?method=Merge');
      }
      return { value: merged, requestId };
    },

    async remove(idProject, field, key, signal) {
      const body = { idProject, Clause: equals(field, key.reveal()), MaxRows: 1 };
      const call: Call = { service: 'contacts', method: 'Delete', body, signal };
      const { value, requestId } = await send(call, deletedSchema);
      if (value.DeletedRecords <= 1) return { value: value.DeletedRecords === 1, requestId };
      throw new ConnectorError(
        'config',
        'DIALOGINSIGHT_DELETED_TOO_MANY',
        `Dialog Insight deleted ${value.DeletedRecords} contacts of project ${idProject} where one was asked for. Look there before anything else is erased.`,
        { status: 200, mayHaveLanded: true, ...(requestId === undefined ? {} : { requestId }) },
      );
    },
  };
}

/** wire: platforms.md 4.3, as recorded. */
function mergeOptions(mode: 'insert' | 'update'): object {
  return {
    AllowInsert: mode === 'insert',
    AllowUpdate: mode === 'update',
    SkipDuplicateRecords: false,
    SkipUnmatchedRecords: false,
    ReturnRecordsOnSuccess: false,
    ReturnRecordsOnError: false,
    FieldOptions: null,
  };
}

/** An answer that repeats the key must repeat the one that was sent; capitals are the service's matter. */
function isAbout({ ID }: MergedRecord, sent: MergeRecord | undefined): boolean {
  return Object.entries(sent?.ID ?? {}).every(([name, value]) => {
    const told = ID?.[name];
    return typeof told !== 'string' || told.trim().toLowerCase() === value.trim().toLowerCase();
  });
}

function read<T>(schema: z.ZodType<T>, json: unknown, template: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw unexpected(template);
}

function unexpected(template: string): ConnectorError {
  return new ConnectorError(
    'retry',
    'DIALOGINSIGHT_UNEXPECTED_ANSWER',
    `Dialog Insight answered ${template} in a form that is not the known one.`,
    { status: 200 },
  );
}
