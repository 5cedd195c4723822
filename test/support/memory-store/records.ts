/** What the ledger remembers of each record; as src/store/records.ts. */
import { formatRecordRef, type RecordRef } from '../../../config/words.ts';
import type { Lease } from '../../../src/store/deliveries.ts';
import type { RecordNote, Records } from '../../../src/store/records.ts';
import type { DeliveryRow } from '../../../src/store/tables.ts';
import { makeDue, markOwed } from './checkpoints.ts';
import { underLease } from './deliveries.ts';
import { compareText, type Room, type Synchronous } from './tables.ts';

export function noteRecords(room: Room, lease: Lease, notes: readonly RecordNote[]): void {
  const now = new Date(room.now());
  for (const note of notes) {
    const row = room.tables.records.get(formatRecordRef(note.ref));
    if (!row || !underLease(room, lease, note.ref)) continue;
    row.gone_at = note.gone ? (row.gone_at ?? now) : null;
    row.email_key = note.emailKey ?? row.email_key;
    row.last_action = note.action;
    row.last_rule = note.rule;
    row.last_reasons = [...note.reasons];
    row.decided_at = now;
  }
}

export function memoryRecords(room: Room): Synchronous<Records> {
  const { tables } = room;

  function deliveriesOf(ref: RecordRef): DeliveryRow[] {
    const name = formatRecordRef(ref);
    const rows = [...tables.deliveries.values()].flatMap((ofOne) => ofOne.get(name) ?? []);
    return rows.sort((a, b) => compareText(a.target, b.target));
  }

  function oweAll(rows: readonly DeliveryRow[]): number {
    for (const row of rows) {
      makeDue(row, room.now());
      row.owed_seq += 1;
    }
    return rows.length;
  }

  return {
    get(ref) {
      const row = tables.records.get(formatRecordRef(ref));
      return row && { ...row };
    },

    deliveries: (ref) => deliveriesOf(ref).map((row) => ({ ...row })),

    owe: (table, changes, targets, lot, everyLot) => markOwed(room, { table, changes, targets, lot, everyLot }),

    oweAgain(refs, target) {
      const names = new Set(refs.map(formatRecordRef));
      const places = [...tables.deliveries].filter(([name]) => target === undefined || name === target);
      return oweAll(places.flatMap(([, rows]) => [...names].flatMap((n) => rows.get(n) ?? [])));
    },

    retryParked(ref) {
      const rows = ref ? deliveriesOf(ref) : [...tables.deliveries.values()].flatMap((ofOne) => [...ofOne.values()]);
      return oweAll(rows.filter((row) => row.parked_code !== null));
    },

    forceSync(ref, targets) {
      const deleted = tables.records.get(formatRecordRef(ref))?.tombstone ?? false;
      const changes = [{ id: ref.id, deleted, seenKey: undefined }];
      markOwed(room, { table: ref.table, changes, targets, lot: null, everyLot: false });
      const record = tables.records.get(formatRecordRef(ref));
      if (!record) throw new Error('a record that was just marked is not there');
      record.erased_etag = null;
      record.erased_at = null;
      const deliveries = deliveriesOf(ref);
      record.change_seq = Math.max(record.change_seq, ...deliveries.map((row) => row.owed_seq));
      for (const row of deliveries) {
        if (!targets.includes(row.target)) continue;
        row.forced = true;
        row.owed_seq = record.change_seq;
      }
      return record.change_seq;
    },

    byEmailKey(keys) {
      const wanted = new Set<string>(keys);
      const rows = [...tables.records.values()].filter(
        (row) => wanted.has(row.email_key ?? '') || wanted.has(row.seen_key ?? ''),
      );
      return rows.map((row) => ({ table: row.crm_table, id: row.id }));
    },

    withAddress(table, except, limit) {
      const rows = [...tables.records.values()].filter(
        (row) =>
          row.crm_table === table &&
          row.email_key !== null &&
          row.gone_at === null &&
          !row.tombstone &&
          !except.includes(row.id),
      );
      rows.sort((a, b) => Number(b.decided_at ?? 0) - Number(a.decided_at ?? 0));
      return rows.slice(0, limit).map((row) => row.id);
    },

    unseen(table, generation, limit, after) {
      const ids = [...tables.records.values()].flatMap((row) =>
        row.crm_table === table &&
        row.seen_generation < generation &&
        row.gone_at === null &&
        !row.tombstone &&
        (after === undefined || row.id > after)
          ? [row.id]
          : [],
      );
      return ids.sort(compareText).slice(0, limit);
    },

    seen(table, ids, generation) {
      return ids.filter((id) => {
        const row = tables.records.get(formatRecordRef({ table, id }));
        if (!row || row.gone_at !== null || row.tombstone) return true;
        row.seen_generation = generation;
        return false;
      });
    },

    nextComparison: () => ++tables.changeSeq,
  };
}
