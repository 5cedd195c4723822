/**
 * What is there already, asked freshly each time (wire: `Consistency: Strong`). Guarantees that "not there" is said only
 * when Dataverse answered; holds nothing.
 */
import type { DataverseClient, Json } from '../client.ts';
import { isJson } from '../client.ts';

export interface TableFound {
  readonly metadataId: string;
  readonly set: string;
  readonly primaryId: string;
  readonly primaryName: string;
  readonly typeCode: number;
  readonly canTrackChanges: boolean;
  /** Type of privilege, e.g. `Read`, → its name. */
  readonly privileges: Readonly<Record<string, string>>;
}

function query(text: string): string {
  return text.replaceAll(' ', '%20');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Undefined when there is no such table. */
export async function readTable(
  client: DataverseClient,
  table: string,
  signal: AbortSignal,
): Promise<TableFound | undefined> {
  const select =
    'LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ObjectTypeCode,CanChangeTrackingBeEnabled,Privileges';
  const path = query(`EntityDefinitions?$select=${select}&$filter=LogicalName eq '${table}'`);
  const rows = await client.getAll(path, { template: 'GET /EntityDefinitions', strong: true, signal });
  const row = rows.find(({ LogicalName: name }) => name === table);
  if (row === undefined) return undefined;
  const can = row.CanChangeTrackingBeEnabled;
  const privileges: Record<string, string> = {};
  for (const one of Array.isArray(row.Privileges) ? row.Privileges.filter(isJson) : []) {
    if (typeof one.PrivilegeType === 'string') privileges[one.PrivilegeType] = text(one.Name);
  }
  return {
    metadataId: text(row.MetadataId),
    set: text(row.EntitySetName),
    primaryId: text(row.PrimaryIdAttribute),
    primaryName: text(row.PrimaryNameAttribute),
    typeCode: typeof row.ObjectTypeCode === 'number' ? row.ObjectTypeCode : 0,
    canTrackChanges: !isJson(can) || can.Value !== false,
    privileges,
  };
}

/** Logical name → type. The table has to be there. */
export async function readColumns(
  client: DataverseClient,
  table: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const path = `EntityDefinitions(LogicalName='${table}')/Attributes?$select=LogicalName,AttributeType`;
  const template = `GET /EntityDefinitions(${table})/Attributes`;
  const rows = await client.getAll(path, { template, strong: true, signal });
  return new Map(rows.map(({ LogicalName: name, AttributeType: type }) => [text(name), text(type)]));
}

/** Values of a choice of the table. */
export async function readOptions(
  client: DataverseClient,
  table: string,
  column: string,
  signal: AbortSignal,
): Promise<number[]> {
  const cast = 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet';
  const path = `EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='${column}')/${cast}`;
  const template = `GET /EntityDefinitions(${table})/Attributes(${column})`;
  const { OptionSet: set } = await client.get(path, { template, strong: true, signal });
  const options = isJson(set) && Array.isArray(set.Options) ? set.Options.filter(isJson) : [];
  return options.map(({ Value: value }) => value).filter((value) => typeof value === 'number');
}

export interface Relationship {
  readonly name: string;
  readonly target: string;
  /** What becomes of the job when the row that it points to is deleted. */
  readonly onDelete: string;
}

export async function readRelationships(
  client: DataverseClient,
  table: string,
  column: string,
  signal: AbortSignal,
): Promise<Relationship[]> {
  const select = 'SchemaName,ReferencedEntity,ReferencingAttribute,CascadeConfiguration';
  const path = `EntityDefinitions(LogicalName='${table}')/ManyToOneRelationships?$select=${select}`;
  const template = `GET /EntityDefinitions(${table})/ManyToOneRelationships`;
  const rows = await client.getAll(path, { template, strong: true, signal });
  return rows
    .filter(({ ReferencingAttribute: name }) => name === column)
    .map(({ SchemaName: name, ReferencedEntity: target, CascadeConfiguration: cascade }) => ({
      name: text(name),
      target: text(target),
      onDelete: isJson(cascade) ? text(cascade.Delete) : '',
    }));
}

/** Whether change tracking is on and published (wire: function RetrieveEntity, RetrieveAsIfPublished=false). */
export async function readTracking(client: DataverseClient, table: string, signal: AbortSignal): Promise<boolean> {
  const parameters = 'LogicalName=@p1,EntityFilters=@p2,MetadataId=@p3,RetrieveAsIfPublished=@p4';
  const none = '00000000-0000-0000-0000-000000000000';
  const values = `@p1='${table}'&@p2=Microsoft.Dynamics.CRM.EntityFilters'Entity'&@p3=${none}&@p4=false`;
  const template = `GET /RetrieveEntity(${table})`;
  const { EntityMetadata: found } = await client.get(`RetrieveEntity(${parameters})?${values}`, {
    template,
    strong: true,
    signal,
  });
  return isJson(found) && found.ChangeTrackingEnabled === true;
}

/** Rows of a set; of forms and views those that are published, or with `drafts` as they were last saved. */
export function readRows(
  client: DataverseClient,
  set: string,
  select: string,
  filter: string,
  signal: AbortSignal,
  drafts = false,
): Promise<Json[]> {
  const of = drafts ? `${set}/Microsoft.Dynamics.CRM.RetrieveUnpublishedMultiple()` : set;
  const path = query(`${of}?$select=${select}&$filter=${filter}`);
  return client.getAll(path, { template: `GET /${set}${drafts ? ' (drafts)' : ''}`, signal });
}
