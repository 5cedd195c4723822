/**
 * One person on one target as the model sees them, and what happens to their permissions. Part of the model in
 * end-state.ts; imports nothing from the source.
 */
import { expectedProfile, type OracleMember, type OracleProfile } from './combine-oracle.ts';
import { expectedDecision } from './decide-oracle.ts';
import type { CrmPerson, Rules, Settled, TargetRules, World } from './end-state.ts';

export type Bits = Readonly<Record<string, boolean>>;

/** A contact as a platform shows it. */
export interface Mailable {
  readonly externalId: string | undefined;
  readonly address: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly permissions: Bits;
}

export interface Person {
  readonly there: boolean;
  /** Anything may be true: external ids would cross, and somebody has to sort it out. */
  readonly unknown: boolean;
  /** The connector never wrote to this contact: without an address it cannot be found. */
  readonly foreign: boolean;
  /** Every permission was set false by a reset; `before` is what may come back. */
  readonly lowered: boolean;
  readonly before: Bits;
  readonly address: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** May be up. */
  readonly up: Bits;
  /** Has to be up. */
  readonly sure: Bits;
  /** Granted by the CRM while nothing was written. */
  readonly pending: Bits;
  /** What the person had when they were erased: false is an opt-out that is remembered. */
  readonly remembered: Bits;
  /** Somebody was here before: what is remembered of them may keep a permission down. */
  readonly former: boolean;
  /** The one record that the person was, as long as there never was another; only then `sure` says anything. */
  readonly alone: string | undefined;
}

export const strange: Person = {
  there: false,
  unknown: false,
  foreign: false,
  lowered: false,
  before: {},
  address: '',
  fields: {},
  up: {},
  sure: {},
  pending: {},
  remembered: {},
  former: false,
  alone: undefined,
};

export interface Place {
  /** Address, or `table/guid` where people are told apart by record. */
  readonly people: ReadonlyMap<string, Person>;
  /** Record → the person it was when everything was settled last here. */
  readonly homes: ReadonlyMap<string, string>;
  /** Record → the CRM's permissions when everything was settled last here. */
  readonly grants: ReadonlyMap<string, Bits>;
}

export const emptyPlace: Place = { people: new Map(), homes: new Map(), grants: new Map() };

export interface Occasion extends Settled {
  readonly target: TargetRules;
  readonly world: World;
  readonly parked: readonly string[];
  /** Records that were marked just now because another record of their person was erased on some target. */
  readonly along: ReadonlySet<string>;
  /** People here of whom one is being erased while another target is waited for. */
  readonly open: ReadonlySet<string>;
  /** Records that were erased along with somebody whose erasure is still open elsewhere. */
  readonly kept: ReadonlySet<string>;
}

const spelling = /^[^@\s]+@[a-z0-9.-]*[a-z0-9][a-z0-9.-]*$/;

export function validAddress(record: CrmPerson): string | undefined {
  const address = (record.email ?? '').trim().normalize('NFC').toLowerCase();
  return !record.deleted && spelling.test(address) && address.length <= 254 ? address : undefined;
}

/** The address that a record has, or had last. */
export function keyOf(record: CrmPerson, place: Place, world: Pick<World, 'applied' | 'seen'>): string {
  const { ref } = record;
  return (
    validAddress(record) ?? place.homes.get(ref) ?? world.applied.get(ref) ?? world.seen.get(ref) ?? `nobody ${ref}`
  );
}

export function decisionOf(
  record: CrmPerson,
  target: TargetRules | undefined,
  rules: Rules,
  marks: ReadonlyMap<string, number>,
  key?: string,
  kept: ReadonlySet<string> = new Set(),
): OracleMember & { readonly validAddress: string | undefined } {
  const address = validAddress(record);
  const scope = target?.tables[record.table];
  const decision = expectedDecision(
    {
      table: record.table,
      existence: record.deleted ? 'deleted' : 'present',
      address: address ? 'valid' : record.email?.trim() ? 'malformed' : 'empty',
      doNotEmail: record.doNotEmail,
      doNotBulkEmail: record.doNotBulkEmail,
      state: record.state,
      merged: record.merged,
      inScope: !scope?.onlyMarketing || record.marketing,
      erasureOpen: false,
      erasedBefore: !record.deleted && (marks.get(record.ref) === record.version || kept.has(record.ref)),
      suppressed: rules.suppressed.has(record.ref) || rules.suppressed.has(address ?? key ?? ''),
    },
    {
      anonymizeWhenInactive: rules.anonymizeInactive[record.table] ?? false,
      whenOutOfScope: scope?.whenOutOfScope ?? 'resetPermissions',
    },
  );
  return {
    id: record.ref,
    table: record.table,
    created: record.deleted ? undefined : record.created,
    deleted: record.deleted,
    merged: record.merged,
    qualified: record.state === 'qualified',
    erasureOpen: false,
    action: decision.action,
    rule: decision.rule,
    fired: decision.fired.map(([rule]) => rule),
    validAddress: address,
  };
}

