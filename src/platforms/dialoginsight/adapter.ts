/**
 * Dialog Insight behind the port: wires client, discovery and use cases together and states what Dialog Insight can and
 * cannot do. Holds no decision. See README.md beside this file for the wire facts and their certainty.
 */
import { createHttpClient, hostOf } from '../../http/client.ts';
import type { OpenPlatform, PlatformContext } from '../context.ts';
import type { Capabilities } from '../platform.ts';
import { checkAccount } from './check.ts';
import { createDialogInsightClient } from './client.ts';
import { createDiscovery, mappedPermissions } from './discovery.ts';
import { createLookUp } from './look-up.ts';
import { createPeople, killFileStep } from './people.ts';
import { type DialogInsightSettings, projectsOf } from './settings.ts';
import { createUpsert } from './upsert.ts';

/** A thousand records with all their fields fit several times. */
const maxResponseBytes = 32 * 1024 * 1024;

export function dialogInsightCapabilities(settings: DialogInsightSettings): Capabilities {
  const projects = projectsOf(settings);
  return {
    identity: 'address',
    bulkSize: settings.recordsPerCall,
    addressMutable: false,
    listComplete: false,
    erase: { mode: 'delete', reversible: false },
    blocksReimport: false,
    permissionReset: 'native',
    // What a hold lowers in other projects is not put back.
    pauseReversible: projects.length === 1,
    sideEffects: [
      'Deleting a contact also deletes its messages, opt-ins and relational data, the proof of an opt-out among them.',
      'A reset sets every opt-in of a project to no, also those that are not mapped; only mapped ones are put back.',
      ...(projects.length > 1
        ? ['People are written to one project; they are reset and erased in every project that is named.']
        : ['Only one project is named: people in other projects of the account stay there.']),
    ],
    ...(settings.killFile === 'byHand' ? { manualSteps: [killFileStep] } : {}),
  };
}

export function createDialogInsight(settings: DialogInsightSettings, context: PlatformContext): OpenPlatform {
  const { baseUrl } = settings;
  const { tables, pace } = context;
  const now = () => context.now();
  const http = createHttpClient({
    service: 'Dialog Insight',
    timeoutMs: context.timeoutMs,
    allowedHosts: [hostOf(baseUrl)],
    maxResponseBytes,
    pace,
    logger: context.logger,
    now,
  });
  const client = createDialogInsightClient({ settings, http, pace, now });
  const discovery = createDiscovery(client, settings, now);
  const lookUp = createLookUp(client, discovery, projectsOf(settings));
  return {
    capabilities: dialogInsightCapabilities(settings),
    // Without the key's number: keys expire and are replaced, the project stays.
    account: `dialoginsight ${hostOf(baseUrl)} ${settings.project}`,
    check: (signal) => checkAccount(client, settings, tables, signal),
    upsert: createUpsert({ client, discovery, lookUp, settings }),
    ...createPeople({ client, discovery, lookUp, settings, permissions: mappedPermissions(tables) }),
    close: () => http.close(),
  };
}
