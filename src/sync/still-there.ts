/**
 * Targets that have answered an erasure, and may hold the person again: while another target was waited for, the record
 * came to share an address with somebody who is there, or to one at which nobody has looked; or may hold somebody yet who
 * was erased along on another target. Guarantees: looks by the row that the closing is about to mark, so that no change of
 * address comes between. Says where the erasure has to be done once more; asks no platform.
 */
import { formatRecordRef, type ProfileKey, type RecordRef, type TargetName } from '../../config/words.ts';
import type { Row } from '../dataverse/crm.ts';
import { judgeAddress } from '../rules/address.ts';
import type { ErasureRow, ErasureTargetRow } from '../store/tables.ts';
import type { Core } from './core.ts';
import { mayBeThere } from './plan.ts';

/** @param row the record that the erasure is about, as read just now; undefined where it is gone, or none was named */
export async function stillThere(
  core: Core,
  erasure: ErasureRow,
  parts: readonly ErasureTargetRow[],
  row: Row | undefined,
): Promise<TargetName[]> {
  const ref: RecordRef | undefined =
    erasure.crm_table && erasure.record_id ? { table: erasure.crm_table, id: erasure.record_id } : undefined;
  const known = ref && (await core.store.records.get(ref));
  const deliveries = ref ? await core.store.records.deliveries(ref) : [];
  const address = row?.email.reveal()?.trim();
  const present = address && judgeAddress(address) === 'valid' ? core.keyring.emailKey(address) : undefined;
  const along = await core.store.erasures.records(erasure.id);
  const found: TargetName[] = [];
  for (const { target, state } of parts) {
    const settings = core.targets.get(target)?.settings;
    if (!settings || (state !== 'done' && state !== 'absent')) continue;
    const last = deliveries.find((delivery) => delivery.target === target)?.profile_key ?? known?.email_key;
    const keys = settings.identity === 'address' ? [present ?? last, erasure.email_key] : [ref && formatRecordRef(ref)];
    const wanted = keys.filter((key) => key !== null && key !== undefined) as string[] as ProfileKey[];
    if (settings.identity === 'address') wanted.push(...(await onlyTheirs(core, target, along)));
    const profiles = await core.store.profiles.peek(target, wanted);
    const looked = profiles.some(({ key, state }) => key === (present as string | undefined) && state !== 'new');
    // Nobody has looked there yet whether somebody from earlier times has the address.
    const isUnknown = settings.identity === 'address' && settings.adoptExisting && present !== undefined && !looked;
    if (isUnknown || profiles.some(mayBeThere)) found.push(target);
  }
  return found;
}

/** Profiles of those who were erased along, in which nobody else is. */
async function onlyTheirs(core: Core, target: TargetName, along: readonly RecordRef[]): Promise<ProfileKey[]> {
  if (along.length === 0) return [];
  const names = new Set(along.map(formatRecordRef));
  const { deliveries } = core.store;
  const keys = new Set((await deliveries.peek(target, [], along)).flatMap(({ profileKey }) => profileKey ?? []));
  for (const { ref, gone, profileKey, emailKey, seenKey } of await deliveries.peek(target, [...keys], [])) {
    // Who has not been applied there yet has the address all the same.
    if (!gone && !names.has(formatRecordRef(ref))) keys.delete((profileKey ?? emailKey ?? seenKey) as ProfileKey);
  }
  return [...keys];
}
