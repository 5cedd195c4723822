/**
 * Who is logged in to the status page. Guarantees: a session is signed with a key that comes from the admin token, so
 * every process of the fleet knows it, none has to store it, and another token ends them all; it ends after eight hours,
 * and, on the process that was told, with the log-out. Nothing about whoever logged in is kept: there is one token.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { isSameSecret } from './secret.ts';

/** Milliseconds from the log-in. */
export const sessionMs = 8 * 3_600_000;
export const cookieName = 'connector_session';

export interface Session {
  /** Has to come back with every form of this session. */
  readonly csrf: string;
}

export interface Sessions {
  /** The value of the cookie for somebody who has shown the token. */
  begin(): string;
  /** Undefined: there is no session, it is over, or it was not made here. */
  find(cookies: string | undefined): Session | undefined;
  end(cookies: string | undefined): void;
}

export function createSessions(adminToken: string, now: () => number): Sessions {
  const key = Buffer.from(hkdfSync('sha256', adminToken, '', 'connector status page session', 32));
  /** Sessions that were logged out, until they would have ended: value → milliseconds since 1970. */
  const ended = new Map<string, number>();

  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');

  function valueIn(cookies: string | undefined): string | undefined {
    const wanted = `${cookieName}=`;
    return cookies
      ?.split(';')
      .map((part) => part.trim())
      .find((part) => part.startsWith(wanted))
      ?.slice(wanted.length);
  }

  function validIn(cookies: string | undefined): string | undefined {
    const value = valueIn(cookies);
    const parts = /^(\d{1,15})\.([\w-]{24})\.([\w-]{43})$/.exec(value ?? '');
    if (!value || !parts) return undefined;
    const [, until = '', nonce = '', mark = ''] = parts;
    if (!isSameSecret(mark, sign(`session ${until}.${nonce}`))) return undefined;
    return Number(until) > now() && !ended.has(value) ? value : undefined;
  }

  return {
    begin() {
      const rest = `${Math.floor(now()) + sessionMs}.${randomBytes(18).toString('base64url')}`;
      return `${rest}.${sign(`session ${rest}`)}`;
    },
    find(cookies) {
      const value = validIn(cookies);
      return value === undefined ? undefined : { csrf: sign(`form ${value}`) };
    },
    end(cookies) {
      const value = validIn(cookies);
      if (value === undefined) return;
      for (const [old, until] of ended) if (until <= now()) ended.delete(old);
      ended.set(value, Number.parseInt(value, 10));
    },
  };
}
