import { describe, expect, test } from '@jest/globals';
import type { RecordId } from '../../../config/words.ts';
import { mendOf, mendOfForeignWord } from '../../../src/errors/catalogue.ts';
import { escapeHtml } from '../../../src/server/pages/html.ts';
import { listContent } from '../../../src/server/pages/lists.ts';
import { mend } from '../../../src/server/pages/mend.ts';
import type { ListedRecord } from '../../../src/store/lists.ts';

describe('the mend on a page', () => {
  test('is that of the code, and nothing where there is nothing to do or to know', () => {
    expect(String(mend('DATABASE_UNREACHABLE'))).toContain(escapeHtml(mendOf('DATABASE_UNREACHABLE') ?? ''));
    expect(mend('ROW_CHANGED')).toBe(false);
    expect(mend('PROPERTY_INVALID')).toBe(false);
  });

  test('stands below the reason of whatever is parked, also where the platform has the word', () => {
    const page = (code: string): string => {
      const parked = { code, reason: 'refused', at: new Date(0) };
      const id = '11111111-1111-4111-8111-111111111111' as RecordId;
      const row = { ref: { table: 'contact', id }, target: 'main', attempts: 1, parked } as unknown as ListedRecord;
      const data = {
        search: '',
        isNonsense: false,
        rows: [row],
        isFirst: true,
        paused: new Map<string, string>(),
        now: 0,
      };
      return String(listContent({ list: 'parked', ...data }, { csrf: 'token' } as never));
    };

    expect(page('ROW_TOO_LARGE')).toContain(escapeHtml(mendOf('ROW_TOO_LARGE') ?? ''));
    expect(page('PROPERTY_INVALID')).toContain(escapeHtml(mendOfForeignWord));
  });
});
