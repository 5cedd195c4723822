import fc from 'fast-check';
import { judgeAddress, normaliseAddress } from '../../src/rules/address.ts';
import { decideProfile } from '../../src/rules/combine.ts';
import type { Facts, Member, OutOfScopeAction, RuleSettings } from '../../src/rules/facts.ts';
import { decide } from '../../src/rules/rules.ts';
import { goodFacts, outOfScopeActions, tables } from '../unit/rules/every-fact.ts';

const runs = { numRuns: 2_000 };
const calm = { explicitErasure: false, addressSuppressed: false };
/** Mostly ordinary people: evenly drawn facts would anonymize nearly everybody. */
const rarely = fc.integer({ min: 0, max: 5 }).map((draw) => draw === 5);

const anyFacts: fc.Arbitrary<Facts> = fc.record({
  table: fc.constantFrom(...tables),
  existence: rarely.map((yes) => (yes ? ('deleted' as const) : ('present' as const))),
  address: fc.constantFrom('valid', 'valid', 'valid', 'valid', 'empty', 'malformed'),
  doNotEmail: rarely,
  doNotBulkEmail: rarely,
  state: fc.constantFrom('active', 'active', 'active', 'inactive', 'qualified', 'disqualified'),
  merged: rarely,
  inScope: rarely.map((no) => !no),
  erasureOpen: fc.constant(false),
  erasedBefore: rarely,
  suppressed: rarely,
});

const anyOutOfScope: fc.Arbitrary<OutOfScopeAction> = fc.constantFrom(...outOfScopeActions);
const anySettings: fc.Arbitrary<RuleSettings> = fc.record({
  anonymizeContactWhenInactive: fc.record({ contact: fc.boolean(), lead: fc.boolean(), account: fc.boolean() }),
  whenOutOfScope: fc.record({ contact: anyOutOfScope, lead: anyOutOfScope, account: anyOutOfScope }),
});

function asMember(facts: Facts, settings: RuleSettings, place: number, month: number): Member {
  const createdOn = facts.existence === 'deleted' ? undefined : `2024-${String(month).padStart(2, '0')}-01T00:00:00Z`;
  const ref = `${facts.table}/00000000-0000-4000-8000-${String(place).padStart(12, '0')}`;
  return { ref, table: facts.table, createdOn, facts, decision: decide(facts, settings) };
}

/** Up to five records of one profile, all under the same settings. */
const anyProfile = fc
  .tuple(fc.array(fc.tuple(anyFacts, fc.integer({ min: 1, max: 3 })), { maxLength: 5 }), anySettings)
  .map(([drawn, settings]) => ({
    settings,
    members: drawn.map(([facts, month], place) => asMember(facts, settings, place, month)),
  }));

function isOptOut(member: Member): boolean {
  return member.facts.doNotEmail || member.facts.doNotBulkEmail;
}

