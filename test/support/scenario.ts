/** A fresh world for each test of a file, and workers that are closed with it. */
import { afterEach, beforeEach } from '@jest/globals';
import { startWorld, type World, type WorldOptions } from '../../fixtures/simulators/world.ts';
import { openWorker, type Worker, type WorkerOptions } from './worker.ts';

export interface Scenario {
  readonly world: World;
  /** A worker that is closed after the test. Later ones share the ledger of the first, unless `ledger` is new. */
  open(options?: WorkerOptions & { readonly ledger?: 'new' }): Promise<Worker>;
}

export function scenario(options: WorldOptions = {}): Scenario {
  let world: World | undefined;
  let workers: Worker[] = [];

  beforeEach(async () => {
    world = await startWorld(options);
  });

  afterEach(async () => {
    // The first one owns the database.
    for (const worker of workers.reverse()) await worker.close();
    workers = [];
    await world?.close();
  });

  return {
    get world() {
      if (!world) throw new Error('there is a world inside a test only');
      return world;
    },
    async open({ ledger, ...more } = {}) {
      const first = ledger === 'new' ? undefined : workers[0];
      const worker = await openWorker(this.world, { ...(first ? { database: first.database } : {}), ...more });
      workers.push(worker);
      return worker;
    },
  };
}
