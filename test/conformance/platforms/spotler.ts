/** Spotler for the conformance suite. */
import { startSpotlerSimulator } from '../../../fixtures/simulators/spotler/index.ts';
import type { Bench, ConformanceSubject, Seed, SeenPerson } from './subject.ts';

const permissions = ['Newsletter', 'Events'];

export const spotler: ConformanceSubject = {
  platform: 'spotler',
  textFields: ['firstName', 'city'],
  permissions,
  badFields: { gender: 'X' },
  addresses: {
    plus: 'taken',
    capitals: 'taken',
    apostrophe: 'taken',
    quotes: 'refused',
    nonAscii: 'refused',
    longest: 'taken',
  },
  start,
};

async function start(): Promise<Bench> {
  const simulator = await startSpotlerSimulator();
  let seeds = 0;

  function people(): SeenPerson[] {
    return simulator
      .contacts()
      .filter((contact) => !contact.anonymized)
      .map(({ externalId, email, properties, permissions: bits }) => {
        const { email: _address, ...fields } = properties;
        return {
          id: externalId ?? '',
          contactKey: externalId ?? undefined,
          address: email ?? undefined,
          fields,
          permissions: Object.fromEntries(permissions.map((name) => [name, bits[name] ?? false])),
        };
      });
  }

  return {
    kinds: {
      find: '^GET /contact/(id|search)$',
      create: '^POST /contact/list$',
      reset: '^PUT /contact/id$',
      erase: '^PUT /contact/anonymize$',
    },
    settings(credentials) {
      const { consumerKey, consumerSecret } = simulator.credentials();
      return {
        baseUrl: simulator.baseUrl,
        consumerKey,
        consumerSecret: credentials === 'right' ? consumerSecret : 'not the secret',
      };
    },
    people,
    seed({ address, contactKey, fields = {}, permissions: bits }: Seed) {
      const externalId = contactKey ?? `earlier-${++seeds}`;
      simulator.addContacts([
        { externalId, properties: { ...fields, email: address }, ...(bits ? { permissions: { ...bits } } : {}) },
      ]);
      return externalId;
    },
    isErased: (id) => !people().some((person) => person.id === id),
    setFaults: (plan) => simulator.setFaults(plan),
    counts: () => simulator.counts(),
    close: () => simulator.close(),
  };
}
