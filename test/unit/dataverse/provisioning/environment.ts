/**
 * A simulated Dataverse inside the test, and `setup` against it with a clock that does not run: what is waited for passes
 * at once. Guarantees: every write is noted; a run can be ended before or after any of them takes effect, as by a kill.
 */
import { Personal } from '../../../../config/words.ts';
import { createDataverseWorld, type DataverseWorld } from '../../../../fixtures/simulators/dataverse/index.ts';
import type { SimRequest, SimResponse } from '../../../../fixtures/simulators/kit.ts';
import { createDataverseClient } from '../../../../src/dataverse/client.ts';
import {
  type createProvisioning,
  provisioningOver,
  type StepResult,
} from '../../../../src/dataverse/provisioning/index.ts';
import { clientId, marketingJobs, settingsOf, tableOf, url } from '../samples.ts';

export type Settings = Parameters<typeof createProvisioning>[0]['settings'];

export const secret = 'webhook-secret-0123456789&<';
export const webhook = { url: 'https://connector.example/hooks/dataverse', secret: new Personal(secret) };

/** Everything that can be set up. */
export function everything(some: Partial<Settings> = {}): Settings {
  return {
    ...settingsOf({ contact: tableOf({ permissions: { News: 'new_newsletter' } }) }),
    marketingJobs,
    server: { host: '127.0.0.1', port: 3000, webhook },
    privacy: { hashKey: new Personal('h'.repeat(32)), previousHashKeys: [] },
    suppression: { afterErasure: false },
    erasure: {},
    ...some,
  };
}

export interface Kill {
  /** Number of the write, from 1. */
  readonly write: number;
  readonly when: 'before' | 'after';
}

export interface Ran {
  readonly results: readonly StepResult[];
  /** Steps by their state. */
  in(state: StepResult['state']): string[];
  result(id: string): StepResult | undefined;
  /** Codes of what was waited for; undefined for "not shown yet". */
  readonly waited: readonly (string | undefined)[];
}

export interface Environment {
  readonly world: DataverseWorld;
  /** Method and path of every write so far. */
  readonly writes: string[];
  /** Answers a request instead of the simulator when it returns something. */
  intercept: ((request: SimRequest) => SimResponse | undefined) | undefined;
  run(settings?: Settings, options?: RunOptions): Promise<Ran>;
  /** Rejects, as a run that was ended does. */
  runKilled(kill: Kill, settings?: Settings): Promise<void>;
  role(settings?: Settings): Promise<readonly { ok: boolean; subject: string; message: string; mend: string }[]>;
}

export interface RunOptions {
  readonly decide?: (id: string) => 'make' | 'leave' | 'stop';
  readonly listOnly?: boolean;
  readonly solution?: string;
  readonly publisher?: string;
}

export function startEnvironment(options: { readonly marketingJobs?: boolean } = {}): Environment {
  const tokens = { issue: () => '', revokeAll: () => undefined, verify: () => clientId };
  const world = createDataverseWorld({
    tokens,
    resource: url,
    applicationId: clientId,
    seed: 1,
    marketingJobs: options.marketingJobs ?? false,
    requestLimit: 1_000_000,
  });
  const writes: string[] = [];
  let kill: Kill | undefined;
  let ending = new AbortController();
  let clock = 0;

  function answer(request: SimRequest): SimResponse {
    const write = request.method !== 'GET';
    if (write) writes.push(`${request.method} ${decodeURIComponent(request.path).replace('/api/data/v9.2/', '')}`);
    const struck = write && kill !== undefined && writes.length === kill.write;
    if (!struck) return environment.intercept?.(request) ?? world.handle(request);
    if (kill?.when === 'after') world.handle(request);
    ending.abort(new Error('killed'));
    throw new Error('killed');
  }

  /** The connector's own client over no network at all. */
  const client = createDataverseClient({
    http: {
      async request({ method, url: address, headers = {}, body = '' }) {
        const parsed = new URL(address);
        const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
        const path = address.slice(parsed.origin.length).split('?', 1)[0] ?? '/';
        const sent = { method, url: parsed, path, headers: Object.fromEntries(lower), body };
        const { status, headers: answered = {}, body: text = '' } = answer(sent);
        return { status, headers: answered, text: typeof text === 'string' ? text : JSON.stringify(text) };
      },
      close: () => undefined,
    },
    token: { get: async () => 'token', drop: () => undefined },
    gate: { pass: async () => undefined, hold: () => undefined },
    url,
    apiVersion: 'v9.2',
    now: () => clock,
    retryDelayMs: 0,
  });

  function provisioning(settings: Settings, { solution, publisher }: RunOptions = {}) {
    return provisioningOver({
      client,
      solution: solution ?? 'DynamicsEmailConnector',
      publisher: publisher ?? 'dynamicsemailconnector',
      settings,
    });
  }

  const environment: Environment = {
    world,
    writes,
    intercept: undefined,
    async run(settings = everything(), some = {}) {
      const made = provisioning(settings, some);
      const waited: (string | undefined)[] = [];
      const results = await made.run({
        decide: async ({ id }) => some.decide?.(id) ?? 'make',
        listOnly: some.listOnly ?? false,
        ended: () => undefined,
        waiting: (_step, error) => waited.push(error?.code),
        sleep: async (ms) => {
          clock += ms;
        },
        now: () => clock,
        patienceMs: 600_000,
        signal: ending.signal,
      });
      return {
        results,
        waited,
        in: (state) => results.filter((result) => result.state === state).map(({ step }) => step.id),
        result: (id) => results.find(({ step }) => step.id === id),
      };
    },
    async runKilled(at, settings = everything()) {
      kill = at;
      writes.length = 0;
      await environment.run(settings).then(
        () => {
          throw new Error(`write ${at.write} was not reached`);
        },
        (error: unknown) => {
          if (!(error instanceof Error) || error.message !== 'killed') throw error;
        },
      );
      kill = undefined;
      ending = new AbortController();
      writes.length = 0;
    },
    async role(settings = everything()) {
      return provisioning(settings).role(ending.signal);
    },
  };
  return environment;
}

/** Everything that was made, without what differs from run to run. */
export function madeIn({ world }: Environment): object {
  const { crm, customization } = world.organization;
  const rows = (table: string) =>
    [...crm.store.table(table).rows.values()].map(({ id, values }) => {
      const { createdon: _c, modifiedon: _m, createdby: _b, modifiedby: _n, ownerid: _o, ...rest } = values;
      return { id: table === 'systemform' || table === 'savedquery' ? rest.name : id, ...rest };
    });
  const jobs = crm.store.table('mkt_marketingjob');
  return {
    columns: [...jobs.columns.values()],
    tracking: [...crm.store.tables.values()].map(({ definition, changeTracking }) => [definition.name, changeTracking]),
    publishers: rows('publisher'),
    solutions: rows('solution'),
    forms: rows('systemform'),
    views: rows('savedquery'),
    endpoints: rows('serviceendpoint'),
    steps: rows('sdkmessageprocessingstep'),
    drafts: Object.values(customization.drafts).map(({ rows: drafts }) => drafts.size),
    components: [
      ...new Set(customization.components.map(({ solution, kind, name }) => `${solution} ${kind} ${name}`)),
    ].sort(),
  };
}
