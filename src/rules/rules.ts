/**
 * The rules for one record, as a table in the order of docs/rules.md. Guarantees: every combination of facts and
 * settings gives exactly one decision, a stricter fact never gives a weaker action, and `reasons` names all rules that
 * fired. Pure: no clock, no input or output. Does not decide for a profile that several records share: see combine.ts.
 */
import {
  type Action,
  actions,
  type Decision,
  type Facts,
  type Reason,
  type RuleName,
  type RuleSettings,
} from './facts.ts';

export interface Rule {
  readonly name: RuleName;
  readonly condition: (facts: Facts, settings: RuleSettings) => boolean;
  readonly action: (facts: Facts, settings: RuleSettings) => Action;
  /** Why, in words for people; true whichever action the settings choose. */
  readonly sentence: string;
}

/** A deleted record has no values left, so no rule may read any: what is still in the facts then is stale. */
function isPresent(facts: Facts): boolean {
  return facts.existence === 'present';
}

function anonymizesInactive(facts: Facts, settings: RuleSettings): boolean {
  return settings.anonymizeContactWhenInactive[facts.table];
}

const exceptions: readonly Rule[] = [
  {
    name: 'deleted',
    condition: (facts) => !isPresent(facts),
    action: () => 'anonymize',
    sentence: 'The record was deleted in Dynamics.',
  },
  {
    name: 'erased-on-request',
    condition: (facts) => facts.erasureOpen,
    action: () => 'anonymize',
    sentence: 'Somebody asked to erase this person, and that is not finished yet.',
  },
  {
    name: 'erased-before',
    condition: (facts) => isPresent(facts) && facts.erasedBefore,
    action: () => 'ignore',
    sentence: 'This person was erased on request, and the record has not changed in Dynamics since.',
  },
  {
    name: 'suppressed',
    condition: (facts) => facts.suppressed,
    action: () => 'anonymize',
    sentence: 'The address or the record is on the suppression list.',
  },
  {
    name: 'no-email',
    condition: (facts) => isPresent(facts) && facts.address !== 'valid',
    action: () => 'anonymize',
    sentence: 'The record has no email address, or something that cannot be one.',
  },
  {
    name: 'do-not-email',
    condition: (facts) => isPresent(facts) && facts.doNotEmail,
    action: () => 'anonymize',
    sentence: 'The record says that this person must not be emailed.',
  },
  {
    name: 'inactive',
    condition: (facts, settings) => isPresent(facts) && facts.state !== 'active' && anonymizesInactive(facts, settings),
    action: () => 'anonymize',
    sentence: 'The record is not active, and the settings say that such people are anonymized.',
  },
  {
    name: 'merged',
    condition: (facts) => isPresent(facts) && facts.merged,
    action: (facts, settings) => (anonymizesInactive(facts, settings) ? 'anonymize' : 'resetPermissions'),
    sentence: 'The record is a duplicate that was merged into another one.',
  },
  {
    name: 'do-not-bulk-email',
    condition: (facts) => isPresent(facts) && facts.doNotBulkEmail,
    action: () => 'resetPermissions',
    sentence: 'The record says that this person wants no bulk email.',
  },
  {
    name: 'out-of-scope',
    condition: (facts) => isPresent(facts) && !facts.inScope,
    action: (facts, settings) => settings.whenOutOfScope[facts.table],
    sentence: 'The record does not match the filter of its table (`only`).',
  },
  {
    name: 'inactive-kept',
    condition: (facts, settings) =>
      isPresent(facts) && facts.state !== 'active' && !anonymizesInactive(facts, settings),
    action: () => 'sync',
    sentence: 'The record is not active; the settings keep such people up to date but add none.',
  },
];

const eligible: Rule = {
  name: 'eligible',
  condition: (facts, settings) => !exceptions.some((rule) => rule.condition(facts, settings)),
  action: () => 'sync',
  sentence: 'Nothing speaks against it.',
};

/** All rules; where several give the strictest action, the first here is the one that is named. */
export const rules: readonly Rule[] = [...exceptions, eligible];

/** Evaluates all rules; the strictest action of those that fire wins. */
export function decide(facts: Facts, settings: RuleSettings): Decision {
  const reasons = rules
    .filter((rule) => rule.condition(facts, settings))
    .map((rule) => asReason(rule, facts, settings));
  // Never empty: `eligible` fires when nothing else does.
  const named = reasons.reduce((best, reason) => (isStricter(reason.action, best.action) ? reason : best));
  return { action: named.action, rule: named.rule, reasons };
}

export function isStricter(one: Action, other: Action): boolean {
  return actions.indexOf(one) > actions.indexOf(other);
}

function asReason(rule: Rule, facts: Facts, settings: RuleSettings): Reason {
  return { rule: rule.name, action: rule.action(facts, settings), sentence: rule.sentence };
}
