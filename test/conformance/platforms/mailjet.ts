/** Mailjet for the conformance suite. */
import { type MailjetOptions, startMailjetSimulator } from '../../../fixtures/simulators/mailjet/index.ts';
import type { Bench, ConformanceSubject, Seed, SeenPerson } from './subject.ts';

const lists = ['Newsletter', 'Product news'];

export const mailjet: ConformanceSubject = {
  platform: 'mailjet',
  textFields: ['firstname', 'Name'],
  permissions: ['marketing', ...lists],
  badFields: { birthday: 'in spring' },
  addresses: {
    plus: 'taken',
    capitals: 'taken',
    apostrophe: 'taken',
    quotes: 'taken',
    nonAscii: 'taken',
    longest: 'taken',
  },
  start: () => start({}, {}),
};

/** What is not documented, read the other way; and every list is left by unsubscribing. */
export const mailjetOtherwise: ConformanceSubject = {
  ...mailjet,
  variant: 'as little told as possible',
  permissions: lists,
  start: () =>
    start(
      { pathLookUp: 'exact', lookUpsBeforeShown: 1, eraseUnknown: 200, showsAnonymized: false, emptyAnswers: true },
      { lowerListsBy: 'unsub' },
      lists,
    ),
};

/** Everybody who can be is written by asynchronous jobs. */
export const mailjetByJobs: ConformanceSubject = {
  ...mailjet,
  variant: 'by jobs',
  start: () => start({}, { bulkFrom: 1 }),
};

async function start(
  options: Partial<MailjetOptions>,
  settings: object,
  permissions: readonly string[] = ['marketing', ...lists],
): Promise<Bench> {
  const create = 'bulkFrom' in settings ? '^POST /contact/managemanycontacts$' : '^POST /contact$';
  const reset = permissions.includes('marketing') ? '^PUT /contact/id$' : '^POST /contact/id/managecontactslists$';
  const simulator = await startMailjetSimulator(options);

  return {
    kinds: { find: '^GET /contact/id$', create, reset, erase: '^DELETE /v4/contacts/id$' },
    settings: (credentials) => ({
      baseUrl: simulator.baseUrl,
      ...simulator.credentials(),
      ...(credentials === 'right' ? {} : { secretKey: 'not the key' }),
      ...settings,
    }),
    people: () =>
      simulator.contacts().map(
        ({ id, email, name, excluded, data, lists: on }): SeenPerson => ({
          id: String(id),
          contactKey: undefined,
          address: email,
          fields: { ...data, ...(name === '' ? {} : { Name: name }) },
          permissions: Object.fromEntries(
            permissions.map((name) => [name, name === 'marketing' ? !excluded : on[name] === 'subscribed']),
          ),
        }),
      ),
    seed({ address, fields: { Name: name, ...data } = {}, permissions: given = {} }: Seed) {
      const [id] = simulator.addContacts([
        {
          email: address,
          excluded: given.marketing === false,
          data,
          subscribed: lists.filter((list) => given[list]),
          ...(name === undefined ? {} : { name }),
        },
      ]);
      return String(id);
    },
    isErased: (id) => simulator.contact(Number(id))?.erased ?? true,
    setFaults: (plan) => simulator.setFaults(plan),
    counts: () => simulator.counts(),
    close: () => simulator.close(),
  };
}
