/**
 * Checks the Marketing Job table: there, with its columns, readable and writable. Writes nothing: whether it may be
 * written is read from the application user's privileges, and where Dataverse does not list them the finding says that
 * it was not checked. Does not compare the numbers of the choices.
 */
import type { MarketingJobSettings } from '../../config/settings.ts';
import { failed, fine, wrong } from './check-findings.ts';
import type { DataverseClient } from './client.ts';
import type { CrmFinding } from './crm.ts';
import type { Column, Metadata, TableDefinition } from './metadata.ts';
import { readPrivileges } from './user-privileges.ts';

const texts = ['String', 'Memo'];
const columnTypes: Readonly<Record<keyof MarketingJobSettings['columns'], readonly string[]>> = {
  id: ['Uniqueidentifier'],
  name: texts,
  operation: ['Picklist'],
  customer: ['Customer', 'Lookup'],
  lead: ['Lookup'],
  status: ['Picklist'],
  resultCode: texts,
  resultDetail: texts,
  completedOn: ['DateTime'],
  recordId: texts,
  recordTable: texts,
};
const columnKeys = Object.keys(columnTypes) as (keyof MarketingJobSettings['columns'])[];

/** @param userId the application user, as WhoAmI named it */
export async function checkJobs(
  client: DataverseClient,
  metadata: Metadata,
  settings: MarketingJobSettings,
  userId: string | undefined,
  signal: AbortSignal,
): Promise<CrmFinding[]> {
  const subject = `table ${settings.table}`;
  let definition: TableDefinition | undefined;
  let columns: ReadonlyMap<string, Column>;
  try {
    definition = await metadata.definition(settings.table, signal);
    if (definition === undefined) {
      const mend = 'Run connector setup, or name an existing table under marketingJobs.';
      return [wrong(subject, `This environment has no table ${settings.table}.`, mend)];
    }
    columns = await metadata.columns(settings.table, signal);
  } catch (error) {
    return [failed(subject, error)];
  }
  const findings = [fine(subject, 'The table is there.')];
  if (definition.set !== '' && definition.set !== settings.set) {
    const mend = `Set marketingJobs.set to ${definition.set}.`;
    findings.push(wrong(`set ${settings.set}`, `The entity set of ${settings.table} has another name.`, mend));
  }
  findings.push(...columnFaults(settings, columns), ...(await targetFaults(settings, columns, metadata, signal)));
  findings.push(await readable(client, settings, signal));
  findings.push(await writable(client, settings, definition, userId, signal));
  return findings;
}

function columnFaults(
  { table, columns: names }: MarketingJobSettings,
  columns: ReadonlyMap<string, Column>,
): CrmFinding[] {
  const faults: CrmFinding[] = [];
  for (const key of columnKeys) {
    const subject = `column ${table}.${names[key]}`;
    const column = columns.get(names[key]);
    const types = columnTypes[key];
    if (column === undefined) {
      const mend = `Run connector setup, or correct marketingJobs.columns.${key}.`;
      faults.push(wrong(subject, 'The table has no such column.', mend));
    } else if (!types.includes(column.type)) {
      const mend = `Name a column of type ${types.join(' or ')} under marketingJobs.columns.${key}.`;
      faults.push(wrong(subject, `The column is of type ${column.type}.`, mend));
    }
  }
  return faults.length > 0 ? faults : [fine(`columns of ${table}`, 'Every column is there.')];
}

async function targetFaults(
  { table, columns: names }: MarketingJobSettings,
  columns: ReadonlyMap<string, Column>,
  metadata: Metadata,
  signal: AbortSignal,
): Promise<CrmFinding[]> {
  const faults: CrmFinding[] = [];
  for (const [key, allowed] of [
    ['customer', ['contact', 'account']],
    ['lead', ['lead']],
  ] as const) {
    const name = names[key];
    if (!columns.has(name)) continue;
    const subject = `lookup ${table}.${name}`;
    try {
      const targets = await metadata.lookupTargets(table, name, signal);
      if (targets.some(({ table: target }) => (allowed as readonly string[]).includes(target))) continue;
      const mend = `Name a lookup to ${allowed.join(' or ')} under marketingJobs.columns.${key}.`;
      faults.push(wrong(subject, `The lookup does not point to ${allowed.join(' or ')}.`, mend));
    } catch (error) {
      faults.push(failed(subject, error));
    }
  }
  return faults;
}

async function readable(client: DataverseClient, { table, set, columns }: MarketingJobSettings, signal: AbortSignal) {
  const subject = `rows of ${table}`;
  try {
    await client.get(`${set}?$select=${columns.id}&$top=1`, { template: 'GET /{marketing jobs} (check)', signal });
    return fine(subject, 'Jobs can be read.');
  } catch (error) {
    return failed(subject, error);
  }
}

async function writable(
  client: DataverseClient,
  { table }: MarketingJobSettings,
  definition: TableDefinition,
  userId: string | undefined,
  signal: AbortSignal,
): Promise<CrmFinding> {
  const subject = `writing ${table}`;
  const privilege = definition.privileges.Write;
  const unknown = fine(
    subject,
    `Not checked: whether the application user may write ${table} (it needs its write privilege).`,
  );
  if (privilege === undefined || userId === undefined) return unknown;
  const held = await readPrivileges(client, userId, signal);
  if (held === undefined) return unknown;
  const depths = [...(held.get(privilege) ?? [])];
  if (depths.includes('Global')) return fine(subject, 'Jobs can be written.');
  const message =
    depths.length === 0 ? `The role lacks ${privilege}.` : `The role has ${privilege} for a part of the rows only.`;
  return wrong(subject, message, `Grant ${privilege} to the application user's role at organization level.`);
}