describe('combining, for any profile of up to five records', () => {
  it('does not depend on the order of the records', () => {
    const shuffled = anyProfile.chain(({ members }) =>
      fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })),
    );
    fc.assert(
      fc.property(shuffled, ([members, mixed]) => {
        expect(decideProfile(mixed, calm)).toEqual(decideProfile(members, calm));
      }),
      runs,
    );
  });

  it('always anonymizes, past the brake, when somebody asked for it', () => {
    fc.assert(
      fc.property(anyProfile, fc.boolean(), ({ members }, byErasure) => {
        const context = { explicitErasure: byErasure, addressSuppressed: !byErasure };
        expect(decideProfile(members, context)).toMatchObject({ line: 1, action: 'anonymize', explicit: true });
      }),
      runs,
    );
  });

  it('never syncs with permissions once a record with a say joins that must not be emailed', () => {
    const joining = { ...goodFacts, doNotEmail: true };
    fc.assert(
      fc.property(anyProfile, ({ members, settings }) => {
        const { action, mayCreate } = decideProfile([...members, asMember(joining, settings, 99, 1)], calm);
        expect(['resetPermissions', 'anonymize']).toContain(action);
        expect(mayCreate).toBe(false);
      }),
      runs,
    );
  });

  it('creates only from an eligible record, when no other record with a say that is there opts out', () => {
    fc.assert(
      fc.property(anyProfile, ({ members }) => {
        const decision = decideProfile(members, calm);
        fc.pre(decision.mayCreate);
        expect([decision.line, decision.action, decision.owner?.decision.rule]).toEqual([5, 'sync', 'eligible']);
        const heard = members.filter(({ facts, decision: own }) => {
          const elsewhere = facts.merged || (facts.table === 'lead' && facts.state === 'qualified');
          return facts.existence === 'present' && !elsewhere && (facts.doNotEmail || own.action !== 'anonymize');
        });
        expect(heard.filter(isOptOut)).toEqual([]);
      }),
      runs,
    );
  });

  it('takes the data from a record that is there and is itself neither anonymized nor ignored', () => {
    fc.assert(
      fc.property(anyProfile, ({ members }) => {
        const { action, owner } = decideProfile(members, calm);
        if (action === 'anonymize' || action === 'leave') return expect(owner).toBeUndefined();
        expect(members).toContain(owner);
        expect(owner?.facts.existence).toBe('present');
        expect(['sync', 'resetPermissions']).toContain(owner?.decision.action);
      }),
      runs,
    );
  });

  it('gives one record alone its own decision', () => {
    fc.assert(
      fc.property(anyFacts, anySettings, (facts, settings) => {
        const alone = asMember(facts, settings, 1, 1);
        const { action, rule, line, mayCreate } = decideProfile([alone], calm);
        expect(action).toBe(alone.decision.action === 'ignore' ? 'leave' : alone.decision.action);
        // Line 4 names the opt-out also for a duplicate, whose own decision names `merged`.
        expect(rule).toBe(line === 4 ? 'do-not-bulk-email' : alone.decision.rule);
        expect(mayCreate).toBe(alone.decision.rule === 'eligible');
      }),
      runs,
    );
  });

  it('is not changed by one more deleted record beside two or more others', () => {
    const gone = { ...goodFacts, existence: 'deleted' as const };
    fc.assert(
      fc.property(anyProfile, ({ members, settings }) => {
        fc.pre(members.length > 1);
        const before = decideProfile(members, calm);
        const after = decideProfile([...members, asMember(gone, settings, 99, 1)], calm);
        expect(after).toMatchObject({ action: before.action, owner: before.owner, mayCreate: before.mayCreate });
      }),
      runs,
    );
  });
});

describe('deciding for one record, for any facts', () => {
  it('does not depend on the settings of other tables', () => {
    fc.assert(
      fc.property(anyFacts, anySettings, anySettings, (facts, one, other) => {
        const mixed: RuleSettings = {
          anonymizeContactWhenInactive: {
            ...other.anonymizeContactWhenInactive,
            [facts.table]: one.anonymizeContactWhenInactive[facts.table],
          },
          whenOutOfScope: { ...other.whenOutOfScope, [facts.table]: one.whenOutOfScope[facts.table] },
        };
        expect(decide(facts, mixed)).toEqual(decide(facts, one));
      }),
      runs,
    );
  });
});

describe('addresses, for any text', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('@', '.', ' ', 'ü', 'u\u0308', 'İ', 'ΑΣ', '。', 'ß', 'xn--', '１', ':80', '/', 'mail', '.example'),
  );
  const anyText = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

  it('normalising twice is normalising once', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = normaliseAddress(text);
        expect(normaliseAddress(once)).toBe(once);
      }),
      { numRuns: 20_000 },
    );
  });

  it('judges and normalises every canonical spelling and any blanks around it alike', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const same of [text.normalize('NFD'), text.normalize('NFC'), ` ${text}\n`]) {
          expect(judgeAddress(same)).toBe(judgeAddress(text));
          expect(normaliseAddress(same)).toBe(normaliseAddress(text));
        }
      }),
      runs,
    );
  });

  it('keeps a valid address valid, with one @ and a domain in ASCII wherever it has such a form', () => {
    const label = fc.constantFrom('mail', 'müller', 'ÜBER', 'faß', 'mail-host', '例え', 'पर\u0940क\u094dष\u093e', '10');
    const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `${labels.join('.')}.example`);
    fc.assert(
      fc.property(fc.constantFrom('anna', 'Óscar', "o'neil", 'a.b+c'), domain, (local, host) => {
        const address = `${local}@${host}`;
        const normal = normaliseAddress(address);
        expect(judgeAddress(address)).toBe('valid');
        expect(judgeAddress(normal)).toBe('valid');
        expect(normal).toMatch(/^[^@]+@[a-z0-9.-]+$/);
      }),
      runs,
    );
  });
});
