/** What is mutated, and by which tests each mutant has to be noticed: the fast ones that touch the code. */
export interface Group {
  readonly name: string;
  /** Files of src. */
  readonly mutate: readonly string[];
  /** Patterns of test files. A test that reads the source as text, purity.test.ts say, would notice every mutant. */
  readonly tests: readonly string[];
  readonly needsPostgres: boolean;
  /** Mutants of the SQL (sql.ts) instead of Stryker's of the code; only when it is asked for by name. */
  readonly ofSql?: boolean;
}

const inMemory = [
  'test/unit/sync/{apply,automatic,batch,cases,complete,guard,judge}.test.ts',
  // Fixed histories of some milliseconds each; the random ones take too long.
  'test/property/found.test.ts',
];

export const groups: readonly Group[] = [
  {
    name: 'rules',
    mutate: ['src/rules/*.ts'],
    tests: ['test/unit/rules/{documentation,rules,combine,address}.test.ts', 'test/model/decide.test.ts'],
    needsPostgres: false,
  },
  {
    name: 'combining',
    mutate: ['src/sync/judge.ts', 'src/sync/cases.ts'],
    tests: inMemory,
    needsPostgres: false,
  },
  {
    name: 'brake',
    mutate: ['src/sync/automatic.ts', 'src/sync/guard.ts'],
    tests: inMemory,
    needsPostgres: false,
  },
  {
    name: 'claims',
    mutate: ['src/sync/apply.ts', 'src/sync/batch.ts', 'src/sync/complete.ts'],
    tests: inMemory,
    needsPostgres: false,
  },
  {
    name: 'store',
    mutate: ['src/store/brake.ts', 'src/store/deliveries.ts', 'src/store/profiles.ts'],
    tests: ['test/conformance/store/{brake,claims,completions,profiles,unit-of-work}.test.ts'],
    needsPostgres: true,
  },
  {
    name: 'sql',
    mutate: ['src/store/brake.ts', 'src/store/deliveries.ts', 'src/store/profiles.ts'],
    tests: ['test/conformance/store/{brake,claims,completions,profiles,unit-of-work,bystanders}.test.ts'],
    needsPostgres: true,
    ofSql: true,
  },
];
