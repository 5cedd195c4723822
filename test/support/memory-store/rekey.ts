/** Carries the ledger over to another hash key; as src/store/rekey.ts. */
import type { EmailKey, ProfileKey } from '../../../config/words.ts';
import type { RekeyFamily } from '../../../src/store/rekey.ts';
import { compareText, type Room, type Synchronous } from './tables.ts';

export function memoryRekey(room: Room): Synchronous<RekeyFamily> {
  const { tables } = room;

  function renameProfiles(names: ReadonlyMap<string, string>): number {
    let moved = 0;
    for (const rows of tables.profiles.values()) {
      for (const [from, to] of names as ReadonlyMap<ProfileKey, ProfileKey>) {
        const row = rows.get(from);
        if (row && rows.get(to)?.state === 'new') rows.delete(to);
        if (!row || rows.has(to)) continue;
        rows.delete(from);
        rows.set(to, Object.assign(row, { key: to, data_fingerprint: null, permission_fingerprint: null }));
        moved += 1;
      }
    }
    return moved;
  }

  return {
    ids: (table, after, limit) =>
      [...tables.records.values()]
        .flatMap((row) => (row.crm_table === table && (after === undefined || row.id > after) ? [row.id] : []))
        .sort(compareText)
        .slice(0, limit),

    rename(renamings) {
      const names = new Map<string, string>(renamings.map(({ from, to }) => [from, to]));
      const renamed = <Key extends string>(key: Key | null): Key | null =>
        key === null ? null : ((names.get(key) as Key | undefined) ?? key);
      for (const row of tables.records.values()) {
        row.email_key = renamed<EmailKey>(row.email_key);
        row.seen_key = renamed<EmailKey>(row.seen_key);
      }
      for (const row of tables.erasures.values()) row.email_key = renamed<EmailKey>(row.email_key);
      for (const [from, to] of names) {
        const reason = tables.suppressions.get(`address ${from}`);
        if (reason === undefined) continue;
        tables.suppressions.delete(`address ${from}`);
        if (!tables.suppressions.has(`address ${to}`)) tables.suppressions.set(`address ${to}`, reason);
      }
      const moved = renameProfiles(names);
      for (const rows of tables.contactKeys.values())
        for (const [id, row] of rows)
          rows.set(id, { ...row, profile_key: renamed<ProfileKey>(row.profile_key) ?? row.profile_key });
      for (const row of tables.intents.values())
        row.profile_key = renamed<ProfileKey>(row.profile_key) ?? row.profile_key;
      for (const rows of tables.deliveries.values())
        for (const row of rows.values()) row.profile_key = renamed<ProfileKey>(row.profile_key);
      for (const rows of tables.holdCases.values())
        for (const [key, row] of [...rows]) {
          row.profile_key = renamed<ProfileKey>(key) ?? key;
          rows.delete(key);
          rows.set(row.profile_key, row);
        }
      return moved;
    },

    seals: () => [
      ...[...tables.erasures.values()].flatMap((row) =>
        row.state === 'open' && row.sealed !== null ? [{ id: row.id, sealed: row.sealed }] : [],
      ),
      ...[...tables.intents.values()].flatMap((row) =>
        row.sealed === null ? [] : [{ id: row.id, sealed: row.sealed }],
      ),
    ],

    reseal(id, sealed) {
      const row = tables.erasures.get(id);
      if (row?.state === 'open') row.sealed = sealed;
      const intent = tables.intents.get(id);
      if (intent && intent.sealed !== null) intent.sealed = sealed;
    },

    finish(keyId) {
      tables.installation.hashKey = keyId;
    },
  };
}
