/**
 * The shape of `tables` and of a target's overrides: which columns become which platform properties and permissions.
 * Guarantees the shape only; what two keys mean together is checked in checks.ts.
 */
import { z } from 'zod';
import { logicalName, shortText } from './schema-parts.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]).meta({ expected: 'a text, a number, true or false' });

const as = z
  .enum(['value', 'label'])
  .default('value')
  .meta({ description: 'What to send of a choice column: its number (value) or the text that people see (label).' });

const map = z.record(z.string(), z.string()).optional().meta({
  description:
    'Translates values before they are sent, e.g. { "1": M, "2": F }. A value that is not in it clears the property.',
  expected: 'pairs of value and translation, both as text, e.g. { "1": M }',
});

const columnSource = z.strictObject({ column: logicalName('Column of the row.'), as, map });

const lookupSource = z.strictObject({
  lookup: logicalName('Lookup column of the row.'),
  column: logicalName('Column of the row that the lookup points to; one level deep.'),
  as,
  map,
});

const tableSource = z.strictObject({
  table: z.literal(true).meta({ description: 'Sends the name of the table: contact, lead or account.' }),
});

const constantSource = z.strictObject({ value: scalar.meta({ description: 'Sends this constant.' }) });

const sources = 'a column name, { column }, { lookup, column }, { table: true } or { value }';

export const fieldSourceSchema = z
  .union([logicalName('Column of the row.'), lookupSource, columnSource, tableSource, constantSource])
  .meta({
    expected: sources,
  });

export type FieldSourceInput = z.output<typeof fieldSourceSchema>;

const propertyName = shortText(
  'Name of a property of the platform.',
  'the name of a platform property, not empty and on one line',
);
const permissionName = shortText(
  'Name of a permission of the platform.',
  'the name of a platform permission, not empty and on one line',
);

const columnEquals = z.strictObject({
  column: logicalName('Column that decides.'),
  equals: z.union([z.string(), z.number(), z.boolean(), z.null()]).meta({
    description: 'Value the column must have; null means empty.',
    expected: 'a text, a number, true, false or null',
  }),
});

/** A condition on a column that every synchronised table has. */
export const conditionSchema = (description: string) =>
  columnEquals
    .optional()
    .meta({ description: `${description} Every synchronised table needs the column.`, expected: '{ column, equals }' });

export const onlySchema = columnEquals.meta({
  description: 'Restricts the table to the rows whose column has this value; the others are out of scope.',
  expected: '{ column, equals }',
});

const whenOutOfScopeSchema = z.enum(['resetPermissions', 'anonymize', 'ignore']);
const whenOutOfScopeText =
  'What becomes of a profile whose row is out of scope: resetPermissions sets every permission false, anonymize erases it (guarded by the brake), ignore leaves it.';

export const tableSchema = z.strictObject({
  email: logicalName('Column that holds the email address.'),
  fields: z.record(propertyName, fieldSourceSchema).default({}).meta({
    description: 'Platform property → where its value comes from.',
    expected: 'pairs of platform property and source',
  }),
  permissions: z.record(permissionName, logicalName('Boolean column that holds the permission.')).default({}).meta({
    description: 'Platform permission → boolean column of the row.',
    expected: 'pairs of platform permission and boolean column',
  }),
  only: onlySchema.optional(),
  whenOutOfScope: whenOutOfScopeSchema.default('resetPermissions').meta({ description: whenOutOfScopeText }),
});

export type TableInput = z.output<typeof tableSchema>;

export const tablesSchema = z
  .strictObject({
    contact: tableSchema.optional().meta({ description: 'How contacts are synchronised; left out, they are not.' }),
    lead: tableSchema.optional().meta({ description: 'How leads are synchronised; left out, they are not.' }),
    account: tableSchema.optional().meta({ description: 'How accounts are synchronised; left out, they are not.' }),
  })
  .meta({
    description: 'The tables that are synchronised; one that is left out is not.',
    expected: 'at least one of contact, lead or account',
  });

const overrideSchema = z
  .strictObject({
    fields: z
      .record(propertyName, fieldSourceSchema.nullable().meta({ expected: `${sources}, or null` }))
      .default({})
      .meta({
        description: 'Fields added or replaced for this target; null removes one.',
        expected: 'pairs of platform property and source, or null to remove one',
      }),
    permissions: z
      .record(permissionName, logicalName('Boolean column that holds the permission.').nullable())
      .default({})
      .meta({
        description: 'Permissions added or replaced for this target; null removes one.',
        expected: 'pairs of platform permission and column, or null to remove one',
      }),
    only: onlySchema.nullable().optional().meta({
      description: 'Another scope for this target; null removes the general one.',
      expected: '{ column, equals }, or null to remove it',
    }),
    whenOutOfScope: whenOutOfScopeSchema.optional().meta({ description: whenOutOfScopeText }),
  })
  .nullable()
  .optional();

export type OverrideInput = NonNullable<z.output<typeof overrideSchema>>;

export const overridesSchema = z
  .strictObject({
    contact: overrideSchema.meta({ description: 'What differs for this table on this target; null leaves it out.' }),
    lead: overrideSchema.meta({ description: 'What differs for this table on this target; null leaves it out.' }),
    account: overrideSchema.meta({ description: 'What differs for this table on this target; null leaves it out.' }),
  })
  .prefault({})
  .meta({
    description: 'What differs from the general tables on this target; null removes an entry or a whole table.',
  });
