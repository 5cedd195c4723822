/**
 * What the workers talk to: the simulators in a process of their own, a PostgreSQL that can be restarted, a Redis that
 * can be flushed. Guarantees: everything that was started is ended by `close`, by its own process id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { openCluster } from '../../src/store/embedded-cluster.ts';
import { silentLogger } from '../support/logger.ts';
import { findRedisServer, startRedis } from '../support/redis.ts';
import type { ChaosWorld } from './simulators.ts';

const root = new URL('../../', import.meta.url).pathname;

/** One admin interface of a simulator. Throws what the simulator refuses. */
export interface Admin {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

export function adminOf(base: string): Admin {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const { hostname, port } = new URL(base);
  function call<T>(method: string, path: string, body: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const request = http.request({ hostname, port, method, path, agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (response.statusCode === 200) resolve(JSON.parse(text) as T);
          else reject(new Error(`${method} ${path.split('?')[0]} of a simulator: ${response.statusCode} ${text}`));
        });
      });
      request.on('error', (cause) => {
        // The idle connection was closed by the other side at the same moment: it has read nothing of this.
        if (request.reusedSocket && 'code' in cause && cause.code === 'ECONNRESET')
          call<T>(method, path, body).then(resolve, reject);
        else reject(new Error(`${method} ${path} of a simulator failed`, { cause }));
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
  return { get: (path) => call('GET', path, undefined), post: (path, body) => call('POST', path, body) };
}

export interface Simulators {
  readonly world: ChaosWorld;
  readonly dataverse: Admin;
  readonly spotler: Admin;
  close(): Promise<void>;
}

export async function startSimulators(people: number, seed: number, targets: number): Promise<Simulators> {
  const flags = Object.entries({ people, seed, targets }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { world, child } = await forkWorld<ChaosWorld>('test/chaos/simulators.ts', flags);
  const dataverse = adminOf(world.dataverse.adminUrl);
  child.once('exit', (code, signal) => process.stdout.write(`the simulators ended: ${code ?? signal}\n`));
  // The service's own limit is another bar's business.
  await dataverse.post('/protection', { requests: 10_000_000 });
  return { world, dataverse, spotler: adminOf(world.spotler.adminUrl), close: () => end(child, 'SIGTERM') };
}

/** Simulators as a process of their own, and the line that they print. `file` is seen from the root of the project. */
export async function forkWorld<World>(
  file: string,
  flags: readonly string[],
  nodeFlags: readonly string[] = [],
): Promise<{ readonly world: World; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [...nodeFlags, join(root, file), ...flags], {
    // In a session of its own; by the channel it notices when the driver is gone.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const { stdout } = child;
  if (!stdout) throw new Error('the simulators have no output');
  const world = await new Promise<World>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the simulators ended with ${code}`)));
    createInterface({ input: stdout }).once('line', (line) => resolve(JSON.parse(line) as World));
  });
  return { world, child };
}

/** Signals a child and waits for its end; after `patience` milliseconds it is killed. */
export async function end(child: ChildProcess, signal: NodeJS.Signals, patience = 5000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), patience);
  await ended;
  clearTimeout(late);
}

export interface Postgres {
  readonly url: string;
  /** Runs a statement, over restarts. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** `fast` ends every session; `immediate` is a crash. */
  restart(how: 'fast' | 'immediate'): Promise<void>;
  close(): Promise<void>;
}

/** Not durable by default: that is for restarts which are no crash of the machine. */
export async function startPostgres(dataDir: string, durable = false): Promise<Postgres> {
  const cluster = await openCluster({ dataDir, logger: silentLogger, durable });
  if (!(await cluster.start())) throw new Error(`PostgreSQL does not start, see ${cluster.logFile}`);
  const port = await cluster.recordedPort();
  const url = `postgres://connector:${cluster.password}@127.0.0.1:${port}/postgres`;
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  pool.on('error', () => undefined);

  async function crash(): Promise<void> {
    const pid = Number((await readFile(join(cluster.folder, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGQUIT');
    for (;;) {
      try {
        process.kill(pid, 0);
      } catch {
        return;
      }
      await delay(50);
    }
  }

  return {
    url,
    async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]) {
      for (let attempt = 0; ; attempt++) {
        try {
          return (await pool.query<Row>(text, values)).rows;
        } catch (error) {
          // Restarting: everything else is a mistake of ours.
          const code = String((error as { code?: unknown }).code ?? '');
          const away = code === '' || /^(57P0|08|ECONN|EPIPE)/.test(code);
          if (!away || attempt >= 100) throw error;
          await delay(200);
        }
      }
    },
    async restart(how) {
      if (how === 'fast') await cluster.stop();
      else await crash();
      if (!(await cluster.start())) throw new Error(`PostgreSQL does not come back, see ${cluster.logFile}`);
      if ((await cluster.recordedPort()) !== port) throw new Error('PostgreSQL came back on another port');
    },
    async close() {
      await pool.end();
      await cluster.stop();
    },
  };
}

export interface Wakeups {
  readonly url: string;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Undefined where no redis-server is installed. */
export async function startWakeups(): Promise<Wakeups | undefined> {
  const program = await findRedisServer();
  if (!program) return undefined;
  const server = await startRedis(program);
  const client = new Redis(server.url);
  client.on('error', () => undefined);
  return {
    url: server.url,
    async flush() {
      await client.flushall();
    },
    async close() {
      client.disconnect();
      await server.stop();
    },
  };
}
