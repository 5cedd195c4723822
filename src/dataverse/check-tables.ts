/**
 * Checks one of the three tables: that it is there and tracked, and that every column, lookup and row the configuration
 * needs can be read. Guarantees that what is broken is named once, by its cause. Writes nothing.
 */
import type { TableName } from '../../config/words.ts';
import type { ChangeFeed } from './change-feed.ts';
import { failed, fine, wrong } from './check-findings.ts';
import type { DataverseClient } from './client.ts';
import type { CrmFinding } from './crm.ts';
import type { Column, Metadata } from './metadata.ts';
import { planRead, type ReadSettings, ruleColumns, type Wanted, wantedOf } from './read-plan.ts';
import { tableFacts } from './tables.ts';

export interface TableCheckOptions {
  readonly client: DataverseClient;
  readonly metadata: Metadata;
  readonly settings: ReadSettings;
  readonly feed: ChangeFeed;
}

const lookupTypes = new Set(['Lookup', 'Customer', 'Owner']);

export async function checkTable(
  table: TableName,
  options: TableCheckOptions,
  signal: AbortSignal,
): Promise<CrmFinding[]> {
  const { metadata, settings } = options;
  const subject = `table ${table}`;
  let definition: Awaited<ReturnType<Metadata['definition']>>;
  let columns: ReadonlyMap<string, Column>;
  try {
    definition = await metadata.definition(table, signal);
    if (definition === undefined) {
      const mend = `Take ${table} out of tables, or install the app that brings it (leads come with Dynamics 365 Sales).`;
      return [wrong(subject, `This environment has no table ${table}.`, mend)];
    }
    columns = await metadata.columns(table, signal);
  } catch (error) {
    return [failed(subject, error)];
  }
  const wanted = wantedOf(settings, table);
  const findings: CrmFinding[] = [fine(subject, 'The table is there.')];
  const faults = columnFaults(table, wanted, columns);
  findings.push(...faults);
  if (faults.length === 0) findings.push(fine(`columns of ${table}`, 'Every mapped column is there.'));
  findings.push(trackingFinding(table, definition.changeTracking));
  const tracked = definition.changeTracking && columns.has(wanted.email);
  const feed = tracked ? await trackedRead(table, options, signal) : undefined;
  if (feed !== undefined) findings.push(feed);
  // What may not be read at all would only be said a second time.
  if (feed?.ok === false) return findings;
  findings.push(...(await securedColumns(table, wanted, columns, options.client, signal)));
  if (faults.length === 0) findings.push(await rowRead(table, options, signal));
  return findings;
}

function columnFaults(table: TableName, wanted: Wanted, columns: ReadonlyMap<string, Column>): CrmFinding[] {
  const faults: CrmFinding[] = [];
  for (const name of new Set([wanted.email, ...ruleColumns, ...wanted.columns])) {
    const subject = `column ${table}.${name}`;
    const lookup = /^_(.+)_value$/.exec(name)?.[1];
    const column = columns.get(lookup ?? name);
    if (column === undefined) {
      faults.push(
        wrong(subject, 'The table has no such column.', 'Correct the name in the configuration, or create the column.'),
      );
    } else if (name === wanted.email && column.type !== 'String') {
      faults.push(wrong(subject, `The address column is of type ${column.type}.`, 'Name a text column under email.'));
    } else if (wanted.permissions.has(name) && column.type !== 'Boolean') {
      faults.push(wrong(subject, `The permission column is of type ${column.type}.`, 'Name a Yes/No column.'));
    } else if (lookup === undefined && lookupTypes.has(column.type)) {
      const mend = `Map it as { lookup: ${name}, column: <column of the row it points to> }.`;
      faults.push(wrong(subject, 'The column is a lookup.', mend));
    }
  }
  return faults;
}

function trackingFinding(table: TableName, on: boolean): CrmFinding {
  const subject = `change tracking of ${table}`;
  if (on) return fine(subject, 'Change tracking is on.');
  return wrong(
    subject,
    'Change tracking is off.',
    `Turn on 'Track changes' in the properties of the table ${table} and publish, or run connector setup.`,
  );
}

/** Fails without organization level read: Dataverse refuses the call instead of filtering (wire: change tracking). */
async function trackedRead(table: TableName, { feed }: TableCheckOptions, signal: AbortSignal): Promise<CrmFinding> {
  const subject = `changes of ${table}`;
  try {
    await feed.start(table, 1, signal);
    return fine(subject, 'The change feed can be read.');
  } catch (error) {
    const finding = failed(subject, error);
    if (!finding.message.includes('privilege')) return finding;
    const mend = `Grant ${tableFacts[table].readPrivilege} to the application user's role at organization level.`;
    return { ...finding, mend };
  }
}

/** Without a profile a secured column reads as null, which would look like an empty address or a withdrawn permission. */
async function securedColumns(
  table: TableName,
  wanted: Wanted,
  columns: ReadonlyMap<string, Column>,
  client: DataverseClient,
  signal: AbortSignal,
): Promise<CrmFinding[]> {
  const { set, id } = tableFacts[table];
  const findings: CrmFinding[] = [];
  for (const name of new Set([wanted.email, ...wanted.columns])) {
    if (columns.get(name)?.secured !== true) continue;
    const subject = `secured column ${table}.${name}`;
    const path = `${set}?$select=${id},${name}&$filter=${name}%20ne%20null&$top=1`;
    try {
      const [row] = await client.getAll(path, { template: `GET /${set} (secured column)`, signal });
      const readable = row !== undefined && row[name] !== null && row[name] !== undefined;
      const mend = `Add the application user to a column security profile that may read ${name} without a mask.`;
      findings.push(
        readable
          ? fine(subject, 'The column is secured and readable; keep the application user in its profile.')
          : wrong(subject, 'The column is secured, and no value of it can be seen.', mend),
      );
    } catch (error) {
      findings.push(failed(subject, error));
    }
  }
  return findings;
}

/** One row by the very query of the bulk read: lookups resolve, and the tables they point to can be read. */
async function rowRead(
  table: TableName,
  { client, metadata, settings }: TableCheckOptions,
  signal: AbortSignal,
): Promise<CrmFinding> {
  const subject = `rows of ${table}`;
  try {
    const plan = await planRead(settings, table, metadata, signal);
    const { set } = tableFacts[table];
    const prefer = plan.prefer === undefined ? {} : { prefer: plan.prefer };
    await client.get(`${set}?${plan.query}&$top=1`, { template: `GET /${set} (check)`, signal, ...prefer });
    const lookups = plan.lookups.length;
    return fine(
      subject,
      lookups === 0 ? 'Rows can be read.' : `Rows can be read, with ${lookups} columns over lookups.`,
    );
  } catch (error) {
    return failed(subject, error);
  }
}
