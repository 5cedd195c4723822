/** Erasing: by every id, by the address, twice, and what happens afterwards. */
import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import type { ConformanceSubject } from './subject.ts';
import { at, bits, born, earlier, guid, item, refAfter, signal, worldOf, write } from './support.ts';

export function erasureCases(subject: ConformanceSubject): void {
  describe('anonymizing', () => {
    const world = worldOf(subject);

    it('erases one person and no other', async () => {
      const ref = await born(world(), 1);
      await born(world(), 2);
      const id = (await at(world(), 'person1@one.example'))?.id ?? '';

      const outcome = await world().adapter.anonymize(ref, signal);

      expect(outcome.kind).toBe('done');
      expect(await world().bench.isErased(id)).toBe(true);
      expect((await world().bench.people()).map(({ address }) => address)).toEqual(['person2@one.example']);
      expect(await world().adapter.find(ref, signal)).toBeUndefined();
    });

    it('erases without an address, as for a record that is deleted, by the ids that it told', async () => {
      const outcome = await write(world().adapter, item(subject, 1));
      const id = (await at(world(), 'person1@one.example'))?.id ?? '';

      const erased = await world().adapter.anonymize(refAfter(1, outcome), signal);

      expect(erased.kind).toBe('done');
      expect(await world().bench.isErased(id)).toBe(true);
    });

    it('erases by the address alone', async () => {
      const id = await earlier(world(), { address: 'Person1@one.example' });

      const erased = await world().adapter.anonymize(refAfter(1, undefined, 'person1@one.example'), signal);

      expect(erased.kind).toBe('done');
      expect(await world().bench.isErased(id)).toBe(true);
    });

    it('erases somebody from earlier times by the id that a look-up told', async () => {
      const id = await earlier(world(), { address: 'person1@one.example' });
      const { adapter } = world();
      const found = await adapter.find(refAfter(1, undefined, 'person1@one.example'), signal);

      const contactKeys = [guid(1), ...(found?.contactKey === undefined ? [] : [found.contactKey])];
      const erased = await adapter.anonymize({ contactKeys, recordIds: [guid(1)] }, signal);

      expect(found?.contactKey).toBeDefined();
      expect(erased.kind).toBe('done');
      expect(await world().bench.isErased(id)).toBe(true);
    });

    it('goes over every id of the person', async () => {
      const one = await born(world(), 1);
      const two = await born(world(), 2);

      const erased = await world().adapter.anonymize(
        {
          contactKeys: [guid(9), ...one.contactKeys, ...two.contactKeys],
          recordIds: [guid(9)],
          address: new Personal('nobody@one.example'),
        },
        signal,
      );

      expect(erased.kind).toBe('done');
      expect(await world().bench.people()).toEqual([]);
    });

    it('is not misled by ids of other platforms', async () => {
      await born(world(), 1);

      const outcome = await world().adapter.anonymize(
        { contactKeys: ['elsewhere:1', '1', '%2e%2e/x y', guid(8)], recordIds: [guid(7)] },
        signal,
      );

      expect(outcome.kind).toBe('absent');
      expect(await world().bench.people()).toHaveLength(1);
    });

    it('says absent the second time', async () => {
      const ref = await born(world(), 1);
      await world().adapter.anonymize(ref, signal);

      expect((await world().adapter.anonymize(ref, signal)).kind).toBe('absent');
    });

    it('says absent for somebody who was never there', async () => {
      await born(world(), 2);

      const outcome = await world().adapter.anonymize(refAfter(1, undefined, 'person1@one.example'), signal);

      expect(outcome.kind).toBe('absent');
      expect(await world().bench.people()).toHaveLength(1);
    });

    it('takes an erased person in again as somebody new, unless the platform itself refuses', async () => {
      const ref = await born(world(), 1);
      const { adapter } = world();
      await adapter.anonymize(ref, signal);

      const again = await write(adapter, item(subject, 1, { ref, first: 'Anew' }));

      if (adapter.capabilities.blocksReimport) {
        expect(again.kind).toBe('suppressed');
        expect(await world().bench.people()).toEqual([]);
        return;
      }
      expect(again).toMatchObject({ kind: 'done', created: true });
      expect((await at(world(), 'person1@one.example'))?.fields).toHaveProperty([subject.textFields[0]], 'Anew');
    });

    it('raises nothing on a person who comes back with permissions down', async () => {
      const ref = await born(world(), 1);
      await world().adapter.anonymize(ref, signal);

      await write(world().adapter, item(subject, 1, { ref, permissionsOnCreate: bits(subject, false) }));

      const person = await at(world(), 'person1@one.example');
      expect(person?.permissions ?? bits(subject, false)).toEqual(bits(subject, false));
    });

    it('says what an operator has to know in sentences', () => {
      for (const sentence of world().adapter.capabilities.sideEffects) expect(sentence).toMatch(/^[A-Z].* .*\.$/);
    });
  });
}
