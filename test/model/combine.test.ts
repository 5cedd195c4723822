import { decideProfile } from '../../src/rules/combine.ts';
import type { Facts, Member, ProfileDecision } from '../../src/rules/facts.ts';
import {
  everyFacts,
  everySettings,
  factValues,
  member,
  memberAlphabet,
  settingsFor,
} from '../unit/rules/every-fact.ts';
import { expectedProfile, type OracleMember } from './combine-oracle.ts';
import { expectedDecision } from './decide-oracle.ts';

const calm = { explicitErasure: false, addressSuppressed: false };
const dates = ['2021-05-01T00:00:00Z', '2022-05-01T00:00:00Z', '2023-05-01T00:00:00Z'];
/** Who came first, second and third: all at once, in order, in reverse. */
const patterns = [
  [0, 0, 0],
  [0, 1, 2],
  [2, 1, 0],
];

interface Pair {
  readonly real: Member;
  readonly oracle: OracleMember;
}

/** The member as the oracle reads it: from the facts, by the oracle's own decision. */
function pair(real: Member, anonymizeWhenInactive: boolean, whenOutOfScope: string): Pair {
  const { action, rule, fired } = expectedDecision(real.facts, { anonymizeWhenInactive, whenOutOfScope });
  const oracle = {
    id: real.ref,
    table: real.table,
    created: real.createdOn,
    deleted: real.facts.existence === 'deleted',
    merged: real.facts.merged,
    qualified: real.facts.state === 'qualified',
    erasureOpen: real.facts.erasureOpen,
    action,
    rule,
    fired: fired.map(([name]) => name),
  };
  return { real, oracle };
}

/** Each situation at each of three places, once for each date. */
function variants(situation: Member): Pair[][] {
  const settings = everySettings.find((one) => sameDecision(member(situation.facts, { settings: one }), situation))!;
  return [1, 2, 3].map((place) =>
    dates.map((createdOn) =>
      pair(
        member(situation.facts, { settings, createdOn, id: `00000000-0000-4000-8000-00000000000${place}` }),
        settings.anonymizeContactWhenInactive.contact,
        settings.whenOutOfScope.contact,
      ),
    ),
  );
}

function sameDecision(one: Member, other: Member): boolean {
  return JSON.stringify(one.decision) === JSON.stringify(other.decision);
}

const wrong: unknown[] = [];

/** Compares both; collects instead of asserting, since an assertion for each of a million cases takes minutes. */
function compare(pairs: readonly Pair[], context = calm): ProfileDecision {
  const members = pairs.map((one) => one.real);
  const got = decideProfile(members, context);
  const expected = expectedProfile(
    pairs.map((one) => one.oracle),
    { erasure: context.explicitErasure, addressSuppressed: context.addressSuppressed },
  );
  const same =
    got.line === expected.line &&
    got.action === expected.action &&
    got.owner?.ref === expected.owner &&
    got.mayCreate === expected.mayCreate &&
    got.explicit === expected.explicit &&
    got.rule === expected.rule &&
    got.sentence.length > 0;
  if (!same && wrong.length < 3) wrong.push({ members, context, got, expected });
  return got;
}

const contexts = [false, true].flatMap((explicitErasure) =>
  [false, true].map((addressSuppressed) => ({ explicitErasure, addressSuppressed })),
);

describe('combining the decisions of a profile, against the oracle', () => {
  beforeEach(() => {
    wrong.length = 0;
  });

  it('agrees for no record and for one record with every set of rules that can fire', () => {
    for (const context of contexts) compare([], context);
    const singles = memberAlphabet('fine').map((situation) => variants(situation)[0]![0]!);
    for (const context of contexts) for (const one of singles) compare([one], context);
    expect(singles.length).toBeGreaterThan(8_000);
    expect(wrong).toEqual([]);
  });

  it('agrees for every two records of distinct situations, with and without an explicit request', () => {
    const alphabet = memberAlphabet('coarse').map(variants);
    let count = 0;
    for (const [first, one] of alphabet.entries()) {
      for (const other of alphabet.slice(first)) {
        for (const [context, pattern] of contexts.flatMap((c) => patterns.map((p) => [c, p] as const))) {
          compare([one[0]![pattern[0]!]!, other[1]![pattern[1]!]!], context);
          count += 1;
        }
      }
    }
    expect(count).toBe(((alphabet.length * (alphabet.length + 1)) / 2) * contexts.length * patterns.length);
    expect(wrong).toEqual([]);
  });

  it('agrees for every three records of distinct situations, and meets every line', () => {
    // An open erasure of a member always ends at line 1, which pairs have shown.
    const alphabet = memberAlphabet('coarse')
      .filter((situation) => !situation.facts.erasureOpen)
      .map(variants);
    const met = new Map<number, number>();
    let count = 0;
    for (let first = 0; first < alphabet.length; first += 1) {
      for (let second = first; second < alphabet.length; second += 1) {
        for (let third = second; third < alphabet.length; third += 1) {
          const pattern = patterns[count % patterns.length]!;
          const trio = [alphabet[first]!, alphabet[second]!, alphabet[third]!];
          const { line } = compare(trio.map((situation, place) => situation[place]![pattern[place]!]!));
          met.set(line, (met.get(line) ?? 0) + 1);
          count += 1;
        }
      }
    }
    expect(wrong).toEqual([]);
    expect([...met.keys()].sort()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(count).toBeGreaterThan(500_000);
  });
});

describe('combining when one fact of one record becomes stricter', () => {
  const strength = ({ action, mayCreate }: ProfileDecision) =>
    action === 'sync' ? (mayCreate ? 0 : 1) : { leave: 2, resetPermissions: 3, anonymize: 4 }[action];

  it('weakens the answer only where that record is dropped or loses its vote', () => {
    const siblings = [
      member({ table: 'account' }),
      member({ table: 'account', state: 'inactive' }),
      member({ table: 'account', doNotBulkEmail: true }),
      member({ table: 'account', doNotEmail: true }),
      member({ table: 'account', inScope: false }),
      member({ table: 'account', inScope: false }, { settings: settingsFor(false, 'ignore') }),
      member({ table: 'account', existence: 'deleted' }),
      member({ table: 'account', merged: true }),
    ];
    const unexplained: unknown[] = [];
    let explained = 0;
    for (const facts of everyFacts()) {
      if (facts.erasureOpen || facts.table === 'account') continue;
      for (const settings of everySettings) {
        const before = member(facts, { settings });
        for (const stricter of stricterFacts(facts)) {
          const after = member(stricter, { settings });
          for (const sibling of siblings) {
            const weaker =
              strength(decideProfile([after, sibling], calm)) < strength(decideProfile([before, sibling], calm));
            if (!weaker) continue;
            if (isDropped(after) || hasNoVote(after)) explained += 1;
            else unexplained.push({ facts, stricter, settings, sibling });
          }
        }
      }
    }
    expect(unexplained.slice(0, 3)).toEqual([]);
    expect(explained).toBeGreaterThan(0);
  });

  function isDropped({ decision }: Member): boolean {
    return decision.action === 'anonymize' || decision.action === 'ignore';
  }

  function hasNoVote({ facts }: Member): boolean {
    return facts.merged || facts.state === 'qualified';
  }

  function* stricterFacts(facts: Facts): Generator<Facts> {
    for (const name of Object.keys(factValues) as (keyof typeof factValues)[]) {
      const [mildest, ...others] = factValues[name];
      if (facts[name] === mildest) for (const value of others) yield { ...facts, [name]: value };
    }
  }
});
