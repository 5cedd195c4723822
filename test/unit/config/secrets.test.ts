import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { ConfigurationError, formatMistakes } from '../../../config/load.ts';
import { type At, baseEnv, changed, type Json, platformSchemas, read } from './base.ts';

/** Marked, so that finding it in a message is never a coincidence. */
const secret = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' }).map((text) => `s3cr3t§${text}`);

const secretPlaces: readonly At[] = [
  ['dataverse', 'auth', 'clientSecret'],
  ['targets', 0, 'consumerKey'],
  ['targets', 0, 'consumerSecret'],
  ['storage', 'databaseUrl'],
  ['storage', 'redisUrl'],
  ['privacy', 'hashKey'],
  ['privacy', 'previousHashKeys'],
  ['server', 'adminToken'],
  ['server', 'webhook', 'secret'],
];

/** Anywhere: values land in places that are not meant for them, too. */
const anyPlaces: readonly At[] = [
  ...secretPlaces,
  ['dataverse', 'url'],
  ['dataverse', 'auth', 'authority'],
  ['dataverse', 'auth', 'certificate'],
  ['dataverse', 'pageSize'],
  ['tables', 'contact', 'email'],
  ['tables', 'contact', 'fields', 'firstName'],
  ['tables', 'contact', 'whenOutOfScope'],
  ['rules', 'anonymizeContactWhenInactive'],
  ['targets', 0, 'platform'],
  ['targets', 0, 'name'],
  ['targets', 0, 'baseUrl'],
  ['targets', 0, 'notAKey'],
  ['marketingJobs'],
  ['reconcile', 'cron'],
  ['server', 'host'],
  ['log', 'level'],
];

function complaints(yaml: string, options: Parameters<typeof read>[1]): string {
  try {
    read(yaml, options);
    return '';
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [error.message, ...formatMistakes(error.mistakes), JSON.stringify(error), error.stack].join('\n');
  }
}

describe('a secret', () => {
  it('is in no message, wherever it is written in the file', () => {
    fc.assert(
      fc.property(secret, fc.subarray([...anyPlaces], { minLength: 1 }), (value, places) => {
        const yaml = changed(...places.map((at): [At, Json] => [at, value]));

        expect(complaints(`${yaml}unknownSection: 1\n`, { env: {} })).not.toContain('s3cr3t');
      }),
      { numRuns: 150 },
    );
  });

  it('is in no message, wherever a variable or a file brings it', () => {
    fc.assert(
      fc.property(secret, fc.subarray([...anyPlaces], { minLength: 1 }), fc.boolean(), (value, places, fromFile) => {
        const yaml = changed(...places.map((at): [At, Json] => [at, fromFile ? `\${file:x}` : `a \${LEAK} b`]));

        const said = complaints(`${yaml}unknownSection: 1\n`, {
          env: { ...baseEnv, LEAK: value },
          readSecretFile: () => value,
        });

        expect(said).toContain('unknownSection');
        expect(said).not.toContain('s3cr3t');
      }),
      { numRuns: 150 },
    );
  });

  it('is in no message when the file is not YAML at all', () => {
    const noise = fc.constantFrom(
      '\t',
      '"',
      '{',
      '[',
      '}',
      ': :',
      '- -',
      '&',
      '*',
      '!',
      '|',
      '%',
      '@',
      '\n  ',
      '? ',
      '',
    );
    const style = fc.constantFrom('block' as const, 'flow' as const);
    fc.assert(
      fc.property(secret, noise, fc.nat(200), fc.nat(3), style, (value, added, place, removed, collectionStyle) => {
        const yaml = stringify({ privacy: { hashKey: value }, ...parse(changed()) }, { collectionStyle });
        const broken = yaml.slice(0, place) + added + yaml.slice(place + removed);

        expect(complaints(broken, { env: baseEnv })).not.toContain('s3cr3t');
      }),
      { numRuns: 300 },
    );
  });

  it('is in no message when the colon before it was forgotten', () => {
    const yaml = changed([['privacy'], undefined]);

    const said = complaints(`${yaml}privacy: { hashKey s3cr3t-0123456789 }\n`, { env: baseEnv });

    expect(said).toContain('privacy: has a key that is no name; expected hashKey or previousHashKeys');
    expect(said).not.toContain('s3cr3t');
  });

  it('is masked when the schema of a platform quotes it', () => {
    const talkative = z.object({
      token: z.string().superRefine((value, context) => context.addIssue(`expected something else than ${value}`)),
    });
    const yaml = changed([['targets', 0], { name: 'main', platform: 'talkative', token: `\${TOKEN}` }]);

    const said = complaints(yaml, {
      env: { ...baseEnv, TOKEN: 's3cr3t-token' },
      platformSchemas: { ...platformSchemas, talkative },
    });

    expect(said).toContain('targets[0].token: is not valid; expected something else than ***');
    expect(said).not.toContain('s3cr3t');
  });
});
