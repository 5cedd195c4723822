import { afterEach, describe, expect, it } from '@jest/globals';
import { painted, toneOfFinding } from '../../../src/cli-colour.ts';

describe('colours', () => {
  const { NO_COLOR } = process.env;
  afterEach(() => {
    if (NO_COLOR === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = NO_COLOR;
  });

  const terminal = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, {
    isTTY: true,
    getColorDepth: () => 8,
  });
  const pipe = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, { isTTY: false });

  it.each([
    ['on a terminal', terminal, undefined, '\u001b[31mwrong\u001b[39m'],
    ['not with NO_COLOR', terminal, '1', 'wrong'],
    ['with an empty NO_COLOR, which says nothing', terminal, '', '\u001b[31mwrong\u001b[39m'],
    ['not in a pipe', pipe, undefined, 'wrong'],
  ])('are shown %s', (_where, stream, noColor, expected) => {
    if (noColor === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = noColor;

    expect(painted('wrong', 'bad', stream)).toBe(expected);
  });

  it.each([
    ['  ✗   role  missing', 'bad'],
    ['  ok  role  there', 'good'],
    ['okay', undefined],
    ['role', undefined],
    ['', undefined],
  ])('of the finding %j are %s', (line, tone) => {
    expect(toneOfFinding(line)).toBe(tone);
  });
});
