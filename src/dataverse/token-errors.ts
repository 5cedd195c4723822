/**
 * What MSAL's failures mean. Pure. Guarantees that of what Entra ID said only its error word and AADSTS number are
 * kept (https://learn.microsoft.com/entra/identity-platform/reference-error-codes); its sentences quote ids and names.
 */
import type { DataverseAuth } from '../../config/settings.ts';
import { ConnectorError } from '../http/errors.ts';
import type { Seen } from './token-network.ts';

/** What to do about the refusals that a wrong configuration brings. */
const mends: Readonly<Record<string, string>> = {
  '7000215': 'The client secret is wrong; set the value of the secret, not its id.',
  '7000222': 'The client secret has expired; create a new one.',
  '700016': 'This tenant does not know the client id; check clientId and the tenant in authority.',
  '700027': 'The certificate does not fit the application; register its public part there and check thumbprintSha256.',
  '90002': 'The tenant in authority does not exist.',
  '900023': 'The tenant in authority is neither a tenant id nor a domain.',
  '500011': 'The tenant does not know the environment; check dataverse.url and the tenant in authority.',
  '7000112': 'The application is disabled in this tenant.',
  '53003': 'A conditional access policy blocks the application.',
};

const unspecifiedWaitMs = 30_000;

/**
 * The ConnectorError for whatever an acquisition threw. Nothing of its text is kept.
 * @param auth how the token was asked for
 */
export function tokenError(error: unknown, seen: Seen, auth: DataverseAuth['kind']): ConnectorError {
  if (seen.failure !== undefined) return seen.failure;
  const { word, number, status } = partsOf(error);
  if (auth === 'managedIdentity' && word === 'network_error') {
    return new ConnectorError(
      'retry',
      'MANAGED_IDENTITY_UNREACHABLE',
      "The machine's managed identity endpoint is not available; is the identity assigned to this machine or app?",
    );
  }
  const details = status === undefined ? {} : { status };
  // No word and nothing was sent: the assertion could not be signed.
  if (auth === 'certificate' && word === 'unknown' && status === undefined) {
    return new ConnectorError(
      'config',
      'CERTIFICATE_UNUSABLE',
      'The private key of dataverse.auth.certificate cannot sign; it has to be an RSA key as PEM, without a passphrase.',
    );
  }
  if (status === 429) {
    return new ConnectorError('wait', 'ENTRA_THROTTLED', 'Entra ID asks to wait before another token.', {
      ...details,
      retryAfterMs: seen.retryAfterMs ?? unspecifiedWaitMs,
    });
  }
  const code = seen.status ?? status;
  if ((code !== undefined && code >= 500) || word === 'temporarily_unavailable' || word === 'network_error') {
    return new ConnectorError('retry', 'ENTRA_UNAVAILABLE', 'Entra ID is not available.', details);
  }
  if (word === 'endpoints_resolution_error') {
    const mend = 'authority has to be https://<login host>/<tenant>, and its issuer has to be that address.';
    return new ConnectorError(
      'config',
      'ENTRA_AUTHORITY',
      `The authority is not one that issues tokens; ${mend}`,
      details,
    );
  }
  const mend = (number === undefined ? undefined : mends[number]) ?? 'Check authority, clientId and the credentials.';
  const named = number === undefined ? word : `${word}, AADSTS${number}`;
  return new ConnectorError('config', `ENTRA_${word.toUpperCase()}`, `No token was given (${named}). ${mend}`, details);
}

function partsOf(error: unknown): { word: string; number: string | undefined; status: number | undefined } {
  if (typeof error !== 'object' || error === null) return { word: 'unknown', number: undefined, status: undefined };
  const { errorCode, errorNo, status } = error as { errorCode?: unknown; errorNo?: unknown; status?: unknown };
  const number = String(errorNo ?? '');
  return {
    word: typeof errorCode === 'string' && /^[a-z][a-z0-9_]{1,60}$/.test(errorCode) ? errorCode : 'unknown',
    number: /^\d{4,9}$/.test(number) ? number : undefined,
    status: typeof status === 'number' ? status : undefined,
  };
}
