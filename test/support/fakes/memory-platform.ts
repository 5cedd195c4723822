/**
 * A platform in memory behind the port, as an adapter for accounts keyed by address with external ids, or keyed by
 * record, behaves. Guarantees: each port call is one uninterrupted step; a scripted fault does exactly what its name
 * says; what was sent and lost may land later, in the form in which it was sent. Classifies like an adapter and decides
 * nothing.
 */
import type { TargetName } from '../../../config/words.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import type { Capabilities, ContactRef, Outcome, Platform, UpsertItem } from '../../../src/platforms/platform.ts';
import { hooked, type PortHooks } from './hooks.ts';
import { type Account, type ContactWrite, createAccount, type StoredContact } from './memory-account.ts';

/**
 * `unavailable`: 503, nothing happened. `throttled`: 429. `lost`: it happened, the answer did not arrive. `late`: the
 * answer did not arrive, and it happens within `forMs`. `half`: the first half of a bulk call happened, no answer.
 * `refused`: the credentials are refused, nothing happened.
 */
export type Fault =
  | { readonly kind: 'unavailable' | 'lost' | 'half' | 'refused' }
  | { readonly kind: 'throttled' | 'late'; readonly forMs: number };

export type Script = (call: string) => Fault | undefined;

export interface MemoryPlatform {
  readonly name: TargetName;
  readonly account: Account;
  connect(options?: { readonly hooks?: PortHooks; readonly script?: Script }): Platform;
  /** Effects that were sent and have not landed. */
  readonly late: readonly { readonly until: number }[];
  /** Lands the oldest, or everything that has to have landed by now. */
  landOne(): void;
  landAll(now: number): void;
  /** Contacts that were erased, by whichever way. */
  erasures(): number;
  /** Everything that can make a difference later, as one text. */
  describe(): string;
}

export interface MemoryPlatformOptions {
  readonly name: TargetName;
  readonly identity: 'address' | 'record';
  readonly permissions: readonly string[];
  readonly now: () => number;
  readonly capabilities?: Partial<Capabilities>;
  /** Whether a contact can be given another external id where the port asks for it. */
  readonly givesOwnKeys?: boolean;
}

type Effect = () => void;

function keysOf(ref: ContactRef): string[] {
  return [...new Set([...ref.contactKeys, ...ref.recordIds])];
}

