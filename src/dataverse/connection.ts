/**
 * The way to one Dataverse environment: HTTP, tokens, the gate after a 429, and the few calls on top of them. Guarantees
 * that tokens and calls only go to the configured hosts, and that `close` gives up what waits for a token.
 */
import type { Logger } from 'pino';
import type { Settings } from '../../config/settings.ts';
import { createHttpClient, type HttpClient, hostOf } from '../http/client.ts';
import { createDataverseClient, type DataverseClient } from './client.ts';
import { createGate } from './gate.ts';
import { createTokenSource } from './token.ts';
import { authorityFor } from './token-network.ts';

export interface ConnectionOptions {
  readonly settings: Pick<Settings, 'dataverse'>;
  readonly logger: Pick<Logger, 'debug'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The proxy for a URL, '' for none; by default what HTTPS_PROXY and NO_PROXY say. */
  readonly proxyFor?: (url: string) => string;
  /** Bytes of one answer; default 32 MiB. */
  readonly maxResponseBytes?: number;
  /** Milliseconds before the one repetition of a read; default 500. */
  readonly retryDelayMs?: number;
  /** Milliseconds a call is kept waiting after a 429 before it is told to come back; default 60 s. */
  readonly longestWaitMs?: number;
  /** Milliseconds one call may take; by default what the configuration says. */
  readonly timeoutMs?: number;
}

export interface Connection {
  readonly client: DataverseClient;
  /** Gives up what is waiting for a token and closes idle connections. */
  close(): void;
}

const mebibyte = 1024 * 1024;

export function connectDataverse(options: ConnectionOptions): Connection {
  const { now } = options;
  const { dataverse } = options.settings;
  const ending = new AbortController();
  const http = httpFor(options, 'Dataverse', dataverse.url, options.maxResponseBytes ?? 32 * mebibyte);
  const tokenHttp = httpFor(options, 'Entra ID', authorityOrigin(dataverse), mebibyte);
  const token = createTokenSource({
    auth: dataverse.auth,
    url: dataverse.url,
    http: tokenHttp,
    timeoutMs: dataverse.callTimeoutSeconds * 1000,
    now,
    closing: ending.signal,
  });
  const client = createDataverseClient({
    http,
    token,
    gate: createGate({ now, longestWaitMs: options.longestWaitMs ?? 60_000 }),
    url: dataverse.url,
    apiVersion: dataverse.apiVersion,
    now,
    ...(options.retryDelayMs === undefined ? {} : { retryDelayMs: options.retryDelayMs }),
  });
  return {
    client,
    close() {
      ending.abort();
      http.close();
      tokenHttp.close();
    },
  };
}

function httpFor(options: ConnectionOptions, service: string, url: string, maxResponseBytes: number): HttpClient {
  return createHttpClient({
    service,
    timeoutMs: options.timeoutMs ?? options.settings.dataverse.callTimeoutSeconds * 1000,
    allowedHosts: [hostOf(url)],
    maxResponseBytes,
    logger: options.logger,
    now: options.now,
    ...(options.proxyFor === undefined ? {} : { proxyFor: options.proxyFor }),
  });
}

/** Where tokens are asked for over the HTTP client; a managed identity asks its own machine instead. */
function authorityOrigin({ auth, url }: Settings['dataverse']): string {
  if (auth.kind === 'managedIdentity') return url;
  return authorityFor(auth.authority).plain ?? auth.authority;
}
