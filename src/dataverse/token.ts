/**
 * Access tokens for the environment, by MSAL. Guarantees: one request at a time, however many callers ask; a token is
 * given out until five minutes before it ends; nothing secret is kept in an error. Each acquisition uses a client of
 * its own, so MSAL's caches and its own throttling never answer in the service's place. Keeps no token on disk.
 */
import { readFile } from 'node:fs/promises';
import type { AuthenticationResult, Configuration } from '@azure/msal-node';
import { ConfidentialClientApplication, ManagedIdentityApplication } from '@azure/msal-node';
import type { DataverseAuth } from '../../config/settings.ts';
import type { HttpClient } from '../http/client.ts';
import { ConnectorError } from '../http/errors.ts';
import { tokenError } from './token-errors.ts';
import { authorityFor, localNetwork, networkOver, nothingSeen } from './token-network.ts';

export interface TokenSource {
  /**
   * A token that is valid for some minutes. Throws `config` ENTRA_…, CERTIFICATE_UNREADABLE or CERTIFICATE_UNUSABLE, `wait` ENTRA_THROTTLED,
   * `retry` for the network, and HTTP_ABORTED when the signal aborts.
   */
  get(signal: AbortSignal): Promise<string>;
  /** Forgets the token; with `stale`, only when that is the one in use. */
  drop(stale?: string): void;
}

export interface TokenSourceOptions {
  readonly auth: DataverseAuth;
  /** The environment's origin without a trailing slash; the scope is `<url>/.default`. */
  readonly url: string;
  /** A client that may reach the authority's host. */
  readonly http: HttpClient;
  /** Milliseconds for one call to a managed identity endpoint. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends an acquisition that nobody waits for any more. */
  readonly closing: AbortSignal;
}

const marginMs = 5 * 60_000;
const shortestLifeMs = 30_000;

interface Held {
  readonly token: string;
  readonly until: number;
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { now } = options;
  let held: Held | undefined;
  let asking: Promise<Held> | undefined;

  async function ask(): Promise<Held> {
    try {
      held = await acquire(options);
      return held;
    } finally {
      asking = undefined;
    }
  }

  return {
    async get(signal) {
      if (signal.aborted) throw aborted();
      if (held !== undefined && now() < held.until) return held.token;
      asking ??= ask();
      return (await orAborted(asking, signal)).token;
    },
    drop(stale) {
      if (stale === undefined || held?.token === stale) held = undefined;
    },
  };
}

async function acquire(options: TokenSourceOptions): Promise<Held> {
  const seen = nothingSeen();
  let result: AuthenticationResult | null;
  const ask = await acquisition(options, seen);
  try {
    result = await ask();
  } catch (error) {
    throw tokenError(error, seen, options.auth.kind);
  }
  if (!result?.accessToken) {
    throw new ConnectorError('retry', 'ENTRA_UNREADABLE', 'Entra ID answered without a token.');
  }
  const ends = result.expiresOn?.getTime() ?? 0;
  // A clock that is wrong, or a very short life, must not lead to a request per call.
  return { token: result.accessToken, until: Math.max(ends - marginMs, options.now() + shortestLifeMs) };
}

async function acquisition(
  options: TokenSourceOptions,
  seen: ReturnType<typeof nothingSeen>,
): Promise<() => Promise<AuthenticationResult | null>> {
  const { auth, url, now, closing } = options;
  if (auth.kind === 'managedIdentity') {
    return () =>
      new ManagedIdentityApplication({
        ...(auth.clientId === undefined ? {} : { managedIdentityIdParams: { userAssignedClientId: auth.clientId } }),
        system: { networkClient: localNetwork(options.timeoutMs), disableInternalRetries: true },
      }).acquireToken({ resource: url, forceRefresh: true });
  }
  const authority = authorityFor(auth.authority);
  const credential: Partial<Configuration['auth']> =
    auth.kind === 'secret'
      ? { clientSecret: auth.clientSecret.reveal() }
      : {
          clientCertificate: {
            thumbprintSha256: auth.thumbprintSha256,
            privateKey: await readKey(auth.privateKeyFile),
          },
        };
  return () =>
    new ConfidentialClientApplication({
      auth: {
        clientId: auth.clientId,
        authority: authority.forMsal,
        knownAuthorities: [authority.host],
        ...credential,
      },
      system: {
        networkClient: networkOver(options.http, authority.plain, seen, closing, now),
        disableInternalRetries: true,
      },
    }).acquireTokenByClientCredential({ scopes: [`${url}/.default`], skipCache: true });
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new ConnectorError(
      'config',
      'CERTIFICATE_UNREADABLE',
      'The private key file of dataverse.auth.certificate cannot be read; check privateKeyFile and its permissions.',
    );
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    stop = () => reject(aborted());
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function aborted(): ConnectorError {
  return new ConnectorError('retry', 'HTTP_ABORTED', 'Waiting for a token was given up from our side.');
}
