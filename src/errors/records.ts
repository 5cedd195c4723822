/** Codes about single records that could not be applied. */
import type { ErrorGroup } from './entry.ts';

export const recordErrors: ErrorGroup = {
  title: 'Records that are parked',
  where:
    '`connector parked`, `connector explain`, the result of a Sync Contact job. A parked record is taken up again when its row changes, when a changed configuration concerns it, and by `connector parked retry`.',
  entries: {
    ADDRESS_HIDDEN: [
      'park',
      'The address column is secured and hidden from the application user; that says nothing about the person.',
      'Add the application user to its column security profile, then: connector parked retry.',
    ],
    FIELD_WRONG_TYPE: [
      'park',
      'A column of the row holds another type than its use needs; the reason names the column.',
      'Correct the mapping (another column, or as: label); then: connector parked retry.',
    ],
    FIELD_TOO_LARGE: [
      'park',
      'A text of the row is too long; the reason names the column.',
      'Shorten it in Dynamics, or do not map it.',
    ],
    ROW_TOO_LARGE: [
      'park',
      'The row alone is larger than an answer may be.',
      'Shorten its texts in Dynamics, or map fewer columns.',
    ],
    SIBLING_UNREADABLE: [
      'park',
      'Another record with the same address cannot be read, so nothing can be decided about the person.',
      'connector explain names that record and why; mend it, then: connector parked retry.',
    ],
    HELD_AT_FORMER_ADDRESS: [
      'park',
      'The contact at the former address has to be erased first, and the brake holds that.',
      'Review the hold: connector holds. It goes on when the hold is approved.',
    ],
    IDS_WOULD_CROSS: [
      'park',
      "Another person's profile holds the external id of this record; it was tried several times.",
      'connector explain shows both; merge the two records in Dynamics or the two contacts on the platform, then: connector parked retry.',
    ],
    '<WORD>_IDS_WOULD_CROSS': [
      'park',
      'connector preview: another contact of the platform that the code begins with has the new address already.',
      'Merge the two contacts, or remove one, on the platform before the record is applied.',
    ],
    PLATFORM_ROW_ERROR: [
      'park',
      'The platform could not take this row, several times.',
      'Look whether the platform has a fault; then: connector parked retry.',
    ],
    REJECTED: [
      'park',
      'The platform refused this row, or this erasure, without a word of its own.',
      'Compare the mapped values of the record with the fields of the platform; correct it in Dynamics, or: connector parked retry.',
    ],
    OUTCOME_REJECTED: [
      'park',
      'The platform refused to reset or anonymize this person; the reason has its word.',
      'Look at the contact on the platform, then: connector parked retry.',
    ],
    OUTCOME_SUPPRESSED: [
      'park',
      'The platform itself keeps this person out.',
      'Nothing, unless the person wants to come back: then lift it on the platform, and: connector parked retry.',
    ],
    OUTCOME_BLOCKED: [
      'park',
      'The platform does not do this as the target is set; the reason says which setting or act is missing.',
      'Set it: a changed configuration takes the record up again. For an act on the platform: connector parked retry.',
    ],
    OUTCOME_MANUAL: [
      'park',
      'Something of this person has to be done by hand on the platform; the reason says what.',
      'Do it there, then: connector parked retry.',
    ],
    OUTCOME_UNSUPPORTED: [
      'park',
      'The platform cannot do this as the target is set; the reason says what would help.',
      'Set what the reason names: a changed configuration takes the record up again.',
    ],
    UNEXPECTED: [
      'varies',
      'An unexpected failure of this program; tried several times, then the record is parked.',
      'Look for it in the log, report it with the frames that are there, then: connector parked retry.',
    ],
    ERASURE_NOT_CONFIRMED: [
      'park',
      'The platform confirmed an erasure and still finds the person; it is sent again.',
      'Nothing; if the alarm stays, look at the contact on the platform and ask the vendor.',
    ],
  },
};
