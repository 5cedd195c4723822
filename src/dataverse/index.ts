/** What other rooms use of this one. The port itself is in crm.ts. */
export { type ClosableCrm, type CrmOptions, type CrmSettings, createCrm } from './crm-client.ts';
