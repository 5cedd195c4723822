import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import { platforms } from '../../../src/platforms/registry.ts';
import { spotlerSettings } from '../../../src/platforms/spotler/settings.ts';
import { open } from './spotler/support.ts';

const good = { baseUrl: 'https://restapi.mailplus.nl/integrationservice/', consumerKey: 'k', consumerSecret: 'hidden' };

describe('the settings of Spotler', () => {
  test('get their defaults, lose a slash at the end and mask the secret', () => {
    const settings = spotlerSettings.parse(good);
    expect(settings).toMatchObject({
      baseUrl: 'https://restapi.mailplus.nl/integrationservice',
      consumerKey: 'k',
      clearWith: 'empty',
    });
    expect(settings.consumerSecret.reveal()).toBe('hidden');
    expect(`${inspect(settings)} ${JSON.stringify(settings)}`).not.toContain('hidden');
  });

  test('that were parsed before stay as they are', () => {
    const once = spotlerSettings.parse(good);
    expect(spotlerSettings.parse(once)).toEqual(once);
  });

  test.each([
    'https://restapi.mailplus.nl/integrationservice',
    'https://restapi.mailplus.nl/integrationservice-1.1.0',
    'http://127.0.0.1:8080/integrationservice',
    'http://localhost:1/integrationservice-1.1.0',
  ])('take %s', (baseUrl) => {
    expect(spotlerSettings.safeParse({ ...good, baseUrl }).success).toBe(true);
  });

  test.each([
    ['plain HTTP to another machine', { baseUrl: 'http://restapi.mailplus.nl/integrationservice' }, 'baseUrl'],
    ['no path', { baseUrl: 'https://restapi.mailplus.nl' }, 'baseUrl'],
    ['another path', { baseUrl: 'https://restapi.mailplus.nl/rest' }, 'baseUrl'],
    ['a query', { baseUrl: 'https://restapi.mailplus.nl/integrationservice?a=1' }, 'baseUrl'],
    ['no URL', { baseUrl: 'restapi' }, 'baseUrl'],
    ['an empty key', { consumerKey: '' }, 'consumerKey'],
    ['an empty secret', { consumerSecret: '' }, 'consumerSecret'],
    ['a secret that is a number', { consumerSecret: 918273 }, 'consumerSecret'],
    ['another way to clear', { clearWith: 'blank' }, 'clearWith'],
    ['an unknown name', { consumerSecrets: 'x' }, ''],
  ])('refuse %s without quoting a value', (_name, more, path) => {
    const result = spotlerSettings.safeParse({ ...good, ...more });
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
    expect(JSON.stringify(result.error?.issues)).not.toMatch(/hidden|918273/);
  });
});

describe('the registry', () => {
  test('knows five platforms', () => {
    expect(Object.keys(platforms).sort()).toEqual(['bolddesk', 'dialoginsight', 'keap', 'mailjet', 'spotler']);
  });

  test('refuses settings that are not usable as a configuration error', () => {
    expect(() => open({}, { baseUrl: 'x', consumerSecret: new Personal('') })).toThrow(
      expect.objectContaining({
        kind: 'config',
        code: 'SETTINGS_INVALID',
        message: expect.stringContaining('baseUrl'),
      }),
    );
  });

  test('opens a platform that names its account without a secret and states what it can do', () => {
    const platform = open({ identity: 'record' });
    expect(platform.account).toBe('spotler spotler.example:443 key');
    expect(platform.capabilities).toMatchObject({
      identity: 'record',
      bulkSize: 100,
      addressMutable: true,
      listComplete: false,
      erase: { mode: 'anonymize', reversible: false },
      blocksReimport: false,
      permissionReset: 'native',
      pauseReversible: true,
    });
    expect(inspect(platform, { depth: 9 })).not.toContain('hidden');
    platform.close();
  });
});
