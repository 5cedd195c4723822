/** Which scenarios are explored, and which planted bug each of them has to find. */
import type { FakeWorld } from '../../support/fakes/fake-world.ts';
import {
  brakeCountedOutsideTheLock,
  crossingIgnored,
  etagMarkIgnored,
  intentsNotHonoured,
  leaseIgnoredOnCompletion,
  newsForgotten,
  rowsReadBeforeTheLeases,
  siblingsNotPulled,
} from './plants.ts';
import type { Scenario } from './scenarios.ts';

function erasesAtMost(count: number): (world: FakeWorld) => string | undefined {
  return (world) => {
    const erased = world.platforms.get('main')?.erasures() ?? 0;
    return erased > count ? `${erased} people were erased instead of ${count}` : undefined;
  };
}

const brake: Scenario = { happenings: ['delete', 'deleteOther'], brakeCount: 1, also: erasesAtMost(1) };
const sibling: Scenario = { happenings: ['joinOther', 'delete'], otherIsLead: true, also: erasesAtMost(0) };
const shared: Scenario = { happenings: ['edit', 'deleteOther'], shared: true };

/** Two things that happen while two workers are at it, in every order of their steps. */
export const scenarios: readonly Scenario[] = [
  { happenings: ['edit', 'delete'] },
  { happenings: ['edit', 'expiry'] },
  { happenings: ['edit', 'lateWrite', 'delete'] },
  { happenings: ['edit', 'erasure'] },
  { happenings: ['optOutInCrm', 'edit'] },
  { happenings: ['delete', 'expiry'] },
  { happenings: ['delete', 'lateWrite'] },
  { happenings: ['erasure', 'expiry'] },
  { happenings: ['erasure', 'lateWrite'] },
  { happenings: ['erasure', 'edit'] },
  { happenings: ['erasure', 'delete'] },
  { happenings: ['move', 'edit'] },
  { happenings: ['move', 'delete'] },
  { happenings: ['move', 'lateWrite'] },
  { happenings: ['move', 'expiry'] },
  { happenings: ['move', 'erasure'] },
  { happenings: ['join', 'delete'] },
  { happenings: ['join', 'expiry'] },
  { happenings: ['join', 'erasure'] },
  { happenings: ['swap', 'delete'] },
  { happenings: ['swap', 'expiry'] },
  shared,
  sibling,
  brake,
];

export interface PlantedBug {
  readonly name: string;
  readonly scenario: Scenario;
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'the lease is not looked at when work is completed',
    scenario: { happenings: ['delete', 'expiry'], plant: leaseIgnoredOnCompletion },
  },
  {
    name: 'rows are read before the leases of the people are taken',
    scenario: { ...shared, plant: rowsReadBeforeTheLeases },
  },
  {
    name: 'calls whose answers were lost are not looked at',
    scenario: { happenings: ['edit', 'lateWrite', 'delete'], plant: intentsNotHonoured },
  },
  {
    name: 'what was erased on request is not marked',
    scenario: { happenings: ['erasure'], plant: etagMarkIgnored },
  },
  {
    name: 'an external id that another live profile has is sent all the same',
    scenario: { happenings: ['swap', 'delete'], plant: crossingIgnored },
  },
  {
    name: 'the brake counts outside its lock',
    scenario: { ...brake, plant: brakeCountedOutsideTheLock },
  },
  {
    name: 'news that comes in during the work is taken for done',
    scenario: { happenings: ['edit', 'delete'], plant: newsForgotten },
  },
  {
    name: 'the feeds are not read before somebody is erased automatically',
    scenario: { ...sibling, plant: siblingsNotPulled },
  },
];

export function titleOf({ happenings, shared: isShared, otherIsLead, brakeCount }: Scenario): string {
  const more = [isShared && 'one person', otherIsLead && 'another feed', brakeCount !== undefined && 'at the brake'];
  return [happenings.join(', '), ...more.filter(Boolean)].join('; ');
}
