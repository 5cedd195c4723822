/**
 * Expectations for judges, with a hint that names the case in a loop. Built on Jest's `expect`, since node:assert takes
 * equal values from fetch and from a test for different: they come from different realms.
 */
function hinted(hint: string | undefined, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (hint === undefined || !(error instanceof Error)) throw error;
    throw new Error(`${hint}: ${error.message}`);
  }
}

export const assert = {
  equal(actual: unknown, expected: unknown, hint?: string): void {
    hinted(hint, () => expect(actual).toBe(expected));
  },
  deepEqual(actual: unknown, expected: unknown, hint?: string): void {
    hinted(hint, () => expect(actual).toEqual(expected));
  },
  match(actual: string, pattern: RegExp): void {
    expect(actual).toMatch(pattern);
  },
  isTrue(actual: boolean, hint: string): void {
    hinted(hint, () => expect(actual).toBe(true));
  },
};
