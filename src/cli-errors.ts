/** `connector errors`: what a code means and how to mend it, from the catalogue. Opens nothing. */
import { createOutput, type ExitCode, type GlobalOptions, type Output, usageError } from './cli-context.ts';
import { table } from './cli-format.ts';
import { described, errorGroups, type KnownError, knownError, mendOf, mendOfForeignWord } from './errors/catalogue.ts';

/** Of one code, or of all. Throws CommandError 2 for what is no code. */
export async function showErrors(options: GlobalOptions, code: string | undefined): Promise<ExitCode> {
  const output = createOutput(options);
  if (code === undefined) list(options, output);
  else one(options, output, code);
  return 0;
}

function one(options: GlobalOptions, output: Output, code: string): void {
  const found = knownError(code);
  if (found === undefined) {
    throw usageError(
      `${JSON.stringify(code)} is no code of this program (connector errors lists them). If a record is parked with it: ${mendOfForeignWord}`,
    );
  }
  if (options.json) output.json(found);
  else for (const line of lines(found)) output.line(line);
}

function lines({ code, group, meanwhile, happened, mend }: KnownError): string[] {
  return [
    `${code} (${group})`,
    ...table(
      [
        ['happened', happened],
        ['meanwhile', meanwhile],
        ['mend', mend],
      ],
      '  ',
    ),
  ];
}

function list(options: GlobalOptions, output: Output): void {
  if (options.json) {
    output.json(
      errorGroups.flatMap(({ title, entries }) => Object.entries(entries).map((one) => described(one, title))),
    );
    return;
  }
  for (const { title, entries } of errorGroups) {
    output.line(title);
    const rows = Object.entries(entries).map(([code, [, happened]]) => [code, happened]);
    for (const line of table(rows, '  ')) output.line(line);
  }
  output.line('what to do about one of them: connector errors CODE');
}

/** A line for each code, to be printed below what names them; `foreignWords` where a platform's own may be among them. */
export function mendLines(codes: Iterable<string>, foreignWords: boolean): string[] {
  const known = [...new Set(codes)].flatMap((code) => {
    const mend = mendOf(code) ?? (foreignWords ? mendOfForeignWord : undefined);
    return mend === undefined || mend === 'Nothing.' ? [] : [[code, mend]];
  });
  return known.length === 0 ? [] : ['how to mend it', ...table(known, '  ')];
}
