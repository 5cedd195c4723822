/**
 * What happens to one profile, given the decisions of all records that share it: the combining table of docs/rules.md,
 * line by line, the first that matches. Guarantees: every list of members, the empty one too, matches exactly one line;
 * the order of the members never matters; only a profile with an eligible owner and without any opt-out may be created;
 * `explicit` is true only when no automatic decision was needed to anonymize. Pure. Does not know what the platform
 * holds: whether there is a profile, and which permissions it has, is the caller's business.
 */
import type { Action, Member, ProfileDecision, RuleName, RuleSettings } from './facts.ts';
import { isStricter, rules } from './rules.ts';

export interface ProfileContext {
  /** An explicit erasure is open for a member, or for the profile's address without a known record. */
  readonly explicitErasure: boolean;
  /** The address of the profile itself is on the suppression list; a suppressed record id alone is not enough. */
  readonly addressSuppressed: boolean;
  /** Not read: the members' decisions already carry what the settings say. */
  readonly settings?: RuleSettings;
}

/** The members as the lines see them. */
interface Profile {
  readonly members: readonly Member[];
  readonly voters: readonly Member[];
  /** The voters that say neither anonymize nor ignore: lines 4 to 6 look at nobody else. */
  readonly rest: readonly Member[];
  readonly erasureOpen: boolean;
  readonly addressSuppressed: boolean;
}

type Outcome = Omit<ProfileDecision, 'line' | 'sentence'>;

interface Line {
  readonly line: ProfileDecision['line'];
  readonly condition: (profile: Profile) => boolean;
  readonly outcome: (profile: Profile) => Outcome;
  /** Why, in words for people, when the profile has several records. */
  readonly sentence: string;
}

const lines: readonly Line[] = [
  {
    line: 1,
    condition: (profile) => profile.erasureOpen || profile.addressSuppressed,
    outcome: (profile) => anonymize(profile.erasureOpen ? 'erased-on-request' : 'suppressed', true),
    sentence: 'Somebody asked to erase this person, or the address is on the suppression list.',
  },
  {
    line: 2,
    // Without any member nobody says anonymize: not knowing a record is no reason to erase somebody.
    condition: ({ members, voters }) =>
      members.length > 0 && voters.every((member) => member.decision.action === 'anonymize'),
    outcome: ({ members, voters }) => {
      const deciding = voters.length > 0 ? voters : members;
      return anonymize(firstRule(deciding), deciding.every(isExplicit));
    },
    sentence: 'Every record of this person that has a say is to be anonymized, or none has a say.',
  },
  {
    line: 3,
    condition: ({ voters }) => voters.some((member) => says(member, 'do-not-email')),
    outcome: ({ voters, rest }) =>
      voters.some(isEligible) ? resetPermissions(rest, 'do-not-email') : anonymize('do-not-email', false),
    sentence: 'One record of this person says that they must not be emailed.',
  },
  {
    line: 4,
    condition: ({ rest }) => rest.some((member) => says(member, 'do-not-bulk-email')),
    outcome: ({ rest }) => resetPermissions(rest, 'do-not-bulk-email'),
    sentence: 'One record of this person says that they want no bulk email.',
  },
  {
    line: 5,
    condition: ({ rest }) => rest.some(isEligible),
    outcome: ({ rest }) => sync(rest, 'eligible', true),
    sentence: 'One record of this person is eligible; inactive records and those out of scope have no say.',
  },
  {
    line: 6,
    condition: ({ rest }) => rest.length > 0,
    outcome: ({ rest }) => {
      const action = strictest(rest);
      const rule = firstRule(rest.filter((member) => member.decision.action === action));
      return action === 'sync' ? sync(rest, rule, false) : resetPermissions(rest, rule);
    },
    sentence: 'All records of this person that are left are inactive, out of scope or duplicates.',
  },
  {
    line: 7,
    condition: () => true,
    outcome: ({ voters }) => leave(voters.filter((member) => member.decision.action === 'ignore')),
    sentence: 'No record of this person asks for anything.',
  },
];

