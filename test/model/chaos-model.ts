/**
 * What the platform must hold when nothing is owed any more, told from the CRM's history and from nothing of the
 * program: written from the design's prose, it imports only the two other oracles. Guarantees: for every address a list
 * of acceptable ends, one where the design fixes it. Where the end depends on what a worker happened to see in between
 * (a record that was there for a moment, an edit while an erasure was under way), each end that the design allows is on
 * the list; `open` counts them, so that an oracle that allows everything would show.
 */
import { expectedProfile, type OracleMember } from './combine-oracle.ts';
import { expectedDecision } from './decide-oracle.ts';

export interface ModelRow {
  /** `table/guid` */
  readonly name: string;
  readonly table: string;
  readonly id: string;
  readonly email: string | null;
  readonly doNotEmail: boolean;
  readonly doNotBulkEmail: boolean;
  readonly state: string;
  readonly merged: boolean;
  readonly createdOn: string;
  /** Platform property → value; null: not there. */
  readonly fields: Readonly<Record<string, string | null>>;
  readonly permissions: Readonly<Record<string, boolean>>;
}

export interface ModelSettings {
  readonly anonymizeWhenInactive: Readonly<Record<string, boolean>>;
  /** Milliseconds after which a worker has certainly seen, applied and finished what happened before. */
  readonly certainAfterMs: number;
}

/** One acceptable end of an address. */
export type End =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'live';
      readonly owner: string;
      readonly ownerId: string;
      /** Other ids that the contact may still have: an update that creates nobody leaves it under the id it has. */
      readonly otherIds: readonly string[];
      readonly email: string;
      readonly fields: Readonly<Record<string, string | null>>;
      /** Permissions that may be up. */
      readonly mayBeUp: readonly string[];
      /** The rule that decided. */
      readonly rule: string;
    };

export interface ExpectedAddress {
  readonly address: string;
  readonly ends: readonly End[];
  /** Names of everybody who has, or had, this address. */
  readonly concerned: readonly string[];
}

interface Known {
  row: ModelRow | undefined;
  readonly name: string;
  readonly table: string;
  firstSeen: number;
  changedAt: number;
  /** Since when it has the address that it has now. */
  addressSince: number;
  /** Valid addresses that it ever had: for how many milliseconds in all, and when it left. */
  readonly addresses: Map<string, { had: number; leftAt: number }>;
  /** Permission → when the CRM's value last became true. */
  readonly raisedAt: Map<string, number>;
  erased: 'no' | 'yes' | 'maybe';
  erasedBecause: string;
}

interface Place {
  readonly names: Set<string>;
  /** Somebody with this address could have been created. */
  everCreating: boolean;
  /** When the decision last was something that takes the person away. */
  takenAwayAt: number;
  /** Seen on the platform, and nothing since that takes the person away. */
  certainlyThere: boolean;
  /** Permission → when somebody lowered it on the platform. */
  readonly loweredAt: Map<string, number>;
}

interface OpenErasure {
  readonly name: string;
  /** Those into whom the record was merged since: until it is taken up the job names them instead. */
  readonly heirs: Set<string>;
  readonly at: number;
  /** Address of the record when it was asked for. */
  readonly address: string | undefined;
}

export function sameAddress(text: string): string {
  return text.trim().toLowerCase();
}

function judged(text: string | null): 'valid' | 'empty' | 'malformed' {
  const trimmed = (text ?? '').trim();
  if (trimmed === '') return 'empty';
  const parts = trimmed.split('@');
  if (trimmed.length > 254 || /\s/.test(trimmed) || parts.length !== 2) return 'malformed';
  return parts[0] !== '' && /^[a-z0-9.-]*[a-z0-9][a-z0-9.-]*$/i.test(parts[1] ?? '') ? 'valid' : 'malformed';
}

export function validAddress(text: string | null): string | undefined {
  return judged(text) === 'valid' ? sameAddress(text ?? '') : undefined;
}

interface Verdict {
  readonly action: string;
  readonly owner: string | undefined;
  readonly mayCreate: boolean;
  readonly rule: string;
}

export class ChaosModel {
  readonly #settings: ModelSettings;
  readonly #records = new Map<string, Known>();
  readonly #places = new Map<string, Place>();
  readonly #erasures = new Map<string, OpenErasure>();

  constructor(settings: ModelSettings) {
    this.#settings = settings;
  }

  /** The row as it is from now on. */
  put(row: ModelRow, at: number): void {
    const known = this.#records.get(row.name) ?? this.#enter(row.name, row.table, at);
    const before = known.row;
    const address = validAddress(row.email);
    this.#endAddress(known, address, at);
    for (const [permission, value] of Object.entries(row.permissions)) {
      if (value && before?.permissions[permission] !== true) known.raisedAt.set(permission, at);
    }
    known.row = row;
    this.#changed(known, at);
    if (address !== undefined) this.#place(address).names.add(row.name);
    this.#look(known, at);
  }

