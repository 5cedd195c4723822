/** All breaks, in the order of the invariants. */
import { firstBreaks } from './breaks-1-to-5.ts';
import { lastBreaks } from './breaks-6-to-10.ts';
import type { Break, Invariant } from './plan.ts';

export const breaks: readonly Break[] = [...firstBreaks, ...lastBreaks];

export const invariants: Readonly<Record<Invariant, string>> = {
  1: 'Nothing owed is lost',
  2: 'The newest truth wins',
  3: 'Deletes survive',
  4: 'Absence is not erasure',
  5: 'Automatic anonymizations pass the brake',
  6: 'No direct identifier at rest or in logs',
  7: 'Done means the platform confirmed it',
  8: 'A permission is never raised without CRM evidence',
  9: 'One bad record never stops another',
  10: 'Quotas are respected',
};

/** How often the text to replace stands in the source. */
export function occurrences(source: string, find: string): number {
  return source.split(find).length - 1;
}
