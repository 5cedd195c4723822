/**
 * The suite's hands: a bench and an adapter per test, people to write, and what a failure said. Guarantees: whatever a
 * test opened is closed after it; addresses end in `.example`.
 */
import { afterEach, beforeEach } from '@jest/globals';
import pino from 'pino';
import type { TableSettings } from '../../../config/settings.ts';
import { Personal, parseRecordId, type RecordId } from '../../../config/words.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import { unlimitedPace } from '../../../src/http/pace.ts';
import type { OpenPlatform, PlatformContext } from '../../../src/platforms/context.ts';
import type { ContactRef, FieldValue, Outcome, PermissionBits, UpsertItem } from '../../../src/platforms/platform.ts';
import { platforms } from '../../../src/platforms/registry.ts';
import type { Bench, ConformanceSubject, Seed, SeenPerson } from './subject.ts';

export const signal = new AbortController().signal;

export interface Opened extends Partial<PlatformContext> {
  readonly credentials?: 'right' | 'wrong';
}

export interface World {
  readonly subject: ConformanceSubject;
  readonly bench: Bench;
  /** The adapter with everything right. */
  readonly adapter: OpenPlatform;
  open(changes?: Opened): OpenPlatform;
}

/** Registers a fresh world for each test of the calling describe block. */
export function worldOf(subject: ConformanceSubject): () => World {
  let world: World | undefined;
  let opened: OpenPlatform[] = [];
  let nonces = 0;

  beforeEach(async () => {
    const bench = await subject.start();
    const open = ({ credentials = 'right', ...changes }: Opened = {}): OpenPlatform => {
      const kind = platforms[subject.platform];
      if (!kind) throw new Error(`the registry has no platform ${subject.platform}`);
      const adapter = kind.create(bench.settings(credentials), {
        identity: 'address',
        tables: { contact: tableOf(subject) },
        pace: unlimitedPace,
        logger: pino({ level: 'silent' }),
        timeoutMs: 10_000,
        now: Date.now,
        nonce: () => `nonce-${++nonces}`,
        ...changes,
      });
      opened.push(adapter);
      return adapter;
    };
    world = { subject, bench, adapter: open(), open };
  });

  afterEach(async () => {
    for (const adapter of opened) adapter.close();
    opened = [];
    await world?.bench.close();
    world = undefined;
  });

  return () => {
    if (!world) throw new Error('no test is running');
    return world;
  };
}

/** The mapping that everything is written with. */
export function tableOf(
  subject: ConformanceSubject,
  more: { readonly fields?: readonly string[]; readonly permissions?: readonly string[] } = {},
): TableSettings {
  const fields = [...subject.textFields, ...Object.keys(subject.badFields), ...(more.fields ?? [])];
  const permissions = [...subject.permissions, ...(more.permissions ?? [])];
  return {
    email: 'emailaddress1',
    fields: Object.fromEntries(fields.map((name) => [name, { kind: 'column', column: `new_${name}`, as: 'value' }])),
    permissions: Object.fromEntries(permissions.map((name) => [name, `new_${name}`])),
    whenOutOfScope: 'resetPermissions',
  };
}

export function guid(number: number): RecordId {
  const id = parseRecordId(`${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`);
  if (!id) throw new Error('not a GUID');
  return id;
}

export function bits(subject: ConformanceSubject, value: boolean | ((index: number) => boolean)): PermissionBits {
  return Object.fromEntries(
    subject.permissions.map((name, index) => [name, typeof value === 'boolean' ? value : value(index)]),
  );
}

export interface Wish extends Partial<Omit<UpsertItem, 'address' | 'fields'>> {
  readonly address?: string;
  readonly first?: FieldValue;
  readonly second?: FieldValue;
  readonly fields?: Readonly<Record<string, FieldValue>>;
}

/** Person `number` as the core would send them the first time, unless told otherwise. */
export function item(subject: ConformanceSubject, number: number, wish: Wish = {}): UpsertItem {
  const {
    address = `person${number}@one.example`,
    first = `First ${number}`,
    second = 'Second',
    fields,
    ...rest
  } = wish;
  const key = guid(number);
  return {
    contactKey: key,
    ref: { contactKeys: [key], recordIds: [key], address: new Personal(address) },
    address: new Personal(address),
    fields: new Personal({ [subject.textFields[0]]: first, [subject.textFields[1]]: second, ...fields }),
    permissionsOnCreate: bits(subject, true),
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...rest,
  };
}

/** The person as the core calls them once a write was answered: with every id that it learnt. */
export function refAfter(number: number, outcome: Outcome | undefined, address?: string): ContactRef {
  const key = guid(number);
  const learnt = outcome?.contactKey;
  return {
    contactKeys: learnt === undefined || learnt === key ? [key] : [key, learnt],
    recordIds: [key],
    ...(address === undefined ? {} : { address: new Personal(address) }),
  };
}

/** Writes one person and answers the outcome. */
export async function write(adapter: OpenPlatform, one: UpsertItem): Promise<Outcome> {
  const [outcome] = await adapter.upsert([one], signal);
  if (!outcome) throw new Error('no outcome');
  return outcome;
}

/** Person `number` written the first time; answers how the core calls them from then on. */
export async function born(world: World, number: number, wish: Wish = {}): Promise<ContactRef> {
  const one = item(world.subject, number, wish);
  const outcome = await write(world.adapter, one);
  if (outcome.kind !== 'done') throw new Error(`person ${number} was not written: ${outcome.kind} ${outcome.detail}`);
  return refAfter(number, outcome, one.address.reveal());
}

/** Somebody from earlier times, with the platform's own id. */
export async function earlier(world: World, seed: Seed): Promise<string> {
  return world.bench.seed({ permissions: bits(world.subject, true), ...seed });
}

/** The one person under an address, whatever its capitals. Throws when there are several. */
export async function at(world: World, address: string): Promise<SeenPerson | undefined> {
  const wanted = address.normalize('NFC').toLowerCase();
  const found = (await world.bench.people()).filter(
    (person) => person.address?.normalize('NFC').toLowerCase() === wanted,
  );
  if (found.length > 1) throw new Error(`${found.length} people have one address`);
  return found[0];
}

export async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
  const error = await work.then(
    (value) => new Error(`nothing was thrown, but answered: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof ConnectorError) return error;
  throw error;
}
