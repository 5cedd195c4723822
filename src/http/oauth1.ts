/**
 * OAuth 1.0a signatures (RFC 5849) with HMAC-SHA1, sent in the Authorization header; one-legged unless a token is
 * given. Guarantees: query and form parameters are signed, repeated and empty ones too; a JSON body is not (the RFC
 * signs form bodies only). Clock and nonce are passed in. The secret stays in the closure.
 */
import { createHmac } from 'node:crypto';
import OAuth from 'oauth-1.0a';
import type { Secret } from '../../config/settings.ts';
import { ConnectorError } from './errors.ts';

export interface OAuth1Options {
  readonly consumerKey: string;
  readonly consumerSecret: Secret;
  readonly token?: { readonly key: string; readonly secret: Secret };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A different text for every request. */
  readonly nonce: () => string;
  /** RFC 5849 makes it optional; Spotler's clients send it (wire: spotler.md B.1). Default '1.0'. */
  readonly version?: '1.0' | 'none';
}

export interface OAuth1Request {
  readonly method: string;
  readonly url: string;
  /** An `application/x-www-form-urlencoded` body; leave out any other. */
  readonly form?: string;
}

export interface OAuth1Signer {
  /** The value of the Authorization header. Throws TypeError on something that is no URL. */
  authorize(request: OAuth1Request): string;
}

export function createOAuth1Signer(options: OAuth1Options): OAuth1Signer {
  const oauth = new OAuth({
    consumer: { key: options.consumerKey, secret: options.consumerSecret.reveal() },
    signature_method: 'HMAC-SHA1',
    hash_function: (base, key) => createHmac('sha1', key).update(base).digest('base64'),
  });
  return {
    authorize(request) {
      const seconds = Math.floor(options.now() / 1000);
      const parameters = {
        oauth_consumer_key: options.consumerKey,
        oauth_nonce: options.nonce(),
        oauth_signature_method: 'HMAC-SHA1',
        oauth_timestamp: seconds,
        ...(options.version === 'none' ? {} : { oauth_version: '1.0' }),
        ...(options.token ? { oauth_token: options.token.key } : {}),
      } as OAuth.Data;
      const signature = oauth.getSignature(normalised(request), options.token?.secret.reveal(), parameters);
      return oauth.toHeader({ ...parameters, oauth_signature: signature }).Authorization;
    },
  };
}

/** The text that is signed, RFC 5849 section 3.4.1; for tests and for finding out why a server refuses a signature. */
export function signatureBaseString(request: OAuth1Request, oauthParameters: Readonly<Record<string, string>>): string {
  const oauth = new OAuth({ consumer: { key: '', secret: '' } });
  return oauth.getBaseString(normalised(request), { ...oauthParameters } as unknown as OAuth.Data);
}

/**
 * The library takes the query apart without decoding names or `+`, loses a name that is in the query and the form, and
 * leaves the host as written. So it gets the URL without its query, and the parameters decoded by the URL standard.
 */
function normalised(request: OAuth1Request): OAuth.RequestOptions {
  const url = new URL(request.url);
  const data: Record<string, string | string[]> = {};
  for (const [name, value] of [...url.searchParams, ...new URLSearchParams(request.form ?? '')]) {
    if (name.startsWith('oauth_')) {
      throw new ConnectorError('config', 'OAUTH_PARAMETER_TAKEN', `The parameter ${name} belongs to the signature.`);
    }
    const before = data[name];
    data[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return { method: request.method, url: `${url.protocol}//${url.host}${url.pathname}`, data };
}
