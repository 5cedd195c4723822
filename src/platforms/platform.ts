/**
 * The port of an email platform. Guarantees asked of every adapter: it classifies and never decides; an answer of
 * `done` or `absent` was read from the platform, from the body where the status lies; `absent` is said only when the
 * person is there under none of the contact keys and, where an address is given, not under the address either.
 * Deliberately not in it: retries, pacing, ordering, what to do about an outcome. Those are the core's.
 */
import type { Personal, RecordId } from '../../config/words.ts';

export interface Capabilities {
  /** How the platform tells people apart by default. */
  readonly identity: 'address' | 'record';
  /** Most items one `upsert` call takes. */
  readonly bulkSize: number;
  /** Whether the address of an existing contact can be changed in place. */
  readonly addressMutable: boolean;
  /** Whether all contacts can be listed with certainty. */
  readonly listComplete: boolean;
  readonly erase: {
    readonly mode: 'anonymize' | 'delete' | 'softDelete' | 'blank';
    /** Days until the platform itself has purged the last copy; undefined when the vendor does not say. */
    readonly purgeDays?: number;
    /** Days the vendor's backups may still hold the person; undefined when the vendor does not say. */
    readonly vendorBackupDays?: number;
    /** True when the erasure can be undone: then it is reported as *not erased*. */
    readonly reversible: boolean;
    /** True when `anonymize` reaches people whom `find` does not show: then it is asked although nobody was found. */
    readonly reachesHidden?: boolean;
  };
  /**
   * True when somebody who was created there, and whose answer was lost, can be found again by nothing but the address.
   */
  readonly findsByAddressOnly?: boolean;
  /** Whether the platform itself refuses to take an erased person in again. */
  readonly blocksReimport: boolean;
  readonly permissionReset: 'native' | 'field' | 'unsupported';
  /** Whether permissions that were set false while something is held can be put back. */
  readonly pauseReversible: boolean;
  /** Sentences an operator has to know, e.g. that tickets are deleted too. */
  readonly sideEffects: readonly string[];
  /** Sentences that say what a person still does there by hand after each erasure, where the platform has no call for it. */
  readonly manualSteps?: readonly string[];
}

/** The person as the platform may know it. */
export interface ContactRef {
  /** Every external id ever sent for the profile, newest first. */
  readonly contactKeys: readonly string[];
  /** Row ids of the profile's records: ids the person may be known by there although we never sent them. */
  readonly recordIds: readonly RecordId[];
  readonly address?: Personal<string>;
}

export type PermissionBits = Readonly<Record<string, boolean>>;

export interface Found {
  /** The external id the platform holds now; undefined when the contact has none. */
  readonly contactKey?: string;
  /** Ids of further contacts of the same person: remembered before an erasure, which may hide them from a look-up. */
  readonly otherKeys?: readonly string[];
  /** The bits of the mapped permissions, by permission name. */
  readonly permissions: PermissionBits;
}

/** A contact with everything that the platform tells of it: to be shown to whoever answers the person, and never kept. */
export interface HeldContact {
  /** The external id the platform holds; undefined when the contact has none. */
  readonly contactKey?: string;
  /** By the platform's own names. */
  readonly data: Personal<Readonly<Record<string, unknown>>>;
  /** The bits of the mapped permissions; left out where reading the contact does not tell them. */
  readonly permissions?: PermissionBits;
}

/** A contact in a list of all. */
export interface ListedContact {
  /** The external id the platform holds; undefined when the contact has none. */
  readonly contactKey?: string;
  readonly address?: Personal<string>;
}

export interface ContactPage {
  readonly contacts: readonly ListedContact[];
  /** For the page after this one; undefined on the last. */
  readonly next?: string;
}

export type FieldValue = string | number | boolean | null;

