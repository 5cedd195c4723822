/**
 * Makes what people and editors read about the configuration from its schema: config/connector.schema.json and
 * docs/configuration.md. Pure: the caller brings the platforms' schemas and writes the files. A test compares the
 * files with what this makes, so neither can fall behind.
 */

import type { PlatformSchemas } from './draft.ts';
import { introduction, sectionTexts } from './generate-texts.ts';
import { type JsonNode, jsonNodeOf, phrase } from './phrases.ts';
import { sectionOrder, sectionSchemas, targetSchema } from './schema.ts';
import { tableNames } from './words.ts';

export interface Generated {
  /** For config/connector.schema.json. */
  readonly jsonSchema: string;
  /** For docs/configuration.md. */
  readonly reference: string;
}

export function generateConfiguration(platforms: PlatformSchemas): Generated {
  return {
    jsonSchema: `${JSON.stringify(forEditors(wholeNode(platforms)), undefined, 2)}\n`,
    reference: reference(platforms),
  };
}

/** The file as one node: the sections, and a target for each platform. */
function wholeNode(platforms: PlatformSchemas): JsonNode {
  const targets = Object.entries(platforms).map(([name, schema]) => targetNode(name, jsonNodeOf(schema)));
  const properties: Record<string, JsonNode> = {};
  for (const name of sectionOrder) {
    properties[name] =
      name === 'targets'
        ? {
            type: 'array',
            minItems: 1,
            description: sectionTexts.targets,
            items: targets.length === 1 ? targets[0] : { anyOf: targets },
          }
        : jsonNodeOf(sectionSchemas[name]);
  }
  const required = ['dataverse', 'tables', 'targets', 'privacy'];
  return { type: 'object', properties, required, additionalProperties: false };
}

function targetNode(name: string, own: JsonNode): JsonNode {
  const common = jsonNodeOf(targetSchema);
  const platform = { ...common.properties?.platform, const: name };
  return {
    ...common,
    properties: { ...common.properties, platform, ...own.properties },
    required: [...(common.required ?? []), ...(own.required ?? [])],
  };
}

/** What an editor needs: our own words out, and `${NAME}` allowed where a number or true/false is expected. */
function forEditors(root: JsonNode): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'dynamics-email-connector',
    ...plain(root),
    definitions: {
      reference: { type: 'string', pattern: '\\$\\{[^}]+\\}', description: 'Read from the environment.' },
    },
  };
}

function plain(node: JsonNode): object {
  const { expected: _expected, secret: _secret, ...rest } = node;
  const entries = Object.entries(rest).map(([key, value]) => [key, plainValue(key, value)] as const);
  const kept = Object.fromEntries(entries.filter(([key, value]) => !isSafeBound(key, value)));
  if (takesAnyText(node)) return kept;
  const { description, default: usual, ...rule } = kept;
  return {
    ...(description === undefined ? {} : { description }),
    ...(usual === undefined ? {} : { default: usual }),
    anyOf: [rule, { $ref: '#/definitions/reference' }],
  };
}

/** Where a reference is accepted as it is: groups, lists, and texts without a form of their own. */
function takesAnyText(node: JsonNode): boolean {
  const hasForm = 'pattern' in node || node.enum !== undefined;
  return !hasForm && !['integer', 'number', 'boolean'].some((type) => type === node.type);
}

function plainValue(key: string, value: unknown): unknown {
  if (key === 'properties') {
    const named = Object.entries(value as Record<string, JsonNode>);
    return Object.fromEntries(named.map(([name, inner]) => [name, plain(inner)]));
  }
  if (key === 'propertyNames') {
    const { expected: _, ...names } = value as JsonNode;
    return names;
  }
  if (key === 'anyOf') return (value as JsonNode[]).map(plain);
  const isNode = ['items', 'additionalProperties'].includes(key) && typeof value === 'object';
  return isNode ? plain(value as JsonNode) : value;
}

function isSafeBound(key: string, value: unknown): boolean {
  return (
    ['minimum', 'maximum'].includes(key) && typeof value === 'number' && Math.abs(value) >= Number.MAX_SAFE_INTEGER
  );
}

interface Line {
  readonly key: string;
  readonly node: JsonNode;
  readonly required: boolean;
}

function reference(platforms: PlatformSchemas): string {
  const parts = sectionOrder.flatMap((name) => {
    if (name === 'targets')
      return [
        section(name, sectionTexts.targets, jsonNodeOf(targetSchema)),
        ...Object.entries(platforms).map(ofPlatform),
      ];
    const node = jsonNodeOf(sectionSchemas[name]);
    if (name === 'tables') return [section(name, sectionTexts.tables, node.properties?.contact ?? node)];
    return [section(name, node.description ?? '', node)];
  });
  return `${[introduction, ...parts].join('\n\n')}\n`;
}

function ofPlatform([name, schema]: [string, JsonSource]): string {
  return section(
    `targets with platform: ${name}`,
    `These keys belong to a target whose \`platform\` is \`${name}\`.`,
    jsonNodeOf(schema),
  );
}

type JsonSource = PlatformSchemas[string];

function section(title: string, text: string, node: JsonNode): string {
  const rows = lines(node, '').map(({ key, node: inner, required }) => {
    const usual =
      inner.default === undefined ? (required ? '**required**' : '') : `\`${JSON.stringify(inner.default)}\``;
    return `| \`${key}\` | ${cell(phrase(inner))} | ${usual} | ${cell(inner.description ?? '')} |`;
  });
  return [
    `## ${title}`,
    '',
    text,
    '',
    '| key | what to write | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** One line for each key that can be written, groups opened; the sources of a field and the like stay one line. */
function lines(node: JsonNode, prefix: string): Line[] {
  const group = node.properties ? node : node.anyOf?.find((alternative) => alternative.properties);
  return Object.entries(group?.properties ?? {}).flatMap(([name, inner]) => {
    // The three tables have the same keys: told once.
    if (prefix === 'tables' && name !== tableNames[0]) return [];
    const key = prefix === 'tables' ? 'tables.<table>' : joined(prefix, name);
    const line = { key, node: withoutEmptyDefault(inner), required: group?.required?.includes(name) ?? false };
    return [line, ...lines(inner, key)];
  });
}

function joined(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}

function withoutEmptyDefault(node: JsonNode): JsonNode {
  const { default: usual, ...rest } = node;
  const isEmpty = typeof usual === 'object' && usual !== null && Object.keys(usual).length === 0;
  return isEmpty ? rest : node;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
