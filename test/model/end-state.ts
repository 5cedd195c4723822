/**
 * What the platforms must hold after a history of the CRM, read off the design (sections 3, 5 and 6) and written in
 * another manner than the product: it never sees a ledger, a lease or a call, only what the CRM says at the moments when
 * everything was settled, what was asked for, and what people did on the platform themselves. Where the design leaves
 * the order open it follows several worlds; the truth has to be one of them. Imports nothing from the source.
 *
 * Exact: who exists, under which address, with which data, who is gone. Permissions have a bound from above (the CRM
 * grants it, and nobody lowered it since) and, in simple cases, one from below.
 */
import { settleAddresses } from './end-state-addresses.ts';
import {
  type Bits,
  decisionOf,
  erased,
  isFindable,
  keyOf,
  type Mailable,
  type Person,
  type Place,
  strange,
  validAddress,
} from './end-state-people.ts';
import { settleRecords } from './end-state-records.ts';

export type { Bits, Mailable } from './end-state-people.ts';

/** One row of the CRM, deleted ones too. */
export interface CrmPerson {
  /** `table/guid` */
  readonly ref: string;
  readonly table: string;
  readonly created: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly state: string;
  readonly merged: boolean;
  readonly doNotEmail: boolean;
  readonly doNotBulkEmail: boolean;
  readonly email: string | null;
  /** The column that the `only` filters of these tests look at. */
  readonly marketing: boolean;
  readonly grants: Bits;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TableRules {
  readonly onlyMarketing: boolean;
  readonly whenOutOfScope: string;
}

export interface TargetRules {
  readonly name: string;
  readonly identity: 'address' | 'record';
  /** Whether the address of a contact can be changed in place. */
  readonly addressMutable: boolean;
  readonly permissions: readonly string[];
  readonly tables: Readonly<Record<string, TableRules | undefined>>;
}

export interface Rules {
  readonly targets: readonly TargetRules[];
  readonly anonymizeInactive: Readonly<Record<string, boolean>>;
  /** Addresses, normalised, and `table/guid`. */
  readonly suppressed: ReadonlySet<string>;
}

/** What CRM users asked for by jobs since everything was settled last. */
export interface Request {
  readonly ref: string;
  readonly operation: 'anonymizeContact' | 'syncContact';
}

export interface Settled {
  readonly rules: Rules;
  readonly crm: readonly CrmPerson[];
  readonly requests: readonly Request[];
  /** Per target, the records that the connector parked because external ids would cross: a documented outcome. */
  readonly crossing: Readonly<Record<string, readonly string[]>>;
}

export interface World {
  readonly places: ReadonlyMap<string, Place>;
  /** Record → the version at which it was erased on request. */
  readonly marks: ReadonlyMap<string, number>;
  /** Record → the valid address it had when everything was settled last. */
  readonly applied: ReadonlyMap<string, string>;
  /** Record → the last address that a feed showed. */
  readonly seen: ReadonlyMap<string, string>;
  /** Record → the CRM's permissions when everything was settled last. */
  readonly grants: ReadonlyMap<string, Bits>;
}

export const emptyWorld: World = {
  places: new Map(),
  marks: new Map(),
  applied: new Map(),
  seen: new Map(),
  grants: new Map(),
};

export function normalised(address: string): string {
  return address.trim().normalize('NFC').toLowerCase();
}

/** Somebody whom the platform had before the connector came. */
export function withEarlierContact(world: World, target: TargetRules, contact: Mailable): World {
  const place = world.places.get(target.name) ?? { people: new Map(), homes: new Map() };
  const person: Person = { ...strange, there: true, foreign: true, address: contact.address, up: contact.permissions };
  const key = target.identity === 'address' ? normalised(contact.address) : `by hand ${contact.externalId}`;
  const people = new Map(place.people).set(key, person);
  return { ...world, places: new Map(world.places).set(target.name, { ...place, people }) };
}

/** The feeds were read to their ends; nothing else happened. */
export function afterReading(world: World, crm: readonly CrmPerson[]): World {
  const seen = new Map(world.seen);
  for (const record of crm) {
    if (!record.deleted && record.email?.trim()) seen.set(record.ref, normalised(record.email));
    // A tombstone carries only an id.
    else if (record.deleted && !seen.has(record.ref)) seen.set(record.ref, `nobody ${record.ref}`);
  }
  return { ...world, seen };
}

/** The person took a permission back on the platform. It was up before. */
export function afterOptOut(world: World, target: TargetRules, contact: Mailable, permission: string): World {
  const place = world.places.get(target.name);
  const key = keyOfContact(target, contact, place);
  const person = place?.people.get(key);
  if (!place || !person) return world;
  const lowered: Person = {
    ...person,
    up: { ...person.up, [permission]: false },
    sure: { ...person.sure, [permission]: false },
    pending: { ...person.pending, [permission]: false },
  };
  const people = new Map(place.people).set(key, lowered);
  return { ...world, places: new Map(world.places).set(target.name, { ...place, people }) };
}

function keyOfContact(target: TargetRules, contact: Mailable, place: Place | undefined): string {
  if (target.identity === 'address') return normalised(contact.address);
  for (const [key] of place?.people ?? []) if (key.split('/')[1] === contact.externalId) return key;
  return `by hand ${contact.externalId}`;
}

/** Everything was settled: all the worlds that may be true now. */
export function afterSettling(before: World, settled: Settled): World[] {
  const read = afterReading(before, settled.crm);
  const world = afterErasures(read, settled);
  const along = new Set([...world.marks.keys()].filter((ref) => world.marks.get(ref) !== read.marks.get(ref)));
  for (const { ref, operation } of settled.requests) if (operation === 'anonymizeContact') along.delete(ref);
  const combinations = settled.rules.targets.reduce<ReadonlyMap<string, Place>[]>(
    (done, target) => {
      const place = world.places.get(target.name) ?? { people: new Map(), homes: new Map() };
      const settle = target.identity === 'address' ? settleAddresses : settleRecords;
      const ways = settle(place, { target, world, along, ...settled, parked: settled.crossing[target.name] ?? [] });
      return done.flatMap((places) => ways.map((way) => new Map(places).set(target.name, way)));
    },
    [world.places],
  );
  const applied = new Map(world.applied);
  const grants = new Map(world.grants);
  for (const record of settled.crm) {
    if (record.deleted) continue;
    const decision = decisionOf(record, undefined, settled.rules, world.marks);
    if (decision.validAddress) applied.set(record.ref, decision.validAddress);
    grants.set(record.ref, record.grants);
  }
  return combinations.map((places) => ({ ...world, places, applied, grants }));
}

/** An erasure goes over every address the person is known by, and marks the records of everybody who is that person. */
function afterErasures(world: World, { rules, crm, requests }: Settled): World {
  const byRef = new Map(crm.map((record) => [record.ref, record]));
  const valid = requests.filter((request) => byRef.get(request.ref)?.deleted === false);
  const marks = new Map(world.marks);
  for (const { ref, operation } of valid) if (operation === 'syncContact') marks.delete(ref);
  const places = new Map(world.places);
  for (const { ref, operation } of valid) {
    if (operation !== 'anonymizeContact') continue;
    for (const target of rules.targets) {
      const place = places.get(target.name) ?? { people: new Map(), homes: new Map() };
      const own = byRef.get(ref);
      const called = new Set(target.identity === 'record' || !own ? [ref] : addressesOf(own, crm, place, world));
      const people = new Map(place.people);
      for (const key of called) {
        const person = key === undefined ? undefined : people.get(key);
        if (key !== undefined && person && isFindable(person, key, crm)) {
          // Under several addresses it is open at which of them their permissions are remembered.
          const { remembered, ...gone } = erased(person);
          people.set(key, { ...gone, remembered: called.size > 1 ? {} : remembered });
        }
      }
      places.set(target.name, { ...place, people });
      for (const record of crm) {
        const isOwn = record.ref === ref;
        const key = keyOf(record, place, world);
        // Whoever comes to an address that the person left is another one.
        const isHere = called.has(key) && (validAddress(record) === undefined || key === called.values().next().value);
        const isSame = target.identity === 'address' && isHere;
        if ((isOwn || isSame) && !record.deleted) marks.set(record.ref, record.version);
      }
    }
  }
  return { ...world, marks, places };
}

/** The address that the person has, and those they left where nobody else was or is new. */
function addressesOf(own: CrmPerson, crm: readonly CrmPerson[], place: Place, world: World): string[] {
  const present = keyOf(own, place, world);
  const former = [place.homes.get(own.ref), world.applied.get(own.ref), world.seen.get(own.ref)];
  if (validAddress(own) === undefined) return [present, ...former.filter((key) => key !== undefined)];
  const isTheirs = (key: string): boolean =>
    crm.every((record) => {
      const isElsewhere = record.ref === own.ref || record.deleted || keyOf(record, place, world) !== key;
      return isElsewhere || (place.homes.get(record.ref) ?? key) !== key;
    });
  return [present, ...former.filter((key) => key !== undefined && isTheirs(key))] as string[];
}

/** What is wrong in every world, or undefined when one of them is true. */
export function contradiction(
  worlds: readonly World[],
  rules: Rules,
  held: Readonly<Record<string, readonly Mailable[]>>,
): string | undefined {
  let first: string | undefined;
  for (const world of worlds) {
    const wrong = rules.targets.flatMap((target) => wrongAt(world.places.get(target.name), target, held));
    if (wrong.length === 0) return undefined;
    first ??= wrong.join('; ');
  }
  return first ?? 'no world is left';
}

function wrongAt(
  place: Place | undefined,
  target: TargetRules,
  held: Readonly<Record<string, readonly Mailable[]>>,
): string[] {
  const wrong: string[] = [];
  const found = new Map<string, Mailable[]>();
  for (const contact of held[target.name] ?? []) {
    const key = keyOfContact(target, contact, place);
    found.set(key, [...(found.get(key) ?? []), contact]);
  }
  for (const [key, person] of place?.people ?? []) {
    const contacts = found.get(key) ?? [];
    found.delete(key);
    if (person.unknown) continue;
    const [contact] = contacts;
    if (contacts.length !== (person.there ? 1 : 0)) {
      wrong.push(`${target.name}: ${key} is there ${contacts.length} times instead of ${person.there ? 1 : 0}`);
    } else if (contact) wrong.push(...wrongData(target, key, person, contact));
  }
  for (const key of found.keys()) wrong.push(`${target.name}: ${key} is there, and nobody knows why`);
  return wrong;
}

function wrongData(target: TargetRules, key: string, person: Person, contact: Mailable): string[] {
  const wrong: string[] = [];
  if (contact.address !== person.address) wrong.push(`${target.name}: ${key} has another spelling of the address`);
  for (const [name, value] of Object.entries(person.fields))
    if (contact.fields[name] !== value) {
      wrong.push(`${target.name}: ${key} has ${name} ${String(contact.fields[name])} instead of ${String(value)}`);
    }
  for (const name of target.permissions) {
    const isUp = contact.permissions[name] ?? false;
    if (isUp && !person.up[name]) wrong.push(`${target.name}: ${key} has ${name} up without a right to it`);
    if (!isUp && person.sure[name]) wrong.push(`${target.name}: ${key} has ${name} down although it was given`);
  }
  return wrong;
}

/** Each world once. */
export function distinct(worlds: readonly World[]): World[] {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, part) =>
      part instanceof Map ? [...part].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) : part,
    );
  return [...new Map(worlds.map((world) => [text(world), world])).values()];
}
