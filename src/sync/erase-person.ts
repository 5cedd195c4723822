/**
 * Whom an explicit erasure concerns on one target: the record itself, whoever shares its address, and the addresses that
 * it left where nobody stays. Guarantees: everything is read under the leases of the profiles concerned; whoever lives on
 * at an address that the person left keeps what is there. Leases and reads only; asks no platform.
 */
import { formatRecordRef, type ProfileKey, type RecordRef } from '../../config/words.ts';
import { judgeAddress } from '../rules/address.ts';
import type { LedgerMember } from '../store/deliveries.ts';
import type { ClaimedErasure } from '../store/erasures.ts';
import type { Profile } from '../store/profiles.ts';
import type { Batch } from './batch.ts';
import { type Reading, readRecords } from './gather.ts';
import { matches } from './mapping.ts';
import { mayBeThere } from './plan.ts';

export interface Person {
  readonly keys: readonly ProfileKey[];
  readonly members: readonly LedgerMember[];
  readonly addresses: readonly string[];
  /** A row of this person says why not to erase them now. */
  readonly blocked: boolean;
}

export interface GatheredPerson {
  readonly person: Person;
  readonly profiles: readonly Profile[];
  readonly readings: ReadonlyMap<string, Reading>;
}

export function ownRef(erasure: ClaimedErasure): RecordRef | undefined {
  return erasure.crm_table && erasure.record_id ? { table: erasure.crm_table, id: erasure.record_id } : undefined;
}

/** What was leased and read so far. */
class Gathering {
  readonly profiles = new Map<ProfileKey, Profile>();
  readonly members = new Map<string, LedgerMember>();
  readonly readings = new Map<string, Reading>();
  readonly addresses: Set<string>;
  readonly ref: RecordRef | undefined;
  readonly byAddress: boolean;
  readonly #batch: Batch;

  constructor(batch: Batch, erasure: ClaimedErasure) {
    const sealed: string[] = erasure.sealed ? JSON.parse(batch.core.keyring.open(erasure.sealed)) : [];
    this.addresses = new Set(sealed);
    this.ref = ownRef(erasure);
    this.byAddress = batch.target.settings.identity === 'address';
    this.#batch = batch;
  }

  /** False when somebody is working on one of them. */
  async add(keys: readonly ProfileKey[], refs: readonly RecordRef[] = []): Promise<boolean> {
    const { core, lease, signal } = this.#batch;
    const wanted = [...new Set(keys)].filter((key) => !this.profiles.has(key));
    if (wanted.length === 0 && refs.length === 0) return true;
    const leased = await core.store.profiles.lease(lease, wanted);
    for (const profile of leased) this.profiles.set(profile.key, profile);
    if (leased.length < wanted.length) return false;
    const found = await core.store.deliveries.members(lease, wanted, refs);
    // What is due is not taken along: the deliveries find the erasure open and leave it to us.
    await core.store.deliveries.release(lease);
    const fresh = found.filter((member) => !this.members.has(formatRecordRef(member.ref)));
    for (const [name, reading] of await readRecords(core, fresh, signal)) this.readings.set(name, reading);
    for (const member of fresh) this.members.set(formatRecordRef(member.ref), member);
    return true;
  }

  readingOf(ref: RecordRef): Reading | undefined {
    return this.readings.get(formatRecordRef(ref));
  }

  /** Where a record belongs as it is now. */
  keyOf(member: LedgerMember): ProfileKey | undefined {
    const address = addressOf(this.readingOf(member.ref));
    const { keyring } = this.#batch.core;
    const key = address ? keyring.emailKey(address) : (member.profileKey ?? member.emailKey);
    return key as ProfileKey | undefined;
  }

  /** Everybody who is this person: the record itself, and those whose present address, or last profile, is one of theirs. */
  personAt(keys: readonly ProfileKey[]): Person {
    const own = this.ref && formatRecordRef(this.ref);
    const { blockWhen } = this.#batch.core.settings.erasure;
    const members: LedgerMember[] = [];
    let blocked = false;
    for (const [name, member] of this.members) {
      const key = this.keyOf(member);
      if (name !== own && !(this.byAddress && key !== undefined && keys.includes(key))) continue;
      members.push(member);
      const reading = this.readings.get(name);
      const address = addressOf(reading);
      if (reading?.kind === 'row' && matches(blockWhen, reading.row)) blocked = true;
      if (this.byAddress && address) this.addresses.add(address);
    }
    return { keys, members, addresses: [...this.addresses], blocked };
  }
}

