/**
 * Taking over with a configuration. Guarantees: one configuration is in force at a time and the newest one; a change
 * marks owed every record whose decision or mapping may change, as one lot for the brake; a target that became another
 * account, another organization or another hash key is refused before anything is sent.
 */
import type { TableName, TargetName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import type { Store } from '../store/store.ts';
import type { ConfigurationState, MappingFingerprints, OweTable } from '../store/targets.ts';
import { accountOf, type Core } from './core.ts';

export interface Wanted {
  readonly fingerprint: string;
  readonly mappings: MappingFingerprints;
}

/**
 * Makes the configuration the one in force and answers its epoch. `takeOver: false` only joins: a command that finds
 * another configuration in force is refused (kind config, code CONFIGURATION_DIFFERS).
 */
export async function takeConfiguration(
  store: Store,
  wanted: Wanted,
  takeOver: boolean,
): Promise<{ epoch: number; changed: boolean }> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const current = await store.configurations.current();
    if (current?.fingerprint === wanted.fingerprint) return { epoch: current.epoch, changed: false };
    if (current && !takeOver) {
      throw new ConnectorError(
        'config',
        'CONFIGURATION_DIFFERS',
        'another configuration is in force; run connector start or connector sync with this one first',
      );
    }
    const next: ConfigurationState = { epoch: (current?.epoch ?? 0) + 1, ...wanted };
    const owe = whatMayChange(current, next);
    if (await store.configurations.take(current?.epoch, next, owe)) return { epoch: next.epoch, changed: true };
  }
  throw new ConnectorError('retry', 'CONFIGURATION_CONTESTED', 'other processes keep changing the configuration');
}

function whatMayChange(former: ConfigurationState | undefined, next: ConfigurationState): OweTable[] {
  return Object.entries(next.mappings).flatMap(([target, tables]) =>
    Object.entries(tables).flatMap(([table, fingerprint]) => {
      if (former?.mappings[target]?.[table] === fingerprint) return [];
      const lot = former?.mappings[target] ? `configuration:${next.epoch}` : `first:${target}:${next.epoch}`;
      return [{ target: target as TargetName, table: table as TableName, lot }];
    }),
  );
}

/** Refuses to work on another organization, account or hash key than the ledger belongs to. Throws ConnectorError. */
export async function checkIdentities(core: Core, signal: AbortSignal): Promise<void> {
  const key = await core.store.installation.hashKey(core.keyring.keyId);
  if (core.keyring.formerKeyIds.includes(key)) {
    throw new ConnectorError(
      'config',
      'REKEY_NEEDED',
      'the hash key was changed; stop every worker and run: connector rekey',
    );
  }
  if (key !== core.keyring.keyId) {
    throw new ConnectorError(
      'config',
      'HASH_KEY_DIFFERS',
      'privacy.hashKey is not the key this ledger was made with; put the former key back',
    );
  }
  for (const [name, target] of core.targets) {
    if (target.settings.identity === 'record' && target.platform.capabilities.identity === 'address') {
      throw new ConnectorError(
        'config',
        'IDENTITY_UNSUPPORTED',
        `target ${name}: this platform tells people apart by address; leave out identity, or set it to address`,
      );
    }
    const state = await core.store.targets.state(name);
    if (state.account === null) await core.store.targets.accept(name, accountOf(target.platform, target.settings));
    else if (state.account !== accountOf(target.platform, target.settings)) {
      throw new ConnectorError(
        'config',
        'TARGET_CHANGED',
        `target ${name} is now another account or identity than its ledger was made with; put it back, or run: connector targets accept ${name}`,
      );
    }
  }
  await checkOrganization(core, signal);
}

/**
 * Refuses another organization than the ledger was made with. Asked before every pull: an environment that was copied or
 * restored keeps its URL, and everybody whom it does not have would look deleted. Throws ConnectorError.
 */
export async function checkOrganization(core: Core, signal: AbortSignal): Promise<void> {
  const organization = await core.crm.organizationId(signal);
  const stored = await core.store.installation.organization(organization);
  if (stored !== organization) {
    throw new ConnectorError(
      'config',
      'ORGANIZATION_CHANGED',
      'dataverse.url leads to another organization than the ledger was made with; use a database of its own for it',
    );
  }
}
