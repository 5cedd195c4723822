/**
 * What two keys mean together. Each check is a named object, looks only at parts whose shape is right, and returns
 * the mistakes it finds. Guarantees: no check reads the environment, a file or the network, and none quotes a value
 * other than the name of a key, a table, a field or a permission.
 */

import { canonicalJson } from './canonical.ts';
import { type CrossCheck, tableChecks } from './checks-tables.ts';
import type { Draft } from './draft.ts';
import type { MistakeAt } from './mistakes.ts';
import { isLoopbackHost } from './schema-parts.ts';

const ways = ['clientSecret', 'certificate', 'managedIdentity'] as const;

export const crossChecks: readonly CrossCheck[] = [
  {
    name: 'exactly one way to sign in',
    find: ({ dataverse }) => {
      if (!dataverse) return [];
      const used = ways.filter((way) => dataverse.auth[way] !== undefined);
      if (used.length === 1) return [];
      const wrong = used.length === 0 ? 'has no way to sign in' : `has ${used.join(' and ')} at once`;
      return [
        { at: ['dataverse', 'auth'], wrong, expected: 'exactly one of clientSecret, certificate or managedIdentity' },
      ];
    },
  },
  {
    name: 'a secret or certificate belongs to an application of a tenant',
    find: ({ dataverse }) => {
      if (!dataverse || dataverse.auth.managedIdentity) return [];
      const way = dataverse.auth.clientSecret ? 'clientSecret' : dataverse.auth.certificate ? 'certificate' : undefined;
      if (!way) return [];
      const needed = { authority: 'the login address with the tenant', clientId: 'the application id' } as const;
      return (['authority', 'clientId'] as const)
        .filter((key) => dataverse.auth[key] === undefined)
        .map((key) => ({
          at: ['dataverse', 'auth', key],
          wrong: 'is missing',
          expected: `${needed[key]}, which ${way} needs`,
        }));
    },
  },
  {
    name: 'a managed identity has no authority',
    find: ({ dataverse }) =>
      dataverse?.auth.managedIdentity && dataverse.auth.authority !== undefined
        ? [
            {
              at: ['dataverse', 'auth', 'authority'],
              wrong: 'is not used with managedIdentity',
              expected: 'the key left out',
            },
          ]
        : [],
  },
  {
    name: 'a call ends before its claim does',
    find: ({ dataverse, worker, targets }) => {
      if (!worker) return [];
      const expected = `less than worker.leaseSeconds (${worker.leaseSeconds})`;
      const timeouts = [
        ...(dataverse ? [{ at: ['dataverse', 'callTimeoutSeconds'], seconds: dataverse.callTimeoutSeconds }] : []),
        ...targets.flatMap(({ index, common }) =>
          common ? [{ at: ['targets', index, 'callTimeoutSeconds'], seconds: common.callTimeoutSeconds }] : [],
        ),
      ];
      return timeouts
        .filter(({ seconds }) => seconds >= worker.leaseSeconds)
        .map(({ at }) => ({ at, wrong: 'is longer than a claim lasts', expected }));
    },
  },
  {
    name: 'a late effect ends after the call itself',
    find: ({ targets }) =>
      targets.flatMap(({ index, common }) =>
        common?.lateEffectSeconds !== undefined && common.lateEffectSeconds < common.callTimeoutSeconds
          ? [
              {
                at: ['targets', index, 'lateEffectSeconds'],
                wrong: 'is shorter than a call may take',
                expected: `at least callTimeoutSeconds (${common.callTimeoutSeconds})`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'target names are different',
    find: ({ targets }) =>
      targets.flatMap(({ index, common }) => {
        const twin = targets.find(
          (other) => other.index < index && other.common?.name.toLowerCase() === common?.name.toLowerCase(),
        );
        return common && twin
          ? [
              {
                at: ['targets', index, 'name'],
                wrong: `is the name of targets[${twin.index}] too`,
                expected: 'a name of its own',
              },
            ]
          : [];
      }),
  },
  {
    name: 'targets are different accounts',
    find: ({ targets }) =>
      targets.flatMap(({ index, common, own }) => {
        const same = (other: Draft['targets'][number]) =>
          other.index < index &&
          other.common?.platform === common?.platform &&
          other.own !== undefined &&
          canonicalJson(other.own, 'reveal') === canonicalJson(own, 'reveal');
        const twin = common && own !== undefined ? targets.find(same) : undefined;
        return twin
          ? [
              {
                at: ['targets', index],
                wrong: `is the same account as targets[${twin.index}]`,
                expected: 'one target for each account on a platform',
              },
            ]
          : [];
      }),
  },
  ...tableChecks,
  {
    name: 'the brake has room between its bounds',
    find: ({ brake }) =>
      brake && brake.minCount > brake.maxCount
        ? [
            {
              at: ['brake', 'minCount'],
              wrong: 'is above maxCount',
              expected: `at most brake.maxCount (${brake.maxCount})`,
            },
          ]
        : [],
  },
  {
    name: 'job columns and options are different from each other',
    find: ({ marketingJobs: jobs }) => {
      if (!jobs) return [];
      const { anonymizeContact, syncContact, ...statuses } = jobs.options;
      return [
        ...twins(jobs.columns, ['marketingJobs', 'columns'], 'column'),
        ...twins({ anonymizeContact, syncContact }, ['marketingJobs', 'options'], 'operation'),
        ...twins(statuses, ['marketingJobs', 'options'], 'status'),
      ];
    },
  },
  {
    name: 'a former hash key is not the current one',
    find: ({ privacy }) => {
      const keys = privacy ? [privacy.hashKey, ...privacy.previousHashKeys].map((key) => key.reveal()) : [];
      return keys.flatMap((key, index) => {
        const first = keys.indexOf(key);
        if (first === index) return [];
        const wrong = first === 0 ? 'is the same as hashKey' : `is the same as previousHashKeys[${first - 1}]`;
        return [
          { at: ['privacy', 'previousHashKeys', index - 1], wrong, expected: 'a former key, or the entry left out' },
        ];
      });
    },
  },
  {
    name: 'the hash key is used for nothing else',
    find: ({ privacy, server }) =>
      privacy && server?.adminToken?.reveal() === privacy.hashKey.reveal()
        ? [{ at: ['server', 'adminToken'], wrong: 'is the same as privacy.hashKey', expected: 'a token of its own' }]
        : [],
  },
  {
    name: 'the secret of the webhook is used for nothing else',
    find: ({ privacy, server }) => {
      const secret = server?.webhook?.secret.reveal();
      const others = [privacy?.hashKey, server?.adminToken].map((other) => other?.reveal());
      return secret !== undefined && others.includes(secret)
        ? [{ at: ['server', 'webhook', 'secret'], wrong: 'is used elsewhere too', expected: 'a secret of its own' }]
        : [];
    },
  },
  {
    name: 'a server that others can reach asks for a token',
    find: ({ server }) =>
      server && !isLoopbackHost(server.host) && !server.adminToken
        ? [
            {
              at: ['server', 'adminToken'],
              wrong: 'is missing',
              expected: 'a secret of at least 16 bytes, because server.host is not loopback',
            },
          ]
        : [],
  },
];

function twins(group: Readonly<Record<string, unknown>>, at: readonly string[], what: string): MistakeAt[] {
  const entries = Object.entries(group).filter(([, value]) => value !== undefined);
  return entries.flatMap(([key, value], index) => {
    const twin = entries.slice(0, index).find(([, other]) => other === value);
    return twin ? [{ at: [...at, key], wrong: `is the same as ${twin[0]}`, expected: `another ${what}` }] : [];
  });
}
