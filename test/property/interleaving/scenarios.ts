/**
 * What two workers can run into: one record is live on one target, a second one beside it, and two things happen to them
 * while both workers are at it. Each scenario is a world that the scheduler can step through, and a verdict by the model:
 * whenever the first thing was or was not settled before the second came, one of those ends has to be the end.
 */
import { formatRecordRef, type RecordId, type RecordRef } from '../../../config/words.ts';
import { apply } from '../../../src/sync/apply.ts';
import type { Core } from '../../../src/sync/core.ts';
import { marketingJobs } from '../../../src/sync/marketing-jobs.ts';
import { pull } from '../../../src/sync/pull.ts';
import {
  afterSettling,
  type CrmPerson,
  contradiction,
  distinct,
  emptyWorld,
  type Mailable,
  type Request,
  type Rules,
  type World,
} from '../../model/end-state.ts';
import {
  type Choices,
  countingIds,
  createFakeWorld,
  type FakeWorld,
  leaseSeconds,
  permissionNames,
  type TargetChoice,
} from '../../support/fakes/fake-world.ts';
import { type Gate, gated } from './gates.ts';
import type { Steps } from './scheduler.ts';

export type Happening =
  | 'edit'
  | 'optOutInCrm'
  | 'delete'
  | 'erasure'
  | 'expiry'
  | 'lateWrite'
  | 'move'
  | 'join'
  | 'swap'
  | 'deleteOther'
  | 'editOther'
  | 'joinOther';

export interface Scenario {
  readonly happenings: readonly Happening[];
  /** Automatic anonymizations that the brake lets through. */
  readonly brakeCount?: number;
  /** The two records are one person from the beginning. */
  readonly shared?: boolean;
  /** The other record is a lead, which is another feed, and has no address at the beginning. */
  readonly otherIsLead?: boolean;
  /** Puts a broken guard into both workers. */
  readonly plant?: Plant;
  /** What else has to be true at the end. */
  readonly also?: (world: FakeWorld) => string | undefined;
}

export type Plant = (core: Core, world: FakeWorld) => Core;

const never = new AbortController().signal;
const one: RecordRef = { table: 'contact', id: '00000001-0000-4000-8000-000000000000' as RecordId };
const otherId = '00000002-0000-4000-8000-000000000000' as RecordId;
const all = { onlyMarketing: false, whenOutOfScope: 'resetPermissions' } as const;

/** What a worker does in one go. */
async function work(core: Core, withJobs: boolean): Promise<void> {
  for (const table of ['lead', 'contact'] as const) if (core.settings.tables[table]) await pull(core, table, never);
  if (withJobs) await marketingJobs(core, never);
  for (const name of core.targets.keys()) await apply(core, name, never);
  if (withJobs) await marketingJobs(core, never);
}

function asksForErasure(scenario: Scenario): boolean {
  return scenario.happenings.includes('erasure');
}

/** Calls that cannot make a difference where nobody asks for an erasure, or nothing is near the brake's limit. */
function besides(scenario: Scenario): RegExp {
  const families = [
    asksForErasure(scenario) ? [] : ['erasures', 'jobs'],
    scenario.brakeCount === undefined ? ['brake'] : [],
  ];
  const names = families.flat();
  return names.length > 0 ? new RegExp(`^(${names.join('|')})\\.`) : /^$/;
}

