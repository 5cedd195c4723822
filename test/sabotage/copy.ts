/**
 * A throw-away copy of the repository, in which code may be broken and its tests run. Guarantees: the repository itself
 * is only read; `remove` takes the copy away. The packages are the repository's own, by a link.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Notice } from './plan.ts';

const root = new URL('../../', import.meta.url).pathname;
const leftOut = new Set(['node_modules', 'dist', '.git', 'coverage']);
/** Milliseconds after which a run of the tests is ended: code that is broken may wait for ever. */
const longestRun = 240_000;

export type Verdict = 'passed' | 'failed' | 'not run';

export interface Copy {
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** What became of each of these tests. A part that several tests have in their names has the worst verdict of them. */
  run(notices: readonly Notice[]): Promise<{ readonly verdicts: Map<Notice, Verdict>; readonly output: string }>;
  remove(): Promise<void>;
}

interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export async function copyRepository(): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-sabotage-'));
  await cp(root, folder, { recursive: true, filter: (source) => !leftOut.has(basename(source)) });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    read: (file) => readFile(join(folder, file), 'utf8'),
    write: (file, text) => writeFile(join(folder, file), text),
    async run(notices) {
      const reportFile = join(folder, 'report.json');
      await rm(reportFile, { force: true });
      const files = [...new Set(notices.map((notice) => notice.file))];
      const names = [...new Set(notices.map((notice) => escaped(notice.test)))];
      const output = await runJest(folder, [...files, '-t', names.join('|'), '--json', '--outputFile', reportFile]);
      const report = await readFile(reportFile, 'utf8').then(
        (text) => JSON.parse(text) as JestReport,
        () => undefined,
      );
      return { verdicts: new Map(notices.map((notice) => [notice, verdictOn(report, notice)])), output };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function verdictOn(report: JestReport | undefined, notice: Notice): Verdict {
  const results = (report?.testResults ?? [])
    .filter((file) => file.name.endsWith(`/${notice.file}`))
    .flatMap((file) => file.assertionResults)
    .filter((test) => test.fullName.includes(notice.test));
  if (results.some((test) => test.status === 'failed')) return 'failed';
  return results.some((test) => test.status === 'passed') ? 'passed' : 'not run';
}

function runJest(folder: string, args: readonly string[]): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      join(folder, 'node_modules/jest/bin/jest.js'),
      '--runInBand',
      ...args,
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
  const timer = setTimeout(() => child.kill('SIGTERM'), longestRun);
  return new Promise((resolve) =>
    child.once('close', () => {
      clearTimeout(timer);
      resolve(output);
    }),
  );
}
