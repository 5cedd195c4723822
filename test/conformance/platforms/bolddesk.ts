/** BoldDesk for the conformance suite: its way of erasing is the permanent one, since the others leave somebody there. */
import { type BoldDeskOptions, startBoldDeskSimulator } from '../../../fixtures/simulators/bolddesk/index.ts';
import type { Bench, ConformanceSubject, Seed, SeenPerson } from './subject.ts';

const permissions = ['cf_newsletter', 'cf_events'];

export const bolddesk: ConformanceSubject = {
  platform: 'bolddesk',
  textFields: ['contactJobTitle', 'cf_colour'],
  permissions,
  badFields: { cf_birthday: 'in spring' },
  addresses: {
    plus: 'taken',
    capitals: 'taken',
    apostrophe: 'taken',
    quotes: 'taken',
    nonAscii: 'taken',
    longest: 'taken',
  },
  start: () => start({}, permissions),
};

/** What is not documented, read the other way. */
export const bolddeskOtherwise: ConformanceSubject = {
  ...bolddesk,
  variant: 'as little told as possible',
  start: () =>
    start(
      {
        showsDeleted: false,
        overDeleted: 'taken',
        missingAs: '400',
        capitalises: true,
        findsSecondary: false,
        refusesNoChange: false,
        resultAs: 'list',
      },
      permissions,
    ),
};

/** A help desk in which nothing is mapped as a permission. */
export const bolddeskWithoutPermissions: ConformanceSubject = {
  ...bolddesk,
  variant: 'without permissions',
  permissions: [],
  start: () => start({}, []),
};

async function start(options: Partial<BoldDeskOptions>, names: readonly string[]): Promise<Bench> {
  const simulator = await startBoldDeskSimulator(options);

  function people(): SeenPerson[] {
    return simulator.contacts().map(({ id, email, externalReferenceId, properties, customFields }) => {
      const { contactDisplayName: _needed, ...plain } = properties;
      const custom = Object.entries(customFields).filter(([name]) => !names.includes(name));
      return {
        id,
        contactKey: externalReferenceId ?? undefined,
        address: email,
        fields: { ...plain, ...Object.fromEntries(custom) } as SeenPerson['fields'],
        permissions: Object.fromEntries(names.map((name) => [name, customFields[name] === true])),
      };
    });
  }

  return {
    kinds: {
      find: '^GET /contacts(/key)?$',
      create: '^POST /contacts$',
      reset: '^PUT /contacts/id$',
      erase: '^DELETE /contacts/permanent_delete$',
    },
    settings: (credentials) => ({
      baseUrl: simulator.baseUrl,
      apiKey: credentials === 'right' ? simulator.apiKey() : 'not the key',
      allowTicketLoss: true,
    }),
    people,
    seed({ address, contactKey, fields = {}, permissions: bits = {} }: Seed) {
      const isCustom = (name: string) => name.startsWith('cf_');
      const [id = ''] = simulator.addContacts([
        {
          email: address,
          properties: {
            ...Object.fromEntries(Object.entries(fields).filter(([name]) => !isCustom(name))),
            ...(contactKey === undefined ? {} : { contactExternalReferenceId: contactKey }),
          },
          customFields: { ...Object.fromEntries(Object.entries(fields).filter(([name]) => isCustom(name))), ...bits },
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
