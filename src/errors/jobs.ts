/** Codes about erasures and Marketing Jobs. */
import type { ErrorGroup } from './entry.ts';

export const jobErrors: ErrorGroup = {
  title: 'Erasures and Marketing Jobs',
  where:
    'The result columns of a Marketing Job, `connector erase`, `connector explain` and `connector status`. While an erasure is open the code of whatever failed stands there too, that of the platform or of Dataverse.',
  entries: {
    'HTTP 410 Gone': ['result', 'Succeeded: at least one target erased somebody.', 'Nothing.'],
    'HTTP 404 Not Found': ['result', 'Succeeded: no target had anybody.', 'Nothing.'],
    OK: ['result', 'Succeeded: a Sync Contact job was applied on every target.', 'Nothing.'],
    NOT_VALID: [
      'result',
      'Failed: the job does not say whom it is about or what to do; the detail says what is missing.',
      'Create a new job as the detail says.',
    ],
    NOT_ERASED: [
      'result',
      'Failed: a target only hid the person, and can undo that.',
      "Set the target's eraseMode to one that erases (docs/platforms.md) and create a new job; or erase the person there by hand.",
    ],
    TARGET_ABANDONED: [
      'result',
      'Failed: a target was given up (--abandon) before it answered.',
      'Erase the person there by hand.',
    ],
    EXPLICIT_LIMIT: [
      'open',
      'More erasures were asked for within an hour than brake.maxExplicitPerHour; this one waits for its turn.',
      'Wait, or review the list: connector holds, then connector holds approve ID.',
    ],
    EXPLICIT_REJECTED: [
      'open',
      'Somebody said no to this erasure in the list of holds; it stays open.',
      'If that was a mistake, ask for the erasure again; else tell the person why.',
    ],
    BLOCKED_BY_CRM: [
      'open',
      'The column of erasure.blockWhen says that this person may not be erased now.',
      'Change the column in Dynamics when the person may be erased; it goes on by itself.',
    ],
    LATE_EFFECT: [
      'open',
      'It was sent and answered, and is sent once more when nothing older can still arrive.',
      'Nothing.',
    ],
    NOT_IN_PILOT: [
      'open',
      'The pilot of the target does not take this person on, so nothing is sent there for them.',
      'End the pilot, or add the record to it; a changed configuration takes the erasure up at once.',
    ],
    LEASE_LOST: ['open', 'The work took longer than its lease; whoever has it now does it again.', 'Nothing.'],
    BLOCKED: [
      'open',
      'The platform does not erase as the target is set; the sentence says which setting is missing.',
      'Set it; a changed configuration takes the erasure up at once.',
    ],
    MANUAL: [
      'open',
      'Somebody has to erase something by hand on the platform; the sentence says what.',
      'Do it there: the connector looks again and closes the erasure.',
    ],
    UNSUPPORTED: [
      'open',
      'The platform cannot erase as the target is set; the sentence says what would help.',
      'Set what the sentence names; a changed configuration takes the erasure up at once.',
    ],
    SUPPRESSED: [
      'open',
      'The platform itself keeps this person out and does not say that they are erased.',
      'Look at the contact on the platform and ask the vendor.',
    ],
    JOB_OPEN_25_DAYS: [
      'alarm',
      'A Marketing Job is open for 25 days; the law gives 30.',
      'Read its result detail: it says what it waits for. Mend that, or erase the person by hand now.',
    ],
    ERASURE_OLD: [
      'alarm',
      'An erasure that was asked for is open for more than a day; the law gives 30.',
      'connector status and connector explain say what it waits for.',
    ],
  },
};
