/**
 * Everything that is done to one person: look-up, permissions, erasure. Guarantees: goes over every id the person may be
 * called by, and the address; `absent` is said only when nobody is there under any of them; an erasure is `done` only
 * when Mailjet confirmed it and shows the contact anonymized, or not at all; while a job of this process may still take
 * effect, an erasure is carried out and then fails as `retry`, so that it is repeated after the job's end.
 * wire: platforms.md 1.4, 1.5.
 */
import { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { ContactRef, Found, Outcome, PermissionBits } from '../platform.ts';
import type { MailjetClient } from './client.ts';
import { type Consent, contactGone, isSubscribed } from './consent.ts';
import { type Discovery, marketing } from './discovery.ts';
import type { Jobs } from './jobs.ts';
import { contactKeyOf, isErased, type LookUp } from './look-up.ts';
import type { OwnCreations } from './own-creations.ts';
import type { Contact } from './schema.ts';
import type { Acknowledgement } from './transport.ts';

export interface People {
  find(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined>;
  resetPermissions(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
  setPermissions(ref: ContactRef, permissions: PermissionBits, signal: AbortSignal): Promise<Outcome>;
  anonymize(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
}

export interface PeopleParts {
  readonly client: MailjetClient;
  readonly discovery: Discovery;
  readonly lookUp: LookUp;
  readonly consent: Consent;
  readonly jobs: Pick<Jobs, 'checkEnded'>;
  readonly own: OwnCreations;
  /** Every permission that is mapped. */
  readonly permissions: readonly string[];
}

export function createPeople({ client, discovery, lookUp, consent, jobs, own, permissions }: PeopleParts): People {
  /** Keeps the contact from campaigns, and unsubscribes it from every list it is on. False when it has gone. */
  async function silence({ ID }: Contact, signal: AbortSignal): Promise<boolean> {
    if (!(await client.update(ID, { IsExcludedFromCampaigns: true }, signal)).found) return false;
    const memberships = await client.memberships(ID, signal);
    if (memberships === undefined) return false;
    const actions = memberships
      .filter(isSubscribed)
      .map(({ ListID }) => ({ listId: ListID, action: 'unsub' }) as const);
    return actions.length === 0 || (await client.manageLists(ID, actions, signal)).found;
  }

  async function erase({ ID }: Contact, signal: AbortSignal): Promise<Acknowledgement> {
    const answer = await client.erase(ID, signal);
    const left = await client.byId(ID, signal);
    if (left === undefined || isErased(left)) return answer;
    throw new ConnectorError(
      'retry',
      'MAILJET_NOT_ERASED',
      'Mailjet confirmed an erasure and still shows the contact.',
      { status: answer.status },
    );
  }

  return {
    async find(ref, signal) {
      const catalogue = await discovery.read(signal);
      for (const contact of await lookUp.everybody(ref, signal)) {
        const bits = await consent.bitsOf(contact, permissions, catalogue, signal);
        if (bits) return { contactKey: contactKeyOf(contact), permissions: bits };
      }
      return undefined;
    },

    async resetPermissions(ref, signal) {
      let done: Contact | undefined;
      for (const contact of await lookUp.everybody(ref, signal)) {
        if (await silence(contact, signal)) done ??= contact;
      }
      return done ? { kind: 'done', status: 200, contactKey: contactKeyOf(done) } : absent;
    },

    async setPermissions(ref, wished, signal) {
      const catalogue = await discovery.read(signal);
      const [contact] = await lookUp.everybody(ref, signal);
      if (contact === undefined) return absent;
      const contactKey = contactKeyOf(contact);
      if (wished[marketing] !== undefined && wished[marketing] === Boolean(contact.IsExcludedFromCampaigns)) {
        const { found } = await client.update(contact.ID, { IsExcludedFromCampaigns: !wished[marketing] }, signal);
        if (!found) throw contactGone();
      }
      const notice = await consent.applyLists(contact.ID, wished, catalogue, false, signal);
      return notice === undefined
        ? { kind: 'done', status: 200, contactKey }
        : { kind: 'rejected', status: 200, contactKey, detail: notice };
    },

    async anonymize(ref, signal) {
      let done: Outcome | undefined;
      for (const contact of await lookUp.everybody(ref, signal)) {
        const { found, status, requestId } = await erase(contact, signal);
        own.finish(new Personal(contact.Email));
        if (!found) continue;
        const said = requestId === undefined ? {} : { requestId };
        done = { kind: 'done', status, contactKey: contactKeyOf(contact), ...said };
      }
      await jobs.checkEnded(signal);
      return done ?? absent;
    },
  };
}

const absent: Outcome = { kind: 'absent', status: 404 };
