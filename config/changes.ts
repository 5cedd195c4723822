/**
 * Settings that are tried out: `rules.anonymizeContactWhenInactive=true` put into what the file says, before anything
 * is checked. Guarantees: a change goes through the same schema and gets the same one-line mistakes as the file; a
 * target may be called by its name. Changes no file, and quotes no value.
 */
import { parseDocument } from 'yaml';
import { ConfigurationError, formatPath, type PathPart } from './mistakes.ts';

export interface SettingChange {
  readonly at: readonly PathPart[];
  readonly value: unknown;
}

const form = 'a setting and its value, e.g. rules.anonymizeContactWhenInactive=true';

/** `path=value`; the value is YAML. Throws ConfigurationError. */
export function parseChange(text: string): SettingChange {
  const parts = /^((?:[^="[\]]|\[\s*(?:\d+|"(?:[^"\\]|\\.)*")\s*\])+)=([\s\S]*)$/.exec(text);
  const at = parts?.[1] === undefined ? undefined : parsePath(parts[1].trim());
  if (at === undefined || parts?.[2] === undefined) throw refused('--set', 'is not a setting and its value', form);
  const document = parseDocument(parts[2], { prettyErrors: false, logLevel: 'silent' });
  if (document.errors.length > 0)
    throw refused(formatPath(at), 'has a value that is not valid YAML', 'a value as in the file');
  return { at, value: document.toJS({ maxAliasCount: 0 }) };
}

/** `a.b[0]["odd key"]` as its parts; undefined when it is no path. */
function parsePath(text: string): PathPart[] | undefined {
  const piece = /(?:^|\.)([^.[\]"\s]+)|\[\s*(\d+)\s*\]|\[\s*("(?:[^"\\]|\\.)*")\s*\]/gy;
  const at: PathPart[] = [];
  while (piece.lastIndex < text.length) {
    const found = piece.exec(text);
    if (!found) return undefined;
    const [, name, index, quoted] = found;
    if (name !== undefined) at.push(name);
    else if (index !== undefined) at.push(Number(index));
    else at.push(String(JSON.parse(quoted ?? '""')));
  }
  return at.length > 0 ? at : undefined;
}

function refused(path: string, wrong: string, expected: string): ConfigurationError {
  return new ConfigurationError([{ path, wrong, expected }]);
}

/** Where a change applies in this file: `targets.NAME` is the target of that name. Throws ConfigurationError. */
function located(raw: unknown, at: readonly PathPart[]): readonly PathPart[] {
  const [section, which, ...rest] = at;
  if (section !== 'targets' || typeof which !== 'string') return at;
  const targets = (raw as { targets?: unknown } | null)?.targets;
  const names = Array.isArray(targets) ? targets.map((target: { name?: unknown } | null) => target?.name) : [];
  const index = names.indexOf(which);
  if (index < 0) throw refused(formatPath(at.slice(0, 2)), 'is not a target of the file', 'the name of a target');
  return [section, index, ...rest];
}

function put(value: unknown, [part, ...rest]: readonly PathPart[], at: readonly PathPart[], change: unknown): unknown {
  if (part === undefined) return change;
  if (typeof part === 'number') {
    if (!Array.isArray(value) || part >= value.length)
      throw refused(formatPath(at), 'is not in the file', 'an element of a list that is there');
    return value.map((element: unknown, index) => (index === part ? put(element, rest, at, change) : element));
  }
  // `rules: true` may become a group: what stood there is replaced.
  const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
  const group = (isGroup ? value : {}) as Readonly<Record<string, unknown>>;
  return { ...group, [part]: put(Object.hasOwn(group, part) ? group[part] : undefined, rest, at, change) };
}

export interface Changed {
  readonly value: unknown;
  /** Where something was changed, as it is called in this file. */
  readonly at: readonly (readonly PathPart[])[];
}

/** Puts the changes into a parsed file, one after the other. Throws ConfigurationError. */
export function applyChanges(raw: unknown, changes: readonly SettingChange[]): Changed {
  let value = raw;
  const at: (readonly PathPart[])[] = [];
  for (const change of changes) {
    const place = located(value, change.at);
    value = put(value, place, place, change.value);
    at.push(place);
  }
  return { value, at };
}
