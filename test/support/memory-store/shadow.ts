/** A copy of the in-memory ledger for a rehearsal, with a clock of its own; as src/store/shadow.ts. */
import type { Shadow } from '../../../src/store/shadow.ts';
import { connection } from './index.ts';
import { giveBack, inKeyOrder, type Room, type Tables } from './tables.ts';

export function memoryShadow(tables: Tables, now: () => number): Shadow & { readonly tables: Tables } {
  let passed = 0;
  const room: Room = { tables: structuredClone(tables), now: () => now() + passed };
  for (const rows of [...room.tables.deliveries.values(), ...room.tables.profiles.values()])
    for (const row of rows.values()) giveBack(row);
  for (const parts of room.tables.erasureTargets.values()) for (const row of parts.values()) giveBack(row);
  return {
    tables: room.tables,
    store: connection(room, {}),
    async pass(milliseconds) {
      passed += Math.ceil(milliseconds);
    },
    async narrow({ tables: wanted, perTable }) {
      for (const rows of room.tables.deliveries.values()) {
        const owed = inKeyOrder(
          [...rows.values()].filter((row) => row.due_at !== null),
          (row) => ({ table: row.crm_table, id: row.id }),
        );
        const kept = new Map<string, number>();
        for (const row of owed) {
          const count = (kept.get(row.crm_table) ?? 0) + 1;
          kept.set(row.crm_table, count);
          if ((wanted && !wanted.includes(row.crm_table)) || count > (perTable ?? count)) row.due_at = null;
        }
      }
    },
    close: async () => undefined,
  };
}
