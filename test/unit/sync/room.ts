/**
 * One installation in memory, and one batch of it: what the steps of a batch share, over the real store semantics.
 * Guarantees: time stands still unless a test lets it pass; alarms and log lines are remembered in order.
 */
import type { Settings } from '../../../config/settings.ts';
import {
  formatRecordRef,
  type RecordId,
  type RecordRef,
  type TableName,
  type TargetName,
} from '../../../config/words.ts';
import type { Capabilities } from '../../../src/platforms/platform.ts';
import type { Lease, LedgerMember } from '../../../src/store/deliveries.ts';
import type { DeliveryRow, RecordRow } from '../../../src/store/tables.ts';
import { apply } from '../../../src/sync/apply.ts';
import { type Batch, newBatch } from '../../../src/sync/batch.ts';
import type { Core, Target } from '../../../src/sync/core.ts';
import { type Gathered, gather, type View } from '../../../src/sync/gather.ts';
import { pull } from '../../../src/sync/pull.ts';
import type { ApplyResult } from '../../../src/sync/use-cases.ts';
import {
  type Choices,
  createFakeWorld,
  type FakeWorld,
  leaseSeconds,
  type TargetChoice,
} from '../../support/fakes/fake-world.ts';
import type { CrmValues } from '../../support/fakes/memory-crm.ts';
import type { MemoryPlatform, Script } from '../../support/fakes/memory-platform.ts';
import { type LogLine, recordingLogger } from '../../support/logger.ts';

export const first = 'first' as TargetName;
export const never = new AbortController().signal;

const every = { onlyMarketing: false, whenOutOfScope: 'resetPermissions' } as const;

export interface RoomOptions {
  readonly target?: Partial<TargetChoice>;
  readonly anonymizeInactive?: boolean;
  readonly brakeCount?: number;
  /** What is different from the settings of the fake world. */
  readonly settings?: (settings: Settings) => Settings;
  readonly capabilities?: Partial<Capabilities>;
  readonly script?: Script;
  /** Targets beside the first one, like it. */
  readonly more?: readonly string[];
}

export interface Room {
  readonly world: FakeWorld;
  readonly core: Core;
  readonly platform: MemoryPlatform;
  /** `raise kind subject CODE` and `clear kind subject`, in order. */
  readonly alarms: string[];
  /** What the alarms say to people. */
  readonly sentences: string[];
  /** Wake-ups asked for. */
  readonly woken: string[];
  readonly lines: readonly LogLine[];
  /** Calls of store, CRM and platform so far, by name. */
  readonly calls: string[];
  /** Forgets all of these. */
  forget(): void;
}

export async function openRoom(options: RoomOptions = {}): Promise<Room> {
  const world = createFakeWorld();
  const choices: Choices = {
    targets: [
      {
        name: first,
        identity: 'address',
        tables: { contact: every, lead: every, account: every },
        ...options.target,
      },
      ...(options.more ?? []).map(
        (name): TargetChoice => ({
          name,
          identity: 'address',
          tables: { contact: every, lead: every, account: every },
        }),
      ),
    ],
    anonymizeInactive: {
      contact: options.anonymizeInactive ?? false,
      lead: options.anonymizeInactive ?? false,
      account: false,
    },
    ...(options.brakeCount === undefined ? {} : { brakeCount: options.brakeCount }),
  };
  await world.configure(choices);
  const alarms: string[] = [];
  const logger = recordingLogger();
  const calls: string[] = [];
  const sentences: string[] = [];
  const woken: string[] = [];
  const { script } = options;
  const core = world.worker({
    before: (call) => void calls.push(call),
    ...(script ? { script: () => script } : {}),
    bend: (made) => ({
      ...made,
      targets: new Map([...made.targets].map(([name, target]) => [name, capable(target, options.capabilities)])),
      wake: { ...made.wake, apply: async (target) => void woken.push(target) },
      settings: options.settings ? options.settings(made.settings) : made.settings,
      logger: logger as unknown as Core['logger'],
      alarms: {
        raise: async (alarm, subject, code, message) => {
          alarms.push(`raise ${alarm} ${subject} ${code}`);
          sentences.push(message);
        },
        clear: async (alarm, subject) => void alarms.push(`clear ${alarm} ${subject}`),
      },
    }),
  });
  const platform = world.platforms.get(first)!;
  const remembered: unknown[][] = [alarms, sentences, woken, logger.lines, calls];
  return {
    world,
    core,
    platform,
    alarms,
    sentences,
    woken,
    lines: logger.lines,
    calls,
    forget() {
      for (const list of remembered) list.length = 0;
    },
  };
}

