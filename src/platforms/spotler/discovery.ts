/**
 * What the account offers: its properties by name, and the bit of each mapped permission. Guarantees: read again after
 * ten minutes; a new binding is told, and the teller waited for, before it is used; a renamed permission is logged as
 * an error at each reading. Keeps nothing outside this process: the core stores what it is told.
 * wire: Spotler swagger 1.2 GET /contact/properties/list.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { PlatformContext } from '../context.ts';
import type { PermissionBits } from '../platform.ts';
import type { SpotlerClient } from './client.ts';
import { type Binding, bindPermissions } from './permissions.ts';
import { type Contact, enabledBits, type PermissionEntry, type Property } from './schema.ts';

/** A set entry as it is written. */
export interface BitValue {
  readonly bit: number;
  readonly enabled: boolean;
}

export interface Catalogue extends Binding {
  readonly properties: ReadonlyMap<string, Property>;
  /** Every permission of the account, mapped or not. */
  readonly entries: readonly PermissionEntry[];
}

export interface Discovery {
  /** Throws ConnectorError when the account cannot be read and nothing recent is known. */
  read(signal: AbortSignal): Promise<Catalogue>;
  /** Reads now. */
  refresh(signal: AbortSignal): Promise<Catalogue>;
}

const freshMs = 600_000;

export function createDiscovery(
  client: SpotlerClient,
  context: Pick<PlatformContext, 'tables' | 'logger' | 'now' | 'permissionBits' | 'onBound'>,
): Discovery {
  const names = mappedPermissions(context.tables);
  let known: { readonly catalogue: Catalogue; readonly readAt: number } | undefined;
  let remembered: Readonly<Record<string, number>> = context.permissionBits ?? {};

  async function refresh(signal: AbortSignal): Promise<Catalogue> {
    const list = await client.properties(signal);
    const properties = new Map(list.map((property) => [property.name, property]));
    const entries = properties.get('permissions')?.entries ?? [];
    const binding = bindPermissions(names, entries, remembered);
    for (const problem of binding.problems) {
      context.logger.error(
        { code: problem.code, permission: problem.permission },
        'a mapped permission needs attention',
      );
    }
    if (Object.entries(binding.bits).some(([name, bit]) => remembered[name] !== bit)) {
      await context.onBound?.(binding.bits);
      remembered = { ...remembered, ...binding.bits };
    }
    const catalogue = { properties, entries, ...binding };
    known = { catalogue, readAt: context.now() };
    return catalogue;
  }

  let reading: Promise<Catalogue> | undefined;

  return {
    refresh,
    async read(signal) {
      if (known !== undefined && context.now() - known.readAt < freshMs) return known.catalogue;
      // Callers that come together share one reading.
      reading ??= refresh(signal).finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}

/** Every permission name of any table, once. */
export function mappedPermissions(tables: TableMap<TableSettings>): string[] {
  return [...new Set(Object.values(tables).flatMap((table) => Object.keys(table.permissions)))];
}

/** Throws `config` when a name is bound to no bit: sending the rest would leave a wish unfulfilled without a word. */
export function toBits(catalogue: Catalogue, permissions: PermissionBits): BitValue[] {
  return Object.entries(permissions).map(([name, enabled]) => {
    const bit = catalogue.bits[name];
    if (bit !== undefined) return { bit, enabled };
    const problem = catalogue.problems.find((candidate) => candidate.permission === name);
    throw new ConnectorError(
      'config',
      problem?.code ?? 'SPOTLER_PERMISSION_UNKNOWN',
      problem === undefined
        ? `Permission ${name} is not mapped for this target.`
        : `${problem.message} ${problem.mend}`,
    );
  });
}

/** Every bit of the account, false. Throws `config` when the account shows no permissions: then nothing could be reset. */
export function allBitsFalse(catalogue: Catalogue): BitValue[] {
  if (catalogue.entries.length > 0) return catalogue.entries.map(({ bit }) => ({ bit, enabled: false }));
  throw new ConnectorError(
    'config',
    'SPOTLER_NO_PERMISSIONS',
    'The property "permissions" is not visible to the REST API. Make it visible in Spotler (Settings, database fields).',
  );
}

/** The mapped permissions of a contact; one that is bound to no bit is left out. */
export function fromBits(catalogue: Catalogue, contact: Contact): PermissionBits {
  const enabled = enabledBits(contact);
  return Object.fromEntries(Object.entries(catalogue.bits).map(([name, bit]) => [name, enabled.has(bit)]));
}
