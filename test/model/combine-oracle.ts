/**
 * What a profile must be answered, read off the prose about combining in docs/rules.md and written in another manner
 * than the code: sentence by sentence, with lists that shrink. Imports nothing from the source; what a record says
 * comes from the oracle for one record, or from whoever calls.
 */
export interface OracleMember {
  readonly id: string;
  readonly table: string;
  readonly created: string | undefined;
  readonly deleted: boolean;
  readonly merged: boolean;
  readonly qualified: boolean;
  readonly erasureOpen: boolean;
  readonly action: string;
  readonly rule: string;
  /** All rules that fired. */
  readonly fired: readonly string[];
}

export interface OracleProfile {
  readonly line: number;
  readonly action: string;
  readonly owner: string | undefined;
  readonly mayCreate: boolean;
  readonly explicit: boolean;
  readonly rule: string;
}

const page = [
  'deleted',
  'erased-on-request',
  'erased-before',
  'suppressed',
  'no-email',
  'do-not-email',
  'inactive',
  'merged',
  'do-not-bulk-email',
  'out-of-scope',
  'inactive-kept',
  'eligible',
];

export function expectedProfile(
  members: readonly OracleMember[],
  asked: { readonly erasure: boolean; readonly addressSuppressed: boolean },
): OracleProfile {
  // 1. An explicit erasure of a member is open, or the address is suppressed.
  const erasure = asked.erasure || members.filter((member) => member.erasureOpen).length > 0;
  if (erasure) return erased(1, 'erased-on-request', true);
  if (asked.addressSuppressed) return erased(1, 'suppressed', true);

  // Nobody known is no evidence against anybody.
  if (members.length === 0) return left('eligible');

  // A merged record and a Qualified lead have no vote while another record belongs to the profile.
  let having = [...members];
  if (members.length >= 2) {
    having = [];
    for (const member of members) {
      const elsewhere = member.merged || (member.qualified && member.table === 'lead');
      if (member.deleted || !elsewhere) having.push(member);
    }
  }

  // 2. Nobody with a vote is left, or all say anonymize.
  if (having.length === 0) return erased(2, firstOnPage(members), allAskedFor(members));
  let others = 0;
  for (const member of having) if (member.action !== 'anonymize') others += 1;
  if (others === 0) return erased(2, firstOnPage(having), allAskedFor(having));

  // 3. One says do-not-email: with an eligible member everything false, else anonymize.
  const eligible = having.filter((member) => member.rule === 'eligible');
  if (having.some((member) => member.fired.includes('do-not-email'))) {
    return eligible.length === 0
      ? erased(3, 'do-not-email', false)
      : kept(3, 'resetPermissions', owner(eligible), false, 'do-not-email');
  }

  // Those that say anonymize or ignore are dropped.
  const rest = having.filter((member) => !['anonymize', 'ignore'].includes(member.action));
  // 7. Nothing left.
  if (rest.length === 0) return left(firstOnPage(having.filter((member) => member.action === 'ignore')));

  // 4. One of the rest says do-not-bulk-email.
  if (rest.some((member) => member.fired.includes('do-not-bulk-email'))) {
    return kept(4, 'resetPermissions', owner(rest), false, 'do-not-bulk-email');
  }
  // 5. One of the rest is eligible.
  if (eligible.length > 0) return kept(5, 'sync', owner(eligible), true, 'eligible');
  // 6. The rest is out of scope or inactive (or one duplicate alone): the strictest that they say.
  const resetting = rest.filter((member) => member.action === 'resetPermissions');
  if (resetting.length > 0) return kept(6, 'resetPermissions', owner(rest), false, firstOnPage(resetting));
  return kept(6, 'sync', owner(rest), false, firstOnPage(rest));
}

function erased(line: number, rule: string, explicit: boolean): OracleProfile {
  return { line, action: 'anonymize', owner: undefined, mayCreate: false, explicit, rule };
}

function left(rule: string): OracleProfile {
  return { line: 7, action: 'leave', owner: undefined, mayCreate: false, explicit: false, rule };
}

function kept(line: number, action: string, whose: string, mayCreate: boolean, rule: string): OracleProfile {
  return { line, action, owner: whose, mayCreate, explicit: false, rule };
}

/** A person asked for each of these; one that went by itself makes the whole thing automatic. */
function allAskedFor(members: readonly OracleMember[]): boolean {
  for (const { fired } of members)
    if (!fired.includes('suppressed') && !fired.includes('erased-on-request')) return false;
  return true;
}

function firstOnPage(members: readonly OracleMember[]): string {
  for (const rule of page) for (const member of members) if (member.rule === rule) return rule;
  throw new Error('a rule that is not on the page');
}

/** Eligible, do-not-bulk-email, inactive-kept; contact, account, lead; latest createdon; id: round by round. */
function owner(candidates: readonly OracleMember[]): string {
  let round = [...candidates];
  for (const rule of ['inactive-kept', 'do-not-bulk-email', 'eligible'])
    round = narrow(round, (m) => m.rule === rule, candidates);
  round = byFirst(round, ['contact', 'account', 'lead']);
  const latest = round.map((member) => member.created ?? '').sort()[round.length - 1];
  round = round.filter((member) => (member.created ?? '') === latest);
  const [lowest] = round.map((member) => member.id).sort();
  if (lowest === undefined) throw new Error('an owner of nobody');
  return lowest;
}

/** The candidates that fit, if any do; else the round as it was. */
function narrow(
  round: OracleMember[],
  fits: (member: OracleMember) => boolean,
  candidates: readonly OracleMember[],
): OracleMember[] {
  const fitting = candidates.filter(fits);
  return fitting.length > 0 ? fitting : round;
}

function byFirst(round: OracleMember[], tables: readonly string[]): OracleMember[] {
  for (const table of tables) {
    const of = round.filter((member) => member.table === table);
    if (of.length > 0) return of;
  }
  return round;
}
