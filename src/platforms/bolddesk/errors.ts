/**
 * What a BoldDesk answer that is no success means. Guarantees that "it does not exist" is said only in BoldDesk's own
 * form of an error, never for a wrong path, a gateway's or a proxy's page. Messages are not kept: they may quote a person;
 * of the names of fields only those of custom fields are.
 * wire: platforms.md 3.1 (form and error types, reported), 7.
 */
import { errorFromStatus, type HttpResponse, requestIdOf, retryAfterMs } from '../../http/client.ts';
import { ConnectorError, type ConnectorErrorDetails } from '../../http/errors.ts';
import { errorSchema, type SaidError } from './schema.ts';

export const noChangeCode = 'BOLDDESK_NO_CHANGE';
export const addressTakenCode = 'BOLDDESK_ADDRESS_TAKEN';
export const alreadyDeletedCode = 'BOLDDESK_ALREADY_DELETED';
const rowFault = 'BOLDDESK_ROW_';

/** The row's own fault as a short code; undefined for every other error. */
export function rowFaultOf(error: ConnectorError): string | undefined {
  return error.code.startsWith(rowFault) ? error.code.slice(rowFault.length) : undefined;
}

const longestWaitMs = 3_600_000;

/**
 * Milliseconds that a 429 asks to wait: `Retry-After`, else `x-rate-limit-reset`, which is a date and time.
 * @param now milliseconds since 1970
 */
export function throttledForMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const reset = headers['x-rate-limit-reset']?.trim() ?? '';
  const fromReset = /^\d{4}-\d{2}-\d{2}T/.test(reset) ? Date.parse(reset) - now : Number.NaN;
  const wait = Number.isNaN(fromReset) ? undefined : Math.ceil(Math.min(Math.max(fromReset, 0), longestWaitMs));
  return retryAfterMs(headers, now) ?? wait;
}

/** @param now milliseconds since 1970 */
export function boldDeskError(answer: HttpResponse, template: string, now: number): ConnectorError {
  const { status, headers, text } = answer;
  const requestId = requestIdOf(headers);
  const details = { status, ...(requestId === undefined ? {} : { requestId }) };
  const said = saidBy(text);
  if (status === 429 || said?.some(({ errorType }) => errorType === 'APICallQuotaExceeded')) {
    const wait = throttledForMs(headers, now);
    const more = wait === undefined ? details : { ...details, retryAfterMs: wait };
    return new ConnectorError(
      'wait',
      'BOLDDESK_THROTTLED',
      `BoldDesk takes no more calls for now (${template}).`,
      more,
    );
  }
  switch (status) {
    case 400:
    case 409:
    case 422:
      // In another form than BoldDesk's it says nothing about the content.
      return said === undefined
        ? new ConnectorError('retry', `HTTP_${status}`, `${template} was refused on the way to BoldDesk.`, details)
        : refusal(said, template, details);
    case 401:
      return new ConnectorError(
        'config',
        'BOLDDESK_NOT_AUTHORIZED',
        'BoldDesk refuses the key. Check apiKey and the domain in baseUrl.',
        details,
      );
    case 403:
      return forbidden(template, details);
    case 404:
      return said === undefined ? wrongPath(template, details) : missing(template, details);
    case 405:
    case 410:
    case 501:
      return wrongPath(template, details);
    default:
      return errorFromStatus(Math.max(status, 400), headers, now, { service: 'BoldDesk', template });
  }
}

/** Error types that say that something is not there. */
const absences = new Set(['NotExist', 'DetailsNotFound', 'NotFound']);
const rowFaults: Readonly<Record<string, string>> = {
  AlreadyExists: 'ALREADY_EXISTS',
  FieldRequired: 'FIELD_REQUIRED',
  InvalidValue: 'INVALID_VALUE',
  LengthExceeds: 'LENGTH_EXCEEDS',
};

function refusal(said: readonly SaidError[], template: string, details: ConnectorErrorDetails): ConnectorError {
  const types = new Set(said.map(({ errorType }) => errorType ?? ''));
  const refused = `BoldDesk refused ${template}`;
  // Which value it is that does not exist: without a field it is the contact.
  const unknown = said.find(({ field, errorType }) => absences.has(errorType ?? '') && isCustomField(field));
  if (unknown) {
    return new ConnectorError(
      'config',
      'BOLDDESK_UNKNOWN_FIELD',
      `BoldDesk has no custom field ${unknown.field} for contacts.`,
      details,
    );
  }
  if (types.has('AlreadyDeleted')) {
    return new ConnectorError('gone', alreadyDeletedCode, 'The contact is deleted in BoldDesk already.', details);
  }
  if (types.has('AlreadyExists') && said.some(isAddressTaken)) {
    return new ConnectorError('park', addressTakenCode, 'Another contact in BoldDesk has the address.', details);
  }
  for (const [type, name] of Object.entries(rowFaults)) {
    if (types.has(type)) return new ConnectorError('park', `${rowFault}${name}`, `${refused} (${type}).`, details);
  }
  if (types.has('NoChangeFound')) return new ConnectorError('park', noChangeCode, 'Nothing was to change.', details);
  if (types.has('QuotaExceedsLimit')) {
    return new ConnectorError(
      'config',
      'BOLDDESK_QUOTA',
      'A quota of the BoldDesk plan is used up. Extend the plan, or remove contacts.',
      details,
    );
  }
  if (types.has('Unauthorized') || types.has('AccessDenied')) return forbidden(template, details);
  if (types.has('NotAllowed')) {
    return new ConnectorError('park', 'BOLDDESK_NOT_ALLOWED', `${refused}: it does not allow it there.`, details);
  }
  if ([...types].some((type) => absences.has(type))) return missing(template, details);
  return new ConnectorError('park', `${rowFault}REFUSED`, `${refused}.`, details);
}

function isCustomField(field: string | null | undefined): boolean {
  return /^cf_\w{1,60}$/.test(field ?? '');
}

function isAddressTaken({ field, errorType }: SaidError): boolean {
  return errorType === 'AlreadyExists' && (!field || field.toLowerCase() === 'emailid');
}

function saidBy(text: string): readonly SaidError[] | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data?.errors;
  } catch {
    return undefined;
  }
}

function forbidden(template: string, details: ConnectorErrorDetails): ConnectorError {
  return new ConnectorError('config', 'BOLDDESK_FORBIDDEN', `The key may not do ${template}.`, details);
}

function missing(template: string, details: ConnectorErrorDetails): ConnectorError {
  return new ConnectorError('gone', 'BOLDDESK_NOT_FOUND', `BoldDesk does not have what ${template} asks for.`, details);
}

function wrongPath(template: string, details: ConnectorErrorDetails): ConnectorError {
  return new ConnectorError(
    'config',
    'BOLDDESK_WRONG_PATH',
    `There is no ${template} at this baseUrl. Set it to https://<domain>.bolddesk.com/api/v1.`,
    details,
  );
}
