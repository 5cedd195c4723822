/**
 * Explores the orders in which workers and the world outside can meet. A run is told by its choices; every run begins
 * anew and follows its choices, so that nothing has to be undone. Guarantees: with no bound, every order of the steps is
 * either run or known to lead through a state from which everything was run (a state is what is stored plus everything
 * that each worker was answered so far); equal choices give equal runs.
 */
export interface Steps {
  /** One of these can go on, by name; in the order in which they are tried. */
  enabled(): readonly string[];
  /** Lets it do one step, and resolves when it waits again or is done. */
  step(name: string): Promise<void>;
  /** Everything that can make a difference later. */
  state(): string;
  /** When nobody can go on: what is wrong, if anything. */
  verdict(): Promise<string | undefined>;
}

export interface Explored {
  readonly runs: number;
  readonly states: number;
  /** Runs that came to their end and were judged. */
  readonly ends: number;
  /** The first run that ended wrong. */
  readonly failure: { readonly problem: string; readonly steps: readonly string[] } | undefined;
  /** False when the bound ended it before everything was seen. */
  readonly complete: boolean;
}

export interface Bounds {
  readonly maxRuns: number;
  /** Decides which of the open choices is tried next; with no bound it makes no difference. */
  readonly seed?: number;
}

export async function explore(begin: () => Promise<Steps>, bounds: Bounds): Promise<Explored> {
  const visited = new Set<string>();
  const open: number[][] = [[]];
  let runs = 0;
  let ends = 0;
  const dice = createDice(bounds.seed ?? 1);
  for (let prefix = draw(open, dice); prefix !== undefined; prefix = draw(open, dice)) {
    if (runs >= bounds.maxRuns) return { runs, states: visited.size, ends, failure: undefined, complete: false };
    runs += 1;
    const { choices, steps, pruned, problem } = await run(await begin(), prefix, visited, open);
    if (pruned) continue;
    ends += 1;
    if (problem) return { runs, states: visited.size, ends, failure: { problem, steps }, complete: false };
    if (choices.length === 0) break;
  }
  return { runs, states: visited.size, ends, failure: undefined, complete: true };
}

/** Any of them, so that a bounded exploration sees early and late changes of worker alike. */
function draw(open: number[][], dice: () => number): number[] | undefined {
  const index = Math.floor(dice() * open.length);
  const drawn = open[index];
  const last = open.pop();
  if (drawn !== undefined && last !== undefined && last !== drawn) open[index] = last;
  return drawn;
}

/** Mulberry32: small, and the same everywhere. */
function createDice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Ran {
  readonly choices: readonly number[];
  readonly steps: readonly string[];
  readonly pruned: boolean;
  readonly problem: string | undefined;
}

async function run(world: Steps, prefix: readonly number[], visited: Set<string>, open: number[][]): Promise<Ran> {
  const choices: number[] = [];
  const steps: string[] = [];
  let last: string | undefined;
  for (;;) {
    const names = world.enabled();
    if (names.length === 0) break;
    // Whoever went last goes on by default: the runs with the fewest changes of worker come first.
    const ordered = last !== undefined && names.includes(last) ? [last, ...names.filter((n) => n !== last)] : names;
    let choice = 0;
    if (choices.length < prefix.length) choice = prefix[choices.length] ?? 0;
    else {
      const state = world.state();
      if (visited.has(state)) return { choices, steps, pruned: true, problem: undefined };
      visited.add(state);
      for (let other = ordered.length - 1; other >= 1; other--) open.push([...choices, other]);
    }
    const name = ordered[choice];
    if (name === undefined) throw new Error('the same choices led somewhere else');
    choices.push(choice);
    last = name;
    steps.push(name);
    await world.step(name);
  }
  return { choices, steps, pruned: false, problem: await world.verdict() };
}
