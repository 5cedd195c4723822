/**
 * Why a record is treated as it is. Guarantees: comes through the same code as `apply` (viewOf, judge, planProfile), so
 * the two cannot disagree; holds flags, ids and our own sentences, never a value of the row; writes nothing. What it
 * says is what would happen now: before anybody is erased automatically, `apply` reads the feeds once more.
 */
import { formatRecordRef, type RecordRef, type TargetName } from '../../config/words.ts';
import type { ContactRef, PermissionBits } from '../platforms/platform.ts';
import type { Action, Facts, ProfileDecision, RuleName } from '../rules/facts.ts';
import { rules } from '../rules/rules.ts';
import type { EvidenceLine } from '../store/evidence.ts';
import type { Profile } from '../store/profiles.ts';
import type { Bits, DeliveryRow, ErasureRow, ProfileState } from '../store/tables.ts';
import { emptinessCountsMs } from './cases.ts';
import { type Core, targetNames, targetOf } from './core.ts';
import type { View } from './gather.ts';
import { circumstancesOf, factsOf, type Judged, judge } from './judge.ts';
import { type Looked, lookAt } from './look.ts';
import { permissionsOf, ruleSettingsOf } from './mapping.ts';
import { dryRunSentence, outsidePilotSentence, outsiders } from './pilot.ts';
import { contactRefOf, isPresent, planProfile } from './plan.ts';
import { targetSentence } from './settle.ts';

export interface RuleVerdict {
  readonly rule: RuleName;
  readonly fired: boolean;
  readonly action: Action;
  readonly sentence: string;
}

export interface ExplainedRecord {
  readonly record: string;
  readonly reading: 'row' | 'deleted' | 'malformed';
  /** Why a row that is there cannot be understood. */
  readonly malformed: { readonly code: string; readonly reason: string } | undefined;
  readonly facts: Facts | undefined;
  readonly verdict: { readonly action: Action; readonly rule: RuleName } | undefined;
  /** In the order of the table of rules. */
  readonly rules: readonly RuleVerdict[];
}

export interface ExplainedProfile {
  /** A keyed hash, or `table/guid`. */
  readonly key: string;
  readonly state: ProfileState;
  readonly contactKeys: readonly string[];
  readonly owner: string | undefined;
  readonly bitsBefore: Bits | undefined;
  readonly openIntents: readonly { readonly kind: string; readonly ageMs: number }[];
}

export interface PermissionDifference {
  readonly permission: string;
  readonly crm: boolean;
  readonly target: boolean | undefined;
}

export interface LookUp {
  readonly found: boolean;
  readonly contactKey: string | undefined;
  readonly permissions: readonly PermissionDifference[];
}

/** What `apply` would do next, were it to work on the record now. */
export type NextStep = 'nothing' | 'look up' | 'anonymize' | 'write' | 'reset' | 'erasure' | 'park';

export interface ExplainedTarget {
  readonly target: TargetName;
  readonly record: ExplainedRecord;
  /** The other records of the same profile. */
  readonly others: readonly ExplainedRecord[];
  readonly decision: (Omit<ProfileDecision, 'owner'> & { readonly owner: string | undefined }) | undefined;
  readonly next: NextStep;
  readonly profile: ExplainedProfile;
  /** The profile it was last applied to, when its address has changed since. */
  readonly formerProfile: ExplainedProfile | undefined;
  readonly pending: DeliveryRow | undefined;
  readonly holds: readonly { readonly hold: number | null; readonly rule: string; readonly state: string }[];
  readonly lookUp: LookUp | undefined;
  /** Why nothing is sent there although something may be decided; our own sentence. */
  readonly heldBack: string | undefined;
}

export interface ExplainedErasure {
  readonly id: string;
  readonly source: ErasureRow['source'];
  readonly state: ErasureRow['state'];
  readonly requestedAt: Date;
  readonly completedAt: Date | null;
  readonly targets: readonly string[];
}

export interface Explanation {
  readonly record: string;
  readonly inLedger: boolean;
  readonly lastDecision: { readonly action: string; readonly rule: string; readonly at: Date | null } | undefined;
  readonly targets: readonly ExplainedTarget[];
  readonly erasures: readonly ExplainedErasure[];
  /** Newest first. */
  readonly evidence: readonly EvidenceLine[];
}

/** Throws ConnectorError when Dataverse, or with `lookUp` a platform, cannot tell. */
export async function explain(
  core: Core,
  ref: RecordRef,
  options: { readonly lookUp: boolean; readonly evidence: number },
  signal: AbortSignal,
): Promise<Explanation> {
  const known = await core.store.records.get(ref);
  const deliveries = await core.store.records.deliveries(ref);
  const targets: ExplainedTarget[] = [];
  for (const name of targetNames(core)) {
    if (!targetOf(core, name).settings.tables[ref.table]) continue;
    const pending = deliveries.find((row) => row.target === name);
    targets.push(await explainTarget(core, name, ref, pending, options.lookUp, signal));
  }
  return {
    record: formatRecordRef(ref),
    inLedger: known !== undefined,
    lastDecision: known?.last_action
      ? { action: known.last_action, rule: known.last_rule ?? '', at: known.decided_at }
      : undefined,
    targets,
    erasures: await explainErasures(core, ref),
    evidence: await core.store.evidence.of(ref, options.evidence),
  };
}

