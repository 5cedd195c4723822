/**
 * A worker that dies: at its nth call of the store, the CRM or a platform it stops, and nothing it does afterwards has
 * any effect. What a killed process leaves behind, without a process. A transaction that it dies in is rolled back.
 */
import { useCasesOf } from '../../src/app.ts';
import type { Store, UnitOfWork } from '../../src/store/store.ts';
import type { Core, Target } from '../../src/sync/core.ts';
import type { UseCases } from '../../src/sync/use-cases.ts';
import type { Person } from './crm-people.ts';
import { mainTarget, type Worker } from './worker.ts';

export class Killed extends Error {
  constructor() {
    super('killed');
    this.name = 'Killed';
  }
}

export interface Mortal {
  readonly useCases: UseCases;
  readonly core: Core;
  /** The call it died at, e.g. `store.profiles.begin`; undefined while it lives. */
  diedAt(): string | undefined;
}

/** Dies before call number `calls + 1`. */
export function mortalWorker(core: Core, calls: number): Mortal {
  let left = calls;
  let death: string | undefined;

  function step(name: string): void {
    if (death === undefined && left > 0) {
      left -= 1;
      return;
    }
    death ??= name;
    throw new Killed();
  }

  function wrap<T extends object>(part: T, name: string): T {
    return new Proxy(part, {
      get(target, property, receiver): unknown {
        const value: unknown = Reflect.get(target, property, receiver);
        const path = `${name}.${String(property)}`;
        if (typeof value === 'function') {
          return (...given: unknown[]): unknown => {
            step(path);
            return value.apply(target, given);
          };
        }
        const isPart = typeof value === 'object' && value !== null && property !== 'capabilities';
        return isPart ? wrap(value, path) : value;
      },
    });
  }

  const store: Store = {
    ...wrap(core.store, 'store'),
    transaction<T>(work: (unit: UnitOfWork) => Promise<T>) {
      step('store.transaction');
      return core.store.transaction(async (unit) => {
        const result = await work(wrap(unit, 'unit'));
        step('commit');
        return result;
      });
    },
  };
  const families = Object.keys(core.store).filter((key) => key !== 'transaction') as (keyof Store)[];
  for (const family of families) Object.assign(store, { [family]: wrap(core.store[family], `store.${family}`) });

  const targets = new Map<Target['settings']['name'], Target>();
  for (const [name, target] of core.targets) {
    const { platform, urgent } = target;
    targets.set(name, { ...target, platform: wrap(platform, 'platform'), urgent: wrap(urgent, 'platform') });
  }
  const mortal: Core = { ...core, store, targets, crm: wrap(core.crm, 'crm') };
  return { core: mortal, useCases: useCasesOf(mortal), diedAt: () => death };
}

/** What the mortal worker does: the whole cycle, or only what differs from one act to the other. */
export type Part = 'all' | 'apply' | 'jobs';

/** One cycle, as a scheduled worker does it. Answers the call it died at. */
async function cycle(worker: Worker, calls: number, part: Part): Promise<string | undefined> {
  const { useCases, diedAt } = mortalWorker(worker.core, calls);
  const { signal } = new AbortController();
  if (part !== 'all') await worker.pull();
  try {
    if (part === 'all') for (const table of ['contact', 'lead'] as const) await useCases.pull(table, signal);
    if (part === 'jobs') await useCases.marketingJobs(signal);
    for (let more = true; more && diedAt() === undefined; ) ({ more } = await useCases.apply(mainTarget, signal));
    if (part === 'jobs') await useCases.marketingJobs(signal);
  } catch (error) {
    if (!(error instanceof Killed) && diedAt() === undefined) throw error;
  }
  return diedAt();
}

/** More calls than any act needs. */
const mostCalls = 250;

/**
 * Prepares a person, acts, dies at every call in turn; another worker comes when the leases have run out. Answers how many
 * calls it takes to live. `every` 2 leaves out every other call. Throws the first failed verification, with the call it died at.
 */
export async function sweep(
  worker: Worker,
  prepare: () => Promise<Person> | Person,
  act: (person: Person) => Promise<void> | void,
  verify: (person: Person) => Promise<void>,
  { part = 'apply', every = 1 }: { readonly part?: Part; readonly every?: number } = {},
): Promise<number> {
  for (let calls = 0; calls < mostCalls; calls += every) {
    const person = await prepare();
    await worker.settle();
    await act(person);
    const diedAt = await cycle(worker, calls, part);
    if (diedAt === undefined) return calls;
    await worker.passSeconds(121);
    await worker.settle();
    try {
      await verify(person);
    } catch (error) {
      throw new Error(`killed before call ${calls + 1}, ${diedAt}`, { cause: error });
    }
  }
  throw new Error(`still dying after ${mostCalls} calls`);
}
