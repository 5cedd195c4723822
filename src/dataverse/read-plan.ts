/**
 * What a bulk read of one table asks for: the union of what all targets' mappings, permissions and scopes name, and
 * what the rules need. Guarantees that a column is asked for only where it exists; lookups are followed one level deep,
 * through every table they may point to.
 */
import type { FieldSource, Settings, TableSettings } from '../../config/settings.ts';
import type { TableName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import type { Metadata } from './metadata.ts';
import { tableFacts } from './tables.ts';

export type ReadSettings = Pick<Settings, 'tables' | 'targets'> & Partial<Pick<Settings, 'suppression' | 'erasure'>>;

export interface LookupColumn {
  readonly lookup: string;
  readonly column: string;
  /** Some mapping wants the value, the label, or both. */
  readonly value: boolean;
  readonly label: boolean;
}

/** What the configuration names of one table. */
export interface Wanted {
  readonly email: string;
  /** Every column a mapping, permission or scope names, without the address column. */
  readonly columns: readonly string[];
  readonly permissions: ReadonlySet<string>;
  /** Columns whose option label is wanted. */
  readonly labels: readonly string[];
  readonly lookups: readonly LookupColumn[];
}

export interface Expansion {
  readonly navigation: string;
  readonly lookup: string;
  readonly columns: readonly string[];
}

export interface ReadPlan extends Wanted {
  readonly table: TableName;
  readonly expansions: readonly Expansion[];
  /** `$select=…` and, where needed, `&$expand=…`, ready for a URL. */
  readonly query: string;
  /** Value of the Prefer header, where labels are wanted. */
  readonly prefer: string | undefined;
}

/** Read for the rules, whatever is mapped (wire: entity references; all three tables have them). */
export const ruleColumns = [
  'statecode',
  'donotemail',
  'donotbulkemail',
  'merged',
  '_masterid_value',
  'createdon',
  'modifiedon',
] as const;

/** More single-valued expansions than this are refused (wire: query overview). */
const mostExpansions = 15;

/** Throws `config` TABLE_NOT_CONFIGURED. */
export function tableSettings(settings: ReadSettings, table: TableName): TableSettings {
  const found = settings.tables[table];
  if (found !== undefined) return found;
  throw new ConnectorError('config', 'TABLE_NOT_CONFIGURED', `The table ${table} is not in the configuration.`);
}

export function wantedOf(settings: ReadSettings, table: TableName): Wanted {
  const general = tableSettings(settings, table);
  const columns = new Set<string>();
  const permissions = new Set<string>();
  const labels = new Set<string>();
  const lookups = new Map<string, { lookup: string; column: string; value: boolean; label: boolean }>();

  function addSource(source: FieldSource): void {
    if (source.kind === 'column') {
      columns.add(source.column);
      if (source.as === 'label') labels.add(source.column);
    } else if (source.kind === 'lookup') {
      const { lookup, column } = source;
      const key = `${lookup}.${column}`;
      const known = lookups.get(key) ?? { lookup, column, value: false, label: false };
      lookups.set(key, { ...known, [source.as]: true });
    }
  }

  for (const one of [general, ...settings.targets.map(({ tables }) => tables[table])]) {
    if (one === undefined) continue;
    for (const source of Object.values(one.fields)) addSource(source);
    for (const column of Object.values(one.permissions)) {
      columns.add(column);
      permissions.add(column);
    }
    if (one.only !== undefined) columns.add(one.only.column);
  }
  const pilots = settings.targets.filter(({ tables }) => tables[table]).map(({ pilot }) => pilot?.when);
  for (const condition of [settings.suppression?.liftWhen, settings.erasure?.blockWhen, ...pilots]) {
    if (condition !== undefined) columns.add(condition.column);
  }
  return {
    email: general.email,
    columns: [...columns],
    permissions,
    labels: [...labels],
    lookups: [...lookups.values()],
  };
}

/** Resolves the lookups. Throws `config` LOOKUP_UNKNOWN, LOOKUP_COLUMN_UNKNOWN, LOOKUPS_TOO_MANY. */
export async function planRead(
  settings: ReadSettings,
  table: TableName,
  metadata: Metadata,
  signal: AbortSignal,
): Promise<ReadPlan> {
  const wanted = wantedOf(settings, table);
  const expansions: Expansion[] = [];
  for (const lookup of new Set(wanted.lookups.map((one) => one.lookup))) {
    const columns = wanted.lookups.filter((one) => one.lookup === lookup).map(({ column }) => column);
    expansions.push(...(await expand(table, lookup, columns, metadata, signal)));
  }
  if (expansions.length > mostExpansions) {
    throw new ConnectorError(
      'config',
      'LOOKUPS_TOO_MANY',
      `The mappings of ${table} follow ${expansions.length} lookups, a table each; Dataverse takes ${mostExpansions}.`,
    );
  }
  const { id } = tableFacts[table];
  const selected = new Set([id, wanted.email, ...ruleColumns, ...wanted.columns]);
  const select = `$select=${[...selected].map(encodeURIComponent).join(',')}`;
  const expanded = expansions.map(
    ({ navigation, columns }) => `${navigation}($select=${columns.map(encodeURIComponent).join(',')})`,
  );
  const labelled = wanted.labels.length > 0 || wanted.lookups.some(({ label }) => label);
  return {
    ...wanted,
    table,
    expansions,
    query: expanded.length === 0 ? select : `${select}&$expand=${expanded.join(',')}`,
    prefer: labelled ? `odata.include-annotations="${labelAnnotation}"` : undefined,
  };
}

/** Labels come in the application user's language. */
export const labelAnnotation = 'OData.Community.Display.V1.FormattedValue';

async function expand(
  table: TableName,
  lookup: string,
  columns: readonly string[],
  metadata: Metadata,
  signal: AbortSignal,
): Promise<Expansion[]> {
  const targets = await metadata.lookupTargets(table, lookup, signal);
  if (targets.length === 0) {
    throw new ConnectorError(
      'config',
      'LOOKUP_UNKNOWN',
      `The table ${table} has no lookup ${lookup}; correct the mapping that names it.`,
    );
  }
  const found = new Set<string>();
  const expansions: Expansion[] = [];
  for (const { table: referenced, navigation } of targets) {
    const there = await metadata.columns(referenced, signal);
    const present = columns.filter((column) => there.has(column));
    for (const column of present) found.add(column);
    if (present.length > 0) expansions.push({ navigation, lookup, columns: present });
  }
  const missing = columns.find((column) => !found.has(column));
  if (missing === undefined) return expansions;
  throw new ConnectorError(
    'config',
    'LOOKUP_COLUMN_UNKNOWN',
    `No table that ${table}.${lookup} points to has a column ${missing}; correct the mapping that names it.`,
  );
}
