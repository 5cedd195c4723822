/**
 * What an operator decides: pauses, parked records, holds, the suppression list. Guarantees: every act leaves evidence
 * with who did it; what it changes for people is owed to the workers, nothing is sent from here.
 */
import { type EmailKey, formatRecordRef, type RecordRef, type TargetName } from '../../config/words.ts';
import type { NewEvidence } from '../store/tables.ts';
import type { Core } from './core.ts';

type Noted = Partial<Pick<NewEvidence, 'target' | 'crm_table' | 'record_id' | 'profile_key' | 'detail'>>;

async function note(core: Core, act: string, actor: string, what: Noted): Promise<void> {
  await core.store.evidence.append([
    {
      target: null,
      crm_table: null,
      record_id: null,
      profile_key: null,
      rule: null,
      trigger: 'command',
      outcome: null,
      status: null,
      request_id: null,
      detail: null,
      configuration: core.configuration,
      ...what,
      act,
      actor,
    },
  ]);
}

export async function pauseTarget(core: Core, target: TargetName, actor: string): Promise<void> {
  await core.store.targets.pause(target, {
    code: 'PAUSED_BY_OPERATOR',
    reason: 'an operator paused it; go on with: connector resume',
    forMs: 0,
    by: 'operator',
  });
  await note(core, 'pause', actor, { target });
}

export async function resumeTarget(core: Core, target: TargetName, actor: string): Promise<void> {
  await core.store.targets.resume(target);
  await note(core, 'resume', actor, { target });
  await core.wake.apply(target);
}

/** The account of this configuration is the right one from now on. */
export async function acceptTarget(core: Core, target: TargetName, account: string, actor: string): Promise<void> {
  await core.store.targets.accept(target, account);
  await note(core, 'accept-account', actor, { target });
}

/** Answers how many deliveries are taken up again. */
export async function retryParked(core: Core, ref: RecordRef | undefined, actor: string): Promise<number> {
  const count = await core.store.records.retryParked(ref);
  if (count > 0) await note(core, 'retry-parked', actor, ref ? { crm_table: ref.table, record_id: ref.id } : {});
  await wakeAll(core);
  return count;
}

/** False: there is no such hold, or somebody has decided it already. */
export async function decideHold(
  core: Core,
  id: number,
  verdict: 'approved' | 'rejected',
  actor: string,
): Promise<boolean> {
  const decided = await core.store.brake.decide(id, verdict, actor);
  if (!decided) return false;
  const target = (await core.store.brake.hold(id))?.hold.target ?? null;
  await note(core, `hold-${verdict}`, actor, { target, detail: `hold ${id}` });
  await wakeAll(core);
  return true;
}

export type Suppressible = { readonly address: string } | { readonly ref: RecordRef };

/** Puts somebody on the list. Answers how many deliveries are owed because of it: a live profile is anonymized. */
export async function suppress(core: Core, what: Suppressible, actor: string): Promise<number> {
  const { kind, value } = listed(core, what);
  await core.store.suppressions.add(kind, value, 'asked for');
  return afterwards(core, what, 'suppress', actor);
}

/** Takes somebody off the list. Undefined: they were not on it. */
export async function unsuppress(core: Core, what: Suppressible, actor: string): Promise<number | undefined> {
  const { kind, value } = listed(core, what);
  if (!(await core.store.suppressions.remove(kind, value))) return undefined;
  return afterwards(core, what, 'unsuppress', actor);
}

function listed(core: Core, what: Suppressible): { kind: 'address' | 'record'; value: string } {
  return 'ref' in what
    ? { kind: 'record', value: formatRecordRef(what.ref) }
    : { kind: 'address', value: core.keyring.emailKey(what.address) };
}

async function afterwards(core: Core, what: Suppressible, act: string, actor: string): Promise<number> {
  const key: EmailKey | undefined = 'ref' in what ? undefined : core.keyring.emailKey(what.address);
  const refs = 'ref' in what ? [what.ref] : await core.store.records.byEmailKey(key ? [key] : []);
  await note(
    core,
    act,
    actor,
    'ref' in what ? { crm_table: what.ref.table, record_id: what.ref.id } : { profile_key: key ?? null },
  );
  const owed = await core.store.records.oweAgain(refs);
  await wakeAll(core);
  return owed;
}

async function wakeAll(core: Core): Promise<void> {
  for (const target of core.targets.keys()) await core.wake.apply(target);
}
