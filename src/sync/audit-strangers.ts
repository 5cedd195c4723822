/**
 * Whom a target holds that nobody here knows: contacts whose external id is a GUID that no table of the CRM has, people
 * who were deleted before the connector existed. Guarantees: a GUID is a stranger's only after Dynamics answered "does not
 * exist" for it in all three tables, and no record has the contact's address; an external id that is no GUID is somebody
 * else's business. Only for platforms that can list. Changes nothing.
 */
import {
  type EmailKey,
  parseRecordId,
  type RecordId,
  type RecordRef,
  type TargetName,
  tableNames,
} from '../../config/words.ts';
import type { ContactPage, ListedContact } from '../platforms/platform.ts';
import { judgeAddress } from '../rules/address.ts';
import type { Core } from './core.ts';

export interface Listing {
  /** Contacts that were listed. */
  readonly listed: number;
  /** Of these, the ones whose external id is not a record's, or that have none. */
  readonly foreign: number;
  readonly strangers: readonly RecordId[];
  /** GUIDs nobody knows while not every table can be asked. */
  readonly unsure: number;
  /** Records whom the ledger believes absent, and whose id is there. */
  readonly suspects: readonly RecordRef[];
}

/** Throws ConnectorError when Dynamics cannot be asked, and what `list` throws. */
export async function listStrangers(
  core: Core,
  target: TargetName,
  list: (after: string | undefined) => Promise<ContactPage>,
  signal: AbortSignal,
): Promise<Listing> {
  const strangers = new Set<RecordId>();
  const suspects = new Map<string, RecordRef>();
  let [listed, foreign, unsure] = [0, 0, 0];
  let after: string | undefined;
  do {
    const page = await list(after);
    listed += page.contacts.length;
    const byId = new Map<RecordId, ListedContact>();
    for (const contact of page.contacts) {
      const id = parseRecordId(contact.contactKey);
      if (id) byId.set(id, contact);
      else foreign += 1;
    }
    const ids = [...byId.keys()];
    for (const ref of await core.store.audit.believedAbsent(target, ids)) suspects.set(ref.id, ref);
    const unknown = await withoutRecord(core, await core.store.audit.unknown(target, ids), byId);
    if (tableNames.every((table) => core.settings.tables[table]))
      for (const id of await gone(core, unknown, signal)) strangers.add(id);
    else unsure += unknown.length;
    after = page.next;
  } while (after !== undefined);
  return { listed, foreign, strangers: [...strangers], unsure, suspects: [...suspects.values()] };
}

/** Without those whose address a record has: the person lives on, under an id that is not theirs any more. */
async function withoutRecord(
  core: Core,
  ids: readonly RecordId[],
  contacts: ReadonlyMap<RecordId, ListedContact>,
): Promise<RecordId[]> {
  const keys = new Map<RecordId, EmailKey>();
  for (const id of ids) {
    const address = contacts.get(id)?.address?.reveal() ?? '';
    if (judgeAddress(address) === 'valid') keys.set(id, core.keyring.emailKey(address));
  }
  const left: RecordId[] = [];
  for (const id of ids) {
    const key = keys.get(id);
    if (key === undefined || (await core.store.records.byEmailKey([key])).length === 0) left.push(id);
  }
  return left;
}

/** Those that Dynamics has in no table, each asked for by itself. */
async function gone(core: Core, ids: readonly RecordId[], signal: AbortSignal): Promise<RecordId[]> {
  let left = [...ids];
  for (const table of tableNames) {
    if (left.length === 0) return [];
    const { missing } = await core.crm.readRows(table, left, signal);
    const absent: RecordId[] = [];
    for (const id of missing) if ((await core.crm.readRow({ table, id }, signal)) === undefined) absent.push(id);
    left = absent;
  }
  return left;
}
