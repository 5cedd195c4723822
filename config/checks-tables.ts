/**
 * What tables, targets' overrides and rules mean together. The same promises as in checks.ts.
 */
import type { Draft } from './draft.ts';
import { mergeTables } from './merge.ts';
import type { MistakeAt } from './mistakes.ts';
import type { TableInput } from './schema-tables.ts';
import { type TableName, tableNames } from './words.ts';

/** Looks at two or more keys whose shapes are right; returns what is wrong between them. */
export interface CrossCheck {
  readonly name: string;
  readonly find: (draft: Draft) => readonly MistakeAt[];
}

export const tableChecks: readonly CrossCheck[] = [
  {
    name: 'an override belongs to a table that is synchronised',
    find: ({ targets, namedTables }) =>
      forEachOverride(targets, (table, at) =>
        namedTables.has(table)
          ? []
          : [
              {
                at,
                wrong: `overrides ${table}, which is not synchronised`,
                expected: `tables.${table} in the file, or the key left out`,
              },
            ],
      ),
  },
  {
    name: 'null removes something that is there',
    find: ({ targets, tables }) =>
      targets.flatMap(({ index, common }) =>
        tableNames.flatMap((table) => {
          const general = tables[table];
          const override = common?.tables[table];
          if (!general || !override) return [];
          const at = ['targets', index, 'tables', table];
          const expected = `one of the entries of tables.${table}, or the key left out`;
          const lost = (kind: 'fields' | 'permissions') =>
            Object.entries(override[kind])
              .filter(([name, value]) => value === null && !Object.hasOwn(general[kind], name))
              .map(([name]) => ({ at: [...at, kind, name], wrong: 'removes an entry that is not there', expected }));
          const only =
            override.only === null && !general.only
              ? [
                  {
                    at: [...at, 'only'],
                    wrong: 'removes a scope that is not there',
                    expected: `tables.${table}.only in the file, or the key left out`,
                  },
                ]
              : [];
          return [...lost('fields'), ...lost('permissions'), ...only];
        }),
      ),
  },
  {
    name: 'a target has at least one table left',
    find: ({ targets, namedTables }) =>
      targets.flatMap(({ index, common }) => {
        const left = [...namedTables].filter((table) => common?.tables[table as TableName] !== null);
        return common && namedTables.size > 0 && left.length === 0
          ? [
              {
                at: ['targets', index, 'tables'],
                wrong: 'leaves out every table',
                expected: 'at least one table that is not null, or the target left out',
              },
            ]
          : [];
      }),
  },
  {
    name: 'a field and a permission have different names',
    find: ({ tables, targets }) => [
      ...tableNames.flatMap((table) => collisions(tables[table], ['tables', table])),
      ...targets.flatMap(({ index, common }) =>
        tableNames.flatMap((table) => {
          const general = tables[table];
          const override = common?.tables[table];
          if (!general || !override || collisions(general, []).length > 0) return [];
          return collisions(mergeTables(general, override), ['targets', index, 'tables', table]);
        }),
      ),
    ],
  },
  {
    name: 'labels are not mapped',
    find: ({ tables, targets }) => [
      ...tableNames.flatMap((table) => mappedLabels(tables[table]?.fields, ['tables', table])),
      ...targets.flatMap(({ index, common }) =>
        tableNames.flatMap((table) => mappedLabels(common?.tables[table]?.fields, ['targets', index, 'tables', table])),
      ),
    ],
  },
  {
    name: 'an inactivity rule belongs to a table that is synchronised',
    find: ({ rules, namedTables }) => {
      const setting = rules?.anonymizeContactWhenInactive;
      if (typeof setting !== 'object') return [];
      return tableNames
        .filter((table) => setting[table] && !namedTables.has(table))
        .map((table) => ({
          at: ['rules', 'anonymizeContactWhenInactive', table],
          wrong: `is on for ${table}, which is not synchronised`,
          expected: `tables.${table} in the file, or false`,
        }));
    },
  },
];

function forEachOverride(
  targets: Draft['targets'],
  find: (table: TableName, at: (string | number)[]) => MistakeAt[],
): MistakeAt[] {
  return targets.flatMap(({ index, common }) =>
    tableNames.flatMap((table) =>
      common?.tables[table] === undefined ? [] : find(table, ['targets', index, 'tables', table]),
    ),
  );
}

function collisions(table: TableInput | undefined, at: readonly (string | number)[]): MistakeAt[] {
  const fields = new Set(Object.keys(table?.fields ?? {}).map((name) => name.toLowerCase()));
  return Object.keys(table?.permissions ?? {})
    .filter((name) => fields.has(name.toLowerCase()))
    .map((name) => ({
      at: [...at, 'permissions', name],
      wrong: 'is the name of a field too',
      expected: 'the name of a permission, or the field removed',
    }));
}

function mappedLabels(
  fields: Readonly<Record<string, unknown>> | undefined,
  at: readonly (string | number)[],
): MistakeAt[] {
  return Object.entries(fields ?? {})
    .filter(
      ([, source]) =>
        typeof source === 'object' &&
        source !== null &&
        'map' in source &&
        source.map !== undefined &&
        'as' in source &&
        source.as === 'label',
    )
    .map(([name]) => ({
      at: [...at, 'fields', name, 'map'],
      wrong: 'is used together with as: label',
      expected: 'either map, which translates values, or as: label',
    }));
}
