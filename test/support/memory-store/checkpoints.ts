/** Where each table's feed stands, and the marking of owed work; as src/store/checkpoints.ts. */
import { formatRecordRef, type RecordRef, type TargetName } from '../../../config/words.ts';
import type { Checkpoints, OwedMark } from '../../../src/store/checkpoints.ts';
import type { DeliveryRow, RecordRow } from '../../../src/store/tables.ts';
import { compareText, ofTarget, type Room, type Synchronous } from './tables.ts';

export function newRecord(room: Room, ref: RecordRef, seq: number): RecordRow {
  return {
    crm_table: ref.table,
    id: ref.id,
    change_seq: seq,
    tombstone: false,
    gone_at: null,
    email_key: null,
    seen_key: null,
    seen_generation: 0,
    erased_etag: null,
    erased_at: null,
    last_action: null,
    last_rule: null,
    last_reasons: null,
    decided_at: null,
    first_seen_at: new Date(room.now()),
  };
}

export function newDelivery(room: Room, target: TargetName, ref: RecordRef, seq: number): DeliveryRow {
  return {
    target,
    crm_table: ref.table,
    id: ref.id,
    owed_seq: seq,
    done_seq: 0,
    priority: 2,
    due_at: new Date(room.now()),
    attempts: 0,
    parked_code: null,
    parked_reason: null,
    parked_at: null,
    staged: false,
    forced: false,
    lease_token: null,
    lease_until: null,
    lot: null,
    profile_key: null,
    crm_bits: null,
    applied_at: null,
  };
}

/** Due now, neither parked nor waiting in the brake's list, as if it had never failed. */
export function makeDue(row: DeliveryRow, now: number): void {
  row.due_at = new Date(now);
  row.attempts = 0;
  row.staged = false;
  row.parked_code = null;
  row.parked_reason = null;
  row.parked_at = null;
}

export function markOwed(room: Room, mark: OwedMark): void {
  const { tables } = room;
  const ids = new Set(mark.changes.map((change) => change.id));
  if (ids.size < mark.changes.length) throw new Error('one marking names a record twice: PostgreSQL refuses that');
  const sorted = [...mark.changes].sort((a, b) => compareText(a.id, b.id));
  for (const change of sorted) {
    const ref: RecordRef = { table: mark.table, id: change.id };
    const record = markRecord(room, ref, change.deleted, change.seenKey ?? null);
    for (const target of mark.targets) {
      const rows = ofTarget(tables.deliveries, target);
      const name = formatRecordRef(ref);
      let row = rows.get(name);
      if (row) {
        row.owed_seq = Math.max(record.change_seq, row.owed_seq + 1);
      } else {
        row = newDelivery(room, target, ref, record.change_seq);
        rows.set(name, row);
      }
      makeDue(row, room.now());
      row.priority = change.deleted ? 1 : 2;
      if (change.deleted || mark.everyLot) row.lot = mark.lot ?? row.lot;
    }
  }
}

function markRecord(room: Room, ref: RecordRef, deleted: boolean, seenKey: RecordRow['seen_key']): RecordRow {
  const { records } = room.tables;
  const seq = ++room.tables.changeSeq;
  let record = records.get(formatRecordRef(ref));
  if (record) {
    record.change_seq = Math.max(seq, record.change_seq + 1);
    if (!deleted) record.gone_at = null;
  } else {
    record = newRecord(room, ref, seq);
    records.set(formatRecordRef(ref), record);
  }
  record.tombstone = deleted;
  record.seen_key = seenKey ?? record.seen_key;
  return record;
}

export function memoryCheckpoints(room: Room): Synchronous<Checkpoints> {
  const rows = room.tables.checkpoints;
  return {
    read(table) {
      const row = rows.get(table);
      return row && { ...row };
    },

    all: () => [...rows.values()].sort((a, b) => compareText(a.crm_table, b.crm_table)).map((row) => ({ ...row })),

    move(move) {
      const row = rows.get(move.table);
      if (row?.link !== move.from || row.mode !== move.fromMode || row.generation !== move.generation) return false;
      // First what may throw, so that nothing stands when it does.
      markOwed(room, {
        table: move.table,
        changes: move.changes,
        targets: move.targets,
        lot: move.lot,
        everyLot: move.fromMode !== 'delta',
      });
      const now = new Date(room.now());
      row.link = move.to;
      row.mode = move.toMode;
      row.pulled_at = now;
      if (move.atEnd) row.position_at = now;
      row.lot = move.atEnd ? null : move.lot;
      row.stopped_code = null;
      row.stopped_reason = null;
      return true;
    },

    restart(table, from, mode) {
      const row = rows.get(table);
      if (!row) {
        rows.set(table, {
          crm_table: table,
          link: null,
          mode,
          generation: 1,
          lot: null,
          full_read_done: false,
          position_at: null,
          pulled_at: null,
          stopped_code: null,
          stopped_reason: null,
        });
        return true;
      }
      if (row.link !== from || (row.link === null && row.mode !== 'delta')) return false;
      row.link = null;
      row.mode = mode;
      row.generation += 1;
      row.lot = null;
      row.full_read_done = false;
      row.stopped_code = null;
      row.stopped_reason = null;
      return true;
    },

    fullReadDone(table, generation) {
      const row = rows.get(table);
      if (row?.generation === generation) row.full_read_done = true;
    },

    stop(table, code, reason) {
      const row = rows.get(table);
      if (!row) return;
      row.stopped_code = code;
      row.stopped_reason = reason;
    },

    resume(table) {
      const row = rows.get(table);
      if (!row) return;
      row.stopped_code = null;
      row.stopped_reason = null;
    },
  };
}
