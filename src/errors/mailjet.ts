/** Codes about Mailjet. */
import type { ErrorGroup } from './entry.ts';

export const mailjetErrors: ErrorGroup = {
  title: 'Mailjet',
  where: 'The pause of a target, the reason of a parked record or of an open erasure, and `connector check`.',
  entries: {
    MAILJET_NOT_AUTHORIZED: ['config', 'Mailjet refuses the keys.', 'Check publicKey and secretKey.'],
    MAILJET_NOT_ALLOWED: [
      'config',
      'Mailjet does not allow the call to this account, although the key is right.',
      'See in Mailjet what the account and the key may do; ask Mailjet to unblock it.',
    ],
    MAILJET_FORBIDDEN: [
      'config',
      'The API key may not do the call that is named.',
      'Use a key with full rights on contacts and contact lists.',
    ],
    MAILJET_WRONG_PATH: [
      'config',
      'Mailjet does not know the path of a call.',
      'Set baseUrl to https://api.mailjet.com, without a version.',
    ],
    MAILJET_UNEXPECTED_ANSWER: [
      'retry',
      'Mailjet answered in a form that is not the described one, or not for everybody.',
      'Check the baseUrl and what lies on the way; if it lasts, ask Mailjet.',
    ],
    MAILJET_NOT_FOUND: ['gone', 'Mailjet does not have what a call asks for.', 'Nothing.'],
    MAILJET_EXISTS: [
      'park',
      'Mailjet has a contact with this address already; it is written instead of created.',
      'Nothing.',
    ],
    MAILJET_BAD_ADDRESS: [
      'park',
      'Mailjet does not take the address; the reason of a parked record says BAD_ADDRESS.',
      'Correct the address in Dynamics.',
    ],
    MAILJET_BAD_VALUE: [
      'park',
      'Mailjet does not take a value; the reason of a parked record says BAD_VALUE.',
      "Correct the value in Dynamics, or the mapping, so that it fits the property's type in Mailjet.",
    ],
    BAD_VALUE: [
      'park',
      'Mailjet does not take a value of the row.',
      "Correct the value in Dynamics, or the mapping, so that it fits the property's type in Mailjet.",
    ],
    MAILJET_REFUSED: [
      'park',
      'Mailjet refused the content of a call; the reason of a parked record says REFUSED.',
      'Compare the mapped values of the record with the properties in Mailjet; correct it in Dynamics, or: connector parked retry.',
    ],
    MAILJET_KEY_NAME: [
      'retry',
      'Mailjet denies a property that it has.',
      'Nothing; if it lasts, look at the property in Mailjet.',
    ],
    MAILJET_UNKNOWN_PROPERTY: [
      'config',
      'Mailjet has no contact property of a mapped name that can be written.',
      'Create the property in Mailjet, or correct the mapping.',
    ],
    MAILJET_LIST_UNKNOWN: [
      'config',
      'Mailjet has no contact list of a mapped name.',
      'Make that list in Mailjet (Contacts, contact lists), or map the name of one that is there, or marketing.',
    ],
    MAILJET_LIST_RENAMED: [
      'note',
      'A mapped list is called otherwise in Mailjet now; it is still used.',
      'Give it its name back in Mailjet; or, if it still stands for the same consent, map the new name instead.',
    ],
    MAILJET_LIST_AMBIGUOUS: [
      'config',
      'More than one list or permission in Mailjet goes by a mapped name.',
      'Give each list its own name in Mailjet, and map each once.',
    ],
    MAILJET_LIST_GONE: [
      'config',
      'Mailjet does not have a mapped list any more.',
      'Make the list again in Mailjet, or map another one.',
    ],
    MAILJET_CONTACT_GONE: ['retry', 'A contact went away in Mailjet during the work.', 'Nothing.'],
    MAILJET_NOT_SHOWN_YET: [
      'retry',
      'Mailjet says that a contact exists already, and does not show it yet.',
      'Nothing.',
    ],
    MAILJET_NOT_SORTED: [
      'config',
      'Mailjet does not list the newest contacts first, so jobs cannot be used.',
      'Set bulkFrom to 1000 for this target.',
    ],
    MAILJET_JOB_REFUSED: [
      'park',
      'A Mailjet job failed and does not say for whom; its people are sent in smaller parts until the culprit is alone.',
      'Look at the record that stays parked; correct it in Dynamics, or: connector parked retry.',
    ],
    MAILJET_JOB_UNFINISHED: ['retry', 'A Mailjet job has not ended yet.', 'Nothing.'],
    MAILJET_TOO_MANY: [
      'park',
      'Mailjet has more entries for one question than the connector reads.',
      'Take the person off lists that are not needed any more, in Mailjet; then: connector parked retry.',
    ],
    MAILJET_TOO_MANY_SINGLES: [
      'park',
      'More people have to be written one by one than one batch takes; the batch is sent in smaller parts.',
      'Nothing.',
    ],
    MAILJET_NOT_ERASED: [
      'retry',
      'Mailjet confirmed an erasure and still shows the contact.',
      'Nothing; if it lasts, look at the contact in Mailjet and ask Mailjet.',
    ],
    STAYS_UNSUBSCRIBED: [
      'note',
      'The CRM says yes, and the person has unsubscribed from that list in Mailjet: that stays.',
      'Nothing: only the person can subscribe again. A record that is parked for it goes on when its permission is set to no in Dynamics.',
    ],
  },
};
