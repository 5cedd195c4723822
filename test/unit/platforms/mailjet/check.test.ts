import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { TableSettings } from '../../../../config/settings.ts';
import type { CheckFinding } from '../../../../src/platforms/platform.ts';
import {
  answers,
  contact,
  discovers,
  failureOf,
  lists,
  missing,
  newest,
  of,
  open,
  properties,
  refusal,
  rest,
  signal,
  table,
  watchCalls,
} from './support.ts';

const nobody = encodeURIComponent('connector-check@nobody.invalid');

function looks(...found: readonly unknown[]): void {
  answers('get', `${rest}/contact/${nobody}`, 404, missing);
  answers('get', `${rest}/contact?Email=${nobody}&Limit=1000`, 200, of(...found));
}

function wrongOf(findings: readonly CheckFinding[]): string[] {
  return findings.filter(({ ok }) => !ok).map(({ subject }) => subject);
}

function mapping(more: Partial<TableSettings>) {
  return { tables: { contact: { ...table, fields: {}, permissions: {}, ...more } } };
}

describe('check', () => {
  watchCalls();

  it('finds everything in order', async () => {
    discovers();
    looks();
    newest(2, contact(9), contact(8));

    const { findings } = await open().check(signal);

    expect(findings.map(({ subject, ok }) => [subject, ok])).toEqual([
      ['Mailjet credentials', true],
      ['Mailjet look-up by address, and the order of contacts', true],
      ['property firstname', true],
      ['property children', true],
      ['property Name', true],
      ['permission marketing', true],
      ['permission News', true],
      ['permission Offers', true],
    ]);
  });

  it.each([
    [401, refusal('API key authentication failure', 401), 'Take both keys'],
    [401, refusal('Operation not allowed', 401), 'full access'],
    [403, refusal('Forbidden', 403), 'full access'],
    [404, refusal('Unknown resource', 404), 'without a version'],
  ])('tells %d with its mend', async (status, answer, mend) => {
    answers('get', `${rest}/contactmetadata?Limit=1000&Offset=0`, status, answer);

    const { findings } = await open().check(signal);

    expect(wrongOf(findings)).toEqual(['Mailjet credentials']);
    expect(findings[0]?.mend).toContain(mend);
  });

  it('throws where Mailjet cannot be reached', async () => {
    answers('get', `${rest}/contactmetadata?Limit=1000&Offset=0`, 503, 'down');

    expect((await failureOf(open().check(signal))).kind).toBe('retry');
  });

  it.each([
    ['finds people who were not looked for', () => looks(contact(3))],
    [
      'does not list the newest first',
      () => {
        looks();
        newest(2, contact(8), contact(9));
      },
    ],
  ])('names a service that %s', async (_what, announce) => {
    answers('get', `${rest}/contactmetadata?Limit=1000&Offset=0`, 200, of());
    announce();

    const { findings } = await open(mapping({})).check(signal);

    expect(wrongOf(findings)).toEqual(['Mailjet look-up by address, and the order of contacts']);
  });

  it('names properties that are not there, historic, or given a text for a number', async () => {
    answers('get', `${rest}/contactmetadata?Limit=1000&Offset=0`, 200, of(...properties));
    looks();
    newest(2);
    const fields: TableSettings['fields'] = {
      shoesize: { kind: 'column', column: 'a', as: 'value' },
      visits: { kind: 'column', column: 'b', as: 'value' },
      children: { kind: 'table' },
    };

    const { findings } = await open(mapping({ fields })).check(signal);

    expect(wrongOf(findings)).toEqual(['property shoesize', 'property visits', 'property children']);
  });

  it('names a list that is not there, and one whose name two have; deleted ones do not count', async () => {
    discovers(properties, [...lists, { ID: 14, Name: 'News' }]);
    looks();
    newest(2);
    const permissions = { Offers: 'a', News: 'b', Gossip: 'c' };

    const { findings } = await open(mapping({ permissions })).check(signal);

    expect(wrongOf(findings)).toEqual(['permission News', 'permission Gossip']);
  });

  it('stays with the list that a permission was bound to, and says that it was renamed', async () => {
    discovers(properties, [
      { ID: 11, Name: 'Old news' },
      { ID: 15, Name: 'News' },
    ]);
    looks();
    newest(2);
    const told: unknown[] = [];
    const adapter = open({
      ...mapping({ permissions: { News: 'a' } }),
      permissionBits: { News: 11 },
      onBound: (bits) => {
        told.push(bits);
      },
    });

    const { findings } = await adapter.check(signal);

    expect(wrongOf(findings)).toEqual(['permission News']);
    expect(findings.at(-1)?.message).toContain('Old news');
    expect(told).toEqual([]);
  });

  it('tells a new binding before it is used', async () => {
    discovers();
    looks();
    newest(2);
    const told: unknown[] = [];

    await open({ onBound: (bits) => void told.push(bits) }).check(signal);

    expect(told).toEqual([{ News: 11, Offers: 12 }]);
  });
});

describe('the adapter', () => {
  watchCalls();

  it('names its account without a secret, and states what it can do', () => {
    const platform = open();

    expect(platform.account).toBe('mailjet mailjet.example:443 public');
    expect(platform.capabilities).toMatchObject({
      identity: 'address',
      bulkSize: 500,
      addressMutable: false,
      erase: { mode: 'anonymize', purgeDays: 30, reversible: false },
      blocksReimport: false,
      permissionReset: 'native',
      pauseReversible: false,
    });
    expect(inspect(platform, { depth: 9 })).not.toContain('hidden');
  });

  it('says that nobody is there only of an empty list', async () => {
    newest(1);
    expect(await open().hasNobody?.(signal)).toBe(true);

    newest(1, contact(1));
    expect(await open().hasNobody?.(signal)).toBe(false);
  });
});
