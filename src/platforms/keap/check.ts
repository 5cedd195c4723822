/**
 * What `connector check` says about a Keap app. Guarantees: reads only; every finding that is not ok has its mend;
 * throws only when Keap cannot be reached. Not covered: which app the key belongs to, since these calls do not tell it.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { Check, CheckFinding } from '../platform.ts';
import type { KeapClient } from './client.ts';
import { mappedPermissions, marketing, recordIdProblem } from './discovery.ts';
import { isPlain, propertyOf } from './properties.ts';
import type { CustomField } from './schema.ts';
import type { KeapSettings } from './settings.ts';

export async function checkAccount(
  client: KeapClient,
  settings: Pick<KeapSettings, 'recordIdField'>,
  tables: TableMap<TableSettings>,
  signal: AbortSignal,
): Promise<Check> {
  let customFields: CustomField[];
  try {
    customFields = await client.customFields(signal);
  } catch (error) {
    return { findings: [refused('Keap credentials', error)] };
  }
  const { recordIdField } = settings;
  const recordId = recordIdFinding(recordIdField, customFields);
  return {
    findings: [
      good('Keap credentials', 'accepted'),
      recordId,
      ...(recordId.ok ? [await lookUps(client, recordIdField, signal)] : []),
      ...fieldNames(tables).map((name) => fieldFinding(name, recordIdField, customFields)),
      ...mappedPermissions(tables).map(permissionFinding),
    ],
  };
}

/** Looks for somebody who cannot exist: by that, a search that Keap refuses shows before an erasure depends on it. */
async function lookUps(client: KeapClient, recordIdField: string, signal: AbortSignal): Promise<CheckFinding> {
  const subject = 'Keap look-up by record id and by address';
  try {
    await client.search(recordIdField, '00000000-0000-0000-0000-000000000000', signal);
    await client.search('email', 'connector-check@nobody.invalid', signal);
    return good(subject, 'answers');
  } catch (error) {
    return refused(subject, error);
  }
}

function recordIdFinding(name: string, customFields: readonly CustomField[]): CheckFinding {
  const subject = `custom field ${name}`;
  const problem = recordIdProblem(name, customFields);
  if (problem === undefined) return good(subject, 'holds the record id');
  return bad(subject, problem, 'Add a custom field of type text for contacts in Keap and name it in recordIdField.');
}

function fieldNames(tables: TableMap<TableSettings>): string[] {
  return [...new Set(Object.values(tables).flatMap((table) => Object.keys(table.fields)))];
}

function fieldFinding(name: string, recordIdField: string, customFields: readonly CustomField[]): CheckFinding {
  const subject = `property ${name}`;
  if (!isPlain(name) && name.toLowerCase() === recordIdField.toLowerCase()) {
    return bad(subject, 'The record id is always written to it.', 'Take it out of "fields".');
  }
  const property = propertyOf(name, customFields);
  if (property) return good(subject, property.kind === 'custom' ? 'is a custom field' : 'is there');
  return bad(
    subject,
    `Keap has no property ${name} for contacts.`,
    'Use a name of the list in the README of this platform, or add a custom field in Keap.',
  );
}

function permissionFinding(name: string): CheckFinding {
  const subject = `permission ${name}`;
  if (name === marketing) return good(subject, 'is the opt-in of the address');
  return bad(
    subject,
    `Keap has no permission ${name}; it has one, called ${marketing}.`,
    `Map "${marketing}"; for others use a custom field under "fields".`,
  );
}

function refused(subject: string, error: unknown): CheckFinding {
  if (!(error instanceof ConnectorError) || error.kind === 'retry' || error.kind === 'wait') throw error;
  return bad(subject, error.message, mends[error.code] ?? 'Check baseUrl, apiKey and recordIdField.');
}

const mends: Readonly<Record<string, string>> = {
  KEAP_NOT_AUTHORIZED: 'Make a service account key in Keap (Settings, API) and set it as apiKey; or try sendKeyAs.',
  KEAP_FORBIDDEN: 'Give the key the right to read and write contacts and email addresses.',
  KEAP_WRONG_PATH: 'Set baseUrl to https://api.keap.com/crm/rest/v2.',
};

function good(subject: string, message: string): CheckFinding {
  return { ok: true, subject, message, mend: '' };
}

function bad(subject: string, message: string, mend: string): CheckFinding {
  return { ok: false, subject, message, mend };
}
