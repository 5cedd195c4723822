/** The judge's first part: who is let in. Sources as in spotler-judge.ts, and RFC 5849. */
import { assert } from './expectations.ts';
import { type Case, contact, everybody } from './spotler-judge.ts';

/** As long and as well formed, and never the same by chance. */
function anotherThan(signature: string): string {
  return `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}

export const signatureCases: readonly Case[] = [
  {
    name: 'takes a signature made by another implementation, with awkward characters in path and query',
    async run({ client }) {
      const query = `pageSize=10&MPSearchQuery=${encodeURIComponent("email=o'brien+a b&c=d@sub.example")}`;
      const searched = await client.call('GET', `/contact/search?${query}`);
      const read = await client.call('GET', `/contact/${encodeURIComponent('a b/ü*(1)')}`);

      assert.equal(searched.status, 200);
      assert.equal(read.errorType, 'CONTACT_NOT_FOUND');
    },
  },
  {
    name: 'takes the fields in the query too',
    async run({ client }) {
      const answer = await client.call('GET', '/contact/properties/list', undefined, { inQuery: true });

      assert.equal(answer.status, 200);
    },
  },
  {
    name: 'refuses a wrong secret, and changes nothing',
    async run(bench) {
      const answer = await bench.stranger.call('POST', '/contact', contact('s1', { email: 's1@one.example' }));

      assert.equal(answer.status, 401);
      assert.equal(answer.errorType, 'AUTH_NOT_FOUND');
      assert.deepEqual(await everybody(bench), []);
    },
  },
  {
    name: 'refuses a signature for another method, path or query',
    async run({ client }) {
      const moved = await client.call('GET', '/contact/x', undefined, {
        fields: (fields) => ({ ...fields, oauth_signature: anotherThan(String(fields.oauth_signature)) }),
      });
      const other = await client.call('GET', '/contact/x', undefined, {
        fields: (fields) => ({ ...fields, oauth_nonce: `${fields.oauth_nonce}x` }),
      });

      assert.equal(moved.status, 401);
      assert.equal(other.status, 401);
    },
  },
  {
    name: 'refuses requests without or with a broken header, an unknown key and changed constants',
    async run({ client }) {
      const change = (name: string, value: string) => ({
        fields: (fields: Record<string, string>) => ({ ...fields, [name]: value }),
      });
      const tamperings = [
        { header: null },
        { header: 'Basic dXNlcjpwYXNz' },
        { header: 'OAuth oauth_consumer_key=unquoted' },
        change('oauth_consumer_key', 'nobody'),
        change('oauth_signature_method', 'PLAINTEXT'),
        change('oauth_version', '2.0'),
        change('oauth_timestamp', 'yesterday'),
        change('oauth_nonce', ''),
        change('oauth_extra', '1'),
      ];
      for (const tampering of tamperings) {
        const answer = await client.call('GET', '/contact/properties/list', undefined, tampering);
        assert.equal(answer.status, 401, JSON.stringify(tampering));
      }
    },
  },
  {
    name: 'refuses a time stamp ten minutes off, both ways, and takes one that is a minute off',
    async run({ client }) {
      const statuses: number[] = [];
      for (const clockOffset of [-600, 600, -60, 60]) {
        statuses.push((await client.call('GET', '/contact/properties/list', undefined, { clockOffset })).status);
      }

      assert.deepEqual(statuses, [401, 401, 200, 200]);
    },
  },
  {
    name: 'refuses the same signed request a second time',
    async run({ client }) {
      const first = await client.call('GET', '/contact/properties/list');
      const second = await client.replay();

      assert.deepEqual([first.status, second.status], [200, 401]);
    },
  },
  {
    name: 'can say 403 NOT_AUTHORIZED in place of 401',
    options: { authFailureStatus: 403 },
    async run({ stranger }) {
      const answer = await stranger.call('GET', '/contact/properties/list');

      assert.equal(answer.status, 403);
      assert.equal(answer.errorType, 'NOT_AUTHORIZED');
    },
  },
];
