/** All table families over one connection pool, and the one way to write several of them at once. */
import type { Kysely, Transaction } from 'kysely';
import type { RecordRef, TargetName } from '../../config/words.ts';
import { type ActivityBook, createActivityBook } from './activity.ts';
import { type AlarmBook, createAlarmBook } from './alarms.ts';
import { type AuditBook, createAuditBook } from './audit.ts';
import { type Brake, createBrake } from './brake.ts';
import { type Checkpoints, createCheckpoints } from './checkpoints.ts';
import { type Completion, completeDeliveries, createDeliveries, type Deliveries, type Lease } from './deliveries.ts';
import {
  completeErasureTarget,
  createErasures,
  createJobBook,
  type Erasures,
  type ErasureTargetDone,
  type JobBook,
  markErased,
} from './erasures.ts';
import { appendEvidence, createEvidence, type EvidenceBook } from './evidence.ts';
import { createEvidenceSeals, type EvidenceSeals } from './evidence-seals.ts';
import { createLists, type Lists } from './lists.ts';
import { createOverview, type Overview } from './overview.ts';
import { changeProfiles, closeIntents, createProfiles, type ProfileChange, type Profiles } from './profiles.ts';
import { createRecordNotes, type NotesFor, oweNotes, type RecordNotes } from './record-notes.ts';
import { createRecords, noteRecords, type RecordNote, type Records } from './records.ts';
import { createRekey, type RekeyFamily } from './rekey.ts';
import { createRemovedTargets, type RemovedTargets } from './removed-targets.ts';
import { createRetention, type Retention } from './retention.ts';
import { createSuppressions, type Suppressions } from './suppressions.ts';
import type { Database, NewEvidence } from './tables.ts';
import {
  type Configurations,
  createConfigurations,
  createInstallation,
  createTargets,
  type Installation,
  type Targets,
} from './targets.ts';

export interface Store {
  readonly checkpoints: Checkpoints;
  readonly records: Records;
  readonly recordNotes: RecordNotes;
  readonly deliveries: Deliveries;
  readonly profiles: Profiles;
  readonly erasures: Erasures;
  readonly jobs: JobBook;
  readonly brake: Brake;
  readonly suppressions: Suppressions;
  readonly targets: Targets;
  readonly removedTargets: RemovedTargets;
  readonly installation: Installation;
  readonly configurations: Configurations;
  readonly evidence: EvidenceBook;
  readonly evidenceSeals: EvidenceSeals;
  readonly retention: Retention;
  readonly overview: Overview;
  readonly lists: Lists;
  readonly rekey: RekeyFamily;
  readonly alarms: AlarmBook;
  readonly activity: ActivityBook;
  readonly audit: AuditBook;
  /** One transaction over several families: all of it stands, or nothing. */
  transaction<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T>;
}

/** What one transaction may do. Each throws LeaseLostError, or does nothing, when the lease has passed to somebody else. */
export interface UnitOfWork {
  changeProfiles(lease: Lease, changes: readonly ProfileChange[]): Promise<void>;
  noteRecords(lease: Lease, notes: readonly RecordNote[]): Promise<void>;
  completeDeliveries(lease: Lease, completions: readonly Completion[]): Promise<void>;
  /** What there is to tell CRM users about these records has changed. */
  oweNotes(refs: readonly RecordRef[], notes: NotesFor): Promise<void>;
  closeIntents(ids: readonly string[]): Promise<void>;
  appendEvidence(rows: readonly NewEvidence[]): Promise<void>;
  completeErasureTarget(lease: Lease, done: ErasureTargetDone): Promise<void>;
  /** Remembers that the platform said "erased", for a repetition that will find nobody. */
  markErased(erasureId: string, target: TargetName, status: number, requestId: string | undefined): Promise<void>;
}

function unitOfWork(trx: Transaction<Database>): UnitOfWork {
  return {
    changeProfiles: (lease, changes) => changeProfiles(trx, lease, changes),
    noteRecords: (lease, notes) => noteRecords(trx, lease, notes),
    completeDeliveries: (lease, completions) => completeDeliveries(trx, lease, completions),
    oweNotes: (refs, notes) => oweNotes(trx, refs, notes),
    closeIntents: (ids) => closeIntents(trx, ids),
    appendEvidence: (rows) => appendEvidence(trx, rows),
    completeErasureTarget: (lease, done) => completeErasureTarget(trx, lease, done),
    markErased: (id, target, status, requestId) => markErased(trx, id, target, status, requestId),
  };
}

export function createStore(db: Kysely<Database>): Store {
  return {
    checkpoints: createCheckpoints(db),
    records: createRecords(db),
    recordNotes: createRecordNotes(db),
    deliveries: createDeliveries(db),
    profiles: createProfiles(db),
    erasures: createErasures(db),
    jobs: createJobBook(db),
    brake: createBrake(db),
    suppressions: createSuppressions(db),
    targets: createTargets(db),
    removedTargets: createRemovedTargets(db),
    installation: createInstallation(db),
    configurations: createConfigurations(db),
    evidence: createEvidence(db),
    evidenceSeals: createEvidenceSeals(db),
    retention: createRetention(db),
    overview: createOverview(db),
    lists: createLists(db),
    rekey: createRekey(db),
    alarms: createAlarmBook(db),
    activity: createActivityBook(db),
    audit: createAuditBook(db),
    transaction: (work) => db.transaction().execute((trx) => work(unitOfWork(trx))),
  };
}
