/**
 * Where a benchmark is played: one durable PostgreSQL for the whole run with a fresh database for each connector, worlds of
 * simulators in processes of their own, and the command as people run it. Guarantees: whatever was started is ended by its
 * own process id, at the latest when `closing` closes; everything listens on loopback, on ports that were free.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { CountsReport } from '../../fixtures/simulators/kit.ts';
import type { WorldDescription } from '../../fixtures/simulators/world.ts';
import type { CycleSummary } from '../../src/sync/full-cycle.ts';
import { type Closing, createClosing } from '../chaos/closing.ts';
import { type Admin, adminOf, end, forkWorld, type Postgres, startPostgres } from '../chaos/services.ts';
import { configurationFile, type RunningCommand, startConnector } from '../support/command.ts';
import type { Group } from '../support/worker.ts';

export interface World {
  readonly description: WorldDescription;
  readonly people: number;
  readonly dataverse: Admin;
  readonly spotler: Admin;
  readonly keap: Admin | undefined;
  close(): Promise<void>;
}

export interface Connector {
  /** One `connector sync`, from its start to its end. Throws when it does not end with 0. */
  sync(): Promise<Cycle>;
  /** A worker that is ready. */
  start(): Promise<{ readonly health: string; stop(): Promise<void> }>;
  /** Deliveries that are due, now or later. */
  owed(): Promise<number>;
  close(): Promise<void>;
}

export interface Cycle {
  readonly milliseconds: number;
  /** Resident set of the process at its peak, bytes; undefined where the system does not tell. */
  readonly peakBytes: number | undefined;
  /** Processor time of the process, milliseconds: hardly depends on what else runs. PostgreSQL's is not in it. */
  readonly processorMs: number | undefined;
  readonly summary: CycleSummary;
}

export interface Stage {
  readonly closing: Closing;
  world(people: number, options?: { readonly seed?: number; readonly platforms?: readonly string[] }): Promise<World>;
  connector(configuration: Group): Promise<Connector>;
  note(text: string): void;
  close(): Promise<void>;
}

/** Flags of Node for the connector alone, to look into it: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=/tmp/profiles". */
const { BENCH_NODE_OPTIONS } = process.env;
const given: Readonly<Record<string, string>> = BENCH_NODE_OPTIONS ? { NODE_OPTIONS: BENCH_NODE_OPTIONS } : {};

/** As `npm run connector` starts it, and the container: how much memory it may take is said to Node at the start. */
const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly scripts: { readonly connector: string };
};
const nodeFlags = scripts.connector.split(' ').filter((word) => word.startsWith('--'));

/** Megabytes of heap that a world may take: a million people are a lot of objects. */
const worldHeap = 12_000;

export async function openStage(note: (text: string) => void): Promise<Stage> {
  const closing = createClosing();
  const folder = await mkdtemp(join(tmpdir(), 'connector-bench-'));
  closing.add(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  await chmod(dataDir, 0o755);
  // Durable, as it is for whoever runs the connector: writing to the disk is part of the price.
  const postgres = await startPostgres(dataDir, true);
  closing.add(() => postgres.close());
  return {
    closing,
    note,
    async world(people, { seed = 1, platforms = [] } = {}) {
      const world = await openWorld(people, seed, platforms);
      closing.add(world.close);
      return world;
    },
    async connector(configuration) {
      const connector = await openConnector(postgres, configuration);
      closing.add(connector.close);
      return connector;
    },
    async close() {
      await closing.close();
      closing.forget();
    },
  };
}

async function openWorld(people: number, seed: number, platforms: readonly string[]): Promise<World> {
  const flags = ['--people', `${people}`, '--seed', `${seed}`];
  if (platforms.length > 0) flags.push('--platforms', platforms.join(','));
  const heap = [`--max-old-space-size=${worldHeap}`];
  const { world, child } = await forkWorld<WorldDescription>('fixtures/simulators/main.ts', flags, heap);
  const dataverse = adminOf(world.dataverse.adminUrl);
  // How the service's own limit is obeyed is shown elsewhere; here nobody waits for it.
  await dataverse.post('/protection', { requests: 100_000_000 });
  const { keap } = world.platforms;
  return {
    description: world,
    people,
    dataverse,
    spotler: adminOf(world.spotler.adminUrl),
    keap: keap && adminOf(keap.adminUrl),
    close: () => end(child, 'SIGTERM'),
  };
}

async function openConnector(postgres: Postgres, configuration: Group): Promise<Connector> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await postgres.query(`create database ${name}`);
  const database = new URL(postgres.url);
  database.pathname = `/${name}`;
  const file = await configurationFile({ ...configuration, storage: { databaseUrl: database.href } });
  const running = new Set<RunningCommand>();

  function run(...args: string[]): RunningCommand {
    const command = startConnector([...args, '--config', file.path], { env: given, nodeFlags });
    running.add(command);
    void command.finished.then(() => running.delete(command));
    return command;
  }

  async function finish(command: RunningCommand): Promise<void> {
    await end(command.process, 'SIGTERM', 40_000);
    const { code, stderr } = await command.finished;
    if (code !== 0) throw new Error(`a worker ended with ${code}: ${stderr.slice(-2000)}`);
  }

  return {
    async sync() {
      const began = performance.now();
      const command = run('sync', '--json');
      const watched = watchProcess(command);
      const finished = await command.finished;
      const milliseconds = performance.now() - began;
      if (finished.code !== 0) {
        throw new Error(
          `connector sync ended with ${finished.code}: ${finished.stdout}${finished.stderr.slice(-2000)}`,
        );
      }
      return { milliseconds, ...(await watched), summary: finished.json<CycleSummary>() };
    },
    async start() {
      const command = run('start');
      const { health } = JSON.parse(await command.said(/"msg":"ready"/)) as { health: string };
      return { health, stop: () => finish(command) };
    },
    async owed() {
      const client = new Client({ connectionString: database.href });
      await client.connect();
      try {
        const { rows } = await client.query<{ n: number }>(
          'select count(*)::int as n from delivery where due_at is not null',
        );
        return rows[0]?.n ?? 0;
      } finally {
        await client.end();
      }
    },
    async close() {
      for (const { process: child } of running) await end(child, 'SIGKILL');
      await file.remove();
      await postgres.query(`drop database if exists ${name} with (force)`);
    },
  };
}

/** The kernel keeps peak and sum of each process, so looking now and then misses nothing but the last moment. */
async function watchProcess({
  process: child,
  finished,
}: RunningCommand): Promise<Pick<Cycle, 'peakBytes' | 'processorMs'>> {
  let peakBytes: number | undefined;
  let processorMs: number | undefined;
  let isOver = false;
  void finished.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    if (kilobytes) peakBytes = Number(kilobytes) * 1024;
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '');
    // After the name in brackets, from field 3 on: 14 and 15 are the user's and the system's hundredths of a second.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    if (user !== undefined && system !== undefined) processorMs = (user + system) * 10;
    await delay(100);
  }
  return { peakBytes, processorMs };
}

/** What a simulator was asked since the last time its counts were set back. */
export async function countsOf(admin: Admin): Promise<CountsReport> {
  return admin.get<CountsReport>('/counts');
}

export async function resetCounts(...admins: readonly Admin[]): Promise<void> {
  for (const admin of admins) await admin.post('/counts/reset', {});
}
