/**
 * A whole installation in memory: CRM, platforms, store and a clock, with workers that run the real use cases. Guarantees:
 * nothing happens by itself, no real time passes, and equal calls give equal ids; a worker that dies stays dead, with its
 * leases, until they expire. `settle` ends when nothing is due any more, or throws with what is; targets that are said to
 * be away are tried, and nobody waits for them.
 */
import { createHash } from 'node:crypto';
import type { Settings, TableSettings, TargetSettings } from '../../../config/settings.ts';
import { Personal, type TableName, type TargetName } from '../../../config/words.ts';
import { normaliseAddress } from '../../../src/rules/address.ts';
import { createKeyring } from '../../../src/store/email-key.ts';
import { idsWouldCrossCode } from '../../../src/store/profiles.ts';
import type { Store } from '../../../src/store/store.ts';
import { apply } from '../../../src/sync/apply.ts';
import { checkIdentities, takeConfiguration, type Wanted } from '../../../src/sync/configuration.ts';
import type { Core } from '../../../src/sync/core.ts';
import { marketingJobs } from '../../../src/sync/marketing-jobs.ts';
import { noMeter } from '../../../src/sync/meter.ts';
import { pull } from '../../../src/sync/pull.ts';
import { reconcile } from '../../../src/sync/reconcile.ts';
import type { Stage } from '../../../src/sync/rehearsal.ts';
import { silentLogger } from '../logger.ts';
import { createMemoryStore, type Hook, type MemoryStore } from '../memory-store/index.ts';
import { memoryShadow } from '../memory-store/shadow.ts';
import type { PortHooks } from './hooks.ts';
import { createMemoryCrm, type MemoryCrm } from './memory-crm.ts';
import { createMemoryPlatform, type MemoryPlatform, type Script } from './memory-platform.ts';

export const permissionNames = ['Newsletter', 'Events'] as const;

export const leaseSeconds = 10;
export const lateEffectSeconds = 40;
/** Several late effects after one another take some hundred: whoever waits for one is looked at every second. */
const mostRounds = 600;
/** Milliseconds until a target that is away is tried again. */
const awayMs = 70_000;

/** An erasure whose ids would cross goes on when that is sorted out by hand, like the deliveries that are parked for it. */
function mayGoOn({ waiting_code, attempts }: { waiting_code: string | null; attempts: number }): boolean {
  return !waiting_code?.endsWith(idsWouldCrossCode) || attempts < 5;
}

export interface TableChoice {
  readonly onlyMarketing: boolean;
  readonly whenOutOfScope: TableSettings['whenOutOfScope'];
}

export interface TargetChoice {
  readonly name: string;
  readonly identity: 'address' | 'record';
  readonly tables: { readonly [table in TableName]?: TableChoice };
  readonly addressMutable?: boolean;
}

export interface Choices {
  readonly targets: readonly TargetChoice[];
  readonly anonymizeInactive: Readonly<Record<TableName, boolean>>;
  /** Automatic anonymizations that the brake lets through; everything when left out. */
  readonly brakeCount?: number;
}

function tableSettings(choice: TableChoice): TableSettings {
  return {
    email: 'emailaddress1',
    fields: { name: { kind: 'column', column: 'name', as: 'value' }, kind: { kind: 'table' } },
    permissions: { Newsletter: 'new_newsletter', Events: 'new_events' },
    ...(choice.onlyMarketing ? { only: { column: 'new_marketing', equals: true } } : {}),
    whenOutOfScope: choice.whenOutOfScope,
  };
}

function targetSettings(choice: TargetChoice): TargetSettings {
  return {
    name: choice.name as TargetName,
    platform: 'memory',
    identity: choice.identity,
    adoptExisting: true,
    requestsPerSecond: 1000,
    callTimeoutSeconds: lateEffectSeconds / 2,
    lateEffectSeconds,
    verifyErasures: false,
    tables: Object.fromEntries(
      Object.entries(choice.tables).map(([table, scope]) => [table, scope && tableSettings(scope)]),
    ),
    platformSettings: {},
  };
}

