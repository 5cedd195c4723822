/**
 * What `connector check` says about a Dialog Insight account. Guarantees: reads only; every finding that is not ok has
 * its mend; throws only when Dialog Insight cannot be reached. Not covered: whether the address is the primary key of a
 * project, whether the key may merge and delete, and which opt-ins a contact shows: only a real contact tells.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { Check, CheckFinding } from '../platform.ts';
import type { DialogInsightClient } from './client.ts';
import { mappedPermissions, ownFieldProblems } from './discovery.ts';
import { killFileStep } from './people.ts';
import type { ProjectInfo } from './schema.ts';
import { type DialogInsightSettings, projectsOf } from './settings.ts';

type Client = Pick<DialogInsightClient, 'project' | 'contacts'>;

export async function checkAccount(
  client: Client,
  settings: DialogInsightSettings,
  tables: TableMap<TableSettings>,
  signal: AbortSignal,
): Promise<Check> {
  const findings: CheckFinding[] = [];
  for (const project of projectsOf(settings)) {
    const subject = `Dialog Insight project ${project}`;
    let info: ProjectInfo;
    try {
      info = await client.project(project, signal);
    } catch (error) {
      findings.push(refused(subject, error));
      continue;
    }
    findings.push(good(subject, 'can be read with this key'));
    const problems = ownFieldProblems(project, settings, info);
    findings.push(...problems.map(({ code, message }) => bad(`field ${code} of project ${project}`, message, addIt)));
    if (problems.length === 0) findings.push(await lookUps(client, settings, project, signal));
    if (project === settings.project) findings.push(...mapped(settings, tables, info));
  }
  findings.push(good('key of the projects', `has to be ${settings.emailField}; Dialog Insight does not tell it`));
  if (settings.killFile === 'byHand') findings.push(good('kill file', killFileStep));
  return { findings };
}

const addIt = 'Add it in Dialog Insight (Project, Data Management, Project Fields), or name the right one.';

/** Looks for somebody who cannot exist: by that, a search that is refused shows before an erasure depends on it. */
async function lookUps(
  client: Client,
  { emailField, recordIdField }: DialogInsightSettings,
  project: number,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const subject = `Dialog Insight look-up in project ${project} by id, record id and address`;
  try {
    await client.contacts(project, 'idContact', '0', signal);
    await client.contacts(project, `f_${recordIdField}`, '00000000-0000-0000-0000-000000000000', signal);
    await client.contacts(project, `f_${emailField}`, 'connector-check@nobody.invalid', signal);
    return good(subject, 'answers');
  } catch (error) {
    return refused(subject, error);
  }
}

function mapped(
  { emailField, recordIdField }: DialogInsightSettings,
  tables: TableMap<TableSettings>,
  info: ProjectInfo,
): CheckFinding[] {
  const fields = new Set(info.ProjectFields.map(({ Code }) => Code.toLowerCase()));
  const consents = new Map((info.OptinFields ?? []).map(({ Code }) => [Code.toLowerCase(), Code]));
  const names = new Set(Object.values(tables).flatMap((table) => Object.keys(table.fields)));
  const own = new Map([
    [emailField.toLowerCase(), 'The address is always written to it.'],
    [recordIdField.toLowerCase(), 'The record id is always written to it.'],
  ]);
  return [
    ...[...names].map((name): CheckFinding => {
      const subject = `property ${name}`;
      const reserved = own.get(name.toLowerCase());
      if (reserved !== undefined) return bad(subject, reserved, 'Take it out of "fields".');
      if (fields.has(name.toLowerCase())) return good(subject, 'is there');
      return bad(subject, `The project has no field ${name}.`, `Use the internal id, without "f_". ${addIt}`);
    }),
    ...mappedPermissions(tables).map((name): CheckFinding => {
      const subject = `permission ${name}`;
      if (consents.has(name.toLowerCase())) return good(subject, 'is an opt-in of the project');
      const there = [...consents.values()].join(', ') || 'none';
      return bad(subject, `The project has no opt-in ${name}; it has ${there}.`, 'Map the code of an opt-in field.');
    }),
  ];
}

function refused(subject: string, error: unknown): CheckFinding {
  if (!(error instanceof ConnectorError) || error.kind === 'retry' || error.kind === 'wait') throw error;
  return bad(
    subject,
    error.message,
    mends[error.code] ?? 'Check baseUrl, keyId, apiKey and the numbers of the projects.',
  );
}

const mends: Readonly<Record<string, string>> = {
  DIALOGINSIGHT_NOT_AUTHORIZED:
    'In Dialog Insight, look at the key: its number, its expiry, allowed addresses, projects, Contacts.Get, Merge and Delete.',
  DIALOGINSIGHT_WRONG_PATH:
    'Set baseUrl to https://app.dialoginsight.com/webservices/ofc4 or https://app.mydialoginsight.com/webservices/ofc4.',
};

function good(subject: string, message: string): CheckFinding {
  return { ok: true, subject, message, mend: '' };
}

function bad(subject: string, message: string, mend: string): CheckFinding {
  return { ok: false, subject, message, mend };
}
