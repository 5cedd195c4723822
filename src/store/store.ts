/** All table families over one connection pool, and the one way to write several of them at once. */
import type { Kysely, Transaction } from 'kysely';
import { type Brake, createBrake } from './brake.ts';
import { type Checkpoints, createCheckpoints } from './checkpoints.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createErasures, createJobBook, type Erasures, type JobBook } from './erasures.ts';
import { createEvidence, type EvidenceBook } from './evidence.ts';
import { createProfiles, type Profiles } from './profiles.ts';
import { createRecords, type Records } from './records.ts';
import { createSuppressions, type Suppressions } from './suppressions.ts';
import type { Database } from './tables.ts';
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
  readonly deliveries: Deliveries;
  readonly profiles: Profiles;
  readonly erasures: Erasures;
  readonly jobs: JobBook;
  readonly brake: Brake;
  readonly suppressions: Suppressions;
  readonly targets: Targets;
  readonly installation: Installation;
  readonly configurations: Configurations;
  readonly evidence: EvidenceBook;
  /** One transaction over several families: all of it stands, or nothing. */
  transaction<T>(work: (trx: Transaction<Database>) => Promise<T>): Promise<T>;
}

export function createStore(db: Kysely<Database>): Store {
  return {
    checkpoints: createCheckpoints(db),
    records: createRecords(db),
    deliveries: createDeliveries(db),
    profiles: createProfiles(db),
    erasures: createErasures(db),
    jobs: createJobBook(db),
    brake: createBrake(db),
    suppressions: createSuppressions(db),
    targets: createTargets(db),
    installation: createInstallation(db),
    configurations: createConfigurations(db),
    evidence: createEvidence(db),
    transaction: (work) => db.transaction().execute(work),
  };
}
