/** Writing people: new, changed, unchanged, cleared, in bulk, existing only, adopted, moved. */
import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import type { ConformanceSubject } from './subject.ts';
import { at, bits, born, earlier, item, refAfter, signal, worldOf, write } from './support.ts';

export function writeCases(subject: ConformanceSubject): void {
  const [first, second] = subject.textFields;

  describe('writing', () => {
    const world = worldOf(subject);

    it('creates somebody new with data and permissions', async () => {
      const one = item(subject, 1, { permissionsOnCreate: bits(subject, (index) => index === 0) });

      const outcome = await write(world().adapter, one);

      expect(outcome).toMatchObject({ kind: 'done', created: true });
      expect(await at(world(), 'person1@one.example')).toMatchObject({
        fields: { [first]: 'First 1', [second]: 'Second' },
        permissions: bits(subject, (index) => index === 0),
      });
    });

    it('writes what changed, and leaves permissions as they are', async () => {
      const ref = await born(world(), 1);

      const outcome = await write(world().adapter, item(subject, 1, { known: true, ref, first: 'Other' }));

      expect(outcome).toMatchObject({ kind: 'done', created: false });
      expect(await at(world(), 'person1@one.example')).toMatchObject({
        fields: { [first]: 'Other', [second]: 'Second' },
        permissions: bits(subject, true),
      });
    });

    it('takes a write that changes nothing for done', async () => {
      const ref = await born(world(), 1);
      const before = await world().bench.people();

      const outcome = await write(world().adapter, item(subject, 1, { known: true, ref }));

      expect(outcome).toMatchObject({ kind: 'done', created: false });
      expect(await world().bench.people()).toEqual(before);
    });

    it('writes the same first write twice without a second person', async () => {
      await born(world(), 1);

      const again = await write(world().adapter, item(subject, 1));

      expect(again).toMatchObject({ kind: 'done', created: false });
      expect(await world().bench.people()).toHaveLength(1);
    });

    it('clears a field and touches no other', async () => {
      const ref = await born(world(), 1);

      await write(world().adapter, item(subject, 1, { known: true, ref, first: null }));

      const person = await at(world(), 'person1@one.example');
      expect(person?.fields).toHaveProperty([second], 'Second');
      expect(person?.fields).not.toHaveProperty([first]);
    });

    it('keeps values as they are: quotes, other scripts, emoji, mark-up', async () => {
      const text = `O'Brien "Zoë" <Łukasz> 李 🎉 & \\n`;

      await born(world(), 1, { first: text });

      expect((await at(world(), 'person1@one.example'))?.fields).toHaveProperty([first], text);
    });

    it('answers for each of a batch in order, and a bad row spoils no other', async () => {
      const batch = [item(subject, 1), item(subject, 2, { fields: subject.badFields }), item(subject, 3)];
      const { bulkSize } = world().adapter.capabilities;

      const outcomes = [];
      for (let start = 0; start < batch.length; start += bulkSize) {
        outcomes.push(...(await world().adapter.upsert(batch.slice(start, start + bulkSize), signal)));
      }

      expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'done']);
      expect(outcomes[1]?.detail).toMatch(/^[A-Z][A-Z0-9_]*$/);
      expect(await at(world(), 'person1@one.example')).toBeDefined();
      expect(await at(world(), 'person3@one.example')).toBeDefined();
    });

    it('answers nothing to nothing', async () => {
      expect(await world().adapter.upsert([], signal)).toEqual([]);
    });

    it('creates nobody where only existing people are meant', async () => {
      const outcome = await write(world().adapter, item(subject, 1, { mayCreate: false }));

      expect(outcome.kind).toBe('absent');
      expect(await world().bench.people()).toEqual([]);
    });

    it('writes existing people where only those are meant', async () => {
      const ref = await born(world(), 1);

      const outcome = await write(
        world().adapter,
        item(subject, 1, { known: true, ref, mayCreate: false, first: 'Other' }),
      );

      expect(outcome).toMatchObject({ kind: 'done', created: false });
      expect((await at(world(), 'person1@one.example'))?.fields).toHaveProperty([first], 'Other');
    });

    it('finds somebody from earlier times by the address where only existing people are meant', async () => {
      await earlier(world(), { address: 'person1@one.example', fields: { [first]: 'Old' } });

      const outcome = await write(world().adapter, item(subject, 1, { mayCreate: false, first: 'New' }));

      expect(outcome).toMatchObject({ kind: 'done', created: false });
      expect((await at(world(), 'person1@one.example'))?.fields).toHaveProperty([first], 'New');
    });

    it('adopts somebody whose address is written in capitals there', async () => {
      await earlier(world(), { address: 'Person1@One.Example', fields: { [first]: 'Old' } });

      const outcome = await write(world().adapter, item(subject, 1, { first: 'New' }));

      expect(outcome).toMatchObject({ kind: 'done', created: false });
      expect((await at(world(), 'person1@one.example'))?.fields).toHaveProperty([first], 'New');
    });

    it('changes an address in place where it says that it can', async () => {
      const ref = await born(world(), 1);
      if (!world().adapter.capabilities.addressMutable) {
        // The core writes a new contact and erases the old one: nothing to ask of the adapter.
        expect(ref.contactKeys).not.toEqual([]);
        return;
      }
      const moved = item(subject, 1, {
        known: true,
        ref: { ...ref, address: new Personal('moved@one.example') },
        address: 'moved@one.example',
        addressChanged: true,
      });

      const outcome = await write(world().adapter, moved);

      expect(outcome).toMatchObject({ kind: 'done', created: false });
      expect(await world().bench.people()).toHaveLength(1);
      expect(await at(world(), 'moved@one.example')).toMatchObject({ permissions: bits(subject, true) });
    });

    it('finds whom it wrote: by the ids that it told, and by the address', async () => {
      const outcome = await write(world().adapter, item(subject, 1));
      const { adapter } = world();

      const byIds = await adapter.find(refAfter(1, outcome), signal);
      const byAddress = await adapter.find(
        { contactKeys: [], recordIds: [], address: new Personal('person1@one.example') },
        signal,
      );

      expect(byIds?.permissions).toEqual(bits(subject, true));
      expect(byAddress?.permissions).toEqual(bits(subject, true));
    });

    it('finds nobody where nobody is', async () => {
      await born(world(), 1);

      expect(await world().adapter.find(refAfter(2, undefined, 'person2@one.example'), signal)).toBeUndefined();
    });

    it('says that nobody is there only of an empty account', async () => {
      const { adapter } = world();
      const empty = await adapter.hasNobody?.(signal);
      await born(world(), 1);

      expect([true, undefined]).toContain(empty);
      expect(await adapter.hasNobody?.(signal)).not.toBe(true);
    });
  });
}
