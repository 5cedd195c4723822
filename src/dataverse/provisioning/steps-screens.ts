/**
 * Main form and views of the Marketing Job table, and publishing them. Guarantees: a form or view that somebody made or
 * renamed is left as it is; the form that Dataverse made with the table is filled as long as nobody did. Forms and
 * views are written as drafts, and a draft that was never published is found again (wire: RetrieveUnpublishedMultiple).
 */
import type { MarketingJobSettings } from '../../../config/settings.ts';
import type { Json } from '../client.ts';
import { stableId } from './names.ts';
import { publish } from './publish.ts';
import { readColumns, readRows, readTable } from './reads.ts';
import { columnsOnForm, formXml, neededOnForm, onEmptyForm, type ViewKey, viewKeys, viewXml } from './screens.ts';
import { type Bench, inSolution, jobsOf, missing, notYet, type Step, there } from './step.ts';
import { columnSteps } from './steps-table.ts';
import { tableTexts, textIn, viewTexts } from './texts.ts';

const needs = ['publisher', 'solution', 'table', ...columnSteps];

export function screenSteps(bench: Bench): Step[] {
  const jobs = jobsOf(bench);
  const screens = [formStep(bench, jobs), ...viewKeys.map((key) => viewStep(bench, jobs, key))];
  return [...screens, publishStep(bench, jobs, screens)];
}

/** Main forms are of type 2 (wire: systemform). */
function readForms({ client }: Bench, { table }: MarketingJobSettings, signal: AbortSignal, drafts: boolean) {
  const filter = `objecttypecode eq '${table}' and type eq 2`;
  return readRows(client, 'systemforms', 'formid,name,formxml', filter, signal, drafts);
}

/** Public views are of type 0 (wire: savedquery). */
function readViews({ client }: Bench, { table }: MarketingJobSettings, signal: AbortSignal, drafts: boolean) {
  const filter = `returnedtypecode eq '${table}' and querytype eq 0`;
  return readRows(client, 'savedqueries', 'savedqueryid,name,fetchxml,layoutxml', filter, signal, drafts);
}

function shownOn(form: Json): Set<string> {
  return columnsOnForm(typeof form.formxml === 'string' ? form.formxml : '');
}

function formStep(bench: Bench, jobs: MarketingJobSettings): Step {
  const { client, language } = bench;
  return {
    id: 'form',
    change: `lay out the main form of ${jobs.table}`,
    needs,
    inSolution: true,
    async look(signal) {
      const forms = await readForms(bench, jobs, signal, true);
      const complete = forms.some((form) => neededOnForm(jobs).every((name) => shownOn(form).has(name)));
      return complete ? there : missing;
    },
    async make(signal) {
      const forms = await readForms(bench, jobs, signal, true);
      const untouched = forms.find((form) => [...shownOn(form)].every((name) => onEmptyForm(jobs).includes(name)));
      const owned = (await readColumns(client, jobs.table, signal)).has('ownerid');
      const body = { name: textIn(tableTexts.one, language), formxml: formXml(jobs, language, owned) };
      const headers = inSolution(bench);
      if (untouched !== undefined) {
        const options = { template: 'PATCH /systemforms({id})', ifMatch: '*', headers, signal };
        await client.patch(`systemforms(${String(untouched.formid)})`, body, options);
        return;
      }
      const form = { ...body, formid: stableId('form', jobs.table), objecttypecode: jobs.table, type: 2 };
      await client.send('POST', 'systemforms', form, { template: 'POST /systemforms', headers, signal });
    },
  };
}

function viewStep(bench: Bench, jobs: MarketingJobSettings, key: ViewKey): Step {
  const { client, language } = bench;
  const savedqueryid = stableId('view', jobs.table, key);
  const name = textIn(viewTexts[key], language);
  return {
    id: `view ${key}`,
    change: `create the view "${name}" of ${jobs.table}`,
    needs,
    inSolution: true,
    async look(signal) {
      const views = await readViews(bench, jobs, signal, true);
      const found = views.some((view) => view.savedqueryid === savedqueryid || view.name === name);
      return found ? there : missing;
    },
    async make(signal) {
      const table = await readTable(client, jobs.table, signal);
      if (table === undefined) throw notYet(`the table ${jobs.table}`);
      const body = {
        savedqueryid,
        name,
        returnedtypecode: jobs.table,
        querytype: 0,
        ...viewXml(jobs, key, table.typeCode),
      };
      const options = { template: 'POST /savedqueries', headers: inSolution(bench), signal };
      await client.send('POST', 'savedqueries', body, options);
    },
  };
}

function publishStep(bench: Bench, jobs: MarketingJobSettings, screens: readonly Step[]): Step {
  return {
    id: 'publish',
    change: `publish ${jobs.table}`,
    needs: ['table'],
    inSolution: false,
    follows: screens.map(({ id }) => id),
    async look(signal) {
      const forms = [await readForms(bench, jobs, signal, true), await readForms(bench, jobs, signal, false)] as const;
      const views = [await readViews(bench, jobs, signal, true), await readViews(bench, jobs, signal, false)] as const;
      const open = unpublished(...forms, 'formid', ['name', 'formxml']);
      return open || unpublished(...views, 'savedqueryid', ['name', 'fetchxml', 'layoutxml']) ? missing : there;
    },
    make: (signal) => publish(bench.client, jobs.table, signal),
  };
}

/** Whether a draft is not, or not like that, among what is published. */
function unpublished(
  drafts: readonly Json[],
  published: readonly Json[],
  id: string,
  columns: readonly string[],
): boolean {
  return drafts.some((draft) => {
    const same = published.find((row) => row[id] === draft[id]);
    return same === undefined || columns.some((column) => same[column] !== draft[column]);
  });
}