async function explainTarget(
  core: Core,
  target: TargetName,
  ref: RecordRef,
  pending: DeliveryRow | undefined,
  lookUp: boolean,
  signal: AbortSignal,
): Promise<ExplainedTarget> {
  const looked = await lookAt(core, target, ref, signal);
  const circumstance = await circumstancesOf(core, looked.members);
  const judged = judge(core, target, looked.own.key, looked.members, circumstance);
  const records = looked.members.map((view) => explainRecord(core, target, view, judged, circumstance));
  const own = records.find((record) => record.record === looked.own.name);
  if (!own) throw new Error('a record is not among the members of its own profile');
  const { owner, ...decision } = judged.decision;
  return {
    target,
    record: own,
    others: records.filter((record) => record !== own),
    decision: judged.unreadable ? undefined : { ...decision, owner: owner?.ref },
    next: await nextStep(core, target, looked, judged),
    profile: explainProfile(looked.profile),
    formerProfile: looked.former && explainProfile(looked.former),
    pending,
    holds: (await core.store.brake.cases(target, [looked.own.key])).map((row) => ({
      hold: row.hold_id,
      rule: row.rule,
      state: row.approved ? 'approved' : row.state,
    })),
    lookUp: lookUp ? await askTarget(core, target, looked, judged, signal) : undefined,
    heldBack: heldBack(core, target, looked),
  };
}

function heldBack(core: Core, target: TargetName, looked: Looked): string | undefined {
  const { settings } = targetOf(core, target);
  if (settings.dryRun) return dryRunSentence;
  const profiles = [looked.profile, ...(looked.former ? [looked.former] : [])];
  const known = new Map(profiles.map((profile) => [profile.key, profile]));
  return outsiders(settings, looked.members, known).has(looked.own) ? outsidePilotSentence : undefined;
}

function explainRecord(
  core: Core,
  target: TargetName,
  view: View,
  judged: Judged,
  circumstance: Awaited<ReturnType<typeof circumstancesOf>>,
): ExplainedRecord {
  const facts = factsOf(core, target, view, circumstance);
  const settings = ruleSettingsOf(core.settings, targetOf(core, target).settings);
  const decision = judged.members.get(view.name)?.decision;
  const { reading } = view;
  return {
    record: view.name,
    reading: reading.kind,
    malformed:
      reading.kind === 'malformed' ? { code: reading.malformed.code, reason: reading.malformed.reason } : undefined,
    facts,
    verdict: decision && { action: decision.action, rule: decision.rule },
    rules: facts
      ? rules.map(({ name, condition, action, sentence }) => ({
          rule: name,
          fired: condition(facts, settings),
          action: action(facts, settings),
          sentence,
        }))
      : [],
  };
}

function explainProfile(profile: Profile): ExplainedProfile {
  return {
    key: profile.key,
    state: profile.state,
    contactKeys: profile.contactKeys,
    owner: profile.owner,
    bitsBefore: profile.bitsBefore,
    openIntents: profile.openIntents.map(({ kind, ageMs }) => ({ kind, ageMs })),
  };
}

/** The person, as the target may know them. */
export async function contactOf(
  core: Core,
  target: TargetName,
  looked: Pick<Looked, 'members' | 'profile'>,
): Promise<ContactRef> {
  const ids = looked.members.map((view) => view.ledger.ref.id);
  const others = await core.store.profiles.heldByOthers(target, ids, [looked.profile.key]);
  const foreign = new Set(others.filter((key) => !looked.profile.contactKeys.includes(key)));
  return contactRefOf(core, target, looked.profile, looked.members, foreign);
}

async function nextStep(core: Core, target: TargetName, looked: Looked, judged: Judged): Promise<NextStep> {
  if (judged.unreadable) return 'park';
  if (judged.decision.rule === 'erased-on-request') return 'erasure';
  const { empty } = await core.store.targets.emptiness(target, emptinessCountsMs);
  const plan = planProfile(
    core,
    target,
    judged,
    { profile: looked.profile, foundBits: undefined, present: isPresent(looked.profile.state) },
    await contactOf(core, target, looked),
    {
      cap: undefined,
      adopt: targetOf(core, target).settings.adoptExisting && !empty,
      forced: looked.members.some((view) => view.ledger.claim?.forced),
    },
  );
  if (plan.kind === 'lookUp') return 'look up';
  if (plan.kind === 'upsert') return plan.resetFirst ? 'reset' : 'write';
  return plan.kind;
}

/** Asks the platform itself; takes its turn like every other call. */
async function askTarget(
  core: Core,
  target: TargetName,
  looked: Looked,
  judged: Judged,
  signal: AbortSignal,
): Promise<LookUp> {
  const found = await targetOf(core, target).platform.find(await contactOf(core, target, looked), signal);
  const owner = looked.members.find((view) => view.name === judged.decision.owner?.ref) ?? looked.own;
  const crm = crmBits(core, target, owner);
  return {
    found: found !== undefined,
    contactKey: found?.contactKey,
    permissions: found
      ? Object.entries(crm).map(([permission, value]) => ({
          permission,
          crm: value,
          target: found.permissions[permission],
        }))
      : [],
  };
}

function crmBits(core: Core, target: TargetName, view: View): PermissionBits {
  const table = targetOf(core, target).settings.tables[view.ledger.ref.table];
  return table && view.reading.kind === 'row' ? permissionsOf(table, view.reading.row) : {};
}

async function explainErasures(core: Core, ref: RecordRef): Promise<ExplainedErasure[]> {
  const erasures = await core.store.erasures.touching(ref);
  return Promise.all(
    erasures.map(async (erasure) => ({
      id: erasure.id,
      source: erasure.source,
      state: erasure.state,
      requestedAt: erasure.requested_at,
      completedAt: erasure.completed_at,
      targets: (await core.store.erasures.targets(erasure.id)).map((row) => targetSentence(core, row)),
    })),
  );
}
