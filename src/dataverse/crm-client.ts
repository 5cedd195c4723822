/**
 * The CRM port over the Dataverse Web API, put together. Guarantees what `crm.ts` says; keeps nothing but a token, the
 * metadata of the tables in use and the time until which Dataverse asked to wait.
 */
import type { Settings } from '../../config/settings.ts';
import { parseRecordId } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import { createChangeFeed } from './change-feed.ts';
import { createDataverseCheck } from './check.ts';
import type { DataverseClient } from './client.ts';
import { type ConnectionOptions, connectDataverse } from './connection.ts';
import type { Crm } from './crm.ts';
import { findByAddress } from './find-by-address.ts';
import { createHiddenAddress } from './hidden-address.ts';
import { createMarketingJobs, type MarketingJobs } from './marketing-jobs.ts';
import { createMetadata } from './metadata.ts';
import { writeNote } from './notes.ts';
import { tableSettings } from './read-plan.ts';
import { createRecordReader } from './record-reader.ts';

export type CrmSettings = Pick<Settings, 'dataverse' | 'tables' | 'targets' | 'marketingJobs' | 'notes'> &
  Partial<Pick<Settings, 'suppression' | 'erasure' | 'notes'>>;

export interface CrmOptions extends Omit<ConnectionOptions, 'settings' | 'timeoutMs'> {
  readonly settings: CrmSettings;
}

export type ClosableCrm = Crm & {
  /** Gives up what is waiting for a token and closes idle connections. */
  close(): void;
};

export function createCrm(options: CrmOptions): ClosableCrm {
  const { settings, now } = options;
  const { dataverse } = settings;
  const { client, close } = connectDataverse(options);
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
    organizationId: createWhoAmI(client),
    startChanges: feed.start,
    followChanges: feed.follow,
    readRows: reader.readRows,
    readRow: reader.readRow,
    findByAddress: (address, signal) => findByAddress(client, settings, address, signal),
    openJobs: async (signal) => needed(jobs).open(signal),
    readJob: async (id, signal) => needed(jobs).read(id, signal),
    updateJob: async (id, etag, update, signal) => needed(jobs).update(id, etag, update, signal),
    writeNote: (ref, note, isThere, signal) => writeNote(client, ref, note, isThere, signal),
    hidesAddress: createHiddenAddress({ client, metadata, settings, now }),
    changeTrackingDays: (signal) => changeTrackingDays(client, signal),
    check,
    close,
  };
}

/** Whoever asks while somebody's question is under way shares its answer: all tables are pulled at once, and each asks. */
function createWhoAmI(client: DataverseClient): Crm['organizationId'] {
  let underWay: { readonly answer: Promise<string>; readonly signal: AbortSignal } | undefined;
  return async (signal) => {
    while (underWay) {
      const { answer, signal: theirs } = underWay;
      try {
        return await answer;
      } catch (error) {
        // Given up by whoever asked, which says nothing to the others.
        if (!theirs.aborted || signal.aborted) throw error;
      }
    }
    const mine = { answer: organizationId(client, signal), signal };
    underWay = mine;
    try {
      return await mine.answer;
    } finally {
      underWay = undefined;
    }
  };
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
