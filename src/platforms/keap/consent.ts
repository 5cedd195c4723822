/**
 * The one permission: whether an address may be sent marketing mail. It belongs to the address, not to the contact.
 * Guarantees: what is said about it was read from a body; nobody is opted in who has ever opted out, unless a change of
 * the CRM asks for it, and then Keap decides.
 * wire: platforms.md 2.3, 2.4; the description, PATCH /emailAddresses/{email}/status.
 */
import { Personal } from '../../../config/words.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { KeapClient } from './client.ts';
import type { AddressStatus, EmailEntry } from './schema.ts';

const marketable = new Set(['UNENGAGED_MARKETABLE', 'SINGLE_OPT_IN', 'DOUBLE_OPT_IN', 'CONFIRMED']);
/** Nobody has said yes, and nobody no. */
const neverAsked = new Set(['NON_MARKETABLE', 'UNENGAGED_NON_MARKETABLE']);

/** Wanted to be true, and Keap keeps it false: the person, or the mail, has said no there. */
export const staysOptedOut = 'STAYS_OPTED_OUT';

export function mayBeOptedIn(status: AddressStatus | undefined): boolean {
  return status === undefined || status.opted_in || neverAsked.has(status.status);
}

export interface Consent {
  isOptedIn(entry: EmailEntry | undefined, signal: AbortSignal): Promise<boolean>;
  /**
   * Answers `staysOptedOut` when Keap keeps the address opted out although it was to be opted in. Throws `park`
   * KEAP_OPT_OUT_REFUSED when an opt-out had no effect.
   */
  set(address: Personal<string>, optedIn: boolean, signal: AbortSignal): Promise<typeof staysOptedOut | undefined>;
}

export function createConsent(client: Pick<KeapClient, 'status' | 'setStatus'>): Consent {
  return {
    async isOptedIn(entry, signal) {
      if (!entry?.email) return false;
      if (typeof entry.is_opt_in === 'boolean') return entry.is_opt_in;
      if (entry.email_opt_status) return marketable.has(entry.email_opt_status);
      return (await client.status(new Personal(entry.email), signal))?.opted_in ?? false;
    },

    async set(address, optedIn, signal) {
      // An address without a status was never opted in.
      const after = (await client.setStatus(address, optedIn, signal))?.opted_in ?? false;
      if (after === optedIn) return undefined;
      if (optedIn) return staysOptedOut;
      throw new ConnectorError(
        'park',
        'KEAP_OPT_OUT_REFUSED',
        'Keap confirmed the opt-out of an address and still has it opted in. Opt it out in Keap.',
        { mayHaveLanded: true },
      );
    },
  };
}
