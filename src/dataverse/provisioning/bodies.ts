/**
 * Bodies of metadata writes: table, columns, lookups (wire: create-update-entity-definitions, -column-definitions,
 * -entity-relationships). Guarantees: labels in the base language only, as a label in a language that is not provisioned
 * is refused; lookups lose their link when the row they point to is deleted. Pure.
 */
import type { MarketingJobSettings } from '../../../config/settings.ts';
import type { Json } from '../client.ts';
import { relationshipName, schemaName } from './names.ts';
import { columnDescriptions, columnTexts, optionTexts, type Text, tableTexts, textIn } from './texts.ts';

const crm = 'Microsoft.Dynamics.CRM';

export function label(text: Text, language: number): Json {
  return {
    '@odata.type': `${crm}.Label`,
    LocalizedLabels: [
      { '@odata.type': `${crm}.LocalizedLabel`, Label: textIn(text, language), LanguageCode: language },
    ],
  };
}

type ColumnKey = Exclude<keyof MarketingJobSettings['columns'], 'id'>;

function common(jobs: MarketingJobSettings, key: ColumnKey, kind: string, language: number): Json {
  return {
    '@odata.type': `${crm}.${kind}AttributeMetadata`,
    AttributeType: kind,
    AttributeTypeName: { Value: `${kind}Type` },
    SchemaName: schemaName(jobs.columns[key], key),
    DisplayName: label(columnTexts[key], language),
    Description: label(columnDescriptions[key], language),
    RequiredLevel: {
      Value: key === 'operation' ? 'ApplicationRequired' : 'None',
      CanBeChanged: true,
      ManagedPropertyLogicalName: 'canmodifyrequirementlevelsettings',
    },
  };
}

/** HasNotes and HasActivities cannot be changed afterwards. */
export function tableBody(jobs: MarketingJobSettings, language: number): Json {
  return {
    '@odata.type': `${crm}.EntityMetadata`,
    SchemaName: schemaName(jobs.table, 'marketingJob'),
    OwnershipType: 'UserOwned',
    IsActivity: false,
    HasActivities: false,
    HasNotes: false,
    ChangeTrackingEnabled: true,
    DisplayName: label(tableTexts.one, language),
    DisplayCollectionName: label(tableTexts.many, language),
    Description: label(tableTexts.description, language),
    Attributes: [{ ...textColumn(jobs, 'name', 100, language), IsPrimaryName: true }],
  };
}

function textColumn(jobs: MarketingJobSettings, key: ColumnKey, MaxLength: number, language: number): Json {
  return { ...common(jobs, key, 'String', language), FormatName: { Value: 'Text' }, MaxLength };
}

const choices = {
  operation: ['anonymizeContact', 'syncContact'],
  status: ['pending', 'inProgress', 'succeeded', 'failed'],
} as const;

/** The options that a choice must have. */
export function optionsOf(key: keyof typeof choices): readonly (keyof MarketingJobSettings['options'])[] {
  return choices[key];
}

function choiceColumn(jobs: MarketingJobSettings, key: keyof typeof choices, language: number): Json {
  return {
    ...common(jobs, key, 'Picklist', language),
    SourceTypeMask: 0,
    ...(key === 'status' ? { DefaultFormValue: jobs.options.pending } : {}),
    OptionSet: {
      '@odata.type': `${crm}.OptionSetMetadata`,
      IsGlobal: false,
      OptionSetType: 'Picklist',
      Options: optionsOf(key).map((option) => ({
        Value: jobs.options[option],
        Label: label(optionTexts[option], language),
      })),
    },
  };
}

export type PlainColumn = Exclude<ColumnKey, 'name' | 'customer' | 'lead'>;

/** In the order in which they are made. */
export const plainColumns: readonly PlainColumn[] = [
  'operation',
  'status',
  'resultCode',
  'resultDetail',
  'completedOn',
  'recordId',
  'recordTable',
];

export function columnBody(jobs: MarketingJobSettings, key: PlainColumn, language: number): Json {
  switch (key) {
    case 'operation':
    case 'status':
      return choiceColumn(jobs, key, language);
    case 'resultDetail':
      return { ...common(jobs, key, 'Memo', language), Format: 'TextArea', MaxLength: 4000 };
    case 'completedOn':
      return { ...common(jobs, key, 'DateTime', language), Format: 'DateAndTime' };
    case 'resultCode':
    case 'recordId':
    case 'recordTable':
      return textColumn(jobs, key, 100, language);
    default:
      return key satisfies never;
  }
}

const keepsTheJob = {
  Assign: 'NoCascade',
  Delete: 'RemoveLink',
  Merge: 'NoCascade',
  Reparent: 'NoCascade',
  Share: 'NoCascade',
  Unshare: 'NoCascade',
};

/** Wire: create-entity-relationships, `POST /RelationshipDefinitions`. */
export function leadBody(jobs: MarketingJobSettings, language: number): Json {
  return {
    '@odata.type': `${crm}.OneToManyRelationshipMetadata`,
    SchemaName: relationshipName(jobs.table, jobs.columns.lead),
    ReferencedEntity: 'lead',
    ReferencedAttribute: 'leadid',
    ReferencingEntity: jobs.table,
    CascadeConfiguration: keepsTheJob,
    Lookup: lookupBody(jobs, 'lead', 'LookupAttributeMetadata', language),
  };
}

/** Wire: action CreateCustomerRelationships: account and contact in one column. */
export function customerBody(jobs: MarketingJobSettings, solution: string, language: number): Json {
  return {
    OneToManyRelationships: ['account', 'contact'].map((target) => ({
      SchemaName: relationshipName(jobs.table, jobs.columns.customer, target),
      ReferencedEntity: target,
      ReferencingEntity: jobs.table,
      CascadeConfiguration: keepsTheJob,
    })),
    Lookup: lookupBody(jobs, 'customer', 'ComplexLookupAttributeMetadata', language),
    SolutionUniqueName: solution,
  };
}

function lookupBody(jobs: MarketingJobSettings, key: 'customer' | 'lead', type: string, language: number): Json {
  return { ...common(jobs, key, 'Lookup', language), '@odata.type': `${crm}.${type}` };
}
