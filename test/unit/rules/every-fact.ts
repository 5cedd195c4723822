/** Every combination of facts and of the settings of a record's own table, and members made of them. */

import type { Facts, Member, OutOfScopeAction, RecordTable, RuleSettings } from '../../../src/rules/facts.ts';
import { decide } from '../../../src/rules/rules.ts';

export const tables: readonly RecordTable[] = ['contact', 'lead', 'account'];
const flags = [false, true] as const;

/** Values of each fact, the one that speaks for the person first. */
export const factValues = {
  existence: ['present', 'deleted'],
  address: ['valid', 'empty', 'malformed'],
  doNotEmail: flags,
  doNotBulkEmail: flags,
  state: ['active', 'inactive', 'qualified', 'disqualified'],
  merged: flags,
  inScope: [true, false],
  erasureOpen: flags,
  erasedBefore: flags,
  suppressed: flags,
} as const;

export const outOfScopeActions: readonly OutOfScopeAction[] = ['ignore', 'resetPermissions', 'anonymize'];

export function* everyFacts(): Generator<Facts> {
  let partial: Record<string, unknown>[] = tables.map((table) => ({ table }));
  for (const [name, values] of Object.entries(factValues)) {
    partial = partial.flatMap((facts) => values.map((value) => ({ ...facts, [name]: value })));
  }
  yield* partial as unknown as Facts[];
}

/** The same for every table. */
export function settingsFor(anonymize: boolean, outOfScope: OutOfScopeAction): RuleSettings {
  return {
    anonymizeContactWhenInactive: { contact: anonymize, lead: anonymize, account: anonymize },
    whenOutOfScope: { contact: outOfScope, lead: outOfScope, account: outOfScope },
  };
}

export const everySettings: readonly RuleSettings[] = flags.flatMap((anonymize) =>
  outOfScopeActions.map((action) => settingsFor(anonymize, action)),
);

export const goodFacts: Facts = {
  table: 'contact',
  existence: 'present',
  address: 'valid',
  doNotEmail: false,
  doNotBulkEmail: false,
  state: 'active',
  merged: false,
  inScope: true,
  erasureOpen: false,
  erasedBefore: false,
  suppressed: false,
};

export const defaultSettings = settingsFor(false, 'resetPermissions');

let made = 0;

/** A member with the default settings unless told; a new id each time. */
export function member(
  facts: Partial<Facts> = {},
  more: { settings?: RuleSettings; createdOn?: string | undefined; id?: string } = {},
): Member {
  const all = { ...goodFacts, ...facts };
  made += 1;
  const id = more.id ?? `00000000-0000-4000-8000-${made.toString(16).padStart(12, '0')}`;
  return {
    ref: `${all.table}/${id}`,
    table: all.table,
    createdOn: all.existence === 'deleted' ? undefined : (more.createdOn ?? '2024-03-01T09:00:00Z'),
    facts: all,
    decision: decide(all, more.settings ?? defaultSettings),
  };
}

/**
 * One member for each distinct situation that combining may tell apart. `fine` keeps every set of rules that fired
 * apart; otherwise only the action, the rule that is named, who votes, opt-outs and explicit acts.
 */
export function memberAlphabet(detail: 'fine' | 'coarse'): Member[] {
  const found = new Map<string, Member>();
  for (const facts of everyFacts()) {
    for (const settings of everySettings) {
      const decision = decide(facts, settings);
      const fired = decision.reasons.map((reason) => reason.rule);
      const heard = fired.filter((rule) =>
        ['do-not-email', 'do-not-bulk-email', 'suppressed', 'erased-on-request'].includes(rule),
      );
      const key = [
        facts.table,
        decision.action,
        decision.rule,
        facts.merged,
        facts.state === 'qualified',
        detail === 'fine' ? decision.reasons.map((reason) => `${reason.rule}:${reason.action}`) : heard,
      ].join('|');
      if (!found.has(key)) found.set(key, member(facts, { settings }));
    }
  }
  return [...found.values()];
}
