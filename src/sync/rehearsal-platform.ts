/**
 * A target as a rehearsal sees it. Guarantees: nothing is sent there but questions, and those only with `lookUp`; what
 * the rehearsal believes to have done there is what it finds there afterwards. Without `lookUp` the ledger is believed
 * about whoever is in it, and whoever is not counts as not there; that it would have been asked is noted. What the
 * platform alone would refuse (a value, a blocked address) is not foreseen.
 */
import type { EmailKey, Personal, TargetName } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';
import type { ContactRef, Found, Outcome, PermissionBits, Platform, UpsertItem } from '../platforms/platform.ts';
import { idsWouldCrossCode, type Profile } from '../store/profiles.ts';
import type { Keyring } from './core.ts';
import { isPresent } from './plan.ts';

/** What would be done there: `write` adds somebody or takes them over, which is known only to who asks. */
export type Deed = 'write' | 'add' | 'takeOver' | 'update' | 'reset' | 'restore' | 'erase' | 'ask';

export interface Call {
  readonly target: TargetName;
  readonly deed: Deed;
  /** The records that it is about, as far as the call names them. */
  readonly recordIds: readonly string[];
  readonly contactKeys: readonly string[];
  /** The permissions that the call sets, where it sets any. */
  readonly permissions?: PermissionBits;
}

export interface StandInOptions {
  readonly target: TargetName;
  /** Its name in the registry; the codes of an adapter begin with it. */
  readonly platform: string;
  readonly identity: 'address' | 'record';
  readonly lookUp: boolean;
  readonly keyring: Pick<Keyring, 'emailKey'>;
  /** The profile that an external id belongs to, by the ledger of the rehearsal. */
  readonly profileOf: (contactKey: string) => Profile | undefined;
  readonly noteCall: (call: Call) => void;
  /** An erasure that somebody asked for is about these records. */
  readonly noteRequest: (recordIds: readonly string[]) => void;
}

interface Written {
  readonly contactKey: string;
  /** Undefined: as the target has it. */
  readonly address: EmailKey | undefined;
  readonly permissions: PermissionBits;
}

const idsWouldCross = 'another contact of the target has the new address already, under another external id';

