/**
 * A configuration while it is being checked: each part is there only when it has the right shape, so that the checks
 * that look at two parts can run although a third part is wrong, and all mistakes are reported at once.
 */
import type { z } from 'zod';
import { explainIssues, kindOf, unknownKey } from './issues.ts';
import type { MistakeAt, PathPart } from './mistakes.ts';
import { jsonNodeOf, knownKeys } from './phrases.ts';
import {
  type Section,
  type SectionName,
  sectionOrder,
  sectionSchemas,
  type TargetInput,
  targetSchema,
} from './schema.ts';
import { isPlainRemoteUrl } from './schema-parts.ts';
import { type TableInput, tablesSchema } from './schema-tables.ts';
import { oneOf } from './suggest.ts';
import { type TableName, tableNames } from './words.ts';

/** Platform name → the schema of its own keys of a target. */
export type PlatformSchemas = Readonly<Record<string, z.ZodType>>;

export interface TargetDraft {
  readonly index: number;
  /** The keys that every target has; undefined when one of them is wrong. */
  readonly common: TargetInput | undefined;
  /** The platform's own keys, parsed by its schema; undefined when one is wrong. */
  readonly own: unknown;
}

export type Draft = { readonly [Name in Exclude<SectionName, 'tables'>]?: Section<Name> } & {
  readonly tables: { readonly [table in TableName]?: TableInput };
  /** Tables that the file names, right or wrong. */
  readonly namedTables: ReadonlySet<string>;
  readonly targets: readonly TargetDraft[];
};

export interface DraftResult {
  readonly draft: Draft;
  readonly mistakes: readonly MistakeAt[];
}

type Raw = Readonly<Record<string, unknown>>;

/** Checks the shape of everything. `raw` is the file after `${…}` was replaced. */
export function makeDraft(raw: unknown, platforms: PlatformSchemas): DraftResult {
  const mistakes: MistakeAt[] = [];
  const empty: Draft = { tables: {}, namedTables: new Set(), targets: [] };
  if (!isGroup(raw)) {
    const wrong = raw === null || raw === undefined ? 'is empty' : `is ${kindOf(raw)}`;
    return {
      draft: empty,
      mistakes: [{ at: [], wrong, expected: 'a group of sections: dataverse, tables, targets, privacy and more' }],
    };
  }
  for (const key of Object.keys(raw)) {
    if (!(sectionOrder as readonly string[]).includes(key)) mistakes.push(unknownKey([], key, sectionOrder));
  }
  const sections: Record<string, unknown> = {};
  for (const name of sectionOrder) {
    if (name === 'targets' || name === 'tables') continue;
    const section = parse(sectionSchemas[name], raw[name] ?? undefined, [name]);
    mistakes.push(...section.mistakes);
    if ('value' in section) sections[name] = section.value;
  }
  const tables = draftTables(raw.tables);
  const targets = draftTargets(raw.targets, platforms);
  return {
    draft: {
      ...empty,
      ...sections,
      tables: tables.tables,
      namedTables: tables.named,
      targets: targets.targets,
    } as Draft,
    mistakes: [...mistakes, ...tables.mistakes, ...targets.mistakes],
  };
}

function draftTables(raw: unknown): { tables: Draft['tables']; named: Set<string>; mistakes: MistakeAt[] } {
  const whole = parse(tablesSchema, raw ?? {}, ['tables']);
  if (!isGroup(raw ?? {})) return { tables: {}, named: new Set(tableNames), mistakes: whole.mistakes };
  const group = (raw ?? {}) as Raw;
  const named = new Set(Object.keys(group));
  const mistakes = [...whole.mistakes];
  if (named.size === 0) {
    mistakes.push({
      at: ['tables'],
      wrong: raw === undefined ? 'is missing' : 'is empty',
      expected: 'at least one of contact, lead or account',
    });
  }
  const tables: Partial<Record<TableName, TableInput>> = {};
  for (const table of tableNames) {
    const result = tablesSchema.shape[table].safeParse(group[table]);
    if (result.success && result.data) tables[table] = result.data;
  }
  return { tables, named, mistakes };
}

function draftTargets(raw: unknown, platforms: PlatformSchemas): { targets: TargetDraft[]; mistakes: MistakeAt[] } {
  if (!Array.isArray(raw) || raw.length === 0) {
    const wrong = raw === undefined ? 'is missing' : Array.isArray(raw) ? 'is empty' : `is ${kindOf(raw)}`;
    return { targets: [], mistakes: [{ at: ['targets'], wrong, expected: 'a list with at least one target' }] };
  }
  const results = raw.map((element: unknown, index) => draftTarget(element, index, platforms));
  return { targets: results.map(({ target }) => target), mistakes: results.flatMap(({ mistakes }) => mistakes) };
}

function draftTarget(
  raw: unknown,
  index: number,
  platforms: PlatformSchemas,
): { target: TargetDraft; mistakes: MistakeAt[] } {
  const at = ['targets', index];
  if (!isGroup(raw)) {
    return {
      target: { index, common: undefined, own: undefined },
      mistakes: [{ at, wrong: `is ${kindOf(raw)}`, expected: 'a target with name and platform' }],
    };
  }
  const commonKeys = Object.keys(targetSchema.shape);
  const entries = Object.entries(raw);
  const common = parse(
    targetSchema,
    Object.fromEntries(
      entries.filter(([key, value]) => commonKeys.includes(key) && !(key === 'tables' && value === null)),
    ),
    at,
  );
  const rest = Object.fromEntries(entries.filter(([key]) => !commonKeys.includes(key)));
  const own = draftOwn(raw.platform, rest, at, platforms);
  return {
    target: { index, common: 'value' in common ? common.value : undefined, own: own.value },
    mistakes: [...common.mistakes, ...own.mistakes],
  };
}

/** The keys that belong to the platform. Without a known platform nothing can be said about them. */
function draftOwn(
  platform: unknown,
  rest: Raw,
  at: readonly PathPart[],
  platforms: PlatformSchemas,
): { value?: unknown; mistakes: MistakeAt[] } {
  if (typeof platform !== 'string' || platform === '') return { mistakes: [] };
  const schema = Object.hasOwn(platforms, platform) ? platforms[platform] : undefined;
  if (!schema) {
    return {
      mistakes: [
        {
          at: [...at, 'platform'],
          wrong: 'is not a known platform',
          expected: oneOf(platform, Object.keys(platforms)),
        },
      ],
    };
  }
  const declared = knownKeys(jsonNodeOf(schema));
  const all = [...Object.keys(targetSchema.shape), ...declared];
  const unknown = Object.keys(rest).filter((key) => !declared.includes(key));
  const known = Object.fromEntries(Object.entries(rest).filter(([key]) => declared.includes(key)));
  const result = parse(schema, known, at);
  const plain = Object.entries(known).filter(([, value]) => typeof value === 'string' && isPlainRemoteUrl(value));
  return {
    ...('value' in result ? { value: result.value } : {}),
    mistakes: [
      ...unknown.map((key) => unknownKey(at, key, all)),
      ...plain.map(([key]) => ({
        at: [...at, key],
        wrong: 'is plain http to another machine',
        expected: 'an https address',
      })),
      ...result.mistakes,
    ],
  };
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: readonly PathPart[],
): { value?: z.output<Schema>; mistakes: MistakeAt[] } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, mistakes: [] };
  return { mistakes: explainIssues(result.error.issues, schema, at, value) };
}

function isGroup(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
