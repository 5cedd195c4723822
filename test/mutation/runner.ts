/**
 * A test runner for Stryker that stays warm: modules and databases are made once, and each mutant costs only the tests
 * that reach it. Stryker's own runner for Jest makes a new world for every mutant, which takes a hundred times as long.
 * Guarantees: a mutant that is met while modules are loaded, or before the first test, gets modules of its own; after a
 * test that did not come to its end everything is made anew. The tests are those of MUTATION_TESTS, unchanged; Jest has
 * the last word about them in the regular suite.
 */
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InstrumenterContext } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { begin, beginFile, type Collection, type Step, type Suite, type Test } from './globals.ts';

/** Milliseconds after which a test is not expected to end any more: those of the groups take a few. */
const patienceMs = 10_000;

/** What instrumented code reads and writes, whoever comes first. */
const scope = globalThis as unknown as { __stryker__?: InstrumenterContext };
scope.__stryker__ ??= {};
const stryker = scope.__stryker__;

let generation = 0;
const globals = new URL('./globals.ts', import.meta.url).href;
const sandbox = pathToFileURL(`${process.cwd()}/`).href;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '@jest/globals') return { url: globals, shortCircuit: true };
    const found = next(specifier, context);
    const isOurs = found.url.startsWith(sandbox) && !found.url.includes('/node_modules/');
    return isOurs && context.parentURL?.startsWith(sandbox)
      ? { ...found, url: `${found.url.split('?')[0]}?generation=${generation}` }
      : found;
  },
});

class DidNotEnd extends Error {}

async function inTime(step: Step): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new DidNotEnd('the test did not come to its end')), patienceMs);
  try {
    await Promise.race([step(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** From the outermost block to the innermost. */
function lineOf(suite: Suite): Suite[] {
  return suite.parent ? [...lineOf(suite.parent), suite] : [suite];
}

export class WarmRunner implements TestRunner {
  #loaded: Collection | undefined;
  #begun = new Set<Suite>();
  /** Modules that were loaded with a mutant, or left in the middle of something. */
  #isSpoilt = false;

  /** The id of the test that is being run. */
  get currentTest(): string | undefined {
    return stryker.currentTestId;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun(options: DryRunOptions): Promise<DryRunResult> {
    stryker.mutantCoverage = { static: {}, perTest: {} };
    const result = await this.#run(undefined, options.disableBail);
    return result.status === DryRunStatus.Complete ? { ...result, mutantCoverage: stryker.mutantCoverage } : result;
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const isStatic = options.reloadEnvironment || options.mutantActivation === 'static';
    if (isStatic || this.#isSpoilt) await this.#unload();
    stryker.activeMutant = isStatic ? options.activeMutant.id : undefined;
    stryker.hitCount = options.hitLimit === undefined ? undefined : 0;
    stryker.hitLimit = options.hitLimit;
    this.#isSpoilt ||= isStatic;
    try {
      await this.#load();
      stryker.activeMutant = options.activeMutant.id;
      const result = await this.#run(options.testFilter, options.disableBail);
      const limited = determineHitLimitReached(stryker.hitCount, stryker.hitLimit);
      if (limited) this.#isSpoilt = true;
      return toMutantRunResult(limited ?? result, false);
    } catch (error) {
      // A mutant with which a file of tests cannot be loaded is noticed by all of its tests.
      this.#isSpoilt = true;
      return toMutantRunResult({ status: DryRunStatus.Complete, tests: [failure('loading', error, 0)] }, false);
    } finally {
      stryker.activeMutant = undefined;
    }
  }

  async dispose(): Promise<void> {
    await this.#unload();
  }

  async #load(): Promise<Collection> {
    if (this.#loaded) return this.#loaded;
    generation += 1;
    const collection = begin();
    // In the order of the patterns: a mutant that is met while loading is run through all tests until one notices it.
    const files = (process.env.MUTATION_TESTS ?? '').split(' ').flatMap((pattern) => globSync(pattern).sort());
    for (const file of files) {
      beginFile(file);
      await import(`${pathToFileURL(join(process.cwd(), file)).href}?generation=${generation}`);
    }
    this.#loaded = collection;
    return collection;
  }

  async #unload(): Promise<void> {
    const suites = [...this.#begun].reverse();
    this.#begun = new Set();
    this.#loaded = undefined;
    this.#isSpoilt = false;
    // What was left in the middle of something may not close any more.
    for (const suite of suites) for (const step of suite.afterAll) await inTime(step).catch(() => undefined);
  }

  async #run(only: readonly string[] | undefined, goOn: boolean): Promise<DryRunResult> {
    const { tests } = await this.#load();
    const chosen = only ? only.flatMap((id) => tests.get(id) ?? []) : [...tests.values()];
    const results: TestResult[] = [];
    for (const test of chosen) {
      const result = await this.#runOne(test);
      if (result === 'did not end') return { status: DryRunStatus.Timeout, reason: `${test.id} did not end` };
      results.push(result);
      if (result.status === TestStatus.Failed && !goOn) break;
    }
    return { status: DryRunStatus.Complete, tests: results };
  }

  async #runOne(test: Test): Promise<TestResult | 'did not end'> {
    const line = lineOf(test.suite);
    const started = performance.now();
    try {
      for (const suite of line) {
        if (this.#begun.has(suite)) continue;
        this.#begun.add(suite);
        for (const step of suite.beforeAll) await inTime(step);
      }
      stryker.currentTestId = test.id;
      try {
        for (const suite of line) for (const step of suite.beforeEach) await inTime(step);
        await inTime(test.run);
      } finally {
        for (const suite of line.reverse()) for (const step of suite.afterEach) await inTime(step);
      }
      return { id: test.id, name: test.id, status: TestStatus.Success, timeSpentMs: performance.now() - started };
    } catch (error) {
      if (error instanceof DidNotEnd) {
        this.#isSpoilt = true;
        return 'did not end';
      }
      return failure(test.id, error, performance.now() - started);
    } finally {
      stryker.currentTestId = undefined;
    }
  }
}

function failure(id: string, error: unknown, timeSpentMs: number): TestResult {
  const failureMessage = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { id, name: id, status: TestStatus.Failed, failureMessage, timeSpentMs };
}

// What a mutant leaves unhandled is no reason to end the process; a test that waits for it fails or does not end.
process.on('unhandledRejection', () => undefined);

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'warm', () => new WarmRunner())];
