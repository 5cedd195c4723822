/**
 * YAML with positions. Guarantees: a text that is not YAML is reported by line and our own sentence, because the
 * parser's message quotes the line, which may hold a secret.
 */
import { isAlias, isCollection, LineCounter, type Node, parseDocument } from 'yaml';
import type { Mistake, PathPart } from './mistakes.ts';

export interface ParsedYaml {
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  /** Line of the place, or of the nearest place around it that is in the file; from 1. */
  readonly lineOf: (at: readonly PathPart[]) => number | undefined;
}

/**
 * `${NAME}` inside `{ … }` or `[ … ]` is not YAML: braces end a plain text there. So references are written with two
 * characters of private use while the parser looks, of the same length, and put back afterwards.
 */
const opening = '\uE000\uE000';
const closing = '\uE001';

function hideReferences(text: string): string {
  return text.replace(/\$\$\{|\$\{([^{}\r\n]*)\}/g, (match: string, name: string | undefined) =>
    name === undefined ? match : `${opening}${name}${closing}`,
  );
}

function showReferences(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(/\uE000\uE000([^\uE000\uE001]*)\uE001/g, (_, name: string) => `\${${name}}`);
  if (Array.isArray(value)) return value.map(showReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [showReferences(key), showReferences(inner)]));
}

export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(hideReferences(text), { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return failed(foremost(faults).map(({ code, pos }) => ({ ...fault(code), line: lines.linePos(pos[0]).line })));
  try {
    const value = showReferences(document.toJS({ maxAliasCount: 100 }));
    return { value, mistakes: [], lineOf: (at) => lineOf(document.contents, at) };
  } catch {
    return failed([fault('ALIAS')]);
  }

  function lineOf(contents: Node | null, at: readonly PathPart[]): number | undefined {
    let node: unknown = contents;
    let line = position(node);
    for (const part of at) {
      node = isAlias(node) ? node.resolve(document) : node;
      if (!isCollection(node)) break;
      const next: unknown = node.get(part, true);
      if (next === undefined || next === null) break;
      node = next;
      line = position(node) ?? line;
    }
    return line;
  }

  function position(node: unknown): number | undefined {
    const range = (node as Node | null)?.range;
    return range ? lines.linePos(range[0]).line : undefined;
  }
}

function failed(mistakes: readonly Mistake[]): ParsedYaml {
  return { value: undefined, mistakes, lineOf: () => undefined };
}

/** Doubled keys are all told; of the rest only the first, because the others mostly follow from it. */
function foremost<Fault extends { code: string }>(faults: readonly Fault[]): Fault[] {
  const first = faults.find(({ code }) => code !== 'DUPLICATE_KEY');
  return faults.filter((fault) => fault === first || (first === undefined && fault.code === 'DUPLICATE_KEY'));
}

function fault(code: string): Mistake {
  const [wrong, expected] = sentences[code] ?? [
    `is not valid YAML (${code})`,
    'YAML; a text with special characters stands in quotes',
  ];
  return { path: '', wrong, expected };
}

const sentences: Readonly<Record<string, readonly [wrong: string, expected: string]>> = {
  DUPLICATE_KEY: ['has a key twice in one group', 'each key once'],
  TAB_AS_INDENT: ['is indented with a tab', 'spaces'],
  BAD_INDENT: ['is indented wrongly', 'keys of one group in one column'],
  MULTIPLE_DOCS: ['holds more than one document', 'one document'],
  TAG_RESOLVE_FAILED: ['has a tag that is not known', 'no tags'],
  ALIAS: ['has an alias that cannot be resolved', 'an anchor before its alias, and no more than 100 uses'],
};
