/** The shape of `marketingJobs`: the names that `connector setup` creates, each of which may name an existing one. */
import { z } from 'zod';
import { logicalName, seconds, wholeNumber } from './schema-parts.ts';
import { jobLanguages } from './words.ts';

const jobDefaults = {
  columns: {
    name: ['mkt_name', 'Title of the job.'],
    operation: ['mkt_operation', 'Choice: what to do.'],
    customer: ['mkt_customer', 'Customer lookup: account or contact.'],
    lead: ['mkt_lead', 'Lead lookup.'],
    status: ['mkt_status', 'Choice: how far it is.'],
    resultCode: ['mkt_resultcode', 'Text: the result in short.'],
    resultDetail: ['mkt_resultdetail', 'Memo: one line a target.'],
    completedOn: ['mkt_completedon', 'Date and time of the result.'],
    recordId: ['mkt_recordid', 'Text copy of the row id.'],
    recordTable: ['mkt_recordtable', 'Text copy of the table name.'],
  },
} as const;

const jobColumn = ([name, description]: readonly [string, string]) => logicalName(description).default(name);
const jobOption = (value: number, description: string) =>
  wholeNumber(description, -2_147_483_648, 2_147_483_647).default(value);

export const marketingJobsSchema = z
  .union([
    z.literal(false),
    z.strictObject({
      table: logicalName('Logical name of the table.').default('mkt_marketingjob'),
      set: logicalName('Entity set name of the table. Default: the table with an s.').optional(),
      pollSeconds: seconds('Seconds between two looks for open jobs.', { min: 0.1, max: 86_400 }).default(10),
      language: z
        .enum(jobLanguages)
        .describe('Language of the results that CRM users read; the command line and the log stay English.')
        .default('en'),
      columns: z
        .strictObject({
          id: logicalName('Primary key. Default: the table with id.').optional(),
          name: jobColumn(jobDefaults.columns.name),
          operation: jobColumn(jobDefaults.columns.operation),
          customer: jobColumn(jobDefaults.columns.customer),
          lead: jobColumn(jobDefaults.columns.lead),
          status: jobColumn(jobDefaults.columns.status),
          resultCode: jobColumn(jobDefaults.columns.resultCode),
          resultDetail: jobColumn(jobDefaults.columns.resultDetail),
          completedOn: jobColumn(jobDefaults.columns.completedOn),
          recordId: jobColumn(jobDefaults.columns.recordId),
          recordTable: jobColumn(jobDefaults.columns.recordTable),
        })
        .prefault({})
        .meta({ description: 'Logical names of the columns.' }),
      options: z
        .strictObject({
          anonymizeContact: jobOption(140_000_000, 'Operation: Anonymize Contact.'),
          syncContact: jobOption(140_000_001, 'Operation: Sync Contact.'),
          pending: jobOption(140_000_000, 'Status: Pending.'),
          inProgress: jobOption(140_000_001, 'Status: In Progress.'),
          succeeded: jobOption(140_000_002, 'Status: Succeeded.'),
          failed: jobOption(140_000_003, 'Status: Failed.'),
        })
        .prefault({})
        .meta({ description: 'Values of the choices.' }),
    }),
  ])
  .prefault({})
  .meta({
    description:
      'The table in which CRM users ask for an erasure; false switches it off. The names have to be set only where an existing table is used.',
    expected: 'false, or the names of an existing table',
  });
