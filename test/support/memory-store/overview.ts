/** How things stand; as src/store/overview.ts. No pace is kept in memory, so none is told. */
import type { ProfileKey, TargetName } from '../../../config/words.ts';
import type { Overview, TargetCounts } from '../../../src/store/overview.ts';
import type { DeliveryRow, ErasureTargetRow, ProfileState } from '../../../src/store/tables.ts';
import { compareText, inKeyOrder, ofTarget, type Room, type Synchronous } from './tables.ts';

export function memoryOverview(room: Room): Synchronous<Overview> {
  const { tables } = room;
  const deliveries = (target: TargetName): DeliveryRow[] => [...ofTarget(tables.deliveries, target).values()];
  const erasures = (target: TargetName): ErasureTargetRow[] =>
    [...tables.erasureTargets.values()].flatMap((parts) => parts.get(target) ?? []);

  function countsOf(target: TargetName): TargetCounts {
    const rows = deliveries(target);
    const due = rows.flatMap((row) => (row.due_at ? [row.due_at.getTime()] : []));
    const profiles: Partial<Record<ProfileState, number>> = {};
    for (const { state } of ofTarget(tables.profiles, target).values()) profiles[state] = (profiles[state] ?? 0) + 1;
    const isHeld = (id: number | null): boolean => id !== null && tables.holds.get(id)?.state === 'open';
    return {
      target,
      owed: due.length,
      oldestDue: due.length > 0 ? new Date(Math.min(...due)) : null,
      parked: rows.filter((row) => row.parked_code !== null).length,
      staged: rows.filter((row) => row.staged).length,
      held: [...ofTarget(tables.holdCases, target).values()].filter((c) => c.state === 'held' && isHeld(c.hold_id))
        .length,
      erasures: erasures(target).filter((part) => part.state === 'pending').length,
      profiles,
    };
  }

  return {
    now: () => new Date(room.now()),

    owed(target) {
      const now = room.now();
      const times = [...deliveries(target), ...erasures(target)].flatMap((row) =>
        row.due_at ? [Math.max(row.due_at.getTime(), Number(row.lease_until ?? row.due_at))] : [],
      );
      return {
        owed: times.length,
        dueInMs: times.length > 0 ? Math.max(0, Math.min(...times) - now) : undefined,
        pausedForMs: Math.max(0, Number(tables.targetStates.get(target)?.paused_until ?? 0) - now),
      };
    },

    appliedSince: (target, since) =>
      deliveries(target).filter(
        (row) => Number(row.applied_at ?? -1) >= since.getTime() && row.done_seq >= row.owed_seq,
      ).length,

    counts: () => [...tables.targetStates.keys()].sort(compareText).map(countsOf),

    parked(limit) {
      const rows = [...tables.deliveries.keys()].sort(compareText).flatMap((target) =>
        inKeyOrder(deliveries(target), (row) => ({ table: row.crm_table, id: row.id })).flatMap((row) =>
          row.parked_code === null
            ? []
            : [
                {
                  target,
                  ref: { table: row.crm_table, id: row.id },
                  code: row.parked_code,
                  reason: row.parked_reason ?? '',
                  at: row.parked_at,
                },
              ],
        ),
      );
      return rows.sort((a, b) => Number(b.at ?? 0) - Number(a.at ?? 0)).slice(0, limit);
    },

    paces: () => [],

    recordsOf(target, keys) {
      const byKey = Map.groupBy(deliveries(target), (row) => row.profile_key);
      return [...new Set<ProfileKey>(keys)].sort(compareText).flatMap((profileKey) =>
        inKeyOrder(byKey.get(profileKey) ?? [], (row) => ({ table: row.crm_table, id: row.id })).map((row) => ({
          profileKey,
          ref: { table: row.crm_table, id: row.id },
        })),
      );
    },
  };
}
