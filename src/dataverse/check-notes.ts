/**
 * What the application user has to be allowed for notes on the records' timelines. Writes nothing: it is read from the
 * user's privileges, and where Dataverse does not list them the finding says that it was not checked.
 */
import type { TableName } from '../../config/words.ts';
import { failed, fine, wrong } from './check-findings.ts';
import type { DataverseClient } from './client.ts';
import type { CrmFinding } from './crm.ts';
import type { Metadata } from './metadata.ts';
import { noteTable } from './notes.ts';
import { readPrivileges } from './user-privileges.ts';

export interface NoteNeed {
  readonly privilege: string;
  readonly why: string;
}

/** @param privilegesOf type of privilege → its name, for a table; undefined when there is no such table */
export async function notePrivileges(
  tables: readonly TableName[],
  privilegesOf: (table: string) => Promise<Readonly<Record<string, string>> | undefined>,
): Promise<NoteNeed[]> {
  const needs: NoteNeed[] = [];
  const add = (privilege: string | undefined, why: string): void => {
    if (privilege) needs.push({ privilege, why });
  };
  const own = (await privilegesOf(noteTable)) ?? {};
  for (const type of ['Create', 'Read', 'Write', 'Append']) add(own[type], 'notes on the timelines of records');
  for (const table of tables) add((await privilegesOf(table))?.AppendTo, `notes on the timeline of a ${table}`);
  return needs;
}

/** @param userId the application user, as WhoAmI named it */
export async function checkNotes(
  client: DataverseClient,
  metadata: Metadata,
  tables: readonly TableName[],
  userId: string | undefined,
  signal: AbortSignal,
): Promise<CrmFinding> {
  const subject = 'notes on records';
  try {
    const needs = await notePrivileges(tables, async (table) => (await metadata.definition(table, signal))?.privileges);
    const held = userId === undefined ? undefined : await readPrivileges(client, userId, signal);
    const list = needs.map(({ privilege }) => privilege);
    if (held === undefined || list.length === 0)
      return fine(subject, 'Not checked: whether the application user may create, write and append notes.');
    const missing = list.filter((privilege) => !held.get(privilege)?.has('Global'));
    if (missing.length === 0) return fine(subject, 'Notes can be written.');
    const mend = `Grant ${missing.join(', ')} to the application user's role at organization level, or take notes out of the configuration.`;
    return wrong(subject, `The role lacks ${missing.join(', ')} at organization level.`, mend);
  } catch (error) {
    return failed(subject, error);
  }
}
