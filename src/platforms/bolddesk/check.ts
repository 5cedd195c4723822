/**
 * What `connector check` says about a BoldDesk site. Guarantees: reads only; every finding that is not ok has its mend;
 * throws only when BoldDesk cannot be reached. Custom fields are known from the contacts that are there: no call that
 * lists them is known, so on a site without contacts they show with the first write.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { Check, CheckFinding } from '../platform.ts';
import type { BoldDeskClient } from './client.ts';
import { externalReference, isCustomField, isPlain, mappedFields, mappedPermissions } from './properties.ts';
import type { Contact } from './schema.ts';
import type { BoldDeskSettings } from './settings.ts';

type CheckSettings = Pick<BoldDeskSettings, 'eraseMode' | 'allowTicketLoss' | 'deletedView' | 'writeRecordId'>;

export async function checkAccount(
  client: BoldDeskClient,
  settings: CheckSettings,
  tables: TableMap<TableSettings>,
  signal: AbortSignal,
): Promise<Check> {
  let contacts: Contact[];
  try {
    contacts = await client.some(signal);
  } catch (error) {
    return { findings: [refused('BoldDesk credentials', error, 'Check baseUrl and apiKey.')] };
  }
  const { deletedView } = settings;
  return {
    findings: [
      good('BoldDesk credentials', 'accepted'),
      await lookUps(client, signal),
      ...(deletedView === undefined ? [] : [await viewFinding(client, deletedView, signal)]),
      erasing(settings),
      ...fieldFindings(tables, contacts, settings),
      ...mappedPermissions(tables).map((name) => permissionFinding(name, contacts)),
    ],
  };
}

/** Looks for somebody who cannot exist: by that, a search that is refused shows before an erasure depends on it. */
async function lookUps(client: BoldDeskClient, signal: AbortSignal): Promise<CheckFinding> {
  const subject = 'BoldDesk look-up by id and by address';
  const nobody = 'connector-check@nobody.invalid';
  try {
    await client.byId('0', signal);
    await client.byAddress(new Personal(nobody), signal);
    await client.search({ filter: nobody }, signal);
    return good(subject, 'answers');
  } catch (error) {
    return refused(subject, error, 'See that the agent of the key may see all contacts.');
  }
}

async function viewFinding(client: BoldDeskClient, view: string, signal: AbortSignal): Promise<CheckFinding> {
  const subject = `view ${view}`;
  try {
    await client.search({ filter: 'connector-check@nobody.invalid', view }, signal);
    return good(subject, 'lists deleted contacts');
  } catch (error) {
    return refused(subject, error, 'Set deletedView to the view of deleted contacts, or leave it out.');
  }
}

function erasing({ eraseMode, allowTicketLoss }: CheckSettings): CheckFinding {
  const subject = 'erasing in BoldDesk';
  switch (eraseMode) {
    case 'soft':
      return good(subject, 'contacts are hidden only; that can be undone, and is reported as not erased');
    case 'blank':
      return good(subject, 'contacts are overwritten; their tickets stay as they are');
    case 'permanent':
      return allowTicketLoss
        ? good(subject, 'contacts are deleted for good, and their tickets with them')
        : bad(
            subject,
            'A permanent deletion takes the tickets of the person along, and that is not allowed: erasures wait.',
            'Set allowTicketLoss: true, or choose another eraseMode.',
          );
    default:
      return eraseMode satisfies never;
  }
}

/** Whether any contact shows the custom field; undefined where there is no contact to tell. */
function isShown(name: string, contacts: readonly Contact[]): boolean | undefined {
  const shown = new Set(contacts.flatMap(({ contactCustomFields }) => Object.keys(contactCustomFields ?? {})));
  return shown.size === 0 ? undefined : shown.has(name);
}

function fieldFindings(
  tables: TableMap<TableSettings>,
  contacts: readonly Contact[],
  { writeRecordId }: CheckSettings,
): CheckFinding[] {
  const permissions = new Set(mappedPermissions(tables));
  return mappedFields(tables).map((name) => {
    const subject = `property ${name}`;
    if (permissions.has(name)) return bad(subject, `${name} is mapped as a permission too.`, 'Map it only once.');
    if (name === externalReference && writeRecordId) {
      return bad(subject, 'The id of the record is written to it.', 'Take it out, or set writeRecordId: false.');
    }
    if (isPlain(name)) return good(subject, 'is a property of every contact');
    if (isCustomField(name)) return customField(subject, name, contacts);
    return bad(
      subject,
      `BoldDesk has no property ${name} for contacts.`,
      'Use a name of the list in the README of this platform, or the API name of a custom field (cf_...).',
    );
  });
}

function permissionFinding(name: string, contacts: readonly Contact[]): CheckFinding {
  const subject = `permission ${name}`;
  if (isCustomField(name)) return customField(subject, name, contacts);
  return bad(
    subject,
    `BoldDesk has no permission ${name}.`,
    'Name a custom field of type checkbox by its API name, such as cf_newsletter.',
  );
}

function customField(subject: string, name: string, contacts: readonly Contact[]): CheckFinding {
  const shown = isShown(name, contacts);
  if (shown === undefined) return good(subject, 'cannot be looked up before there is a contact');
  if (shown) return good(subject, 'is a custom field');
  return bad(subject, `No contact in BoldDesk shows a custom field ${name}.`, 'Add it in BoldDesk, or mend its name.');
}

function refused(subject: string, error: unknown, mend: string): CheckFinding {
  if (!(error instanceof ConnectorError) || error.kind === 'retry' || error.kind === 'wait') throw error;
  return bad(subject, error.message, mends[error.code] ?? mend);
}

const mends: Readonly<Record<string, string>> = {
  BOLDDESK_NOT_AUTHORIZED: 'Make an API key in BoldDesk (Admin, API) and set it as apiKey.',
  BOLDDESK_FORBIDDEN: 'Give the agent of the key the right to see, add, change and delete contacts.',
  BOLDDESK_WRONG_PATH: 'Set baseUrl to https://<domain>.bolddesk.com/api/v1.',
};

function good(subject: string, message: string): CheckFinding {
  return { ok: true, subject, message, mend: '' };
}

function bad(subject: string, message: string, mend: string): CheckFinding {
  return { ok: false, subject, message, mend };
}
