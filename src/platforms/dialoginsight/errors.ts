/**
 * What an answer that is no success means. Guarantees that nothing is ever called gone: this service says by an empty
 * list or a count that somebody is not there. The vendor's message is looked at for a few words and not kept.
 * wire: platforms.md 4.1. Documented are a key that expired, a permission that is missing (project, table, endpoint) and
 * a number of calls that is exceeded; their codes are not, so words in English and French are all there is to go by.
 */
import { errorFromStatus, type HttpResponse, requestIdOf } from '../../http/client.ts';
import { ConnectorError, type ConnectorErrorDetails } from '../../http/errors.ts';

/** The service refused a call and its credentials are not to blame: then it is the content. */
export const refusedCode = 'DIALOGINSIGHT_REFUSED';

/** Milliseconds to wait where the service only says that there were too many calls. */
export const quotaWaitMs = 60_000;

export interface Refusal {
  readonly code: string | null | undefined;
  readonly message: string | null | undefined;
  readonly details: ConnectorErrorDetails;
}

/** Of calls, not of characters: a text that exceeds its length is the row's own fault. */
const quota =
  /quota|throttl|too many (calls|requests)|(call|request|appel|requ[êe]te).{0,40}(exceed|d[ée]pass|limit)|(exceed|d[ée]pass|limit).{0,40}(call|request|appel|requ[êe]te)/i;
const credentials =
  /authenti|authori[sz]|autoris|AuthKey|credential|api key|invalid key|key.{0,12}(expired|unknown|disabled|not valid)|cl[ée].{0,20}(expir|invalid|inconnu)|permission|access denied|forbidden|acc[èe]s (refus|interdit)/i;
const passing = /internal|unexpected error|time(d )?-?out|unavailable|maintenance|interne|indisponible/i;

/** Undefined when the words say nothing: then a call that cannot be wrong has to tell. */
export function knownRefusal({ code, message, details }: Refusal, template: string): ConnectorError | undefined {
  const said = `${code ?? ''} ${message ?? ''} `;
  if (quota.test(said)) {
    return new ConnectorError('wait', 'DIALOGINSIGHT_QUOTA', 'Dialog Insight says that there were too many calls.', {
      ...details,
      retryAfterMs: quotaWaitMs,
    });
  }
  if (credentials.test(said)) return notAuthorized(template, details);
  if (!passing.test(said)) return undefined;
  return new ConnectorError('retry', 'DIALOGINSIGHT_FAILED', `Dialog Insight failed at ${template}.`, details);
}

export function notAuthorized(template: string, details: ConnectorErrorDetails): ConnectorError {
  return new ConnectorError(
    'config',
    'DIALOGINSIGHT_NOT_AUTHORIZED',
    `Dialog Insight refuses ${template} to this key. Check keyId, apiKey, the project and what the key may do.`,
    details,
  );
}

export function refusedContent(template: string, details: ConnectorErrorDetails): ConnectorError {
  return new ConnectorError('park', refusedCode, `Dialog Insight refused the content of ${template}.`, details);
}

/** @param now milliseconds since 1970 */
export function httpError(answer: HttpResponse, template: string, now: number): ConnectorError {
  const { status, headers } = answer;
  const plain = errorFromStatus(Math.max(status, 400), headers, now, { service: 'Dialog Insight', template });
  const requestId = requestIdOf(headers);
  const details = { status, ...(requestId === undefined ? {} : { requestId }) };
  switch (plain.kind) {
    case 'gone':
      return wrongPath(template, details);
    case 'park':
      // The service says what is wrong with a request with status 200: this is somebody on the way.
      return status === 405
        ? wrongPath(template, details)
        : new ConnectorError(
            'retry',
            `HTTP_${status}`,
            `${template} was refused on the way to Dialog Insight.`,
            details,
          );
    default:
      return plain;
  }
}

function wrongPath(template: string, details: ConnectorErrorDetails): ConnectorError {
  return new ConnectorError(
    'config',
    'DIALOGINSIGHT_WRONG_PATH',
    `There is no ${template} at this baseUrl. Set it to https://<host>/webservices/ofc4.`,
    details,
  );
}
