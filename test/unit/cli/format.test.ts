import { age, count, table, when } from '../../../src/cli-format.ts';

describe('text for people', () => {
  it('puts cells under each other and leaves no blanks at the end', () => {
    expect(table([['a', 'long cell', 'x'], ['longer', 'b', ''], ['c']], '  ')).toEqual([
      '  a       long cell  x',
      '  longer  b',
      '  c',
    ]);
  });

  it.each([
    [0, '0 s'],
    [119_000, '119 s'],
    [300_000, '5 min'],
    [3 * 3_600_000, '3 h'],
    [72 * 3_600_000, '3 days'],
    [-5, '0 s'],
  ])('says how old %d ms is', (milliseconds, text) => {
    expect(age(milliseconds)).toBe(text);
  });

  it('counts one thing and many things', () => {
    expect([count(1, 'case'), count(0, 'case'), count(1200, 'delivery', 'deliveries')]).toEqual([
      '1 case',
      '0 cases',
      '1,200 deliveries',
    ]);
  });

  it('writes a moment without fractions, and nothing for none', () => {
    expect([when(new Date('2026-01-02T03:04:05.678Z')), when(null)]).toEqual(['2026-01-02T03:04:05Z', '-']);
  });
});
