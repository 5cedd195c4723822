/**
 * Keap (Infusionsoft) behind the port: wires client, discovery and use cases together and states what Keap can and
 * cannot do. Holds no decision. See README.md beside this file for the wire facts and their certainty.
 */
import { createHttpClient, hostOf } from '../../http/client.ts';
import type { OpenPlatform, PlatformContext } from '../context.ts';
import type { Capabilities } from '../platform.ts';
import { checkAccount } from './check.ts';
import { createKeapClient } from './client.ts';
import { createConsent } from './consent.ts';
import { createDiscovery, mappedPermissions, marketing } from './discovery.ts';
import { createLookUp } from './look-up.ts';
import { createPeople } from './people.ts';
import { mappedArrays } from './properties.ts';
import type { KeapSettings } from './settings.ts';
import { createUpsert } from './upsert.ts';

/** A search page of 1,000 contacts with their custom fields fits several times. */
const maxResponseBytes = 32 * 1024 * 1024;

export const keapCapabilities: Capabilities = {
  identity: 'address',
  bulkSize: 1,
  addressMutable: true,
  listComplete: false,
  erase: { mode: 'delete', vendorBackupDays: 90, reversible: false },
  blocksReimport: false,
  permissionReset: 'native',
  pauseReversible: true,
  sideEffects: [
    'Deleting a contact also deletes its notes, tags, tasks and history in Keap.',
    'Every contact with the address is deleted, also those that the connector did not write.',
    'Keap can restore a deleted contact from its backups for 90 days, on request and for a fee.',
    'The opt-out of an address is kept by Keap apart from the contact, with the address, and outlives it.',
  ],
};

export function createKeap(settings: KeapSettings, context: PlatformContext): OpenPlatform {
  const { baseUrl, app, recordIdField, optInReason } = settings;
  const { tables } = context;
  const now = () => context.now();
  const http = createHttpClient({
    service: 'Keap',
    timeoutMs: context.timeoutMs,
    allowedHosts: [hostOf(baseUrl)],
    maxResponseBytes,
    pace: context.pace,
    logger: context.logger,
    now,
  });
  const client = createKeapClient({ settings, http, arrays: mappedArrays(tables), now });
  const discovery = createDiscovery(client, recordIdField, now);
  const lookUp = createLookUp(client, discovery, recordIdField);
  const consent = createConsent(client);
  const people = createPeople(client, lookUp, consent, mappedPermissions(tables).includes(marketing));
  return {
    capabilities: keapCapabilities,
    account: `keap ${hostOf(baseUrl)} ${app}`,
    hasNobody: (signal) => client.hasNobody(signal),
    check: (signal) => checkAccount(client, settings, tables, signal),
    upsert: createUpsert({ client, discovery, lookUp, consent, optInReason }),
    ...people,
    close: () => http.close(),
  };
}
