/** Addresses (as keyed hashes) and record ids that must not be created again. */
import { type Kysely, sql } from 'kysely';
import type { Database } from './tables.ts';

export interface Suppressions {
  /** Of these, the ones on the list. */
  matching(kind: 'address' | 'record', values: readonly string[]): Promise<Set<string>>;
  add(kind: 'address' | 'record', value: string, reason: string): Promise<void>;
  remove(kind: 'address' | 'record', value: string): Promise<boolean>;
}

export function createSuppressions(db: Kysely<Database>): Suppressions {
  return {
    async matching(kind, values) {
      if (values.length === 0) return new Set();
      const result = await sql<{ value: string }>`select value from suppression
        where kind = ${kind} and value = any(${values}::text[])`.execute(db);
      return new Set(result.rows.map((row) => row.value));
    },
    async add(kind, value, reason) {
      await sql`insert into suppression (kind, value, reason) values (${kind}, ${value}, ${reason})
        on conflict do nothing`.execute(db);
    },
    async remove(kind, value) {
      const result = await sql`delete from suppression where kind = ${kind} and value = ${value}`.execute(db);
      return Number(result.numAffectedRows ?? 0) > 0;
    },
  };
}
