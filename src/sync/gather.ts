/**
 * Before anything is decided: the leases of all profiles concerned, then every record of them read as it is now.
 * Guarantees: a row is read only after the lease of the profile it belongs to was taken, so nothing read here can be
 * older than what another worker wrote before; "deleted" means that Dataverse said so. Decides and sends nothing.
 */
import {
  type EmailKey,
  formatRecordRef,
  type ProfileKey,
  type RecordId,
  type RecordRef,
  type TableName,
} from '../../config/words.ts';
import type { MalformedRow, Row } from '../dataverse/crm.ts';
import { judgeAddress } from '../rules/address.ts';
import type { Lease, LedgerMember } from '../store/deliveries.ts';
import type { Profile } from '../store/profiles.ts';
import { mapLimit } from './concurrency.ts';
import { type Core, targetOf } from './core.ts';

export type Reading =
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'malformed'; readonly malformed: MalformedRow };

/** A record as it is now, and the profile it belongs to now. */
export interface View {
  readonly name: string;
  readonly ledger: LedgerMember;
  readonly reading: Reading;
  readonly key: ProfileKey;
  /** The key of its present address, when it has a valid one. */
  readonly emailKey: EmailKey | undefined;
}

export interface Gathered {
  readonly views: readonly View[];
  readonly profiles: ReadonlyMap<ProfileKey, Profile>;
  /** Claimed records whose profile somebody else is working on. */
  readonly busy: readonly LedgerMember[];
}

function fallbackKey(ref: RecordRef): ProfileKey {
  return formatRecordRef(ref) as ProfileKey;
}

/** The profiles that a record may concern, as far as the ledger knows before reading it. */
export function hintedKeys(identity: 'address' | 'record', member: LedgerMember): ProfileKey[] {
  if (identity === 'record') return [fallbackKey(member.ref)];
  const known = [member.profileKey, member.sentKey, member.emailKey, member.seenKey].filter((key) => key !== undefined);
  return known.length > 0 ? ([...new Set(known)] as ProfileKey[]) : [fallbackKey(member.ref)];
}

export function viewOf(core: Core, identity: 'address' | 'record', ledger: LedgerMember, reading: Reading): View {
  const address = reading.kind === 'row' ? reading.row.email.reveal() : null;
  const emailKey = judgeAddress(address) === 'valid' ? core.keyring.emailKey(address ?? '') : undefined;
  const name = formatRecordRef(ledger.ref);
  const key =
    identity === 'record'
      ? fallbackKey(ledger.ref)
      : ((emailKey ??
          ledger.profileKey ??
          ledger.sentKey ??
          ledger.emailKey ??
          ledger.seenKey ??
          fallbackKey(ledger.ref)) as ProfileKey);
  return { name, ledger, reading, key, emailKey };
}

/** Milliseconds for which "the address column can be seen" counts for records that never had an address here. */
const visibleForMs = 10 * 60_000;

/** Reads records as they are now. Throws ConnectorError when Dataverse cannot tell. */
export async function readRecords(
  core: Core,
  members: readonly LedgerMember[],
  signal: AbortSignal,
): Promise<Map<string, Reading>> {
  const readings = new Map<string, Reading>();
  const byTable = Map.groupBy(members, (member) => member.ref.table);
  await mapLimit([...byTable], byTable.size, async ([table, ofTable]) => {
    const ids = [...new Set(ofTable.map((member) => member.ref.id))];
    const read = await core.crm.readRows(table, ids, signal);
    const found: Reading[] = read.rows.map((row) => ({ kind: 'row', row }));
    for (const malformed of read.malformed)
      readings.set(formatRecordRef(malformed.ref), { kind: 'malformed', malformed });
    const knownDeleted = new Set(ofTable.filter((m) => m.tombstone || m.gone).map((m) => m.ref.id));
    await mapLimit(read.missing, 4, async (id) => {
      const reading = await confirm(core, table, id, knownDeleted.has(id), signal);
      if (reading.kind === 'row') found.push(reading);
      else readings.set(`${table}/${id}`, reading);
    });
    const rows = found.flatMap((reading) => (reading.kind === 'row' ? [reading.row] : []));
    const hidden = await hiddenAmong(core, table, rows, ofTable, signal);
    for (const row of rows)
      readings.set(formatRecordRef(row.ref), hidden.has(row) ? unreadable(row) : { kind: 'row', row });
  });
  return readings;
}