export function settingsOf(choices: Choices): Settings {
  const tables = choices.targets.map((target) => target.tables);
  const every: TableChoice = { onlyMarketing: false, whenOutOfScope: 'resetPermissions' };
  const used = (['contact', 'lead', 'account'] as const).filter((table) => tables.some((t) => t[table]));
  return {
    dataverse: {
      url: 'https://crm.invalid',
      apiVersion: 'v9.2',
      auth: { kind: 'managedIdentity' },
      pageSize: 2,
      pollSeconds: 10,
      callTimeoutSeconds: 5,
    },
    tables: Object.fromEntries(used.map((table) => [table, tableSettings(every)])),
    rules: { anonymizeContactWhenInactive: choices.anonymizeInactive },
    targets: choices.targets.map(targetSettings),
    brake: {
      maxCount: choices.brakeCount ?? 1_000_000,
      maxPercent: 100,
      minCount: choices.brakeCount ?? 1_000_000,
      windowHours: 24,
      maxExplicitPerHour: 1_000_000,
    },
    suppression: { afterErasure: false },
    erasure: {},
    marketingJobs: {} as NonNullable<Settings['marketingJobs']>,
    reconcile: { cron: '0 3 * * *' },
    retention: { evidenceDays: 3650, goneDays: 3650, jobDays: 3650 },
    worker: { leaseSeconds, sweepSeconds: 15, concurrency: 1, batchSize: 2000 },
    storage: { dataDir: '/nowhere' },
    privacy: { hashKey: new Personal('hash-key-of-the-models-0123456789'), previousHashKeys: [] },
    server: { host: '127.0.0.1', port: 0 },
    alarms: {},
    log: { level: 'silent' },
  };
}

function wantedOf(choices: Choices): Wanted {
  const print = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');
  const mappings = Object.fromEntries(
    choices.targets.map((target) => [
      target.name,
      Object.fromEntries(
        Object.entries(target.tables).map(([table, choice]) => [
          table,
          print([target.identity, choice, choices.anonymizeInactive[table as TableName]]),
        ]),
      ),
    ]),
  );
  return { fingerprint: print(choices), mappings };
}

const keyring = createKeyring({
  hashKey: new Personal('hash-key-of-the-models-0123456789'),
  previous: [],
  normalise: normaliseAddress,
});

/** Ids of one maker: the same ones in the same order in every run. */
export function countingIds(maker: number): () => string {
  let count = 0;
  return () => `${maker.toString(16).padStart(8, '0')}-0000-4000-8000-${(++count).toString(16).padStart(12, '0')}`;
}

export interface WorkerParts {
  readonly before?: Hook;
  readonly after?: Hook;
  readonly script?: (target: string) => Script;
  /** Puts something else, a broken guard say, in the place of a part. */
  readonly bend?: (core: Core) => Core;
  readonly uuid?: () => string;
}

export interface FakeWorld {
  readonly crm: MemoryCrm;
  readonly store: MemoryStore;
  readonly platforms: ReadonlyMap<string, MemoryPlatform>;
  now(): number;
  /** Lets time pass; what was sent and is old enough has landed then. */
  pass(milliseconds: number): void;
  /** Makes this configuration the one in force. */
  configure(choices: Choices): Promise<void>;
  worker(parts?: WorkerParts): Core;
  /** What a rehearsal with these choices is made of; `hooks` see every call of the real CRM and platforms. */
  stage(choices: Choices, hooks?: PortHooks): Stage & { readonly shadow: ReturnType<typeof memoryShadow> };
  settle(core?: Core, away?: ReadonlySet<string>): Promise<void>;
  /** Milliseconds until something is due; undefined for never. */
  dueIn(): number | undefined;
}

const never = new AbortController().signal;

