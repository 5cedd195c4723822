/**
 * Mailjet behind the port: wires client, discovery and use cases together and states what Mailjet can and cannot do.
 * Holds no decision. See README.md beside this file for the wire facts and their certainty.
 */
import { createHttpClient, hostOf } from '../../http/client.ts';
import type { OpenPlatform, PlatformContext } from '../context.ts';
import type { Capabilities } from '../platform.ts';
import { createBulkWrite } from './bulk-write.ts';
import { checkAccount } from './check.ts';
import { createMailjetClient } from './client.ts';
import { createConsent } from './consent.ts';
import { createDiscovery, mappedPermissions } from './discovery.ts';
import { createJobs } from './jobs.ts';
import { createLookUp } from './look-up.ts';
import { createOwnCreations } from './own-creations.ts';
import { createPeople } from './people.ts';
import type { MailjetSettings } from './settings.ts';
import { createSingleWrite } from './single-write.ts';
import { createTransport } from './transport.ts';
import { bulkSize, createUpsert } from './upsert.ts';

/** A page of 1,000 contacts fits several times, and so does the error file of a job. */
const maxResponseBytes = 32 * 1024 * 1024;

export const mailjetCapabilities: Capabilities = {
  identity: 'address',
  bulkSize,
  addressMutable: false,
  listComplete: false,
  erase: { mode: 'anonymize', purgeDays: 30, reversible: false },
  findsByAddressOnly: true,
  blocksReimport: false,
  permissionReset: 'native',
  pauseReversible: false,
  sideEffects: [
    'A reset unsubscribes from every list, and this connector never subscribes anybody by force: only the person, or somebody in Mailjet, can subscribe them to those lists again.',
    'A change of the address makes a new contact and anonymizes the old one, with its history.',
    'Statistics stay in Mailjet, without the person.',
    'Transactional mail is still sent to whoever is excluded from campaigns.',
  ],
};

export function createMailjet(settings: MailjetSettings, context: PlatformContext): OpenPlatform {
  const { baseUrl, publicKey, bulkFrom } = settings;
  const { tables } = context;
  const now = () => context.now();
  const http = createHttpClient({
    service: 'Mailjet',
    timeoutMs: context.timeoutMs,
    allowedHosts: [hostOf(baseUrl)],
    maxResponseBytes,
    pace: context.pace,
    logger: context.logger,
    now,
  });
  const client = createMailjetClient(createTransport({ settings, http, now }));
  const discovery = createDiscovery(client, context);
  const lookUp = createLookUp(client);
  const consent = createConsent(client, settings.lowerListsBy);
  const jobs = createJobs({ client, waitMs: settings.jobWaitSeconds * 1000 });
  const own = createOwnCreations();
  const single = createSingleWrite({ client, lookUp, consent, own });
  const bulk = createBulkWrite(client, jobs, own);
  return {
    capabilities: mailjetCapabilities,
    account: `mailjet ${hostOf(baseUrl)} ${publicKey}`,
    hasNobody: async (signal) => (await client.newest(1, 0, signal)).length === 0,
    check: (signal) => checkAccount(client, discovery, tables, signal),
    upsert: createUpsert({ discovery, jobs, bulk, single, bulkFrom }),
    ...createPeople({ client, discovery, lookUp, consent, jobs, own, permissions: mappedPermissions(tables) }),
    close: () => http.close(),
  };
}
