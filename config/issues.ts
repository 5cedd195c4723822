/**
 * Turns what zod found into mistakes. Guarantees: one mistake for each place, the alternative that the writer most
 * likely meant is the one explained, and no sentence contains a value (zod's own messages may, so they are not used).
 */
import type { z } from 'zod';
import type { MistakeAt, PathPart } from './mistakes.ts';
import { type JsonNode, jsonNodeOf, knownKeys, nodeAt, phrase } from './phrases.ts';
import { oneOf, suggest } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** A schema says the mend of a refinement by a message that begins so; a mend never quotes the value. */
const toldPrefix = 'expected ';

/** Explains the issues of one value that was read at `base` and checked with `schema`. */
export function explainIssues(
  issues: readonly Issue[],
  schema: z.ZodType,
  base: readonly PathPart[],
  value: unknown,
): MistakeAt[] {
  const context = { root: jsonNodeOf(schema), value };
  return issues
    .flatMap((issue) => explain(issue, [], context))
    .map((mistake) => ({ ...mistake, at: [...base, ...mistake.at] }));
}

interface Context {
  readonly root: JsonNode;
  readonly value: unknown;
}

function explain(issue: Issue, above: readonly PathPart[], context: Context): MistakeAt[] {
  const at = [...above, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  const node = nodeAt(context.root, at);
  const found = valueAt(context.value, at);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(at, key, knownKeys(node)));
  if (issue.message.startsWith(toldPrefix)) {
    return [
      {
        at,
        wrong: issue.code === 'invalid_union' ? `is ${kindOf(found)}` : wrongOf(issue, found),
        expected: issue.message.slice(toldPrefix.length),
      },
    ];
  }
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors, found);
    return branch
      ? branch.flatMap((inner) => explain(inner, at, context))
      : [{ at, wrong: `is ${kindOf(found)}`, expected: phrase(node) }];
  }
  if (issue.code === 'invalid_key') {
    return [{ at, wrong: 'has a key that is not allowed', expected: keyPhrase(context.root, at) }];
  }
  return [{ at, wrong: wrongOf(issue, found), expected: expectedOf(issue, node, found) }];
}

export const unknownKeyWrong = 'is not a known key';

/**
 * A key that no schema knows, with the known ones as the mend. What does not look like a key is not shown: it may be
 * `hashKey <the secret>` with a colon forgotten.
 */
export function unknownKey(at: readonly PathPart[], key: string, known: readonly string[]): MistakeAt {
  const expected = known.length === 0 ? 'no key here' : oneOf(key, known);
  const isName = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(key);
  return isName
    ? { at: [...at, key], wrong: unknownKeyWrong, expected }
    : { at, wrong: 'has a key that is no name', expected };
}

function wrongOf(issue: Issue, found: unknown): string {
  if (found === undefined) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' && typeof found === 'number' ? 'is not a whole number' : `is ${kindOf(found)}`;
    case 'invalid_value':
      return typeof found === 'string' ? 'is not one of the allowed values' : `is ${kindOf(found)}`;
    case 'too_small':
      return tooSmall(issue.origin, found);
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int' ? 'is too large' : 'is too long';
    case 'invalid_format':
      return found === '' ? 'is empty' : 'does not have the right form';
    case 'custom':
      return customWrong(issue);
    default:
      return 'is not valid';
  }
}

function tooSmall(origin: string, found: unknown): string {
  if (origin === 'number' || origin === 'int') return 'is too small';
  return found === '' || (Array.isArray(found) && found.length === 0) ? 'is empty' : 'is too short';
}

/** Only `params.wrong`, which is written with the schema; a message of another kind might quote the value. */
function customWrong(issue: Issue & { code: 'custom' }): string {
  return typeof issue.params?.wrong === 'string' ? issue.params.wrong : 'is not valid';
}

function expectedOf(issue: Issue, node: JsonNode | undefined, found: unknown): string {
  if (issue.code === 'invalid_value' && typeof found === 'string' && !node?.expected) {
    return oneOf(found, issue.values.map(String));
  }
  return phrase(node);
}

function keyPhrase(root: JsonNode, at: readonly PathPart[]): string {
  const names = (nodeAt(root, at.slice(0, -1)) as { propertyNames?: JsonNode } | undefined)?.propertyNames;
  return phrase(names);
}

/** The alternative that the value comes nearest to; undefined when it has the wrong kind for all of them. */
function likeliest(branches: readonly (readonly Issue[])[], found: unknown): readonly Issue[] | undefined {
  const near = branches.filter((issues) => !issues.some((issue) => issue.path.length === 0 && isKindIssue(issue)));
  if (found === null || found === undefined) return undefined;
  return near.toSorted((a, b) => weight(a, found) - weight(b, found))[0];
}

function isKindIssue(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

/** How many things stand between the value and this alternative; a key misspelt counts once, not as extra and missing. */
function weight(issues: readonly Issue[], found: unknown): number {
  const extra = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const other = issues.filter((issue) => issue.code !== 'unrecognized_keys');
  const absent = other.filter(
    (issue) => issue.path.length === 1 && valueAt(found, [String(issue.path[0])]) === undefined,
  );
  const misspelt = absent.filter((issue) => suggest(String(issue.path[0]), extra) !== undefined);
  return extra.length + other.length - misspelt.length;
}

export function valueAt(value: unknown, at: readonly PathPart[]): unknown {
  return at.reduce<unknown>((inner, part) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    return Object.hasOwn(inner, part) ? (inner as Record<PathPart, unknown>)[part] : undefined;
  }, value);
}

/** `a text`, `a number`…: what something is, without saying it. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return 'a group of keys';
  }
}
