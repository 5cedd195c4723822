/**
 * `npm run test:mutation [-- GROUP …]`: mutation testing of what may not be wrong, group by group (groups.ts), one test
 * process at a time. Prints a table and names each mutant that no test noticed; disabled ones and those that no test
 * reaches count as survived. Every run is a whole one: it takes minutes, and what Stryker would reuse may be stale.
 * Exit code 1 when a group is below 90 %.
 */
import { Stryker } from '@stryker-mutator/core';
import setUp from '../support/global-setup.ts';
import tearDown from '../support/global-teardown.ts';
import { withTestDatabase } from '../support/postgres.ts';
import { type Group, groups } from './groups.ts';
import { bar, describe, type Figures, figuresOf, total } from './score.ts';
import { mutateSql } from './sql.ts';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function run(group: Group): Promise<Figures[]> {
  process.env.MUTATION_TESTS = group.tests.join(' ');
  if (group.ofSql) return mutateSql(group.mutate, say);
  const report = `reports/mutation/${group.name}`;
  await new Stryker({
    mutate: [...group.mutate],
    jsonReporter: { fileName: `${report}.json` },
    htmlReporter: { fileName: `${report}.html` },
    allowConsoleColors: false,
  }).runMutationTest();
  return figuresOf(`${report}.json`);
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => groups.every((group) => group.name !== name));
if (unknown.length > 0) {
  say(`there is no group ${unknown.join(', ')}; there are ${groups.map((group) => group.name).join(', ')}`);
  process.exit(2);
}
const chosen = groups.filter((group) => (wanted.length === 0 ? !group.ofSql : wanted.includes(group.name)));

// Every mutant's tests share one PostgreSQL: starting one takes longer than the tests.
await setUp();
let failed = false;
try {
  const database = chosen.some((group) => group.needsPostgres) ? await withTestDatabase() : undefined;
  for (const group of chosen) {
    const figures = await run(group);
    const sum = total(group.name, figures);
    for (const line of describe([...figures, sum])) say(line);
    failed ||= sum.score < bar;
  }
  await database?.drop();
} finally {
  await tearDown();
}
say(failed ? `mutation: FAILED, a group is below ${bar} %` : 'mutation: passed');
process.exit(failed ? 1 : 0);
