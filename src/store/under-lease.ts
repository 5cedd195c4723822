/**
 * "Is under this lease", as a condition that the planner cannot estimate. Guarantees: true for rows with this token, false
 * for all others and for those without one. A plain comparison lets the statistics say that hardly any row has a given
 * token, while a batch has just given it to thousands: PostgreSQL then reads the whole table for each call and compares
 * every row of the batch with every row of the call.
 */
import { type RawBuilder, sql } from 'kysely';

/** `column` is the name of a column, never something that was given from outside. */
export function isUnder(lease: { readonly token: string }, column = 'lease_token'): RawBuilder<boolean> {
  return sql<boolean>`coalesce(${sql.ref(column)} = ${lease.token}::uuid, false)`;
}
