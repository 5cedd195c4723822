/**
 * Two workers, `connector start` each, that are ended with SIGKILL again and again and started again at once.
 * Guarantees: every kill is counted under the phase in which it happened, told by the worker itself; a worker that ends
 * by itself is counted too, with its code; `stop` ends them by their process ids.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Dice } from '../../fixtures/people/dice.ts';
import { type CrashPlan, type Phase, phases } from './phases.ts';
import { end } from './services.ts';

const root = new URL('../../', import.meta.url).pathname;

/** Milliseconds after which a worker that did not come to its planned moment is killed wherever it is. */
const longestLife = 10_000;

interface Life {
  /** Null: only the clock ends it. */
  readonly plan: CrashPlan | null;
  readonly lifeMs: number;
  /** The clock runs from its first instruction, and not from when it is ready. */
  readonly fromBirth: boolean;
}

export interface WorkerOptions {
  readonly configuration: string;
  readonly folder: string;
  readonly platformHosts: readonly string[];
  readonly roll: Dice;
  /** Kills that each phase has to see. */
  readonly killsPerPhase: number;
}

export interface Workers {
  readonly kills: Readonly<Record<Phase | 'random', number>>;
  /** Exit code, before or after it was ready → how often. */
  readonly ended: Readonly<Record<string, number>>;
  readonly starts: number;
  total(): number;
  /** A last kill each; whoever starts from now on lives. */
  spare(): void;
  /** SIGTERM, as an operator would; answers the exit codes. */
  stop(): Promise<(number | null)[]>;
  /** SIGKILL for all that is left, right now. */
  destroy(): Promise<void>;
}

export function startWorkers(count: number, options: WorkerOptions): Workers {
  const kills: Record<Phase | 'random', number> = { 'before-call': 0, 'call-sent': 0, answered: 0, pull: 0, random: 0 };
  const ended: Record<string, number> = {};
  const children = new Map<number, ChildProcess>();
  const waiting = new Map<number, ChildProcess>();
  const log: WriteStream[] = [];
  let starts = 0;
  let sparing = false;
  let stopping = false;

  function nextLife(slot: number): Life {
    const { roll } = options;
    const wanting = phases.filter((phase) => kills[phase] < options.killsPerPhase);
    // The first worker dies where too few died so far; the others half of the time by the clock, and soon.
    const anywhere = wanting.length === 0 || (slot > 0 && roll.chance(0.5));
    if (sparing || anywhere) return { plan: null, lifeMs: 100 + roll.below(2000), fromBirth: roll.chance(0.4) };
    // One moment of a call only: whoever waits for several dies at the first of them, and nobody at the last.
    const missing = (phase: Phase): number => options.killsPerPhase - kills[phase];
    const ofCall = wanting.filter((phase) => phase !== 'pull').sort((a, b) => missing(b) - missing(a))[0];
    const after: Partial<Record<Phase, number>> = {};
    for (const phase of wanting) if (phase === 'pull' || phase === ofCall) after[phase] = 1 + roll.below(3);
    return { plan: { after, platformHosts: options.platformHosts }, lifeMs: longestLife, fromBirth: false };
  }

  /** A worker with its modules loaded, waiting for its plan. */
  function prepare(): ChildProcess {
    const child = spawn(
      process.execPath,
      [
        '--import',
        join(root, 'test/chaos/crash-points.ts'),
        join(root, 'src/cli.ts'),
        'start',
        '--config',
        options.configuration,
      ],
      {
        // In a session of its own, as on a machine of its own: Ctrl-C reaches the driver, which ends it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(options.folder, 'compile-cache') },
      },
    );
    // One that died while it waited is noticed when it is its turn.
    (child.stdio[4] as Writable).on('error', () => undefined);
    return child;
  }

  function start(slot: number): void {
    starts += 1;
    const { plan, lifeMs, fromBirth } = nextLife(slot);
    const child = waiting.get(slot) ?? prepare();
    (child.stdio[4] as Writable).end(`${JSON.stringify(plan)}\n`);
    waiting.set(slot, prepare());
    children.set(slot, child);
    const out = log[slot];
    let ready = false;
    let said = '';
    const hear = (part: Buffer): void => {
      if (!ready && part.includes('"ready"')) {
        ready = true;
        if (sparing || !fromBirth) clearTimeout(timer);
        // Mostly the clock begins when there is something to die of; sometimes it runs while the worker starts.
        if (!sparing && !fromBirth) timer = setTimeout(() => child.kill('SIGKILL'), lifeMs);
      }
      out?.write(part);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    (child.stdio[3] as Readable).on('data', (part: Buffer) => {
      said += part.toString('utf8');
    });
    let timer = setTimeout(() => child.kill('SIGKILL'), fromBirth && !sparing ? lifeMs : 30_000);
    // `close` and not `exit`: its last words have to be read.
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') {
        const phase = phases.find((candidate) => said.includes(candidate));
        kills[phase ?? 'random'] += 1;
        out?.write(`--- killed: ${phase ?? 'random'}\n`);
      } else {
        const key = `${code ?? signal} ${ready ? 'after' : 'before'} ready`;
        if (!stopping) ended[key] = (ended[key] ?? 0) + 1;
        out?.write(`--- ended: ${key}\n`);
      }
      if (stopping) return;
      if (signal === 'SIGKILL') start(slot);
      else setTimeout(() => !stopping && start(slot), 200);
    });
    timers.set(slot, () => clearTimeout(timer));
  }

  const timers = new Map<number, () => void>();
  for (let slot = 0; slot < count; slot++) {
    log.push(createWriteStream(join(options.folder, `worker-${slot + 1}.log`)));
    start(slot);
  }

  return {
    kills,
    ended,
    get starts() {
      return starts;
    },
    total: () => Object.values(kills).reduce((sum, n) => sum + n, 0),
    spare() {
      sparing = true;
      for (const clear of timers.values()) clear();
      for (const child of children.values()) child.kill('SIGKILL');
    },
    async stop() {
      stopping = true;
      for (const child of waiting.values()) child.kill('SIGKILL');
      const all = [...children.values()];
      await Promise.all(all.map((child) => end(child, 'SIGTERM', 30_000)));
      for (const stream of log) stream.end();
      return all.map((child) => child.exitCode);
    },
    async destroy() {
      stopping = true;
      await Promise.all([...children.values(), ...waiting.values()].map((child) => end(child, 'SIGKILL')));
    },
  };
}
