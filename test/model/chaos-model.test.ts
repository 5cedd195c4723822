/** The oracle of the chaos run is itself wrong in no direction that matters: it wants what the design wants, and no more. */
import { describe, expect, test } from '@jest/globals';
import { ChaosModel, type End, type ModelRow } from './chaos-model.ts';

const minute = 60_000;
const address = 'a@chaos.example';

function model(): ChaosModel {
  return new ChaosModel({ anonymizeWhenInactive: { contact: true }, certainAfterMs: minute });
}

function row(id: string, more: Partial<ModelRow> = {}): ModelRow {
  const table = more.table ?? 'contact';
  return {
    name: `${table}/${id}`,
    table,
    id,
    email: address,
    doNotEmail: false,
    doNotBulkEmail: false,
    state: 'active',
    merged: false,
    createdOn: '2026-01-01T00:00:00Z',
    fields: { city: 'Zwolle' },
    permissions: { Newsletter: true },
    ...more,
  };
}

function endsAt(world: ChaosModel, where = address): readonly End[] {
  return world.expected().find((place) => place.address === where)?.ends ?? [];
}

const absent = { kind: 'absent' };
const live = (id: string, more: object = {}) => expect.objectContaining({ kind: 'live', ownerId: id, ...more });

describe('one record', () => {
  test('that is eligible is there, with its data and what the CRM grants', () => {
    const world = model();
    world.put(row('1'), 0);
    expect(endsAt(world)).toEqual([live('1', { fields: { city: 'Zwolle' }, mayBeUp: ['Newsletter'] })]);
  });

  test.each<[string, Partial<ModelRow>]>([
    ['must not be emailed', { doNotEmail: true }],
    ['is inactive', { state: 'inactive' }],
  ])('that %s is gone', (_, more) => {
    const world = model();
    world.put(row('1'), 0);
    world.put(row('1', more), 1);
    expect(endsAt(world)).toEqual([absent]);
  });

  test('that is deleted is gone, and back when it is restored', () => {
    const world = model();
    world.put(row('1'), 0);
    world.gone('contact/1', 1);
    expect(endsAt(world)).toEqual([absent]);
    world.put(row('1'), 2);
    expect(endsAt(world)).toEqual([live('1')]);
  });

  test('that moved is at the new address only', () => {
    const world = model();
    world.put(row('1'), 0);
    world.put(row('1', { email: 'b@chaos.example' }), 1);
    expect(endsAt(world)).toEqual([absent]);
    expect(endsAt(world, 'b@chaos.example')).toEqual([live('1')]);
  });
});

describe('who is never created', () => {
  test('is absent when nobody could have created them', () => {
    const world = model();
    world.put(row('1', { doNotBulkEmail: true }), 0);
    expect(endsAt(world)).toEqual([absent]);
  });

  test('may be there or not when a worker may have been quick, without any permission', () => {
    const world = model();
    world.put(row('1'), 0);
    world.put(row('1', { doNotBulkEmail: true }), 1);
    expect(endsAt(world)).toEqual([live('1', { mayBeUp: [] }), absent]);
  });

  test('is there when they were seen there before', () => {
    const world = model();
    world.put(row('1'), 0);
    world.seenThere(address, 5);
    world.put(row('1', { doNotBulkEmail: true }), 6);
    expect(endsAt(world)).toEqual([live('1', { mayBeUp: [] })]);
  });
});

describe('an erasure', () => {
  function erased(changedAt?: number): ChaosModel {
    const world = model();
    world.put(row('1'), 0);
    world.erasureAsked('job', 'contact/1', 2 * minute);
    if (changedAt !== undefined && changedAt < 3 * minute) world.put(row('1', { fields: { city: 'Gent' } }), changedAt);
    world.erasureDone('job', 'contact/1', 3 * minute);
    if (changedAt !== undefined && changedAt > 3 * minute) world.put(row('1', { fields: { city: 'Gent' } }), changedAt);
    return world;
  }

  test('keeps away whose record did not change', () => {
    expect(endsAt(erased())).toEqual([absent]);
  });

  test('lets back whose record changed afterwards', () => {
    expect(endsAt(erased(4 * minute))).toEqual([live('1')]);
  });

  test('allows both for a change while it was under way', () => {
    expect(endsAt(erased(2.5 * minute))).toHaveLength(2);
  });
});

