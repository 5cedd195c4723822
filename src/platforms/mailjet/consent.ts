/**
 * Permissions: `marketing` is the contact's flag of not being excluded from campaigns, every other one its subscription
 * to a list. Guarantees: nobody is subscribed by force: who unsubscribed from a list in Mailjet stays so, and that is
 * said; a list that the person unsubscribed from is left as it is when the permission goes down.
 * wire: platforms.md 1.3 (`addnoforce` keeps an unsubscription, `addforce` does not), 1.4.
 */
import { ConnectorError } from '../../http/errors.ts';
import type { PermissionBits, UpsertItem } from '../platform.ts';
import type { ListAction, MailjetClient } from './client.ts';
import { type Catalogue, marketing } from './discovery.ts';
import type { Contact, Membership } from './schema.ts';
import type { MailjetSettings } from './settings.ts';

/** Wanted to be true, and the person had unsubscribed from that list in Mailjet. */
export const staysUnsubscribed = 'STAYS_UNSUBSCRIBED';

export interface Consent {
  /** The bits of these permissions. Undefined when the contact has gone meanwhile. */
  bitsOf(
    contact: Contact,
    names: readonly string[],
    catalogue: Catalogue,
    signal: AbortSignal,
  ): Promise<PermissionBits | undefined>;
  /**
   * Subscribes to, or leaves, the lists among the permissions. Answers `staysUnsubscribed` when one could not be raised.
   * Throws `retry` MAILJET_CONTACT_GONE when the contact has gone meanwhile.
   */
  applyLists(
    id: number,
    permissions: PermissionBits,
    catalogue: Catalogue,
    /** A contact that was created just now is on no list. */
    isNew: boolean,
    signal: AbortSignal,
  ): Promise<typeof staysUnsubscribed | undefined>;
}

export function createConsent(
  client: Pick<MailjetClient, 'memberships' | 'manageLists'>,
  lowerBy: MailjetSettings['lowerListsBy'],
): Consent {
  return {
    async bitsOf(contact, names, catalogue, signal) {
      const lists = names.filter((name) => name !== marketing);
      const memberships = lists.length === 0 ? [] : await client.memberships(contact.ID, signal);
      if (memberships === undefined) return undefined;
      return Object.fromEntries(
        names.map((name) => [
          name,
          name === marketing
            ? !contact.IsExcludedFromCampaigns
            : isSubscribed(membershipOf(memberships, catalogue.listOf(name))),
        ]),
      );
    },

    async applyLists(id, permissions, catalogue, isNew, signal) {
      const wishes = listWishes(permissions).map(([name, wanted]) => ({ listId: catalogue.listOf(name), wanted }));
      if (wishes.length === 0) return undefined;
      const memberships = isNew ? [] : await client.memberships(id, signal);
      if (memberships === undefined) throw contactGone();
      let notice: typeof staysUnsubscribed | undefined;
      const actions: { listId: number; action: ListAction }[] = [];
      for (const { listId, wanted } of wishes) {
        const membership = membershipOf(memberships, listId);
        if (wanted && membership?.IsUnsub) notice = staysUnsubscribed;
        else if (wanted && !isSubscribed(membership)) actions.push({ listId, action: 'addnoforce' });
        else if (!wanted && isSubscribed(membership)) actions.push({ listId, action: lowerBy });
      }
      if (actions.length > 0 && !(await client.manageLists(id, actions, signal)).found) throw contactGone();
      return notice;
    },
  };
}

export function contactGone(): ConnectorError {
  return new ConnectorError('retry', 'MAILJET_CONTACT_GONE', 'The Mailjet contact went away during the work.', {
    mayHaveLanded: true,
  });
}

export function isSubscribed(membership: Membership | undefined): boolean {
  return membership !== undefined && !membership.IsUnsub && membership.IsActive !== false;
}

function membershipOf(memberships: readonly Membership[], listId: number): Membership | undefined {
  return memberships.find(({ ListID }) => ListID === listId);
}

export function listWishes(permissions: PermissionBits): [string, boolean][] {
  return Object.entries(permissions).filter(([name]) => name !== marketing);
}

/**
 * The permissions for a contact that is there already: what is to change, and for one that we never wrote also each
 * false of the CRM. No permission becomes true but by `permissionsOnUpdate`.
 */
export function permissionsOnExisting(item: UpsertItem): PermissionBits {
  if (item.known) return item.permissionsOnUpdate;
  const lowered = Object.entries(item.permissionsOnCreate).filter(([, wanted]) => !wanted);
  return { ...Object.fromEntries(lowered), ...item.permissionsOnUpdate };
}