/** The profiles that the erasure concerns on this target, leased; undefined when somebody is working on one of them. */
export async function gatherPerson(batch: Batch, erasure: ClaimedErasure): Promise<GatheredPerson | undefined> {
  const gathering = new Gathering(batch, erasure);
  const { ref, byAddress, profiles } = gathering;
  // Without a record there is the address: whoever has it on the target is meant.
  const own = (ref ? formatRecordRef(ref) : erasure.email_key) as ProfileKey;
  const isComplete = byAddress
    ? await gatherByAddress(batch, erasure, gathering, own)
    : await gathering.add([own], ref ? [ref] : []);
  if (!isComplete) return undefined;
  return {
    person: gathering.personAt([...profiles.keys()]),
    profiles: [...profiles.values()],
    readings: gathering.readings,
  };
}

async function gatherByAddress(
  batch: Batch,
  erasure: ClaimedErasure,
  gathering: Gathering,
  own: ProfileKey,
): Promise<boolean> {
  const { core, lease } = batch;
  const { ref, profiles, addresses } = gathering;
  const known = ref && (await core.store.records.get(ref));
  const delivery = ref && (await core.store.records.deliveries(ref)).find((row) => row.target === lease.target);
  const hints = [delivery?.profile_key, known?.email_key, known?.seen_key, erasure.email_key];
  const mine = new Set(hints.filter((key) => key !== null && key !== undefined)) as Set<string> as Set<ProfileKey>;
  // Whoever was erased with them on another target is so here as well, wherever they have gone meanwhile.
  const along = await core.store.erasures.records(erasure.id);
  const theirs = await lastProfiles(batch, along);
  const first = [...mine, ...theirs];
  if (!(await gathering.add(first.length > 0 ? first : [own], ref ? [ref] : []))) return false;

  const address = ref && addressOf(gathering.readingOf(ref));
  if (address) addresses.add(address);
  if (!(await gathering.add([...addresses].map((text) => core.keyring.emailKey(text) as string as ProfileKey))))
    return false;
  const member = ref && gathering.members.get(formatRecordRef(ref));
  const present = member && gathering.keyOf(member);
  const undoubted = [...profiles.keys()].filter((key) => mine.has(key) || !theirs.includes(key));
  return addWhatTheyLeft(gathering, present ? [present] : undoubted, new Set(along.map(formatRecordRef)));
}

/**
 * What the person left just now is theirs too, and so it is for whoever came to this address: but where others stay, those
 * have the profile. `withThem` were erased with the person already, and are no others.
 */
async function addWhatTheyLeft(
  gathering: Gathering,
  here: readonly ProfileKey[],
  withThem: ReadonlySet<string>,
): Promise<boolean> {
  const { profiles, members } = gathering;
  const { members: own } = gathering.personAt(here);
  const left = new Set([...profiles.keys(), ...own.flatMap(({ profileKey }) => profileKey ?? [])]);
  // What was sent for them once may have become the home of somebody else, who is about to take it along.
  const sent = new Set(own.flatMap(({ sentKey }) => (sentKey !== undefined && !left.has(sentKey) ? [sentKey] : [])));
  const elsewhere = new Set([...left, ...sent].filter((key) => !here.includes(key)));
  if (!(await gathering.add([...elsewhere]))) return false;
  for (const [name, member] of members) {
    if (own.includes(member) || withThem.has(name) || gathering.readings.get(name)?.kind !== 'row') continue;
    const key = gathering.keyOf(member);
    const home = member.profileKey ?? key;
    if (home !== undefined && sent.has(home)) profiles.delete(home);
    if (key === undefined || !elsewhere.has(key)) continue;
    // Who comes there from elsewhere does not stay, and is another person all the same.
    if (home === key) profiles.delete(key);
    else members.delete(name);
  }
  return true;
}

/** The profiles that these records had here when they were applied last, as far as somebody may be there. */
async function lastProfiles({ core, lease: { target } }: Batch, refs: readonly RecordRef[]): Promise<ProfileKey[]> {
  if (refs.length === 0) return [];
  const members = await core.store.deliveries.peek(target, [], refs);
  const keys = [...new Set(members.flatMap(({ profileKey }) => profileKey ?? []))];
  return (await core.store.profiles.peek(target, keys)).filter(mayBeThere).map(({ key }) => key);
}

/** What cannot be an address leaves a record where it was. */
function addressOf(reading: Reading | undefined): string | undefined {
  const address = reading?.kind === 'row' ? reading.row.email.reveal()?.trim() : undefined;
  return address && judgeAddress(address) === 'valid' ? address : undefined;
}
