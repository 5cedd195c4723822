/**
 * Spotler Mail+ behind the port: wires client, discovery and use cases together and states what Spotler can and cannot
 * do. Holds no decision. See README.md beside this file for the wire facts and their certainty.
 */
import { createHttpClient, hostOf } from '../../http/client.ts';
import { createOAuth1Signer } from '../../http/oauth1.ts';
import type { OpenPlatform, PlatformContext } from '../context.ts';
import type { Capabilities } from '../platform.ts';
import { checkAccount } from './check.ts';
import { createSpotlerClient } from './client.ts';
import { differences } from './differences.ts';
import { createDiscovery } from './discovery.ts';
import { listContacts } from './list.ts';
import { createPeople } from './people.ts';
import type { SpotlerSettings } from './settings.ts';
import { bulkSize, createUpsert } from './upsert.ts';

/** A search page of 1,000 contacts with all their properties fits several times. */
const maxResponseBytes = 32 * 1024 * 1024;

export const spotlerCapabilities: Capabilities = {
  identity: 'address',
  bulkSize,
  addressMutable: true,
  listComplete: false,
  erase: { mode: 'anonymize', reversible: false },
  blocksReimport: false,
  permissionReset: 'native',
  pauseReversible: true,
  sideEffects: [
    'Opens and clicks stay in the mailing reports, without the person.',
    'A contact without an external id cannot be erased through the API; it is named as to be erased by hand.',
  ],
};

export function createSpotler(settings: SpotlerSettings, context: PlatformContext): OpenPlatform {
  const { baseUrl, consumerKey, consumerSecret, clearWith } = settings;
  const { identity } = context;
  const now = () => context.now();
  const http = createHttpClient({
    service: 'Spotler',
    timeoutMs: context.timeoutMs,
    allowedHosts: [hostOf(baseUrl)],
    maxResponseBytes,
    pace: context.pace,
    logger: context.logger,
    now,
  });
  const signer = createOAuth1Signer({ consumerKey, consumerSecret, now, nonce: () => context.nonce() });
  const client = createSpotlerClient({ baseUrl, http, signer, now });
  const discovery = createDiscovery(client, context);
  const people = createPeople(client, discovery);
  const upsert = createUpsert(client, discovery, { identity, clearWith });
  return {
    capabilities: { ...spotlerCapabilities, identity },
    account: `spotler ${hostOf(baseUrl)} ${consumerKey}`,
    hasNobody: (signal) => client.hasNobody(signal),
    check: (signal) => checkAccount(client, discovery, context, signal),
    upsert,
    differences,
    list: (after, signal) => listContacts(client, after, signal),
    ...people,
    close: () => http.close(),
  };
}
