/**
 * `npm run test:sabotage [numbers of invariants, or parts of what is broken]`: breaks the code in a throw-away copy, one
 * small break after the other, and sees that the tests named for it fail; before that, that they pass. Exit code 1 when a
 * break is not noticed by each of them, when the text to break is no longer there, or when one of the tests is not.
 */
import { type Copy, copyRepository } from './copy.ts';
import { breaks, invariants, occurrences } from './list.ts';
import type { Break, Notice } from './plan.ts';

const wanted = process.argv.slice(2);
const chosen = breaks.filter(
  ({ invariant, what }) =>
    wanted.length === 0 ||
    wanted.some((text) => text === String(invariant) || (text.length > 2 && what.includes(text))),
);
const started = performance.now();
const problems: string[] = [];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function secondsSince(moment: number): string {
  return `${((performance.now() - moment) / 1000).toFixed(0)} s`;
}

function problem(text: string): void {
  problems.push(text);
  say(`PROBLEM: ${text}`);
}

/** The last of what Jest said; its list of everything that was asked for is not news. */
function show(output: string): void {
  const lines = output.split('\n').filter((line) => !/^(Ran all test suites|Test results written)/.test(line));
  say(lines.slice(-60).join('\n'));
}

/** What fails already proves nothing. */
async function seeThemPass(copy: Copy): Promise<void> {
  const moment = performance.now();
  const notices = chosen.flatMap(({ noticedBy }) => noticedBy);
  const { verdicts, output } = await copy.run(notices);
  for (const [{ file, test }, verdict] of verdicts)
    if (verdict !== 'passed') problem(`without any break: ${verdict}: ${file}: ${test}`);
  if (problems.length > 0) show(output);
  say(`${new Set(notices.map(nameOf)).size} tests looked at without any break, ${secondsSince(moment)}`);
}

function nameOf({ file, test }: Notice): string {
  return `${file}: ${test}`;
}

async function seeThemFail(copy: Copy, planned: Break): Promise<void> {
  const moment = performance.now();
  const source = await copy.read(planned.file);
  if (occurrences(source, planned.find) !== 1) {
    problem(`${planned.file} does not have this text once: ${planned.find}`);
    return;
  }
  await copy.write(
    planned.file,
    source.replace(planned.find, () => planned.replace),
  );
  const { verdicts, output } = await copy.run(planned.noticedBy);
  await copy.write(planned.file, source);
  const blind = [...verdicts].filter(([, verdict]) => verdict !== 'failed');
  for (const [{ file, test }, verdict] of blind) problem(`${planned.what}: ${verdict}: ${file}: ${test}`);
  if (blind.length > 0) show(output);
  const noticed = `noticed by ${verdicts.size - blind.length} of ${verdicts.size}`;
  say(`${planned.invariant}. ${planned.what}: ${noticed}, ${secondsSince(moment)}`);
}

const copy = await copyRepository();
try {
  await seeThemPass(copy);
  let last = 0;
  for (const planned of problems.length > 0 ? [] : chosen) {
    if (planned.invariant !== last) say(`\n${planned.invariant} ${invariants[planned.invariant]}`);
    last = planned.invariant;
    await seeThemFail(copy, planned);
  }
} finally {
  await copy.remove();
}
say(`\n${chosen.length} breaks, ${problems.length} problems, ${secondsSince(started)}`);
process.exitCode = problems.length > 0 ? 1 : 0;
