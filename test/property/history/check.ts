/**
 * Runs many random histories and adds up what they did. Guarantees: equal seeds give equal histories; a failure is told
 * as the shortest history that still fails, with the seed that found it.
 */
import fc from 'fast-check';
import { type Command, type History, histories } from './commands.ts';
import type { Plant } from './plants.ts';
import { runHistory } from './run.ts';

export interface Figures {
  readonly seed: number;
  histories: number;
  settlings: number;
  deaths: number;
  faults: number;
  /** Settlings after which somebody was parked because external ids would cross. */
  crossings: number;
}

export interface Result {
  readonly figures: Figures;
  /** The shortest failing history and what is wrong with it. */
  readonly failure: string | undefined;
}

export async function checkHistories(
  runs: number,
  seed: number,
  kind: fc.Arbitrary<History> = histories,
  plant?: Plant,
): Promise<Result> {
  const figures: Figures = { seed, histories: 0, settlings: 0, deaths: 0, faults: 0, crossings: 0 };
  let problem = '';
  const details = await fc.check(
    fc.asyncProperty(kind, async (history) => {
      const outcome = await runHistory(history, undefined, plant);
      figures.histories += 1;
      figures.settlings += outcome.settlings;
      figures.deaths += outcome.deaths;
      figures.faults += outcome.faults;
      figures.crossings += outcome.crossings;
      if (outcome.problem) problem = outcome.problem;
      return outcome.problem === undefined;
    }),
    // What a planted bug breaks is known: there is nothing to make shorter.
    { numRuns: runs, seed, endOnFailure: plant !== undefined },
  );
  if (!details.failed) return { figures, failure: undefined };
  const thrown = details.errorInstance instanceof Error ? details.errorInstance.stack : 'it did not fail again';
  const [history] = details.counterexample ?? [];
  return { figures, failure: `seed ${seed}: ${problem || thrown}\n${history ? described(history) : ''}` };
}

function described({ commands, ...choices }: History): string {
  const lines = commands.map((command: Command) => `  ${JSON.stringify(command)}`);
  return [JSON.stringify(choices), ...lines].join('\n');
}
