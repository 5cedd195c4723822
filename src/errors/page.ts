/** docs/errors.md, made from the catalogue. Pure. */
import { described, errorGroups, meanwhileTexts, mendOfForeignWord } from './catalogue.ts';
import type { ErrorGroup, Meanwhile } from './entry.ts';

export function errorsPage(): string {
  return [
    '<!-- Made by npm run generate from src/errors. Do not edit. -->',
    '# Errors',
    '',
    'Every error has a code, a sentence and a mend. `connector errors CODE` prints what stands here; `connector check`,',
    '`connector parked`, `connector explain` and `connector status` print the mend next to the code.',
    '',
    'A mistake in a command line or in the configuration is told in one line that is its mend; that line has no code of its',
    'own, and the exit code is 2. Sentences hold names, ids and codes, never a value of a row, an address or a secret.',
    '',
    ...contents(),
    '',
    '## What the connector does meanwhile',
    '',
    ...table(
      ['kind', 'meanwhile'],
      Object.entries(meanwhileTexts).map(([kind, text]) => [kind, text]),
    ),
    '',
    '## Words of a platform',
    '',
    `A record may be parked with a word that is not here, such as PROPERTY_INVALID or INVALID_EMAIL. ${mendOfForeignWord}`,
    '',
    ...errorGroups.flatMap(section),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function contents(): string[] {
  return errorGroups.map(
    ({ title }) =>
      `- [${title}](#${title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-')})`,
  );
}

function section({ title, where, entries }: ErrorGroup): string[] {
  const rows = Object.entries(entries).map(([code, entry]) => {
    const kind: Meanwhile = entry[0];
    const { happened, mend } = described([code, entry], title);
    return [`\`${code}\``, kind, happened, mend];
  });
  return [`## ${title}`, '', `Where: ${where}`, '', ...table(['code', 'kind', 'what happened', 'mend'], rows), ''];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)];
}
