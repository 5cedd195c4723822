/**
 * What the platforms must hold after a history of the CRM, read off the design (sections 3, 5 and 6) and written in
 * another manner than the product: it never sees a ledger, a lease or a call, only what the CRM says at the moments when
 * everything was settled, what was asked for, and what people did on the platform themselves. Where the design leaves
 * the order open it follows several worlds; the truth has to be one of them. Imports nothing from the source.
 *
 * Exact: who exists, under which address, with which data, who is gone. Permissions have a bound from above (the CRM
 * grants it, and nobody lowered it since) and, in simple cases, one from below.
 */
import { begunWithoutCalls, settleAddresses } from './end-state-addresses.ts';
import {
  type Bits,
  decisionOf,
  emptyPlace,
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

/** What was asked for, by jobs or by hand, since everything was settled last. */
export interface Request {
  readonly ref: string;
  readonly operation: 'anonymizeContact' | 'syncContact';
  /** It is an erasure that stands already: whoever deletes the record now does not take it back. */
  readonly stands?: boolean;
}

/**
 * An erasure that a target has not answered yet. "An erasure is done when every target says done or absent" (section 3),
 * and only then are the records marked; until then its rule fires on every target (section 5, line 1 of section 6).
 */
export interface OpenErasure {
  readonly ref: string;
  /** Targets that have answered. */
  readonly answered: ReadonlySet<string>;
  /** Records that were this person on a target when it answered. */
  readonly noted: ReadonlySet<string>;
  /** The address they had when it was first tried: it is kept, sealed, until everybody has answered (section 3, 6). */
  readonly address: string | undefined;
}

export interface Settled {
  readonly rules: Rules;
  readonly crm: readonly CrmPerson[];
  readonly requests: readonly Request[];
  /** Per target, the records that the connector parked because external ids would cross: a documented outcome. */
  readonly crossing: Readonly<Record<string, readonly string[]>>;
  /** Targets that could not be reached, and why: there everything is as it was, and nobody else waited for them. */
  readonly away?: ReadonlyMap<string, string>;
}

export interface World {
  readonly places: ReadonlyMap<string, Place>;
  /** Record → the version at which it was erased on request. */
  readonly marks: ReadonlyMap<string, number>;
  /** Record → the valid address it had when everything was settled last. */
  readonly applied: ReadonlyMap<string, string>;
  /** Record → the last address that a feed showed. */
  readonly seen: ReadonlyMap<string, string>;
  readonly open: readonly OpenErasure[];
}

export const emptyWorld: World = {
  places: new Map(),
  marks: new Map(),
  applied: new Map(),
  seen: new Map(),
  open: [],
};

export function normalised(address: string): string {
  return address.trim().normalize('NFC').toLowerCase();
}

/** Somebody whom the platform had before the connector came. */
export function withEarlierContact(world: World, target: TargetRules, contact: Mailable): World {
  const place = world.places.get(target.name) ?? emptyPlace;
  const person: Person = { ...strange, there: true, foreign: true, address: contact.address, up: contact.permissions };
  const key = target.identity === 'address' ? normalised(contact.address) : `by hand ${contact.externalId}`;
  const people = new Map(place.people).set(key, person);
  return { ...world, places: new Map(world.places).set(target.name, { ...place, people }) };
}

/** The feeds were read to their ends; nothing else happened. */
export function afterReading(world: World, crm: readonly CrmPerson[]): World {
  const seen = new Map(world.seen);
  for (const record of crm) {
    const address = validAddress(record);
    if (address) seen.set(record.ref, address);
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
  if (target.identity === 'address') {
    const own = normalised(contact.address);
    if (place?.people.get(own)?.there) return own;
    // Somebody whose move has begun on a target that is away has their former address there.
    const moving = [...(place?.people ?? [])].find(([, { there, address }]) => there && address === contact.address);
    return moving?.[0] ?? own;
  }
  for (const [key] of place?.people ?? []) if (key.split('/')[1] === contact.externalId) return key;
  return `by hand ${contact.externalId}`;
}

/** Everything that could be was settled: all the worlds that may be true now. */
export function afterSettling(before: World, settled: Settled): World[] {
  return reopened(before, settled).flatMap((world) => settledFrom(world, settled));
}

/**
 * A target that is tried and does not answer is not needed to see that somebody has come to share the address with a person
 * who was erased there: it will have to do its part again. Whether it was tried at the right moment is open.
 */
function reopened(world: World, { rules, crm, away }: Settled): World[] {
  const tried = rules.targets.filter(({ name }) => away?.has(name) && away.get(name) !== 'paused');
  return world.open.reduce<World[]>(
    (all, erasure, index) => {
      const own = crm.find(({ ref }) => ref === erasure.ref);
      const again = tried.filter((target) => {
        const place = world.places.get(target.name) ?? emptyPlace;
        if (!own || target.identity === 'record' || !erasure.answered.has(target.name)) return false;
        const key = keyOf(own, place, world);
        const hasCompany = crm.some((record) => record.ref !== own.ref && keyOf(record, place, world) === key);
        return hasCompany || joined(own, crm, place, world).length > 0;
      });
      if (again.length === 0) return all;
      const answered = new Set([...erasure.answered].filter((name) => again.every((target) => target.name !== name)));
      return all.flatMap((one) => [one, { ...one, open: one.open.with(index, { ...erasure, answered }) }]);
    },
    [world],
  );
}

function settledFrom(before: World, settled: Settled): World[] {
  const read = afterReading(before, settled.crm);
  const present = settled.rules.targets.filter(({ name }) => !settled.away?.has(name));
  const world = afterErasures(read, settled, present, false);
  // Whether a target that had answered noticed who came to share the address before the last one answered is open.
  const sooner = afterErasures(read, settled, present, true);
  const worlds = sooner.open.length < before.open.length ? [world, sooner] : [world];
  return worlds.flatMap((next) => settledAfter(next, before, read, settled, present));
}

function settledAfter(
  world: World,
  before: World,
  read: World,
  settled: Settled,
  present: readonly TargetRules[],
): World[] {
  const kept = new Set(world.open.flatMap(({ noted }) => [...noted]));
  const keptBefore = new Set(before.open.flatMap(({ noted }) => [...noted]));
  const marked = [...world.marks.keys()].filter((ref) => world.marks.get(ref) !== read.marks.get(ref));
  const along = new Set([...marked, ...kept].filter((ref) => !keptBefore.has(ref)));
  for (const { ref, operation } of settled.requests) if (operation === 'anonymizeContact') along.delete(ref);
  const combinations = present.reduce<ReadonlyMap<string, Place>[]>(
    (done, target) => {
      const place = world.places.get(target.name) ?? emptyPlace;
      const settle = target.identity === 'address' ? settleAddresses : settleRecords;
      const open = openAt(target, place, world, settled.crm);
      const parked = settled.crossing[target.name] ?? [];
      const ways = settle(place, { ...settled, target, world, along, open, kept, parked });
      return done.flatMap((places) =>
        ways.map((way) => new Map(places).set(target.name, { ...way, grants: grantsAt(way, settled.crm) })),
      );
    },
    [world.places],
  );
  const tried = [...(settled.away ?? [])].flatMap(([name, how]) => {
    const target = settled.rules.targets.find((candidate) => candidate.name === name);
    return target && how !== 'paused' ? [target] : [];
  });
  // Nothing is sent for them there, whatever becomes of them.
  const open = tried.map((target) => openAt(target, world.places.get(target.name) ?? emptyPlace, world, settled.crm));
  const mayWait = new Set([
    ...kept,
    ...settled.crm.flatMap((record) => {
      const address = validAddress(record);
      return address !== undefined && open.some((keys) => keys.has(address)) ? [record.ref] : [];
    }),
  ]);
  const begun = tried.reduce(
    (all, target) =>
      all.flatMap((places) => {
        const place = places.get(target.name) ?? emptyPlace;
        return begunWithoutCalls(place, target, world, settled.crm, mayWait).map((next) =>
          new Map(places).set(target.name, next),
        );
      }),
    combinations,
  );
  const applied = new Map(world.applied);
  for (const record of settled.crm) {
    // The ledger notes the address with the first target that has applied it.
    if (record.deleted || present.every(({ tables }) => !tables[record.table])) continue;
    const decision = decisionOf(record, undefined, settled.rules, world.marks);
    if (decision.validAddress) applied.set(record.ref, decision.validAddress);
  }
  return begun.map((places) => ({ ...world, places, applied }));
}

/** What the CRM grants now, of those who are there; of others what it granted when they were there last. */
function grantsAt({ people, homes, grants }: Place, crm: readonly CrmPerson[]): Map<string, Bits> {
  const next = new Map(grants);
  for (const record of crm) {
    const home = homes.get(record.ref) ?? record.ref;
    if (!record.deleted && (people.get(home)?.there || !grants.has(record.ref))) next.set(record.ref, record.grants);
  }
  return next;
}

/** The people of a target of whom one is being erased, also by a record whose table is not for it. */
function openAt(target: TargetRules, place: Place, world: World, crm: readonly CrmPerson[]): Set<string> {
  const asked = new Set(world.open.map(({ ref }) => ref));
  const records = crm.filter(({ ref }) => asked.has(ref));
  return new Set(records.map((record) => (target.identity === 'record' ? record.ref : keyOf(record, place, world))));
}

/**
 * An erasure goes, on each target that can be reached, over every address the person is known by there; when every target
 * has answered it marks the records of everybody who was that person, as they are then.
 */
function afterErasures(
  world: World,
  { rules, crm, requests, away }: Settled,
  present: readonly TargetRules[],
  sooner: boolean,
): World {
  const byRef = new Map(crm.map((record) => [record.ref, record]));
  const valid = requests.filter(({ ref, stands }) => stands || byRef.get(ref)?.deleted === false);
  const marks = new Map(world.marks);
  for (const { ref, operation } of valid) if (operation === 'syncContact') marks.delete(ref);
  const asked = valid.filter(({ operation }) => operation === 'anonymizeContact');
  const begun = asked.map(
    ({ ref }): OpenErasure => ({ ref, answered: new Set(), noted: new Set(), address: undefined }),
  );
  let done: World = { ...world, marks };
  const open: OpenErasure[] = [];
  for (const erasure of [...world.open, ...begun]) {
    const own = byRef.get(erasure.ref);
    const isTried = rules.targets.some(({ name, identity }) => identity === 'address' && away?.get(name) !== 'paused');
    const address = erasure.address ?? (own && isTried ? validAddress(own) : undefined);
    const [next, answered] = present.reduce<[World, OpenErasure]>(
      ([so, far], target) => answeredBy(target, far, so, crm, sooner),
      [done, { ...erasure, address }],
    );
    done = next;
    const isAnswered = rules.targets.every(({ name }) => answered.answered.has(name));
    const [looked, missing] = rules.targets.reduce<[World, string[]]>(
      ([so, far], target) => {
        const isHere = present.includes(target);
        const [after, isLeft] = lookedAgain(target, answered, so, crm, isHere && isAnswered);
        return [isHere ? after : so, isLeft && !isHere ? [...far, target.name] : far];
      },
      [done, []],
    );
    done = looked;
    if (!isAnswered || missing.length > 0) {
      const still = isAnswered ? missing : [];
      open.push({ ...answered, answered: new Set([...answered.answered].filter((name) => !still.includes(name))) });
      continue;
    }
    for (const ref of [answered.ref, ...answered.noted]) {
      const record = byRef.get(ref);
      if (record && !record.deleted) marks.set(ref, record.version);
    }
  }
  return { ...done, marks, open };
}

/** One target does its part; one that has done it does it again where the person has come to share a profile since. */
function answeredBy(
  target: TargetRules,
  erasure: OpenErasure,
  world: World,
  crm: readonly CrmPerson[],
  sooner: boolean,
): [World, OpenErasure] {
  const place = world.places.get(target.name) ?? emptyPlace;
  const own = crm.find(({ ref }) => ref === erasure.ref);
  const isFirst = !erasure.answered.has(target.name);
  const called = new Set(
    target.identity === 'record' || !own
      ? [erasure.ref]
      : isFirst
        ? addressesOf(own, erasure, crm, place, world)
        : joined(own, crm, place, world),
  );
  const people = new Map(place.people);
  for (const key of called) {
    const person = people.get(key);
    if (person && (key === erasure.address || isFindable(person, key, crm))) {
      // Under several addresses it is open at which of them their permissions are remembered.
      const { remembered, ...gone } = erased(person);
      people.set(key, { ...gone, remembered: called.size > 1 ? {} : remembered });
    }
  }
  const noted = new Set(erasure.noted);
  // The records of the profile are those that share it until the erasure is complete.
  const isUnnoticed = sooner && called.size === 0;
  if (!isFirst && own && !isUnnoticed) called.add(keyOf(own, place, world));
  const present = own ? keyOf(own, place, world) : undefined;
  for (const record of crm) {
    const key = keyOf(record, place, world);
    // Whoever comes to an address that the person left is another one.
    const isHere = called.has(key) && (validAddress(record) === undefined || key === present);
    // Whoever was erased before by themselves is no company.
    const isCompany = isFirst || world.marks.get(record.ref) !== record.version;
    if (target.identity === 'address' && isHere && record !== own && isCompany) noted.add(record.ref);
  }
  // What they left to come here is theirs too, unless somebody else comes there: they may have it by then.
  for (const ref of own && target.identity === 'address' ? noted : []) {
    const key = place.homes.get(ref);
    const person = key === undefined ? undefined : people.get(key);
    const record = crm.find((candidate) => candidate.ref === ref);
    const hasCome = record && !record.deleted && keyOf(record, place, world) === present && key !== present;
    const isFree = crm.every(
      (other) => other === own || other.deleted || noted.has(other.ref) || keyOf(other, place, world) !== key,
    );
    if (key === undefined || present === undefined || !person?.there || person.foreign || !hasCome || !isFree) continue;
    people.set(key, { ...strange, remembered: person.remembered, former: true });
    // They may have moved along first: then what they had is what is remembered.
    const here = people.get(present);
    if (here && !here.there) people.set(present, { ...here, remembered: {} });
  }
  // Whether the profile of somebody erased along had moved with them before this target did its part is open: then whoever
  // has their address there from earlier times is erased as well.
  for (const record of isFirst && target.identity === 'address' ? crm : []) {
    const key = keyOf(record, place, world);
    const person = people.get(key);
    if (erasure.noted.has(record.ref) && person?.there && person.foreign) people.set(key, { ...person, unknown: true });
  }
  const answered = new Set(erasure.answered).add(target.name);
  return [
    { ...world, places: new Map(world.places).set(target.name, { ...place, people }) },
    { ...erasure, answered, noted },
  ];
}

/**
 * Before an erasure is complete every target is looked at once more: the person may have come there meanwhile, or whoever
 * was erased along on another target may be there still. Answers whether somebody is. Until then it is open whether those
 * are erased already.
 */
function lookedAgain(
  target: TargetRules,
  erasure: OpenErasure,
  world: World,
  crm: readonly CrmPerson[],
  isComplete: boolean,
): [World, boolean] {
  const place = world.places.get(target.name);
  const own = crm.find(({ ref }) => ref === erasure.ref);
  if (!place || !own || target.identity === 'record' || !erasure.answered.has(target.name)) return [world, false];
  const people = new Map(place.people);
  let isLeft = joined(own, crm, place, world).length > 0 || place.people.get(keyOf(own, place, world))?.there === true;
  for (const ref of erasure.noted) {
    const key = place.homes.get(ref);
    const person = key === undefined ? undefined : people.get(key);
    if (key === undefined || !person?.there || person.foreign) continue;
    if (!isOnlyTheirs(key, own, erasure.noted, crm, place, world)) continue;
    isLeft = true;
    // One call may have erased them under all their addresses: what they had at this one was not read then.
    people.set(key, isComplete ? { ...erased(person), remembered: {} } : { ...person, unknown: true });
  }
  // Whoever was erased along and has come, before that, to somebody who is gone from the CRM: they may be erased for both.
  for (const ref of erasure.noted) {
    const record = crm.find((candidate) => candidate.ref === ref);
    const key = record && keyOf(record, place, world);
    const person = key === undefined ? undefined : people.get(key);
    if (!key || !person?.there || place.homes.get(ref) === key) continue;
    if (isOnlyTheirs(key, own, erasure.noted, crm, place, world)) people.set(key, { ...person, unknown: true });
  }
  return [{ ...world, places: new Map(world.places).set(target.name, { ...place, people }) }, isLeft];
}

/** Nobody else was there and stays, or is new there. */
function isOnlyTheirs(
  key: string,
  own: CrmPerson,
  noted: ReadonlySet<string>,
  crm: readonly CrmPerson[],
  place: Place,
  world: World,
): boolean {
  return crm.every((record) => {
    const isElsewhere = record.ref === own.ref || record.deleted || keyOf(record, place, world) !== key;
    return isElsewhere || noted.has(record.ref) || (place.homes.get(record.ref) ?? key) !== key;
  });
}

/**
 * Where the person has gone after this target had done its part: to somebody who was there and stayed, or to an address
 * of which it is not known yet whether somebody from earlier times has it.
 */
function joined(own: CrmPerson, crm: readonly CrmPerson[], place: Place, world: World): string[] {
  const key = keyOf(own, place, world);
  const isTheirs = (record: CrmPerson): boolean =>
    !record.deleted && place.homes.get(record.ref) === key && keyOf(record, place, world) === key;
  const person = place.people.get(key);
  const isNew = validAddress(own) === key && (person === undefined || person.foreign);
  return isNew || (person?.there && crm.some(isTheirs)) ? [key] : [];
}

/** The address that the person has, and those they left where nobody else was or is new. */
function addressesOf(
  own: CrmPerson,
  { noted, address }: OpenErasure,
  crm: readonly CrmPerson[],
  place: Place,
  world: World,
): string[] {
  const present = keyOf(own, place, world);
  const former = [place.homes.get(own.ref), world.applied.get(own.ref), world.seen.get(own.ref), address];
  const isTheirs = (key: string): boolean => isOnlyTheirs(key, own, noted, crm, place, world);
  // Whoever was erased along with them on another target is so here as well.
  const along = [...noted].map((ref) => place.homes.get(ref)).filter((key) => key !== undefined && isTheirs(key));
  const left = former.filter((key) => key !== undefined && isTheirs(key));
  return [present, ...left, ...along] as string[];
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
    JSON.stringify(value, (_, part) => {
      if (part instanceof Set) return [...part].sort();
      return part instanceof Map ? [...part].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) : part;
    });
  return [...new Map(worlds.map((world) => [text(world), world])).values()];
}
