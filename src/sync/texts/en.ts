/** English; also what the command line and the log say, whatever the language of the results is. */
import type { JobTexts } from './texts.ts';

export const english: JobTexts = {
  refusals: {
    operationUnknown:
      'The operation of this job is not known. Choose Anonymize Contact or Sync Contact and create a new job.',
    bothGiven: 'Both Customer and Lead are filled in. Create a new job with only one of them.',
    notARecord:
      'Record Id and Record Table do not name a record. Record Id is the id of the row, Record Table is contact, lead or account.',
    nobodyGiven:
      'No person is given. Fill in Customer or Lead; for a record that is gone, fill in Record Id and Record Table.',
    incomplete: 'This job was not complete when it was first read. Create a new job.',
    tableNotSynchronised: (table) =>
      `Records of the table ${table} are not synchronised by this connector, so nothing of them was sent anywhere.`,
  },
  erasure: {
    abandoned: (target) =>
      `${target}: not erased: the target was taken out of the configuration; whoever is there has to be erased by hand.`,
    absent: (target) => `${target}: nobody was there (HTTP 404 Not Found); nothing had to be erased.`,
    absentOrHidden: (target) =>
      `${target}: nobody was shown there (HTTP 404 Not Found); whoever was hidden there before is not erased.`,
    onlyHidden: (target, status) => `${target}: not erased, only hidden; the platform can undo it (HTTP ${status}).`,
    erased: (target, status) => `${target}: erased (HTTP ${status}).`,
    erasedByHand: (target) => `${target}: erased by hand, as had to be; nobody is there any more.`,
    erasedAnswerLost: (target) =>
      `${target}: erased; the platform's answer was lost on the way, and nobody is there any more.`,
    purgedWithin: (days) => `The platform purges its last copy within ${days} days.`,
    vendorBackups: (days) => `The vendor's backups may keep a copy for ${days} days.`,
    leftToDo: (step) => `Left to do by hand: ${step}`,
    notYet: (target, reason) => `${target}: not erased yet: ${reason}`,
    atWork: (target) => `${target}: not erased yet; it is being worked on.`,
    paused: (reason) => `the target is paused (${reason})`,
    keepOut:
      'The record in Dynamics can still be synchronised: its next change creates the person again. To keep them out, set Do Not Email, or deactivate the record with "anonymize when inactive" switched on.',
  },
  waiting: {
    explicitLimit: (perHour) =>
      `more than ${perHour} erasures were requested within an hour; this one waits for its turn or for an approval`,
    explicitRejected: 'somebody said no to this erasure in the list of holds',
    blockedByCrm: (column) =>
      `Dynamics says that this person may not be erased now (column ${column}); it goes on when that is changed.`,
    lateEffect: 'sent; it is sent once more when nothing older can still arrive',
    unexpected: 'an unexpected failure; it is tried again',
    outsidePilot:
      'the target is in a pilot, and this person is not in it: nothing is sent there until the pilot takes them in or is taken out',
    dryRun: 'the target is in a dry run (dryRun: true): nothing is sent there until that is taken out',
    pausedByOperator: 'an operator paused it; go on with: connector resume',
  },
  note: {
    subject: 'Email platform: how this person stands there',
    decided: (action, because, rule) => `Decision: ${action}. ${because} (rule ${rule})`,
    rules: {
      deleted: 'The record was deleted in Dynamics.',
      'erased-on-request': 'Somebody asked to erase this person, and that is not finished yet.',
      'erased-before': 'This person was erased on request, and the record has not changed since.',
      suppressed: 'The address or the record is on the list of people who must not be added again.',
      'no-email': 'The record has no email address, or something that cannot be one.',
      'do-not-email': 'The record says that this person must not be emailed.',
      inactive: 'The record is not active, and such people are anonymized.',
      merged: 'The record is a duplicate that was merged into another one.',
      'do-not-bulk-email': 'The record says that this person wants no bulk email.',
      'out-of-scope': 'The record is not among those that are chosen for the email platform.',
      'inactive-kept': 'The record is not active; such people are kept up to date, but none is added.',
      eligible: 'Nothing speaks against it.',
    },
    states: {
      new: (target) => `${target}: not there.`,
      absent: (target) => `${target}: not there.`,
      live: (target) => `${target}: there, with the permissions of Dynamics as far as they may be raised.`,
      reset: (target) => `${target}: there, without any permission.`,
      held: (target) => `${target}: there, without any permission, since an anonymization was to be reviewed.`,
      anonymized: (target) => `${target}: anonymized.`,
    },
    notYet: (target) => `${target}: nothing was sent yet.`,
    held: (target) => `${target}: the anonymization waits until somebody has reviewed it.`,
    parked: (target, reason, code) => `${target}: not done: ${reason} (${code})`,
    shared: 'Other records have the same email address; the person there stands for all of them together.',
    written: (at) => `As of ${at}. This note is kept up to date by the connector; what is changed in it is lost.`,
    merged: 'This note was about a record that has been merged into another one.',
    erased: 'The person was erased on request:',
  },
  sync: {
    actions: {
      sync: 'sync',
      resetPermissions: 'resetPermissions',
      anonymize: 'anonymize',
      ignore: 'ignore',
    },
    applied: (target, action, rule) => `${target}: ${action} (rule ${rule}).`,
    nothingSent: (target, reason) => `${target}: nothing was sent: ${reason}.`,
    notYet: (target, reason) => `${target}: not synchronised yet: ${reason}`,
  },
};
