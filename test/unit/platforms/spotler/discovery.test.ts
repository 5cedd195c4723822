import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { bindPermissions } from '../../../../src/platforms/spotler/permissions.ts';
import { answers, contact, discovers, guid, open, propertyList, signal, watchCalls } from './support.ts';

const entries = [
  { bit: 4, description: 'Newsletter' },
  { bit: 1, description: 'Product news' },
];

describe('a permission', () => {
  test('is found by its description, whatever the bits are', () => {
    expect(bindPermissions(['Product news', 'Newsletter'], entries, {})).toEqual({
      bits: { 'Product news': 1, Newsletter: 4 },
      problems: [],
    });
  });

  test('stays with its bit when Spotler renames it, and that is said', () => {
    const { bits, problems } = bindPermissions(['Weekly'], entries, { Weekly: 4 });
    expect(bits).toEqual({ Weekly: 4 });
    expect(problems).toMatchObject([{ code: 'SPOTLER_PERMISSION_RENAMED', permission: 'Weekly' }]);
    expect(problems[0]?.message).toContain('"Newsletter"');
  });

  test('whose bit is gone is found by its description again', () => {
    expect(bindPermissions(['Newsletter'], entries, { Newsletter: 32 })).toEqual({
      bits: { Newsletter: 4 },
      problems: [],
    });
  });

  test('that is not there is bound to nothing and the names that are there are given', () => {
    const { bits, problems } = bindPermissions(['newsletter'], entries, {});
    expect(bits).toEqual({});
    expect(problems).toMatchObject([{ code: 'SPOTLER_PERMISSION_UNKNOWN', permission: 'newsletter' }]);
    expect(problems[0]?.message).toContain('"Newsletter", "Product news"');
  });

  test('that is there twice is bound to nothing', () => {
    const twice = [...entries, { bit: 8, description: 'Newsletter' }];
    expect(bindPermissions(['Newsletter'], twice, {})).toMatchObject({
      bits: {},
      problems: [{ code: 'SPOTLER_PERMISSION_AMBIGUOUS' }],
    });
  });

  test('never shares its bit with one that was bound before', () => {
    const { bits, problems } = bindPermissions(['Newsletter', 'Weekly'], entries, { Weekly: 4 });
    expect(bits).toEqual({ Weekly: 4 });
    expect(problems.map(({ code, permission }) => [code, permission])).toEqual([
      ['SPOTLER_PERMISSION_RENAMED', 'Weekly'],
      ['SPOTLER_PERMISSION_AMBIGUOUS', 'Newsletter'],
    ]);
  });

  test('that is no longer mapped gives its bit up', () => {
    expect(bindPermissions(['Newsletter'], entries, { Weekly: 4 })).toEqual({ bits: { Newsletter: 4 }, problems: [] });
  });
});

describe('the discovery', () => {
  watchCalls();
  const key = guid(1);
  const ref = { contactKeys: [key], recordIds: [] };

  test('is kept for ten minutes', async () => {
    let now = 0;
    const platform = open({ now: () => now });
    discovers();
    answers('get', `/contact/${key}`, 200, contact(key));
    await platform.find(ref, signal);
    now = 599_999;
    answers('get', `/contact/${key}`, 200, contact(key));
    await platform.find(ref, signal);
    now = 600_000;
    discovers();
    answers('get', `/contact/${key}`, 200, contact(key));
    expect(await platform.find(ref, signal)).toMatchObject({ contactKey: key });
  });

  test('tells a new binding once, before it is used', async () => {
    const told: unknown[] = [];
    const platform = open({ onBound: async (bits) => void told.push(bits) });
    discovers();
    answers('get', `/contact/${key}`, 200, contact(key));
    await platform.find(ref, signal);
    discovers();
    answers('get', `/contact/connector-check-nonce`, 404, { errorType: 'CONTACT_NOT_FOUND', message: '' });
    answers('get', '/contact/search?MPSearchQuery=email%3Dconnector-check%40nobody.invalid&pageSize=1000', 200, []);
    await platform.check(signal);
    expect(told).toEqual([{ Newsletter: 4, 'Product news': 1 }]);
  });

  test('tells nothing where all is remembered', async () => {
    const told: unknown[] = [];
    const platform = open({
      permissionBits: { Newsletter: 4, 'Product news': 1 },
      onBound: (bits) => void told.push(bits),
    });
    discovers();
    answers('get', `/contact/${key}`, 200, contact(key, [4]));
    await platform.find(ref, signal);
    expect(told).toEqual([]);
  });

  test('goes on with the bit of a renamed permission and logs an error', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line) => void lines.push(line) });
    const renamed = propertyList.map((property) =>
      property.name === 'permissions'
        ? {
            ...property,
            entries: [
              { bit: 4, description: 'Weekly', rank: 1 },
              { bit: 1, description: 'Product news', rank: 2 },
            ],
          }
        : property,
    );
    const platform = open({ logger, permissionBits: { Newsletter: 4 } });
    discovers(renamed);
    answers('get', `/contact/${key}`, 200, contact(key, [4]));
    expect(await platform.find(ref, signal)).toMatchObject({
      permissions: { Newsletter: true, 'Product news': false },
    });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 50, code: 'SPOTLER_PERMISSION_RENAMED', permission: 'Newsletter' },
    ]);
  });
});