  gone(name: string, at: number): void {
    const known = this.#records.get(name);
    if (!known?.row) return;
    this.#endAddress(known, undefined, at);
    known.row = undefined;
    this.#changed(known, at);
    this.#look(known, at);
  }

  erasureAsked(job: string, name: string, at: number): void {
    const row = this.#records.get(name)?.row;
    const address = row ? validAddress(row.email) : undefined;
    this.#erasures.set(job, { name, at, address, heirs: new Set() });
    const known = this.#records.get(name);
    if (known) for (const place of this.#placesOf(known)) this.#takenAway(place, at);
  }

  /** Two records were merged: an open job that named the one names the other, if nobody has taken it up yet. */
  jobMayMean(job: string, heir: string, at: number): void {
    const known = this.#records.get(heir);
    const erasure = this.#erasures.get(job);
    if (!known) return;
    if (!erasure) {
      // A Sync Contact job: it may lift a mark.
      if (known.erased === 'yes') known.erased = 'maybe';
      return;
    }
    erasure.heirs.add(heir);
    for (const place of this.#placesOf(known)) this.#takenAway(place, at);
  }

  /** `name` is whom the job turned out to be about. Throws when nobody asked for that. */
  erasureDone(job: string, name: string, at: number): void {
    const erasure = this.#erasures.get(job);
    if (!erasure) return;
    this.#erasures.delete(job);
    if (name !== erasure.name && !erasure.heirs.has(name)) throw new Error(`job ${job} was not about ${name}`);
    if (name !== erasure.name) {
      this.#inheritedErasureDone(name, at);
      return;
    }
    const subject = this.#records.get(erasure.name);
    const together = new Set<Known>(subject ? [subject] : []);
    const addresses = new Set(erasure.address === undefined ? [] : [erasure.address]);
    const certainSince = erasure.at - this.#settings.certainAfterMs;
    for (const [address, { leftAt }] of subject?.addresses ?? []) if (leftAt > certainSince) addresses.add(address);
    for (const address of addresses) {
      const place = this.#place(address);
      this.#takenAway(place, at);
      for (const name of place.names) {
        const known = this.#records.get(name);
        if (known) together.add(known);
      }
    }
    const stayed = subject !== undefined && this.#keptAddress(subject, erasure);
    for (const known of together) {
      if (!known.row) continue;
      const unchanged = known.changedAt < erasure.at;
      const address = validAddress(known.row.email);
      // Whoever stays at an address that the person left before anybody took the job up has nothing to do with it.
      const sharesIt = known === subject || (stayed && address !== undefined && address === erasure.address);
      const settled = known.firstSeen < certainSince && (known === subject || known.addressSince < certainSince);
      if (unchanged && sharesIt && settled) known.erased = 'yes';
      else if (known.erased !== 'yes' || !unchanged) known.erased = 'maybe';
      known.erasedBecause = `erasure of ${erasure.name} done ${new Date(at).toISOString()}`;
    }
  }

  /** Whether the person had the address all the time since they were asked to be erased; a deleted row keeps its last one. */
  #keptAddress({ row, addresses, addressSince }: Known, { address, at }: OpenErasure): boolean {
    if (address === undefined) return false;
    if (row) return validAddress(row.email) === address && addressSince < at;
    const last = [...addresses].sort(([, one], [, other]) => other.leftAt - one.leftAt)[0];
    return last?.[0] === address;
  }

  /** When the job came to be about this record is not known: it, and whoever shares an address with it, may be erased. */
  #inheritedErasureDone(name: string, at: number): void {
    const subject = this.#records.get(name);
    if (!subject) return;
    const together = new Set([subject]);
    for (const place of this.#placesOf(subject)) {
      this.#takenAway(place, at);
      for (const other of place.names) {
        const known = this.#records.get(other);
        if (known) together.add(known);
      }
    }
    for (const known of together) {
      if (known.row && known.erased === 'no') known.erased = 'maybe';
      known.erasedBecause = `erasure of ${name}, inherited by a merger, done ${new Date(at).toISOString()}`;
    }
  }

  /** The job was refused: nothing was asked for. */
  erasureRefused(job: string): void {
    this.#erasures.delete(job);
  }

  /** A Sync Contact job lifts the mark of an erasure. */
  syncAsked(name: string, at: number): void {
    const known = this.#records.get(name);
    if (!known) return;
    known.erased = this.#erasureConcerns(known) ? 'maybe' : 'no';
    known.erasedBecause = `sync asked ${new Date(at).toISOString()}`;
    this.#look(known, at);
  }

