/**
 * `connector rekey`: from a former hash key to the configured one. Addresses are read from the CRM, hashed with both
 * keys, and the ledger is carried over. Guarantees: nobody works meanwhile (processes of an older epoch claim nothing,
 * new ones refuse to start), so nothing is anonymized automatically; interrupted anywhere, it can be repeated. People
 * whose rows are gone keep the former key: it has to stay listed for as long as they matter.
 */
import type { RecordId } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import { judgeAddress } from '../rules/address.ts';
import type { Renaming } from '../store/rekey.ts';
import { type Core, configuredTables } from './core.ts';

export interface RekeyResult {
  readonly records: number;
  readonly profiles: number;
}

const recordsAtOnce = 500;

export async function rekey(
  core: Core,
  signal: AbortSignal,
  progress: (records: number) => void = () => undefined,
): Promise<RekeyResult> {
  const { keyring, store } = core;
  const stored = await store.installation.hashKey(keyring.keyId);
  if (stored === keyring.keyId) return { records: 0, profiles: 0 };
  if (!keyring.formerKeyIds.includes(stored)) {
    throw new ConnectorError(
      'config',
      'HASH_KEY_UNKNOWN',
      'the key of this ledger is not listed: put it under privacy.previousHashKeys and run connector rekey again',
    );
  }
  await stopOthers(core);
  let records = 0;
  let profiles = 0;
  for (const table of configuredTables(core)) {
    let after: RecordId | undefined;
    for (;;) {
      signal.throwIfAborted();
      const ids = await store.rekey.ids(table, after, recordsAtOnce);
      if (ids.length === 0) break;
      const read = await core.crm.readRows(table, ids, signal);
      const renamings = read.rows.flatMap((row): Renaming[] => {
        const address = row.email.reveal();
        if (judgeAddress(address) !== 'valid' || address === null) return [];
        const to = keyring.emailKey(address);
        return keyring.formerEmailKeys(address).map((from) => ({ from, to }));
      });
      profiles += await store.rekey.rename(renamings);
      records += ids.length;
      progress(records);
      after = ids.at(-1);
    }
  }
  for (const { id, sealed } of await store.rekey.seals()) {
    await store.rekey.reseal(id, keyring.seal(keyring.open(sealed)));
  }
  await store.rekey.finish(keyring.keyId);
  await store.evidence.append([rekeyed(records)]);
  return { records, profiles };
}

/** A new epoch with the same configuration: whoever works for the former one claims nothing more. */
async function stopOthers(core: Core): Promise<void> {
  const current = await core.store.configurations.current();
  if (!current) return;
  if (!(await core.store.configurations.take(current.epoch, { ...current, epoch: current.epoch + 1 }, []))) {
    throw new ConnectorError(
      'retry',
      'CONFIGURATION_CONTESTED',
      'another process changed the configuration; try again',
    );
  }
}

function rekeyed(records: number) {
  return {
    target: null,
    crm_table: null,
    record_id: null,
    profile_key: null,
    act: 'rekey',
    rule: null,
    trigger: 'connector rekey',
    outcome: 'done',
    status: null,
    request_id: null,
    detail: `${records} records were read again`,
    actor: null,
    configuration: null,
  };
}
