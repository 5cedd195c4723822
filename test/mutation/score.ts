/**
 * From Stryker's report to figures. Guarantees: a mutant counts as killed only when a test failed or ran for ever because
 * of it; whatever else became of it (survived, not reached, disabled, an error of the test runner) counts as survived.
 */
import { readFile } from 'node:fs/promises';

/** Percent of each group's mutants that have to be killed. */
export const bar = 90;

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

export interface Figures {
  readonly name: string;
  readonly mutants: number;
  readonly killed: number;
  /** `line:column mutator: replacement (status)`. */
  readonly survivors: readonly string[];
  /** Percent, rounded down to a tenth. */
  readonly score: number;
}

function scoreOf(killed: number, mutants: number): number {
  return mutants === 0 ? 0 : Math.floor((killed / mutants) * 1000) / 10;
}

/** Figures of each file. Throws when the report has no mutants: a run without any proves nothing. */
export async function figuresOf(path: string): Promise<Figures[]> {
  const report = JSON.parse(await readFile(path, 'utf8')) as Report;
  const figures = Object.entries(report.files)
    .filter(([, { mutants }]) => mutants.length > 0)
    .map(([name, { mutants }]): Figures => {
      const isKilled = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';
      const killed = mutants.filter(isKilled).length;
      const survivors = mutants
        .filter((mutant) => !isKilled(mutant))
        .sort((one, other) => one.location.start.line - other.location.start.line)
        .map(
          ({ location: { start }, mutatorName, replacement = '', status }) =>
            `${start.line}:${start.column} ${mutatorName}: ${replacement.replaceAll(/\s+/g, ' ').slice(0, 100)} (${status})`,
        );
      return { name, mutants: mutants.length, killed, survivors, score: scoreOf(killed, mutants.length) };
    });
  if (figures.length === 0) throw new Error(`${path} has no mutants`);
  return figures;
}

export function figuresOfCounts(name: string, killed: number, survivors: readonly string[]): Figures {
  const mutants = killed + survivors.length;
  return { name, mutants, killed, survivors, score: scoreOf(killed, mutants) };
}

export function total(name: string, figures: readonly Figures[]): Figures {
  const sum = (of: (one: Figures) => number): number => figures.reduce((so, one) => so + of(one), 0);
  const [mutants, killed] = [sum((one) => one.mutants), sum((one) => one.killed)];
  return { name, mutants, killed, survivors: [], score: scoreOf(killed, mutants) };
}

/** The survivors of each, then a table. */
export function describe(figures: readonly Figures[]): string[] {
  return [
    ...figures.flatMap(({ name, survivors }) => survivors.map((survivor) => `${name}:${survivor}`)),
    '| file | mutants | killed | survived | score |',
    '|---|---|---|---|---|',
    ...figures.map(
      ({ name, mutants, killed, score }) => `| ${name} | ${mutants} | ${killed} | ${mutants - killed} | ${score} % |`,
    ),
  ];
}
