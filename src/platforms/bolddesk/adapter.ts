/**
 * BoldDesk behind the port: wires client, look-up and use cases together and states what BoldDesk can and cannot do.
 * Holds no decision. See README.md beside this file for the wire facts and their certainty.
 */
import { createHttpClient, hostOf } from '../../http/client.ts';
import type { OpenPlatform, PlatformContext } from '../context.ts';
import type { Capabilities } from '../platform.ts';
import { checkAccount } from './check.ts';
import { createBoldDeskClient } from './client.ts';
import { createAnonymize } from './erase.ts';
import { throttledForMs } from './errors.ts';
import { createLookUp } from './look-up.ts';
import { createPeople } from './people.ts';
import { mappedPermissions } from './properties.ts';
import type { BoldDeskSettings } from './settings.ts';
import { createUpsert } from './upsert.ts';

/** A page of 100 contacts with their custom fields fits several times. */
const maxResponseBytes = 16 * 1024 * 1024;

const sideEffects: Readonly<Record<BoldDeskSettings['eraseMode'], readonly string[]>> = {
  permanent: [
    'Deleting a contact permanently also deletes every ticket that the person has asked for.',
    "Comments on other people's tickets stay, under the name Deleted User.",
    'A contact is deleted with all that it holds when the address is its second one too.',
  ],
  soft: [
    'Contacts are only hidden: BoldDesk can restore them, so the person is reported as not erased.',
    'BoldDesk may refuse to take the address of a hidden contact in again.',
  ],
  blank: [
    'Contacts are overwritten and stay, as do their tickets with whatever is written in them.',
    'A contact that was deleted in BoldDesk before has to be deleted permanently there by hand.',
  ],
};

const unsupportedReset = 'Permissions cannot be reset: BoldDesk has none, and no custom field is mapped as one.';

export function capabilitiesOf(
  { eraseMode }: Pick<BoldDeskSettings, 'eraseMode'>,
  permissions: readonly string[],
): Capabilities {
  const modes = { permanent: 'delete', soft: 'softDelete', blank: 'blank' } as const;
  const hasPermissions = permissions.length > 0;
  return {
    identity: 'address',
    bulkSize: 1,
    addressMutable: true,
    listComplete: false,
    erase: {
      mode: modes[eraseMode],
      reversible: eraseMode === 'soft',
      reachesHidden: eraseMode === 'permanent',
    },
    findsByAddressOnly: true,
    blocksReimport: false,
    permissionReset: hasPermissions ? 'field' : 'unsupported',
    pauseReversible: hasPermissions,
    sideEffects: [...sideEffects[eraseMode], ...(hasPermissions ? [] : [unsupportedReset])],
  };
}

export function createBoldDesk(settings: BoldDeskSettings, context: PlatformContext): OpenPlatform {
  const { baseUrl, deletedView } = settings;
  const { tables } = context;
  const now = () => context.now();
  const permissions = mappedPermissions(tables);
  const http = createHttpClient({
    service: 'BoldDesk',
    timeoutMs: context.timeoutMs,
    allowedHosts: [hostOf(baseUrl)],
    maxResponseBytes,
    pace: context.pace,
    logger: context.logger,
    now,
    throttledForMs,
  });
  const client = createBoldDeskClient({ settings, http, now });
  const lookUp = createLookUp(client, deletedView);
  return {
    capabilities: capabilitiesOf(settings, permissions),
    account: `bolddesk ${hostOf(baseUrl)}`,
    check: (signal) => checkAccount(client, settings, tables, signal),
    upsert: createUpsert({ client, lookUp, settings }),
    anonymize: createAnonymize(client, lookUp, settings),
    ...createPeople(client, lookUp, settings, permissions),
    close: () => http.close(),
  };
}
