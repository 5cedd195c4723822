/**
 * Mutants of SQL, which Stryker does not make: the guards of the claims and of the brake are conditions of statements.
 * Guarantees: every statement that src/store sends from the given files in the given tests is taken as it goes to
 * PostgreSQL; each mutant changes one word of one statement, and costs only the tests that send it. A mutant that
 * PostgreSQL does not understand proves nothing and is left out. One that a test notices, or waits for in vain, is killed.
 */

import { MutantRunStatus } from '@stryker-mutator/api/test-runner';
import pg from 'pg';
import { WarmRunner } from './runner.ts';
import { type Figures, figuresOfCounts } from './score.ts';

/** What may go wrong in a statement, one word at a time. */
const operators: readonly (readonly [RegExp, string])[] = [
  [/\band\b/g, 'or'],
  [/\bor\b/g, 'and'],
  [/(?<![<>=-])<=/g, '<'],
  [/(?<![<>=-])>=/g, '>'],
  [/(?<![<>=-])<(?![=>])/g, '<='],
  [/(?<![<>=-])>(?![=>])/g, '>='],
  [/<>/g, '='],
  [/\bis null\b/g, 'is not null'],
  [/\bis not null\b/g, 'is null'],
  [/\bis not distinct from\b/g, 'is distinct from'],
  [/\bnot exists\b/g, 'exists'],
  [/(?<!not )\bexists\b/g, 'not exists'],
  [/(?<!is )\bnot (?!exists|null|distinct)/g, ''],
  [/\bgreatest\b/g, 'least'],
  [/now\(\) \+/g, 'now() -'],
  [/now\(\) -/g, 'now() +'],
  [/ for update( of \w+)?( skip locked)?/g, ''],
  [/\bdesc\b/g, 'asc'],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/'[a-z][a-z-]*'(?!::|\))/g, "'mutant'"],
];

interface Mutant {
  readonly text: string;
  readonly mutated: string;
  /** The words around the change, before and after it. */
  readonly sentence: string;
}

interface Statement {
  readonly file: string;
  readonly tests: Set<string>;
}

type Query = (this: pg.Client, text: unknown, ...more: unknown[]) => unknown;

function mutantsOf(text: string): Mutant[] {
  return operators.flatMap(([pattern, replacement]) =>
    [...text.matchAll(pattern)].map((match) => {
      const [before, after] = [text.slice(0, match.index), text.slice(match.index + match[0].length)];
      const around = `${before.slice(-50)}[${match[0]} → ${replacement || 'nothing'}]${after.slice(0, 30)}`;
      return { text, mutated: before + replacement + after, sentence: around.replaceAll(/\s+/g, ' ') };
    }),
  );
}

/** Sees every statement, and sends another one instead of the one that is active. */
function intercept(see: (text: string) => void) {
  const state: { active: Mutant | undefined; isInvalid: boolean } = { active: undefined, isInvalid: false };
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const { query } = prototype;
  prototype.query = function (text, ...more) {
    if (typeof text !== 'string') return query.call(this, text, ...more);
    see(text);
    if (state.active?.text !== text) return query.call(this, text, ...more);
    const answer = query.call(this, state.active.mutated, ...more);
    // Class 42: a syntax error or something that does not exist.
    if (answer instanceof Promise)
      answer.catch((error: { code?: string }) => {
        state.isInvalid ||= error.code?.startsWith('42') ?? false;
      });
    return answer;
  };
  return state;
}

const run = { timeout: 0, disableBail: false } as const;

/** Runs the tests of MUTATION_TESTS against mutants of what they send from these files. Throws when they fail unmutated. */
export async function mutateSql(files: readonly string[], tell: (line: string) => void): Promise<Figures[]> {
  const statements = new Map<string, Statement>();
  const runner = new WarmRunner();
  Error.stackTraceLimit = 100;
  const state = intercept((text) => {
    const test = runner.currentTest;
    const file = files.find((name) => new Error().stack?.includes(`/${name}`));
    if (test === undefined || file === undefined) return;
    const statement = statements.get(text) ?? { file, tests: new Set() };
    statements.set(text, statement);
    statement.tests.add(test);
  });
  const dry = await runner.dryRun({ ...run, coverageAnalysis: 'off' });
  const failed = 'tests' in dry ? dry.tests.find((test) => 'failureMessage' in test) : dry.status;
  if (failed !== undefined) throw new Error(`the tests fail without any mutant: ${JSON.stringify(failed)}`);
  const known = new Map([...statements].map(([text, { file, tests }]) => [text, { file, tests: [...tests] }]));
  const counts = new Map(files.map((file) => [file, { killed: 0, survivors: [] as string[] }]));
  const started = Date.now();
  for (const [index, [text, { file, tests }]] of [...known].entries()) {
    tell(
      `statement ${index + 1} of ${known.size}, ${tests.length} tests, ${Math.round((Date.now() - started) / 1000)} s`,
    );
    for (const mutant of mutantsOf(text)) {
      state.active = mutant;
      state.isInvalid = false;
      const { status } = await runner.mutantRun({
        ...run,
        testFilter: tests,
        activeMutant: { id: 'sql', fileName: file, mutatorName: 'SQL', replacement: mutant.mutated, location: nowhere },
        sandboxFileName: file,
        mutantActivation: 'runtime',
        reloadEnvironment: false,
      });
      state.active = undefined;
      const count = counts.get(file);
      if (state.isInvalid || !count) continue;
      if (status === MutantRunStatus.Killed || status === MutantRunStatus.Timeout) count.killed += 1;
      else count.survivors.push(mutant.sentence);
    }
  }
  await runner.dispose();
  return [...counts].map(([file, { killed, survivors }]) => figuresOfCounts(`${file}, SQL`, killed, survivors));
}

const nowhere = { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } };
