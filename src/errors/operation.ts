/** Codes about the running connector: pauses, the brake, alarms, queue jobs. */
import type { ErrorGroup } from './entry.ts';

export const operationErrors: ErrorGroup = {
  title: 'Operation',
  where: '`connector status`, the alarms, `/readyz` and the log.',
  entries: {
    PAUSED: ['paused', 'A target is paused and nobody noted why.', 'connector resume NAME.'],
    PAUSED_BY_OPERATOR: ['paused', 'Somebody paused the target.', 'connector resume NAME.'],
    PACE_WAIT: [
      'wait',
      'The target may not be called for a while: its pace is used up, or it asked for a pause.',
      'Nothing; requestsPerSecond says how fast the connector may be.',
    ],
    PACE_NOT_SPARE: [
      'wait',
      'The target is busy with what is owed to it, so nothing is asked that can wait (connector audit).',
      'Nothing; run the audit again when less is owed.',
    ],
    PACE_UNREADABLE: [
      'retry',
      'The pace of a target cannot be read from the database, so nothing is sent.',
      'See whether the database is well: connector check.',
    ],
    BRAKE_HOLD: [
      'alarm',
      'More people would be anonymized at once than the brake lets pass; they are held.',
      'Review them: connector holds, then connector holds approve ID or connector holds reject ID.',
    ],
    DRIFT_FOUND: [
      'alarm',
      'An audit found people on a target who are not there as the CRM and the ledger say.',
      'See whom and why: connector audit. Then: connector audit --repair.',
    ],
    CHECKPOINT_OLD: [
      'alarm',
      'The feed of a table was not read to its end for half of the days after which Dataverse forgets deletions.',
      'See why: connector status names what stopped the table. Nobody is lost if it is too late: the table is compared in full.',
    ],
    JOB_DATA: [
      'note',
      'A wake-up in the queue carries something else than it should; it is dropped.',
      'Nothing; if it comes again, see whether another program uses the same queue.',
    ],
    CLOSING: ['note', 'The process is ending.', 'Nothing.'],
    UNAVAILABLE: [
      'note',
      '/readyz: a part did not answer in time or failed without a code.',
      'Look into the log; connector check tries everything out.',
    ],
    TIME_IS_UP: [
      'note',
      'The status page asked Dataverse about a record and got no answer in time.',
      'Load the page again; if it lasts: connector check.',
    ],
    UNKNOWN: ['note', 'A failure that has no code of its own.', 'Look into the log for its class and the frames.'],
  },
};
