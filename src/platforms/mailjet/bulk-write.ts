/**
 * Writing many people at once, by asynchronous jobs. Guarantees: the job that creates carries data and exclusions only,
 * so that nobody who turns out to exist gets a consent; who was created is told by ids that are above every earlier one,
 * and only those are then subscribed, by `addnoforce`; whoever is not certainly among them is left to single calls. The
 * one gap: somebody who signs up by themselves while the job runs counts as created, and gets the consents of the CRM.
 * wire: platforms.md 1.3 (managemanycontacts is an upsert by address); ids grow (recorded), `Sort` is documented without
 * its forms, so the order is verified.
 */
import type { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import { normaliseAddress } from '../address.ts';
import type { Outcome, UpsertItem } from '../platform.ts';
import type { ImportedContact, MailjetClient } from './client.ts';
import { listWishes } from './consent.ts';
import { type Catalogue, marketing } from './discovery.ts';
import type { Jobs, Patience } from './jobs.ts';
import { contactKeyOf, mailjetIdsOf } from './look-up.ts';
import type { OwnCreations } from './own-creations.ts';
import type { Contact } from './schema.ts';
import type { Progress } from './single-write.ts';
import { pageSize } from './transport.ts';
import { valuesOf } from './values.ts';

export interface BulkWrite {
  /** Outcomes of those who are finished; the others are to be written one by one. */
  write(
    items: readonly UpsertItem[],
    catalogue: Catalogue,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Map<UpsertItem, Outcome>>;
}

/** Pages of newest contacts that are looked through after a job. */
const newestPages = 2;

/** Whether a job can do it: nobody is to be found only, and no subscription is to be read first. */
export function isForBulk(item: UpsertItem): boolean {
  if (!item.mayCreate) return false;
  return !item.known || (mailjetIdsOf(item.ref).length > 0 && listWishes(item.permissionsOnUpdate).length === 0);
}

export function createBulkWrite(client: Pick<MailjetClient, 'newest'>, jobs: Jobs, own: OwnCreations): BulkWrite {
  async function highestId(signal: AbortSignal): Promise<number> {
    const [first, second] = await client.newest(2, 0, signal);
    if (first && second && first.ID < second.ID) {
      throw new ConnectorError(
        'config',
        'MAILJET_NOT_SORTED',
        'Mailjet does not list the newest contacts first, so jobs cannot be used. Set bulkFrom to 1000.',
      );
    }
    return first?.ID ?? 0;
  }

  /** By normalised address. */
  async function newerThan(floor: number, signal: AbortSignal): Promise<Map<string, Contact>> {
    const found = new Map<string, Contact>();
    for (let page = 0; page < newestPages; page += 1) {
      const contacts = await client.newest(pageSize, page * pageSize, signal);
      const newer = contacts.filter(({ ID }) => ID > floor);
      for (const contact of newer) found.set(normaliseAddress(contact.Email), contact);
      if (newer.length < pageSize) break;
    }
    return found;
  }

  async function subscribe(
    created: ReadonlyMap<UpsertItem, Contact>,
    catalogue: Catalogue,
    patience: Patience,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const refused = new Set<string>();
    const byList = new Map<number, UpsertItem[]>();
    for (const item of created.keys()) {
      for (const [name, wanted] of listWishes(item.permissionsOnCreate)) {
        if (!wanted) continue;
        const listId = catalogue.listOf(name);
        byList.set(listId, [...(byList.get(listId) ?? []), item]);
      }
    }
    for (const [listId, items] of byList) {
      const contacts = items.map((item) => ({ Email: item.address.reveal() }));
      const list = { listId, action: 'addnoforce' } as const;
      for (const address of await jobs.run(contacts, list, patience, signal)) refused.add(address);
    }
    return refused;
  }

  return {
    async write(items, catalogue, progress, signal) {
      const floor = await highestId(signal);
      const begun = items.filter((item) => own.begin(item.address, floor));
      const started = { yes: false };
      const patience = jobs.patience();
      let refused: ReadonlySet<string>;
      try {
        const contacts = items.map((item) => imported(item, catalogue));
        refused = await jobs.run(contacts, undefined, patience, signal, () => {
          started.yes = true;
          progress.landed = true;
        });
      } catch (error) {
        const isRefused = error instanceof ConnectorError && error.kind !== 'retry' && !started.yes;
        if (isRefused) for (const item of begun) own.finish(item.address);
        throw error;
      }
      const newer = await newerThan(floor, signal);
      const created = new Map<UpsertItem, Contact>();
      const outcomes = new Map<UpsertItem, Outcome>();
      for (const item of items) {
        const key = keyOf(item.address);
        const contact = newer.get(key);
        if (refused.has(key)) continue;
        // Somebody known who had gone was made anew by the job: they get what a creation gets, one by one.
        if (!item.known && contact && own.has(contact)) created.set(item, contact);
        else if (item.known && !contact) outcomes.set(item, updated(item));
      }
      const unsubscribed = await subscribe(created, catalogue, patience, signal);
      for (const [item, contact] of created) {
        if (unsubscribed.has(keyOf(item.address))) continue;
        own.finish(item.address);
        outcomes.set(item, { kind: 'done', status: 201, created: true, contactKey: contactKeyOf(contact) });
      }
      for (const item of outcomes.keys()) own.finish(item.address);
      return outcomes;
    },
  };
}

function updated(item: UpsertItem): Outcome {
  const [ID = 0] = mailjetIdsOf(item.ref);
  return { kind: 'done', status: 200, created: false, contactKey: contactKeyOf({ ID }) };
}

function keyOf(address: Personal<string>): string {
  return normaliseAddress(address.reveal());
}

function imported(item: UpsertItem, catalogue: Catalogue): ImportedContact {
  const { name, properties } = valuesOf(item, catalogue);
  const { permissionsOnCreate: create, permissionsOnUpdate: update } = item;
  const isExcluded = update[marketing] === false || (!item.known && create[marketing] === false);
  // Lifted only from somebody who was written before: of the others nobody knows yet whether they are new.
  const isLifted = item.known && update[marketing] === true;
  return {
    Email: item.address.reveal(),
    ...(name === undefined ? {} : { Name: name }),
    ...(isExcluded || isLifted ? { IsExcludedFromCampaigns: isExcluded } : {}),
    ...(Object.keys(properties).length === 0 ? {} : { Properties: properties }),
  };
}
