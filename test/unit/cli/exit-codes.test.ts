/** The four exit codes, one class at a time; as processes they are in the tests of the commands. */
import { describe, expect, it } from '@jest/globals';
import { asRefusal, CommandError, explainFailure } from '../../../src/cli-context.ts';
import { exitCodeOf } from '../../../src/cli-sync.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import type { CycleSummary, CycleTarget } from '../../../src/sync/full-cycle.ts';

const trouble = (code: string) => ({ code, message: 'a sentence' });
const table = { table: 'contact', changes: 1, trouble: undefined } as const;
const target = { parked: 0, held: 0, paused: undefined, trouble: undefined } as unknown as CycleTarget;
const fine: CycleSummary = {
  tables: [table],
  targets: [target],
  jobs: { trouble: undefined },
  erasures: { open: 0, oldest: null },
  holds: 0,
};

describe('the exit code of a cycle', () => {
  it.each([
    ['everything was done', {}, 0],
    ['erasures are open', { erasures: { open: 2, oldest: new Date() } }, 0],
    ['a table could not be read', { tables: [{ ...table, trouble: trouble('HTTP_503') }] }, 1],
    ['a target was left', { targets: [{ ...target, trouble: trouble('HTTP_503') }] }, 1],
    ['a target is paused', { targets: [{ ...target, paused: trouble('PAUSED_BY_OPERATOR') }] }, 1],
    ['a record is parked', { targets: [{ ...target, parked: 1 }] }, 1],
    ['jobs could not be read', { jobs: { trouble: trouble('HTTP_403') } }, 1],
    ['a hold waits for a person', { holds: 1 }, 3],
    ['a hold waits, and something failed too', { holds: 1, targets: [{ ...target, parked: 1 }] }, 1],
    [
      'another organization answers, whatever else',
      { holds: 1, tables: [table, { ...table, trouble: trouble('ORGANIZATION_CHANGED') }] },
      2,
    ],
  ])('when %s', (_what, part, code) => {
    expect(exitCodeOf({ ...fine, ...part } as CycleSummary)).toBe(code);
  });
});

describe('the exit code of a failure', () => {
  it.each([
    ['what a person has to review', new CommandError(3, 'wait'), 3],
    ['what the configuration is to blame for', new ConnectorError('config', 'DATABASE_UNREACHABLE', 'no'), 2],
    ['what may pass by itself', new ConnectorError('retry', 'HTTP_503', 'no'), 1],
    ['what nobody thought of', new TypeError('person@people.example is not a function'), 1],
  ])('for %s', (_what, error, code) => {
    const said: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text: string | Uint8Array) => said.push(String(text)) > 0;
    try {
      expect(explainFailure(asRefusal(error))).toBe(code);
    } finally {
      process.stderr.write = write;
    }
    expect(said).toHaveLength(1);
    expect(said.join('')).not.toContain('@');
  });
});
