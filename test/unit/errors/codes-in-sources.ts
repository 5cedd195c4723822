/**
 * Which codes the sources can produce. Every upper-case word in quotes counts, so that a new code cannot be overlooked;
 * what is none is listed with the reason.
 */
import { readdir, readFile } from 'node:fs/promises';

const root = new URL('../../../', import.meta.url);

export interface Source {
  readonly path: string;
  /** Without comments. */
  readonly text: string;
}

export async function productSources(): Promise<Source[]> {
  const sources: Source[] = [];
  for (const folder of ['src', 'config', 'jobs']) {
    for (const entry of await readdir(new URL(folder, root), { recursive: true })) {
      const path = `${folder}/${entry}`;
      if (!path.endsWith('.ts') || path.startsWith('src/errors/') || path.startsWith('src/texts/')) continue;
      sources.push({ path, text: withoutComments(await readFile(new URL(path, root), 'utf8')) });
    }
  }
  return sources;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Upper-case words that are a whole text in quotes, and what a Marketing Job is told of HTTP. */
export function wordsIn(sources: readonly Source[]): Map<string, string[]> {
  const words = new Map<string, string[]>();
  for (const { path, text } of sources) {
    for (const match of text.matchAll(/(['"`])([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*|HTTP \d{3} [A-Za-z ]+)\1/g)) {
      const word = match[2] ?? '';
      if (!words.get(word)?.includes(path)) words.set(word, [...(words.get(word) ?? []), path]);
    }
  }
  return words;
}

/** What stands before the part that differs: `HTTP_` of `HTTP_${status}`, and constants that end so. */
export function formsIn(sources: readonly Source[]): Set<string> {
  const forms = new Set<string>();
  for (const { text } of sources) {
    for (const match of text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_)\$\{/g)) forms.add(match[1] ?? '');
    for (const match of text.matchAll(/= '([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_)'/g)) forms.add(match[1] ?? '');
  }
  return forms;
}

/** `[kind, code]` wherever an error is made of two literals. */
export function kindsIn(sources: readonly Source[]): [kind: string, code: string, path: string][] {
  return sources.flatMap(({ path, text }) => [
    ...[...text.matchAll(/new ConnectorError\(\s*'(\w+)',\s*'([A-Z0-9_]+)'/g)].map(
      (match): [string, string, string] => [match[1] ?? '', match[2] ?? '', path],
    ),
    ...[...text.matchAll(/kind: '(\w+)',\s*code: '([A-Z0-9_]+)'/g)].map((match): [string, string, string] => [
      match[1] ?? '',
      match[2] ?? '',
      path,
    ]),
  ]);
}
