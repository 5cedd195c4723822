/**
 * Each target's pause, its account and what its adapter asked to remember; the installation's own identity; the
 * configuration that is in force. Guarantees: only the newest epoch works, and an account, an organization or a hash key
 * that is not the stored one is noticed before anything is sent.
 */
import { type Kysely, sql } from 'kysely';
import type { TableName, TargetName } from '../../config/words.ts';
import type { Database, TargetStateRow } from './tables.ts';

export interface Pause {
  readonly code: string;
  readonly reason: string;
  readonly forMs: number;
  readonly by: 'self' | 'operator';
}

export interface Targets {
  state(target: TargetName): Promise<TargetStateRow>;
  all(): Promise<TargetStateRow[]>;
  isPaused(target: TargetName): Promise<boolean>;
  /** Answers true when the target was not paused for this code before: then it is worth an alarm. */
  pause(target: TargetName, pause: Pause): Promise<boolean>;
  /** Counts a failure of the platform itself, not of a record. Answers how many there were in a row. */
  failed(target: TargetName): Promise<number>;
  /** Forgets failures and a pause that the connector made itself. Answers true when there was such a pause. */
  recovered(target: TargetName): Promise<boolean>;
  resume(target: TargetName): Promise<void>;
  accept(target: TargetName, account: string): Promise<void>;
  remember(target: TargetName, remembered: unknown): Promise<void>;
  /** Whether the account was ever asked if it holds nobody; `empty` when it said so, and not longer than that ago. */
  emptiness(target: TargetName, forMs: number): Promise<{ asked: boolean; empty: boolean }>;
  noteEmptiness(target: TargetName, empty: boolean): Promise<void>;
}

export function createTargets(db: Kysely<Database>): Targets {
  async function state(target: TargetName): Promise<TargetStateRow> {
    const found = await db.selectFrom('target_state').selectAll().where('target', '=', target).executeTakeFirst();
    if (found) return found;
    await sql`insert into target_state (target) values (${target}) on conflict do nothing`.execute(db);
    return db.selectFrom('target_state').selectAll().where('target', '=', target).executeTakeFirstOrThrow();
  }

  return {
    state,

    async all() {
      return db.selectFrom('target_state').selectAll().orderBy('target').execute();
    },

    async isPaused(target) {
      const result = await sql<{ paused: boolean }>`select paused_until > now() as paused from target_state
        where target = ${target}`.execute(db);
      return result.rows[0]?.paused ?? false;
    },

    async pause(target, pause) {
      await state(target);
      const until =
        pause.by === 'operator'
          ? sql`now() + interval '100 years'`
          : sql`now() + ${pause.forMs} * interval '1 millisecond'`;
      const result = await sql<{ former: string | null }>`
        update target_state t set
          paused_until = case when t.paused_by = 'operator' then t.paused_until else ${until} end,
          paused_code = case when t.paused_by = 'operator' then t.paused_code else ${pause.code} end,
          paused_reason = case when t.paused_by = 'operator' then t.paused_reason else ${pause.reason} end,
          paused_by = case when t.paused_by = 'operator' then t.paused_by else ${pause.by} end
        from (select paused_code from target_state where target = ${target} for update) former
        where t.target = ${target} returning former.paused_code as former`.execute(db);
      return result.rows[0]?.former !== pause.code;
    },

    async failed(target) {
      await state(target);
      // Calls that were on their way together fail together: that is one failure, and the pause it makes covers all.
      const row = await sql<{ failures: number }>`update target_state
        set failures = failures + case when failures > 0 and paused_until > now() then 0 else 1 end where target = ${target} returning failures`.execute(
        db,
      );
      return row.rows[0]?.failures ?? 1;
    },

    async recovered(target) {
      const result = await sql<{ former: string | null }>`
        with former as (
          select case when paused_by = 'self' then paused_code end as paused_code from target_state where target = ${target})
        update target_state set failures = 0,
          paused_until = case when paused_by = 'operator' then paused_until end,
          paused_code = case when paused_by = 'operator' then paused_code end,
          paused_reason = case when paused_by = 'operator' then paused_reason end,
          paused_by = case when paused_by = 'operator' then paused_by end
        where target = ${target} and (failures > 0 or paused_by = 'self')
        returning (select paused_code from former) as former`.execute(db);
      return (result.rows[0]?.former ?? null) !== null;
    },

    async resume(target) {
      await sql`update target_state set failures = 0, paused_until = null, paused_code = null, paused_reason = null,
        paused_by = null where target = ${target}`.execute(db);
    },

    async accept(target, account) {
      await state(target);
      await db.updateTable('target_state').set({ account }).where('target', '=', target).execute();
    },

    async emptiness(target, forMs) {
      const result = await sql<{ asked: boolean; empty: boolean }>`
        select asked_empty_at is not null as asked,
          coalesce(was_empty and asked_empty_at > now() - ${forMs} * interval '1 millisecond', false) as empty
        from target_state where target = ${target}`.execute(db);
      return result.rows[0] ?? { asked: false, empty: false };
    },

    async noteEmptiness(target, empty) {
      await state(target);
      await sql`update target_state set asked_empty_at = now(), was_empty = ${empty}
        where target = ${target} and asked_empty_at is null`.execute(db);
    },

    async remember(target, remembered) {
      await state(target);
      await sql`update target_state set remembered = ${JSON.stringify(remembered)}::jsonb where target = ${target}`.execute(
        db,
      );
    },
  };
}

