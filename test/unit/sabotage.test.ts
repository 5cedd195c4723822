/** The list of `npm run test:sabotage`, looked at without running it: it must not fall behind the code. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { breaks, invariants, occurrences } from '../sabotage/list.ts';
import type { Invariant } from '../sabotage/plan.ts';

const read = (file: string): Promise<string> => readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
const documentation = await read('docs/reliability.md');

describe('the list of breaks', () => {
  test.each(breaks.map((one) => [one.what, one] as const))(
    '%s: what it changes is there (else: mend the list)',
    async (_what, one) => {
      expect(occurrences(await read(one.file), one.find)).toBe(1);
      expect(one.replace).not.toBe(one.find);
    },
  );

  test.each(breaks.map((one) => [one.what, one] as const))(
    '%s: who has to notice is there and in docs/reliability.md',
    async (_what, one) => {
      expect(one.noticedBy.length).toBeGreaterThan(0);
      expect(documentation).toContain(one.what);
      for (const { file, test: name } of one.noticedBy) {
        await expect(read(file)).resolves.toContain('test');
        expect(documentation).toContain(file.replace('test/', '').replace('.test.ts', ''));
        expect(documentation).toContain(name);
      }
    },
  );

  test.each(Object.keys(invariants).map(Number) as Invariant[])(
    'invariant %i is broken in two ways at least',
    (number) => {
      expect(breaks.filter(({ invariant }) => invariant === number).length).toBeGreaterThanOrEqual(2);
      expect(documentation).toContain(`## ${number}. ${invariants[number]}`);
    },
  );
});
