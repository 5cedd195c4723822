/**
 * Erasing, in the way that is configured. `permanent` takes two steps for each contact: hide it, then delete it for good;
 * both can be repeated, and the second is tried for every id that is known, since BoldDesk may not show any more whom the
 * first step has hidden. Guarantees: nothing is sent while the loss of tickets is not allowed; `done` was read from a
 * body; `absent` needs every id and the address to be unknown. `soft` hides, which can be undone; `blank` overwrites.
 * wire: platforms.md 3.5.
 */
import { afterLanding, ConnectorError } from '../../http/errors.ts';
import type { ContactRef, Outcome } from '../platform.ts';
import { blankFields, isBlank } from './blank.ts';
import type { Answered, BoldDeskClient, Removed } from './client.ts';
import { contactKeyOf, type LookUp, userIdsOf } from './look-up.ts';
import { absent } from './people.ts';
import type { Contact } from './schema.ts';
import type { BoldDeskSettings } from './settings.ts';

export const ticketsWouldBeLost =
  'deleting this person permanently in BoldDesk also deletes their tickets; it goes on when allowTicketLoss: true is set for this target.';
export const mayBeHidden =
  'BoldDesk shows this person no more, and may keep them as a deleted contact; deleting them for good also deletes their tickets, and goes on when allowTicketLoss: true is set for this target.';
export const hiddenOnly = 'Hidden in BoldDesk, not erased: it can be restored there.';
export const deletedByHand =
  'A deleted contact of this person is still kept by BoldDesk; delete it permanently there by hand.';

type EraseSettings = Pick<BoldDeskSettings, 'eraseMode' | 'allowTicketLoss' | 'blankDomain' | 'clearWith'>;

export type Anonymize = (ref: ContactRef, signal: AbortSignal) => Promise<Outcome>;

export function createAnonymize(client: BoldDeskClient, lookUp: LookUp, settings: EraseSettings): Anonymize {
  return async function anonymize(ref, signal) {
    const everybody = await lookUp.everybody(ref, signal);
    const contacts = everybody.filter((contact) => !isBlank(contact, settings));
    switch (settings.eraseMode) {
      case 'permanent': {
        const seen = everybody.map(({ userId }) => userId);
        const unseen = userIdsOf(ref).filter((userId) => !seen.includes(userId));
        return permanently(contacts, unseen, signal);
      }
      case 'soft':
        return softly(
          contacts.filter(({ isDeleted }) => !isDeleted),
          signal,
        );
      case 'blank':
        return blankly(contacts, signal);
      default:
        return settings.eraseMode satisfies never;
    }
  };

  /** `unseen` are ids of which BoldDesk shows nothing: unknown there, or hidden by us before. */
  async function permanently(
    contacts: readonly Contact[],
    unseen: readonly string[],
    signal: AbortSignal,
  ): Promise<Outcome> {
    if (!settings.allowTicketLoss) {
      if (contacts.length > 0) return { kind: 'blocked', status: 0, detail: ticketsWouldBeLost };
      return unseen.length > 0 ? { kind: 'blocked', status: 0, detail: mayBeHidden } : absent;
    }
    let outcome = absent;
    for (const contact of contacts) outcome = done(await inTwoSteps(contact, signal), contact.userId);
    for (const userId of unseen) {
      const removed = await client.deleteForGood(userId, signal);
      if (removed.became === 'refused') throw notDeleted(removed);
      if (removed.became === 'deleted') outcome = done(removed, userId);
    }
    return outcome;
  }

  async function inTwoSteps({ userId, isDeleted }: Contact, signal: AbortSignal): Promise<Removed> {
    const hidden = isDeleted ? undefined : await client.hide(userId, signal);
    try {
      const removed = await client.deleteForGood(userId, signal);
      if (removed.became === 'refused') throw notDeleted(removed);
      if (removed.became === 'deleted') return removed;
      // It was there just now. Who is right shows when it is looked for again.
      throw new ConnectorError(
        'retry',
        'BOLDDESK_CHANGED_MEANWHILE',
        'BoldDesk showed a contact and did not know it a moment later; it is looked for again.',
        { status: removed.status },
      );
    } catch (error) {
      throw hidden?.became === 'deleted' ? afterLanding(error) : error;
    }
  }

  async function softly(contacts: readonly Contact[], signal: AbortSignal): Promise<Outcome> {
    let outcome = absent;
    for (const contact of contacts) {
      const removed = await client.hide(contact.userId, signal);
      if (removed.became === 'refused') throw notDeleted(removed);
      if (removed.became === 'deleted') outcome = { ...done(removed, contact.userId), detail: hiddenOnly };
    }
    return outcome;
  }

  async function blankly(contacts: readonly Contact[], signal: AbortSignal): Promise<Outcome> {
    let outcome = absent;
    for (const contact of contacts.filter(({ isDeleted }) => !isDeleted)) {
      const written = await client.update(contact.userId, blankFields(contact, settings), signal);
      if (written) outcome = done(written, contact.userId);
    }
    if (!contacts.some(({ isDeleted }) => isDeleted)) return outcome;
    return { kind: 'manual', status: outcome.kind === 'done' ? outcome.status : 200, detail: deletedByHand };
  }
}

function done({ status, requestId }: Answered, userId: string): Outcome {
  return {
    kind: 'done',
    status,
    contactKey: contactKeyOf({ userId }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function notDeleted({ status }: Removed): ConnectorError {
  return new ConnectorError(
    'park',
    'BOLDDESK_NOT_DELETED',
    'BoldDesk answered that it did not delete a contact. See that the agent of the key may delete contacts and manage the deletion of tickets.',
    { status },
  );
}