export function createFakeWorld(options: { readonly givesOwnKeys?: boolean } = {}): FakeWorld {
  let now = Date.UTC(2026, 0, 1);
  let makers = 0;
  let settings: Settings | undefined;
  let epoch = 0;
  const crm = createMemoryCrm({ now: () => now });
  const store = createMemoryStore({ now: () => now });
  const platforms = new Map<string, MemoryPlatform>();

  function connect(parts: WorkerParts): Core {
    if (!settings) throw new Error('a world is configured first');
    const hooks = { before: parts.before, after: parts.after };
    const own: Store = store.connect({ hook: parts.before, afterwards: parts.after });
    const targets = settings.targets.map((target) => {
      const platform = platforms.get(target.name)?.connect({
        hooks,
        ...(parts.script ? { script: parts.script(target.name) } : {}),
      });
      if (!platform) throw new Error(`${target.name} is not there`);
      return [target.name, { settings: target, platform, urgent: platform }] as const;
    });
    const core: Core = {
      settings,
      store: own,
      crm: crm.connect(hooks),
      targets: new Map(targets),
      keyring,
      wake: { apply: async () => undefined, pull: async () => undefined, marketingJobs: async () => undefined },
      meter: noMeter,
      alarms: { raise: async () => undefined, clear: async () => undefined },
      logger: silentLogger as unknown as Core['logger'],
      now: () => now,
      uuid: parts.uuid ?? countingIds(++makers),
      epoch,
      configuration: 'model',
    };
    return parts.bend ? parts.bend(core) : core;
  }

  function dueIn(away: ReadonlySet<string> = new Set()): number | undefined {
    const { tables } = store;
    const times: number[] = [];
    for (const { name } of settings?.targets ?? []) {
      if (away.has(name)) continue;
      const paused = Number(tables.targetStates.get(name)?.paused_until ?? 0);
      const rows = [
        ...(tables.deliveries.get(name)?.values() ?? []),
        ...[...tables.erasureTargets.values()].flatMap((parts) => parts.get(name) ?? []).filter(mayGoOn),
      ];
      for (const row of rows)
        if (row.due_at) times.push(Math.max(row.due_at.getTime(), Number(row.lease_until ?? 0) + 1, paused));
    }
    return times.length > 0 ? Math.max(0, Math.min(...times) - now) : undefined;
  }

  function pass(milliseconds: number): void {
    now += milliseconds;
    for (const platform of platforms.values()) platform.landAll(now);
  }

  async function settle(core = connect({}), away: ReadonlySet<string> = new Set()): Promise<void> {
    // Whoever is away is tried at different moments of its pauses.
    let tries = away.size > 0 ? 2 : 0;
    const tables = Object.keys(core.settings.tables) as TableName[];
    for (let round = 0; round < mostRounds; round++) {
      for (const table of tables) await pull(core, table, never);
      await marketingJobs(core, never);
      for (const name of core.targets.keys())
        for (let more = true, count = 0; more; count++) {
          if (count > 100) throw new Error(`${name} does not come to an end: ${describeDue()}`);
          more = (await apply(core, name, never)).more && !away.has(name);
        }
      await marketingJobs(core, never);
      const inMs = dueIn(away);
      if (inMs === undefined && tries-- > 0) {
        pass(awayMs);
        continue;
      }
      if (inMs === undefined) {
        if (core.settings.targets.some(({ name }) => (platforms.get(name)?.late.length ?? 0) > 0)) {
          pass(lateEffectSeconds * 1000);
          continue;
        }
        return;
      }
      if (inMs > 0) pass(inMs);
    }
    throw new Error(`still due after ${mostRounds} rounds: ${describeDue()}`);
  }

  function openPlatforms(choices: Choices): void {
    for (const target of choices.targets)
      if (!platforms.has(target.name))
        platforms.set(
          target.name,
          createMemoryPlatform({
            name: target.name as TargetName,
            identity: target.identity,
            permissions: permissionNames,
            now: () => now,
            givesOwnKeys: options.givesOwnKeys ?? false,
            ...(target.addressMutable === false ? { capabilities: { addressMutable: false } } : {}),
          }),
        );
  }

  function describeDue(): string {
    const rows = [...store.tables.deliveries.values()].flatMap((byName) => [...byName.values()]);
    return JSON.stringify(rows.filter((row) => row.due_at !== null).slice(0, 3));
  }

  return {
    crm,
    store,
    platforms,
    now: () => now,
    pass,
    dueIn: () => dueIn(),
    async configure(choices) {
      settings = settingsOf(choices);
      openPlatforms(choices);
      ({ epoch } = await takeConfiguration(store, wantedOf(choices), true));
      await checkIdentities(connect({}), never);
    },
    stage(choices, hooks = {}) {
      openPlatforms(choices);
      return {
        settings: settingsOf(choices),
        wanted: wantedOf(choices),
        shadow: memoryShadow(store.tables, () => now),
        crm: crm.connect(hooks),
        platforms: new Map(
          [...platforms].map(([name, platform]) => [name as TargetName, platform.connect({ hooks })] as const),
        ),
        keyring,
        logger: silentLogger as unknown as Core['logger'],
        now: () => now,
        uuid: countingIds(++makers),
      };
    },
    worker: (parts = {}) => connect(parts),
    settle,
  };
}

export async function reconcileAll(core: Core): Promise<void> {
  await reconcile(core, never);
}
