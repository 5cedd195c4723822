/**
 * What an adapter brings along to be judged by the one conformance suite: facts about its platform, and a bench, which
 * is a fresh simulator with its state in words that mean the same everywhere. Everything else the suite takes from the
 * port (`capabilities`) and from the registry. Holds no expectation: those are in the suite.
 */
import type { FaultPlan } from '../../../fixtures/simulators/kit.ts';
import type { FieldValue, PermissionBits } from '../../../src/platforms/platform.ts';

/** Addresses that are easy to get wrong on the way. */
export type AddressCase = 'plus' | 'capitals' | 'apostrophe' | 'quotes' | 'nonAscii' | 'longest';

export interface ConformanceSubject {
  /** Key of the registry. */
  readonly platform: string;
  /** Told in the name of the tests, where a platform is judged under several readings of what nobody documents. */
  readonly variant?: string;
  /** Two properties that take text and can be cleared, as an integrator maps them. */
  readonly textFields: readonly [string, string];
  /** Every permission name to map; empty where the platform has none. */
  readonly permissions: readonly string[];
  /** Properties with values that the platform refuses, by that refusing one row and no more. */
  readonly badFields: Readonly<Record<string, FieldValue>>;
  /**
   * `taken`: the platform stores this kind of address, and it must work from end to end. `refused`: it does not, and
   * that must be an outcome of the row.
   */
  readonly addresses: Readonly<Record<AddressCase, 'taken' | 'refused'>>;
  /** A fresh account without anybody. */
  start(): Promise<Bench>;
}

/** Somebody as the simulator holds them now. */
export interface SeenPerson {
  /** The platform's own id of the contact. */
  readonly id: string;
  /** The external id that it carries, where the platform has such a thing. */
  readonly contactKey: string | undefined;
  readonly address: string | undefined;
  /** The two text fields and whatever else is mapped, by property name; what is empty there is left out. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** By the subject's permission names; every one of them. */
  readonly permissions: PermissionBits;
}

/** Somebody from earlier times, put there without the connector. */
export interface Seed {
  readonly address: string;
  /** An external id from elsewhere, where the platform has such a thing; one of the bench's choice when left out. */
  readonly contactKey?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** By the subject's permission names; those left out are down. */
  readonly permissions?: PermissionBits;
}

/**
 * Regular expressions on the simulator's call kinds, for faults. Each names the calls that do the thing: a fault on
 * `reset` strikes the call by which the first permission goes down, on `erase` the one after which the person is gone.
 */
export interface CallKinds {
  readonly find: string;
  readonly create: string;
  readonly reset: string;
  readonly erase: string;
}

export interface Bench {
  readonly kinds: CallKinds;
  /**
   * The target's own settings, as the configuration file would hold them: those with which everything works, and those
   * with a secret that the service does not take.
   */
  settings(credentials: 'right' | 'wrong'): unknown;
  /** Everybody who is there and not erased. */
  people(): readonly SeenPerson[] | Promise<readonly SeenPerson[]>;
  /** Answers the platform's own id. */
  seed(seed: Seed): string | Promise<string>;
  /** Whether nothing about the person is left under the platform's own id. */
  isErased(id: string): boolean | Promise<boolean>;
  /** Replaces the faults that are planned; an empty list ends them. */
  setFaults(plan: FaultPlan): void;
  /** Calls so far, by kind. */
  counts(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
