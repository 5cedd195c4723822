/** The model for a target that tells people apart by record: everybody is one record. Part of end-state.ts. */
import { becomes, gone, judged, type Occasion, type Person, type Place, strange } from './end-state-people.ts';

export function settleRecords(place: Place, occasion: Occasion): Place[] {
  const people = new Map<string, Person>(place.people);
  for (const record of occasion.crm) {
    if (!occasion.target.tables[record.table]) continue;
    const person = people.get(record.ref) ?? strange;
    const profile = judged([record], occasion, record.ref);
    const there = profile.mayCreate || person.there;
    const isGone = profile.action === 'anonymize';
    people.set(
      record.ref,
      isGone ? gone(person, profile, [record], occasion) : becomes(person, profile, [record], occasion, there),
    );
  }
  return [{ people, homes: place.homes }];
}