export async function begin(scenario: Scenario): Promise<Steps> {
  const world = createFakeWorld();
  const choices: Choices = {
    targets: [
      {
        name: 'main',
        identity: 'address',
        tables: scenario.otherIsLead ? { contact: all, lead: all } : { contact: all },
      },
    ],
    anonymizeInactive: { contact: false, lead: false, account: false },
    ...(scenario.brakeCount === undefined ? {} : { brakeCount: scenario.brakeCount }),
  };
  await world.configure(choices);
  const other: RecordRef = { table: scenario.otherIsLead ? 'lead' : 'contact', id: otherId };
  const given = { new_newsletter: true, new_events: false };
  world.crm.create(one, {
    email: 'one@one.example',
    createdOn: '2025-01-01T00:00:00Z',
    columns: { name: 'one', ...given },
  });
  const email = scenario.otherIsLead ? null : scenario.shared ? 'one@one.example' : 'two@two.example';
  world.crm.create(other, { email, createdOn: '2025-02-01T00:00:00Z', columns: { name: 'other', ...given } });
  await world.settle(world.worker({ uuid: countingIds(100) }));

  const judge = createJudge(world, choices.targets[0]?.tables ?? {});
  judge.settled();
  let isCut = false;
  const script = () => (call: string) => {
    if (!isCut || call === 'find' || call === 'hasNobody') return undefined;
    isCut = false;
    return { kind: 'late', forMs: 39_000 } as const;
  };
  const workers: Gate[] = [1, 2].map((maker) => {
    const core = world.worker({ script, uuid: countingIds(maker) });
    return gated(`worker ${maker}`, core, besides(scenario));
  });
  for (const [index, worker] of workers.entries())
    worker.start((core) => work(scenario.plant?.(core, world) ?? core, index === 0 && asksForErasure(scenario)));
  await quiet();

  const coming: { readonly name: string; readonly happen: () => void }[] = scenario.happenings.flatMap((happening) =>
    happenings(happening, world, other, judge, () => {
      isCut = true;
    }),
  );

  return {
    enabled() {
      const next = coming[0];
      const names = workers.filter((worker) => worker.waiting() !== undefined).map((worker) => worker.name);
      return next ? [...names, next.name] : names;
    },
    async step(name) {
      const worker = workers.find((candidate) => candidate.name === name);
      if (worker) {
        worker.open();
        await quiet();
        return;
      }
      coming.shift()?.happen();
    },
    state() {
      const { evidence: _, ...tables } = world.store.tables;
      const stored = JSON.stringify(tables, (_key, value) => (value instanceof Map ? [...value] : value));
      const outside = [...world.platforms.values()].map((platform) => platform.describe());
      return JSON.stringify([
        stored,
        world.crm.describe(),
        outside,
        workers.map((worker) => [worker.seen(), worker.waiting()]),
        coming.length,
        isCut,
        world.now(),
      ]);
    },
    async verdict() {
      for (const worker of workers) if (!worker.isDone()) return `${worker.name} waits for nothing`;
      isCut = false;
      try {
        world.pass(leaseSeconds * 1000 + 1);
        const last = world.worker({ uuid: countingIds(50) });
        await world.settle(scenario.plant?.(last, world) ?? last);
      } catch (error) {
        return `it does not settle: ${String(error)}`;
      }
      // What the brake holds is not the end that the model knows.
      const problem = scenario.brakeCount === undefined ? judge.verdict() : undefined;
      return problem ?? scenario.also?.(world);
    },
  };
}

/** Until every worker computes no more. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

interface Judge {
  readonly ask: (operation: Request['operation'], ref: RecordRef) => void;
  /** Something happened in the CRM: before it everything may have been settled, or nothing. */
  readonly before: () => void;
  readonly settled: () => void;
  readonly verdict: () => string | undefined;
}

function createJudge(world: FakeWorld, tables: TargetChoice['tables']): Judge {
  const rules: Rules = {
    targets: [
      {
        name: 'main',
        identity: 'address',
        addressMutable: true,
        permissions: permissionNames,
        tables,
      },
    ],
    anonymizeInactive: {},
    suppressed: new Set(),
  };
  let branches: { readonly world: World; readonly requests: readonly Request[] }[] = [
    { world: emptyWorld, requests: [] },
  ];

  function settle(): void {
    const crm = peopleOf(world);
    const crossing = { main: parkedOf(world) };
    branches = branches.flatMap((branch) =>
      distinct(afterSettling(branch.world, { rules, crm, requests: branch.requests, crossing })).map((next) => ({
        world: next,
        requests: [],
      })),
    );
  }

  return {
    ask(operation, ref) {
      const request: Request = { ref: formatRecordRef(ref), operation };
      branches = branches.map((branch) => ({ ...branch, requests: [...branch.requests, request] }));
    },
    before() {
      const unsettled = branches;
      settle();
      branches = [...unsettled, ...branches];
    },
    settled: settle,
    verdict() {
      settle();
      const held = { main: [...(world.platforms.get('main')?.account.contacts ?? [])] as readonly Mailable[] };
      return contradiction(
        branches.map((branch) => branch.world),
        rules,
        held,
      );
    },
  };
}