/** Rows that show no address because we may not see it: an unreadable column says nothing about a person. */
async function hiddenAmong(
  core: Core,
  table: TableName,
  rows: readonly Row[],
  members: readonly LedgerMember[],
  signal: AbortSignal,
): Promise<ReadonlySet<Row>> {
  const without = rows.filter((row) => judgeAddress(row.email.reveal()) !== 'valid');
  if (without.length === 0 || !core.crm.hidesAddress) return new Set();
  const had = new Set(members.filter((m) => m.emailKey ?? m.profileKey).map((m) => m.ref.id));
  const maxAgeMs = without.some((row) => had.has(row.ref.id)) ? 0 : visibleForMs;
  if (!(await core.crm.hidesAddress(table, maxAgeMs, signal))) {
    await core.alarms.clear('address-hidden', table);
    return new Set();
  }
  await core.alarms.raise('address-hidden', table, 'ADDRESS_HIDDEN', hiddenSentence);
  return new Set(without);
}

const hiddenSentence =
  'the address column is secured and hidden from the application user; add them to its column security profile, then: connector parked retry';

function unreadable(row: Row): Reading {
  return { kind: 'malformed', malformed: { ref: row.ref, code: 'ADDRESS_HIDDEN', reason: hiddenSentence } };
}

async function confirm(
  core: Core,
  table: TableName,
  id: RecordId,
  tombstone: boolean,
  signal: AbortSignal,
): Promise<Reading> {
  // With a tombstone, absence from the bulk read suffices; without one only a single read may say "does not exist".
  if (tombstone) return { kind: 'deleted' };
  const answer = await core.crm.readRow({ table, id }, signal);
  if (answer === undefined) return { kind: 'deleted' };
  return 'etag' in answer ? { kind: 'row', row: answer } : { kind: 'malformed', malformed: answer };
}

/**
 * Leases and reads. `claimed` are the deliveries under the lease; siblings of the same profiles are read along, and
 * taken along where they are due.
 */
export async function gather(
  core: Core,
  lease: Lease,
  claimed: readonly LedgerMember[],
  signal: AbortSignal,
): Promise<Gathered> {
  const identity = targetOf(core, lease.target).settings.identity;
  const profiles = new Map<ProfileKey, Profile>();
  const views = new Map<string, View>();

  async function add(keys: readonly ProfileKey[], reread: readonly RecordRef[]): Promise<void> {
    for (const profile of await core.store.profiles.lease(lease, keys)) profiles.set(profile.key, profile);
    const leased = keys.filter((key) => profiles.has(key));
    const members = await core.store.deliveries.members(lease, leased, reread);
    const again = new Set(reread.map(formatRecordRef));
    const unread = members.filter((m) => again.has(formatRecordRef(m.ref)) || !views.has(formatRecordRef(m.ref)));
    const readings = await readRecords(core, unread, signal);
    for (const member of unread) {
      const reading = readings.get(formatRecordRef(member.ref));
      if (reading) views.set(formatRecordRef(member.ref), viewOf(core, identity, member, reading));
    }
  }

  const hints = [...new Set(claimed.flatMap((member) => hintedKeys(identity, member)))];
  await add(
    hints,
    claimed.map((member) => member.ref),
  );

  // A row may show an address that no news had announced: its profile is leased too, and the row read again under it.
  const surprises = [...views.values()].filter(
    (view) => view.ledger.claim && !profiles.has(view.key) && !hints.includes(view.key),
  );
  if (surprises.length > 0) {
    await add(
      [...new Set(surprises.map((view) => view.key))],
      surprises.map((view) => view.ledger.ref),
    );
  }

  const all = [...views.values()];
  const isBusy = (view: View): boolean =>
    view.ledger.claim !== undefined &&
    [view.key, view.ledger.profileKey, identity === 'address' ? view.ledger.sentKey : undefined].some(
      (key) => key !== undefined && !profiles.has(key),
    );
  const busyKeys = new Set(all.filter(isBusy).map((view) => view.key));
  const busy = all.filter((view) => view.ledger.claim && (isBusy(view) || busyKeys.has(view.key)));
  for (const key of busyKeys) profiles.delete(key);
  const busyNames = new Set(busy.map((view) => view.name));
  return { views: all.filter((view) => !busyNames.has(view.name)), profiles, busy: busy.map((view) => view.ledger) };
}
