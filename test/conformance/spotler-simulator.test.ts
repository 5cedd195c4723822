import { type Sabotage, type SpotlerOptions, startSpotlerSimulator } from '../../fixtures/simulators/spotler/index.ts';
import { independentClient } from './spotler-client.ts';
import type { Bench, Case } from './spotler-judge.ts';
import { bulkCases } from './spotler-judge-bulk.ts';
import { erasureCases } from './spotler-judge-erasure.ts';
import { identityCases } from './spotler-judge-identity.ts';
import { signatureCases } from './spotler-judge-signature.ts';
import { writeCases } from './spotler-judge-writes.ts';

/**
 * The simulator against a judge that was written from the wire facts and signs with another implementation; and the
 * judge against simulators that were broken on purpose.
 */
const cases = [...signatureCases, ...writeCases, ...bulkCases, ...identityCases, ...erasureCases];

describe('the Spotler simulator', () => {
  it.each(cases)('$name', async (one) => {
    await expect(judge(one)).resolves.toBeUndefined();
  });

  it('counts calls by kind without ids in them', async () => {
    const simulator = await startSpotlerSimulator();
    try {
      const client = independentClient(simulator.baseUrl, simulator.credentials());
      await client.call('PUT', '/contact/anonymize/abc');
      await client.call('GET', '/contact/abc');
      await client.call('GET', '/contact/search?pageSize=1&MPSearchQuery=email%3Da%40b.example');
      await client.call('GET', '/wrong/abc');

      expect(simulator.counts()).toEqual({
        'PUT /contact/anonymize': 1,
        'GET /contact/id': 1,
        'GET /contact/search': 1,
        'unknown path': 1,
      });
    } finally {
      await simulator.close();
    }
  });

  it('refuses options it does not have', async () => {
    await expect(startSpotlerSimulator({ anonymizeStatus: 200 as 204 })).rejects.toThrow('option anonymizeStatus');
  });
});

describe('the judge of the Spotler simulator', () => {
  it.each<[Sabotage, string]>([
    ['signatureUnchecked', 'refuses a wrong secret, and changes nothing'],
    ['replayAccepted', 'refuses the same signed request a second time'],
    ['unknownPropertyAccepted', 'refuses an unknown or hidden property as a whole'],
    ['bulkUnlimited', 'takes a hundred at once and refuses a hundred and one, or one without an id, as a whole'],
    ['unknownPathOk', 'says RESOURCE_NOT_FOUND for a path that is not there, and 405 for a wrong method'],
    [
      'anonymizeWithoutEffect',
      'anonymizes for good: no data, no id, no address; the opens stay; another call finds nobody',
    ],
    ['bareListOnNewPath', 'finds people by address whatever its capitals'],
  ])('notices the planted fault %s', async (sabotage, noticedBy) => {
    const failed: string[] = [];
    for (const one of cases) {
      await judge({ ...one, options: { ...one.options, sabotage: [sabotage] } }).catch(() => failed.push(one.name));
    }

    expect(failed).toContain(noticedBy);
    expect(failed.length).toBeLessThan(cases.length);
  });
});

/** One case against a simulator of its own. */
async function judge(one: Case & { readonly options?: Partial<SpotlerOptions> }): Promise<void> {
  const simulator = await startSpotlerSimulator(one.options ?? {});
  try {
    const credentials = simulator.credentials();
    const bench: Bench = {
      client: independentClient(simulator.baseUrl, credentials),
      versioned: independentClient(simulator.versionedBaseUrl, credentials),
      stranger: independentClient(simulator.baseUrl, { ...credentials, consumerSecret: 'wrong' }),
      async admin<T>(route: string, body?: unknown) {
        const [method = 'GET', path = '/'] = route.split(' ');
        const answer = await fetch(`${simulator.adminUrl}${path}`, {
          method,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        if (!answer.ok) throw new Error(`${route}: ${await answer.text()}`);
        return (await answer.json()) as T;
      },
    };
    await one.run(bench);
  } finally {
    await simulator.close();
  }
}
