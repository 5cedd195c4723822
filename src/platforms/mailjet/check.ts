/**
 * What `connector check` says about a Mailjet account. Guarantees: reads only; every finding that is not ok has its
 * mend; throws only when Mailjet cannot be reached. Not covered: whether the key may write and erase, since only a
 * write would tell.
 */
import type { FieldSource, TableMap, TableSettings } from '../../../config/settings.ts';
import { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { Check, CheckFinding } from '../platform.ts';
import type { MailjetClient } from './client.ts';
import { type Catalogue, type Discovery, mappedPermissions, marketing, ownName, propertyProblem } from './discovery.ts';

export async function checkAccount(
  client: Pick<MailjetClient, 'byAddress' | 'filtered' | 'newest'>,
  discovery: Discovery,
  tables: TableMap<TableSettings>,
  signal: AbortSignal,
): Promise<Check> {
  let catalogue: Catalogue;
  try {
    catalogue = await discovery.refresh(signal);
  } catch (error) {
    return { findings: [refused('Mailjet credentials', error)] };
  }
  return {
    findings: [
      good('Mailjet credentials', 'accepted'),
      await lookUps(client, signal),
      ...fieldFindings(tables, catalogue),
      ...mappedPermissions(tables).map((name) => permissionFinding(name, catalogue)),
    ],
  };
}

/** Looks for somebody who cannot exist: by that, a look-up that Mailjet refuses shows before an erasure depends on it. */
async function lookUps(
  client: Pick<MailjetClient, 'byAddress' | 'filtered' | 'newest'>,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const subject = 'Mailjet look-up by address, and the order of contacts';
  const nobody = new Personal('connector-check@nobody.invalid');
  try {
    await client.byAddress(nobody, signal);
    const found = await client.filtered(nobody, signal);
    if (found.length > 0) {
      return bad(subject, 'Mailjet finds contacts that were not looked for.', 'Check baseUrl: is it Mailjet itself?');
    }
    const [first, second] = await client.newest(2, 0, signal);
    if (first && second && first.ID < second.ID) {
      return bad(
        subject,
        'Mailjet does not list the newest contacts first.',
        'Set bulkFrom to 1000: no jobs are used.',
      );
    }
    return good(subject, 'answers');
  } catch (error) {
    return refused(subject, error);
  }
}

function fieldFindings(tables: TableMap<TableSettings>, catalogue: Catalogue): CheckFinding[] {
  const findings = new Map<string, CheckFinding>();
  for (const table of Object.values(tables)) {
    for (const [name, source] of Object.entries(table.fields)) {
      const finding = fieldFinding(name, source, catalogue);
      findings.set(JSON.stringify(finding), finding);
    }
  }
  return [...findings.values()];
}

function fieldFinding(name: string, source: FieldSource, { properties }: Catalogue): CheckFinding {
  const subject = `property ${name}`;
  if (name === ownName) return good(subject, "is the contact's own name");
  const problem = propertyProblem(name, properties);
  if (problem !== undefined) {
    return bad(
      subject,
      problem,
      'Make a static contact property of this name in Mailjet (Contacts, contact properties).',
    );
  }
  const type = properties.get(name)?.Datatype ?? '';
  const isText =
    source.kind === 'table' ||
    (source.kind === 'constant'
      ? typeof source.value === 'string' && Number.isNaN(Number(source.value))
      : source.as === 'label' && source.map === undefined);
  return isText && (type === 'int' || type === 'float')
    ? bad(subject, `It is of type ${type} and is given a text.`, 'Map a number column, or "as: value".')
    : good(subject, `is there, of type ${type}`);
}

function permissionFinding(name: string, catalogue: Catalogue): CheckFinding {
  const subject = `permission ${name}`;
  if (name === marketing) return good(subject, 'is whether the contact takes part in campaigns at all');
  const problem = catalogue.problems.find(({ permission }) => permission === name);
  if (problem) return bad(subject, problem.message, problem.mend);
  return good(subject, `is the contact list ${catalogue.listOf(name)}`);
}

function refused(subject: string, error: unknown): CheckFinding {
  if (!(error instanceof ConnectorError) || error.kind === 'retry' || error.kind === 'wait') throw error;
  return bad(subject, error.message, mends[error.code] ?? 'Check baseUrl, publicKey and secretKey.');
}

const mends: Readonly<Record<string, string>> = {
  MAILJET_NOT_AUTHORIZED:
    'Take both keys of one account or sub-account: Mailjet, Account settings, REST API, API keys.',
  MAILJET_NOT_ALLOWED: 'Use a key with full access.',
  MAILJET_FORBIDDEN: 'Use a key with full access.',
  MAILJET_WRONG_PATH: 'Set baseUrl to https://api.mailjet.com, without a version.',
};

function good(subject: string, message: string): CheckFinding {
  return { ok: true, subject, message, mend: '' };
}

function bad(subject: string, message: string, mend: string): CheckFinding {
  return { ok: false, subject, message, mend };
}
