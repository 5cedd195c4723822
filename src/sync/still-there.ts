/**
 * Targets that have answered an erasure, and may hold the person again: while another target was waited for, the record
 * came to share an address with somebody who is there. Guarantees: looks by the row that the closing is about to mark, so
 * that no change of address comes between. Says where the erasure has to be done once more; asks no platform.
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
  const found: TargetName[] = [];
  for (const { target, state } of parts) {
    const settings = core.targets.get(target)?.settings;
    if (!settings || (state !== 'done' && state !== 'absent')) continue;
    const last = deliveries.find((delivery) => delivery.target === target)?.profile_key ?? known?.email_key;
    const keys = settings.identity === 'address' ? [present ?? last, erasure.email_key] : [ref && formatRecordRef(ref)];
    const wanted = keys.filter((key) => key !== null && key !== undefined) as string[] as ProfileKey[];
    if ((await core.store.profiles.peek(target, wanted)).some(mayBeThere)) found.push(target);
  }
  return found;
}