export interface UpsertItem {
  /** The external id to write: for platforms that take one, the owner's GUID. */
  readonly contactKey: string;
  /** As in ContactRef: all ids of this profile, the new one included. */
  readonly ref: ContactRef;
  readonly address: Personal<string>;
  /** Platform property → value; null clears it. */
  readonly fields: Personal<Readonly<Record<string, FieldValue>>>;
  /** Every mapped permission, for a contact that this call creates. */
  readonly permissionsOnCreate: PermissionBits;
  /** Only what is to change on a contact that is there already: false lowers, true raises. */
  readonly permissionsOnUpdate: PermissionBits;
  /** False: existing contacts only; a missing one is `absent`. */
  readonly mayCreate: boolean;
  /** True when the connector knows that it wrote this profile before. */
  readonly known: boolean;
  /**
   * The address differs from the one that was last written. The adapter looks first whether another contact has it,
   * and throws `park` where external ids would cross.
   */
  readonly addressChanged: boolean;
  /**
   * The contact has the external id of a record that is no longer its own, and that may need it elsewhere: where
   * external ids can be changed it is given `contactKey`, also where nobody may be created.
   */
  readonly giveOwnKey?: boolean;
}

export type OutcomeKind = 'done' | 'absent' | 'suppressed' | 'rejected' | 'blocked' | 'manual' | 'unsupported';

export interface Outcome {
  readonly kind: OutcomeKind;
  /** HTTP status of the deciding answer; 0 when nothing was sent. */
  readonly status: number;
  readonly requestId?: string;
  /** The external id under which it was done. */
  readonly contactKey?: string;
  /** Our own sentence or the platform's code; never the vendor's free text. */
  readonly detail?: string;
  /** `done` of an upsert: true when the contact did not exist before. */
  readonly created?: boolean;
  /** A notice that does not make it a failure, e.g. CONTACT_OPTOUT; upper snake case. */
  readonly notice?: string;
}

export interface CheckFinding {
  readonly ok: boolean;
  /** What was looked at, e.g. `property firstName`. */
  readonly subject: string;
  readonly message: string;
  /** How to mend it; empty when ok. */
  readonly mend: string;
}

export interface Check {
  readonly findings: readonly CheckFinding[];
}

export interface Platform {
  readonly capabilities: Capabilities;
  /** Platform, base URL, account or key id: what makes this account this account. No secret. */
  readonly account: string;
  /** Credentials, and every mapped property and permission exists. Throws only when the platform cannot be reached. */
  check(signal: AbortSignal): Promise<Check>;
  /**
   * True only when the platform says that the account holds nobody at all: then a first load need not look up everybody
   * whom it will not create. Left out where the platform cannot say it.
   */
  hasNobody?(signal: AbortSignal): Promise<boolean>;
  /** Looks the person up under all keys, then by address. Throws ConnectorError. */
  find(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined>;
  /**
   * All contacts of the person, under all keys and the address, with everything that the platform tells of them. Left
   * out where the adapter cannot read them. Throws ConnectorError.
   */
  read?(ref: ContactRef, signal: AbortSignal): Promise<readonly HeldContact[]>;
  /**
   * What of a contact that `read` told is another value than an upsert of this item would leave there: names of
   * properties, `address`, `externalId`. Never a value. What cannot be compared with certainty is no difference. Left
   * out where the adapter cannot tell.
   */
  differences?(held: HeldContact, item: Pick<UpsertItem, 'contactKey' | 'address' | 'fields'>): readonly string[];
  /**
   * A page of the contacts of the account; the first without `after`. Left out where they cannot be listed. Nobody is
   * taken for absent because no page shows them, unless `listComplete`.
   */
  list?(after: string | undefined, signal: AbortSignal): Promise<ContactPage>;
  /**
   * One outcome per item, in order. An item's own fault is an outcome (`rejected`); a fault of the call is thrown.
   * Throws `park` when the call is refused as a whole for its content: the core halves the batch. A `park`, `wait` or
   * `config` says that nothing took effect, unless it carries `mayHaveLanded`.
   */
  upsert(items: readonly UpsertItem[], signal: AbortSignal): Promise<Outcome[]>;
  /** Every mapped permission false on an existing contact; nothing else changes. */
  resetPermissions(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
  /** Sets exactly these bits on an existing contact (used to put back what a hold lowered). */
  setPermissions(ref: ContactRef, permissions: PermissionBits, signal: AbortSignal): Promise<Outcome>;
  /** Erases the person under every key and, where given, the address. Irreversible. */
  anonymize(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
}
