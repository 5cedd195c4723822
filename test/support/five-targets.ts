/**
 * Five targets at once, one of each platform, each against a simulator of its own, for a worker of the test. What a
 * platform calls its properties and permissions comes from the subjects of the conformance suite.
 */
import type { FaultPlan } from '../../fixtures/simulators/kit.ts';
import { bolddesk } from '../conformance/platforms/bolddesk.ts';
import { dialogInsight } from '../conformance/platforms/dialoginsight.ts';
import { keap } from '../conformance/platforms/keap.ts';
import { mailjet } from '../conformance/platforms/mailjet.ts';
import { spotler } from '../conformance/platforms/spotler.ts';
import type { Bench, ConformanceSubject, SeenPerson } from '../conformance/platforms/subject.ts';
import type { Group } from './worker.ts';

const subjects = [spotler, mailjet, keap, bolddesk, dialogInsight] as const satisfies readonly ConformanceSubject[];

export interface FiveTargets {
  /** For `targets` of the configuration; `more` by the name of the platform, which is the name of the target. */
  configuration(more?: Readonly<Record<string, Group>>): Group[];
  readonly names: readonly string[];
  people(name: string): Promise<readonly SeenPerson[]>;
  setFaults(name: string, plan: FaultPlan): void;
  /** Somebody put there by hand, with every permission up. */
  seed(name: string, address: string): Promise<void>;
  close(): Promise<void>;
}

const permissionColumns = ['new_newsletter', 'new_productnews', 'new_events'];

function tableOf({ textFields: [first, second], permissions }: ConformanceSubject): Group {
  return {
    fields: {
      firstName: null,
      lastName: null,
      city: null,
      customerType: null,
      [first]: 'firstname',
      [second]: 'address1_city',
    },
    permissions: {
      Newsletter: null,
      Events: null,
      ...Object.fromEntries(
        permissions.map((name, index) => [name, permissionColumns[index % permissionColumns.length]]),
      ),
    },
  };
}

export async function startFiveTargets(): Promise<FiveTargets> {
  const benches = new Map<string, { readonly subject: ConformanceSubject; readonly bench: Bench }>();
  for (const subject of subjects) benches.set(subject.platform, { subject, bench: await subject.start() });

  function benchOf(name: string): Bench {
    const found = benches.get(name);
    if (!found) throw new Error(`there is no target ${name}`);
    return found.bench;
  }

  return {
    names: [...benches.keys()],
    configuration: (more = {}) =>
      [...benches].map(([name, { subject, bench }]) => ({
        ...{ name, platform: subject.platform, requestsPerSecond: 1000, callTimeoutSeconds: 2, lateEffectSeconds: 4 },
        ...(bench.settings('right') as Group),
        tables: { contact: tableOf(subject), lead: null, account: null },
        ...more[name],
      })),
    people: async (name) => benchOf(name).people(),
    setFaults: (name, plan) => benchOf(name).setFaults(plan),
    async seed(name, address) {
      const permissions = benches.get(name)?.subject.permissions ?? [];
      await benchOf(name).seed({ address, permissions: Object.fromEntries(permissions.map((one) => [one, true])) });
    },
    async close() {
      for (const { bench } of benches.values()) await bench.close();
    },
  };
}
