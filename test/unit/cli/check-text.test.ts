import { describe, expect, it } from '@jest/globals';
import { findingLines } from '../../../src/cli-check-text.ts';
import type { Capabilities } from '../../../src/platforms/platform.ts';

const capabilities: Capabilities = {
  identity: 'address',
  bulkSize: 100,
  addressMutable: false,
  listComplete: false,
  erase: { mode: 'delete', vendorBackupDays: 90, reversible: false },
  blocksReimport: false,
  permissionReset: 'native',
  pauseReversible: false,
  sideEffects: ['Tickets are deleted too.'],
};

describe('what a target can do, in text', () => {
  it('names side effects, and what is left to a hand after each erasure', () => {
    const lines = findingLines([], { main: { ...capabilities, manualSteps: ['Add the address to the list.'] } });

    expect(lines).toContain('  Tickets are deleted too.');
    expect(lines).toContain('  By hand, after an erasure: Add the address to the list.');
    expect(lines.some((line) => /vendor backups kept\s+90 days/.test(line))).toBe(true);
    expect(lines.some((line) => /held people\s+may still be mailed/.test(line))).toBe(true);
  });

  it('says nothing of hands where none is needed', () => {
    expect(findingLines([], { main: capabilities }).join('\n')).not.toContain('By hand');
  });
});
