import { expect, test } from '@jest/globals';
import { listContacts } from '../../../../src/platforms/spotler/list.ts';
import type { Contact } from '../../../../src/platforms/spotler/schema.ts';
import { address, guid, signal } from './support.ts';

/** What Spotler shows of an account with these contacts. */
function account(pages: Readonly<Record<number, { contacts: Contact[]; next: number | undefined }>>) {
  const asked: number[] = [];
  return {
    asked,
    async updated(after: number) {
      asked.push(after);
      const page = pages[after];
      if (!page) throw new Error(`nobody asked for what follows ${after}`);
      return page;
    },
  };
}

test('contacts are listed page by page, by external id and address, without the shells of erased ones', async () => {
  const known: Contact = { externalId: guid(1), properties: { email: address } };
  const nameless: Contact = { externalId: '', properties: { email: address } };
  const shell: Contact = { externalId: guid(2), properties: {} };
  const client = account({
    0: { contacts: [known, shell], next: 2 },
    2: { contacts: [nameless], next: undefined },
  });

  const first = await listContacts(client, undefined, signal);
  const second = await listContacts(client, first.next, signal);

  expect(first.contacts.map((contact) => contact.contactKey)).toEqual([guid(1)]);
  expect(first.contacts[0]?.address?.reveal()).toBe(address);
  expect(second.contacts).toEqual([{ address: expect.anything() }]);
  expect(second.next).toBeUndefined();
  expect(client.asked).toEqual([0, 2]);
  expect(JSON.stringify([first, second])).not.toContain(address);
});
