/**
 * The store without a database, for tests that run the use cases thousands of times. Guarantees: the semantics of
 * src/store by the shared suite in test/conformance/store; every method is one uninterrupted step, so that two workers
 * meet only between methods; a unit of work is applied in one step at its end, or not at all. Clock, and with it every
 * lease, is the caller's. Keeps nothing beyond the process, and no pace (that is not part of the store).
 */
import type { Store, UnitOfWork } from '../../../src/store/store.ts';
import { memoryBrake } from './brake.ts';
import { memoryCheckpoints } from './checkpoints.ts';
import { completeDeliveries, memoryDeliveries } from './deliveries.ts';
import { completeErasureTarget, markErased, memoryErasures } from './erasures.ts';
import { appendEvidence, memoryEvidence } from './evidence.ts';
import { memoryJobBook } from './job-book.ts';
import { memoryOverview } from './overview.ts';
import { assertLeased, changeProfiles, closeIntents, memoryProfiles } from './profiles.ts';
import { memoryRecords, noteRecords } from './records.ts';
import { memoryRekey } from './rekey.ts';
import { memoryRemovedTargets } from './removed-targets.ts';
import { memoryRetention } from './retention.ts';
import { memorySuppressions } from './suppressions.ts';
import { emptyTables, type Room, type Synchronous, type Tables } from './tables.ts';
import { memoryConfigurations, memoryInstallation, memoryTargets } from './targets.ts';

/**
 * Called with `family.method`, `unit.method`, `transaction` (its beginning) or `transaction.commit`. What it answers is
 * awaited: never settling is a worker that died there, throwing is a database that cannot be reached.
 */
export type Hook = (method: string) => Promise<void> | void;

export interface Hooks {
  /** Before the method does anything. */
  readonly hook?: Hook | undefined;
  /** When it is done and its answer has not arrived: throwing loses the answer and not the effect. */
  readonly afterwards?: Hook | undefined;
}

export interface MemoryStoreOptions extends Hooks {
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Every id of the store is given by its caller; taken so that worlds can pass all their sources at once. */
  readonly uuid?: (() => string) | undefined;
}

export interface MemoryStore extends Store {
  /** All rows, for a scheduler that compares states and for an oracle; to be read only. */
  readonly tables: Tables;
  /** The same rows through hooks of their own: one for each worker. */
  connect(hooks: Hooks): Store;
}

export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const room: Room = { tables: emptyTables(), now: options.now };
  return {
    ...connection(room, options),
    tables: room.tables,
    connect: (hooks) => connection(room, hooks),
  };
}

async function step<Answer>(hooks: Hooks, method: string, work: () => Answer): Promise<Answer> {
  const before = hooks.hook?.(method);
  if (before) await before;
  const answer = work();
  const after = hooks.afterwards?.(method);
  if (after) await after;
  return answer;
}

/** The store over these rows. */
export function connection(room: Room, hooks: Hooks): Store {
  function family<Family extends object>(name: string, methods: Synchronous<Family>): Family {
    const entries = Object.entries<(...given: unknown[]) => unknown>(methods as never).map(([method, work]) => [
      method,
      (...given: unknown[]) => step(hooks, `${name}.${method}`, () => work(...given)),
    ]);
    return Object.fromEntries(entries) as Family;
  }
  return {
    checkpoints: family('checkpoints', memoryCheckpoints(room)),
    records: family('records', memoryRecords(room)),
    deliveries: family('deliveries', memoryDeliveries(room)),
    profiles: family('profiles', memoryProfiles(room)),
    erasures: family('erasures', memoryErasures(room)),
    jobs: family('jobs', memoryJobBook(room)),
    brake: family('brake', memoryBrake(room)),
    suppressions: family('suppressions', memorySuppressions(room)),
    targets: family('targets', memoryTargets(room)),
    removedTargets: family('removedTargets', memoryRemovedTargets(room)),
    installation: family('installation', memoryInstallation(room)),
    configurations: family('configurations', memoryConfigurations(room)),
    evidence: family('evidence', memoryEvidence(room)),
    recordNotes: absent('recordNotes'),
    evidenceSeals: absent('evidenceSeals'),
    alarms: absent('alarms'),
    activity: absent('activity'),
    audit: absent('audit'),
    lists: absent('lists'),
    retention: family('retention', memoryRetention(room)),
    overview: family('overview', memoryOverview(room)),
    rekey: family('rekey', memoryRekey(room)),
    transaction: (work) => transaction(room, hooks, work),
  };
}

/** A family that a test over memory has no use for: every call fails by name. */
function absent<Family extends object>(name: string): Family {
  return new Proxy({} as Family, {
    get(_, method) {
      return () => Promise.reject(new Error(`${name}.${String(method)} is not there in memory: use PostgreSQL`));
    },
  });
}

/** What a unit of work will do: all the checks first, since nothing may stand when one of them fails. */
interface Step {
  readonly check?: () => void;
  readonly apply: () => void;
}

async function transaction<T>(room: Room, hooks: Hooks, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
  const steps: Step[] = [];
  const later = (method: string, planned: Step): Promise<void> =>
    step(hooks, `unit.${method}`, () => {
      planned.check?.();
      steps.push(planned);
    });
  const unit: UnitOfWork = {
    changeProfiles: (lease, changes) =>
      later('changeProfiles', {
        check: () => assertLeased(room, lease, changes),
        apply: () => changeProfiles(room, lease, changes),
      }),
    noteRecords: (lease, notes) => later('noteRecords', { apply: () => noteRecords(room, lease, notes) }),
    completeDeliveries: (lease, completions) =>
      later('completeDeliveries', { apply: () => completeDeliveries(room, lease, completions) }),
    oweNotes: () => Promise.reject(new Error('unit.oweNotes is not there in memory: use PostgreSQL')),
    closeIntents: (ids) => later('closeIntents', { apply: () => closeIntents(room, ids) }),
    appendEvidence: (rows) => later('appendEvidence', { apply: () => appendEvidence(room, rows) }),
    completeErasureTarget: (lease, done) =>
      later('completeErasureTarget', { apply: () => completeErasureTarget(room, lease, done) }),
    markErased: (id, target, status, requestId) =>
      later('markErased', { apply: () => markErased(room, id, target, status, requestId) }),
  };
  await step(hooks, 'transaction', () => undefined);
  const answer = await work(unit);
  await step(hooks, 'transaction.commit', () => {
    for (const { check } of steps) check?.();
    for (const { apply } of steps) apply();
  });
  return answer;
}
