/** Dialog Insight for the conformance suite: one project, and three with a unified one and other guesses. */
import {
  type DialogInsightStart,
  startDialogInsightSimulator,
} from '../../../fixtures/simulators/dialoginsight/index.ts';
import type { Bench, ConformanceSubject, Seed, SeenPerson } from './subject.ts';

export const dialogInsight: ConformanceSubject = {
  platform: 'dialoginsight',
  textFields: ['FirstName', 'City'],
  permissions: ['Newsletter', 'Events'],
  badFields: { BirthDate: 'in spring' },
  addresses: {
    plus: 'taken',
    capitals: 'taken',
    apostrophe: 'taken',
    quotes: 'taken',
    nonAscii: 'taken',
    longest: 'taken',
  },
  start: () => start({}),
};

/** What is not documented, read the other way, and the same people in several projects. */
export const dialogInsightProjects: ConformanceSubject = {
  ...dialogInsight,
  variant: 'three projects, the unified one last',
  addresses: { ...dialogInsight.addresses, nonAscii: 'refused' },
  start: () =>
    start({
      projects: [1001, 1002],
      unifiedProject: 2000,
      failures: 'french',
      existingOnInsert: 'error',
      missingOnUpdate: 'error',
      consentsAs: 'boolean',
      nonAsciiAddresses: 'refused',
    }),
};

async function start(options: DialogInsightStart): Promise<Bench> {
  const simulator = await startDialogInsightSimulator(options);
  const [project = 0] = simulator.projects;
  /** Whose address a contact's id was. */
  const addresses = new Map<string, string>();

  /** Each address once, as the first project has it. */
  function people(): SeenPerson[] {
    const seen = new Map<string, SeenPerson>();
    for (const { id, email, fields: all, consents } of simulator.contacts()) {
      addresses.set(id, email.toLowerCase());
      const { [simulator.recordIdField]: contactKey, ...fields } = all;
      if (!seen.has(email.toLowerCase())) {
        seen.set(email.toLowerCase(), { id, contactKey, address: email, fields, permissions: consents });
      }
    }
    return [...seen.values()];
  }

  return {
    kinds: {
      find: '^contacts\\.Get',
      create: '^contacts\\.Merge',
      reset: '^contacts\\.Merge',
      erase: options.unifiedProject === undefined ? '^contacts\\.Delete$' : '^contacts\\.Delete unified$',
    },
    settings: (credentials) => ({
      baseUrl: simulator.baseUrl,
      keyId: simulator.credentials().keyId,
      apiKey: credentials === 'right' ? simulator.credentials().apiKey : 'not the key',
      project,
      ...(options.projects ? { otherProjects: options.projects.slice(1) } : {}),
      ...(options.unifiedProject ? { unifiedProject: options.unifiedProject } : {}),
      recordIdField: simulator.recordIdField,
    }),
    people,
    seed({ address, contactKey, fields = {}, permissions = {} }: Seed) {
      const own = contactKey === undefined ? {} : { [simulator.recordIdField]: contactKey };
      const [id = ''] = simulator.addContacts([
        { email: address, fields: { ...fields, ...own }, consents: permissions, project },
      ]);
      people();
      return id;
    },
    isErased: (id) =>
      !simulator.contacts().some((one) => one.id === id || one.email.toLowerCase() === addresses.get(id)),
    setFaults: (plan) => simulator.setFaults(plan),
    counts: () => simulator.counts(),
    close: () => simulator.close(),
  };
}
