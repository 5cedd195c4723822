/**
 * Targets that the ledger knows and the configuration no longer names. Guarantees: what a target still holds is counted
 * before it can be forgotten; forgetting one is a single transaction together with its evidence, and afterwards nothing
 * is owed to it and no erasure waits for it. Sends nothing: whoever is on the platform stays there.
 */
import { type Kysely, sql } from 'kysely';
import type { TargetName } from '../../config/words.ts';
import { appendEvidence } from './evidence.ts';
import type { Database, NewEvidence } from './tables.ts';

export interface RemovedTarget {
  readonly target: TargetName;
  /** Profiles with somebody on the platform, and those whose last write was never answered. */
  readonly people: number;
  /** Open erasures that wait for its answer. */
  readonly erasures: number;
}

export interface RemovedTargets {
  /** Targets that were worked with and are not among these, in the order of their names. */
  find(configured: readonly TargetName[]): Promise<RemovedTarget[]>;
  /** Forgets everything about a target. Its part of an open erasure ends as `abandoned`. */
  forget(target: TargetName, evidence: NewEvidence): Promise<void>;
}

export function createRemovedTargets(db: Kysely<Database>): RemovedTargets {
  return {
    async find(configured) {
      const result = await sql<RemovedTarget>`
        select s.target,
          (select count(*)::int from profile p where p.target = s.target and (p.state in ('live', 'reset', 'held')
            or exists (select 1 from intent i where i.target = p.target and i.profile_key = p.key))) as people,
          (select count(*)::int from erasure_target e where e.target = s.target and e.state = 'pending') as erasures
        from target_state s where s.account is not null and s.target <> all(${configured}::text[])
        order by s.target`.execute(db);
      return result.rows;
    },

    async forget(target, evidence) {
      await db.transaction().execute(async (trx) => {
        await sql`update erasure_target set state = 'abandoned', waiting_code = null, waiting_reason = null, due_at = null,
          lease_token = null, lease_until = null, completed_at = now() where target = ${target} and state = 'pending'`.execute(
          trx,
        );
        await sql`delete from hold_case where target = ${target}`.execute(trx);
        await sql`update hold set state = 'rejected', decided_at = now(), decided_by = ${evidence.actor ?? null}
          where target = ${target} and state = 'open'`.execute(trx);
        for (const name of ['delivery', 'intent', 'contact_key', 'profile', 'brake_pass', 'quota', 'target_state'])
          await sql`delete from ${sql.table(name)} where target = ${target}`.execute(trx);
        await appendEvidence(trx, [evidence]);
      });
    },
  };
}
