/** Keap for the conformance suite. */
import { type KeapOptions, startKeapSimulator } from '../../../fixtures/simulators/keap/index.ts';
import type { Bench, ConformanceSubject, Seed, SeenPerson } from './subject.ts';

export const keap: ConformanceSubject = {
  platform: 'keap',
  textFields: ['given_name', 'favouritecolour'],
  permissions: ['marketing'],
  badFields: { birth_date: 'in spring' },
  addresses: {
    plus: 'taken',
    capitals: 'taken',
    apostrophe: 'taken',
    quotes: 'taken',
    nonAscii: 'taken',
    longest: 'refused',
  },
  start: () => start({}),
};

/** What is not documented, read the other way. */
export const keapOtherwise: ConformanceSubject = {
  ...keap,
  variant: 'as little told as possible',
  start: () =>
    start({
      emailFilter: 'first',
      showsStatus: false,
      unknownAddress: 'nonMarketable',
      optOutOutlivesContact: false,
    }),
};

async function start(options: Partial<KeapOptions>): Promise<Bench> {
  const simulator = await startKeapSimulator(options);

  function people(): SeenPerson[] {
    return simulator.contacts().map(({ id, email, properties, customFields, optedIn }) => {
      const { [simulator.recordIdField]: recordId, ...fields } = customFields;
      return {
        id,
        contactKey: typeof recordId === 'string' ? recordId : undefined,
        address: email ?? undefined,
        fields: { ...properties, ...fields } as SeenPerson['fields'],
        permissions: { marketing: optedIn },
      };
    });
  }

  return {
    kinds: {
      find: '^GET /contacts(/id)?$',
      create: '^POST /contacts$',
      reset: '^PATCH /emailAddresses/status$',
      erase: '^DELETE /contacts/id$',
    },
    settings: (credentials) => ({
      baseUrl: simulator.baseUrl,
      app: 'ab123',
      apiKey: credentials === 'right' ? simulator.apiKey() : 'not the key',
      recordIdField: simulator.recordIdField,
    }),
    people,
    seed({ address, contactKey, fields = {}, permissions = {} }: Seed) {
      const { favouritecolour, ...properties } = fields;
      const [id = ''] = simulator.addContacts([
        {
          email: address,
          properties,
          customFields: {
            ...(favouritecolour === undefined ? {} : { favouritecolour }),
            ...(contactKey === undefined ? {} : { [simulator.recordIdField]: contactKey }),
          },
          status: permissions.marketing ? 'SINGLE_OPT_IN' : 'LIST_UNSUBSCRIBE',
        },
      ]);
      return id;
    },
    isErased: (id) => !people().some((person) => person.id === id),
    setFaults: (plan) => simulator.setFaults(plan),
    counts: () => simulator.counts(),
    close: () => simulator.close(),
  };
}
