/**
 * What tests import as `@jest/globals`, for the runner of mutation testing. Guarantees: collects tests with the hooks of
 * all describe blocks around them; titles are unique. Knows what the tests of this project use, and nothing more: a test
 * that asks for anything else fails by name when it is loaded.
 */
import { format } from 'node:util';
import { expect } from 'expect';

export type Step = () => unknown;

export interface Suite {
  readonly parent: Suite | undefined;
  readonly title: string;
  readonly beforeAll: Step[];
  readonly beforeEach: Step[];
  readonly afterEach: Step[];
  readonly afterAll: Step[];
}

export interface Test {
  readonly id: string;
  readonly suite: Suite;
  readonly run: Step;
}

/** What was collected since the last `begin`. */
export interface Collection {
  readonly suites: Suite[];
  readonly tests: Map<string, Test>;
}

let collection: Collection = { suites: [], tests: new Map() };
let current = openSuite(undefined, '');

function openSuite(parent: Suite | undefined, title: string): Suite {
  const suite = { parent, title, beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };
  collection.suites.push(suite);
  return suite;
}

/** Collects anew. */
export function begin(): Collection {
  collection = { suites: [], tests: new Map() };
  return collection;
}

/** What follows belongs to this file. */
export function beginFile(name: string): void {
  current = openSuite(undefined, name);
}

function titleOf(suite: Suite): string {
  return suite.parent ? `${titleOf(suite.parent)} › ${suite.title}` : suite.title;
}

function addTest(title: string, run: Step): void {
  const wanted = `${titleOf(current)} › ${title}`;
  let id = wanted;
  for (let n = 2; collection.tests.has(id); n++) id = `${wanted} (${n})`;
  collection.tests.set(id, { id, suite: current, run });
}

function addSuite(title: string, body: Step): void {
  const outer = current;
  current = openSuite(outer, title);
  try {
    body();
  } finally {
    current = outer;
  }
}

type Add = (title: string, body: Step) => void;

/** Titles as `%s` and so on; what a title does not name is left out. */
function titled(title: string, row: readonly unknown[]): string {
  const count = title.match(/%[sdifjop]/g)?.length ?? 0;
  return format(title.replaceAll('%p', '%o'), ...row.slice(0, count));
}

function each(add: Add) {
  return (rows: readonly unknown[]) => (title: string, body: (...row: unknown[]) => unknown) => {
    for (const given of rows) {
      const row = Array.isArray(given) ? given : [given];
      add(titled(title, row), () => body(...row));
    }
  };
}

export const test = Object.assign(addTest, { each: each(addTest) });
export const it = test;
export const describe = Object.assign(addSuite, { each: each(addSuite) });
export const beforeAll = (step: Step): void => void current.beforeAll.push(step);
export const beforeEach = (step: Step): void => void current.beforeEach.push(step);
export const afterEach = (step: Step): void => void current.afterEach.push(step);
export const afterAll = (step: Step): void => void current.afterAll.push(step);
export { expect };

Object.assign(globalThis, { test, it, describe, beforeAll, beforeEach, afterEach, afterAll, expect });
