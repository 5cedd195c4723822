import { describe, expect, test } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import { createKeyring } from '../../../src/store/email-key.ts';

const first = new Personal('k'.repeat(32));
const second = new Personal('s'.repeat(32));
const normalise = (address: string): string => address.trim().toLowerCase();

function keyring(hashKey = first, previous: Personal<string>[] = []) {
  return createKeyring({ hashKey, previous, normalise });
}

describe('email keys', () => {
  test('are the HMAC-SHA-256 of the normalised address', () => {
    // printf 'anna@acme.example' | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
    expect(keyring().emailKey(' Anna@ACME.example ')).toBe(
      'a14272395f80d07ab61d38b57a78ffcbfa563f8239a65918ae545a719828161f',
    );
  });

  test('differ from one hash key to another, and the former ones can be computed', () => {
    const before = keyring().emailKey('anna@acme.example');
    const after = keyring(second, [first]);
    expect(after.emailKey('anna@acme.example')).not.toBe(before);
    expect(after.formerEmailKeys('anna@acme.example')).toEqual([before]);
  });

  test('the name of a key does not contain it and changes with it', () => {
    expect(keyring().keyId).toMatch(/^[0-9a-f]{16}$/);
    expect(keyring(second).keyId).not.toBe(keyring().keyId);
  });
});

describe('seals', () => {
  test('open to what was sealed, and never look the same twice', () => {
    const ring = keyring();
    const seals = [ring.seal('Zoë@acme.example'), ring.seal('Zoë@acme.example')];
    expect(seals[0]).not.toBe(seals[1]);
    expect(seals.map((seal) => ring.open(seal))).toEqual(['Zoë@acme.example', 'Zoë@acme.example']);
    expect(seals.join()).not.toContain('acme');
  });

  test('of a former key open while it is listed, and not after', () => {
    const sealed = keyring().seal('anna@acme.example');
    expect(keyring(second, [first]).open(sealed)).toBe('anna@acme.example');
    expect(() => keyring(second).open(sealed)).toThrow(
      expect.objectContaining({ kind: 'config', code: 'SEAL_UNREADABLE' }),
    );
  });

  test('that were altered, cut or invented do not open', () => {
    const ring = keyring();
    const sealed = ring.seal('anna@acme.example');
    const flipped = sealed.slice(0, -3) + (sealed.at(-3) === 'A' ? 'B' : 'A') + sealed.slice(-2);
    for (const broken of [flipped, sealed.slice(0, 30), '', 'x.y', `${ring.keyId}.`]) {
      expect(() => ring.open(broken)).toThrow(expect.objectContaining({ code: 'SEAL_UNREADABLE' }));
    }
  });
});

describe('fingerprints', () => {
  test('do not depend on the order of properties or on absent ones', () => {
    const ring = keyring();
    expect(ring.fingerprint({ a: 1, b: { c: [1, 'x', null], d: true } })).toBe(
      ring.fingerprint({ b: { d: true, c: [1, 'x', null] }, a: 1, e: undefined }),
    );
  });

  test('tell values apart that look alike', () => {
    const ring = keyring();
    const values = [1, '1', true, 'true', null, [], {}, [1], ['1'], { a: 1 }, { a: '1' }, { a: [1] }, [[1]], ''];
    expect(new Set(values.map((value) => ring.fingerprint(value))).size).toBe(values.length);
  });

  test('depend on the key', () => {
    expect(keyring().fingerprint({ a: 1 })).not.toBe(keyring(second).fingerprint({ a: 1 }));
  });

  test('refuse a masked value, which would look the same for everybody', () => {
    expect(() => keyring().fingerprint({ name: new Personal('Anna') })).toThrow(TypeError);
    expect(() => keyring().fingerprint(Number.NaN)).toThrow(TypeError);
  });
});
