/**
 * What is fixed about the three tables (wire: Dataverse entity references contact, account, lead): set name, primary
 * id, and what a state number means. Holds nothing that a customer can change.
 */
import type { TableName } from '../../config/words.ts';
import type { Row } from './crm.ts';

export interface TableFacts {
  /** Entity set name, as in URLs. */
  readonly set: string;
  readonly id: string;
  /** Privilege that must be held at organization level for a tracked read. */
  readonly readPrivilege: string;
  readonly states: Readonly<Record<number, Row['state']>>;
}

const activeOrNot: TableFacts['states'] = { 0: 'active', 1: 'inactive' };

export const tableFacts: Readonly<Record<TableName, TableFacts>> = {
  contact: { set: 'contacts', id: 'contactid', readPrivilege: 'prvReadContact', states: activeOrNot },
  account: { set: 'accounts', id: 'accountid', readPrivilege: 'prvReadAccount', states: activeOrNot },
  lead: {
    set: 'leads',
    id: 'leadid',
    readPrivilege: 'prvReadLead',
    states: { 0: 'active', 1: 'qualified', 2: 'disqualified' },
  },
};
