/** The words of the sabotage: one small break of the code, and the tests that have to notice it. */
export type Invariant = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

export interface Notice {
  /** Path of the test file, from the root of the repository. */
  readonly file: string;
  /** The name of the test, or a part of it that no other test of the file has. */
  readonly test: string;
}

export interface Break {
  readonly invariant: Invariant;
  /** What the code does wrong then. */
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Each of them has to fail. */
  readonly noticedBy: readonly Notice[];
}

/** `core/moves: name of the test` and the like: the short way to write where a test stands. */
export function tests(...names: readonly `${string}: ${string}`[]): Notice[] {
  return names.map((name) => {
    const at = name.indexOf(': ');
    return { file: `test/${name.slice(0, at)}.test.ts`, test: name.slice(at + 2) };
  });
}
