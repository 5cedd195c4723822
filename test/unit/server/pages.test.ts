import { describe, expect, test } from '@jest/globals';
import { binCount, binsOf, callsLately, lagClass } from '../../../src/server/pages/activity-bins.ts';
import { actionsChart, callsChart, lagChart, lagText } from '../../../src/server/pages/charts.ts';
import { formatPlace, parsePlace, parseSearch } from '../../../src/server/pages/search.ts';
import type { Activity, BucketOfActivity } from '../../../src/store/activity.ts';

const now = Date.UTC(2026, 0, 2, 12, 7);
const minute = 60_000;

const bucket = (ago: number, kind: Activity['kind'], name: string, n: number, target = 'main'): BucketOfActivity => ({
  bucket: new Date(Math.floor((now - ago * minute) / (5 * minute)) * 5 * minute),
  kind,
  target,
  name,
  n,
});

describe('bins of activity', () => {
  test('add up half-hours over 24 hours, the last one is now', () => {
    const bins = binsOf(
      [
        bucket(0, 'call', '', 2),
        bucket(4, 'call', '', 3, 'other'),
        bucket(30, 'call', '', 5),
        bucket(25 * 60, 'call', '', 7),
        bucket(1, 'throttled', '', 1),
      ],
      now,
    );
    expect(bins).toHaveLength(binCount);
    expect(bins.at(-1)).toMatchObject({ from: Date.UTC(2026, 0, 2, 12, 0), calls: 5, throttled: 1 });
    expect(bins.at(-2)?.calls).toBe(5);
    expect(bins.reduce((sum, { calls }) => sum + calls, 0)).toBe(10);
  });

  test('lately is the newest bucket that is over, of that target', () => {
    const rows = [
      bucket(0, 'call', '', 100),
      bucket(5, 'call', '', 7),
      bucket(5, 'call', '', 9, 'other'),
      bucket(10, 'call', '', 50),
    ];
    expect(callsLately(rows, 'main', now)).toBe(7);
  });

  test.each([
    [{}, 0.5, undefined],
    [{ 1: 1 }, 0.5, 0],
    [{ 1: 5, 2: 5 }, 0.5, 0],
    [{ 1: 4, 2: 6 }, 0.5, 1],
    [{ 1: 94, 5: 1, '+Inf': 5 }, 0.95, 2],
    [{ 1: 94, '+Inf': 6 }, 0.95, 3],
  ])('of lags %j the share %d lies in class %j', (lags, share, expected) => {
    expect(lagClass(new Map(Object.entries(lags)), share, [1, 2, 5])).toBe(expected);
  });
});

describe('charts', () => {
  test('say in words and in a table what they draw', () => {
    const bins = binsOf(
      [bucket(1, 'action', 'sync/eligible', 8), bucket(1, 'action', 'anonymize/deleted', 2), bucket(1, 'lag', '5', 10)],
      now,
    );
    const actions = String(actionsChart(bins));
    expect(actions).toContain('aria-label="10 changes in the last 24 hours. sync, eligible: 8, anonymize, deleted: 2"');
    expect(actions.match(/<rect /g)).toHaveLength(2);
    expect(actions).toContain('<th scope="row">12:00</th><td>8</td><td>2</td>');
    expect(String(lagChart(bins))).toContain('half within 5 s and 95 % within 5 s');
    expect(String(callsChart(bins))).toContain('Nothing in the last 24 hours.');
  });

  test('put rules beyond the eighth together', () => {
    const bins = binsOf(
      Array.from({ length: 11 }, (_, n) => bucket(1, 'action', `sync/rule-${n}`, 20 - n)),
      now,
    );
    expect(String(actionsChart(bins))).toContain('other rules 33');
  });

  test('429s are part of the calls', () => {
    const bins = binsOf([bucket(1, 'call', '', 10), bucket(1, 'throttled', '', 4)], now);
    expect(String(callsChart(bins))).toContain('10 calls in the last 24 hours, 4 of them answered with 429.');
  });

  test.each([
    [0, '1 s'],
    [6, '60 s'],
    [7, '2 min'],
    [8, '5 min'],
    [11, '4 h'],
    [13, 'more than 24 h'],
  ])('class %d is %s', (place, text) => {
    expect(lagText(place)).toBe(text);
  });
});

describe('what is searched for', () => {
  const id = '1f0c0000-0000-4000-8000-000000000001';

  test.each([
    ['', undefined, undefined],
    [' Contact/ ', 'contact', undefined],
    [id, undefined, [id, id]],
    [`{${id.toUpperCase()}}`, undefined, [id, id]],
    [`lead/${id}`, 'lead', [id, id]],
    ['1f0c', undefined, ['1f0c0000-0000-0000-0000-000000000000', '1f0cffff-ffff-ffff-ffff-ffffffffffff']],
    ['account/1f0c0000-0', 'account', ['1f0c0000-0000-0000-0000-000000000000', '1f0c0000-0fff-ffff-ffff-ffffffffffff']],
  ])('%j is table %j and ids %j', (text, table, ids) => {
    expect(parseSearch(text)).toEqual({ table, ids: ids && { from: ids[0], to: ids[1] } });
  });

  test.each(['anna@acme.example', 'pet/1f0c', "'; drop table", `${id}0`, 'contact/lead/1'])('%j is nothing', (text) => {
    expect(parseSearch(text)).toBeUndefined();
  });

  test('a place comes back as it was written', () => {
    const place = parsePlace(`main/contact/${id}`)!;
    expect(place).toEqual({ target: 'main', ref: { table: 'contact', id } });
    expect(parsePlace(formatPlace(place))).toEqual(place);
    expect(parsePlace('main/contact')).toBeUndefined();
    expect(parsePlace('')).toBeUndefined();
  });
});