function capable(target: Target, capabilities: Partial<Capabilities> = {}): Target {
  const platform = { ...target.platform, capabilities: { ...target.platform.capabilities, ...capabilities } };
  return { ...target, platform, urgent: platform };
}

export const id = (n: number): RecordId => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000` as RecordId;
export const ref = (n: number, table: TableName = 'contact'): RecordRef => ({ table, id: id(n) });
export const nameOf = (n: number, table: TableName = 'contact'): string => formatRecordRef(ref(n, table));
export const addressOf = (n: number): string => `person${n}@people.example`;

/** A person of Dynamics, with both permissions, at an address of their own. */
export function addPerson({ world }: Room, n: number, values: CrmValues = {}, table: TableName = 'contact'): void {
  world.crm.create(ref(n, table), {
    email: addressOf(n),
    createdOn: '2025-01-01T00:00:00.000Z',
    ...values,
    columns: { name: `person ${n}`, new_newsletter: true, new_events: true, new_marketing: true, ...values.columns },
  });
}

/** Reads the news of all tables. */
export async function pullAll({ core }: Room): Promise<void> {
  for (const table of Object.keys(core.settings.tables) as TableName[]) await pull(core, table, never);
}

let leases = 0;

export interface Work {
  readonly batch: Batch;
  readonly claimed: readonly LedgerMember[];
}

/** Claims what is due. */
export async function claim(room: Room, more: Partial<Batch> = {}): Promise<Work> {
  const { core } = room;
  const token = `00000000-0000-4000-8000-${String(++leases).padStart(12, '0')}`;
  const lease: Lease = { target: first, token, seconds: leaseSeconds };
  const claimed = await core.store.deliveries.claim(lease, 100, core.epoch);
  const started = newBatch(core, first, { lease, signal: never, deadline: core.now() + 20_000, trigger: 'change' });
  const batch: Batch = { ...started, ...more };
  return { batch, claimed };
}

/** Claims what is due and reads it. */
export async function claimAndGather(room: Room, more: Partial<Batch> = {}): Promise<Work & { gathered: Gathered }> {
  const work = await claim(room, more);
  return { ...work, gathered: await gather(room.core, work.batch.lease, work.claimed, never) };
}

export function deliveryOf({ world }: Room, n: number, table: TableName = 'contact'): DeliveryRow {
  const row = world.store.tables.deliveries.get(first)?.get(nameOf(n, table));
  if (!row) throw new Error(`${nameOf(n, table)} has no delivery`);
  return row;
}

export function recordOf({ world }: Room, n: number, table: TableName = 'contact'): RecordRow {
  const row = world.store.tables.records.get(nameOf(n, table));
  if (!row) throw new Error(`${nameOf(n, table)} is not known`);
  return row;
}

/** Milliseconds until the delivery is due; undefined when it is not owed. */
export function dueInMs(room: Room, n: number, table: TableName = 'contact'): number | undefined {
  const { due_at } = deliveryOf(room, n, table);
  return due_at === null ? undefined : due_at.getTime() - room.world.now();
}

export function viewOf(views: readonly View[], n: number, table: TableName = 'contact'): View {
  const view = views.find((one) => one.name === nameOf(n, table));
  if (!view) throw new Error(`${nameOf(n, table)} was not read`);
  return view;
}

/** The same view, as if so many attempts had failed. */
export function withAttempts(view: View, attempts: number): View {
  const { claim: claimed } = view.ledger;
  return claimed ? { ...view, ledger: { ...view.ledger, claim: { ...claimed, attempts } } } : view;
}

export function withoutClaim(view: View): View {
  return { ...view, ledger: { ...view.ledger, claim: undefined } };
}

export function contactAt({ platform }: Room, n: number) {
  return platform.account.byAddress(addressOf(n))[0];
}

/** Brings everything to its end, and forgets what that took. */
export async function settle(room: Room): Promise<void> {
  await room.world.settle(room.core);
  room.forget();
}

/** Reads the news, and applies once what is due. */
export async function applyOnce(room: Room): Promise<ApplyResult> {
  await pullAll(room);
  return apply(room.core, first, never);
}
