/**
 * The model for a target that tells people apart by address: who shares a profile, and what becomes of a profile when
 * an address changes (design section 6). Part of end-state.ts.
 */
import type { CrmPerson, TargetRules, World } from './end-state.ts';
import {
  becomes,
  gone,
  granted,
  isFindable,
  isMarked,
  judged,
  keyOf,
  type Occasion,
  type Person,
  type Place,
  strange,
} from './end-state-people.ts';

interface Move {
  readonly record: CrmPerson;
  readonly from: string;
  readonly to: string;
}

/** What may happen to one address. */
interface Way {
  readonly person: Person;
}

export function settleAddresses(place: Place, occasion: Occasion): Place[] {
  const { target, world, crm, parked } = occasion;
  const groups = new Map<string, CrmPerson[]>();
  for (const record of crm) {
    if (!target.tables[record.table]) continue;
    const key = keyOf(record, place, world);
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const moves: Move[] = [];
  for (const [to, records] of groups)
    for (const record of records) {
      const from = place.homes.get(record.ref);
      const left = from === undefined ? undefined : place.people.get(from);
      if (from !== undefined && from !== to && left?.there && !left.foreign) moves.push({ record, from, to });
    }

  const unsure = new Set<string>();
  for (const ref of parked) {
    const record = crm.find((candidate) => candidate.ref === ref);
    const home = place.homes.get(ref);
    if (home !== undefined) unsure.add(home);
    if (record) unsure.add(keyOf(record, place, world));
  }

  let ways: ReadonlyMap<string, Person>[] = [new Map(place.people)];
  for (const key of new Set([...groups.keys(), ...moves.map((move) => move.from)])) {
    const options = waysOf(key, groups, moves, place, occasion);
    const foreign = place.people.get(key)?.foreign ?? false;
    const chosen = unsure.has(key) ? [{ person: { ...strange, there: true, unknown: true, foreign } }] : options;
    ways = ways.flatMap((people) => chosen.map(({ person }) => new Map(people).set(key, person)));
  }
  const homes = new Map(place.homes);
  for (const [key, records] of groups)
    for (const record of records)
      if (!parked.includes(record.ref) || !homes.has(record.ref)) homes.set(record.ref, key);
  return ways.map((people) => ({ ...place, people, homes }));
}

function waysOf(
  key: string,
  groups: ReadonlyMap<string, readonly CrmPerson[]>,
  moves: readonly Move[],
  place: Place,
  occasion: Occasion,
): Way[] {
  const records = groups.get(key) ?? [];
  const person = place.people.get(key) ?? strange;
  const arrivals = moves.filter((move) => move.to === key);
  // Everybody left, but for those who were erased: the person lives on elsewhere, and this contact moved along or is erased.
  const keepsNobody = records.every((record) => isMarked(record, occasion) && place.homes.get(record.ref) === key);
  if (keepsNobody && (records.length === 0 || (person.there && moves.some((move) => move.from === key))))
    return [{ person: wasLeft(person, moves, key, groups, occasion) }];
  const profile = judged(records, occasion, key);
  if (profile.action === 'anonymize') {
    const left = isFindable(person, key, records) ? gone(person, profile, records, occasion) : person;
    // Whoever lives on elsewhere took along what they had; of those who were deleted nothing is remembered then.
    const isTaken = records.every((record) => record.deleted) && moves.some((move) => move.from === key);
    // What these records had elsewhere may be remembered here.
    // Somebody from earlier times and whoever comes to their address are two contacts, erased at once: either is remembered.
    const isEither = person.foreign && arrivals.length > 0;
    const remembered = isTaken ? person.remembered : isEither ? {} : left.remembered;
    return [{ person: { ...left, remembered, former: true } }];
  }

  const isFromUnknown = arrivals.some((move) => place.people.get(move.from)?.unknown);
  if (isFromUnknown && !profile.mayCreate) return [{ person: { ...strange, there: true, unknown: true } }];
  // Whoever was erased on request is erased at the address they come from too.
  const carriers = arrivals.filter(
    (move) => mayTakeAlong(move, groups, moves, place) && !isMarked(move.record, occasion),
  );
  // Somebody new here may have been sent already, and nobody knows whether they are there: then it is no vacant address.
  const isAnybodyNew = records.some((record) => !record.deleted && !place.homes.has(record.ref));
  const isCertain =
    !isAnybodyNew && carriers.some((move) => (groups.get(move.from) ?? []).every((record) => record.deleted));
  const staying = records.filter((record) => place.homes.get(record.ref) === key);
  const isVacated =
    moves.some((move) => move.from === key) &&
    (staying.length === 0 || judged(staying, occasion, key).action === 'anonymize');
  if (person.there) {
    const joined: Way = { person: becomes(person, profile, records, occasion, true) };
    // Those who were here have all left at once, or whoever stays is to be anonymized, and others came: they join, or it
    // is as if nobody had been here.
    return isVacated ? [joined, ...arrive(strange)] : [joined];
  }
  return arrive(person);

  /** Records that come to an address where nobody is. */
  function arrive(vacant: Person): Way[] {
    const brought = carriers.map((move): Way => {
      const carried = place.people.get(move.from) ?? strange;
      if (profile.action === 'leave') return { person: { ...carried, unknown: true } };
      const next = becomes(carried, profile, records, occasion, true);
      if (records.length > 1) return { person: { ...next, sure: {}, alone: undefined } };
      // An opt-out that is remembered where they come to may be taken for theirs.
      const sure = Object.entries(next.sure).filter(([name]) => vacant.remembered[name] !== false);
      return { person: { ...next, sure: Object.fromEntries(sure) } };
    });
    // What the CRM grants anew while nobody is there is no opt-out any more when they come back.
    const nobody: Way = { person: becomes(vacant, profile, records, occasion, false) };
    if (profile.action === 'leave') return brought.length > 0 ? brought : [nobody];
    if (!profile.mayCreate) {
      // Where nothing can move in place, or several come at once, somebody whom nothing may create again can be lost: the
      // design does not say more.
      if (isCertain && occasion.target.addressMutable && arrivals.length === 1) return brought;
      return [nobody, ...brought];
    }
    // What is granted to those who stay there may be given before somebody leaves.
    const former = arrivals.map(({ from }) => {
      const left = place.people.get(from) ?? strange;
      return { ...left, up: { ...left.up, ...granted(groups.get(from) ?? [], occasion) } };
    });
    const created: Way = { person: becomes(vacant, profile, records, occasion, true, former) };
    const isMove = isCertain && occasion.target.addressMutable && brought.length === 1;
    return isMove && arrivals.length === 1 && records.length === 1 ? brought : [created, ...brought];
  }
}

/** Nobody who was there stays, and nobody else leaves: the profile is one person's to take along. */
function mayTakeAlong(
  move: Move,
  groups: ReadonlyMap<string, readonly CrmPerson[]>,
  moves: readonly Move[],
  place: Place,
): boolean {
  const staying = (groups.get(move.from) ?? []).filter(
    (record) => !record.deleted && place.homes.get(record.ref) === move.from,
  );
  return staying.length === 0 && moves.filter((other) => other.from === move.from).length === 1;
}

function wasLeft(
  person: Person,
  moves: readonly Move[],
  key: string,
  groups: ReadonlyMap<string, readonly CrmPerson[]>,
  occasion: Occasion,
): Person {
  // Where nothing may be done for those who left, the contact is left as it is.
  const untouched = moves
    .filter((move) => move.from === key)
    .every(
      (move) =>
        judged(groups.get(move.to) ?? [], occasion, move.to).action === 'leave' && !isMarked(move.record, occasion),
    );
  if (untouched || (person.unknown && person.foreign)) return { ...person, unknown: true };
  // What they took along is not remembered here.
  return { ...strange, remembered: person.remembered, former: true };
}

/**
 * A target that is tried and does not answer. Some of what changes there needs no call: where somebody alone goes to an
 * address that nobody has there, their profile *moves* (section 6, 1) before the platform is told; and whoever joins people
 * for whom nothing is to be sent, or may not be there at all, belongs there from then on. So a second change, before the
 * target is back, starts from the one address or from the other.
 */
export function begunWithoutCalls(
  place: Place,
  target: TargetRules,
  world: World,
  crm: readonly CrmPerson[],
  kept: ReadonlySet<string>,
): Place[] {
  if (target.identity === 'record') return [place];
  const changed = crm.filter((record) => {
    const key = keyOf(record, place, world);
    const home = place.homes.get(record.ref);
    const isNew = home === undefined && (place.people.has(key) || kept.has(record.ref));
    return target.tables[record.table] && (isNew || (home !== undefined && home !== key));
  });
  const alike = new Map<string, Place>();
  for (const some of subsets(changed)) {
    const next = some.reduce((so, record) => begunFor(record, so, target, world, crm), place);
    alike.set(JSON.stringify([[...next.homes], [...next.people.keys()]]), next);
  }
  return [...alike.values()];
}

/** All of them; of many only none and all. */
function subsets(records: readonly CrmPerson[]): CrmPerson[][] {
  if (records.length > 3) return [[], [...records]];
  return records.reduce<CrmPerson[][]>((all, record) => all.concat(all.map((some) => some.concat(record))), [[]]);
}

function begunFor(
  record: CrmPerson,
  place: Place,
  target: TargetRules,
  world: World,
  crm: readonly CrmPerson[],
): Place {
  const to = keyOf(record, place, world);
  const from = place.homes.get(record.ref);
  const person = from === undefined ? undefined : place.people.get(from);
  const isAlone = crm.every(
    ({ ref, deleted }) => ref === record.ref || deleted || from === undefined || place.homes.get(ref) !== from,
  );
  const homes = new Map(place.homes).set(record.ref, to);
  // Of whom the last one leaves is erased first, if they do not move along; that takes a call.
  if (from === undefined || !person?.there || !isAlone) return { ...place, homes };
  if (person.foreign || !target.addressMutable || place.people.get(to)?.there) return place;
  const people = new Map(place.people).set(to, person);
  people.delete(from);
  return { ...place, people, homes };
}
