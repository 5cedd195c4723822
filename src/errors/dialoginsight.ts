/** Codes about Dialog Insight. */
import type { ErrorGroup } from './entry.ts';

export const dialogInsightErrors: ErrorGroup = {
  title: 'Dialog Insight',
  where: 'The pause of a target, the reason of a parked record or of an open erasure, and `connector check`.',
  entries: {
    DIALOGINSIGHT_NOT_AUTHORIZED: [
      'config',
      'Dialog Insight refuses a call to this key.',
      'Check keyId, apiKey, the project and what the key may do.',
    ],
    DIALOGINSIGHT_WRONG_PATH: [
      'config',
      'Dialog Insight does not know the path of a call.',
      'Set baseUrl to https://<host>/webservices/ofc4.',
    ],
    DIALOGINSIGHT_QUOTA: [
      'wait',
      'Dialog Insight says that there were too many calls.',
      "Nothing; if it stays so, lower the target's requestsPerSecond or see who else uses the account.",
    ],
    DIALOGINSIGHT_FAILED: ['retry', 'Dialog Insight failed at a call.', 'Nothing; if it lasts, ask Dialog Insight.'],
    DIALOGINSIGHT_UNEXPECTED_ANSWER: [
      'retry',
      'Dialog Insight answered in a form that is not the known one, or not for everybody.',
      'Check the baseUrl and what lies on the way; if it lasts, ask Dialog Insight.',
    ],
    DIALOGINSIGHT_REFUSED: [
      'park',
      'Dialog Insight refused the content of a call; the reason of a parked record says REFUSED.',
      'Compare the mapped values of the record with the fields of the project; correct it in Dynamics, or: connector parked retry.',
    ],
    VALIDATION: [
      'park',
      'Dialog Insight refused the row and does not say why in a plain word; where it does, that word is the code, e.g. INVALID_EMAIL.',
      'Compare the mapped values of the record with the fields of the project; correct it in Dynamics, or: connector parked retry.',
    ],
    NOT_WRITTEN: [
      'park',
      'Dialog Insight neither created nor changed the contact and says nothing about it.',
      'Look for the address in the project; then: connector parked retry.',
    ],
    DIALOGINSIGHT_FIELD_MISSING: [
      'config',
      'A project does not have a field that this target needs; the sentence names it.',
      'Create the field in that project, or correct the settings of the target.',
    ],
    DIALOGINSIGHT_FIELD_HIDDEN: [
      'config',
      'Dialog Insight finds contacts by a field and does not show that field.',
      'Let the key see the field.',
    ],
    DIALOGINSIGHT_NO_OPT_INS: [
      'config',
      'A project shows no opt-in: nobody could be reset.',
      'Let the key see the opt-ins of the project.',
    ],
    DIALOGINSIGHT_UNKNOWN_PROPERTY: [
      'config',
      'A project has no field of a mapped name.',
      'Create the field, or correct the mapping.',
    ],
    DIALOGINSIGHT_UNKNOWN_PERMISSION: [
      'config',
      'A project has no opt-in of a mapped name.',
      'Create the opt-in, or correct the mapping.',
    ],
    DIALOGINSIGHT_CHANGED: [
      'retry',
      'An address went to another contact in between; it is looked up again.',
      'Nothing.',
    ],
    DIALOGINSIGHT_NOT_CHANGED: [
      'park',
      'Dialog Insight did not change a contact and does not say why.',
      'Look at the contact in the project that is named, then: connector parked retry.',
    ],
    DIALOGINSIGHT_WITHOUT_KEY: [
      'park',
      'A contact has no address, so Dialog Insight cannot be told to change it.',
      'Give it its address, or delete it, in the project that is named; then: connector parked retry.',
    ],
    DIALOGINSIGHT_STILL_FOUND: [
      'retry',
      'Dialog Insight deleted nobody and still finds the contact.',
      'Nothing; if it lasts, delete the contact in Dialog Insight by hand.',
    ],
    DIALOGINSIGHT_DELETED_TOO_MANY: [
      'config',
      'Dialog Insight deleted more contacts than the one that was asked for.',
      'Look at the project before anything else is erased: pause the target, restore what was lost, ask Dialog Insight.',
    ],
  },
};
