/**
 * Writing profiles. Guarantees: one outcome per item, in order; a contact that is there already never gets a permission
 * raised but by `permissionsOnUpdate`; `created` is said only when Spotler accepted a contact with `update: false`; an
 * item with `mayCreate: false` creates nobody. What must be known beforehand: where the answer of a call is lost, the
 * repetition finds the contact there and says `created: false`, although its permissions are those of a creation.
 * A contact that is known here but was removed in Spotler comes back with `permissionsOnUpdate` only: nothing is raised.
 * wire: Spotler swagger 1.2 POST /contact/list (100 contacts, `update` per request), PUT /contact/{externalId}.
 */
import { afterLanding, ConnectorError } from '../../http/errors.ts';
import { atOnce } from '../at-once.ts';
import type { Outcome, UpsertItem } from '../platform.ts';
import type { SpotlerClient } from './client.ts';
import { type Catalogue, type Discovery, toBits } from './discovery.ts';
import {
  checkAddressIsFree,
  checkFormerIdIsGone,
  checkItsOwnContact,
  checkOthersAreStillThere,
  othersWithAddress,
} from './identity.ts';
import { keysOf, noticeOf } from './people.ts';
import { type BulkOutcome, bulkOutcomes } from './rows.ts';
import type { SpotlerSettings } from './settings.ts';
import { permissionsOnExisting, propertiesOf } from './values.ts';

/** wire: swagger, "Too many contacts provided (max is 100)". */
export const bulkSize = 100;
/** Single calls of one batch that are under way at once. */
const parallel = 8;

export interface UpsertOptions {
  readonly identity: 'address' | 'record';
  readonly clearWith: SpotlerSettings['clearWith'];
}

/** Whether a write of this call has taken effect: then a later refusal does not mean that nothing was done. */
interface Progress {
  landed: boolean;
}

export type Upsert = (items: readonly UpsertItem[], signal: AbortSignal) => Promise<Outcome[]>;

