/**
 * The main form and the views of the Marketing Job table, as Dataverse keeps them: XML. Guarantees: well-formed
 * whatever the names are; what the connector writes is read-only on the form. Pure. The controls' class ids are those
 * that Dataverse's own forms use.
 */
import type { MarketingJobSettings } from '../../../config/settings.ts';
import { stableId } from './names.ts';
import { columnTexts, sectionTexts, type Text, tableTexts, textIn, viewTexts } from './texts.ts';

export function xml(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '<': '&lt;',
    '>': '&gt;',
    '&': '&amp;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replace(/[<>&"']/g, (sign) => escapes[sign] ?? sign);
}

const classIds = {
  text: '{4273EDBD-AC1D-40d3-9FB2-095C621B552D}',
  memo: '{E0DECE4B-6FC8-4a8f-A065-082708572369}',
  choice: '{3EF39988-22BB-4f0b-BBBE-64B5A3748AEE}',
  lookup: '{270BD3DB-D9AF-4782-9025-509E298DEC0A}',
  dateTime: '{5B773807-9FB2-42db-97C3-7A91EFF8ADFF}',
} as const;

interface Field {
  readonly key: keyof typeof columnTexts;
  readonly kind: keyof typeof classIds;
  readonly readOnly?: true;
}

const sections: readonly { readonly key: keyof typeof sectionTexts; readonly fields: readonly Field[] }[] = [
  {
    key: 'wish',
    fields: [
      { key: 'name', kind: 'text' },
      { key: 'operation', kind: 'choice' },
      { key: 'customer', kind: 'lookup' },
      { key: 'lead', kind: 'lookup' },
      { key: 'owner', kind: 'lookup' },
    ],
  },
  {
    key: 'answer',
    fields: [
      { key: 'status', kind: 'choice', readOnly: true },
      { key: 'resultCode', kind: 'text', readOnly: true },
      { key: 'resultDetail', kind: 'memo', readOnly: true },
      { key: 'completedOn', kind: 'dateTime', readOnly: true },
    ],
  },
  {
    key: 'gone',
    fields: [
      { key: 'recordTable', kind: 'text' },
      { key: 'recordId', kind: 'text' },
    ],
  },
];

function columnName(jobs: MarketingJobSettings, key: Field['key']): string {
  return key === 'owner' ? 'ownerid' : jobs.columns[key];
}

/** @param owned whether rows of the table have an owner: a table of the organization has no such column */
export function formXml(jobs: MarketingJobSettings, language: number, owned: boolean): string {
  const id = (part: string): string => `{${stableId('form', jobs.table, part)}}`;
  const labels = (text: Text): string =>
    `<labels><label description="${xml(textIn(text, language))}" languagecode="${language}" /></labels>`;
  const cells = (fields: readonly Field[]): string =>
    fields
      .filter(({ key }) => owned || key !== 'owner')
      .map(({ key, kind, readOnly }) => {
        const column = xml(columnName(jobs, key));
        const control = `<control id="${column}" classid="${classIds[kind]}" datafieldname="${column}" disabled="${readOnly === true}" />`;
        return `<row><cell id="${id(`cell ${key}`)}">${labels(columnTexts[key])}${control}</cell></row>`;
      })
      .join('');
  const parts = sections.map(
    ({ key, fields }) =>
      `<section name="${key}" id="${id(`section ${key}`)}" showlabel="true" showbar="false" columns="1">${labels(sectionTexts[key])}<rows>${cells(fields)}</rows></section>`,
  );
  const tab = `<tab name="job" id="${id('tab')}" expanded="true" showlabel="false">${labels(tableTexts.one)}<columns><column width="100%"><sections>${parts.join('')}</sections></column></columns></tab>`;
  return `<form><tabs>${tab}</tabs><DisplayConditions Order="0" FallbackForm="true"><Everyone /></DisplayConditions></form>`;
}

/** Columns that a form shows. */
export function columnsOnForm(formxml: string): Set<string> {
  return new Set([...formxml.matchAll(/\bdatafieldname\s*=\s*["']([^"']+)["']/g)].map(([, name = '']) => name));
}

/** What a form must show to be of use to somebody who asks for an erasure. */
export function neededOnForm({ columns }: MarketingJobSettings): string[] {
  return [columns.operation, columns.customer, columns.lead, columns.status, columns.resultDetail];
}

/** What is on the form that Dataverse itself makes with a table. */
export function onEmptyForm({ columns }: MarketingJobSettings): string[] {
  return [columns.name, 'ownerid'];
}

export type ViewKey = keyof typeof viewTexts;
export const viewKeys = Object.keys(viewTexts) as ViewKey[];

const states: Readonly<Record<ViewKey, readonly (keyof MarketingJobSettings['options'])[]>> = {
  pending: ['pending', 'inProgress'],
  failed: ['failed'],
  done: ['succeeded'],
};

const widths: readonly (readonly [Exclude<keyof MarketingJobSettings['columns'], 'id'>, number])[] = [
  ['name', 220],
  ['operation', 150],
  ['customer', 180],
  ['lead', 180],
  ['status', 110],
  ['resultCode', 160],
  ['completedOn', 140],
];

/** Every column of the layout is among those that are fetched. */
export function viewXml(
  jobs: MarketingJobSettings,
  key: ViewKey,
  typeCode: number,
): { readonly fetchxml: string; readonly layoutxml: string } {
  const { columns, options, table } = jobs;
  const shown = widths.map(([column, width]) => [xml(columns[column]), width] as const);
  const attributes = [xml(columns.id), ...shown.map(([name]) => name)].map((name) => `<attribute name="${name}" />`);
  const values = states[key].map((state) => `<value>${options[state]}</value>`).join('');
  const filter = `<filter type="and"><condition attribute="${xml(columns.status)}" operator="in">${values}</condition></filter>`;
  const cells = shown.map(([name, width]) => `<cell name="${name}" width="${width}" />`).join('');
  return {
    fetchxml: `<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="${xml(table)}">${attributes.join('')}<order attribute="createdon" descending="true" />${filter}</entity></fetch>`,
    layoutxml: `<grid name="resultset" object="${typeCode}" jump="${xml(columns.name)}" select="1" icon="1" preview="1"><row name="result" id="${xml(columns.id)}">${cells}</row></grid>`,
  };
}
