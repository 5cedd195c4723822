/**
 * Replaces `${NAME}` (environment) and `${file:PATH}` (secret file) in the texts of a parsed configuration.
 * Guarantees: one pass, so a value that contains `${` is not read again; every value that came from outside is
 * remembered, so that no message can quote it. `$${` writes a literal `${`. Keys are never replaced. A reference that
 * cannot be resolved leaves a text of its own in its place, so that the checks that follow see the key as there.
 */
import type { MistakeAt, PathPart } from './mistakes.ts';

export interface SubstituteOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a secret file; throws when it cannot. The path is as written. */
  readonly readSecretFile: (path: string) => string;
  /** Sections in which an unset variable means that the key is absent. */
  readonly absentAllowedIn: readonly string[];
}

export interface Substituted {
  readonly value: unknown;
  readonly mistakes: readonly MistakeAt[];
  /** Every value that was put in. */
  readonly foreign: ReadonlySet<string>;
  /** Where a whole value was replaced: it may stand for a number or a boolean. */
  readonly replacedAt: readonly (readonly PathPart[])[];
}

const reference = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;
const wholeReference = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;

export function substitute(parsed: unknown, options: SubstituteOptions): Substituted {
  const mistakes: MistakeAt[] = [];
  const foreign = new Set<string>();
  const replacedAt: (readonly PathPart[])[] = [];

  function visit(value: unknown, at: readonly PathPart[]): unknown {
    if (typeof value === 'string') return replaceText(value, at);
    if (Array.isArray(value)) return value.map((element, index) => visit(element, [...at, index]));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, element]) => [key, visit(element, [...at, key])] as const);
    return Object.fromEntries(entries.filter(([, element]) => element !== undefined));
  }

  function replaceText(text: string, at: readonly PathPart[]): string | undefined {
    if (!text.includes('${')) return text;
    const whole = text.startsWith('${') && text.indexOf('}') === text.length - 1;
    if (whole) replacedAt.push(at);
    let absent = false;
    const replaced = text.replace(reference, (match: string, name: string | undefined) => {
      if (match === '$${') return '${';
      const result = lookUp(name);
      if ('value' in result) {
        foreign.add(result.value);
        return result.value;
      }
      absent = result.unset && wholeReference.test(text) && options.absentAllowedIn.includes(String(at[0]));
      if (!absent) mistakes.push({ at, wrong: result.wrong, expected: result.expected });
      return `unresolved-${mistakes.length}`.padEnd(40, '-');
    });
    return absent ? undefined : replaced;
  }

  function lookUp(name: string | undefined): { value: string } | { wrong: string; expected: string; unset: boolean } {
    if (name?.startsWith('file:')) return readFile(name.slice('file:'.length).trim());
    if (name === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      return {
        wrong: 'has a ${ that names no variable',
        expected: `\${NAME}, \${file:PATH}, or $\${ for a literal \${`,
        unset: false,
      };
    }
    const value = Object.hasOwn(options.env, name) ? options.env[name] : undefined;
    if (value !== undefined && value !== '') return { value };
    return {
      wrong: `uses the environment variable ${name}, which is not set`,
      expected: `${name} set in the environment`,
      unset: true,
    };
  }

  function readFile(path: string): { value: string } | { wrong: string; expected: string; unset: boolean } {
    const expected = `a readable file with the value at ${path}, relative to the configuration file`;
    try {
      const value = options.readSecretFile(path).replace(/(\r?\n)+$/, '');
      return value === '' ? { wrong: 'uses a secret file that is empty', expected, unset: false } : { value };
    } catch {
      return { wrong: 'uses a secret file that cannot be read', expected, unset: false };
    }
  }

  return { value: visit(parsed, []), mistakes, foreign, replacedAt };
}
