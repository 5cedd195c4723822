/** Codes about BoldDesk. */
import type { ErrorGroup } from './entry.ts';

export const boldDeskErrors: ErrorGroup = {
  title: 'BoldDesk',
  where: 'The pause of a target, the reason of a parked record or of an open erasure, and `connector check`.',
  entries: {
    BOLDDESK_NOT_AUTHORIZED: ['config', 'BoldDesk refuses the key.', 'Check apiKey and the domain in baseUrl.'],
    BOLDDESK_FORBIDDEN: [
      'config',
      'The key may not do the call that is named.',
      'Use the key of an agent who may read, write and delete contacts.',
    ],
    BOLDDESK_WRONG_PATH: [
      'config',
      'BoldDesk does not know the path of a call.',
      'Set baseUrl to https://<domain>.bolddesk.com/api/v1.',
    ],
    BOLDDESK_QUOTA: ['config', 'A quota of the BoldDesk plan is used up.', 'Extend the plan, or remove contacts.'],
    BOLDDESK_THROTTLED: [
      'wait',
      'BoldDesk takes no more calls for now.',
      "Nothing; if it stays so, lower the target's requestsPerSecond or see who else uses the account.",
    ],
    BOLDDESK_UNEXPECTED_ANSWER: [
      'retry',
      'BoldDesk answered in a form that is not the expected one.',
      'Check the baseUrl and what lies on the way; if it lasts, ask BoldDesk.',
    ],
    BOLDDESK_NOT_FOUND: ['gone', 'BoldDesk does not have what a call asks for.', 'Nothing.'],
    BOLDDESK_ALREADY_DELETED: ['gone', 'The contact is deleted in BoldDesk already.', 'Nothing.'],
    BOLDDESK_NO_CHANGE: ['park', 'Nothing was to change; taken as done.', 'Nothing.'],
    BOLDDESK_CHANGED_MEANWHILE: [
      'retry',
      'BoldDesk showed a contact and did not know it a moment later; it is looked for again.',
      'Nothing.',
    ],
    BOLDDESK_NOT_ALLOWED: [
      'park',
      'BoldDesk does not allow the call there.',
      'Look at the contact in BoldDesk (is it an agent, or blocked?), then: connector parked retry.',
    ],
    BOLDDESK_UNKNOWN_FIELD: [
      'config',
      'BoldDesk has no custom field of a mapped name for contacts.',
      'Create the custom field in BoldDesk, or correct the mapping.',
    ],
    BOLDDESK_UNKNOWN_PROPERTY: [
      'config',
      'A mapped property cannot be written.',
      'Map a property of a contact or a custom field (cf_…). While the connector writes the record id, contactExternalReferenceId is its own.',
    ],
    BOLDDESK_UNKNOWN_PERMISSION: [
      'config',
      'BoldDesk has no permissions of its own, and the mapping names one that is no custom field.',
      'Name a custom field of type checkbox, such as cf_newsletter.',
    ],
    BOLDDESK_ADDRESS_TAKEN: [
      'park',
      'Another contact in BoldDesk has the address.',
      'Merge the two, or delete one, in BoldDesk; then: connector parked retry.',
    ],
    BOLDDESK_ADDRESS_KEPT: [
      'park',
      'BoldDesk took the new address of a contact and kept the former one.',
      'Change the address in BoldDesk, then: connector parked retry.',
    ],
    BOLDDESK_IDS_WOULD_CROSS: [
      'park',
      'Another BoldDesk contact has the new address already.',
      'Merge the two, or delete one, in BoldDesk; then: connector parked retry.',
    ],
    BOLDDESK_SEARCH_TOO_WIDE: [
      'park',
      'BoldDesk finds a thousand contacts for one person.',
      'Look for the person in BoldDesk and remove what does not belong there, then: connector parked retry.',
    ],
    BOLDDESK_NOT_DELETED: [
      'park',
      'BoldDesk answered that it did not delete a contact.',
      'See that the agent of the key may delete contacts and manage the deletion of tickets.',
    ],
    'BOLDDESK_ROW_<WORD>': [
      'park',
      'BoldDesk refused the content of a call; the reason of a parked record says the last part alone.',
      'As for that part, below.',
    ],
    ALREADY_EXISTS: [
      'park',
      'Another contact in BoldDesk has a value that may be there once only.',
      'Look for it in BoldDesk and merge or correct, then: connector parked retry.',
    ],
    FIELD_REQUIRED: [
      'park',
      'BoldDesk wants a field that the record does not fill.',
      'Fill it in in Dynamics, map it, or make it optional in BoldDesk; then: connector parked retry.',
    ],
    INVALID_VALUE: [
      'park',
      'BoldDesk does not take a value of the record.',
      'Correct it in Dynamics, or the mapping, so that it fits the field in BoldDesk.',
    ],
    LENGTH_EXCEEDS: ['park', 'A value is longer than its field in BoldDesk.', 'Shorten it in Dynamics.'],
  },
};