/** One action for a profile from the decisions of all its members, which may be in any order. */
export function decideProfile(members: readonly Member[], context: ProfileContext): ProfileDecision {
  const voters = members.length > 1 ? members.filter((member) => !livesOnElsewhere(member)) : members;
  const profile: Profile = {
    members,
    voters,
    rest: voters.filter(({ decision }) => decision.action === 'sync' || decision.action === 'resetPermissions'),
    erasureOpen: context.explicitErasure || members.some((member) => member.facts.erasureOpen),
    addressSuppressed: context.addressSuppressed,
  };
  for (const { line, condition, outcome, sentence } of lines) {
    if (!condition(profile)) continue;
    const result = outcome(profile);
    return { line, ...result, sentence: members.length > 1 ? sentence : sentenceOf(result.rule, members) };
  }
  throw new Error('The last line of the combining table matches every profile.');
}

/** A merged record lives on as its master, a Qualified lead as its contact; a deleted one is only deleted. */
function livesOnElsewhere({ facts }: Member): boolean {
  if (facts.existence === 'deleted') return false;
  return facts.merged || (facts.table === 'lead' && facts.state === 'qualified');
}

function isEligible(member: Member): boolean {
  return member.decision.rule === 'eligible';
}

/** The rule fired, even where a stricter or an earlier one is named: an opt-out is heard whatever else is true. */
function says(member: Member, rule: RuleName): boolean {
  return member.decision.reasons.some((reason) => reason.rule === rule);
}

/** Asked for by a person, and for this very record. */
function isExplicit(member: Member): boolean {
  return says(member, 'erased-on-request') || says(member, 'suppressed');
}

function anonymize(rule: RuleName, explicit: boolean): Outcome {
  return { action: 'anonymize', owner: undefined, mayCreate: false, explicit, rule };
}

function resetPermissions(candidates: readonly Member[], rule: RuleName): Outcome {
  return { action: 'resetPermissions', owner: ownerOf(candidates), mayCreate: false, explicit: false, rule };
}

function sync(candidates: readonly Member[], rule: RuleName, mayCreate: boolean): Outcome {
  return { action: 'sync', owner: ownerOf(candidates), mayCreate, explicit: false, rule };
}

function leave(ignored: readonly Member[]): Outcome {
  return { action: 'leave', owner: undefined, mayCreate: false, explicit: false, rule: firstRule(ignored) };
}

/** The first in the table of rules; `eligible`, which stands for "nothing fired", when there is nobody. */
function firstRule(members: readonly Member[]): RuleName {
  return rules.find(({ name }) => members.some((member) => member.decision.rule === name))?.name ?? 'eligible';
}

function strictest(members: readonly Member[]): Action {
  return members.reduce<Action>(
    (strict, { decision }) => (isStricter(decision.action, strict) ? decision.action : strict),
    'sync',
  );
}

function sentenceOf(rule: RuleName, members: readonly Member[]): string {
  const known = members.length > 0 || rule === 'erased-on-request' || rule === 'suppressed';
  const found = known ? rules.find(({ name }) => name === rule) : undefined;
  return found?.sentence ?? 'No record is known that belongs to this profile.';
}

const ownerRules: readonly RuleName[] = ['eligible', 'do-not-bulk-email', 'inactive-kept'];
const ownerTables: readonly Member['table'][] = ['contact', 'account', 'lead'];

/** Whose data the profile carries, among members whose rows are there. Undefined only for an empty list. */
function ownerOf(candidates: readonly Member[]): Member | undefined {
  return [...candidates].sort(byOwnership)[0];
}

/** Negative when `one` comes before `other`. Members never tie: two of them have two ids. */
function byOwnership(one: Member, other: Member): number {
  return (
    ruleRank(one) - ruleRank(other) ||
    ownerTables.indexOf(one.table) - ownerTables.indexOf(other.table) ||
    createdAt(other) - createdAt(one) ||
    (one.ref < other.ref ? -1 : 1)
  );
}

function ruleRank(member: Member): number {
  const rank = ownerRules.indexOf(member.decision.rule);
  return rank < 0 ? ownerRules.length : rank;
}

/** Milliseconds since 1970; 0 where no date is known, so that such a record comes last. */
function createdAt(member: Member): number {
  return Date.parse(member.createdOn ?? '') || 0;
}
