import { generateConfiguration } from '../../../config/generate.ts';
import { ConfigurationError, formatMistakes } from '../../../config/load.ts';
import { badCases, badShapes } from './bad-cases.ts';
import { badPairs } from './bad-pairs.ts';
import { changed, platformSchemas, read } from './base.ts';

function mistakesOf(yaml: string, env: Readonly<Record<string, string>>): ConfigurationError['mistakes'] {
  try {
    read(yaml, { env });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('a bad configuration', () => {
  it.each(badCases)('names the place and the mend: $name', ({ yaml, env, expect: expected }) => {
    const mistakes = mistakesOf(yaml, env);

    expect(mistakes.map(({ path }) => path)).toEqual(expected.map(({ path }) => path));
    for (const [index, { path, mend }] of expected.entries()) {
      const line = formatMistakes(mistakes)[index]!;
      expect(line.startsWith(`${path === '' ? 'configuration' : path}: `)).toBe(true);
      expect(line.slice(line.indexOf('; expected '))).toContain(mend);
      expect(line).not.toContain('\n');
    }
  });

  it('has a case of its own for every node of the schema', () => {
    const nodes = [...nodesOf(JSON.parse(generateConfiguration(platformSchemas).jsonSchema), '')];
    const covered = new Set(badShapes.flatMap(({ expect: mistakes }) => mistakes.map(({ path }) => general(path))));

    const uncovered = [...new Set(nodes.map(general))].filter((node) => !covered.has(node));

    expect(nodes.length).toBeGreaterThan(100);
    expect(uncovered).toEqual([]);
  });

  it('is told with the line in the file', () => {
    const yaml = changed([['log', 'level'], 'verbose']);

    const [mistake] = mistakesOf(yaml, {});

    const line = yaml.split('\n').findIndex((text) => text.includes('clientSecret')) + 1;
    expect(mistake).toMatchObject({ path: 'dataverse.auth.clientSecret', line });
    expect(formatMistakes([mistake!])).toEqual([
      `dataverse.auth.clientSecret: uses the environment variable DATAVERSE_CLIENT_SECRET, which is not set; expected DATAVERSE_CLIENT_SECRET set in the environment (line ${line})`,
    ]);
  });

  it('has at least ten cases that need two keys', () => {
    expect(badPairs.length).toBeGreaterThanOrEqual(10);
  });
});

interface Node {
  readonly properties?: Record<string, Node>;
  readonly additionalProperties?: boolean | Node;
  readonly items?: Node;
  readonly anyOf?: Node[];
}

/** Every place of the schema, `*` for a free key. */
function* nodesOf(node: Node, path: string): Generator<string> {
  if (path !== '') yield path;
  for (const [key, inner] of Object.entries(node.properties ?? {}))
    yield* nodesOf(inner, path === '' ? key : `${path}.${key}`);
  if (typeof node.additionalProperties === 'object') yield* nodesOf(node.additionalProperties, `${path}.*`);
  if (node.items) yield* nodesOf(node.items, `${path}[0]`);
  for (const alternative of node.anyOf ?? []) yield* nodesOf(alternative, path);
}

/** One name for places that share a schema: the three tables, free keys, and sources wherever they stand. */
function general(path: string): string {
  return path
    .replace(/tables\.(contact|lead|account)/, 'tables.<table>')
    .replace(/^targets\[0\]\.tables\.<table>\.fields\.[\w*]+\..*$/, 'targets[0].tables.<table>.fields.*.<source>')
    .replace(/(fields|permissions)\.[\w*]+/, '$1.*')
    .replace(/map(\.\*|\["1"\])$/, 'map.*');
}
