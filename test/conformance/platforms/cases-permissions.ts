/** Permissions: never raised on somebody who is there, reset, put back. */
import { describe, expect, it } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import type { ConformanceSubject } from './subject.ts';
import { at, bits, born, earlier, guid, item, refAfter, signal, worldOf, write } from './support.ts';

export function permissionCases(subject: ConformanceSubject): void {
  const hasPermissions = subject.permissions.length > 0;
  const [first] = subject.textFields;

  describe('permissions', () => {
    const world = worldOf(subject);

    it('adopts an existing contact with permissions down, and raises none', async () => {
      await earlier(world(), { address: 'person1@one.example', permissions: bits(subject, false) });

      const outcome = await write(world().adapter, item(subject, 1, { permissionsOnCreate: bits(subject, true) }));

      expect(outcome).toMatchObject({ kind: 'done', created: false });
      expect(await world().bench.people()).toHaveLength(1);
      expect(await at(world(), 'person1@one.example')).toMatchObject({
        fields: { [first]: 'First 1' },
        permissions: bits(subject, false),
      });
    });

    it('lowers on an adopted contact what the CRM says is down', async () => {
      await earlier(world(), { address: 'person1@one.example', permissions: bits(subject, true) });

      await write(
        world().adapter,
        item(subject, 1, {
          permissionsOnCreate: bits(subject, (index) => index > 0),
          permissionsOnUpdate: lowered(subject),
        }),
      );

      expect((await at(world(), 'person1@one.example'))?.permissions).toEqual(bits(subject, (index) => index > 0));
    });

    it('lowers and raises what is to change on somebody it wrote, and nothing else', async () => {
      const ref = await born(world(), 1, { permissionsOnCreate: bits(subject, (index) => index === 0) });
      const change = bits(subject, (index) => index > 0);

      await write(world().adapter, item(subject, 1, { known: true, ref, permissionsOnUpdate: change }));

      expect((await at(world(), 'person1@one.example'))?.permissions).toEqual(change);
    });

    it('raises nothing again on somebody whose permissions went down there', async () => {
      const ref = await born(world(), 1);
      await world().adapter.resetPermissions(ref, signal);

      await write(world().adapter, item(subject, 1, { known: true, ref, first: 'Other' }));

      const expected = hasPermissions ? bits(subject, false) : {};
      expect((await at(world(), 'person1@one.example'))?.permissions).toEqual(expected);
    });

    it('sets every permission false, and nothing else, as far as the platform has any', async () => {
      const ref = await born(world(), 1);
      const { adapter } = world();

      const outcome = await adapter.resetPermissions(ref, signal);

      const person = await at(world(), 'person1@one.example');
      expect(person?.fields).toHaveProperty([first], 'First 1');
      if (adapter.capabilities.permissionReset === 'unsupported') {
        expect(outcome).toMatchObject({ kind: 'unsupported', detail: expect.stringMatching(/\w+ \w+.*\.$/) });
        return;
      }
      expect(outcome.kind).toBe('done');
      expect(person?.permissions).toEqual(bits(subject, false));
      expect((await adapter.find(ref, signal))?.permissions).toEqual(bits(subject, false));
      expect((await adapter.resetPermissions(ref, signal)).kind).toBe('done');
    });

    it('resets without an address, by the ids that it told', async () => {
      const outcome = await write(world().adapter, item(subject, 1));
      const { adapter } = world();
      if (adapter.capabilities.permissionReset === 'unsupported') return;

      const reset = await adapter.resetPermissions(refAfter(1, outcome), signal);

      expect(reset.kind).toBe('done');
      expect((await at(world(), 'person1@one.example'))?.permissions).toEqual(bits(subject, false));
    });

    it('says absent, or unsupported, for the reset of somebody who is not there, and creates nobody', async () => {
      const { adapter } = world();

      const outcome = await adapter.resetPermissions(refAfter(1, undefined, 'person1@one.example'), signal);

      expect(outcome.kind).toBe(adapter.capabilities.permissionReset === 'unsupported' ? 'unsupported' : 'absent');
      expect(await world().bench.people()).toEqual([]);
    });

    it('puts back what a hold lowered, where it says that it can', async () => {
      const ref = await born(world(), 1, { permissionsOnCreate: bits(subject, (index) => index === 0) });
      const { adapter } = world();
      const before = (await adapter.find(ref, signal))?.permissions ?? {};
      await adapter.resetPermissions(ref, signal);

      const outcome = await adapter.setPermissions(ref, before, signal);

      if (!adapter.capabilities.pauseReversible) {
        expect(outcome.kind).not.toBe('absent');
        return;
      }
      expect(outcome.kind).toBe('done');
      expect((await at(world(), 'person1@one.example'))?.permissions).toEqual(before);
    });

    it('sets no permission of somebody who is not there', async () => {
      const { adapter } = world();
      const ref = { contactKeys: [guid(1)], recordIds: [guid(1)], address: new Personal('person1@one.example') };

      const outcome = await adapter.setPermissions(ref, bits(subject, true), signal);

      expect(['absent', 'unsupported']).toContain(outcome.kind);
      expect(await world().bench.people()).toEqual([]);
    });
  });
}

/** The first permission false, where there is one. */
function lowered(subject: ConformanceSubject): Record<string, boolean> {
  const [name] = subject.permissions;
  return name === undefined ? {} : { [name]: false };
}
