import { describe, expect, it } from '@jest/globals';
import type { TargetName } from '../../../config/words.ts';
import { auditLines, exitCodeOf } from '../../../src/cli-audit.ts';
import type { AuditedTarget, AuditReport } from '../../../src/sync/audit.ts';
import type { Drift } from '../../../src/sync/audit-causes.ts';

const main = 'main' as TargetName;
const row: AuditedTarget = {
  target: main,
  platform: 'spotler',
  asked: 1234,
  waiting: {},
  optedOut: 0,
  unanswered: 0,
  comparesData: true,
  listing: { listed: 2000, foreign: 7, unsure: 0 },
  trouble: undefined,
};
const drift = (record: string, cause: Drift['cause'], ...details: string[]): Drift => ({
  target: main,
  record,
  cause,
  details,
});
const report = (over: Partial<AuditReport> = {}, target: Partial<AuditedTarget> = {}): AuditReport => ({
  targets: [{ ...row, ...target }],
  drifts: [],
  repaired: undefined,
  ...over,
});
const textOf = (one: AuditReport): string => auditLines(one).join('\n');

describe('the text of an audit', () => {
  it('names the records by cause, and what a repair would do about them', () => {
    const drifts = [drift('contact/1', 'permission-up', 'Events'), drift('lead/2', 'missing')];
    const text = textOf(report({ drifts }));
    expect(text).toMatch(/1,234 people asked about/);
    expect(text).toMatch(
      /1 a permission is up without the word of the CRM \(permission-up; repair: lowered\)\n {4}contact\/1 {2}Events/,
    );
    expect(text).toMatch(/\(missing; .*\n {4}lead\/2/);
    expect(text).toMatch(/Nothing was changed; mend it with: connector audit --repair/);
  });

  it('names twenty of a cause and says how many there are besides', () => {
    const drifts = Array.from({ length: 25 }, (_, n) => drift(`contact/${n}`, 'missing'));
    const text = textOf(report({ drifts }));
    expect(text).toMatch(/contact\/19\n {4}and 5 more: --json names all/);
    expect(text).not.toMatch(/contact\/20/);
  });

  it('says what was not judged and what cannot be seen on the platform', () => {
    const text = textOf(
      report({}, { waiting: { owed: 3, parked: 1 }, comparesData: false, listing: undefined, optedOut: 2 }),
    );
    expect(text).toMatch(/not judged: 3 owed, 1 parked/);
    expect(text).toMatch(/2 permissions of the CRM down there: theirs to decide/);
    expect(text).toMatch(/data cannot be compared/);
    expect(text).toMatch(/contacts cannot be listed/);
    expect(text).toMatch(/no drift\n\nNothing was changed\./);
  });

  it('says why GUIDs were left alone, and why a target was not looked at to the end', () => {
    const trouble = { code: 'PACE_NOT_SPARE', message: 'The target is busy.' };
    const text = textOf(report({}, { trouble, listing: { listed: 1, foreign: 0, unsure: 4 }, unanswered: 2 }));
    expect(text).toMatch(/4 GUIDs nobody knows, left alone/);
    expect(text).toMatch(/ended early: The target is busy\. \(PACE_NOT_SPARE\)/);
    expect(text).toMatch(/of 2 the target could not say/);
    expect(text).not.toMatch(/no drift/);
  });

  it('says what became of a repair', () => {
    const repaired = { owed: 2, erasures: 1, byHand: 1, overtaken: 3 };
    const text = textOf(report({ drifts: [drift('contact/1', 'duplicate')], repaired }));
    expect(text).toMatch(
      /2 people owed again, 1 erasure asked for again, 1 to be mended by hand on the platform, 3 changed meanwhile and left alone: a running worker/,
    );
  });
});

describe('the exit code of an audit', () => {
  const drifts = [drift('contact/1', 'missing')];
  const mended = { owed: 1, erasures: 0, byHand: 0, overtaken: 0 };
  it.each([
    ['no drift', report(), 0],
    ['drift', report({ drifts }), 3],
    ['drift that is owed again', report({ drifts, repaired: mended }), 0],
    ['drift that only a hand can mend', report({ drifts, repaired: { ...mended, byHand: 1 } }), 3],
    ['drift that changed meanwhile', report({ drifts, repaired: { ...mended, overtaken: 1 } }), 3],
    ['a target that ended early', report({ drifts }, { trouble: { code: 'X', message: 'x' } }), 1],
    ['a person about whom the target could not answer', report({}, { unanswered: 1 }), 1],
  ])('for %s', (_what, found, code) => {
    expect(exitCodeOf(found)).toBe(code);
  });
});
