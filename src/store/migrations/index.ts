/** Every migration, in the order of application. A published one is never changed. */
import type { Migration } from '../migrate.ts';
import { ledger } from './001-ledger.ts';
import { evidenceSeal } from './003-evidence-seal.ts';
import { abandonedTarget } from './004-abandoned-target.ts';
import { alarmsAndActivity } from './005-alarms-and-activity.ts';
import { sparePace } from './006-spare-pace.ts';
import { recordNotes } from './007-record-notes.ts';
import { roomToUpdate } from './008-room-to-update.ts';
import { quotaSql } from './quota.ts';

export const migrations: readonly Migration[] = [
  ledger,
  { name: '002-quota', sql: quotaSql },
  evidenceSeal,
  abandonedTarget,
  alarmsAndActivity,
  sparePace,
  recordNotes,
  roomToUpdate,
];
