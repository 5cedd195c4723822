/** Append-only proof; as src/store/evidence.ts. Seals are the database's own and are not made in memory. */
import { formatRecordRef } from '../../../config/words.ts';
import type { EvidenceBook, EvidenceLine } from '../../../src/store/evidence.ts';
import type { NewEvidence } from '../../../src/store/tables.ts';
import type { EvidenceRow, Room, Synchronous } from './tables.ts';

export function appendEvidence(room: Room, rows: readonly NewEvidence[]): void {
  for (const row of rows) {
    room.tables.evidence.push({
      id: (room.tables.evidence.at(-1)?.id ?? 0) + 1,
      at: new Date(room.now()),
      target: row.target ?? null,
      crm_table: row.crm_table ?? null,
      record_id: row.record_id ?? null,
      profile_key: row.profile_key ?? null,
      members: row.members ?? null,
      act: row.act,
      rule: row.rule ?? null,
      trigger: row.trigger ?? null,
      outcome: row.outcome ?? null,
      status: row.status ?? null,
      request_id: row.request_id ?? null,
      answered_at: row.answered_at === undefined || row.answered_at === null ? null : new Date(row.answered_at),
      detail: row.detail ?? null,
      actor: row.actor ?? null,
      configuration: row.configuration ?? null,
      seal: null,
    });
  }
}

function toLine({ profile_key: _, ...line }: EvidenceRow): EvidenceLine {
  return line;
}

export function memoryEvidence(room: Room): Synchronous<EvidenceBook> {
  const { tables } = room;
  return {
    append: (rows) => appendEvidence(room, rows),

    of(ref, limit) {
      const name = formatRecordRef(ref);
      const applied = new Set<string>();
      for (const [target, rows] of tables.deliveries) {
        const key = rows.get(name)?.profile_key;
        if (key) applied.add(`${target} ${key}`);
      }
      const erasures = new Set<string>();
      for (const [id, members] of tables.erasureRecords) if (members.has(name)) erasures.add(`erasure ${id}`);
      const lines = tables.evidence.filter(
        (row) =>
          (row.crm_table === ref.table && row.record_id === ref.id) ||
          row.members?.includes(name) ||
          applied.has(`${row.target} ${row.profile_key}`) ||
          erasures.has(row.trigger ?? ''),
      );
      return lines.reverse().slice(0, limit).map(toLine);
    },
  };
}
