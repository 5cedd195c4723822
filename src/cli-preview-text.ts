/** What a preview announces, for people. Pure: ids, rules and our own words only. */
import { formatRecordRef } from '../config/words.ts';
import { count, table } from './cli-format.ts';
import type { Difference, Effect, Preview, PreviewCount, PreviewLine, PreviewTarget } from './sync/preview.ts';

const effectWords: Readonly<Record<Effect, string>> = {
  write: 'added or taken over',
  add: 'added',
  takeOver: 'taken over',
  update: 'updated',
  reset: 'permissions set false',
  restore: 'permissions put back',
  erase: 'anonymized',
  ask: 'asked about first',
  hold: 'held by the brake',
  park: 'parked',
  outside: 'left alone: not in the pilot',
};

const nothing = 'nothing changes';

export function previewLines(found: Preview): string[] {
  return [
    ...found.tables.flatMap((row) =>
      row.trouble ? [`${row.table} could not be read: ${row.trouble.message} (${row.trouble.code})`] : [],
    ),
    ...(found.jobs.trouble ? [`marketing jobs: ${found.jobs.trouble.message} (${found.jobs.trouble.code})`] : []),
    ...found.targets.flatMap((row, index) => [
      ...(index > 0 ? [''] : []),
      ...targetLines(
        row,
        found.counts.filter(({ target }) => target === row.target),
      ),
    ]),
  ];
}

function targetLines(row: PreviewTarget, counts: readonly PreviewCount[]): string[] {
  const lines = [
    row.target,
    ...table(
      [
        ['table', 'action', 'rule', 'records', 'of which'],
        ...counts.map((one) => [
          one.table,
          one.action,
          one.rule,
          one.records.toLocaleString('en'),
          effectsText(one.effects) || nothing,
        ]),
      ],
      '  ',
    ),
  ];
  if (counts.length === 0) lines.push('  no record is for this target');
  if (row.dryRun) lines.push('  dry run: this is what would be sent; nothing is, until dryRun is taken out');
  if (row.paused)
    lines.push(`  paused now, nothing is sent before that ends: ${row.paused.reason} (${row.paused.code})`);
  if (row.trouble) lines.push(`  could not be rehearsed: ${row.trouble.message} (${row.trouble.code})`);
  if (row.held)
    lines.push(`  the brake holds ${count(row.held, 'case')} until somebody reviews them (connector holds)`);
  if (row.held === undefined) lines.push('  of a sample the brake says nothing');
  if (row.asked > 0)
    lines.push(
      `  about ${count(row.asked, 'record')} the target is asked first whether the person is there: with --lookup it is asked now`,
    );
  if (row.later > 0) lines.push(`  ${count(row.later, 'record')} cannot be done within one pass, and stay owed`);
  return lines;
}

function effectsText(effects: PreviewCount['effects']): string {
  return Object.entries(effects)
    .map(([effect, number]) => `${number.toLocaleString('en')} ${effectWords[effect as Effect]}`)
    .join(', ');
}

export function listLines(lines: readonly PreviewLine[]): string[] {
  return table(lines.map((line) => [line.target, formatRecordRef(line.ref), verdictText(line)]));
}

function verdictText(line: Difference['before']): string {
  if (!line) return 'not for this target';
  const effects = line.effects.map((effect) => effectWords[effect]).join(', then ') || nothing;
  const reason = line.parked ? ` (${line.parked.reason}, ${line.parked.code})` : '';
  return `${line.action}, rule ${line.rule}: ${effects}${reason}`;
}

export function differenceLines(differences: readonly Difference[], isListed: boolean): string[] {
  if (differences.length === 0) return ['no record would be treated differently'];
  const kinds = Map.groupBy(differences, ({ target, ref, before, after }) =>
    JSON.stringify([target, ref.table, verdictText(before), verdictText(after)]),
  );
  const lines = [`${count(differences.length, 'record')} would be treated differently`];
  for (const [kind, records] of [...kinds].sort(([, a], [, b]) => b.length - a.length)) {
    const [target, from, before, after] = JSON.parse(kind) as [string, string, string, string];
    lines.push(`  ${target}  ${count(records.length, from)}`, `    now   ${before}`, `    then  ${after}`);
    if (isListed) lines.push(...records.map(({ ref }) => `      ${formatRecordRef(ref)}`));
  }
  return lines;
}
