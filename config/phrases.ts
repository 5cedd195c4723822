/**
 * Says in words what a node of the schema accepts; the same words serve the reference and the mend of a mistake.
 * Works on the JSON form of a schema, because that is the one form in which every platform's schema can be read.
 */
import { z } from 'zod';
import type { PathPart } from './mistakes.ts';
import { oneOf } from './suggest.ts';

/** The part of JSON schema that ours comes to; `expected` and `secret` are our own and never leave the process. */
export interface JsonNode {
  /** A list for alternatives that differ in nothing else. */
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly expected?: string;
  readonly secret?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonNode;
  readonly items?: JsonNode;
  readonly anyOf?: readonly JsonNode[];
}

/** The input side of a schema: what people write, before defaults and transformations. */
export function jsonNodeOf(schema: z.ZodType): JsonNode {
  const { $schema: _, ...node } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  return writable(node as JsonNode);
}

/** Leaves out alternatives that no file can hold (an instance of a class comes out as an empty node). */
function writable(node: JsonNode): JsonNode {
  const { anyOf, properties, items, additionalProperties, ...rest } = node;
  const alternatives = anyOf?.map(writable).filter((alternative) => Object.keys(alternative).length > 0);
  const only = alternatives?.length === 1 ? alternatives[0] : undefined;
  return {
    ...only,
    ...rest,
    ...(alternatives && !only ? { anyOf: alternatives } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, writable(inner)])) }
      : {}),
    ...(items ? { items: writable(items) } : {}),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object' ? writable(additionalProperties) : additionalProperties,
        }),
  };
}

/** The node at a path; undefined where the schema knows no such place. */
export function nodeAt(node: JsonNode | undefined, at: readonly PathPart[]): JsonNode | undefined {
  const [part, ...rest] = at;
  if (node === undefined || part === undefined) return node;
  for (const branch of node.anyOf ?? [node]) {
    const found = nodeAt(child(branch, part), rest);
    if (found) return found;
  }
  return undefined;
}

function child(node: JsonNode, part: PathPart): JsonNode | undefined {
  if (typeof part === 'number') return node.items;
  if (node.properties && Object.hasOwn(node.properties, part)) return node.properties[part];
  if (typeof node.additionalProperties === 'object') return node.additionalProperties;
  return node.anyOf ? nodeAt(node, [part]) : undefined;
}

/** The keys that may be written at a place, over all of its alternatives. */
export function knownKeys(node: JsonNode | undefined): string[] {
  if (!node) return [];
  const own = Object.keys(node.properties ?? {});
  return [...new Set([...own, ...(node.anyOf ?? []).flatMap(knownKeys)])];
}

/** `a whole number from 1 to 5000`, `true or false`, `address or record`. */
export function phrase(node: JsonNode | undefined): string {
  if (!node) return 'another value';
  if (node.expected) return node.expected;
  if (node.const !== undefined) return String(node.const);
  if (node.enum) return oneOf(undefined, node.enum.map(String));
  if (node.anyOf) return oneOf(undefined, [...new Set(node.anyOf.map(phrase))]);
  switch (node.type) {
    case 'integer':
      return `a whole number${range(node)}`;
    case 'number':
      return `a number${range(node)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return node.minLength === undefined || node.minLength <= 1
        ? 'a text'
        : `a text of at least ${node.minLength} characters`;
    case 'array':
      return 'a list';
    case 'object':
      return node.properties ? 'a group of keys' : 'pairs of key and value';
    case 'null':
      return 'null';
    default:
      return 'another value';
  }
}

/** Zod writes the bounds of safe integers for "no bound"; nobody wants to read those. */
function range(node: JsonNode): string {
  const least = bound(node.minimum);
  const most = bound(node.maximum);
  if (node.exclusiveMinimum !== undefined) {
    return ` above ${node.exclusiveMinimum}${most === undefined ? '' : `, at most ${most}`}`;
  }
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  if (least !== undefined) return `, at least ${least}`;
  return most === undefined ? '' : `, at most ${most}`;
}

function bound(value: number | undefined): number | undefined {
  return value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value;
}
