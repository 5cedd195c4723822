/**
 * What can happen in a random history, as plain data: it is drawn by fast-check, printed when a history fails, and read
 * again by hand. A command that makes no sense at its moment is skipped by whoever runs it.
 */
import fc from 'fast-check';
import type { Fault } from '../../support/fakes/memory-platform.ts';

/** The people of a history. */
export const slots = ['contact', 'contact', 'contact', 'lead', 'lead', 'account'] as const;
/** The second spelling is the same address; the last two are none. */
export const addresses = [
  'anna@one.example',
  'Anna@One.example',
  'bert@two.example',
  'cleo@three.example',
  'dora@four.example',
  'not an address',
  null,
] as const;

export type Flag = 'doNotEmail' | 'doNotBulkEmail' | 'marketing' | 'Newsletter' | 'Events';

/** Why a target does nothing for a while: it is down, says 429, refuses the credentials, or somebody paused it. */
export type Absence = 'unavailable' | 'throttled' | 'refused' | 'paused';

export type Command =
  | { readonly do: 'create'; readonly slot: number; readonly address: number; readonly flags: readonly Flag[] }
  | { readonly do: 'edit'; readonly slot: number }
  | { readonly do: 'flag'; readonly slot: number; readonly flag: Flag }
  | { readonly do: 'address'; readonly slot: number; readonly address: number }
  | { readonly do: 'swap'; readonly slot: number; readonly with: number }
  | { readonly do: 'state'; readonly slot: number; readonly state: 'active' | 'inactive' }
  | { readonly do: 'delete' | 'restore'; readonly slot: number }
  | { readonly do: 'merge'; readonly slot: number; readonly into: number }
  | { readonly do: 'qualify'; readonly slot: number; readonly into: number }
  | { readonly do: 'job'; readonly slot: number; readonly operation: 'anonymizeContact' | 'syncContact' }
  | { readonly do: 'optOut'; readonly target: number; readonly contact: number; readonly permission: number }
  | { readonly do: 'suppress'; readonly address: number }
  | { readonly do: 'suppressRecord'; readonly slot: number }
  | { readonly do: 'inactiveSetting'; readonly table: 'contact' | 'lead' | 'account' }
  | { readonly do: 'scopeSetting'; readonly onlyMarketing: boolean; readonly whenOutOfScope: number }
  | { readonly do: 'secondTarget' | 'look' | 'expire' | 'reconcile' }
  | { readonly do: 'leave'; readonly target: number; readonly how: Absence }
  | { readonly do: 'return'; readonly target: number }
  | { readonly do: 'settle'; readonly faults: readonly (Fault | null)[]; readonly deaths: readonly number[] };

export interface History {
  readonly identity: 'address' | 'record';
  readonly secondIdentity: 'address' | 'record';
  readonly addressMutable: boolean;
  /** Whether a contact is given the id of whoever it is now, where the address tells people apart. */
  readonly ownKeys?: boolean;
  /** Targets beside the first one from the beginning, each with what it tells people apart by. */
  readonly others?: readonly ('address' | 'record')[];
  /** Addresses whom the platform knows from earlier times. */
  readonly earlier: readonly number[];
  readonly commands: readonly Command[];
}

const slot = fc.integer({ min: 0, max: slots.length - 1 });
const contact = fc.integer({ min: 0, max: 2 });
const lead = fc.integer({ min: 3, max: 4 });
/** Mostly the first few, so that people share addresses. */
const address = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5, max: 6 }) },
);
const flag = fc.constantFrom<Flag[]>('doNotEmail', 'doNotBulkEmail', 'marketing', 'Newsletter', 'Events');
const grants = fc.subarray<Flag>(['Newsletter', 'Events', 'marketing']);

export const fault: fc.Arbitrary<Fault | null> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constantFrom<Fault[]>({ kind: 'unavailable' }, { kind: 'lost' }, { kind: 'half' }) },
  { weight: 1, arbitrary: fc.constant<Fault>({ kind: 'throttled', forMs: 3000 }) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 39 }).map((seconds): Fault => ({ kind: 'late', forMs: seconds * 1000 })),
  },
);

const calm = fc.constant<Command>({ do: 'settle', faults: [], deaths: [] });
const rough: fc.Arbitrary<Command> = fc
  .tuple(fc.array(fault, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 160 }), { maxLength: 2 }))
  .map(([faults, deaths]) => ({ do: 'settle', faults, deaths }));

const create = fc.tuple(slot, address, grants, fc.option(flag, { freq: 6 })).map(
  ([where, at, given, more]): Command => ({
    do: 'create',
    slot: where,
    address: at,
    flags: more ? [...given, more] : given,
  }),
);

