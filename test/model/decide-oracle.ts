/**
 * What one record must be answered, read off the prose of docs/rules.md and written in another manner than the code:
 * it collects verdicts and then looks for the strictest. Imports nothing, so that it cannot share a mistake by sharing
 * a line. Slow and plain on purpose.
 */
export interface OracleFacts {
  readonly table: string;
  readonly existence: string;
  readonly address: string;
  readonly doNotEmail: boolean;
  readonly doNotBulkEmail: boolean;
  readonly state: string;
  readonly merged: boolean;
  readonly inScope: boolean;
  readonly erasureOpen: boolean;
  readonly erasedBefore: boolean;
  readonly suppressed: boolean;
}

/** The settings as they are for the record's own table. */
export interface OracleSettings {
  readonly anonymizeWhenInactive: boolean;
  readonly whenOutOfScope: string;
}

export interface OracleDecision {
  readonly action: string;
  readonly rule: string;
  /** Every rule that fired, with what it asks for, in the order of the page. */
  readonly fired: readonly (readonly [rule: string, action: string])[];
}

export function expectedDecision(facts: OracleFacts, settings: OracleSettings): OracleDecision {
  const fired: [string, string][] = [];

  if (facts.existence === 'deleted') {
    // All that is left of the record is its id: only what is remembered about that id can be said.
    fired.push(['deleted', 'anonymize']);
    if (facts.erasureOpen) fired.push(['erased-on-request', 'anonymize']);
    if (facts.suppressed) fired.push(['suppressed', 'anonymize']);
  } else {
    const sleeping = facts.state === 'inactive' || facts.state === 'qualified' || facts.state === 'disqualified';
    if (facts.erasureOpen) fired.push(['erased-on-request', 'anonymize']);
    if (facts.erasedBefore) fired.push(['erased-before', 'ignore']);
    if (facts.suppressed) fired.push(['suppressed', 'anonymize']);
    if (facts.address === 'empty' || facts.address === 'malformed') fired.push(['no-email', 'anonymize']);
    if (facts.doNotEmail) fired.push(['do-not-email', 'anonymize']);
    if (sleeping && settings.anonymizeWhenInactive) fired.push(['inactive', 'anonymize']);
    if (facts.merged && settings.anonymizeWhenInactive) fired.push(['merged', 'anonymize']);
    if (facts.merged && !settings.anonymizeWhenInactive) fired.push(['merged', 'resetPermissions']);
    if (facts.doNotBulkEmail) fired.push(['do-not-bulk-email', 'resetPermissions']);
    if (!facts.inScope) fired.push(['out-of-scope', settings.whenOutOfScope]);
    if (sleeping && !settings.anonymizeWhenInactive) fired.push(['inactive-kept', 'sync']);
  }
  if (fired.length === 0) fired.push(['eligible', 'sync']);

  for (const wanted of ['anonymize', 'resetPermissions', 'ignore', 'sync']) {
    for (const [rule, action] of fired) {
      if (action === wanted) return { action, rule, fired };
    }
  }
  throw new Error('a verdict outside the four actions');
}
