/** Addresses (as keyed hashes) and record ids that must not be created again; as src/store/suppressions.ts. */
import type { Suppressions } from '../../../src/store/suppressions.ts';
import type { Room, Synchronous } from './tables.ts';

type Kind = 'address' | 'record';

/** What is on the list already keeps its reason. */
export function suppress(room: Room, kind: Kind, value: string, reason: string): void {
  const name = `${kind} ${value}`;
  if (!room.tables.suppressions.has(name)) room.tables.suppressions.set(name, reason);
}

export function memorySuppressions(room: Room): Synchronous<Suppressions> {
  const list = room.tables.suppressions;
  return {
    matching: (kind, values) => new Set(values.filter((value) => list.has(`${kind} ${value}`))),
    add: (kind, value, reason) => suppress(room, kind, value, reason),
    remove: (kind, value) => list.delete(`${kind} ${value}`),
  };
}