export function judged(records: readonly CrmPerson[], occasion: Occasion, key: string): OracleProfile {
  const { target, rules, world } = occasion;
  const members = records.map((record) => decisionOf(record, target, rules, world.marks, key, occasion.kept));
  const own = target.identity === 'record' ? members[0]?.validAddress : key;
  return expectedProfile(members, {
    erasure: occasion.open.has(key),
    addressSuppressed: own !== undefined && rules.suppressed.has(own),
  });
}

function placeOf({ world, target }: Occasion): Place | undefined {
  return world.places.get(target.name);
}

/** Permissions that the CRM was seen to change from not-true to true, on any record of the person. */
export function granted(records: readonly CrmPerson[], occasion: Occasion): Bits {
  const raised: Record<string, boolean> = {};
  for (const record of records) {
    const former = record.deleted ? undefined : placeOf(occasion)?.grants.get(record.ref);
    for (const name of occasion.target.permissions)
      if (former?.[name] === false && record.grants[name]) raised[name] = true;
  }
  return raised;
}

function each(occasion: Occasion, bit: (name: string) => boolean): Bits {
  return Object.fromEntries(occasion.target.permissions.map((name) => [name, bit(name)]));
}

/**
 * The person after the decision on their records. `former` are the people at the addresses that these records left, who
 * do not live on there as this person.
 */
export function becomes(
  person: Person,
  profile: OracleProfile,
  records: readonly CrmPerson[],
  occasion: Occasion,
  there: boolean,
  former: readonly Person[] = [],
): Person {
  const raised = granted(records, occasion);
  const owner = records.find((record) => record.ref === profile.owner);
  const alone = records.length === 1 ? records[0]?.ref : undefined;
  const pending: Bits = { ...person.pending, ...raised };
  if (person.unknown && !profile.mayCreate) return person;
  if (profile.action === 'leave' || !owner || !there) {
    // An opt-out that is remembered ends when the CRM grants the permission anew.
    const remembered = { ...person.remembered };
    for (const [name, value] of Object.entries(raised))
      if (value && remembered[name] === false) delete remembered[name];
    return { ...person, remembered, pending: profile.action === 'leave' ? pending : {} };
  }
  const data = { there: true, address: owner.email?.trim() ?? '', fields: owner.fields, remembered: {} };
  if (profile.action === 'resetPermissions') {
    const before = person.lowered ? person.before : person.up;
    const down = each(occasion, () => false);
    return { ...strange, ...data, lowered: true, before, up: down, sure: down };
  }
  if (!person.there) {
    const isNew = !placeOf(occasion)?.homes.has(alone ?? '');
    const isFirst = isNew && alone !== undefined && !person.former;
    const up = each(occasion, (name) => {
      const isRemembered = person.remembered[name] === false && !raised[name] && !person.pending[name];
      const isCapped = former.some((other) => !other.unknown && !mayBeUp(other, name)) && !raised[name];
      return (owner.grants[name] ?? false) && !isRemembered && !isCapped;
    });
    const sure = each(occasion, (name) => isFirst && (up[name] ?? false));
    return { ...strange, ...data, up, sure, alone: isFirst ? alone : undefined };
  }
  const isStill = alone !== undefined && person.alone === alone && !person.lowered;
  const up = each(occasion, (name) => {
    const had = person.lowered ? person.before[name] : person.up[name] || pending[name];
    return (owner.grants[name] ?? false) && ((had ?? false) || person.unknown);
  });
  const sure = each(
    occasion,
    (name) => isStill && (owner.grants[name] ?? false) && ((person.sure[name] ?? false) || (raised[name] ?? false)),
  );
  return { ...strange, ...data, up, sure, alone: isStill ? alone : undefined };
}

export function mayBeUp(person: Person, name: string): boolean {
  return (person.lowered ? person.before[name] : person.up[name]) ?? false;
}

/** The record was erased on request, and has not changed since. */
export function isMarked(record: CrmPerson, occasion: Occasion): boolean {
  return !record.deleted && (occasion.world.marks.get(record.ref) === record.version || occasion.kept.has(record.ref));
}

/** Whether one of these records tells the address by which a contact can be found. */
export function isFindable(person: Person, key: string, records: readonly CrmPerson[]): boolean {
  return !person.foreign || records.some((record) => validAddress(record) === key);
}

/** What the person had is remembered; what the CRM granted while it was so, or after, is no opt-out any more. */
export function erased(person: Person): Person {
  if (!person.there) return person;
  const had = person.unknown ? {} : person.lowered ? person.before : person.up;
  const remembered = { ...person.remembered, ...had };
  for (const [name, isGranted] of Object.entries(person.pending)) if (isGranted) delete remembered[name];
  return { ...strange, remembered, former: true };
}

/** Automatically anonymized. */
export function gone(
  person: Person,
  profile: OracleProfile,
  records: readonly CrmPerson[],
  occasion: Occasion,
): Person {
  const seen = becomes(person, profile, records, occasion, false);
  return erased({ ...seen, pending: { ...person.pending, ...granted(records, occasion) } });
}
