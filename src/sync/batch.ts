/** What the steps of one batch share. */
import type { ProfileKey, TargetName } from '../../config/words.ts';
import { ConnectorError, isConnectorError } from '../http/errors.ts';
import type { Lease, LedgerMember } from '../store/deliveries.ts';
import { idsWouldCrossCode, LeaseLostError } from '../store/profiles.ts';
import type { Finished } from './complete.ts';
import { type Core, type Target, targetOf } from './core.ts';
import type { View } from './gather.ts';

export interface Batch {
  readonly core: Core;
  readonly target: Target;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** When single calls stop and the rest goes back, in `core.now()` milliseconds. */
  readonly deadline: number;
  /** What started it, for the evidence. */
  readonly trigger: string;
  /** When the lease was last taken or renewed, in `core.now()` milliseconds. */
  leasedAt: number;
  /** Profiles whose erasure the brake keeps waiting: nobody who came from there may be written elsewhere yet. */
  readonly atBrake: Set<ProfileKey>;
  /** Profiles that the platform would not have as they are to be, and why: who came from there cannot go on either. */
  readonly refused: Map<ProfileKey, Refusal>;
  /** Profiles whose people change places: what is owed for one is done when all are, or somebody is left behind. */
  readonly together: Set<ProfileKey>;
  /** Those of them that are as they are to be. */
  readonly withheld: Finished[];
}

export function newBatch(
  core: Core,
  target: TargetName,
  parts: Pick<Batch, 'signal' | 'deadline' | 'trigger'> & { readonly lease: Lease },
): Batch {
  return {
    ...parts,
    core,
    target: targetOf(core, target),
    leasedAt: core.now(),
    atBrake: new Set(),
    refused: new Map(),
    together: new Set(),
    withheld: [],
  };
}

export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

/** Renews the lease when a quarter of it has passed: a call that begins now ends long before it. */
export async function keepLease(batch: Batch): Promise<void> {
  const now = batch.core.now();
  if (now - batch.leasedAt < batch.lease.seconds * 250) return;
  batch.leasedAt = now;
  await batch.core.store.deliveries.renew(batch.lease);
}

const longestBackoffMs = 10 * 60_000;
/** Attempts after which a crossing of external ids is parked: some seconds. */
const crossingPatience = 3;
/** Milliseconds that a record waits because the platform failed; how long nobody calls it is the target's pause. */
const longestPutBackMs = 2000;
/** Attempts after which a record that keeps failing by itself is parked. */
const patience = 8;

/** Milliseconds before attempt `attempts + 1`: 1 s, 2 s, 4 s … 10 min. */
export function backoffMs(attempts: number): number {
  return Math.min(longestBackoffMs, 1000 * 2 ** Math.min(attempts, 20));
}

export async function putBack(
  batch: Batch,
  members: readonly LedgerMember[],
  inMs: number,
  failed = false,
): Promise<void> {
  const claims = members.flatMap((member) => (member.claim ? [member.claim] : []));
  await batch.core.store.deliveries.putBack(
    batch.lease,
    claims.map((claim) => ({ ref: claim.ref, inMs, failed })),
  );
}

export async function park(batch: Batch, views: readonly View[], code: string, reason: string): Promise<void> {
  for (const view of views) batch.refused.set(view.key, { code, reason });
  const claims = views.flatMap((view) => (view.ledger.claim ? [view.ledger.claim] : []));
  await batch.core.store.deliveries.park(
    batch.lease,
    claims.map((claim) => ({ ref: claim.ref, seq: claim.seq, code, reason })),
    batch.core.settings.notes?.for,
  );
  for (const claim of claims)
    batch.core.logger.warn(
      { target: batch.lease.target, record: `${claim.ref.table}/${claim.ref.id}`, code },
      'parked',
    );
}

/** The records failed by themselves: again later, and parked when that does not help. */
export async function failEach(
  batch: Batch,
  views: readonly View[],
  code: string,
  reason: string,
  attempts = patience,
): Promise<void> {
  for (const view of views) batch.refused.set(view.key, { code, reason });
  const tired = views.filter((view) => (view.ledger.claim?.attempts ?? 0) >= attempts);
  await park(batch, tired, code, reason);
  const rest = views.filter((view) => !tired.includes(view));
  for (const view of rest) await putBack(batch, [view.ledger], backoffMs(view.ledger.claim?.attempts ?? 0), true);
}

/**
 * Somebody else's contact is in the way. It may be on its way elsewhere itself, so this is tried again a few times
 * before it is parked: only a circle of people needs a person.
 */