export function createUpsert(client: SpotlerClient, discovery: Discovery, options: UpsertOptions): Upsert {
  /** Former ids that were looked for and are not there any more. */
  const formerIdsGone = new Set<string>();

  return async function upsert(items, signal) {
    const progress: Progress = { landed: false };
    try {
      return await write(items, progress, signal);
    } catch (error) {
      throw progress.landed ? afterLanding(error) : error;
    }
  };

  async function write(items: readonly UpsertItem[], progress: Progress, signal: AbortSignal): Promise<Outcome[]> {
    if (items.length === 0) return [];
    const catalogue = await discovery.read(signal);
    const outcomes = new Map<UpsertItem, Outcome>();

    const moved = items.filter((item) => item.addressChanged);
    const others = new Map<UpsertItem, ReadonlySet<string>>();
    await atOnce(moved, parallel, async (item) => {
      if (options.identity === 'address') await checkAddressIsFree(client, item, signal);
      else others.set(item, await othersWithAddress(client, item, signal));
    });

    // An address is changed under the id: by address Spotler would not know whom we mean, and make somebody new of them.
    const renamed: UpsertItem[] = [];
    const single = items.filter((item) => !item.mayCreate || item.addressChanged);
    await atOnce(single, parallel, async (item) => {
      const result = await updateExisting(item, catalogue, progress, signal);
      // It is there; a write by its address replaces the id that it has.
      const isOthers = result.kind === 'done' && result.contactKey !== item.contactKey;
      if (isOthers && options.identity === 'address' && (item.mayCreate || item.giveOwnKey)) {
        renamed.push(item);
        return;
      }
      if (result.kind !== 'absent' || !item.mayCreate) outcomes.set(item, result);
    });

    const left = items.filter((item) => !outcomes.has(item) && !renamed.includes(item));
    const fresh = left.filter((item) => !item.known);
    const existing = [...left.filter((item) => item.known), ...renamed];
    for (const [item, result] of await addAll(fresh, false, catalogue, progress, signal)) {
      if (result === 'exists') existing.push(item);
      else outcomes.set(item, result);
    }
    if (options.identity === 'record')
      await atOnce(
        existing.filter((item) => !item.known),
        parallel,
        (item) => checkItsOwnContact(client, item, signal),
      );
    for (const [item, result] of await addAll(existing, true, catalogue, progress, signal)) {
      outcomes.set(
        item,
        result === 'exists' ? { kind: 'rejected', status: 200, detail: 'CONTACT_ALREADY_EXISTS' } : result,
      );
    }

    await atOnce([...others.values()], parallel, (ids) => checkOthersAreStillThere(client, ids, signal));
    if (options.identity === 'address') {
      const written = items.filter((item) => {
        const result = outcomes.get(item);
        return result?.kind === 'done' && result.contactKey === item.contactKey;
      });
      await atOnce(written, parallel, (item) => checkFormerIdIsGone(client, item, formerIdsGone, signal));
    }
    return items.map((item) => outcomes.get(item) ?? missing());
  }

  async function addAll(
    items: readonly UpsertItem[],
    update: boolean,
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Map<UpsertItem, BulkOutcome>> {
    const results = new Map<UpsertItem, BulkOutcome>();
    for (let start = 0; start < items.length; start += bulkSize) {
      const chunk = items.slice(start, start + bulkSize);
      const contacts = chunk.map((item) => {
        const permissions = update ? permissionsOnExisting(item) : item.permissionsOnCreate;
        const properties = propertiesOf(item, toBits(catalogue, permissions), catalogue, options.clearWith);
        return { externalId: item.contactKey, properties };
      });
      const answer = await client.addContacts(contacts, update, signal);
      progress.landed = true;
      const rows = bulkOutcomes(
        chunk.map((item) => item.contactKey),
        answer,
        update,
      );
      for (const [index, item] of chunk.entries()) results.set(item, rows[index] ?? missing());
    }
    return results;
  }

  async function updateExisting(
    item: UpsertItem,
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const bits = toBits(catalogue, permissionsOnExisting(item));
    const properties = propertiesOf(item, bits, catalogue, options.clearWith);
    let status = 404;

    async function write(externalId: string): Promise<Outcome | undefined> {
      try {
        const answer = await client.update({ externalId, properties }, signal);
        progress.landed ||= answer.found;
        status = answer.status;
        const { requestId } = answer;
        const id = requestId === undefined ? {} : { requestId };
        return answer.found ? { kind: 'done', status, ...id, contactKey: externalId, created: false } : undefined;
      } catch (error) {
        return ownFault(error, externalId);
      }
    }

    for (const key of new Set([item.contactKey, ...keysOf(item.ref)])) {
      const result = await write(key);
      if (result) return result;
    }
    if (options.identity === 'record' || item.addressChanged) return { kind: 'absent', status };
    const found = await client.search(item.address, signal);
    const key = found.find((contact) => contact.externalId)?.externalId;
    const result = key ? await write(key) : undefined;
    if (result) return result;
    if (found.length === 0 || key) return { kind: 'absent', status };
    // It has no id to be updated by; writing ours with `update` takes it over by its address.
    const taken = (await addAll([item], true, catalogue, progress, signal)).get(item);
    return taken === undefined || taken === 'exists'
      ? { kind: 'rejected', status: 200, detail: 'CONTACT_ALREADY_EXISTS' }
      : taken;
  }
}

/** What a refused PUT says about this one item; throws what is not the item's fault. */
function ownFault(error: unknown, contactKey: string): Outcome {
  const notice = noticeOf(error);
  if (!(error instanceof ConnectorError) || (notice === undefined && error.kind !== 'park')) throw error;
  const status = error.status ?? 0;
  if (notice !== undefined) return { kind: 'done', status, contactKey, created: false, notice };
  return { kind: 'rejected', status, contactKey, detail: error.code.replace(/^SPOTLER_/, '') };
}

function missing(): never {
  throw new ConnectorError(
    'retry',
    'SPOTLER_UNEXPECTED_ANSWER',
    'Spotler did not answer for every contact of the list.',
  );
}
