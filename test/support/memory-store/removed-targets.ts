/** Targets that the configuration no longer names; as src/store/removed-targets.ts. */
import type { RemovedTargets } from '../../../src/store/removed-targets.ts';
import { appendEvidence } from './evidence.ts';
import { compareText, giveBack, isLive, ofTarget, type Room, type Synchronous } from './tables.ts';

export function memoryRemovedTargets(room: Room): Synchronous<RemovedTargets> {
  const { tables } = room;
  return {
    find: (configured) =>
      [...tables.targetStates.values()]
        .filter((row) => row.account !== null && !configured.includes(row.target))
        .sort((a, b) => compareText(a.target, b.target))
        .map(({ target }) => {
          const unanswered = new Set(
            [...tables.intents.values()].filter((row) => row.target === target).map((row) => row.profile_key),
          );
          const profiles = [...ofTarget(tables.profiles, target).values()];
          const parts = [...tables.erasureTargets.values()].map((rows) => rows.get(target));
          return {
            target,
            people: profiles.filter((row) => isLive(row) || unanswered.has(row.key)).length,
            erasures: parts.filter((row) => row?.state === 'pending').length,
          };
        }),

    forget(target, evidence) {
      for (const rows of tables.erasureTargets.values()) {
        const row = rows.get(target);
        if (row?.state !== 'pending') continue;
        row.state = 'abandoned';
        row.waiting_code = null;
        row.waiting_reason = null;
        row.due_at = null;
        row.completed_at = new Date(room.now());
        giveBack(row);
      }
      for (const hold of tables.holds.values()) {
        if (hold.target !== target || hold.state !== 'open') continue;
        hold.state = 'rejected';
        hold.decided_at = new Date(room.now());
        hold.decided_by = evidence.actor ?? null;
      }
      for (const [id, row] of tables.intents) if (row.target === target) tables.intents.delete(id);
      for (const rows of [
        tables.holdCases,
        tables.deliveries,
        tables.contactKeys,
        tables.profiles,
        tables.targetStates,
      ])
        rows.delete(target);
      tables.brakePasses.splice(0, Infinity, ...tables.brakePasses.filter((pass) => pass.target !== target));
      appendEvidence(room, [evidence]);
    },
  };
}
