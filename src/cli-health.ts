/** What `/readyz` and `/metrics` of the worker say: which parts it needs, and which figures are worth an alarm. */
import type { App } from './app.ts';
import { ConnectorError } from './http/errors.ts';
import type { ReadyPart } from './server/health.ts';
import type { Measure } from './server/metrics.ts';

export function readyParts({ core, queues }: App, isSuperseded: () => boolean): ReadyPart[] {
  return [
    {
      name: 'database',
      async check() {
        await core.store.overview.now();
      },
    },
    {
      name: 'queue',
      async check() {
        await queues?.counts();
      },
    },
    {
      name: 'configuration',
      async check() {
        if (!isSuperseded()) return;
        throw new ConnectorError('config', 'CONFIGURATION_SUPERSEDED', 'another configuration is in force');
      },
    },
  ];
}

export function measuresOf({ core, queues }: App): Measure[] {
  const { store } = core;
  const perTarget = (
    name: string,
    help: string,
    read: (row: Awaited<ReturnType<typeof store.overview.counts>>[number]) => number,
  ): Measure => ({
    name,
    help,
    labels: ['target'],
    read: async () =>
      (await store.overview.counts()).map((row) => ({ labels: { target: row.target }, value: read(row) })),
  });
  return [
    perTarget('owed', 'Records whose latest change is not applied yet.', (row) => row.owed),
    perTarget('parked', 'Records that wait for a mend.', (row) => row.parked),
    perTarget('held', 'Automatic anonymizations that wait for a review.', (row) => row.held),
    {
      name: 'target_paused',
      help: '1 while nothing is sent to the target.',
      labels: ['target'],
      async read() {
        const now = (await store.overview.now()).getTime();
        return (await store.targets.all()).map((row) => ({
          labels: { target: row.target },
          value: (row.paused_until?.getTime() ?? 0) > now ? 1 : 0,
        }));
      },
    },
    {
      name: 'erasures_open',
      help: 'Explicit erasures that are not finished.',
      labels: [],
      read: async () => [{ labels: {}, value: (await store.erasures.countOpen()).open }],
    },
    {
      name: 'erasure_oldest_seconds',
      help: 'Age of the oldest open erasure.',
      labels: [],
      async read() {
        const { oldest } = await store.erasures.countOpen();
        return [{ labels: {}, value: oldest ? Math.max(0, (core.now() - oldest.getTime()) / 1000) : 0 }];
      },
    },
    {
      name: 'holds_open',
      help: 'Holds that wait for a review.',
      labels: [],
      read: async () => [
        { labels: {}, value: (await store.brake.holds()).filter((hold) => hold.state === 'open').length },
      ],
    },
    {
      name: 'alarm',
      help: '1 for every alarm that is raised now.',
      labels: ['alarm', 'subject'],
      read: async () =>
        (await store.alarms.raised()).map(({ alarm, subject }) => ({ labels: { alarm, subject }, value: 1 })),
    },
    {
      name: 'table_stopped',
      help: '1 while a table is not read because something has to be mended.',
      labels: ['table'],
      read: async () =>
        (await store.checkpoints.all()).map((row) => ({
          labels: { table: row.crm_table },
          value: row.stopped_code === null ? 0 : 1,
        })),
    },
    {
      name: 'pull_age_seconds',
      help: 'Since when a table was not read to its end.',
      labels: ['table'],
      read: async () =>
        (await store.checkpoints.all()).flatMap((row) =>
          row.position_at === null
            ? []
            : [
                {
                  labels: { table: row.crm_table },
                  value: Math.max(0, (core.now() - row.position_at.getTime()) / 1000),
                },
              ],
        ),
    },
    {
      name: 'jobs',
      help: 'Wake-ups by job and state.',
      labels: ['job', 'state'],
      async read() {
        const counts = await queues?.counts();
        return Object.entries(counts ?? {}).flatMap(([job, states]) =>
          Object.entries(states).map(([state, value]) => ({ labels: { job, state }, value })),
        );
      },
    },
  ];
}
