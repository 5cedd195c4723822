/** The configurations of the benchmarks: what is not said here is the product's default. JSON is YAML. */
import type { WorldDescription } from '../../fixtures/simulators/world.ts';
import type { Group } from '../support/worker.ts';

/** Calls a second: far above what a simulator on this machine answers, so that nobody waits for the pace. */
export const unlimited = 10_000;

export const mappedColumn = 'address1_city';
export const unmappedColumn = 'address1_postalcode';

const person = {
  firstName: 'firstname',
  lastName: 'lastname',
  jobTitle: 'jobtitle',
  city: mappedColumn,
  customerType: { table: true },
};
const permissions = { Newsletter: 'new_newsletter', 'Product news': 'new_productnews', Events: 'new_events' };
const email = 'emailaddress1';

const tables = {
  contact: {
    email,
    fields: { ...person, organisation: { lookup: 'parentcustomerid', column: 'name' } },
    permissions,
  },
  lead: { email, fields: { ...person, organisation: 'companyname' }, permissions },
  account: {
    email,
    fields: { organisation: 'name', city: mappedColumn, customerType: { table: true } },
    permissions,
  },
};

function base({ dataverse, entra }: WorldDescription): Group {
  return {
    dataverse: {
      url: dataverse.url,
      auth: { authority: entra.authority, clientId: dataverse.clientId, clientSecret: dataverse.clientSecret },
    },
    privacy: { hashKey: 'bench-bench-bench-bench-bench-bench-bench' },
    server: { port: 0 },
    // Above its volume: what it does is shown elsewhere.
    brake: { maxCount: 1_000_000, maxPercent: 100, minCount: 1_000_000, maxExplicitPerHour: 1_000_000 },
  };
}

export function spotlerConfiguration(world: WorldDescription, over: Group = {}): Group {
  const { baseUrl, consumerKey, consumerSecret } = world.spotler;
  const target = { name: 'main', platform: 'spotler', baseUrl, consumerKey, consumerSecret };
  return { ...base(world), tables, targets: [{ ...target, requestsPerSecond: unlimited }], ...over };
}

/** A platform that takes people one by one: many calls for few people. */
export function keapConfiguration(world: WorldDescription, requestsPerSecond: number): Group {
  const contact = {
    email,
    fields: { given_name: 'firstname', family_name: 'lastname' },
    permissions: { marketing: 'new_newsletter' },
  };
  return {
    ...base(world),
    tables: { contact, lead: contact },
    targets: [{ name: 'keap', platform: 'keap', ...world.platforms.keap?.settings, requestsPerSecond }],
    // So small that no process takes all there is.
    worker: { batchSize: 200 },
  };
}
