/**
 * Trials: a target that is sent nothing (`dryRun`), and one that takes on only some people (`pilot`). Guarantees: of
 * people outside a pilot nothing is sent, looked up or moved; whoever the connector has already written there stays in
 * its care, opt-outs and erasures included, also when they are taken off the list. A person is in when one of their
 * records is. Knows nothing of how it is said to people.
 */

import type { TargetSettings } from '../../config/settings.ts';
import { formatRecordRef, type ProfileKey } from '../../config/words.ts';
import type { LedgerMember } from '../store/deliveries.ts';
import type { Profile } from '../store/profiles.ts';
import type { Batch } from './batch.ts';
import type { Core } from './core.ts';
import type { Gathered, Reading, View } from './gather.ts';
import { matches } from './mapping.ts';
import { mayBeThere } from './plan.ts';
import { english } from './texts/index.ts';

export const dryRunSentence = english.waiting.dryRun;
export const outsidePilotSentence = english.waiting.outsidePilot;

/** The record itself is named, or says so. */
export function isInvited(
  settings: TargetSettings,
  member: Pick<LedgerMember, 'ref'>,
  reading: Reading | undefined,
): boolean {
  const { pilot } = settings;
  if (!pilot || pilot.records.includes(formatRecordRef(member.ref))) return true;
  return reading?.kind === 'row' && matches(pilot.when, reading.row);
}

type Profiles = Pick<ReadonlyMap<ProfileKey, Profile>, 'get'>;

/** One of the profiles that the record belongs to, was applied to, or was sent for, may be there because of us. */
function isInCare(view: View, profiles: Profiles): boolean {
  const { profileKey, sentKey } = view.ledger;
  const keys = [view.key, profileKey, sentKey].filter((key) => key !== undefined) as ProfileKey[];
  return keys.some((key) => {
    const profile = profiles.get(key);
    return profile !== undefined && mayBeThere(profile);
  });
}

/** Of these views, those whose person is outside the target's pilot. */
export function outsiders(settings: TargetSettings, views: readonly View[], profiles: Profiles): Set<View> {
  if (!settings.pilot) return new Set();
  const isIn = (view: View): boolean => isInvited(settings, view.ledger, view.reading) || isInCare(view, profiles);
  const inside = new Set(views.filter(isIn).map((view) => view.key));
  return new Set(views.filter((view) => !inside.has(view.key)));
}

/**
 * Leaves outsiders as they are: their deliveries are done with nothing sent, and they are still there for others to be
 * judged with. A pilot that changes owes everybody again.
 */
export async function withoutOutsiders(batch: Batch, gathered: Gathered): Promise<Gathered> {
  const outside = outsiders(batch.target.settings, gathered.views, gathered.profiles);
  if (outside.size === 0) return gathered;
  const claims = [...outside].flatMap(({ ledger }) => ledger.claim ?? []);
  await batch.core.store.transaction((unit) =>
    unit.completeDeliveries(
      batch.lease,
      claims.map(({ ref, seq }) => ({ ref, seq, profileKey: undefined, crmBits: undefined })),
    ),
  );
  const asLooker = (view: View): View => ({ ...view, ledger: { ...view.ledger, claim: undefined } });
  return { ...gathered, views: gathered.views.map((view) => (outside.has(view) ? asLooker(view) : view)) };
}

export function isDryRun(core: Core, target: string): boolean {
  return [...core.targets.values()].some(({ settings }) => settings.name === target && settings.dryRun === true);
}
