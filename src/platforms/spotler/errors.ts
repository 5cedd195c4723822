/**
 * What a Spotler answer that is no success means: by `errorType` first, by status second. Guarantees that "the contact
 * does not exist" is said only when Spotler said so about the contact, never for a wrong path, a proxy's page or a
 * failing server. The vendor's message is not kept.
 * wire: spotler.md B.5; CONTACT_NOT_FOUND is seen with 404 and with 400.
 */
import { errorFromStatus, type HttpResponse, requestIdOf } from '../../http/client.ts';
import { ConnectorError } from '../../http/errors.ts';
import { errorSchema } from './schema.ts';

const service = 'Spotler';

/** The `errorType` of a body in JSON or XML; undefined when there is none that looks like one. */
export function errorTypeOf(text: string): string | undefined {
  // XML only where the body is XML: a person's name inside JSON may hold any text.
  const xml = text.trimStart().startsWith('<') ? /<errorType>\s*([^<\s]+)/.exec(text)?.[1] : undefined;
  const type = xml ?? fromJson(text);
  return type !== undefined && /^[A-Z][A-Z_]{2,40}$/.test(type) ? type : undefined;
}

function fromJson(text: string): string | undefined {
  try {
    const read = errorSchema.safeParse(JSON.parse(text));
    return read.success ? read.data.errorType : undefined;
  } catch {
    return undefined;
  }
}

/** @param now milliseconds since 1970 */
export function spotlerError(answer: HttpResponse, template: string, now: number): ConnectorError {
  const { status, headers } = answer;
  const plain = errorFromStatus(Math.max(status, 400), headers, now, { service, template });
  if (plain.kind === 'wait' || plain.kind === 'retry') return plain;
  const requestId = requestIdOf(headers);
  const details = { status, ...(requestId === undefined ? {} : { requestId }) };
  const type = errorTypeOf(answer.text);
  switch (type) {
    case 'CONTACT_NOT_FOUND':
      return new ConnectorError('gone', 'SPOTLER_CONTACT_NOT_FOUND', 'Spotler has no contact with this id.', details);
    case 'AUTH_NOT_FOUND':
    case 'NOT_AUTHORIZED':
      return notAuthorized(details);
    case 'BACKEND_EXCEPTION':
      return new ConnectorError('retry', 'SPOTLER_BACKEND_EXCEPTION', `Spotler failed at ${template}.`, details);
    case 'RESOURCE_NOT_FOUND':
      return wrongPath(template, details);
    default:
      break;
  }
  if (status === 401 || status === 403) return notAuthorized(details);
  if (status === 404 && type === undefined) return wrongPath(template, details);
  if (status === 410) return plain;
  if (type === undefined) return plain;
  return new ConnectorError('park', `SPOTLER_${type}`, `Spotler refused ${template} (${type}).`, details);
}

type Details = { readonly status: number; readonly requestId?: string };

function notAuthorized(details: Details): ConnectorError {
  return new ConnectorError(
    'config',
    'SPOTLER_NOT_AUTHORIZED',
    'Spotler refuses the credentials. Check consumerKey and consumerSecret, and that the REST API licence is active.',
    details,
  );
}

function wrongPath(template: string, details: Details): ConnectorError {
  return new ConnectorError(
    'config',
    'SPOTLER_WRONG_PATH',
    `There is no ${template} at this baseUrl. Set it to https://restapi.mailplus.nl/integrationservice.`,
    details,
  );
}
