/**
 * How a bad configuration is reported. Guarantees: all mistakes at once, one line each, in the order of the file, with
 * a path that can be found in it. Does not hold values: a sentence here never quotes what was read, so it cannot quote
 * a secret either.
 */

export interface Mistake {
  /** As in the file: `targets[0].tables.contact.fields["First name"]`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, e.g. `is missing`. */
  readonly wrong: string;
  /** What would be right: the mend. */
  readonly expected: string;
  /** Line in the file, from 1, where it is known. */
  readonly line?: number;
}

export type PathPart = string | number;

/** A mistake before its path is written out. */
export interface MistakeAt {
  readonly at: readonly PathPart[];
  readonly wrong: string;
  readonly expected: string;
}

export class ConfigurationError extends Error {
  readonly code = 'CONFIGURATION_INVALID';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(formatMistakes(mistakes).join('\n'));
    this.name = 'ConfigurationError';
    this.mistakes = mistakes;
  }
}

export function isConfigurationError(error: unknown): error is ConfigurationError {
  return error instanceof ConfigurationError;
}

/** One line per mistake: `path: what is wrong; expected … (line N)`. */
export function formatMistakes(mistakes: readonly Mistake[]): string[] {
  return mistakes.map(({ path, wrong, expected, line }) => {
    const where = line === undefined ? '' : ` (line ${line})`;
    return `${path === '' ? 'configuration' : path}: ${wrong}; expected ${expected}${where}`.replace(/\s+/g, ' ');
  });
}

/** `a.b[0]["odd key"]`, the way people write it. */
export function formatPath(at: readonly PathPart[]): string {
  return at.reduce<string>((path, part) => {
    if (typeof part === 'number') return `${path}[${part}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(part)) return `${path}[${JSON.stringify(part)}]`;
    return path === '' ? part : `${path}.${part}`;
  }, '');
}
