/**
 * From what was read to one decision per profile. Guarantees: `apply`, `explain` and the previews come through here, so
 * they cannot disagree. Looks up open erasures and suppressions; writes nothing.
 */
import type { EmailKey, ProfileKey, RecordRef, TargetName } from '../../config/words.ts';
import { decideProfile } from '../rules/combine.ts';
import type { Facts, Member, ProfileDecision } from '../rules/facts.ts';
import { decide } from '../rules/rules.ts';
import { type Core, targetOf } from './core.ts';
import type { View } from './gather.ts';
import { factsOfDeleted, factsOfRow, ruleSettingsOf } from './mapping.ts';

/** One profile, the records that belong to it now, and what is to be done. */
export interface Judged {
  readonly key: ProfileKey;
  readonly views: readonly View[];
  readonly members: ReadonlyMap<string, Member>;
  readonly decision: ProfileDecision;
  /** A record of this profile is there but cannot be understood. */
  readonly unreadable: boolean;
  /** Changes when any of its records changes. */
  readonly factsKey: string;
}

export interface Circumstance {
  readonly erasures: {
    readonly refs: ReadonlySet<string>;
    readonly keys: ReadonlySet<string>;
    /** Erased with somebody whose erasure another target has not answered: kept out until that is complete. */
    readonly along: ReadonlySet<string>;
  };
  /** Record → the etag at which it was erased on request, read after it was known which erasures are open. */
  readonly marks: ReadonlyMap<string, string>;
  readonly suppressedAddresses: ReadonlySet<string>;
  readonly suppressedRecords: ReadonlySet<string>;
}

export async function circumstancesOf(core: Core, views: readonly View[]): Promise<Circumstance> {
  const refs: RecordRef[] = views.map((view) => view.ledger.ref);
  const keys = [...new Set(views.flatMap((view) => [view.emailKey, view.key as string as EmailKey]))].filter(
    (k) => k !== undefined,
  );
  // What was put on the list under a former key counts as long as that key is listed.
  const former = new Map<string, EmailKey>();
  for (const { reading, emailKey } of views) {
    const address = reading.kind === 'row' ? reading.row.email.reveal() : null;
    if (!emailKey || !address) continue;
    for (const key of core.keyring.formerEmailKeys(address)) former.set(key, emailKey);
  }
  const [erasures, addresses, suppressedRecords] = await Promise.all([
    core.store.erasures.openFor(refs, keys),
    core.store.suppressions.matching('address', [...keys, ...former.keys()]),
    core.store.suppressions.matching(
      'record',
      views.map((view) => view.name),
    ),
  ]);
  const suppressedAddresses = new Set([...addresses].map((key) => former.get(key) ?? key));
  // In this order: an erasure that is not open any more has left its marks.
  const marks = await core.store.erasures.marks(refs);
  return { erasures, marks, suppressedAddresses, suppressedRecords };
}

function isAddressSuppressed(view: View, circumstance: Circumstance): boolean {
  return circumstance.suppressedAddresses.has(view.emailKey ?? view.key);
}

/**
 * An erasure was completed between the reading of the ledger and now: the row may be older than what was erased, so
 * nothing may be decided from it.
 */
export function isOvertaken(view: View, circumstance: Circumstance): boolean {
  return circumstance.marks.get(view.name) !== view.ledger.erasedEtag;
}

/** The facts of one record for one target; undefined when the row cannot be understood, or its table is not for this target. */
export function factsOf(core: Core, target: TargetName, view: View, circumstance: Circumstance): Facts | undefined {
  const row = view.reading.kind === 'row' ? view.reading.row : undefined;
  const isMarked = row !== undefined && view.ledger.erasedEtag === row.etag;
  // Whoever was erased along with somebody is marked when that erasure is complete, as they are then.
  const isErasedAlong = row !== undefined && circumstance.erasures.along.has(view.name);
  const own = {
    erasureOpen: circumstance.erasures.refs.has(view.name),
    erasedBefore: isMarked || isErasedAlong,
    suppressed: isAddressSuppressed(view, circumstance) || circumstance.suppressedRecords.has(view.name),
  };
  const table = targetOf(core, target).settings.tables[view.ledger.ref.table];
  if (view.reading.kind === 'malformed' || table === undefined) return undefined;
  return row === undefined ? factsOfDeleted(view.ledger.ref.table, own) : factsOfRow(table, row, own);
}

export function judge(
  core: Core,
  target: TargetName,
  key: ProfileKey,
  views: readonly View[],
  circumstance: Circumstance,
): Judged {
  const { identity } = targetOf(core, target).settings;
  const settings = ruleSettingsOf(core.settings, targetOf(core, target).settings);
  const members = new Map<string, Member>();
  for (const view of views) {
    const facts = factsOf(core, target, view, circumstance);
    if (!facts) continue;
    members.set(view.name, {
      ref: view.name,
      table: view.ledger.ref.table,
      createdOn: view.reading.kind === 'row' ? view.reading.row.createdOn : undefined,
      facts,
      decision: decide(facts, settings),
    });
  }
  const decision = decideProfile([...members.values()], {
    // Also by a record whose table is not for this target: it is the same person.
    explicitErasure:
      circumstance.erasures.keys.has(key) || views.some((view) => circumstance.erasures.refs.has(view.name)),
    // The profile's own address only: somebody who came from, or went to, another one must not erase the others.
    addressSuppressed:
      circumstance.suppressedAddresses.has(key) ||
      (identity === 'record' && views.some((view) => isAddressSuppressed(view, circumstance))),
    settings,
  });
  const factsKey = core.keyring.fingerprint(
    views
      .map((view) => `${view.name} ${view.reading.kind === 'row' ? view.reading.row.etag : view.reading.kind}`)
      .sort(),
  );
  return { key, views, members, decision, unreadable: views.some((v) => v.reading.kind === 'malformed'), factsKey };
}