/** Two faces of one account: one for everybody, one for erasures that were asked for. */
export function createStandIn(real: Platform, options: StandInOptions): { platform: Platform; urgent: Platform } {
  const { target, identity, lookUp, profileOf } = options;
  /** What the rehearsal wrote, by the external id that it has now, and by its address. */
  const written = new Map<string, Written>();
  const byAddress = new Map<EmailKey, Written>();
  /** External ids of whom the rehearsal erased. */
  const gone = new Set<string>();
  /** What a question was answered, by all that was asked for, so that the erasure that follows knows whom it meant. */
  const answers = new Map<string, Found>();
  let isEmpty = false;

  const idsOf = (ref: ContactRef): string[] => [...new Set([...ref.contactKeys, ...ref.recordIds])];
  /** Ids, and a hash of the address: somebody may be asked for by nothing else. */
  const namesOf = (ref: ContactRef): string[] => [...idsOf(ref), ...[hashOf(ref.address) ?? []].flat()];
  const answerTo = (ref: ContactRef): Found | undefined => namesOf(ref).flatMap((name) => answers.get(name) ?? [])[0];
  const hashOf = (address: Personal<string> | undefined): EmailKey | undefined =>
    address && options.keyring.emailKey(address.reveal());

  function ledgerOf(ref: ContactRef): Profile | undefined {
    for (const key of ref.contactKeys) {
      const profile = profileOf(key);
      // As it was when it was leased: whom the rehearsal erased since is there no more.
      const isGone = profile?.contactKey !== undefined && gone.has(profile.contactKey);
      if (profile && isPresent(profile.state) && !isGone) return profile;
    }
    return undefined;
  }

  function note(deed: Deed, ref: ContactRef, permissions?: PermissionBits): void {
    const { recordIds, contactKeys } = ref;
    options.noteCall({ target, deed, recordIds, contactKeys, ...(permissions ? { permissions } : {}) });
  }

  /** Who is found there, as it would be after what was rehearsed. */
  async function look(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined> {
    const ids = idsOf(ref);
    const own = ownOf(ref);
    if (own) return { contactKey: own.contactKey, permissions: own.permissions };
    const known = ledgerOf(ref);
    if (!lookUp) {
      if (!known) note('ask', ref);
      return known && { contactKey: known.contactKey ?? ids[0] ?? '', permissions: {} };
    }
    if (isEmpty && !known) return undefined;
    const found = await ask(ref, signal);
    if (!found) return undefined;
    for (const name of namesOf(ref)) answers.set(name, found);
    return found;
  }

  /** Leaves out whom the rehearsal erased or moved: behind them somebody else may have the address. */
  async function ask(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined> {
    const left: ContactRef = {
      ...ref,
      contactKeys: ref.contactKeys.filter((key) => !gone.has(key)),
      recordIds: ref.recordIds.filter((id) => !gone.has(id)),
    };
    const found = await real.find(left, signal);
    if (found?.contactKey === undefined || !isElsewhere(found.contactKey, ref)) return found;
    if (ref.address === undefined || idsOf(left).length === 0) return undefined;
    const other = await real.find({ contactKeys: [], recordIds: [], address: ref.address }, signal);
    return other?.contactKey !== undefined && isElsewhere(other.contactKey, ref) ? undefined : other;
  }

  /** What the rehearsal itself has written for this person. */
  function ownOf(ref: ContactRef): Written | undefined {
    const named = idsOf(ref).flatMap((id) => written.get(id) ?? [])[0];
    const address = identity === 'address' ? hashOf(ref.address) : undefined;
    return named ?? (address && byAddress.get(address));
  }

  /** The rehearsal erased it, or moved it to another address. */
  function isElsewhere(contactKey: string, ref: ContactRef): boolean {
    if (gone.has(contactKey)) return true;
    const own = written.get(contactKey);
    return own?.address !== undefined && !idsOf(ref).includes(contactKey) && own.address !== hashOf(ref.address);
  }

  /** As every adapter: another contact that has the new address is not taken over by changing this one's. */
  async function refuseCrossing(item: UpsertItem, signal: AbortSignal): Promise<void> {
    if (!lookUp || identity !== 'address' || !item.addressChanged) return;
    const at = { contactKeys: [], recordIds: [], address: item.address };
    const own = byAddress.get(options.keyring.emailKey(item.address.reveal()));
    const found = own ?? (await real.find(at, signal));
    if (!found || (found.contactKey !== undefined && isElsewhere(found.contactKey, at))) return;
    if (found.contactKey !== undefined && idsOf(item.ref).includes(found.contactKey)) return;
    throw new ConnectorError('park', `${options.platform.toUpperCase()}_${idsWouldCrossCode}`, idsWouldCross);
  }

  async function upsertOne(item: UpsertItem, signal: AbortSignal): Promise<Outcome> {
    const known = ledgerOf(item.ref);
    const ref: ContactRef = identity === 'address' ? { ...item.ref, address: item.address } : item.ref;
    let there: Found | undefined;
    if (lookUp || item.known) {
      const needsAsking = lookUp && (!item.known || item.addressChanged || known?.contactKey === undefined);
      there = needsAsking
        ? await look(item.addressChanged ? item.ref : ref, signal)
        : { contactKey: known?.contactKey ?? item.contactKey, permissions: {} };
    } else if (!item.mayCreate) {
      note('ask', item.ref);
      return { kind: 'absent', status: 404 };
    }
    const byItsOwnId = !item.mayCreate || (item.known && item.addressChanged);
    if (byItsOwnId && !there && !item.mayCreate) return { kind: 'absent', status: 404 };
    const underFormerId = byItsOwnId && there?.contactKey !== undefined && !item.giveOwnKey;
    const contactKey = underFormerId ? (there?.contactKey ?? item.contactKey) : item.contactKey;
    const created = !item.known && !there;
    const deed = item.known ? 'update' : there ? 'takeOver' : lookUp ? 'add' : 'write';
    const permissions = created ? item.permissionsOnCreate : item.permissionsOnUpdate;
    note(deed, item.ref, permissions);
    gone.delete(contactKey);
    if (lookUp) remember(item, there?.contactKey, contactKey, { ...there?.permissions, ...permissions });
    return { kind: 'done', status: 200, contactKey, created };
  }

  function remember(
    item: UpsertItem,
    former: string | undefined,
    contactKey: string,
    permissions: PermissionBits,
  ): void {
    for (const id of [former, contactKey]) if (id) forget(id);
    gone.delete(contactKey);
    put({ contactKey, address: hashOf(item.address), permissions });
  }

  function put(own: Written): void {
    written.set(own.contactKey, own);
    if (own.address) byAddress.set(own.address, own);
  }

  /** Nobody goes by this external id any more. */
  function forget(contactKey: string): void {
    const own = written.get(contactKey);
    written.delete(contactKey);
    if (own?.address && byAddress.get(own.address) === own) byAddress.delete(own.address);
    gone.add(contactKey);
  }

  function setBits(ref: ContactRef, change: (bits: PermissionBits) => PermissionBits): void {
    const own = ownOf(ref);
    const found = own ?? answerTo(ref);
    if (!lookUp || found?.contactKey === undefined) return;
    put({ contactKey: found.contactKey, address: own?.address, permissions: change(found.permissions) });
  }

  function face(urgent: boolean): Platform {
    const { hasNobody } = real;
    return {
      capabilities: real.capabilities,
      account: real.account,
      check: async () => ({ findings: [] }),
      ...(lookUp && hasNobody
        ? {
            async hasNobody(signal) {
              isEmpty = await hasNobody.call(real, signal);
              return isEmpty;
            },
          }
        : {}),
      find(ref, signal) {
        if (urgent) options.noteRequest(ref.recordIds);
        return look(ref, signal);
      },
      async upsert(items, signal) {
        for (const item of items) await refuseCrossing(item, signal);
        const outcomes: Outcome[] = [];
        for (const item of items) outcomes.push(await upsertOne(item, signal));
        return outcomes;
      },
      async resetPermissions(ref) {
        note('reset', ref);
        if (isByHand(ref)) return { kind: 'manual', status: 200, detail: byHand };
        setBits(ref, (bits) => Object.fromEntries(Object.keys(bits).map((name) => [name, false])));
        return { kind: 'done', status: 200 };
      },
      async setPermissions(ref, permissions) {
        note('restore', ref, permissions);
        setBits(ref, () => permissions);
        return { kind: 'done', status: 200 };
      },
      async anonymize(ref) {
        note('erase', ref);
        if (isByHand(ref)) return { kind: 'manual', status: 200, detail: byHand };
        const own = ownOf(ref);
        const isThere = own ?? ledgerOf(ref) ?? answerTo(ref);
        // Some platforms reach people whom nobody finds; whether there are any is not known.
        if (!isThere) return { kind: 'absent', status: 404 };
        if (own) forget(own.contactKey);
        const found = answerTo(ref)?.contactKey;
        for (const id of [...idsOf(ref), ...(found ? [found] : [])]) forget(id);
        for (const name of namesOf(ref)) answers.delete(name);
        return { kind: 'done', status: 200 };
      },
    };
  }

  /** Somebody was found, and under no external id: only a hand can do anything about them. */
  function isByHand(ref: ContactRef): boolean {
    const found = answerTo(ref);
    return found !== undefined && found.contactKey === undefined;
  }

  return { platform: face(false), urgent: face(true) };
}

const byHand = 'the contact there has no external id: to be dealt with by hand';
