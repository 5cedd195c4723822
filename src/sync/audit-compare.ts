/**
 * One person on one target: what the CRM says now, what the ledger says, and what the target answers when it is asked.
 * Guarantees: what should be there comes out of `judge` and `planProfile`, so of the code that would write it; a value of
 * a person is looked at and never kept. Changes nothing. Says nothing about who is not asked for.
 */
import type { TargetName } from '../../config/words.ts';
import type { ContactRef, HeldContact, PermissionBits, Platform } from '../platforms/platform.ts';
import type { Profile } from '../store/profiles.ts';
import type { DriftCause } from './audit-causes.ts';
import { type Core, targetOf } from './core.ts';
import { contactOf } from './explain.ts';
import type { Judged } from './judge.ts';
import { permissionsOf } from './mapping.ts';
import { isPresent, type Plan, planProfile, type UpsertPlan } from './plan.ts';

/** Whom the target holds under the ids and the address of a person. */
export interface Holding {
  readonly contactKey: string | undefined;
  readonly permissions: PermissionBits;
  /** Contacts that were told of; one where the platform tells of no others. */
  readonly contacts: number;
  readonly read: HeldContact | undefined;
}

export interface FoundCause {
  readonly cause: DriftCause;
  /** Names of permissions or properties. */
  readonly details: readonly string[];
}

export interface Compared {
  readonly causes: readonly FoundCause[];
  readonly holding: Holding | undefined;
  /** Permissions that the CRM grants and that are down there: theirs to decide, and no drift. */
  readonly optedOut: number;
}

/** The account in its spare time. */
export function spareOf(core: Core, target: TargetName): Platform {
  const { spare, platform } = targetOf(core, target);
  return spare ?? platform;
}

/** Whether the target has to be asked at all: what is left alone is left alone. */
export function isComparable(judged: Judged): boolean {
  return judged.decision.action !== 'leave' || judged.decision.rule === 'erased-before';
}

/** Throws ConnectorError. */
export async function compareProfile(
  core: Core,
  target: TargetName,
  judged: Judged,
  profile: Profile,
  signal: AbortSignal,
): Promise<Compared> {
  const ref = await contactOf(core, target, { members: judged.views, profile });
  const holding = await ask(spareOf(core, target), ref, profile.contactKey, signal);
  const plan = (forced: boolean): Plan =>
    planProfile(
      core,
      target,
      judged,
      {
        profile: { ...profile, openIntents: [] },
        foundBits: undefined,
        present: isPresent(profile.state) || (forced && holding !== undefined),
      },
      ref,
      { cap: undefined, adopt: targetOf(core, target).settings.adoptExisting, forced },
    );
  const found = new Causes();
  const known = isPresent(profile.state);
  const hasMoved = judged.views.some(
    ({ ledger }) => ledger.profileKey !== undefined && ledger.profileKey !== judged.key,
  );
  const isBehind = hasMoved || plan(false).kind === 'upsert' || (known && plan(false).kind === 'anonymize');
  switch (judged.decision.action) {
    case 'leave':
      if (holding) found.add('erased-is-back');
      break;
    case 'anonymize':
      if (holding) found.add(judged.decision.rule === 'suppressed' ? 'suppressed-is-there' : 'should-be-gone');
      else if (isBehind) found.add('not-applied');
      break;
    case 'resetPermissions':
    case 'sync':
      if (!holding) {
        if (known) found.add('missing');
        else if (isBehind) found.add('not-applied');
        break;
      }
      if (!known) found.add('appeared');
      else if (isBehind) found.add('not-applied');
      compareContact(core, target, judged, profile, plan(true), holding, known && !isBehind, found);
      break;
  }
  return { causes: found.list, holding, optedOut: holding ? optedOut(core, target, judged, holding) : 0 };
}

class Causes {
  readonly list: FoundCause[] = [];

  add(cause: DriftCause, details: readonly string[] = []): void {
    this.list.push({ cause, details });
  }
}

function compareContact(
  core: Core,
  target: TargetName,
  judged: Judged,
  profile: Profile,
  plan: Plan,
  holding: Holding,
  isApplied: boolean,
  found: Causes,
): void {
  const wanted = plan.kind === 'upsert' ? plan : undefined;
  const up = Object.entries(holding.permissions).flatMap(([name, value]) =>
    value && mustBeDown(judged, wanted, name) ? [name] : [],
  );
  if (up.length > 0) found.add('permission-up', up.sort());
  const { differences } = spareOf(core, target);
  if (isApplied && wanted && differences && holding.read) {
    // Somebody who came by another id, and may not be created, keeps it: the ledger knows them by it.
    const isKnownId = profile.contactKeys.includes(holding.contactKey ?? '');
    const changed = differences(holding.read, wanted.item).filter((name) => name !== 'externalId' || !isKnownId);
    if (changed.length > 0) found.add('changed-by-hand', [...changed].sort());
  }
  if (holding.contacts > 1) found.add('duplicate');
}

function mustBeDown(judged: Judged, wanted: UpsertPlan | undefined, name: string): boolean {
  return judged.decision.action === 'resetPermissions' || wanted?.item.permissionsOnUpdate[name] === false;
}

function optedOut(core: Core, target: TargetName, judged: Judged, holding: Holding): number {
  if (judged.decision.action !== 'sync') return 0;
  const owner = judged.views.find((view) => view.name === judged.decision.owner?.ref);
  const table = owner && targetOf(core, target).settings.tables[owner.ledger.ref.table];
  if (!table || owner.reading.kind !== 'row') return 0;
  const granted = Object.entries(permissionsOf(table, owner.reading.row)).filter(([, value]) => value);
  return granted.filter(([name]) => holding.permissions[name] === false).length;
}

/** With everything that can be compared, where the adapter can tell it. */
async function ask(
  platform: Platform,
  ref: ContactRef,
  contactKey: string | undefined,
  signal: AbortSignal,
): Promise<Holding | undefined> {
  if (platform.read && platform.differences) {
    const contacts = await platform.read(ref, signal);
    const main = contacts.find((contact) => contact.contactKey === contactKey) ?? contacts[0];
    if (main === undefined) return undefined;
    if (main.permissions)
      return { contactKey: main.contactKey, permissions: main.permissions, contacts: contacts.length, read: main };
    const found = await platform.find(ref, signal);
    return (
      found && { contactKey: main.contactKey, permissions: found.permissions, contacts: contacts.length, read: main }
    );
  }
  const found = await platform.find(ref, signal);
  if (!found) return undefined;
  const contacts = 1 + (found.otherKeys?.length ?? 0);
  return { contactKey: found.contactKey, permissions: found.permissions, contacts, read: undefined };
}