export interface Installation {
  /** Stores the id the first time; answers the stored one. */
  organization(id: string): Promise<string>;
  hashKey(id: string): Promise<string>;
  /** What is stored, if anything; stores nothing. */
  read(): Promise<{ readonly organization: string | null; readonly hashKey: string | null }>;
}

export function createInstallation(db: Kysely<Database>): Installation {
  async function keep(column: 'organization_id' | 'hash_key_id', value: string): Promise<string> {
    await sql`insert into installation (only_row) values (true) on conflict do nothing`.execute(db);
    await sql`update installation set ${sql.ref(column)} = ${value} where ${sql.ref(column)} is null`.execute(db);
    const row = await db.selectFrom('installation').select(column).executeTakeFirstOrThrow();
    return row[column] ?? value;
  }
  return {
    organization: (id) => keep('organization_id', id),
    hashKey: (id) => keep('hash_key_id', id),
    async read() {
      const row = await db.selectFrom('installation').select(['organization_id', 'hash_key_id']).executeTakeFirst();
      return { organization: row?.organization_id ?? null, hashKey: row?.hash_key_id ?? null };
    },
  };
}

/** Target → table → fingerprint of everything that shapes what is sent or decided. */
export type MappingFingerprints = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface ConfigurationState {
  readonly epoch: number;
  readonly fingerprint: string;
  readonly mappings: MappingFingerprints;
}

export interface Configurations {
  current(): Promise<ConfigurationState | undefined>;
  /**
   * Makes this configuration the one in force, and marks every known record of the named tables owed on the named
   * targets, in one transaction; open erasures are owed to every target that is new; what a target could not do without
   * another setting (BLOCKED, UNSUPPORTED) is due at once. False when another was taken meanwhile; then nothing was changed.
   */
  take(former: number | undefined, state: ConfigurationState, owe: readonly OweTable[]): Promise<boolean>;
}

/** A table whose records a target has to be told again, as one lot for the brake. */
export interface OweTable {
  readonly target: TargetName;
  readonly table: TableName;
  readonly lot: string;
}

/** The code under which an erasure waits for somebody whom the target's pilot does not take on. */
export const outsidePilotCode = 'NOT_IN_PILOT';

/** Outcomes, and reasons to wait, that another setting may change. */
export const mendedBySettings = ['BLOCKED', 'UNSUPPORTED', outsidePilotCode];

export function createConfigurations(db: Kysely<Database>): Configurations {
  return {
    async current() {
      const row = await db.selectFrom('configuration').selectAll().orderBy('epoch', 'desc').limit(1).executeTakeFirst();
      return row && { epoch: row.epoch, fingerprint: row.fingerprint, mappings: row.mappings as MappingFingerprints };
    },

    async take(former, state, owe) {
      return db.transaction().execute(async (trx) => {
        await sql`select pg_advisory_xact_lock(hashtext('configuration'))`.execute(trx);
        const taken = await sql`
          insert into configuration (epoch, fingerprint, mappings)
          select ${state.epoch}, ${state.fingerprint}, ${JSON.stringify(state.mappings)}::jsonb
          where ${former ?? null}::integer is not distinct from (select max(epoch) from configuration)`.execute(trx);
        if (Number(taken.numAffectedRows ?? 0) === 0) return false;
        // A target that is new has its part in every erasure that is open.
        await sql`insert into erasure_target (erasure_id, target, due_at)
          select e.id, t, now() from erasure e cross join unnest(${Object.keys(state.mappings)}::text[]) as t
          where e.state = 'open' on conflict do nothing`.execute(trx);
        // What waits for a setting may have got it.
        await sql`update erasure_target set due_at = now() where waiting_code = any(${mendedBySettings}) and due_at > now()
          and lease_token is null`.execute(trx);
        await sql`update delivery set due_at = now(), attempts = 0, owed_seq = owed_seq + 1, parked_code = null,
            parked_reason = null, parked_at = null
          where parked_code = any(${mendedBySettings.map((kind) => `OUTCOME_${kind}`)})`.execute(trx);
        for (const { target, table, lot } of owe) {
          await sql`
            insert into delivery as d (target, crm_table, id, owed_seq, due_at, lot)
            select ${target}, crm_table, id, change_seq, now(), ${lot} from record where crm_table = ${table} order by id
            on conflict (target, crm_table, id) do update set owed_seq = d.owed_seq + 1, due_at = now(), attempts = 0,
              parked_code = null, parked_reason = null, parked_at = null, staged = false, lot = ${lot}`.execute(trx);
        }
        return true;
      });
    },
  };
}
