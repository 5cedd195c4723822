/**
 * What a Keap answer that is no success means. Guarantees that "it does not exist" is said only in Keap's own form of
 * an error, never for a wrong path, a gateway's or a proxy's page. The vendor's message is looked at for one phrase and
 * not kept.
 * wire: the vendor's description (Error: 400, 401, 403, 404, 405, 409, 500, 501), platforms.md 2.1 and 0 (403 "GDPR
 * guidelines", of the retired redact feature).
 */
import { errorFromStatus, type HttpResponse, requestIdOf } from '../../http/client.ts';
import { ConnectorError } from '../../http/errors.ts';
import { errorSchema } from './schema.ts';

export const suppressedCode = 'KEAP_SUPPRESSED';

/** @param now milliseconds since 1970 */
export function keapError(answer: HttpResponse, template: string, now: number): ConnectorError {
  const { status, headers, text } = answer;
  const plain = errorFromStatus(Math.max(status, 400), headers, now, { service: 'Keap', template });
  if (plain.kind === 'wait') return plain;
  const requestId = requestIdOf(headers);
  const details = { status, ...(requestId === undefined ? {} : { requestId }) };
  const said = errorOf(text);
  switch (status) {
    case 400:
      // In another form than Keap's it says nothing about the content.
      return said === undefined
        ? new ConnectorError('retry', 'HTTP_400', `${template} was refused on the way to Keap.`, details)
        : new ConnectorError('park', 'KEAP_REFUSED', `Keap refused the content of ${template}.`, details);
    case 401:
      return new ConnectorError(
        'config',
        'KEAP_NOT_AUTHORIZED',
        'Keap refuses the key. Check apiKey and sendKeyAs; a personal access token expires.',
        details,
      );
    case 403:
      return said?.message.includes('GDPR guidelines')
        ? new ConnectorError('park', suppressedCode, 'Keap refuses this person for GDPR reasons.', details)
        : new ConnectorError('config', 'KEAP_FORBIDDEN', `The key may not do ${template}.`, details);
    case 404:
      return said?.code === 404
        ? new ConnectorError('gone', 'KEAP_NOT_FOUND', `Keap does not have what ${template} asks for.`, details)
        : wrongPath(template, details);
    case 405:
    case 410:
    case 501:
      return wrongPath(template, details);
    case 409:
      return new ConnectorError('retry', 'KEAP_CONFLICT', `Keap was changing the same at ${template}.`, details);
    default:
      return plain;
  }
}

function errorOf(text: string): { readonly code: number; readonly message: string } | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function wrongPath(template: string, details: { readonly status: number }): ConnectorError {
  return new ConnectorError(
    'config',
    'KEAP_WRONG_PATH',
    `There is no ${template} at this baseUrl. Set it to https://api.keap.com/crm/rest/v2.`,
    details,
  );
}