const choices: fc.WeightedArbitrary<Command>[] = [
  { weight: 10, arbitrary: create },
  { weight: 7, arbitrary: calm },
  { weight: 3, arbitrary: rough },
  { weight: 3, arbitrary: slot.map((where): Command => ({ do: 'edit', slot: where })) },
  {
    weight: 6,
    arbitrary: fc.tuple(slot, flag).map(([where, what]): Command => ({ do: 'flag', slot: where, flag: what })),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(slot, address).map(([where, at]): Command => ({ do: 'address', slot: where, address: at })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(slot, slot).map(([where, other]): Command => ({ do: 'swap', slot: where, with: other })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(slot, fc.constantFrom('active' as const, 'inactive' as const))
      .map(([where, state]): Command => ({ do: 'state', slot: where, state })),
  },
  { weight: 4, arbitrary: slot.map((where): Command => ({ do: 'delete', slot: where })) },
  { weight: 3, arbitrary: slot.map((where): Command => ({ do: 'restore', slot: where })) },
  {
    weight: 1,
    arbitrary: fc.tuple(contact, contact).map(([where, into]): Command => ({ do: 'merge', slot: where, into })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(lead, contact).map(([where, into]): Command => ({ do: 'qualify', slot: where, into })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(slot, fc.constantFrom('anonymizeContact' as const, 'anonymizeContact' as const, 'syncContact' as const))
      .map(([where, operation]): Command => ({ do: 'job', slot: where, operation })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 1 }))
      .map(([target, who, permission]): Command => ({ do: 'optOut', target, contact: who, permission })),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 }).map((at): Command => ({ do: 'suppress', address: at })) },
  { weight: 1, arbitrary: slot.map((where): Command => ({ do: 'suppressRecord', slot: where })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('contact' as const, 'lead' as const, 'account' as const)
      .map((table): Command => ({ do: 'inactiveSetting', table })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.boolean(), fc.integer({ min: 0, max: 2 }))
      .map(([onlyMarketing, whenOutOfScope]): Command => ({ do: 'scopeSetting', onlyMarketing, whenOutOfScope })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('secondTarget' as const, 'look' as const, 'look' as const, 'expire' as const, 'reconcile' as const)
      .map((what): Command => ({ do: what })),
  },
];

const target = fc.integer({ min: 0, max: 2 });
const settled = fc.oneof({ weight: 4, arbitrary: calm }, { weight: 1, arbitrary: rough });
const leave = fc
  .tuple(target, fc.constantFrom<Absence[]>('unavailable', 'throttled', 'refused', 'paused'))
  .map(([which, how]): Command => ({ do: 'leave', target: which, how }));
const comeBack = target.map((which): Command => ({ do: 'return', target: which }));
const erase = slot.map((where): Command => ({ do: 'job', slot: where, operation: 'anonymizeContact' }));
const moveTo = fc.tuple(slot, address).map(([where, at]): Command => ({ do: 'address', slot: where, address: at }));

/** What follows one another while a target is away; each thing alone, with or without a settling after it. */
const scenes: fc.WeightedArbitrary<Command[]>[] = [
  { weight: 8, arbitrary: fc.tuple(fc.oneof(...choices)) },
  { weight: 4, arbitrary: fc.tuple(fc.oneof(...choices), settled) },
  { weight: 3, arbitrary: fc.tuple(leave, settled) },
  { weight: 3, arbitrary: fc.tuple(leave, erase, settled) },
  { weight: 2, arbitrary: fc.tuple(erase, settled) },
  { weight: 4, arbitrary: fc.tuple(moveTo, settled) },
  { weight: 3, arbitrary: fc.tuple(comeBack, settled) },
];

const people = fc.tuple(fc.array(create, { minLength: 2, maxLength: 5 }), settled);

const world = {
  identity: fc.constantFrom('address' as const, 'address' as const, 'address' as const, 'record' as const),
  secondIdentity: fc.constantFrom('address' as const, 'record' as const),
  addressMutable: fc.constantFrom(true, true, true, false),
  earlier: fc.uniqueArray(fc.constantFrom(0, 2, 3), { maxLength: 2 }),
};

export const histories: fc.Arbitrary<History> = fc.record({
  ...world,
  ownKeys: fc.boolean(),
  commands: fc.array(fc.oneof(...choices), { minLength: 4, maxLength: 24, size: 'max' }),
});

/** Two or three targets, each of which may be away for a while. */
export const outages: fc.Arbitrary<History> = fc.record({
  ...world,
  others: fc.array(fc.constantFrom('address' as const, 'address' as const, 'record' as const), {
    minLength: 1,
    maxLength: 2,
  }),
  commands: fc
    .tuple(people, fc.array(fc.oneof(...scenes), { minLength: 3, maxLength: 12, size: 'max' }))
    .map(([[created, first], rest]): Command[] => [...created, first, ...rest.flat()]),
});
