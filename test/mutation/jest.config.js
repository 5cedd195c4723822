/**
 * Jest under Stryker: the tests of one group of test/mutation/groups.ts, named in MUTATION_TESTS. The folder with
 * PostgreSQL belongs to test/mutation/main.ts and lives for the whole run, so there is neither a setup nor a teardown.
 */
import base from '../../jest.config.js';

const { globalSetup, globalTeardown, maxWorkers, ...shared } = base;

// biome-ignore lint/style/noDefaultExport: Jest asks for a default export.
export default {
  ...shared,
  rootDir: '../..',
  testMatch: (process.env.MUTATION_TESTS ?? '').split(' ').map((pattern) => `<rootDir>/${pattern}`),
};