  /** Somebody lowered a permission on the platform that was up there. */
  lowered(address: string, permission: string, at: number): void {
    const place = this.#place(sameAddress(address));
    place.loweredAt.set(permission, at);
  }

  /** The person was found on the platform, live. */
  seenThere(address: string, at: number): void {
    const place = this.#place(sameAddress(address));
    if (at - place.takenAwayAt > this.#settings.certainAfterMs) place.certainlyThere = true;
  }

  rows(): ModelRow[] {
    return [...this.#records.values()].flatMap((known) => (known.row ? [known.row] : []));
  }

  /** The row as it is; undefined when it is gone or never was. */
  row(name: string): ModelRow | undefined {
    return this.#records.get(name)?.row;
  }

  /** What is remembered of a record, for whoever has to explain a difference. No address, no name. */
  explain(name: string): string {
    const known = this.#records.get(name);
    if (!known) return 'the model does not know it';
    const iso = (at: number): string => (Number.isFinite(at) ? new Date(at).toISOString() : 'never');
    const { row } = known;
    const flags = row
      ? [
          row.state,
          judged(row.email),
          row.merged && 'merged',
          row.doNotEmail && 'doNotEmail',
          row.doNotBulkEmail && 'bulk',
        ]
      : ['gone'];
    const places = this.#placesOf(known).map(
      (place) =>
        `${place.names.size} names, taken away ${iso(place.takenAwayAt)}${place.certainlyThere ? ', certainly there' : ''}`,
    );
    return `${flags.filter(Boolean).join(' ')}; changed ${iso(known.changedAt)}; erased before: ${known.erased} (${known.erasedBecause}); addresses: ${places.join(' | ')}`;
  }

  openErasures(): string[] {
    return [...this.#erasures.keys()];
  }

  expected(): ExpectedAddress[] {
    return [...this.#places].map(([address, place]) => {
      const ends: End[] = [];
      for (const verdict of this.#verdicts(address)) {
        for (const end of this.#endsOf(address, place, verdict)) {
          if (!ends.some((other) => sameEnd(other, end))) ends.push(end);
        }
      }
      return { address, ends, concerned: [...place.names] };
    });
  }

  #enter(name: string, table: string, at: number): Known {
    const known: Known = {
      row: undefined,
      name,
      table,
      firstSeen: at,
      changedAt: at,
      addressSince: at,
      addresses: new Map(),
      raisedAt: new Map(),
      erased: 'no',
      erasedBecause: 'never asked for',
    };
    this.#records.set(name, known);
    return known;
  }

