/**
 * Writing profiles: by asynchronous jobs where many can go together, else one by one. Guarantees: one outcome per item,
 * in order; nothing is written while an earlier job may still take effect; an item with `mayCreate: false` creates
 * nobody. What each way guarantees besides is said there.
 */
import { afterLanding, ConnectorError } from '../../http/errors.ts';
import { atOnce } from '../at-once.ts';
import type { Outcome, UpsertItem } from '../platform.ts';
import { type BulkWrite, isForBulk } from './bulk-write.ts';
import { listWishes } from './consent.ts';
import type { Catalogue, Discovery } from './discovery.ts';
import type { Jobs } from './jobs.ts';
import type { Progress, SingleWrite } from './single-write.ts';
import { valuesOf } from './values.ts';

/** A job takes a handful of calls, whatever its size; so large that these are few per person. */
export const bulkSize = 500;
/** People that one call writes one by one at most, some four requests each: so that it ends while the lease lasts. */
const mostSingles = 100;
const parallel = 4;

export interface UpsertParts {
  readonly discovery: Discovery;
  readonly jobs: Pick<Jobs, 'checkEnded'>;
  readonly bulk: BulkWrite;
  readonly single: SingleWrite;
  readonly bulkFrom: number;
}

export type Upsert = (items: readonly UpsertItem[], signal: AbortSignal) => Promise<Outcome[]>;

export function createUpsert({ discovery, jobs, bulk, single, bulkFrom }: UpsertParts): Upsert {
  /** The last job met many who were there already: they need single calls, so the next ones begin smaller. */
  let meetsMany = false;

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
    for (const item of items) checkNames(item, catalogue);
    const outcomes = new Map<UpsertItem, Outcome>();
    for (const item of items) if (valuesOf(item, catalogue).misfit) outcomes.set(item, badValue);
    const sound = items.filter((item) => !outcomes.has(item));
    const candidates = sound.filter(isForBulk);
    const together = candidates.length >= bulkFrom ? candidates : [];
    refuseTooMany(sound.length - together.length);
    if (meetsMany) refuseTooMany(together.filter((item) => !item.known).length);
    await jobs.checkEnded(signal);
    if (together.length > 0) {
      for (const [item, outcome] of await bulk.write(together, catalogue, progress, signal))
        outcomes.set(item, outcome);
    }
    const left = sound.filter((item) => !outcomes.has(item));
    if (together.length > 0) meetsMany = left.length * 2 > mostSingles;
    refuseTooMany(left.length);
    await atOnce(left, parallel, async (item) => {
      outcomes.set(item, await single.write(item, catalogue, progress, signal));
    });
    return items.map((item) => outcomes.get(item) ?? missing());
  }
}

const badValue: Outcome = { kind: 'rejected', status: 0, detail: 'BAD_VALUE' };

/** Throws `config` for a name that Mailjet does not have. */
function checkNames(item: UpsertItem, catalogue: Catalogue): void {
  catalogue.checkFields(item.fields.reveal());
  for (const permissions of [item.permissionsOnCreate, item.permissionsOnUpdate]) {
    for (const [name] of listWishes(permissions)) catalogue.listOf(name);
  }
}

/** The core halves what is parked, and comes again. */
function refuseTooMany(singles: number): void {
  if (singles <= mostSingles) return;
  throw new ConnectorError(
    'park',
    'MAILJET_TOO_MANY_SINGLES',
    'More people have to be written to Mailjet one by one than one batch takes.',
  );
}

function missing(): never {
  throw new ConnectorError('retry', 'MAILJET_UNEXPECTED_ANSWER', 'Mailjet did not answer for everybody.');
}
