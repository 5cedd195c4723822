/**
 * Who stays at an address that somebody left. Guarantees: they are decided again although nothing of their own changed,
 * since the one who left may have spoken against them. Owes them only; sends nothing.
 */
import type { Batch } from './batch.ts';
import type { View } from './gather.ts';
import type { Assignment } from './moves.ts';

/**
 * Owed before the one who left is completed, so that a crash in between cannot lose it: who waits is not completed now,
 * and says it when they are; and a profile that is there is decided again before they are.
 */
export async function oweThoseLeft(
  batch: Batch,
  views: readonly View[],
  { left: dealtWith, waiting }: Assignment,
): Promise<void> {
  const left = new Set(
    views.flatMap((view) => {
      const { claim, profileKey } = view.ledger;
      const leaves = claim !== undefined && profileKey !== view.key && !waiting.includes(view);
      return leaves && profileKey !== undefined && !dealtWith.has(profileKey) ? [profileKey] : [];
    }),
  );
  // Not those who are on their way there themselves: two who cross would owe each other for ever.
  const staying = views.filter(
    (view) => left.has(view.key) && !view.ledger.claim && (view.ledger.profileKey ?? view.key) === view.key,
  );
  if (staying.length === 0) return;
  // On this target only: those who cross elsewhere would owe each other from target to target, and never wait.
  const refs = staying.map((view) => view.ledger.ref);
  await batch.core.store.records.oweAgain(refs, batch.lease.target);
}
