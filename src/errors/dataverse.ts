/** Codes about reading and writing Dataverse. */
import type { ErrorGroup } from './entry.ts';

export const dataverseErrors: ErrorGroup = {
  title: 'Dataverse',
  where:
    'The log, `connector check`, `connector status` (a stopped table, the alarms table-stopped, crm-unreadable and job-table), and the reason of a parked record.',
  entries: {
    DATAVERSE_UNAUTHORIZED: [
      'config',
      'Dataverse refuses the token.',
      'Check that dataverse.url and the tenant in dataverse.auth.authority belong together.',
    ],
    DATAVERSE_USER_MISSING: [
      'config',
      'The application is not a user of this environment.',
      'Create an application user for the client id in the Power Platform admin center and give it the connector role.',
    ],
    DATAVERSE_PRIVILEGE_MISSING: [
      'config',
      "The application user's security role lacks a privilege; where Dataverse names it, the sentence does too.",
      "Grant the named privilege to the application user's role at organization level.",
    ],
    DATAVERSE_ACCESS_DENIED: [
      'config',
      'The application user may not see a row: it reads only a part of the table.',
      "Grant the application user's role its read privileges at organization level.",
    ],
    DATAVERSE_COLUMN_SECURED: [
      'config',
      'A column that is read or written is secured.',
      'Add the application user to a column security profile that allows it.',
    ],
    DATAVERSE_FORBIDDEN: [
      'config',
      'Dataverse forbids the call without naming a privilege.',
      "Check the application user's role and the environment's IP firewall.",
    ],
    DATAVERSE_BAD_QUERY: [
      'config',
      'Dataverse does not know a column or table that the configuration names.',
      'Correct the name in the configuration, or create the column or table.',
    ],
    DATAVERSE_PATH_UNKNOWN: [
      'config',
      'Dataverse does not know the path.',
      'Check dataverse.url and dataverse.apiVersion.',
    ],
    DATAVERSE_REFUSED: [
      'config',
      'Dataverse refuses a request with a code that the connector does not know; it is in the sentence.',
      'Run connector check; if it finds nothing, give the code and the request id in the log to Microsoft support.',
    ],
    DATAVERSE_VALUE_REFUSED: [
      'park',
      'Dataverse refuses a value that was to be written or asked for.',
      'See that the text columns of the Marketing Job table are as long as docs/setup.md says, and that no validation rule forbids the value.',
    ],
    DATAVERSE_PLUGIN_REFUSED: [
      'park',
      'A plug-in or business rule in Dynamics refused the request.',
      'Exempt the application user from that plug-in or rule, then: connector parked retry.',
    ],
    DATAVERSE_THROTTLED: [
      'wait',
      'Dataverse asked to wait (service protection limits).',
      'Nothing; if it stays so, other programs use up the limit of the application user: give the connector one of its own.',
    ],
    DATAVERSE_CUSTOMIZING: [
      'wait',
      'Another customization of this environment is running.',
      'Wait for the import or publishing to end.',
    ],
    DATAVERSE_UNAVAILABLE: [
      'retry',
      'Dataverse, or a gateway before it, is not available.',
      'Nothing; if it lasts, look at the service health in the Power Platform admin center and at dataverse.url.',
    ],
    DATAVERSE_UNEXPECTED: [
      'retry',
      'Dataverse reports an unexpected error of its own.',
      'Nothing; if it lasts, give the request id in the log to Microsoft support.',
    ],
    DATAVERSE_UNREADABLE: [
      'retry',
      'Dataverse answered with JSON of another shape than expected.',
      'Check that dataverse.url leads to the Web API of the environment and not to a proxy that rewrites answers.',
    ],
    WHO_AM_I_UNREADABLE: [
      'retry',
      'Dataverse did not say which organization it is.',
      'Check that dataverse.url leads to the environment itself.',
    ],
    LINK_LEAVES_HOST: [
      'config',
      'Dataverse answered with a link to another host; it was not followed.',
      'Set dataverse.url to the address that the environment itself uses.',
    ],
    ROW_DOES_NOT_EXIST: [
      'gone',
      'A row does not exist (any more).',
      'Nothing: a person whose row is gone is anonymized by the rule deleted.',
    ],
    ROW_CHANGED: ['retry', 'A row was changed by somebody else meanwhile; it is read again.', 'Nothing.'],
    DELTA_EXPIRED: [
      'gone',
      'The position in the change feed has expired; the table is read in full and compared with the ledger.',
      'Nothing; so that it does not come again, let the worker run, or raise the days that Dataverse keeps changes for.',
    ],
    DELTA_LOST: [
      'gone',
      'Dataverse refuses the stored position in the change feed; the table is read in full and compared with the ledger.',
      'Nothing; the alarm ends by itself. If it comes again and again, see who changes the table or restores the environment.',
    ],
    FEED_WITHOUT_DELTA_LINK: [
      'config',
      'The change feed of a table ended without a position to go on from.',
      "Turn on 'Track changes' in the table's properties, or run connector setup.",
    ],
    FEED_ENTRY_WITHOUT_ID: [
      'config',
      'The change feed holds an entry without a readable id; it may not be passed over, so the table stops.',
      'Give the request id in the log to Microsoft support.',
    ],
    ROW_WITHOUT_ID: [
      'config',
      'Dataverse sent a row that names no record, or another one than was asked for; nobody is taken as missing.',
      'Check that no plug-in on Retrieve changes the answer; else give the request id in the log to Microsoft support.',
    ],
    COLUMN_ABSENT: [
      'config',
      'A column that was asked for is not in the answer.',
      'Let the application user read it (column security profile), or take it out of the mapping.',
    ],
    ADDRESS_COLUMN_UNREADABLE: [
      'config',
      'Every row of the table reads as if it had no address; nobody is anonymized on that.',
      'Add the application user to the column security profile of the address column, or undo whatever emptied it.',
    ],
    TABLE_NOT_CONFIGURED: [
      'config',
      'A table is asked for that the configuration does not name.',
      'Add it under tables.',
    ],
    TABLE_NAME_INVALID: [
      'config',
      'A table name in the configuration is not a logical name.',
      'Use the logical name: small letters, digits and underscores, e.g. mkt_marketingjob.',
    ],
    LOOKUP_UNKNOWN: [
      'config',
      'A mapping names a lookup that the table does not have.',
      'Correct the lookup in the mapping.',
    ],
    LOOKUP_COLUMN_UNKNOWN: [
      'config',
      'No table that a mapped lookup points to has the column.',
      'Correct the column in the mapping.',
    ],
    LOOKUPS_TOO_MANY: [
      'config',
      'The mappings of a table follow more lookups than Dataverse takes.',
      'Map fewer lookups.',
    ],
    JOB_WITHOUT_ID: ['config', 'A Marketing Job row has no readable id.', 'Correct marketingJobs.columns.id.'],
    JOB_STATUS_UNKNOWN: [
      'park',
      'A Marketing Job has a status that marketingJobs.options does not name.',
      "Set marketingJobs.options to the values of the table's choice.",
    ],
  },
};
