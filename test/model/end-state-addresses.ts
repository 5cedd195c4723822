/**
 * The model for a target that tells people apart by address: who shares a profile, and what becomes of a profile when
 * an address changes (design section 6). Part of end-state.ts.
 */
import type { CrmPerson } from './end-state.ts';
import {
  becomes,
  gone,
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
  return ways.map((people) => ({ people, homes }));
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
  // Everybody left: the person lives on elsewhere, and this contact moved along or is erased.
  if (records.length === 0) return [{ person: wasLeft(person, moves, key, groups, occasion) }];
  const profile = judged(records, occasion, key);
  if (profile.action === 'anonymize') {
    const left = isFindable(person, key, records) ? gone(person, profile, records, occasion) : person;
    // What these records had elsewhere may be remembered here.
    return [{ person: { ...left, former: true } }];
  }

  const isFromUnknown = arrivals.some((move) => place.people.get(move.from)?.unknown);
  if (isFromUnknown && !profile.mayCreate) return [{ person: { ...strange, there: true, unknown: true } }];
  // Whoever was erased on request is erased at the address they come from too.
  const carriers = arrivals.filter(
    (move) => mayTakeAlong(move, groups, moves, place) && !isMarked(move.record, occasion),
  );
  const isCertain = carriers.some((move) => (groups.get(move.from) ?? []).every((record) => record.deleted));
  const isVacated =
    moves.some((move) => move.from === key) &&
    records.every((record) => record.deleted || place.homes.get(record.ref) !== key);
  if (person.there) {
    const joined: Way = { person: becomes(person, profile, records, occasion, true) };
    // Those who were here have all left at once and others came: they join, or it is as if nobody had been here.
    return isVacated ? [joined, ...arrive(strange)] : [joined];
  }
  return arrive(person);

  /** Records that come to an address where nobody is. */
  function arrive(vacant: Person): Way[] {
    const brought = carriers.map((move): Way => {
      const carried = place.people.get(move.from) ?? strange;
      if (profile.action === 'leave') return { person: { ...carried, unknown: true } };
      const next = becomes(carried, profile, records, occasion, true);
      return { person: records.length === 1 ? next : { ...next, sure: {}, alone: undefined } };
    });
    if (profile.action === 'leave') return brought.length > 0 ? brought : [{ person: vacant }];
    if (!profile.mayCreate) {
      // Where nothing can move in place, or several come at once, somebody whom nothing may create again can be lost: the
      // design does not say more.
      if (isCertain && occasion.target.addressMutable && arrivals.length === 1) return brought;
      return [{ person: vacant }, ...brought];
    }
    const former = arrivals.map((move) => place.people.get(move.from) ?? strange);
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
