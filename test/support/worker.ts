/**
 * A worker without queues, inside the test process: the real composition against simulators and a database of its own.
 * `passSeconds` turns every time in the database back instead of waiting, so that back-offs, leases, late effects and
 * windows pass at once. Guarantees: `settle` ends, or fails with what is still due.
 */
import { parseSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import type { TableName, TargetName } from '../../config/words.ts';
import type { World } from '../../fixtures/simulators/world.ts';
import { openApp, useCasesOf } from '../../src/app.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { Core } from '../../src/sync/core.ts';
import type { UseCases } from '../../src/sync/use-cases.ts';
import { recordingLogger } from './logger.ts';
import { type TestDatabase, withTestLedger } from './postgres.ts';

export type Group = { readonly [key: string]: unknown };

export interface WorkerOptions {
  /** Merged over the test's configuration; lists and null replace. */
  readonly config?: Group;
  /** Merged over the first target's settings. */
  readonly target?: Group;
  /** A ledger of another worker; its own, dropped on `close`, when left out. */
  readonly database?: TestDatabase;
  readonly configuration?: 'take' | 'join';
  /** What the worker works with instead of the real parts. */
  readonly wrap?: (core: Core) => Core;
}

export interface Worker {
  readonly core: Core;
  readonly useCases: UseCases;
  readonly settings: Settings;
  readonly database: TestDatabase;
  readonly log: ReturnType<typeof recordingLogger>;
  /** Every feed to its end, jobs, and everything that is due within `withinSeconds` (10 when left out). */
  settle(withinSeconds?: number): Promise<void>;
  pull(): Promise<void>;
  /** Applies what is due now on every target, without letting time pass. */
  applyDue(): Promise<void>;
  /** As if so many seconds had gone by, for everything in the database. */
  passSeconds(seconds: number): Promise<void>;
  query<T extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  /** Alarms raised so far, by name. */
  alarms(): string[];
  close(): Promise<void>;
}

const people = {
  email: 'emailaddress1',
  fields: { firstName: 'firstname', lastName: 'lastname', city: 'address1_city', customerType: { table: true } },
  permissions: { Newsletter: 'new_newsletter', Events: 'new_events' },
};

export function configurationOf(world: World): Group {
  const { dataverse, entra, spotler } = world.describe();
  return {
    dataverse: {
      url: dataverse.url,
      auth: { authority: entra.authority, clientId: dataverse.clientId, clientSecret: dataverse.clientSecret },
      callTimeoutSeconds: 5,
    },
    tables: {
      contact: people,
      lead: people,
      account: { ...people, fields: { organisation: 'name', city: 'address1_city', customerType: { table: true } } },
    },
    targets: [
      {
        name: 'main',
        platform: 'spotler',
        baseUrl: spotler.baseUrl,
        consumerKey: spotler.consumerKey,
        consumerSecret: spotler.consumerSecret,
        requestsPerSecond: 1000,
        callTimeoutSeconds: 2,
        lateEffectSeconds: 4,
      },
    ],
    brake: { minCount: 400 },
    privacy: { hashKey: 'hash-key-of-the-tests-0123456789abcdef' },
  };
}

export function merge(base: Group, over: Group): Group {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const former = merged[key];
    merged[key] = isGroup(value) && isGroup(former) ? merge(former, value) : value;
  }
  return merged;
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function settingsOf(world: World, database: TestDatabase, options: WorkerOptions): Settings {
  const base = merge(configurationOf(world), { storage: { databaseUrl: database.url } });
  const [first] = base.targets as Group[];
  const targets = [merge(first ?? {}, options.target ?? {})];
  // YAML reads JSON.
  return parseSettings(JSON.stringify(merge({ ...base, targets }, options.config ?? {})), {
    env: {},
    platformSchemas: Object.fromEntries(Object.entries(platforms).map(([name, { schema }]) => [name, schema])),
    directory: '/nowhere',
    readSecretFile: () => '',
  });
}

/** Throws what `openApp` throws; nothing stays open then. */
export async function openWorker(world: World, options: WorkerOptions = {}): Promise<Worker> {
  const database = options.database ?? (await withTestLedger());
  const log = recordingLogger();
  const stop = new AbortController();
  const { signal } = stop;
  try {
    const settings = settingsOf(world, database, options);
    const app = await openApp({
      settings,
      logger: log as unknown as Core['logger'],
      configuration: options.configuration ?? 'take',
      queues: false,
      signal,
    });
    const core = options.wrap ? options.wrap(app.core) : app.core;
    const useCases = useCasesOf(core);
    const tables = Object.keys(settings.tables) as TableName[];
    const targets = settings.targets.map((target) => target.name);

    const query: Worker['query'] = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
      (await app.database.pool.query(text, values)).rows as T[];

    let columns: { table_name: string; column_name: string }[] | undefined;
    async function passSeconds(seconds: number): Promise<void> {
      columns ??= await query(`select table_name, column_name from information_schema.columns
        where table_schema = current_schema() and data_type = 'timestamp with time zone'
          and table_name not like 'evidence%'`);
      for (const [table, times] of Map.groupBy(columns, (column) => column.table_name)) {
        const changes = times.map(({ column_name: name }) => `"${name}" = "${name}" - $1 * interval '1 second'`);
        await query(`update "${table}" set ${changes.join(', ')}`, [seconds]);
      }
    }

    async function pull(): Promise<void> {
      for (const table of tables) await useCases.pull(table, signal);
    }

    async function applyDue(): Promise<void> {
      for (const target of targets) for (let more = true; more; ) ({ more } = await useCases.apply(target, signal));
    }

    /** Seconds until something is due that no person has to decide on; undefined for never. */
    async function dueIn(): Promise<number | undefined> {
      const rows = await query<{ seconds: number | null }>(`select min(greatest(
          extract(epoch from d.due_at - now()), extract(epoch from d.lease_until - now()),
          extract(epoch from t.paused_until - now()), 0))::float as seconds
        from (select target, due_at, lease_until from delivery where due_at is not null
          union all select target, due_at, lease_until from erasure_target where due_at is not null) d
        left join target_state t on t.target = d.target
        where coalesce(t.paused_by, '') <> 'operator'`);
      return rows[0]?.seconds ?? undefined;
    }

    return {
      core,
      useCases,
      settings,
      database,
      log,
      pull,
      applyDue,
      passSeconds,
      query,
      alarms: () => log.lines.flatMap((line) => (line.message === 'alarm raised' ? [String(line.fields.alarm)] : [])),
      async settle(withinSeconds = 10) {
        await pull();
        if (settings.marketingJobs) await useCases.marketingJobs(signal);
        for (let round = 0; ; round++) {
          await applyDue();
          const seconds = await dueIn();
          if (seconds === undefined || seconds > withinSeconds) break;
          if (round > 60) throw new Error(`still due after 60 rounds: ${JSON.stringify(await describeDue(query))}`);
          await passSeconds(Math.ceil(seconds + 0.01));
        }
        if (settings.marketingJobs) await useCases.marketingJobs(signal);
        // Closing an erasure owes the person's records once more.
        if (((await dueIn()) ?? 1) <= 0) await applyDue();
      },
      async close() {
        stop.abort();
        await app.close();
        if (!options.database) await database.drop();
      },
    };
  } catch (error) {
    if (!options.database) await database.drop();
    throw error;
  }
}

function describeDue(query: Worker['query']): Promise<object[]> {
  return query(`select target, crm_table, id::text, attempts, parked_code, staged, lot from delivery
    where due_at is not null limit 5`);
}

export const mainTarget = 'main' as TargetName;
