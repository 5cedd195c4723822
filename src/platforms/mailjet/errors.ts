/**
 * What a Mailjet answer that is no success means. Guarantees that "it does not exist" and "it exists already" are said
 * only in Mailjet's own form of an error, never for a wrong path, a gateway's or a proxy's page. The vendor's message
 * quotes addresses and values: it is looked at for codes and phrases, and not kept.
 * wire: platforms.md 1.1 to 1.5 and 7: 404 "Object not found", 400 MJ18 (exists), CM09 (bad value), "Invalid key name",
 * "Invalid email address"; 401 also for MJ19 and "Operation not allowed", with a key that is right.
 */
import { errorFromStatus, type HttpResponse, requestIdOf } from '../../http/client.ts';
import { ConnectorError } from '../../http/errors.ts';
import { errorSchema } from './schema.ts';

export const existsCode = 'MAILJET_EXISTS';

/** Refusals that are about one person's own values; the part after MAILJET_ is the outcome's detail. */
export const refusals: ReadonlySet<string> = new Set(['MAILJET_BAD_ADDRESS', 'MAILJET_BAD_VALUE', 'MAILJET_REFUSED']);

/** @param now milliseconds since 1970 */
export function mailjetError(answer: HttpResponse, template: string, now: number): ConnectorError {
  const { status, headers, text } = answer;
  const plain = errorFromStatus(Math.max(status, 400), headers, now, { service: 'Mailjet', template });
  if (plain.kind === 'wait') return plain;
  const requestId = requestIdOf(headers);
  const details = { status, ...(requestId === undefined ? {} : { requestId }) };
  const said = messageOf(text);
  switch (status) {
    case 400:
      // In another form than Mailjet's it says nothing about the content.
      return said === undefined
        ? new ConnectorError('retry', 'HTTP_400', `${template} was refused on the way to Mailjet.`, details)
        : refusal(said, template, details);
    case 401:
      return said !== undefined && /MJ\d\d|Operation not allowed/.test(said)
        ? new ConnectorError('config', 'MAILJET_NOT_ALLOWED', `Mailjet does not allow ${template}.`, details)
        : new ConnectorError(
            'config',
            'MAILJET_NOT_AUTHORIZED',
            'Mailjet refuses the keys. Check publicKey and secretKey.',
            details,
          );
    case 403:
      return new ConnectorError('config', 'MAILJET_FORBIDDEN', `The API key may not do ${template}.`, details);
    case 404:
      return said?.includes('Object not found')
        ? new ConnectorError('gone', 'MAILJET_NOT_FOUND', `Mailjet does not have what ${template} asks for.`, details)
        : wrongPath(template, details);
    case 405:
    case 410:
      return wrongPath(template, details);
    default:
      return plain;
  }
}

type Details = { readonly status: number };

function refusal(said: string, template: string, details: Details): ConnectorError {
  if (said.includes('MJ18'))
    return new ConnectorError('park', existsCode, 'Mailjet has a contact with this address already.', details);
  if (/invalid email/i.test(said))
    return new ConnectorError('park', 'MAILJET_BAD_ADDRESS', 'Mailjet does not take the address.', details);
  if (/\bCM\d\d/.test(said))
    return new ConnectorError('park', 'MAILJET_BAD_VALUE', 'Mailjet does not take a value of the row.', details);
  if (/invalid key name/i.test(said))
    // Only names that the account has are sent; users report this answer for those too, and that it passes.
    return new ConnectorError('retry', 'MAILJET_KEY_NAME', 'Mailjet denies a property that it has.', details);
  if (/listID/i.test(said))
    return new ConnectorError('config', 'MAILJET_LIST_GONE', 'Mailjet does not have a mapped list any more.', details);
  return new ConnectorError('park', 'MAILJET_REFUSED', `Mailjet refused the content of ${template}.`, details);
}

/** The message as one text; undefined where the answer is not in Mailjet's form. */
function messageOf(text: string): string | undefined {
  try {
    const parsed = errorSchema.safeParse(JSON.parse(text)).data;
    if (parsed === undefined) return undefined;
    return typeof parsed.ErrorMessage === 'string' ? parsed.ErrorMessage : JSON.stringify(parsed.ErrorMessage);
  } catch {
    // A bad value was recorded in a form that only looks like JSON.
    return /^\s*\[\{.*"CM\d\d /.test(text) ? text : undefined;
  }
}

function wrongPath(template: string, details: Details): ConnectorError {
  return new ConnectorError(
    'config',
    'MAILJET_WRONG_PATH',
    `There is no ${template} at this baseUrl. Set it to https://api.mailjet.com, without a version.`,
    details,
  );
}
