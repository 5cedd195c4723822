/**
 * What `connector check` says about a Spotler account. Guarantees: reads only; every finding that is not ok has its
 * mend; throws only when Spotler cannot be reached. Not covered: whether the credential's external-id field is the
 * right one and by what the account de-duplicates, since the API tells neither.
 */
import type { FieldSource, TableMap, TableSettings } from '../../../config/settings.ts';
import { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { PlatformContext } from '../context.ts';
import type { Check, CheckFinding } from '../platform.ts';
import type { SpotlerClient } from './client.ts';
import { type Catalogue, type Discovery, mappedPermissions } from './discovery.ts';
import type { Property } from './schema.ts';

export async function checkAccount(
  client: SpotlerClient,
  discovery: Discovery,
  context: Pick<PlatformContext, 'tables' | 'identity' | 'nonce'>,
  signal: AbortSignal,
): Promise<Check> {
  let catalogue: Catalogue;
  try {
    catalogue = await discovery.refresh(signal);
  } catch (error) {
    return { findings: [refused('Spotler credentials', error)] };
  }
  return {
    findings: [
      good('Spotler credentials', 'accepted'),
      await lookUps(client, context.nonce(), signal),
      ...fieldFindings(context.tables, catalogue),
      ...permissionFindings(context.tables, catalogue),
      good('external id', externalIdHint(context.identity)),
    ],
  };
}

/** Looks up somebody who cannot exist: by that, a missing path shows before an erasure depends on it. */
async function lookUps(client: SpotlerClient, nonce: string, signal: AbortSignal): Promise<CheckFinding> {
  const subject = 'Spotler look-up by external id and by address';
  try {
    await client.contact(`connector-check-${nonce}`, signal);
    await client.search(new Personal('connector-check@nobody.invalid'), signal);
    return good(subject, 'answers');
  } catch (error) {
    return refused(subject, error);
  }
}

function fieldFindings(tables: TableMap<TableSettings>, catalogue: Catalogue): CheckFinding[] {
  const findings = [addressProperty(catalogue.properties.get('email'))];
  const seen = new Set<string>();
  for (const table of Object.values(tables)) {
    for (const [name, source] of Object.entries(table.fields)) {
      const finding = fieldFinding(name, source, catalogue.properties.get(name));
      const key = JSON.stringify(finding);
      if (!seen.has(key)) findings.push(finding);
      seen.add(key);
    }
  }
  return findings;
}

function addressProperty(property: Property | undefined): CheckFinding {
  if (property?.type === 'email') return good('property email', 'takes the address');
  return bad('property email', 'The account shows no property "email" of type email.', makeVisible);
}

const makeVisible = 'Make it visible in Spotler (Settings, database fields), or use the name of one that is there.';

function fieldFinding(name: string, source: FieldSource, property: Property | undefined): CheckFinding {
  const subject = `property ${name}`;
  if (name === 'email') {
    return bad(subject, 'The address is always written to it.', 'Take it out of "fields"; set the column by "email".');
  }
  if (name === 'permissions') {
    return bad(subject, 'Permissions are not a field.', 'Take it out of "fields"; map names under "permissions".');
  }
  if (property === undefined) return bad(subject, 'The account shows no property of this name.', makeVisible);
  const wrong = misfit(source, property.type);
  return wrong === undefined ? good(subject, `is there, of type ${property.type}`) : bad(subject, wrong[0], wrong[1]);
}

const numeric = new Set(['int', 'money']);
const days = new Set(['date', 'dateTime', 'birthdate']);

/** What is wrong and its mend, as far as the source alone tells; a column's own type is Dataverse's matter. */
function misfit(source: FieldSource, type: string): readonly [string, string] | undefined {
  if (type === 'set') {
    return ['It is a list of choices, which takes no single value.', 'Map a property of another type.'];
  }
  const text =
    source.kind === 'table' ||
    (source.kind === 'constant'
      ? Number.isNaN(Number(source.value))
      : source.as === 'label' && source.map === undefined);
  if (numeric.has(type) && text)
    return [`It is of type ${type} and is given a text.`, 'Map a number column, or "as: value".'];
  const noDay =
    source.kind === 'table' || (source.kind === 'constant' && Number.isNaN(Date.parse(String(source.value))));
  if (days.has(type) && noDay) return [`It is of type ${type} and is given no date.`, 'Map a date column.'];
  if (type === 'gender' && source.kind === 'constant' && source.value !== 'M' && source.value !== 'F') {
    return ['It takes M or F.', 'Give M or F, or map an option column with "map".'];
  }
  return undefined;
}

function permissionFindings(tables: TableMap<TableSettings>, catalogue: Catalogue): CheckFinding[] {
  const bound = mappedPermissions(tables).map((name): CheckFinding => {
    const problem = catalogue.problems.find((candidate) => candidate.permission === name);
    const subject = `permission ${name}`;
    return problem ? bad(subject, problem.message, problem.mend) : good(subject, `is bit ${catalogue.bits[name]}`);
  });
  if (catalogue.entries.length > 0) return bound;
  const message = 'The account shows no property "permissions": nobody could be reset.';
  return [bad('permissions', message, 'Make it visible in Spotler (Settings, database fields).'), ...bound];
}

function externalIdHint(identity: PlatformContext['identity']): string {
  const field = 'The credential decides which Spotler field holds the GUID; give this connector a field of its own.';
  return identity === 'address'
    ? `${field} identity: address needs an account that de-duplicates by email address (Spotler's default).`
    : `${field} identity: record needs an account that de-duplicates by that field, not by email address.`;
}

function refused(subject: string, error: unknown): CheckFinding {
  if (!(error instanceof ConnectorError) || error.kind === 'retry' || error.kind === 'wait') throw error;
  return bad(subject, error.message, mends[error.code] ?? 'Check baseUrl, consumerKey and consumerSecret.');
}

const mends: Readonly<Record<string, string>> = {
  SPOTLER_NOT_AUTHORIZED: 'Check consumerKey and consumerSecret: Spotler, Settings, Account & Billing, Integrations.',
  SPOTLER_WRONG_PATH: 'Set baseUrl to https://restapi.mailplus.nl/integrationservice.',
};

function good(subject: string, message: string): CheckFinding {
  return { ok: true, subject, message, mend: '' };
}

function bad(subject: string, message: string, mend: string): CheckFinding {
  return { ok: false, subject, message, mend };
}
