/**
 * The optional webhook: one endpoint with the header that proves it, and a step for each message of each table that is
 * synchronised, so that Dynamics tells of a change at once (wire: register-web-hook, use-webhooks). Guarantees: steps run
 * asynchronously, so that a connector that is down keeps no user from saving; a changed address, secret or mapping is
 * registered anew; the secret itself leaves in the endpoint's settings only, which cannot be read.
 */
import { createHmac } from 'node:crypto';
import type { WebhookSettings } from '../../../config/settings.ts';
import { type TableName, webhookSecretHeader } from '../../../config/words.ts';
import type { Json } from '../client.ts';
import { configuredTables } from '../find-by-address.ts';
import { ruleColumns, wantedOf } from '../read-plan.ts';
import { stableId } from './names.ts';
import { readRows } from './reads.ts';
import { xml } from './screens.ts';
import { type Bench, inSolution, missing, notYet, type Step, there } from './step.ts';

const endpointName = 'dynamics-email-connector';
const endpointId = stableId('endpoint');

/** Wire: serviceendpoint; contract 8 is a webhook, authtype 5 a header. */
const contract = 8;
const authtype = 5;

export function webhookSteps(bench: Bench, webhook: WebhookSettings): Step[] {
  const steps = configuredTables(bench.settings).flatMap((table) =>
    (['Create', 'Update', 'Delete'] as const).map((message) =>
      messageStep(bench, table, message, message === 'Update' ? watchedColumns(bench, table) : undefined),
    ),
  );
  const jobs = bench.settings.marketingJobs;
  if (jobs) steps.push({ ...messageStep(bench, jobs.table, 'Create', undefined), needs: ['table', 'webhook'] });
  return [endpointStep(bench, webhook), ...steps];
}

function endpointStep(bench: Bench, { url, secret }: WebhookSettings): Step {
  const { client, settings } = bench;
  // Tells another secret from this one, and tells nobody the secret.
  const mark = createHmac('sha256', settings.privacy.hashKey.reveal())
    .update(`webhook ${secret.reveal()}`)
    .digest('hex');
  const description = `Tells the email connector of changes at once. Secret ${mark.slice(0, 12)}.`;
  const read = async (signal: AbortSignal): Promise<Json | undefined> => {
    const select = 'serviceendpointid,name,description,authtype,url';
    const filter = `contract eq ${contract} and name eq '${endpointName}'`;
    return (await readRows(client, 'serviceendpoints', select, filter, signal))[0];
  };
  return {
    id: 'webhook',
    change: `register the webhook ${url}, with its secret`,
    needs: ['publisher', 'solution'],
    inSolution: true,
    async look(signal) {
      const found = await read(signal);
      const same = found?.url === url && found.authtype === authtype && found.description === description;
      return same ? there : missing;
    },
    async make(signal) {
      const authvalue = `<settings><setting name="${webhookSecretHeader}" value="${xml(secret.reveal())}" /></settings>`;
      const body = { name: endpointName, description, url, contract, authtype, authvalue };
      const found = await read(signal);
      const headers = inSolution(bench);
      if (found === undefined) {
        const endpoint = { serviceendpointid: endpointId, ...body };
        await client.send('POST', 'serviceendpoints', endpoint, {
          template: 'POST /serviceendpoints',
          headers,
          signal,
        });
        return;
      }
      const options = { template: 'PATCH /serviceendpoints({id})', ifMatch: '*', headers, signal };
      await client.patch(`serviceendpoints(${String(found.serviceendpointid)})`, body, options);
    },
  };
}

/** Columns whose change matters: what is mapped and what the rules look at. */
function watchedColumns({ settings }: Bench, table: TableName): string {
  const { email, columns, lookups } = wantedOf(settings, table);
  const plain = [email, ...ruleColumns, ...columns, ...lookups.map(({ lookup }) => lookup)]
    .map((name) => /^_(.+)_value$/.exec(name)?.[1] ?? name)
    // Every write changes the one and none the other.
    .filter((name) => name !== 'modifiedon' && name !== 'createdon');
  return [...new Set(plain)].sort().join(',');
}

function messageStep(
  bench: Bench,
  table: string,
  message: 'Create' | 'Update' | 'Delete',
  watched: string | undefined,
): Step {
  const { client } = bench;
  const name = `${endpointName}: ${message} of ${table}`;
  const read = async (signal: AbortSignal): Promise<Json | undefined> => {
    const select = 'sdkmessageprocessingstepid,name,filteringattributes';
    const filter = `name eq '${name}'`;
    return (await readRows(client, 'sdkmessageprocessingsteps', select, filter, signal))[0];
  };
  return {
    id: `webhook ${message} ${table}`,
    change: `tell the webhook of each ${message.toLowerCase()} of ${table}`,
    needs: ['webhook'],
    inSolution: true,
    async look(signal) {
      const found = await read(signal);
      return found !== undefined && sameColumns(found.filteringattributes, watched) ? there : missing;
    },
    async make(signal) {
      const headers = inSolution(bench);
      const found = await read(signal);
      if (found !== undefined) {
        const options = { template: 'PATCH /sdkmessageprocessingsteps({id})', ifMatch: '*', headers, signal };
        const path = `sdkmessageprocessingsteps(${String(found.sdkmessageprocessingstepid)})`;
        await client.patch(path, { filteringattributes: watched ?? null }, options);
        return;
      }
      const body = { ...(await references(bench, table, message, signal)), name, ...runs };
      const step = watched === undefined ? body : { ...body, filteringattributes: watched };
      const options = { template: 'POST /sdkmessageprocessingsteps', headers, signal };
      await client.send('POST', 'sdkmessageprocessingsteps', step, options);
    },
  };
}

/** After the transaction, asynchronously; the system job of a call that went well is not kept. */
const runs = { stage: 40, mode: 1, rank: 1, supporteddeployment: 0, asyncautodelete: true };

async function references({ client }: Bench, table: string, message: string, signal: AbortSignal): Promise<Json> {
  const filter = `contract eq ${contract} and name eq '${endpointName}'`;
  const [endpoint] = await readRows(client, 'serviceendpoints', 'serviceendpointid', filter, signal);
  if (endpoint === undefined) throw notYet('the webhook');
  const [found] = await readRows(client, 'sdkmessages', 'sdkmessageid', `name eq '${message}'`, signal);
  if (found === undefined) throw notYet(`the message ${message}`);
  const messageId = String(found.sdkmessageid);
  const of = `_sdkmessageid_value eq ${messageId} and primaryobjecttypecode eq '${table}'`;
  const [narrowed] = await readRows(client, 'sdkmessagefilters', 'sdkmessagefilterid', of, signal);
  if (narrowed === undefined) throw notYet(`the message ${message} of ${table}`);
  return {
    sdkmessageprocessingstepid: stableId('step', table, message),
    'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${String(endpoint.serviceendpointid)})`,
    'sdkmessageid@odata.bind': `/sdkmessages(${messageId})`,
    'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${String(narrowed.sdkmessagefilterid)})`,
  };
}

function sameColumns(found: unknown, wanted: string | undefined): boolean {
  const actual = typeof found === 'string' ? found : '';
  return actual.split(',').sort().join(',') === (wanted ?? '');
}
