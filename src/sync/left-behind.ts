/**
 * Who stays at an address that somebody left. Guarantees: they are decided again although nothing of their own changed,
 * since the one who left may have spoken against them. Owes them only; sends nothing.
 */
import type { Batch } from './batch.ts';
import type { View } from './gather.ts';

/** Owed before the one who left is completed, so that a crash in between cannot lose it. */
export async function oweThoseLeft(batch: Batch, views: readonly View[]): Promise<void> {
  const left = new Set(
    views.flatMap((view) => {
      const { claim, profileKey } = view.ledger;
      return claim && profileKey !== undefined && profileKey !== view.key ? [profileKey] : [];
    }),
  );
  // Not those who are on their way there themselves: two who cross would owe each other for ever.
  const staying = views.filter(
    (view) => left.has(view.key) && !view.ledger.claim && (view.ledger.profileKey ?? view.key) === view.key,
  );
  if (staying.length > 0) await batch.core.store.records.oweAgain(staying.map((view) => view.ledger.ref));
}