  #changed(known: Known, at: number): void {
    known.changedAt = at;
    if (known.erased === 'no') return;
    known.erased = 'no';
    known.erasedBecause = `changed ${new Date(at).toISOString()}`;
  }

  #endAddress(known: Known, next: string | undefined, at: number): void {
    const now = known.row ? validAddress(known.row.email) : undefined;
    if (now === next) return;
    if (now !== undefined) {
      const had = (known.addresses.get(now)?.had ?? 0) + at - known.addressSince;
      known.addresses.set(now, { had, leftAt: at });
    }
    if (next !== undefined) known.addresses.set(next, { had: known.addresses.get(next)?.had ?? 0, leftAt: Infinity });
    known.addressSince = at;
  }

  #place(address: string): Place {
    const found = this.#places.get(address);
    if (found) return found;
    const place: Place = {
      names: new Set(),
      everCreating: false,
      takenAwayAt: Number.NEGATIVE_INFINITY,
      certainlyThere: false,
      loweredAt: new Map(),
    };
    this.#places.set(address, place);
    return place;
  }

  #placesOf(known: Known): Place[] {
    return [...known.addresses.keys()].map((address) => this.#place(address));
  }

  #takenAway(place: Place, at: number): void {
    place.takenAwayAt = at;
    place.certainlyThere = false;
  }

  #erasureConcerns(known: Known): boolean {
    for (const { name, heirs, address } of this.#erasures.values()) {
      if (name === known.name || heirs.has(known.name) || (address !== undefined && known.addresses.has(address)))
        return true;
    }
    return false;
  }

  /** Notes what the present decisions mean for those who are, or are not, on the platform. */
  #look(known: Known, at: number): void {
    for (const address of known.addresses.keys()) {
      const place = this.#place(address);
      for (const verdict of this.#verdicts(address)) {
        if (verdict.mayCreate) place.everCreating = true;
        if (verdict.action === 'anonymize' || verdict.action === 'leave') this.#takenAway(place, at);
      }
    }
  }

  /** Every decision that the design allows for an address, given what cannot be known from outside. */
  #verdicts(address: string): Verdict[] {
    const certain: Known[] = [];
    const uncertain: Known[] = [];
    for (const name of this.#place(address).names) {
      const known = this.#records.get(name);
      if (!known) continue;
      const present = known.row ? validAddress(known.row.email) : undefined;
      if (present === address) certain.push(known);
      // Gone, or without an address: it still belongs to the profile it was last applied to.
      else if (present === undefined) {
        const had = known.addresses.get(address)?.had ?? 0;
        const only = known.addresses.size === 1 && had > this.#settings.certainAfterMs;
        (only ? certain : uncertain).push(known);
      }
    }
    if (certain.length === 0 && uncertain.length > 0) {
      // Nobody has the address now: whoever still belongs to it, the person is to go.
      return [{ action: 'anonymize', owner: undefined, mayCreate: false, rule: 'deleted' }];
    }
    const verdicts: Verdict[] = [];
    const doubtful = [...certain.filter((known) => known.erased === 'maybe'), ...uncertain].slice(0, 6);
    for (let mask = 0; mask < 2 ** doubtful.length; mask++) {
      const said = (known: Known): boolean => (mask & (1 << doubtful.indexOf(known))) !== 0;
      const members = [
        ...certain.map((known) =>
          this.#member(known, known.erased === 'yes' || (doubtful.includes(known) && said(known))),
        ),
        ...uncertain
          .filter((known) => doubtful.includes(known) && said(known))
          .map((known) => this.#member(known, false)),
      ];
      verdicts.push(expectedProfile(members, { erasure: false, addressSuppressed: false }));
    }
    return verdicts;
  }

  #member(known: Known, erasedBefore: boolean): OracleMember {
    const { row } = known;
    const facts = {
      table: known.table,
      existence: row ? 'present' : 'deleted',
      address: judged(row?.email ?? null),
      doNotEmail: row?.doNotEmail ?? false,
      doNotBulkEmail: row?.doNotBulkEmail ?? false,
      state: row?.state ?? 'active',
      merged: row?.merged ?? false,
      inScope: true,
      erasureOpen: false,
      erasedBefore: row !== undefined && erasedBefore,
      suppressed: false,
    };
    const decision = expectedDecision(facts, {
      anonymizeWhenInactive: this.#settings.anonymizeWhenInactive[known.table] ?? false,
      whenOutOfScope: 'resetPermissions',
    });
    return {
      id: known.name,
      table: known.table,
      created: row?.createdOn,
      deleted: row === undefined,
      merged: facts.merged,
      qualified: facts.state === 'qualified',
      erasureOpen: false,
      action: decision.action,
      rule: decision.rule,
      fired: decision.fired.map(([rule]) => rule),
    };
  }

  #endsOf(address: string, place: Place, verdict: Verdict): End[] {
    const absent: End = { kind: 'absent' };
    const owner = verdict.owner === undefined ? undefined : this.#records.get(verdict.owner);
    if (!owner?.row || (verdict.action !== 'sync' && verdict.action !== 'resetPermissions')) return [absent];
    const { row } = owner;
    const live: End = {
      kind: 'live',
      owner: row.name,
      ownerId: row.id,
      otherIds: verdict.mayCreate ? [] : [...place.names].flatMap((name) => name.split('/')[1] ?? []),
      email: (row.email ?? '').trim(),
      fields: row.fields,
      mayBeUp: verdict.action === 'sync' ? this.#mayBeUp(place, owner, row) : [],
      rule: verdict.rule,
    };
    if (verdict.mayCreate) return [live];
    if (!this.#couldBeThere(address, place)) return [absent];
    return place.certainlyThere ? [live] : [live, absent];
  }

  /** Nobody is created by these decisions: somebody has to have been created before, here or where a member comes from. */
  #couldBeThere(address: string, place: Place): boolean {
    if (place.everCreating) return true;
    for (const name of place.names) {
      const known = this.#records.get(name);
      if (!known?.row || validAddress(known.row.email) !== address) continue;
      if (this.#placesOf(known).some((other) => other.everCreating)) return true;
    }
    return false;
  }

  /** Granted by the CRM, and not lowered on the platform since it was. */
  #mayBeUp(place: Place, owner: Known, row: ModelRow): string[] {
    return Object.entries(row.permissions).flatMap(([permission, granted]) => {
      const lowered = Math.max(
        place.loweredAt.get(permission) ?? Number.NEGATIVE_INFINITY,
        ...this.#placesOf(owner).map((other) => other.loweredAt.get(permission) ?? Number.NEGATIVE_INFINITY),
      );
      return granted && (owner.raisedAt.get(permission) ?? Number.NEGATIVE_INFINITY) > lowered ? [permission] : [];
    });
  }
}

function sameEnd(one: End, other: End): boolean {
  if (one.kind === 'absent' || other.kind === 'absent') return one.kind === other.kind;
  return one.owner === other.owner && one.mayBeUp.join() === other.mayBeUp.join();
}
