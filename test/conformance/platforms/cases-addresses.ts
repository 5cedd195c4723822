/** Addresses that are easy to get wrong: from writing to erasing, or refused as that row's own fault. */
import { describe, expect, it } from '@jest/globals';
import type { AddressCase, ConformanceSubject } from './subject.ts';
import { at, bits, item, refAfter, signal, worldOf, write } from './support.ts';

const longest = `${'l'.repeat(64)}@${'d'.repeat(60)}.${'d'.repeat(60)}.${'d'.repeat(59)}.example`;

const addresses: Readonly<Record<AddressCase, string>> = {
  plus: 'jan+news&x=1@one.example',
  capitals: 'Jan.De.Vries@One.Example',
  apostrophe: "o'brien@one.example",
  quotes: '"jan"@one.example',
  nonAscii: 'zoë@łódź.example',
  longest,
};

export function addressCases(subject: ConformanceSubject): void {
  describe('addresses', () => {
    const world = worldOf(subject);

    it('has a longest address of 254 characters', () => {
      expect(longest).toHaveLength(254);
    });

    it.each(Object.entries(addresses) as [AddressCase, string][])('%s', async (name, address) => {
      const { adapter, bench } = world();
      const neighbour = await write(adapter, item(subject, 2, { address: 'jan@one.example' }));

      const outcome = await write(adapter, item(subject, 1, { address }));

      expect(neighbour.kind).toBe('done');
      if (subject.addresses[name] === 'refused') {
        expect(outcome.kind).toBe('rejected');
        expect(await bench.people()).toHaveLength(1);
        return;
      }
      expect(outcome).toMatchObject({ kind: 'done', created: true });
      expect(await at(world(), address)).toBeDefined();

      const byAddress = refAfter(1, undefined, address);
      expect((await adapter.find(byAddress, signal))?.permissions).toEqual(bits(subject, true));
      const again = await write(adapter, item(subject, 1, { address, mayCreate: false, first: 'Other' }));
      expect(again).toMatchObject({ kind: 'done', created: false });
      if (adapter.capabilities.permissionReset !== 'unsupported') {
        expect((await adapter.resetPermissions(byAddress, signal)).kind).toBe('done');
        expect((await at(world(), address))?.permissions).toEqual(bits(subject, false));
      }
      expect((await adapter.anonymize(byAddress, signal)).kind).toBe('done');
      expect((await bench.people()).map((person) => person.address)).toEqual(['jan@one.example']);
    });
  });
}
