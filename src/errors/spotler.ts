/** Codes about Spotler. */
import type { ErrorGroup } from './entry.ts';

export const spotlerErrors: ErrorGroup = {
  title: 'Spotler',
  where: 'The pause of a target, the reason of a parked record or of an open erasure, and `connector check`.',
  entries: {
    SPOTLER_NOT_AUTHORIZED: [
      'config',
      'Spotler refuses the credentials.',
      'Check consumerKey and consumerSecret, and that the REST API licence is active.',
    ],
    SPOTLER_WRONG_PATH: [
      'config',
      'Spotler does not know the path of a call.',
      'Set baseUrl to https://restapi.mailplus.nl/integrationservice.',
    ],
    SPOTLER_BACKEND_EXCEPTION: ['retry', 'Spotler failed at a call.', 'Nothing; if it lasts, ask Spotler.'],
    SPOTLER_UNEXPECTED_ANSWER: [
      'retry',
      'Spotler answered in a form that is not the documented one, or not for everybody.',
      'Check the baseUrl and what lies on the way; if it lasts, ask Spotler.',
    ],
    SPOTLER_ROWS_MISSING: [
      'retry',
      'Spotler did not answer for every contact of a list.',
      'Nothing; if it lasts, ask Spotler.',
    ],
    SPOTLER_CONTACT_NOT_FOUND: ['gone', 'Spotler has no contact with this id.', 'Nothing.'],
    SPOTLER_CONTACT_OPTOUT: [
      'note',
      'The contact has opted out in Spotler itself; nothing of the data was refused. In evidence it is called CONTACT_OPTOUT.',
      'Nothing: only the person can opt in again.',
    ],
    SPOTLER_NO_ACTIVE_CHANNEL: [
      'note',
      'The contact has no active channel in Spotler; nothing of the data was refused. In evidence it is called NO_ACTIVE_CHANNEL.',
      'Nothing; look at the contact in Spotler if it should be mailed.',
    ],
    CONTACT_OPTOUT: [
      'note',
      'The contact has opted out in Spotler itself.',
      'Nothing: only the person can opt in again.',
    ],
    NO_ACTIVE_CHANNEL: [
      'note',
      'The contact has no active channel in Spotler.',
      'Nothing; look at the contact in Spotler if it should be mailed.',
    ],
    CONTACT_ALREADY_EXISTS: [
      'park',
      'Spotler says that the contact exists already, also when it is asked to change it.',
      'Look for the address in Spotler and merge or remove the double, then: connector parked retry.',
    ],
    UNKNOWN_CODE: [
      'park',
      'Spotler refused the contact with something that is no code.',
      'Look at the values of the record that are mapped; correct it in Dynamics, or: connector parked retry.',
    ],
    'SPOTLER_<WORD>': [
      'park',
      'Spotler refused a call with this word of its own (errorType); the reason of a parked record has it without SPOTLER_, e.g. PROPERTY_INVALID or INVALID_PARAMS.',
      'Correct the value in Dynamics, or the mapping, so that it fits the property in Spotler; then: connector parked retry.',
    ],
    SPOTLER_IDS_WOULD_CROSS: [
      'park',
      'Another Spotler contact, or one without an external id, has the new address already.',
      'Merge the two, give that contact an external id, or remove it, in Spotler; then: connector parked retry.',
    ],
    SPOTLER_NO_ADDRESS_DEDUPLICATION: [
      'config',
      'The Spotler account keeps two contacts with one address.',
      'Set identity: record for this target, then: connector targets accept NAME.',
    ],
    SPOTLER_ADDRESS_DEDUPLICATION: [
      'config',
      'The Spotler account keeps one contact for each address, and the target tells people apart by record.',
      'Set identity: address for this target, then: connector targets accept NAME.',
    ],
    SPOTLER_NO_PERMISSIONS: [
      'config',
      'The property "permissions" is not visible to the REST API: nobody could be reset.',
      'Make it visible in Spotler (Settings, database fields).',
    ],
    SPOTLER_PERMISSION_UNKNOWN: [
      'config',
      'Spotler has no permission of a mapped name.',
      'Map one that is there, or add the permission in Spotler and keep it visible.',
    ],
    SPOTLER_PERMISSION_RENAMED: [
      'note',
      'A mapped permission is called otherwise in Spotler now; its bit is still used.',
      'Give it its name back in Spotler; or, if it still asks for the same consent, map the new name instead.',
    ],
    SPOTLER_PERMISSION_AMBIGUOUS: [
      'config',
      'More than one permission in Spotler goes by a mapped name.',
      'Give each permission its own name in Spotler, and map each once.',
    ],
    SPOTLER_SEARCH_TOO_WIDE: [
      'park',
      'Spotler finds thousands of contacts for one address.',
      'Look for the address in Spotler and remove what does not belong there, then: connector parked retry.',
    ],
    SPOTLER_STILL_FOUND: [
      'retry',
      'Spotler still finds a contact under the address right after anonymizing it.',
      'Nothing; if it lasts, look for the address in Spotler.',
    ],
  },
};
