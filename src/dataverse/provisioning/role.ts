/**
 * The role of the application user: privilege by privilege, what the connector needs for its daily work and what is
 * missing. Guarantees: each privilege is named as the role editor of Dynamics finds it, with the table and the mend;
 * where Dataverse does not list privileges nothing is said to be there. Looks at all roles together: while the user has
 * a wide role for the time of the setup, that is said too. Writes nothing.
 */
import { parseRecordId, type TableName } from '../../../config/words.ts';
import { isConnectorError } from '../../http/errors.ts';
import { fine, wrong } from '../check-findings.ts';
import { notePrivileges } from '../check-notes.ts';
import type { DataverseClient } from '../client.ts';
import type { CrmFinding } from '../crm.ts';
import { configuredTables } from '../find-by-address.ts';
import { wantedOf } from '../read-plan.ts';
import { tableFacts } from '../tables.ts';
import { readPrivileges } from '../user-privileges.ts';
import { readRelationships, readTable } from './reads.ts';
import type { ProvisioningSettings } from './step.ts';

interface Need {
  readonly privilege: string;
  readonly why: string;
}

/** Roles that every environment has and that allow nearly everything (wire: role template ids). */
const wideRoles: Readonly<Record<string, string>> = {
  '627090ff-40a3-4053-8790-584edc5be201': 'System Administrator',
  '119f245c-3cc8-4b62-b31c-d1a046ced15d': 'System Customizer',
};

/** Throws ConnectorError when the environment cannot be asked at all. */
export async function checkRole(
  client: DataverseClient,
  settings: ProvisioningSettings,
  signal: AbortSignal,
): Promise<CrmFinding[]> {
  const who = await client.get('WhoAmI', { template: 'GET /WhoAmI', signal });
  const userId = parseRecordId(who.UserId);
  const held = userId === undefined ? undefined : await readPrivileges(client, userId, signal);
  const needs = await needsOf(client, settings, signal);
  if (userId === undefined || held === undefined) {
    const list = needs.map(({ privilege }) => privilege).join(', ');
    const mend = `Look at the role yourself: it needs ${list}, each at organization level.`;
    return [wrong('role', 'Not checked: Dataverse does not list the privileges of the application user.', mend)];
  }
  const findings = needs.map(({ privilege, why }) => {
    const depths = held.get(privilege);
    if (depths?.has('Global')) return fine(privilege, `held at organization level: ${why}`);
    const message =
      depths === undefined ? `The role lacks it: ${why}.` : `The role has it for a part of the rows only: ${why}.`;
    return wrong(privilege, message, `Grant ${privilege} to the application user's role at organization level.`);
  });
  const wide = await wideRolesOf(client, userId, signal);
  if (wide.length === 0) return findings;
  const remark = `The application user has the role ${wide.join(' and ')}, which counts above. Take it away when setup is done, then check again.`;
  return [...findings, fine('wide role', remark)];
}

async function needsOf(client: DataverseClient, settings: ProvisioningSettings, signal: AbortSignal): Promise<Need[]> {
  const needs = new Map<string, string>();
  const add = (privilege: string | undefined, why: string): void => {
    if (privilege !== undefined && privilege !== '' && !needs.has(privilege)) needs.set(privilege, why);
  };
  const tables = configuredTables(settings);
  for (const table of tables) add(tableFacts[table].readPrivilege, `reading ${table} and its changes`);
  for (const table of tables) {
    for (const target of await lookedUp(client, settings, table, signal)) {
      add(
        (await readTable(client, target, signal))?.privileges.Read,
        `reading ${target}, which a mapped lookup points to`,
      );
    }
  }
  const jobs = settings.marketingJobs;
  const found = jobs && (await readTable(client, jobs.table, signal));
  if (jobs && found) {
    add(found.privileges.Read, 'taking up marketing jobs');
    add(found.privileges.Write, 'writing the results of marketing jobs');
  }
  if (settings.notes) {
    const privilegesOf = async (table: string) => (await readTable(client, table, signal))?.privileges;
    for (const { privilege, why } of await notePrivileges(tables, privilegesOf)) add(privilege, why);
  }
  add('prvReadOrganization', 'how long Dataverse remembers deletions');
  add('prvReadEntity', 'finding tables by name');
  add('prvReadAttribute', 'finding columns by name');
  add('prvReadRelationship', 'finding lookups by name');
  return [...needs].map(([privilege, why]) => ({ privilege, why }));
}

/** Tables that the lookups of a mapping point to. */
async function lookedUp(
  client: DataverseClient,
  settings: ProvisioningSettings,
  table: TableName,
  signal: AbortSignal,
): Promise<Set<string>> {
  const targets = new Set<string>();
  const lookups = new Set(wantedOf(settings, table).lookups.map(({ lookup }) => lookup));
  for (const lookup of lookups) {
    for (const { target } of await readRelationships(client, table, lookup, signal)) targets.add(target);
  }
  return targets;
}

/** Empty where the roles may not be read. */
async function wideRolesOf(client: DataverseClient, userId: string, signal: AbortSignal): Promise<string[]> {
  try {
    const path = `systemusers(${userId})/systemuserroles_association?$select=name,_roletemplateid_value`;
    const roles = await client.getAll(path, { template: 'GET /systemusers({id})/systemuserroles_association', signal });
    return roles.flatMap(({ _roletemplateid_value: template }) => {
      const name = typeof template === 'string' ? wideRoles[template.toLowerCase()] : undefined;
      return name === undefined ? [] : [name];
    });
  } catch (error) {
    if (!isConnectorError(error) || error.code === 'HTTP_ABORTED') throw error;
    return [];
  }
}
