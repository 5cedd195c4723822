/**
 * The end of every piece of work: profile, owed cleared, intent closed and evidence in one transaction. Guarantees: none
 * of it stands when the lease had passed to somebody else; what came in meanwhile stays owed.
 */
import type { ProfileKey } from '../../config/words.ts';
import type { Outcome } from '../platforms/platform.ts';
import type { Completion } from '../store/deliveries.ts';
import type { OpenIntent, ProfileChange } from '../store/profiles.ts';
import type { RecordNote } from '../store/records.ts';
import type { UnitOfWork } from '../store/store.ts';
import type { NewEvidence } from '../store/tables.ts';
import type { Batch } from './batch.ts';
import type { Approval } from './guard.ts';
import type { Judged } from './judge.ts';
import { permissionsOf } from './mapping.ts';

export interface Finished {
  readonly judged: Judged;
  readonly change?: ProfileChange | undefined;
  /** The members' CRM bits count as applied. */
  readonly appliesBits?: boolean;
  readonly intentId?: string | undefined;
  readonly evidence?: readonly NewEvidence[];
  readonly againInMs?: number | undefined;
  readonly staged?: boolean;
  readonly keepIntent?: boolean;
  /** Intents of others, met open. */
  readonly met?: readonly OpenIntent[];
}

function completionsOf(batch: Batch, finished: Finished): Completion[] {
  const { judged } = finished;
  return judged.views.flatMap((view) => {
    const { claim } = view.ledger;
    if (!claim) return [];
    const table = batch.target.settings.tables[view.ledger.ref.table];
    const crmBits =
      finished.appliesBits && table && view.reading.kind === 'row' ? permissionsOf(table, view.reading.row) : undefined;
    return [
      {
        ref: claim.ref,
        seq: claim.seq,
        profileKey: judged.key,
        crmBits,
        againInMs: finished.againInMs,
        staged: finished.staged,
      },
    ];
  });
}

function notesOf(finished: Finished): RecordNote[] {
  return finished.judged.views.flatMap((view) => {
    const member = finished.judged.members.get(view.name);
    if (!view.ledger.claim || !member) return [];
    return [
      {
        ref: view.ledger.ref,
        gone: view.reading.kind === 'deleted',
        emailKey: view.emailKey,
        action: member.decision.action,
        rule: member.decision.rule,
        reasons: member.decision.reasons.map((reason) => reason.rule),
      },
    ];
  });
}

/** Throws LeaseLostError; then nothing of it was stored. */
export async function complete(batch: Batch, finished: readonly Finished[]): Promise<void> {
  if (finished.length === 0) return;
  const lateMs = batch.target.settings.lateEffectSeconds * 1000;
  const withheld = finished.filter((f) => batch.together.has(f.judged.key));
  const ended = finished.filter((f) => !withheld.includes(f));
  await batch.core.store.transaction(async (unit) => {
    await unit.changeProfiles(
      batch.lease,
      finished.flatMap((f) => (f.change ? [f.change] : [])),
    );
    await end(batch, unit, ended);
    // Own intents are answered; those of others can no longer take effect once they are old enough.
    await unit.closeIntents(
      finished.flatMap((f) => [
        ...(f.intentId && !f.keepIntent ? [f.intentId] : []),
        ...(f.keepIntent ? [] : (f.met ?? []).filter((intent) => intent.ageMs >= lateMs).map((intent) => intent.id)),
      ]),
    );
    await unit.appendEvidence(finished.flatMap((f) => f.evidence ?? []));
  });
  batch.withheld.push(...withheld);
  for (const one of ended) measure(batch, one);
  batch.core.noteFinished?.(batch.lease.target, finished);
}

/** Those whose profiles are as they are to be already. Throws LeaseLostError; then nothing of it was stored. */
export async function completeWithheld(batch: Batch, withheld: readonly Finished[]): Promise<void> {
  await batch.core.store.transaction((unit) => end(batch, unit, withheld));
  for (const one of withheld) measure(batch, one);
}

/** Nothing is owed for them any more. */
async function end(batch: Batch, unit: UnitOfWork, finished: readonly Finished[]): Promise<void> {
  await unit.noteRecords(batch.lease, finished.flatMap(notesOf));
  await unit.completeDeliveries(
    batch.lease,
    finished.flatMap((f) => completionsOf(batch, f)),
  );
  // The others of a profile too: what is done to it is done to them.
  const { notes } = batch.core.settings;
  if (!notes) return;
  const views = finished.flatMap((f) => f.judged.views);
  await unit.oweNotes(
    views.map((view) => view.ledger.ref),
    notes.for,
  );
}

/** What was brought to its end, for the metrics. A full read, or a changed setting, is no moment in the CRM. */
function measure(batch: Batch, finished: Finished): void {
  if (finished.againInMs !== undefined || finished.staged) return;
  const { decision, views } = finished.judged;
  for (const { ledger, reading } of views) {
    if (!ledger.claim) continue;
    const changedAt =
      ledger.claim.lot === undefined && reading.kind === 'row' ? Date.parse(reading.row.modifiedOn ?? '') : Number.NaN;
    batch.core.meter.applied({
      target: batch.lease.target,
      action: decision.action,
      rule: decision.rule,
      lagMs: Number.isNaN(changedAt) ? undefined : Math.max(0, batch.core.now() - changedAt),
    });
  }
}

/** Milliseconds until nothing that others sent for this profile can land any more; undefined when that is so already. */
export function lateEffectLeft(batch: Batch, intents: readonly OpenIntent[]): number | undefined {
  const lateMs = batch.target.settings.lateEffectSeconds * 1000;
  const left = Math.max(0, ...intents.map((intent) => lateMs - intent.ageMs));
  return left > 0 ? Math.ceil(left) : undefined;
}

/** Who let it pass, for the evidence. */
export function approvedBy(approval: Approval | undefined): string | undefined {
  return approval && `approved hold ${approval.hold} by ${approval.by}`;
}

/** One line of evidence for a profile's act. Sentences are joined; the platform's own answer comes last. */
export function evidenceOf(
  batch: Batch,
  judged: Judged,
  act: string,
  outcome: Outcome | undefined,
  said: { readonly detail?: string | undefined; readonly approval?: Approval | undefined } = {},
): NewEvidence {
  const first = judged.views.find((view) => view.ledger.claim) ?? judged.views[0];
  return {
    target: batch.lease.target,
    crm_table: first?.ledger.ref.table ?? null,
    record_id: first?.ledger.ref.id ?? null,
    profile_key: judged.key as ProfileKey,
    members: judged.views.map((view) => view.name).sort(),
    act,
    rule: judged.decision.rule,
    trigger: batch.trigger,
    outcome: outcome?.kind ?? null,
    status: outcome?.status ?? null,
    request_id: outcome?.requestId ?? null,
    answered_at: outcome ? new Date(batch.core.now()) : null,
    detail: [approvedBy(said.approval), said.detail ?? outcome?.detail].filter(Boolean).join('; ') || null,
    actor: said.approval?.by ?? null,
    configuration: batch.core.configuration,
  };
}
