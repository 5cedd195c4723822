/**
 * The CRM port over the Dataverse Web API, put together. Guarantees what `crm.ts` says; keeps nothing but a token, the
 * metadata of the tables in use and the time until which Dataverse asked to wait.
 */
import type { Logger } from 'pino';
import type { Settings } from '../../config/settings.ts';
import { parseRecordId } from '../../config/words.ts';
import { createHttpClient, type HttpClient, hostOf } from '../http/client.ts';
import { ConnectorError } from '../http/errors.ts';
import { createChangeFeed } from './change-feed.ts';
import { createDataverseCheck } from './check.ts';
import { createDataverseClient, type DataverseClient } from './client.ts';
import type { Crm } from './crm.ts';
import { findByAddress } from './find-by-address.ts';
import { createGate } from './gate.ts';
import { createHiddenAddress } from './hidden-address.ts';
import { createMarketingJobs, type MarketingJobs } from './marketing-jobs.ts';
import { createMetadata } from './metadata.ts';
import { tableSettings } from './read-plan.ts';
import { createRecordReader } from './record-reader.ts';
import { createTokenSource } from './token.ts';
import { authorityFor } from './token-network.ts';

export type CrmSettings = Pick<Settings, 'dataverse' | 'tables' | 'targets' | 'marketingJobs'> &
  Partial<Pick<Settings, 'suppression' | 'erasure'>>;

export interface CrmOptions {
  readonly settings: CrmSettings;
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
}

export type ClosableCrm = Crm & {
  /** Gives up what is waiting for a token and closes idle connections. */
  close(): void;
};

const mebibyte = 1024 * 1024;

export function createCrm(options: CrmOptions): ClosableCrm {
  const { settings, now } = options;
  const { dataverse } = settings;
  const ending = new AbortController();
  const http = httpFor(options, 'Dataverse', dataverse.url, options.maxResponseBytes ?? 32 * mebibyte);
  const tokenHttp = httpFor(options, 'Entra ID', authorityOrigin(settings), mebibyte);
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
  const metadata = createMetadata(client);
  const feed = createChangeFeed({
    client,
    emailColumn: (table) => tableSettings(settings, table).email,
    pageSize: dataverse.pageSize,
  });
  const baseLength = `${dataverse.url}/api/data/${dataverse.apiVersion}/`.length;
  const reader = createRecordReader({ client, settings, metadata, baseLength });
  const jobs = settings.marketingJobs === undefined ? undefined : createMarketingJobs(client, settings.marketingJobs);
  const check = createDataverseCheck({ client, metadata, settings, feed });

  return {
    organizationId: (signal) => organizationId(client, signal),
    startChanges: feed.start,
    followChanges: feed.follow,
    readRows: reader.readRows,
    readRow: reader.readRow,
    findByAddress: (address, signal) => findByAddress(client, settings, address, signal),
    openJobs: async (signal) => needed(jobs).open(signal),
    readJob: async (id, signal) => needed(jobs).read(id, signal),
    updateJob: async (id, etag, update, signal) => needed(jobs).update(id, etag, update, signal),
    hidesAddress: createHiddenAddress({ client, metadata, settings, now }),
    changeTrackingDays: (signal) => changeTrackingDays(client, signal),
    check,
    close() {
      ending.abort();
      http.close();
      tokenHttp.close();
    },
  };
}

function httpFor(options: CrmOptions, service: string, url: string, maxResponseBytes: number): HttpClient {
  return createHttpClient({
    service,
    timeoutMs: options.settings.dataverse.callTimeoutSeconds * 1000,
    allowedHosts: [hostOf(url)],
    maxResponseBytes,
    logger: options.logger,
    now: options.now,
    ...(options.proxyFor === undefined ? {} : { proxyFor: options.proxyFor }),
  });
}

/** Where tokens are asked for over the HTTP client; a managed identity asks its own machine instead. */
function authorityOrigin({ dataverse }: CrmSettings): string {
  const { auth, url } = dataverse;
  if (auth.kind === 'managedIdentity') return url;
  return authorityFor(auth.authority).plain ?? auth.authority;
}

/** WhoAmI. Throws ConnectorError; `retry` WHO_AM_I_UNREADABLE when the answer has no id. */
async function organizationId(client: DataverseClient, signal: AbortSignal): Promise<string> {
  const answer = await client.get('WhoAmI', { template: 'GET /WhoAmI', signal });
  const id = parseRecordId(answer.OrganizationId);
  if (id !== undefined) return id;
  throw new ConnectorError('retry', 'WHO_AM_I_UNREADABLE', 'Dataverse did not say which organization it is.');
}

/** Wire: organization entity reference, expirechangetrackingindays, 0 to 365. */
async function changeTrackingDays(client: DataverseClient, signal: AbortSignal): Promise<number | undefined> {
  const path = 'organizations?$select=expirechangetrackingindays';
  const [row] = await client.getAll(path, { template: 'GET /organizations', signal });
  const days = row?.expirechangetrackingindays;
  return typeof days === 'number' ? days : undefined;
}

function needed(jobs: MarketingJobs | undefined): MarketingJobs {
  if (jobs !== undefined) return jobs;
  throw new ConnectorError('config', 'MARKETING_JOBS_OFF', 'Marketing jobs are switched off in the configuration.');
}