function happenings(
  happening: Happening,
  world: FakeWorld,
  other: RecordRef,
  judge: Judge,
  cut: () => void,
): { name: string; happen: () => void }[] {
  const { crm } = world;
  const inCrm = (name: string, happen: () => void): { name: string; happen: () => void }[] => [
    {
      name,
      happen() {
        judge.before();
        happen();
      },
    },
  ];
  const isThere = (ref: RecordRef): boolean => crm.get(ref)?.deleted === false;
  switch (happening) {
    case 'edit':
      return inCrm('edit', () => isThere(one) && crm.update(one, { columns: { name: 'edited' } }));
    case 'optOutInCrm':
      return inCrm('opt-out in the CRM', () => isThere(one) && crm.update(one, { columns: { new_newsletter: false } }));
    case 'delete':
      return inCrm('delete', () => isThere(one) && crm.delete(one));
    case 'deleteOther':
      return inCrm('delete the other', () => isThere(other) && crm.delete(other));
    case 'editOther':
      return inCrm('edit the other', () => isThere(other) && crm.update(other, { columns: { name: 'edited too' } }));
    case 'joinOther':
      return inCrm('the other joins', () => isThere(other) && crm.update(other, { email: 'one@one.example' }));
    case 'move':
      return inCrm('move', () => isThere(one) && crm.update(one, { email: 'three@three.example' }));
    case 'join':
      return inCrm('join', () => isThere(one) && crm.update(one, { email: 'two@two.example' }));
    case 'swap':
      return inCrm('swap', () => {
        if (!isThere(one)) return;
        crm.update(one, { email: 'two@two.example' });
        crm.update(other, { email: 'one@one.example' });
      });
    case 'erasure':
      return inCrm('erasure', () => {
        if (!isThere(one)) return;
        const id = '00000001-0000-4000-9000-000000000000' as RecordId;
        if (crm.jobs.get(id)) return;
        crm.jobs.create(id, 'anonymizeContact', one);
        judge.ask('anonymizeContact', one);
      });
    case 'expiry':
      return [{ name: 'leases expire', happen: () => world.pass(leaseSeconds * 1000 + 1) }];
    case 'lateWrite':
      return [
        { name: 'the next write is cut', happen: cut },
        { name: 'what was cut lands', happen: () => world.platforms.get('main')?.landOne() },
      ];
  }
}

function parkedOf(world: FakeWorld): string[] {
  return [...world.store.tables.deliveries.values()].flatMap((rows) =>
    [...rows].flatMap(([name, row]) => (row.parked_code?.endsWith('IDS_WOULD_CROSS') ? [name] : [])),
  );
}

function peopleOf(world: FakeWorld): CrmPerson[] {
  return [...world.crm.records.values()].map((row) => ({
    ref: formatRecordRef(row),
    table: row.table,
    created: row.createdOn,
    version: row.version,
    deleted: row.deleted,
    state: row.state,
    merged: row.merged,
    doNotEmail: row.doNotEmail,
    doNotBulkEmail: row.doNotBulkEmail,
    email: row.email,
    marketing: false,
    grants: { Newsletter: row.columns.new_newsletter === true, Events: row.columns.new_events === true },
    fields: { name: row.columns.name, kind: row.table },
  }));
}