export function createMemoryPlatform(options: MemoryPlatformOptions): MemoryPlatform {
  const { identity } = options;
  const account = createAccount(identity);
  const late: { until: number; effect: Effect }[] = [];
  let erased = 0;
  const allFalse = Object.fromEntries(options.permissions.map((name) => [name, false]));
  const capabilities: Capabilities = {
    identity,
    bulkSize: 100,
    addressMutable: true,
    listComplete: false,
    erase: { mode: 'anonymize', reversible: false },
    blocksReimport: false,
    permissionReset: 'native',
    pauseReversible: true,
    sideEffects: [],
    ...options.capabilities,
  };

  function found(ref: ContactRef): StoredContact[] {
    const byKey = keysOf(ref).flatMap((key) => account.byId(key) ?? []);
    return ref.address ? [...new Set([...byKey, ...account.byAddress(ref.address.reveal())])] : byKey;
  }

  /** As adapters do: a contact that we never wrote is lowered by each false of the CRM, and raised by nothing else. */
  function writeOf(item: UpsertItem, isCreation: boolean): ContactWrite {
    const lowered = Object.entries(item.permissionsOnCreate).filter(([, value]) => !value);
    const update = item.known
      ? item.permissionsOnUpdate
      : { ...Object.fromEntries(lowered), ...item.permissionsOnUpdate };
    return {
      externalId: item.contactKey,
      address: item.address.reveal(),
      fields: item.fields.reveal(),
      permissions: isCreation ? item.permissionsOnCreate : update,
    };
  }

  function refuseCrossing(item: UpsertItem): void {
    if (identity !== 'address' || !item.addressChanged) return;
    const ours = new Set(item.ref.contactKeys);
    if (account.byAddress(item.address.reveal()).every(({ externalId }) => externalId && ours.has(externalId))) return;
    throw new ConnectorError('park', 'FAKE_IDS_WOULD_CROSS', 'another contact has the new address already');
  }

  /** The contact to be changed under its id, where the item does not go out as an addition. */
  function existingOf(item: UpsertItem): StoredContact | undefined {
    const byKey = [item.contactKey, ...keysOf(item.ref)].flatMap((key) => account.byId(key) ?? [])[0];
    if (byKey || identity === 'record' || item.addressChanged) return byKey;
    return account.byAddress(item.address.reveal())[0];
  }

  function upsertOne(item: UpsertItem): Outcome {
    if (!item.mayCreate || (item.known && item.addressChanged)) {
      const contact = existingOf(item);
      if (contact?.externalId) {
        const former = contact.externalId;
        account.put(former, writeOf(item, false));
        const isRenamed = options.givesOwnKeys && identity === 'address' && former !== item.contactKey;
        if (!isRenamed || (!item.mayCreate && !item.giveOwnKey))
          return { kind: 'done', status: 200, contactKey: former, created: false };
        account.add(writeOf(item, false), true);
        return { kind: 'done', status: 200, contactKey: item.contactKey, created: false };
      }
      if (contact) {
        account.add(writeOf(item, false), true);
        return { kind: 'done', status: 200, contactKey: item.contactKey, created: false };
      }
      if (!item.mayCreate) return { kind: 'absent', status: 404 };
    }
    const created = !item.known && account.add(writeOf(item, true), false) === 'created';
    if (!created) account.add(writeOf(item, false), true);
    return { kind: 'done', status: 200, contactKey: item.contactKey, created };
  }

  /** The request that is on its way for an item, bound now: what it does when it lands late depends on then. */
  function requestOf(item: UpsertItem): Effect {
    if (!item.mayCreate || (item.known && item.addressChanged)) {
      const id = existingOf(item)?.externalId;
      return () => void (id && account.put(id, writeOf(item, false)));
    }
    return () => void account.add(writeOf(item, !item.known), item.known);
  }

  function reset(ref: ContactRef, bits: Readonly<Record<string, boolean>>): Outcome {
    const contacts = found(ref);
    if (contacts.some((contact) => contact.externalId === undefined)) return { kind: 'manual', status: 200 };
    for (const { externalId } of contacts) account.put(externalId ?? '', { permissions: bits });
    return contacts.length > 0 ? { kind: 'done', status: 200 } : { kind: 'absent', status: 404 };
  }

  function anonymize(ref: ContactRef): Outcome {
    const contacts = found(ref);
    const named = contacts.filter((contact) => contact.externalId !== undefined);
    for (const { externalId } of named) if (account.anonymize(externalId ?? '')) erased += 1;
    if (named.length < contacts.length) return { kind: 'manual', status: 200 };
    return named.length > 0 ? { kind: 'done', status: 200 } : { kind: 'absent', status: 404 };
  }

  /** Runs one call under the script; `request` is what lands late. */
  function perform<T>(fault: Fault | undefined, work: () => T, half: Effect, request: () => Effect): T {
    switch (fault?.kind) {
      case undefined:
        return work();
      case 'unavailable':
        throw new ConnectorError('retry', 'FAKE_UNAVAILABLE', 'the fake is not available', { status: 503 });
      case 'throttled':
        throw new ConnectorError('wait', 'FAKE_THROTTLED', 'too many calls', {
          status: 429,
          retryAfterMs: fault.forMs,
        });
      case 'refused':
        throw new ConnectorError('config', 'FAKE_REFUSED', 'the credentials are refused', { status: 401 });
      case 'lost':
        work();
        break;
      case 'half':
        half();
        break;
      case 'late':
        late.push({ until: options.now() + fault.forMs, effect: request() });
        break;
      default:
        throw new Error('a fault that is not known');
    }
    throw new ConnectorError('retry', 'FAKE_NO_ANSWER', 'the answer did not arrive');
  }

  function portOf(script: Script): Platform {
    return {
      capabilities,
      account: `memory ${options.name}`,
      check: async () => ({ findings: [] }),
      hasNobody: async () =>
        perform(
          script('hasNobody'),
          () => account.contacts.size === 0,
          () => undefined,
          () => () => undefined,
        ),
      find: async (ref) =>
        perform(
          script('find'),
          () => {
            const contacts = found(ref);
            const contact = contacts.find((candidate) => candidate.externalId) ?? contacts[0];
            if (!contact) return undefined;
            const permissions = { ...allFalse, ...contact.permissions };
            return contact.externalId ? { contactKey: contact.externalId, permissions } : { permissions };
          },
          () => undefined,
          () => () => undefined,
        ),
      upsert: async (items) => {
        const fault = script('upsert');
        // Whoever does not get through does not learn who else is there either.
        const isReached = !fault || !['unavailable', 'throttled', 'refused'].includes(fault.kind);
        if (isReached) for (const item of items) refuseCrossing(item);
        return perform(
          fault,
          () => items.map(upsertOne),
          () => void items.slice(0, Math.ceil(items.length / 2)).map(upsertOne),
          () => {
            const requests = items.map(requestOf);
            return () => {
              for (const request of requests) request();
            };
          },
        );
      },
      resetPermissions: async (ref) => {
        const effect = (): Outcome => reset(ref, allFalse);
        return perform(script('resetPermissions'), effect, effect, () => effect);
      },
      setPermissions: async (ref, bits) => {
        const effect = (): Outcome => reset(ref, bits);
        return perform(script('setPermissions'), effect, effect, () => effect);
      },
      anonymize: async (ref) => {
        // What is on its way names ids; an address is only looked up before it is sent.
        const request = (): Effect => {
          const ids = found(ref).flatMap((contact) => contact.externalId ?? []);
          return () => {
            for (const id of ids) if (account.anonymize(id)) erased += 1;
          };
        };
        const effect = (): Outcome => anonymize(ref);
        return perform(script('anonymize'), effect, effect, request);
      },
    };
  }

  return {
    name: options.name,
    account,
    connect: ({ hooks = {}, script = () => undefined } = {}) => hooked(options.name, portOf(script), hooks),
    late,
    landOne: () => late.shift()?.effect(),
    landAll(now) {
      const due = late.filter((entry) => entry.until <= now);
      for (const entry of due) {
        late.splice(late.indexOf(entry), 1);
        entry.effect();
      }
    },
    erasures: () => erased,
    describe: () => JSON.stringify([[...account.contacts], late.map((entry) => entry.until)]),
  };
}
