/**
 * One row of a bulk read, checked and put into our words. Guarantees: a value of another type than its column's use
 * needs makes the row malformed, never a guess; the reason names the column and what was expected, never the value.
 * A column that was asked for and is not in the answer is a fault of the configuration (masked or removed) and is
 * thrown: it would be missing from every row.
 */
import { z } from 'zod';
import { Personal, parseRecordId, type RecordId, type TableName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import { isJson, type Json } from './client.ts';
import type { MalformedRow, Row, Scalar } from './crm.ts';
import { labelAnnotation, type ReadPlan, ruleColumns } from './read-plan.ts';
import { tableFacts } from './tables.ts';

/** A mapped text longer than this parks its row. Characters. */
export const longestText = 100_000;

export type RowReader = (raw: Json) => Row | MalformedRow;

export function isMalformed(row: Row | MalformedRow): row is MalformedRow {
  return 'reason' in row;
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const flag = z.boolean().nullable();

const expectations = {
  text: 'text',
  flag: 'yes or no',
  state: 'a state that the table has',
  id: 'a GUID',
  date: 'a date and time',
  scalar: 'a text, number, yes or no, or nothing',
} as const;

/** Made once a plan; throws `config` COLUMN_ABSENT when a selected column did not come back. */
export function createRowReader(plan: ReadPlan): RowReader {
  const { table } = plan;
  const { id: idColumn, states } = tableFacts[table];
  const expected = new Map<string, string>([
    ['@odata.etag', expectations.text],
    ['statecode', expectations.state],
    ['_masterid_value', expectations.id],
    ['createdon', expectations.date],
  ]);
  const shape: Record<string, z.ZodType> = {};
  for (const column of plan.columns) shape[column] = plan.permissions.has(column) ? flag : scalar;
  for (const column of plan.permissions) expected.set(column, expectations.flag);
  for (const column of ['donotemail', 'donotbulkemail', 'merged']) expected.set(column, expectations.flag);
  expected.set(plan.email, expectations.text);
  const mapped = z.object(shape);
  const fixed = z.object({
    '@odata.etag': z.string().min(1),
    statecode: z.number().refine((code) => states[code] !== undefined),
    donotemail: flag,
    donotbulkemail: flag,
    merged: flag.optional(),
    _masterid_value: z
      .string()
      .refine((text) => parseRecordId(text) !== undefined)
      .nullable(),
    createdon: z.iso.datetime({ offset: true }),
    // For the metrics alone: nobody is parked for it.
    modifiedon: z.iso.datetime({ offset: true }).optional().catch(undefined),
  });
  const address = z.string().nullable();
  const needed = [
    plan.email,
    ...ruleColumns.filter((column) => column !== 'merged' && column !== 'modifiedon'),
    ...plan.columns,
  ];

  return function readRow(raw) {
    const id = parseRecordId(raw[idColumn]);
    if (id === undefined) throw withoutId(table);
    const missing = needed.find((column) => raw[column] === undefined);
    if (missing !== undefined) throw absent(plan, missing);
    const ref = { table, id };
    const facts = fixed.safeParse(raw);
    if (!facts.success) return wrongType(ref, columnOf(facts.error), expected);
    const email = address.safeParse(raw[plan.email]);
    if (!email.success) return wrongType(ref, plan.email, expected);
    const columns = mapped.safeParse(raw);
    if (!columns.success) return wrongType(ref, columnOf(columns.error), expected);
    const lookups = readLookups(raw, plan);
    if (typeof lookups === 'string') return wrongType(ref, lookups, expected);
    const labels = { ...lookups.labels, ...readLabels(raw, plan.labels) };
    const values = columns.data as Record<string, Scalar>;
    const tooLong = longest({ [plan.email]: email.data, ...values, ...lookups.values, ...labels });
    if (tooLong !== undefined) {
      const reason = `${tooLong}: expected at most ${longestText.toLocaleString('en')} characters.`;
      return { ref, code: 'FIELD_TOO_LARGE', reason };
    }
    return {
      ref,
      etag: facts.data['@odata.etag'],
      createdOn: facts.data.createdon,
      ...(facts.data.modifiedon === undefined ? {} : { modifiedOn: facts.data.modifiedon }),
      state: states[facts.data.statecode] ?? 'inactive',
      merged: facts.data.merged ?? false,
      masterId: masterOf(facts.data._masterid_value),
      doNotEmail: facts.data.donotemail ?? false,
      doNotBulkEmail: facts.data.donotbulkemail ?? false,
      email: new Personal(email.data),
      columns: new Personal(values),
      labels: new Personal(labels),
      lookups: new Personal(lookups.values),
    };
  };
}

function masterOf(text: string | null): RecordId | undefined {
  return text === null ? undefined : parseRecordId(text);
}

function columnOf(error: z.ZodError): string {
  return String(error.issues[0]?.path[0] ?? 'a column');
}

function wrongType(ref: Row['ref'], column: string, expected: ReadonlyMap<string, string>): MalformedRow {
  const reason = `${column}: expected ${expected.get(column) ?? expectations.scalar}.`;
  return { ref, code: 'FIELD_WRONG_TYPE', reason };
}

function readLabels(raw: Json, columns: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const column of columns) {
    const label = raw[`${column}@${labelAnnotation}`];
    if (typeof label === 'string') labels[column] = label;
  }
  return labels;
}

/** The column's name as a text when a value is of a wrong type. */
function readLookups(
  raw: Json,
  plan: ReadPlan,
): { values: Record<string, Scalar>; labels: Record<string, string> } | string {
  const values: Record<string, Scalar> = {};
  const labels: Record<string, string> = {};
  for (const { lookup, column, value: wantsValue, label: wantsLabel } of plan.lookups) {
    const key = `${lookup}.${column}`;
    values[key] = null;
    for (const { navigation, lookup: followed, columns } of plan.expansions) {
      if (followed !== lookup || !columns.includes(column)) continue;
      const pointedTo = raw[navigation];
      if (pointedTo === null || pointedTo === undefined) continue;
      if (!isJson(pointedTo)) return key;
      if (pointedTo[column] === undefined) throw absent(plan, key);
      const value = scalar.safeParse(pointedTo[column]);
      if (!value.success) return key;
      const label = pointedTo[`${column}@${labelAnnotation}`];
      if (wantsLabel && typeof label === 'string') labels[key] = label;
      values[key] = wantsValue ? value.data : (labels[key] ?? null);
    }
  }
  return { values, labels };
}

function longest(values: Readonly<Record<string, Scalar>>): string | undefined {
  return Object.keys(values).find((name) => {
    const value = values[name];
    return typeof value === 'string' && value.length > longestText;
  });
}

function absent({ table }: ReadPlan, column: string): ConnectorError {
  return new ConnectorError(
    'config',
    'COLUMN_ABSENT',
    `Dataverse left the column ${column} out of a row of ${table} although it was asked for; check that the application user may read it.`,
  );
}

/** A row that names no record, or another one than was asked for. */
export function withoutId(table: TableName): ConnectorError {
  return new ConnectorError(
    'config',
    'ROW_WITHOUT_ID',
    `Dataverse sent a row of ${table} without a readable id; which record it is cannot be told, so none is taken as missing.`,
  );
}
