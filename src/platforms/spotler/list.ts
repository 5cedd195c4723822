/**
 * The contacts of the account, page by page. Does not guarantee that everybody is on a page: Spotler lists who was ever
 * updated, and that creating counts as updating is inferred from its use; who changes while we list may be on two pages
 * or on none. wire: Spotler swagger 1.2 GET /contact/updates/list.
 */
import { Personal } from '../../../config/words.ts';
import type { ContactPage, ListedContact } from '../platform.ts';
import type { SpotlerClient } from './client.ts';
import { type Contact, isShell } from './schema.ts';

/** Throws ConnectorError. */
export async function listContacts(
  client: Pick<SpotlerClient, 'updated'>,
  after: string | undefined,
  signal: AbortSignal,
): Promise<ContactPage> {
  const { contacts, next } = await client.updated(after === undefined ? 0 : Number(after), signal);
  const listed = contacts.filter((contact) => !isShell(contact)).map(toListed);
  return next === undefined ? { contacts: listed } : { contacts: listed, next: `${next}` };
}

function toListed({ externalId, properties }: Contact): ListedContact {
  const email = properties?.email;
  return {
    ...(externalId ? { contactKey: externalId } : {}),
    ...(typeof email === 'string' && email !== '' ? { address: new Personal(email) } : {}),
  };
}