describe('an erasure of one of two who share an address', () => {
  function asked(): ChaosModel {
    const world = model();
    world.put(row('1'), 0);
    world.put(row('2'), 0);
    world.erasureAsked('job', 'contact/1', 2 * minute);
    return world;
  }

  test('keeps both away', () => {
    const world = asked();
    world.erasureDone('job', 'contact/1', 3 * minute);
    expect(endsAt(world)).toEqual([absent]);
  });

  test('keeps both away when the one was deleted meanwhile', () => {
    const world = asked();
    world.gone('contact/1', 2.5 * minute);
    world.erasureDone('job', 'contact/1', 3 * minute);
    expect(endsAt(world)).toEqual([absent]);
  });

  test('may leave the other there when the one has moved before anybody took the job up', () => {
    const world = asked();
    world.put(row('1', { email: 'b@chaos.example' }), 2.5 * minute);
    world.erasureDone('job', 'contact/1', 3 * minute);
    expect(endsAt(world)).toEqual(expect.arrayContaining([absent, live('2')]));
    expect(endsAt(world)).toHaveLength(2);
  });
});

describe('an erasure of a record that is merged meanwhile', () => {
  function merged(): ChaosModel {
    const world = model();
    world.put(row('1'), 0);
    world.put(row('2', { email: 'b@chaos.example' }), 0);
    world.erasureAsked('job', 'contact/1', 2 * minute);
    world.jobMayMean('job', 'contact/2', 2.5 * minute);
    return world;
  }

  test('may be about the one that it lives on in, and leaves the other there', () => {
    const world = merged();
    world.erasureDone('job', 'contact/2', 3 * minute);
    expect(endsAt(world, 'b@chaos.example')).toEqual(expect.arrayContaining([absent, live('2')]));
    expect(endsAt(world)).toEqual([live('1')]);
  });

  test('may be about itself, and leaves the other there', () => {
    const world = merged();
    world.erasureDone('job', 'contact/1', 3 * minute);
    expect(endsAt(world, 'b@chaos.example')).toEqual([live('2')]);
    expect(endsAt(world)).toEqual([absent]);
  });

  test('is about nobody else', () => {
    const world = merged();
    world.put(row('3', { email: 'c@chaos.example' }), 0);
    expect(() => world.erasureDone('job', 'contact/3', 3 * minute)).toThrow('was not about');
  });
});

describe('a permission', () => {
  test('that was lowered on the platform may not be up', () => {
    const world = model();
    world.put(row('1'), 0);
    world.lowered(address, 'Newsletter', 1);
    expect(endsAt(world)).toEqual([live('1', { mayBeUp: [] })]);
  });

  test('may be up again when the CRM grants it anew', () => {
    const world = model();
    world.put(row('1'), 0);
    world.lowered(address, 'Newsletter', 1);
    world.put(row('1', { permissions: { Newsletter: false } }), 2);
    world.put(row('1'), 3);
    expect(endsAt(world)).toEqual([live('1', { mayBeUp: ['Newsletter'] })]);
  });

  test('that was lowered goes along to a new address', () => {
    const world = model();
    world.put(row('1'), 0);
    world.lowered(address, 'Newsletter', 1);
    world.put(row('1', { email: 'b@chaos.example' }), 2);
    expect(endsAt(world, 'b@chaos.example')).toEqual([live('1', { mayBeUp: [] })]);
  });
});

describe('a shared address', () => {
  test('carries the data of its owner', () => {
    const world = model();
    world.put(row('1', { table: 'lead' }), 0);
    world.put(row('2', { fields: { city: 'Gent' } }), 1);
    expect(endsAt(world)).toEqual([live('2', { fields: { city: 'Gent' } })]);
  });

  test('stays when one of its records is deleted', () => {
    const world = model();
    world.put(row('1', { table: 'lead' }), 0);
    world.put(row('2'), 1);
    world.gone('contact/2', 2 * minute + 1);
    expect(endsAt(world)).toEqual([live('1')]);
  });

  test('may keep the id of a record that left where nobody may be created', () => {
    const world = model();
    world.put(row('1'), 0);
    world.put(row('2', { doNotBulkEmail: true }), 1);
    expect(endsAt(world)[0]).toMatchObject({ kind: 'live', otherIds: ['1', '2'] });
  });
});
