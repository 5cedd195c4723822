/**
 * The model for a target that tells people apart by address: who shares a profile, and what becomes of a profile when
 * an address changes (design section 6). Part of end-state.ts.
 */
import type { OracleProfile } from './combine-oracle.ts';
import type { CrmPerson } from './end-state.ts';
import {
  becomes,
  erased,
  gone,
  judged,
  isFindable,
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
    const chosen = unsure.has(key) ? [{ person: { ...strange, there: true, unknown: true } }] : options;
    ways = ways.flatMap((people) => chosen.map(({ person }) => new Map(people).set(key, person)));
  }
  const homes = new Map(place.homes);
  for (const [key, records] of groups) for (const record of records) homes.set(record.ref, key);
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
  if (profile.action === 'anonymize')
    return [{ person: isFindable(person, key, records) ? gone(person, profile, records, occasion) : person }];

  const carriers = arrivals.filter((move) => isEmptied(move.from, groups));
  const former = arrivals.map((move) => place.people.get(move.from) ?? strange);
  if (person.there) return stays(person, profile, records, arrivals, occasion);
  const [first] = carriers;
  const wasOnly = first !== undefined && moves.filter((move) => move.from === first.from).length === 1;
  if (arrivals.length === 1 && first && wasOnly) {
    const carried = place.people.get(first.from) ?? strange;
    if (profile.action === 'leave') return [{ person: { ...carried, unknown: true } }];
    return [{ person: becomes(carried, profile, records, occasion, true) }];
  }
  if (profile.action === 'leave') return [{ person: carriers.length > 0 ? { ...person, unknown: true } : person }];
  const created = becomes(person, profile, records, occasion, true, former);
  if (profile.mayCreate) return carriers.length > 0 ? [{ person: created }, ...carriedBy()] : [{ person: created }];
  if (carriers.length === 0) return [{ person }];
  // Several arrive: at least one of them brings their profile along, if they were its only member.
  const brought = carriedBy();
  return carriers.some((move) => moves.filter((other) => other.from === move.from).length === 1)
    ? brought
    : [{ person }, ...brought];

  function carriedBy(): Way[] {
    return carriers.map((move) => {
      const carried = place.people.get(move.from) ?? strange;
      const next = becomes(carried, profile, records, occasion, true);
      return { person: { ...next, sure: {}, alone: undefined } };
    });
  }
}

/** The address had a profile already: records that arrive join it. */
function stays(
  person: Person,
  profile: OracleProfile,
  records: readonly CrmPerson[],
  arrivals: readonly Move[],
  occasion: Occasion,
): Way[] {
  const next = becomes(person, profile, records, occasion, true);
  // Those who were here have all left at once and others came: whether their profile stays for those is open.
  const isChain = arrivals.length > 0 && arrivals.length === records.length;
  if (!isChain) return [{ person: next }];
  return profile.mayCreate ? [{ person: next }] : [{ person: next }, { person: erased(person) }];
}

function isEmptied(key: string, groups: ReadonlyMap<string, readonly CrmPerson[]>): boolean {
  return (groups.get(key) ?? []).every((record) => record.deleted);
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
    .every((move) => judged(groups.get(move.to) ?? [], occasion, move.to).action === 'leave');
  if (untouched) return { ...person, unknown: true };
  // What they took along is not remembered here.
  return { ...strange, remembered: person.remembered };
}
