/** The model for a target that tells people apart by record: everybody is one record. Part of end-state.ts. */
import type { CrmPerson } from './end-state.ts';
import { becomes, gone, judged, type Occasion, type Person, type Place, strange } from './end-state-people.ts';

export function settleRecords(place: Place, occasion: Occasion): Place[] {
  let ways: ReadonlyMap<string, Person>[] = [place.people];
  for (const record of occasion.crm) {
    if (!occasion.target.tables[record.table]) continue;
    const person = place.people.get(record.ref) ?? strange;
    const options = [next(person, record, occasion)];
    // Erased along with somebody on another target: whether the mark was there before this record came up is open.
    if (occasion.along.has(record.ref)) options.push(next(person, record, unmarked(record, occasion)));
    ways = ways.flatMap((people) => options.map((option) => new Map(people).set(record.ref, option)));
  }
  return ways.map((people) => ({ ...place, people }));
}

function next(person: Person, record: CrmPerson, occasion: Occasion): Person {
  const profile = judged([record], occasion, record.ref);
  if (profile.action === 'anonymize') return gone(person, profile, [record], occasion);
  return becomes(person, profile, [record], occasion, profile.mayCreate || person.there);
}

function unmarked(record: CrmPerson, occasion: Occasion): Occasion {
  const marks = new Map(occasion.world.marks);
  marks.delete(record.ref);
  const kept = new Set([...occasion.kept].filter((ref) => ref !== record.ref));
  return { ...occasion, kept, world: { ...occasion.world, marks } };
}
