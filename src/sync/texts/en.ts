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
