/**
 * How a check says what it found. Guarantees that every finding that is not ok has a mend. Holds no values of rows.
 */
import { type ConnectorError, isConnectorError } from '../http/errors.ts';
import type { CrmFinding } from './crm.ts';

export function fine(subject: string, message: string): CrmFinding {
  return { ok: true, subject, message, mend: '' };
}

export function wrong(subject: string, message: string, mend: string): CrmFinding {
  return { ok: false, subject, message, mend };
}

const mends: Readonly<Record<string, string>> = {
  CERTIFICATE_UNREADABLE: 'Set dataverse.auth.certificate.privateKeyFile to a PEM file that this user may read.',
  CERTIFICATE_UNUSABLE: 'Use an RSA key as PEM (BEGIN PRIVATE KEY), without a passphrase.',
  DATAVERSE_ACCESS_DENIED: "Grant the application user's role its read privileges at organization level.",
  DATAVERSE_BAD_QUERY: 'Correct the name in the configuration, or create the column or table.',
  DATAVERSE_COLUMN_SECURED: 'Add the application user to a column security profile that allows it.',
  DATAVERSE_FORBIDDEN: "Check the application user's role and the environment's IP firewall.",
  DATAVERSE_PATH_UNKNOWN: 'Check dataverse.url and dataverse.apiVersion.',
  DATAVERSE_PRIVILEGE_MISSING: "Grant the named privilege to the application user's role at organization level.",
  DATAVERSE_UNAUTHORIZED: 'Check that dataverse.url and the tenant in dataverse.auth.authority belong together.',
  DATAVERSE_USER_MISSING:
    'Create an application user for the client id in the Power Platform admin center and give it the connector role.',
  ENTRA_AUTHORITY: 'Set dataverse.auth.authority to https://<login host>/<tenant id>.',
  ENTRA_INVALID_CLIENT: 'Set the value of a valid client secret, or the thumbprint of a registered certificate.',
  ENTRA_UNAUTHORIZED_CLIENT: 'Check dataverse.auth.clientId and the tenant in dataverse.auth.authority.',
  FEED_WITHOUT_DELTA_LINK: "Turn on 'Track changes' in the table's properties, or run connector setup.",
  HTTP_CERTIFICATE: 'For an authority of your own set NODE_EXTRA_CA_CERTS.',
  HTTP_REDIRECT: 'Set dataverse.url to the address that the environment itself uses.',
  LOOKUPS_TOO_MANY: 'Map fewer lookups.',
  LOOKUP_COLUMN_UNKNOWN: 'Correct the column in the mapping.',
  LOOKUP_UNKNOWN: 'Correct the lookup in the mapping.',
  MANAGED_IDENTITY_UNREACHABLE: 'Assign the identity to this machine or app, or use a client secret or certificate.',
};

/** A failed question as a finding. Throws what is no ConnectorError, and what was given up from our side. */
export function failed(subject: string, error: unknown): CrmFinding {
  if (!isConnectorError(error) || error.code === 'HTTP_ABORTED') throw error;
  return wrong(subject, error.message, mendOf(error));
}

function mendOf({ code, kind }: ConnectorError): string {
  const known = mends[code];
  if (known !== undefined) return known;
  if (code.startsWith('ENTRA_') && kind === 'config') {
    return 'Check authority, clientId and the credentials under dataverse.auth.';
  }
  if (kind === 'wait') return 'Wait a little and check again; if it stays so, other programs use up the limit.';
  if (kind === 'retry')
    return 'Check the address, the network, the proxy (HTTPS_PROXY) and the service, then check again.';
  return 'Look the code up in docs/errors.md.';
}
