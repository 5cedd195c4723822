/**
 * What each target holds about a person, for whoever has to answer their request. Guarantees: looks the person up as an
 * erasure would, under every id and address of the profile; nothing of it is stored or logged, and it travels as
 * `Personal`; a target that cannot be read is named, so that nobody takes the answer for complete. Writes nothing.
 */
import { formatRecordRef, type RecordRef, type TargetName } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { ContactRef, Found, HeldContact } from '../platforms/platform.ts';
import { type Core, targetNames, targetOf } from './core.ts';
import { contactOf } from './explain.ts';
import { type Trouble, troubleOf } from './full-cycle.ts';
import { type Looked, lookAt } from './look.ts';

export interface ReportedTarget {
  readonly target: TargetName;
  readonly platform: string;
  /** Other records of the same profile: the contact is theirs too. */
  readonly others: readonly string[];
  /** Undefined where the adapter cannot read contacts, or the target could not be asked. */
  readonly contacts: readonly HeldContact[] | undefined;
  /** Where contacts cannot be read: whether somebody is there. */
  readonly found: Found | undefined;
  readonly trouble: Trouble | undefined;
}

export interface Report {
  readonly record: string;
  readonly targets: readonly ReportedTarget[];
}

/** Throws ConnectorError when Dynamics cannot tell who the person is. */
export async function report(core: Core, ref: RecordRef, signal: AbortSignal): Promise<Report> {
  const targets: ReportedTarget[] = [];
  for (const target of targetNames(core)) {
    if (!targetOf(core, target).settings.tables[ref.table]) continue;
    const looked = await lookAt(core, target, ref, signal);
    targets.push(await readFrom(core, target, looked, signal));
  }
  return { record: formatRecordRef(ref), targets };
}

async function readFrom(core: Core, target: TargetName, looked: Looked, signal: AbortSignal): Promise<ReportedTarget> {
  const { platform, settings } = targetOf(core, target);
  const others = looked.members.filter((view) => view !== looked.own).map((view) => view.name);
  const base = {
    target,
    platform: settings.platform,
    others,
    contacts: undefined,
    found: undefined,
    trouble: undefined,
  };
  try {
    const contact = await everywhere(core, target, looked);
    if (platform.read) return { ...base, contacts: await platform.read(contact, signal) };
    return { ...base, found: await platform.find(contact, signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (!isConnectorError(error)) throw error;
    return { ...base, trouble: troubleOf(error) };
  }
}

/** Also under the ids of the address that they left, where the contact there is still theirs. */
async function everywhere(core: Core, target: TargetName, looked: Looked): Promise<ContactRef> {
  const contact = await contactOf(core, target, looked);
  const former = looked.former?.contactKeys ?? [];
  const held = new Set(await core.store.profiles.heldByOthers(target, former, [looked.profile.key]));
  const own = former.filter((key) => key === looked.own.ledger.ref.id || !held.has(key));
  return { ...contact, contactKeys: [...new Set([...contact.contactKeys, ...own])] };
}
