/**
 * The Marketing Job table, its columns and its lookups. Guarantees: what is missing is made, what is there is compared
 * with what the connector needs and never altered.
 */
import type { MarketingJobSettings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import { columnBody, customerBody, leadBody, optionsOf, type PlainColumn, plainColumns, tableBody } from './bodies.ts';
import { optionPrefix, prefixOf } from './names.ts';
import { readColumns, readOptions, readRelationships, readTable } from './reads.ts';
import { amiss, type Bench, inSolution, jobsOf, type Look, missing, type Step, there } from './step.ts';
import { columnTexts, optionTexts } from './texts.ts';

const solution = ['publisher', 'solution'];

export function tableSteps(bench: Bench): Step[] {
  const jobs = jobsOf(bench);
  return [
    tableStep(bench, jobs),
    ...plainColumns.map((key) => columnStep(bench, jobs, key)),
    lookupStep(bench, jobs, 'customer'),
    lookupStep(bench, jobs, 'lead'),
  ];
}

/** Ids of the steps that make the columns. */
export const columnSteps: readonly string[] = [...plainColumns, 'customer', 'lead'].map((key) => `column ${key}`);

/** Throws `config` SETUP_NAME: Dataverse gives a custom part no name outside its publisher's prefix. */
function requireName(jobs: MarketingJobSettings, name: string, key: string): void {
  const prefix = prefixOf(jobs.table);
  if (prefix !== undefined && prefixOf(name) === prefix) return;
  throw new ConnectorError(
    'config',
    'SETUP_NAME',
    `${name} cannot be created: a new table and its columns have one prefix of 2 to 8 letters and digits before an underscore. Set ${key}, or create it by hand.`,
  );
}

function tableStep(bench: Bench, jobs: MarketingJobSettings): Step {
  const { client, language } = bench;
  return {
    id: 'table',
    change: `create the table ${jobs.table} (Marketing Job)`,
    needs: solution,
    inSolution: true,
    async look(signal) {
      const found = await readTable(client, jobs.table, signal);
      if (found === undefined) return missing;
      if (found.set !== jobs.set) {
        return amiss(`The entity set of ${jobs.table} has another name.`, `Set marketingJobs.set to ${found.set}.`);
      }
      if (found.primaryId !== jobs.columns.id) {
        const mend = `Set marketingJobs.columns.id to ${found.primaryId}.`;
        return amiss(`The primary key of ${jobs.table} has another name.`, mend);
      }
      if (found.primaryName !== jobs.columns.name) {
        const mend = `Set marketingJobs.columns.name to ${found.primaryName}.`;
        return amiss(`The primary column of ${jobs.table} has another name.`, mend);
      }
      return there;
    },
    async make(signal) {
      requireName(jobs, jobs.table, 'marketingJobs.table');
      requireName(jobs, jobs.columns.name, 'marketingJobs.columns.name');
      const options = { template: 'POST /EntityDefinitions', headers: inSolution(bench), signal };
      await client.send('POST', 'EntityDefinitions', tableBody(jobs, language), options);
    },
  };
}

const types: Readonly<Record<PlainColumn | 'customer' | 'lead', readonly string[]>> = {
  operation: ['Picklist'],
  status: ['Picklist'],
  resultCode: ['String', 'Memo'],
  resultDetail: ['Memo', 'String'],
  completedOn: ['DateTime'],
  recordId: ['String', 'Memo'],
  recordTable: ['String', 'Memo'],
  customer: ['Customer', 'Lookup'],
  lead: ['Lookup'],
};

/** Undefined when the column is there and of a type that can be used. */
async function lookAtType(
  { client }: Bench,
  jobs: MarketingJobSettings,
  key: keyof typeof types,
  signal: AbortSignal,
): Promise<Look | undefined> {
  if ((await readTable(client, jobs.table, signal)) === undefined) return missing;
  const name = jobs.columns[key];
  const type = (await readColumns(client, jobs.table, signal)).get(name);
  if (type === undefined) return missing;
  if (types[key].includes(type)) return undefined;
  return amiss(
    `The column ${jobs.table}.${name} is of type ${type}.`,
    `Name a column of type ${types[key].join(' or ')} under marketingJobs.columns.${key}.`,
  );
}

function columnStep(bench: Bench, jobs: MarketingJobSettings, key: PlainColumn): Step {
  const { client, language } = bench;
  const name = jobs.columns[key];
  return {
    id: `column ${key}`,
    change: `create the column ${jobs.table}.${name} (${columnTexts[key].en})`,
    needs: [...solution, 'table'],
    inSolution: true,
    async look(signal) {
      const look = await lookAtType(bench, jobs, key, signal);
      if (look !== undefined) return look;
      return key === 'operation' || key === 'status' ? lookAtOptions(bench, jobs, key, signal) : there;
    },
    async make(signal) {
      requireName(jobs, name, `marketingJobs.columns.${key}`);
      if (key === 'operation' || key === 'status') requireOptionPrefix(jobs);
      const path = `EntityDefinitions(LogicalName='${jobs.table}')/Attributes`;
      const template = `POST /EntityDefinitions(${jobs.table})/Attributes`;
      const options = { template, headers: inSolution(bench), signal };
      await client.send('POST', path, columnBody(jobs, key, language), options);
    },
  };
}

/** Throws `config` SETUP_OPTIONS. */
function requireOptionPrefix(jobs: MarketingJobSettings): void {
  if (optionPrefix(jobs) !== undefined) return;
  throw new ConnectorError(
    'config',
    'SETUP_OPTIONS',
    "marketingJobs.options cannot be created: all values begin with the five digits of one publisher's prefix, e.g. 140000000. Correct them, or create the choice by hand.",
  );
}

async function lookAtOptions(
  { client }: Bench,
  jobs: MarketingJobSettings,
  key: 'operation' | 'status',
  signal: AbortSignal,
): Promise<Look> {
  const values = await readOptions(client, jobs.table, jobs.columns[key], signal);
  const lacking = optionsOf(key).filter((option) => !values.includes(jobs.options[option]));
  if (lacking.length === 0) return there;
  const named = lacking.map((option) => `${optionTexts[option].en} (${jobs.options[option]})`).join(', ');
  return amiss(
    `The choice ${jobs.table}.${jobs.columns[key]} has no ${named}.`,
    'Add it to the choice with exactly that value, or set its value under marketingJobs.options.',
  );
}

function lookupStep(bench: Bench, jobs: MarketingJobSettings, key: 'customer' | 'lead'): Step {
  const { client, language } = bench;
  const name = jobs.columns[key];
  const targets = key === 'customer' ? ['account', 'contact'] : ['lead'];
  return {
    id: `column ${key}`,
    change: `create the lookup ${jobs.table}.${name} to ${targets.join(' and ')}`,
    needs: [...solution, 'table'],
    inSolution: true,
    async look(signal) {
      for (const target of targets) {
        if ((await readTable(client, target, signal)) === undefined) return noTarget(target);
      }
      return (await lookAtType(bench, jobs, key, signal)) ?? lookAtTargets(bench, jobs, key, signal);
    },
    async make(signal) {
      requireName(jobs, name, `marketingJobs.columns.${key}`);
      const headers = inSolution(bench);
      if (key === 'customer') {
        const options = { template: 'POST /CreateCustomerRelationships', headers, signal };
        await client.send('POST', 'CreateCustomerRelationships', customerBody(jobs, bench.solution, language), options);
      } else {
        const options = { template: 'POST /RelationshipDefinitions', headers, signal };
        await client.send('POST', 'RelationshipDefinitions', leadBody(jobs, language), options);
      }
    },
  };
}

function noTarget(target: string): Look {
  return amiss(
    `This environment has no table ${target}, and the Marketing Job table points to it.`,
    'Install the app that brings it (leads come with Dynamics 365 Sales), or set marketingJobs: false and use connector erase.',
  );
}

async function lookAtTargets(
  { client }: Bench,
  jobs: MarketingJobSettings,
  key: 'customer' | 'lead',
  signal: AbortSignal,
): Promise<Look> {
  const name = jobs.columns[key];
  const allowed = key === 'customer' ? ['contact', 'account'] : ['lead'];
  const found = await readRelationships(client, jobs.table, name, signal);
  const used = found.filter(({ target }) => allowed.includes(target));
  if (used.length === 0) {
    const mend = `Name a lookup to ${allowed.join(' or ')} under marketingJobs.columns.${key}.`;
    return amiss(`The lookup ${jobs.table}.${name} does not point to ${allowed.join(' or ')}.`, mend);
  }
  const other = used.find(({ onDelete }) => onDelete !== 'RemoveLink');
  if (other === undefined) return there;
  return amiss(
    `Deleting a ${other.target} does more to its jobs than removing the link (${other.onDelete}).`,
    `make.powerapps.com → Tables → ${jobs.table} → Relationships → ${other.name} → Advanced options → Type of behavior: Referential, Remove Link; then save and publish.`,
  );
}
