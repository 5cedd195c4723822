/**
 * Everything the configuration needs of Dataverse, tried out: credentials, application user, tables, columns, lookups,
 * the change feed, the Marketing Job table and notes. Guarantees that each prerequisite that is missing is named with its mend
 * and that nothing is written. Stops early where nothing further could be told.
 */
import type { Settings } from '../../config/settings.ts';
import { parseRecordId } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import { failed, fine, wrong } from './check-findings.ts';
import { checkJobs } from './check-jobs.ts';
import { checkNotes } from './check-notes.ts';
import { checkTable, type TableCheckOptions } from './check-tables.ts';
import type { DataverseClient, Json } from './client.ts';
import type { CrmFinding } from './crm.ts';
import { configuredTables } from './find-by-address.ts';

export interface DataverseCheckOptions extends TableCheckOptions {
  readonly settings: Pick<Settings, 'tables' | 'targets' | 'marketingJobs'> & Partial<Pick<Settings, 'notes'>>;
}

export function createDataverseCheck(options: DataverseCheckOptions): (signal: AbortSignal) => Promise<CrmFinding[]> {
  const { client, metadata, settings } = options;
  return async function check(signal) {
    // A check is asked for after a mend: yesterday's answers are of no use.
    metadata.forget();
    let who: Json;
    try {
      who = await client.get('WhoAmI', { template: 'GET /WhoAmI', signal });
    } catch (error) {
      return [entryFailed(error)];
    }
    const findings = [
      fine('credentials', 'Entra ID gives a token.'),
      fine('application user', 'The environment knows the application.'),
      await retention(client, signal),
    ];
    for (const table of configuredTables(settings)) findings.push(...(await checkTable(table, options, signal)));
    const userId = parseRecordId(who.UserId);
    const jobs = settings.marketingJobs;
    if (jobs !== undefined) findings.push(...(await checkJobs(client, metadata, jobs, userId, signal)));
    if (settings.notes) findings.push(await checkNotes(client, metadata, configuredTables(settings), userId, signal));
    return findings;
  };
}

function entryFailed(error: unknown): CrmFinding {
  const code = isConnectorError(error) ? error.code : '';
  if (/^(ENTRA|CERTIFICATE|MANAGED)_/.test(code)) return failed('credentials', error);
  if (/^DATAVERSE_(USER_MISSING|PRIVILEGE_MISSING|ACCESS_DENIED|FORBIDDEN)$/.test(code))
    return failed('application user', error);
  return failed('environment', error);
}

/** Fewer days than this and a long weekend loses the position. */
const fewDays = 4;

async function retention(client: DataverseClient, signal: AbortSignal): Promise<CrmFinding> {
  const subject = 'change tracking retention';
  const path = 'organizations?$select=expirechangetrackingindays';
  try {
    const [row] = await client.getAll(path, { template: 'GET /organizations', signal });
    const days = row?.expirechangetrackingindays;
    if (typeof days !== 'number') {
      const mend = "Grant prvReadOrganization to the application user's role.";
      return wrong(subject, 'How long deleted records are remembered cannot be read.', mend);
    }
    if (days >= fewDays) return fine(subject, `Dataverse remembers deleted records for ${days} days.`);
    const mend = 'Raise expirechangetrackingindays of the organization, e.g. to 30.';
    return wrong(subject, `Dataverse remembers deleted records for ${days} days only.`, mend);
  } catch (error) {
    return failed(subject, error);
  }
}
