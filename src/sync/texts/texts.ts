/**
 * Everything that a CRM user reads: the result of a Marketing Job, and the note on a record. Guarantees that a language without one of these
 * texts does not type-check. What a platform's adapter says about its own side, and codes, stay English inside them.
 */
import type { Action, RuleName } from '../../rules/facts.ts';
import type { ProfileState } from '../../store/tables.ts';

export interface JobTexts {
  /** Why a job cannot be taken up; the names of columns and choices are those that `connector setup` gives them. */
  readonly refusals: {
    readonly operationUnknown: string;
    readonly bothGiven: string;
    readonly notARecord: string;
    readonly nobodyGiven: string;
    readonly incomplete: string;
    tableNotSynchronised(table: string): string;
  };
  /** What a target says of an erasure; `status` is that of HTTP. */
  readonly erasure: {
    abandoned(target: string): string;
    absent(target: string): string;
    absentOrHidden(target: string): string;
    onlyHidden(target: string, status: number | null): string;
    erased(target: string, status: number | null): string;
    erasedByHand(target: string): string;
    erasedAnswerLost(target: string): string;
    purgedWithin(days: number): string;
    vendorBackups(days: number): string;
    leftToDo(step: string): string;
    notYet(target: string, reason: string): string;
    atWork(target: string): string;
    /** A reason that goes into `notYet`. */
    paused(reason: string): string;
    readonly keepOut: string;
  };
  /** Reasons that go into `notYet`, where the connector itself is what waits. */
  readonly waiting: {
    explicitLimit(perHour: number): string;
    readonly explicitRejected: string;
    blockedByCrm(column: string): string;
    readonly lateEffect: string;
    readonly unexpected: string;
    readonly outsidePilot: string;
    readonly dryRun: string;
    readonly pausedByOperator: string;
  };
  /** The note on a record's timeline. */
  readonly note: {
    readonly subject: string;
    /** What was decided; `action` is one of `sync.actions`, `because` one of `rules`. */
    decided(action: string, because: string, rule: string): string;
    readonly rules: Readonly<Record<RuleName, string>>;
    /** How the person stands on a target. */
    readonly states: Readonly<Record<ProfileState, (target: string) => string>>;
    notYet(target: string): string;
    held(target: string): string;
    parked(target: string, reason: string, code: string): string;
    readonly shared: string;
    /** `at`: date and time, in UTC. */
    written(at: string): string;
    readonly merged: string;
    readonly erased: string;
  };
  readonly sync: {
    readonly actions: Readonly<Record<Action, string>>;
    applied(target: string, action: string, rule: string): string;
    nothingSent(target: string, reason: string): string;
    notYet(target: string, reason: string): string;
  };
}
