/**
 * Overwriting a contact instead of deleting it. Guarantees: every property that the connector knows of and every custom
 * field that the contact shows is emptied, in one write; a contact that was overwritten is recognised by its address, and
 * counts as nobody. What stands in tickets and their comments stays.
 * wire: inferred from platforms.md 3.2, 3.3: nobody documents which fields an update takes.
 */
import type { Contact } from './schema.ts';
import type { BoldDeskSettings } from './settings.ts';

type BlankSettings = Pick<BoldDeskSettings, 'blankDomain' | 'clearWith'>;

function blankAddress({ userId }: Pick<Contact, 'userId'>, { blankDomain }: BlankSettings): string {
  return `erased-${userId}@${blankDomain}`;
}

export function isBlank(contact: Contact, settings: BlankSettings): boolean {
  return contact.emailId?.toLowerCase() === blankAddress(contact, settings);
}

/** Tells who is neither deleted nor overwritten. */
export function liveUnder(settings: BlankSettings): (contact: Contact) => boolean {
  return (contact) => !contact.isDeleted && !isBlank(contact, settings);
}

const emptied = [
  'secondaryEmailId',
  'contactPhoneNo',
  'contactMobileNo',
  'contactAddress',
  'contactJobTitle',
  'contactNotes',
  'contactExternalReferenceId',
];

export function blankFields(contact: Contact, settings: BlankSettings): Record<string, unknown> {
  const cleared = settings.clearWith === 'null' ? null : '';
  const custom = Object.entries(contact.contactCustomFields ?? {}).map(([name, value]) => {
    // A checkbox has no empty value.
    return [name, typeof value === 'boolean' ? false : cleared];
  });
  return {
    emailId: blankAddress(contact, settings),
    contactName: 'Erased',
    contactDisplayName: 'Erased',
    ...Object.fromEntries(emptied.map((name) => [name, cleared])),
    ...((contact.contactTag ?? []).length > 0 ? { contactTag: [] } : {}),
    ...Object.fromEntries(custom),
  };
}
