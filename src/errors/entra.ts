/** Codes about getting a token from Entra ID. */
import type { ErrorGroup } from './entry.ts';

export const entraErrors: ErrorGroup = {
  title: 'Entra ID',
  where:
    'As those of Dataverse: nothing is read without a token. The sentence holds the AADSTS number and, where it is known, its mend.',
  entries: {
    ENTRA_INVALID_CLIENT: [
      'config',
      'Entra ID refuses the credentials of the application.',
      'Set the value of a valid client secret, or the thumbprint of a registered certificate.',
    ],
    ENTRA_UNAUTHORIZED_CLIENT: [
      'config',
      'The tenant does not know the application, or has disabled it.',
      'Check dataverse.auth.clientId and the tenant in dataverse.auth.authority.',
    ],
    'ENTRA_<WORD>': [
      'config',
      'Entra ID gave no token, and said so with this word.',
      'Check authority, clientId and the credentials under dataverse.auth.',
    ],
    ENTRA_AUTHORITY: [
      'config',
      'The authority is not one that issues tokens.',
      'Set dataverse.auth.authority to https://<login host>/<tenant id>.',
    ],
    ENTRA_THROTTLED: ['wait', 'Entra ID asks to wait before another token.', 'Nothing.'],
    ENTRA_UNAVAILABLE: [
      'retry',
      'Entra ID is not available.',
      'Nothing; if it lasts, check the network, the proxy (HTTPS_PROXY) and the authority.',
    ],
    ENTRA_UNREADABLE: [
      'retry',
      'Entra ID answered without a token.',
      'Check that nothing on the way (a proxy) answers in its place.',
    ],
    CERTIFICATE_UNREADABLE: [
      'config',
      'The private key file of the certificate cannot be read.',
      'Set dataverse.auth.certificate.privateKeyFile to a PEM file that this user may read.',
    ],
    CERTIFICATE_UNUSABLE: [
      'config',
      'The private key of the certificate cannot sign.',
      'Use an RSA key as PEM (BEGIN PRIVATE KEY), without a passphrase.',
    ],
    MANAGED_IDENTITY_UNREACHABLE: [
      'retry',
      "The machine's managed identity endpoint is not available.",
      'Assign the identity to this machine or app, or use a client secret or certificate.',
    ],
  },
};
