/**
 * From a row to what a target is told of it: fields, permission bits, and the facts the rules look at. Pure. The CRM's
 * null is "not true" for a permission, and "clear it" for a field.
 */
import type { ColumnCondition, FieldSource, Settings, TableSettings, TargetSettings } from '../../config/settings.ts';
import type { TableName } from '../../config/words.ts';
import type { Row, Scalar } from '../dataverse/crm.ts';
import type { FieldValue, PermissionBits } from '../platforms/platform.ts';
import { judgeAddress } from '../rules/address.ts';
import type { Facts, OutOfScopeAction, RuleSettings } from '../rules/facts.ts';

function mapped(value: Scalar, map: Readonly<Record<string, string>> | undefined): FieldValue {
  if (value === null || map === undefined) return value;
  return map[String(value)] ?? null;
}

function fieldValue(source: FieldSource, row: Row): FieldValue {
  switch (source.kind) {
    case 'constant':
      return source.value;
    case 'table':
      return row.ref.table;
    case 'lookup':
      return mapped(lookedUp(row, `${source.lookup}.${source.column}`, source.as), source.map);
    case 'column': {
      const value = row.columns.reveal()[source.column] ?? null;
      if (source.as === 'label')
        return value === null ? null : mapped(row.labels.reveal()[source.column] ?? null, source.map);
      return mapped(value, source.map);
    }
  }
}

/** Where both are mapped, `lookups` holds the value and `labels` the label; where only labels are, `lookups` holds those. */
function lookedUp(row: Row, name: string, as: 'value' | 'label'): Scalar {
  const label = as === 'label' ? row.labels.reveal()[name] : undefined;
  return label ?? row.lookups.reveal()[name] ?? null;
}

export function fieldsOf(table: TableSettings, row: Row): Record<string, FieldValue> {
  return Object.fromEntries(
    Object.entries(table.fields).map(([property, source]) => [property, fieldValue(source, row)]),
  );
}

/** Every mapped permission with the CRM's value. */
export function permissionsOf(table: TableSettings, row: Row): PermissionBits {
  const columns = row.columns.reveal();
  return Object.fromEntries(
    Object.entries(table.permissions).map(([name, column]) => [name, columns[column] === true]),
  );
}

export function matches(condition: ColumnCondition | undefined, row: Row): boolean {
  return condition !== undefined && (row.columns.reveal()[condition.column] ?? null) === condition.equals;
}

export function isInScope(table: TableSettings, row: Row): boolean {
  return table.only === undefined || matches(table.only, row);
}

export interface Circumstances {
  readonly erasureOpen: boolean;
  readonly erasedBefore: boolean;
  readonly suppressed: boolean;
}

export function factsOfRow(table: TableSettings, row: Row, circumstances: Circumstances): Facts {
  return {
    table: row.ref.table,
    existence: 'present',
    address: judgeAddress(row.email.reveal()),
    doNotEmail: row.doNotEmail,
    doNotBulkEmail: row.doNotBulkEmail,
    state: row.state,
    merged: row.merged,
    inScope: isInScope(table, row),
    ...circumstances,
  };
}

/** Facts of a record that is gone: nothing else is known of it, nor does it matter. */
export function factsOfDeleted(table: TableName, circumstances: Circumstances): Facts {
  return {
    table,
    existence: 'deleted',
    address: 'empty',
    doNotEmail: false,
    doNotBulkEmail: false,
    state: 'active',
    merged: false,
    inScope: true,
    ...circumstances,
  };
}

export function ruleSettingsOf(settings: Settings, target: TargetSettings): RuleSettings {
  const scope = (table: TableName): OutOfScopeAction => target.tables[table]?.whenOutOfScope ?? 'resetPermissions';
  return {
    anonymizeContactWhenInactive: settings.rules.anonymizeContactWhenInactive,
    whenOutOfScope: { contact: scope('contact'), lead: scope('lead'), account: scope('account') },
  };
}
