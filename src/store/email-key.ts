/**
 * What makes the database pseudonymous: keyed hashes for addresses and data, and a seal for the few addresses that an
 * open erasure still needs. Guarantees: without `privacy.hashKey` none of it can be computed or opened; a value sealed
 * with a former key opens as long as that key is listed. Does not decide what may be stored.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { Secret } from '../../config/settings.ts';
import { type EmailKey, Personal } from '../../config/words.ts';
import { ConnectorError } from '../http/errors.ts';

export interface Keyring {
  /** Names the key in use without telling it: 16 hex digits. */
  readonly keyId: string;
  /** The names of the former keys, newest first. */
  readonly formerKeyIds: readonly string[];
  /** HMAC-SHA-256 of the normalised address, hex. */
  emailKey(address: string): EmailKey;
  /** The same address under each former key, newest first: to find what was stored before a change of key. */
  formerEmailKeys(address: string): EmailKey[];
  /** AES-256-GCM; two seals of one text differ. */
  seal(text: string): string;
  /** Throws ConnectorError `config` when no listed key opens it or it was altered. */
  open(sealed: string): string;
  /** HMAC-SHA-256, hex, of the value as canonical JSON: the order of properties does not matter, `undefined` is left out. */
  fingerprint(value: unknown): string;
  /** HMAC-SHA-256, hex, of a text, for the seals of the evidence; undefined when that key is not listed. */
  mark(keyId: string, text: string): string | undefined;
}

interface Key {
  readonly id: string;
  readonly sealing: Buffer;
  // As key objects: createHmac makes one of anything else, for every text, which takes longer than the text itself.
  readonly addressing: KeyObject;
  readonly marking: KeyObject;
  readonly proving: KeyObject;
}

/** `normalise` is the rules' way of writing an address (trim, NFC, lower case, domain in ASCII form). */
export function createKeyring(options: {
  readonly hashKey: Secret;
  readonly previous: readonly Secret[];
  readonly normalise: (address: string) => string;
}): Keyring {
  const current = deriveKey(options.hashKey);
  const former = options.previous.map(deriveKey);
  const hash = (key: Key, address: string): EmailKey =>
    createHmac('sha256', key.addressing).update(options.normalise(address)).digest('hex') as EmailKey;

  return {
    keyId: current.id,
    formerKeyIds: former.map((key) => key.id),
    emailKey: (address) => hash(current, address),
    formerEmailKeys: (address) => former.map((key) => hash(key, address)),
    seal(text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', current.sealing, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `${current.id}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(sealed) {
      const [id, text = ''] = sealed.split('.');
      const key = [current, ...former].find((candidate) => candidate.id === id);
      const bytes = Buffer.from(text, 'base64url');
      try {
        if (!key || bytes.length < 28) throw new RangeError('no key, or too short');
        const decipher = createDecipheriv('aes-256-gcm', key.sealing, bytes.subarray(0, 12), { authTagLength: 16 });
        decipher.setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch {
        throw new ConnectorError(
          'config',
          'SEAL_UNREADABLE',
          'A sealed value cannot be opened: list the former key under privacy.previousHashKeys.',
        );
      }
    },
    fingerprint: (value) => createHmac('sha256', current.marking).update(canonical(value)).digest('hex'),
    mark(keyId, text) {
      const key = [current, ...former].find((candidate) => candidate.id === keyId);
      return key && createHmac('sha256', key.proving).update(text).digest('hex');
    },
  };
}

function deriveKey(secret: Secret): Key {
  const text = secret.reveal();
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', text, 'dynamics-email-connector', purpose, 32));
  return {
    id: derive('name of the key').toString('hex').slice(0, 16),
    sealing: derive('seal'),
    addressing: createSecretKey(text, 'utf8'),
    marking: createSecretKey(derive('fingerprint')),
    proving: createSecretKey(derive('seal of the evidence')),
  };
}

/** JSON with sorted properties. Throws TypeError for what has no value of its own, a mask in particular. */
function canonical(value: unknown): string {
  if (value instanceof Personal) throw new TypeError('A masked value has no fingerprint: reveal it first.');
  if (value === undefined || value === null) return 'null';
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object') {
    const contents = value as Readonly<Record<string, unknown>>;
    const entries: string[] = [];
    for (const name of Object.keys(contents).sort()) {
      if (contents[name] !== undefined) entries.push(`${JSON.stringify(name)}:${canonical(contents[name])}`);
    }
    return `{${entries.join(',')}}`;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return JSON.stringify(value);
  throw new TypeError('Only plain data has a fingerprint.');
}
