/**
 * The project's vocabulary as types, shared by every room. Guarantees: an id of one kind cannot be passed for
 * another, and a value wrapped in `Personal` prints as a mask wherever it is logged, joined or serialised.
 * Holds no behaviour beyond that.
 */
declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** The Dataverse tables whose rows are people or organisations we mail. */
export const tableNames = ['contact', 'lead', 'account'] as const;
export type TableName = (typeof tableNames)[number];

/** A Dataverse row id: a GUID in lower case without braces. */
export type RecordId = Brand<string, 'RecordId'>;
/** The name of one configured account on a platform. */
export type TargetName = Brand<string, 'TargetName'>;
/** HMAC-SHA-256 of a normalised address, hex. */
export type EmailKey = Brand<string, 'EmailKey'>;
/** The key of a profile on a target: an `EmailKey` (identity: address) or `table/guid` (identity: record). */
export type ProfileKey = Brand<string, 'ProfileKey'>;

/** One row of one table; written `table/guid`. */
export interface RecordRef {
  readonly table: TableName;
  readonly id: RecordId;
}

/** In which CRM users can read the results of their jobs. */
export const jobLanguages = ['en', 'nl', 'de', 'fr'] as const;
export type JobLanguage = (typeof jobLanguages)[number];

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Reads a GUID in any of the usual spellings (capitals, braces); undefined when it is none. */
export function parseRecordId(text: unknown): RecordId | undefined {
  if (typeof text !== 'string') return undefined;
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/^\{|\}$/g, '');
  return guid.test(plain) ? (plain as RecordId) : undefined;
}

export function isTableName(text: string): text is TableName {
  return (tableNames as readonly string[]).includes(text);
}

/** Reads `contact/<guid>`; undefined when it is not of that form. */
export function parseRecordRef(text: string): RecordRef | undefined {
  const slash = text.indexOf('/');
  const table = text.slice(0, slash).toLowerCase();
  const id = parseRecordId(text.slice(slash + 1));
  return slash > 0 && isTableName(table) && id ? { table, id } : undefined;
}

export function formatRecordRef(ref: RecordRef): string {
  return `${ref.table}/${ref.id}`;
}

const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A value about a person. It prints as a mask; `reveal()` is the one way out and is easy to search for. */
export class Personal<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '[personal]';
  }

  toJSON(): string {
    return '[personal]';
  }

  [inspect](): string {
    return '[personal]';
  }
}

/** The header by which a webhook of Dataverse proves that `connector setup` registered it; lower case. */
export const webhookSecretHeader = 'x-connector-webhook-secret';