export async function failCrossing(batch: Batch, views: readonly View[], code: string, reason: string): Promise<void> {
  await failEach(batch, views, code, reason, crossingPatience);
}

/** Why those who came from there wait: what they left is theirs, and was refused. */
export async function failLeavers(batch: Batch, views: readonly View[], { code, reason }: Refusal): Promise<void> {
  const sentence = `the contact at the former address could not be brought up to date: ${reason}`;
  if (code.endsWith(idsWouldCrossCode)) await failCrossing(batch, views, code, sentence);
  else await failEach(batch, views, code, sentence);
}

/** An erasure after which the platform still finds the person: it may need a moment, so it is tried again first. */
export const notConfirmed = 'ERASURE_NOT_CONFIRMED';

/** What a failed call of the platform means for the target and for the records that were in it. */
export async function failCall(batch: Batch, error: unknown, views: readonly View[]): Promise<void> {
  const { core, lease } = batch;
  if (error instanceof LeaseLostError) {
    core.logger.warn(
      { target: lease.target },
      'a lease ran out during the work; what was done is repeated by whoever has it now',
    );
    return;
  }
  if (batch.signal.aborted) {
    await putBack(
      batch,
      views.map((v) => v.ledger),
      0,
    );
    return;
  }
  const failure = isConnectorError(error)
    ? error
    : new ConnectorError(
        'park',
        'UNEXPECTED',
        `unexpected ${error instanceof Error ? error.name : 'failure'} while applying`,
        { cause: error },
      );
  if (failure.code === 'UNEXPECTED')
    core.logger.error({ target: lease.target, err: error }, 'unexpected failure while applying');
  switch (failure.kind) {
    case 'wait': {
      const waitMs = failure.retryAfterMs ?? 10_000;
      await core.store.targets.pause(lease.target, {
        code: failure.code,
        reason: failure.message,
        forMs: waitMs,
        by: 'self',
      });
      await putBack(
        batch,
        views.map((v) => v.ledger),
        waitMs,
      );
      return;
    }
    case 'retry': {
      const failures = await core.store.targets.failed(lease.target);
      const waitMs = failure.retryAfterMs ?? Math.min(60_000, backoffMs(failures - 1));
      await pauseWithAlarm(batch, failure, waitMs, failures >= 3);
      // The pause keeps everybody away, and ends when somebody gets through: these must not sit it out alone.
      await putBack(
        batch,
        views.map((v) => v.ledger),
        Math.min(waitMs, longestPutBackMs),
      );
      return;
    }
    case 'config':
      await pauseWithAlarm(batch, failure, 5 * 60_000, true);
      await putBack(
        batch,
        views.map((v) => v.ledger),
        0,
      );
      return;
    case 'park':
    case 'gone':
      if (failure.code === 'UNEXPECTED' || failure.code === notConfirmed)
        await failEach(batch, views, failure.code, failure.message);
      else if (failure.code.endsWith(idsWouldCrossCode))
        await failCrossing(batch, views, failure.code, failure.message);
      else await park(batch, views, failure.code, failure.message);
  }
}

async function pauseWithAlarm(batch: Batch, failure: ConnectorError, forMs: number, alarm: boolean): Promise<void> {
  const { core, lease } = batch;
  await core.store.targets.pause(lease.target, { code: failure.code, reason: failure.message, forMs, by: 'self' });
  if (alarm) await core.alarms.raise('target-paused', lease.target, failure.code, failure.message);
}

/** The platform answered: forget former failures. */
export async function succeeded(batch: Batch): Promise<void> {
  if (await batch.core.store.targets.recovered(batch.lease.target))
    await batch.core.alarms.clear('target-paused', batch.lease.target);
}

/** Dataverse could not be asked: nobody is judged on that. */
export async function failReading(batch: Batch, error: unknown, claimed: readonly LedgerMember[]): Promise<void> {
  const { core } = batch;
  const wait = isConnectorError(error) ? (error.retryAfterMs ?? (error.kind === 'config' ? 60_000 : 5000)) : 5000;
  if (isConnectorError(error) && error.kind === 'config') {
    await core.alarms.raise('crm-unreadable', 'dataverse', error.code, error.message);
  }
  core.logger.warn({ target: batch.lease.target, err: error }, 'records could not be read; they stay owed');
  for (const [attempts, members] of Map.groupBy(claimed, (member) => member.claim?.attempts ?? 0)) {
    await putBack(batch, members, Math.max(wait, isConnectorError(error) ? 0 : backoffMs(attempts)));
  }
}
