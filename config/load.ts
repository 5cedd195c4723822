/**
 * Reads the configuration file. Guarantees: either complete `Settings`, or one `ConfigurationError` with every mistake
 * that can be seen; secrets come out wrapped; no mistake quotes a secret or any value that came from `${…}`. Does not
 * connect to anything: whether the names exist is what `connector check` finds out.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve as resolvePath } from 'node:path';
import { applyChanges, type SettingChange } from './changes.ts';
import { crossChecks } from './checks.ts';
import { makeDraft, type PlatformSchemas } from './draft.ts';
import { unknownKeyWrong, valueAt } from './issues.ts';
import { ConfigurationError, formatPath, type Mistake, type MistakeAt, type PathPart } from './mistakes.ts';
import { type JsonNode, jsonNodeOf, nodeAt } from './phrases.ts';
import { resolveSettings } from './resolve.ts';
import { sectionOrder, sectionSchemas, targetSchema } from './schema.ts';
import type { Settings } from './settings.ts';
import { substitute } from './substitute.ts';
import { type ParsedYaml, parseYaml } from './yaml.ts';

export { parseChange, type SettingChange } from './changes.ts';
export type { PlatformSchemas } from './draft.ts';
export { ConfigurationError, formatMistakes, isConfigurationError, type Mistake } from './mistakes.ts';

export interface LoadOptions {
  /** Path of the YAML file. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platformSchemas: PlatformSchemas;
  /** Settings that are tried out instead of what the file says. */
  readonly changes?: readonly SettingChange[];
}

/** Throws ConfigurationError, also when the file cannot be read. */
export async function loadSettings({ file, env, platformSchemas, changes = [] }: LoadOptions): Promise<Settings> {
  const directory = dirname(resolvePath(file));
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new ConfigurationError([
      { path: '', wrong: 'the file cannot be read', expected: `a readable YAML file at ${file}` },
    ]);
  }
  const readSecretFile = (path: string) => readFileSync(resolvePath(directory, path), 'utf8');
  return parseSettings(text, { env, platformSchemas, directory, readSecretFile, changes });
}

export interface ParseOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platformSchemas: PlatformSchemas;
  /** Where relative paths start. */
  readonly directory: string;
  /** Reads what `${file:PATH}` names; throws when it cannot. */
  readonly readSecretFile: (path: string) => string;
  readonly changes?: readonly SettingChange[];
}

/** The same for a text; touches nothing but what the options give it. Throws ConfigurationError. */
export function parseSettings(text: string, options: ParseOptions): Settings {
  const yaml = parseYaml(text);
  if (yaml.mistakes.length > 0) throw new ConfigurationError(yaml.mistakes);
  const changed = applyChanges(yaml.value, options.changes ?? []);
  const substituted = substitute(changed.value, { ...options, absentAllowedIn: ['storage'] });
  const raw = substituted.replacedAt.reduce(
    (value, at) => readAsExpected(value, at, options.platformSchemas),
    substituted.value,
  );
  const { draft, mistakes: shape } = makeDraft(raw, options.platformSchemas);
  const together = crossChecks.flatMap((check) => check.find(draft));
  const unknown = shape.filter(({ wrong }) => wrong === unknownKeyWrong);
  const mistakes = [...unknown, ...substituted.mistakes, ...shape, ...together];
  if (mistakes.length > 0)
    throw new ConfigurationError(report(mistakes, linesOf(yaml, changed.at), substituted.foreign));
  return resolveSettings(draft, options.directory);
}

/** `${PORT}` is text, but where a number or a boolean is expected it is read as one. */
function readAsExpected(value: unknown, at: readonly PathPart[], platforms: PlatformSchemas): unknown {
  const text = valueAt(value, at);
  const node = nodeFor(value, at, platforms);
  if (typeof text !== 'string' || !node) return value;
  const types = [node, ...(node.anyOf ?? [])].flatMap(({ type, const: only }) => type ?? typeof only);
  if (types.includes('string')) return value;
  const isNumber = types.some((type) => type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text);
  if (isNumber) return replaceAt(value, at, Number(text));
  return types.includes('boolean') && (text === 'true' || text === 'false')
    ? replaceAt(value, at, text === 'true')
    : value;
}

function nodeFor(value: unknown, at: readonly PathPart[], platforms: PlatformSchemas): JsonNode | undefined {
  const [section, ...rest] = at;
  if (section === 'targets') {
    const platform = valueAt(value, [...at.slice(0, 2), 'platform']);
    const own = typeof platform === 'string' && Object.hasOwn(platforms, platform) ? platforms[platform] : undefined;
    return nodeAt(jsonNodeOf(targetSchema), rest.slice(1)) ?? (own && nodeAt(jsonNodeOf(own), rest.slice(1)));
  }
  const known = sectionOrder.find((name) => name === section);
  return known && known !== 'targets' ? nodeAt(jsonNodeOf(sectionSchemas[known]), rest) : undefined;
}

function replaceAt(value: unknown, [part, ...rest]: readonly PathPart[], replacement: unknown): unknown {
  if (part === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((element, index) => (index === part ? replaceAt(element, rest, replacement) : element));
  const group = value as Readonly<Record<string, unknown>>;
  return { ...group, [part]: replaceAt(group[part], rest, replacement) };
}

/** A setting that is tried out is on no line. */
function linesOf(yaml: ParsedYaml, changed: readonly (readonly PathPart[])[]): Pick<ParsedYaml, 'lineOf'> {
  const isChanged = (at: readonly PathPart[]): boolean =>
    changed.some((place) => place.every((part, index) => at[index] === part));
  return { lineOf: (at) => (isChanged(at) ? undefined : yaml.lineOf(at)) };
}

/** In the order of the file, one for each place (the first that was found there), with line numbers, masked. */
function report(
  mistakes: readonly MistakeAt[],
  yaml: Pick<ParsedYaml, 'lineOf'>,
  foreign: ReadonlySet<string>,
): Mistake[] {
  const byPath = new Map<string, Mistake>();
  for (const { at, wrong, expected } of mistakes) {
    const path = formatPath(at);
    const line = yaml.lineOf(at);
    if (!byPath.has(path))
      byPath.set(path, {
        path,
        wrong: mask(wrong, foreign),
        expected: mask(expected, foreign),
        ...(line === undefined ? {} : { line }),
      });
  }
  return [...byPath.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** A second defence: sentences quote nothing, but a platform's own schema might. Short values would mask plain words. */
function mask(sentence: string, foreign: ReadonlySet<string>): string {
  const long = [...foreign].filter((value) => value.length >= 8);
  return long.reduce((masked, value) => masked.replaceAll(value, '***'), sentence);
}
