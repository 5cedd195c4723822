/**
 * What Dataverse knows about its tables, asked once and kept. Guarantees: only the tables and properties in use are
 * asked for (a whole organization's metadata is hundreds of megabytes); a failed question is asked again next time.
 * Does not notice a later customization: `forget` does.
 */
import { ConnectorError } from '../http/errors.ts';
import type { DataverseClient, Json } from './client.ts';

export interface LookupTarget {
  /** Logical name of the table the lookup points to. */
  readonly table: string;
  /** Single-valued navigation property, in the spelling that `$expand` wants. */
  readonly navigation: string;
}

export interface Column {
  readonly name: string;
  /** AttributeTypeCode, e.g. `String`, `Boolean`, `Picklist`, `Lookup`. */
  readonly type: string;
  /** Column level security is on: without a profile its value reads as null. */
  readonly secured: boolean;
}

export interface TableDefinition {
  readonly set: string;
  readonly changeTracking: boolean;
  /** Type of privilege, e.g. `Read`, → its name; empty when Dataverse did not say. */
  readonly privileges: Readonly<Record<string, string>>;
}

export interface Metadata {
  /** The tables that a lookup column points to; empty when there is no such lookup. */
  lookupTargets(table: string, column: string, signal: AbortSignal): Promise<readonly LookupTarget[]>;
  columns(table: string, signal: AbortSignal): Promise<ReadonlyMap<string, Column>>;
  /** The same, asked now. */
  freshColumns(table: string, signal: AbortSignal): Promise<ReadonlyMap<string, Column>>;
  /** Undefined when there is no such table. Never cached. */
  definition(table: string, signal: AbortSignal): Promise<TableDefinition | undefined>;
  forget(): void;
}

const logicalName = /^[a-z_][a-z0-9_]{0,127}$/;

export function createMetadata(client: DataverseClient): Metadata {
  const relationships = new Map<string, Promise<Json[]>>();
  const columnsOf = new Map<string, Promise<ReadonlyMap<string, Column>>>();

  function entity(table: string): string {
    if (!logicalName.test(table)) {
      throw new ConnectorError(
        'config',
        'TABLE_NAME_INVALID',
        'A table name in the configuration is not a logical name.',
      );
    }
    return `EntityDefinitions(LogicalName='${table}')`;
  }

  async function readColumns(table: string, signal: AbortSignal): Promise<ReadonlyMap<string, Column>> {
    const template = `GET /EntityDefinitions(${table})/Attributes`;
    const path = `${entity(table)}/Attributes?$select=LogicalName,AttributeType,IsSecured`;
    const found = new Map<string, Column>();
    for (const row of await client.getAll(path, { template, signal })) {
      if (typeof row.LogicalName !== 'string') continue;
      const type = typeof row.AttributeType === 'string' ? row.AttributeType : 'unknown';
      found.set(row.LogicalName, { name: row.LogicalName, type, secured: row.IsSecured === true });
    }
    return found;
  }

  return {
    async lookupTargets(table, column, signal) {
      const template = `GET /EntityDefinitions(${table})/ManyToOneRelationships`;
      const select = '$select=SchemaName,ReferencedEntity,ReferencingAttribute,ReferencingEntityNavigationPropertyName';
      const path = `${entity(table)}/ManyToOneRelationships?${select}`;
      const rows = await kept(relationships, table, () => client.getAll(path, { template, signal }));
      const targets: LookupTarget[] = [];
      for (const row of rows) {
        const { ReferencedEntity: referenced, ReferencingEntityNavigationPropertyName: navigation } = row;
        if (row.ReferencingAttribute !== column) continue;
        if (typeof referenced === 'string' && typeof navigation === 'string')
          targets.push({ table: referenced, navigation });
      }
      return targets;
    },
    columns: (table, signal) => kept(columnsOf, table, () => readColumns(table, signal)),
    freshColumns: readColumns,
    async definition(table, signal) {
      const template = 'GET /EntityDefinitions';
      const path = `EntityDefinitions?$select=LogicalName,EntitySetName,ChangeTrackingEnabled,Privileges&$filter=LogicalName eq '${table}'`;
      entity(table);
      const rows = await client.getAll(path.replaceAll(' ', '%20'), { template, signal, strong: true });
      const row = rows.find(({ LogicalName: name }) => name === table);
      if (row === undefined) return undefined;
      return {
        set: typeof row.EntitySetName === 'string' ? row.EntitySetName : '',
        changeTracking: row.ChangeTrackingEnabled === true,
        privileges: privilegesIn(row.Privileges),
      };
    },
    forget() {
      relationships.clear();
      columnsOf.clear();
    },
  };
}

async function kept<T>(store: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const known = store.get(key);
  if (known !== undefined) return known;
  const asked = ask();
  store.set(key, asked);
  try {
    return await asked;
  } catch (error) {
    if (store.get(key) === asked) store.delete(key);
    throw error;
  }
}

function privilegesIn(value: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  if (!Array.isArray(value)) return found;
  for (const { PrivilegeType: type, Name: name } of value as { PrivilegeType?: unknown; Name?: unknown }[]) {
    if (typeof type === 'string' && typeof name === 'string') found[type] = name;
  }
  return found;
}
