/** Codes about Keap. */
import type { ErrorGroup } from './entry.ts';

export const keapErrors: ErrorGroup = {
  title: 'Keap',
  where: 'The pause of a target, the reason of a parked record or of an open erasure, and `connector check`.',
  entries: {
    KEAP_NOT_AUTHORIZED: [
      'config',
      'Keap refuses the key.',
      'Check apiKey and sendKeyAs; a personal access token expires: make a new one.',
    ],
    KEAP_FORBIDDEN: [
      'config',
      'The key may not do the call that is named.',
      'Use a key of a user who may read, write and delete contacts.',
    ],
    KEAP_WRONG_PATH: [
      'config',
      'Keap does not know the path of a call.',
      'Set baseUrl to https://api.keap.com/crm/rest/v2.',
    ],
    KEAP_UNEXPECTED_ANSWER: [
      'retry',
      'Keap answered in a form that is not the described one.',
      'Check the baseUrl and what lies on the way; if it lasts, ask Keap.',
    ],
    KEAP_NOT_FOUND: ['gone', 'Keap does not have what a call asks for.', 'Nothing.'],
    KEAP_CONFLICT: ['retry', 'Keap was changing the same contact.', 'Nothing.'],
    KEAP_REFUSED: [
      'park',
      'Keap refused the content of a call; the reason of a parked record says REFUSED.',
      'Compare the mapped values of the record with the fields in Keap; correct it in Dynamics, or: connector parked retry.',
    ],
    REFUSED: [
      'park',
      'The platform refused the content of the row and does not say why.',
      'Compare the mapped values of the record with the fields of the platform; correct it in Dynamics, or: connector parked retry.',
    ],
    '<WORD>_TOO_LONG': [
      'park',
      'A value is longer than its field in Keap; the code begins with the name of the property.',
      'Shorten it in Dynamics, or do not map it.',
    ],
    ADDRESS_TOO_LONG: ['park', 'The address is longer than Keap takes.', 'Correct the address in Dynamics.'],
    KEAP_SUPPRESSED: [
      'park',
      'Keap refuses this person for GDPR reasons; the record is parked as OUTCOME_SUPPRESSED.',
      'Nothing, unless the person wants to come back: then ask Keap.',
    ],
    STAYS_OPTED_OUT: [
      'note',
      'The CRM says yes, and the person or the mail has said no in Keap: that stays.',
      'Nothing: only the person can opt in again. A record that is parked for it goes on when its permission is set to no in Dynamics.',
    ],
    KEAP_OPT_OUT_REFUSED: [
      'park',
      'Keap confirmed the opt-out of an address and still has it opted in.',
      'Opt the address out in Keap, then: connector parked retry.',
    ],
    KEAP_IDS_WOULD_CROSS: [
      'park',
      'Another Keap contact has the new address already.',
      'Merge the two, or remove one, in Keap; then: connector parked retry.',
    ],
    KEAP_ADDRESS_UNSEARCHABLE: [
      'park',
      'The address holds a character that Keap reads as part of a search.',
      'Look for the person in Keap by hand; correct the address in Dynamics if it is wrong.',
    ],
    KEAP_SEARCH_TOO_WIDE: [
      'park',
      'Keap finds thousands of contacts for one person.',
      'Look for the address in Keap and remove what does not belong there, then: connector parked retry.',
    ],
    KEAP_RECORD_ID_FIELD: [
      'config',
      'Keap has no usable custom field for the record id; the sentence says what is wrong with it.',
      'Make a custom field of type text for contacts in Keap and name it under recordIdField.',
    ],
    KEAP_UNKNOWN_PROPERTY: [
      'config',
      'Keap has no property of a mapped name for contacts.',
      'Create the custom field in Keap, or correct the mapping.',
    ],
    KEAP_UNKNOWN_PERMISSION: [
      'config',
      'Keap has one permission only, and the mapping names another.',
      'Map the permission marketing.',
    ],
  },
};
