import { actions, type Facts, type RuleSettings } from '../../src/rules/facts.ts';
import { decide, rules } from '../../src/rules/rules.ts';
import { everyFacts, everySettings, factValues, outOfScopeActions, settingsFor } from '../unit/rules/every-fact.ts';
import { expectedDecision } from './decide-oracle.ts';

const facts = [...everyFacts()];
const strength = (of: Facts, settings: RuleSettings) => actions.indexOf(decide(of, settings).action);

function ask(of: Facts, settings: RuleSettings) {
  return expectedDecision(of, {
    anonymizeWhenInactive: settings.anonymizeContactWhenInactive[of.table],
    whenOutOfScope: settings.whenOutOfScope[of.table],
  });
}

describe('deciding for one record, over every combination of all facts and settings', () => {
  it('covers 9,216 combinations of facts and 6 of settings', () => {
    expect([facts.length, everySettings.length]).toEqual([3 * 2 * 3 * 2 * 2 * 4 * 2 ** 5, 6]);
    expect(new Set(facts.map((one) => JSON.stringify(one))).size).toBe(facts.length);
  });

  it('agrees with the oracle on the action, the named rule and the complete list of reasons', () => {
    const wrong: unknown[] = [];
    for (const settings of everySettings) {
      for (const one of facts) {
        const { action, rule, reasons } = decide(one, settings);
        const expected = ask(one, settings);
        const same =
          action === expected.action &&
          rule === expected.rule &&
          reasons.length === expected.fired.length &&
          reasons.every(
            (reason, at) => reason.rule === expected.fired[at]![0] && reason.action === expected.fired[at]![1],
          );
        if (!same) wrong.push({ one, settings, got: { action, rule, reasons }, expected });
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  it('never gives a weaker action for a stricter fact, without exception', () => {
    const weaker: unknown[] = [];
    for (const settings of everySettings) {
      for (const one of facts) {
        const before = strength(one, settings);
        for (const stricter of stricterFacts(one)) {
          if (strength(stricter, settings) < before) weaker.push({ one, stricter, settings });
        }
      }
    }
    expect(weaker.slice(0, 3)).toEqual([]);
  });

  it('never gives a weaker action for a stricter setting', () => {
    const weaker: unknown[] = [];
    for (const one of facts) {
      for (const action of outOfScopeActions) {
        if (strength(one, settingsFor(true, action)) < strength(one, settingsFor(false, action))) weaker.push(one);
      }
      for (const anonymize of [false, true]) {
        const strengths = outOfScopeActions.map((action) => strength(one, settingsFor(anonymize, action)));
        if (strengths.some((value, at) => value < (strengths[at - 1] ?? 0))) weaker.push(one);
      }
    }
    expect(weaker.slice(0, 3)).toEqual([]);
  });

  it('finds each rule named for some record, so that none is dead', () => {
    const named = new Set(everySettings.flatMap((settings) => facts.map((one) => decide(one, settings).rule)));
    // Behind an open erasure nothing else has to be named, but every rule is the first somewhere.
    expect(rules.map((rule) => rule.name).filter((name) => !named.has(name))).toEqual([]);
  });
});

/** One fact changed to a value that speaks less for keeping the person. */
function* stricterFacts(of: Facts): Generator<Facts> {
  for (const name of Object.keys(factValues) as (keyof typeof factValues)[]) {
    const [mildest, ...others] = factValues[name];
    if (of[name] !== mildest) continue;
    for (const value of others) yield { ...of, [name]: value };
  }
}
