import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import { createOAuth1Signer, signatureBaseString } from '../../../src/http/oauth1.ts';

function signatureOf(header: string): string {
  return decodeURIComponent(/oauth_signature="([^"]+)"/.exec(header)?.[1] ?? '');
}

describe('RFC 5849', () => {
  test('section 1.2: the signature of the photo request', () => {
    const signer = createOAuth1Signer({
      consumerKey: 'dpf43f3p2l4k3l03',
      consumerSecret: new Personal('kd94hf93k423kf44'),
      token: { key: 'nnch734d00sl2jdk', secret: new Personal('pfkkdhi9sl3r4s00') },
      now: () => 137_131_202_999,
      nonce: () => 'chapoH',
      version: 'none',
    });
    const header = signer.authorize({
      method: 'GET',
      url: 'http://photos.example.net/photos?file=vacation.jpg&size=original',
    });
    expect(signatureOf(header)).toBe('MdpQcU8iPSUjWoN/UDMsK2sui9I=');
    expect(header).toContain('oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"');
    expect(header).not.toContain('oauth_version');
  });

  test('section 3.4.1.1: the base string with repeated names, encoded names and a form body', () => {
    const base = signatureBaseString(
      {
        method: 'POST',
        url: 'http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b',
        form: 'c2&a3=2+q',
      },
      {
        oauth_consumer_key: '9djdj82h48djs9d2',
        oauth_token: 'kkk9d7dh3k39sjv7',
        oauth_signature_method: 'HMAC-SHA1',
        oauth_timestamp: '137131201',
        oauth_nonce: '7d8f3e4a',
      },
    );
    expect(base).toBe(
      'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26' +
        'c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26' +
        'oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
    );
  });
});

describe('Spotler', () => {
  const signer = createOAuth1Signer({
    consumerKey: 'ck',
    consumerSecret: new Personal('cs&1'),
    now: () => 1_767_225_600_000,
    nonce: () => 'abc',
  });
  const url =
    'https://restapi.mailplus.nl/integrationservice/contact/updates/list?fromDate=2026-01-01T00:00:00%2B01:00&toDate=2026-01-02T00:00:00%2B01:00&pageSize=1000';

  test('the vector: query signed, plus sign encoded, secret escaped', () => {
    expect(signatureOf(signer.authorize({ method: 'GET', url }))).toBe('CuGo9CnnIe3tTz0qF/VyuJfDka8=');
  });

  test('the header is in the usual order and one-legged', () => {
    expect(signer.authorize({ method: 'GET', url })).toBe(
      'OAuth oauth_consumer_key="ck", oauth_nonce="abc", oauth_signature="CuGo9CnnIe3tTz0qF%2FVyuJfDka8%3D", ' +
        'oauth_signature_method="HMAC-SHA1", oauth_timestamp="1767225600", oauth_version="1.0"',
    );
  });

  test('an address in the query and an id in the path are signed as they are sent', () => {
    const base = signatureBaseString(
      { method: 'GET', url: "https://h.example/contact/a%20b'?MPSearchQuery=email%3Djan%2Bx%40a.example" },
      {},
    );
    expect(base).toBe(
      'GET&https%3A%2F%2Fh.example%2Fcontact%2Fa%2520b%27&MPSearchQuery%3Demail%253Djan%252Bx%2540a.example',
    );
  });

  test('a parameter that belongs to the signature is refused', () => {
    expect(() => signer.authorize({ method: 'GET', url: 'https://h.example/?oauth_nonce=1' })).toThrow(
      expect.objectContaining({ kind: 'config', code: 'OAUTH_PARAMETER_TAKEN' }),
    );
  });

  test('printing the signer shows no secret', () => {
    expect(inspect(signer, { depth: 9, showHidden: true })).not.toContain('cs&1');
  });
});
