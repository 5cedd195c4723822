/** The `connector` command as a process of its own, as people run it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Group } from './worker.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The result of a command that was given `--json`. */
  json<T>(): T;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** For Node itself. */
  readonly nodeFlags?: readonly string[];
  /** What is typed; nobody is there to answer when left out. */
  readonly input?: string;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  /** Resolves with the first line of standard error that matches; rejects when the command ends before. */
  said(pattern: RegExp): Promise<string>;
  readonly finished: Promise<Finished>;
}

export function startConnector(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env;
  const inherited = { PATH, HOME, TMPDIR: tmpdir(), NODE_COMPILE_CACHE };
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), cli, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...inherited, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(options.input);
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const listener of listeners) listener();
  });
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr, json: <T>() => JSON.parse(stdout) as T }));
  });
  return {
    process: child,
    finished,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = stderr.split('\n').find((text) => pattern.test(text));
          if (line === undefined) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        look();
        void finished.then((result) => reject(new Error(`ended with ${result.code}: ${result.stderr}`)));
      }),
  };
}

export function runConnector(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return startConnector(args, options).finished;
}

export interface ConfigurationFile {
  readonly path: string;
  write(content: Group | string): Promise<void>;
  remove(): Promise<void>;
}

/** A configuration in a folder of its own. YAML reads JSON. */
export async function configurationFile(content: Group | string): Promise<ConfigurationFile> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-command-'));
  const path = join(folder, 'connector.yaml');
  const write = (text: Group | string): Promise<void> =>
    writeFile(path, typeof text === 'string' ? text : JSON.stringify(text));
  await write(content);
  return { path, write, remove: () => rm(folder, { recursive: true, force: true }) };
}
