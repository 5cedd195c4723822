/** Pauses, accounts, what adapters remember, the installation, the configuration in force; as src/store/targets.ts. */
import { formatRecordRef, type TargetName } from '../../../config/words.ts';
import type { TargetStateRow } from '../../../src/store/tables.ts';
import { type Configurations, type Installation, mendedBySettings, type Targets } from '../../../src/store/targets.ts';
import { makeDue, newDelivery } from './checkpoints.ts';
import { newPart } from './erasures.ts';
import { compareText, newestEpoch, ofTarget, type Room, type Synchronous } from './tables.ts';

/** How long an operator's pause lasts unless it is lifted: 100 years. */
const longMs = 100 * 365.25 * 24 * 3_600_000;

function clearPause(row: TargetStateRow): void {
  row.paused_until = null;
  row.paused_code = null;
  row.paused_reason = null;
  row.paused_by = null;
}

export function memoryTargets(room: Room): Synchronous<Targets> {
  const rows = room.tables.targetStates;

  function stateOf(target: TargetName): TargetStateRow {
    const found = rows.get(target);
    if (found) return found;
    const row: TargetStateRow = {
      target,
      account: null,
      paused_until: null,
      paused_code: null,
      paused_reason: null,
      paused_by: null,
      failures: 0,
      remembered: null,
      asked_empty_at: null,
      was_empty: null,
    };
    rows.set(target, row);
    return row;
  }

  return {
    state: (target) => ({ ...stateOf(target) }),

    all: () => [...rows.values()].sort((a, b) => compareText(a.target, b.target)).map((row) => ({ ...row })),

    isPaused: (target) => Number(rows.get(target)?.paused_until ?? 0) > room.now(),

    pause(target, pause) {
      const row = stateOf(target);
      const former = row.paused_code;
      if (row.paused_by !== 'operator') {
        row.paused_until = new Date(room.now() + (pause.by === 'operator' ? longMs : pause.forMs));
        row.paused_code = pause.code;
        row.paused_reason = pause.reason;
        row.paused_by = pause.by;
      }
      return former !== pause.code;
    },

    failed(target) {
      const row = stateOf(target);
      // Calls that were on their way together fail together: that is one failure.
      const isPaused = row.paused_until !== null && row.paused_until.getTime() > room.now();
      if (row.failures === 0 || !isPaused) row.failures += 1;
      return row.failures;
    },

    recovered(target) {
      const row = rows.get(target);
      if (!row) return false;
      row.failures = 0;
      if (row.paused_by !== 'self') return false;
      clearPause(row);
      return true;
    },

    resume(target) {
      const row = rows.get(target);
      if (!row) return;
      row.failures = 0;
      clearPause(row);
    },

    accept(target, account) {
      stateOf(target).account = account;
    },

    remember(target, remembered) {
      stateOf(target).remembered = JSON.parse(JSON.stringify(remembered));
    },

    emptiness(target, forMs) {
      const row = rows.get(target);
      const askedAt = row?.asked_empty_at ?? null;
      const isRecent = askedAt !== null && askedAt.getTime() > room.now() - forMs;
      return { asked: askedAt !== null, empty: isRecent && row?.was_empty === true };
    },

    noteEmptiness(target, empty) {
      const row = stateOf(target);
      if (row.asked_empty_at !== null) return;
      row.asked_empty_at = new Date(room.now());
      row.was_empty = empty;
    },
  };
}

export function memoryInstallation(room: Room): Synchronous<Installation> {
  const { installation } = room.tables;
  return {
    organization(id) {
      installation.organization ??= id;
      return installation.organization;
    },
    hashKey(id) {
      installation.hashKey ??= id;
      return installation.hashKey;
    },
    read: () => ({ ...installation }),
  };
}

export function memoryConfigurations(room: Room): Synchronous<Configurations> {
  const { tables } = room;
  return {
    current() {
      const row = tables.configurations.at(-1);
      return row && { ...row };
    },

    take(former, state, owe) {
      if (newestEpoch(tables) !== former) return false;
      if (tables.configurations.some((row) => row.epoch === state.epoch))
        throw new Error(`epoch ${state.epoch} is taken already`);
      tables.configurations.push({ ...state });
      tables.configurations.sort((a, b) => a.epoch - b.epoch);
      for (const [id, parts] of tables.erasureTargets) {
        if (tables.erasures.get(id)?.state !== 'open') continue;
        for (const target of Object.keys(state.mappings) as TargetName[])
          if (!parts.has(target)) parts.set(target, newPart(id, target, room.now()));
      }
      for (const part of [...tables.erasureTargets.values()].flatMap((parts) => [...parts.values()])) {
        if (mendedBySettings.includes(part.waiting_code ?? '') && part.due_at && part.lease_token === null)
          part.due_at = new Date(Math.min(part.due_at.getTime(), room.now()));
      }
      for (const row of [...tables.deliveries.values()].flatMap((rows) => [...rows.values()])) {
        if (!mendedBySettings.some((kind) => row.parked_code === `OUTCOME_${kind}`)) continue;
        row.owed_seq += 1;
        makeDue(row, room.now());
      }
      for (const { target, table, lot } of owe) {
        const rows = ofTarget(tables.deliveries, target);
        for (const record of tables.records.values()) {
          if (record.crm_table !== table) continue;
          const ref = { table, id: record.id };
          const name = formatRecordRef(ref);
          const known = rows.get(name);
          const row = known ?? newDelivery(room, target, ref, record.change_seq);
          if (known) row.owed_seq += 1;
          makeDue(row, room.now());
          row.lot = lot;
          rows.set(name, row);
        }
      }
      return true;
    },
  };
}
