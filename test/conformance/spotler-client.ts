/**
 * A minimal Spotler client for judging the simulator: signs with the npm package `oauth-1.0a`, sends with fetch, knows
 * nothing of our own client or of the simulator's inside.
 */
import { createHmac } from 'node:crypto';
import OAuth from 'oauth-1.0a';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
  readonly errorType: string | undefined;
}

export interface Tampering {
  /** Changes the OAuth fields after they were signed. */
  readonly fields?: (fields: Record<string, string>) => Record<string, string>;
  /** Seconds added to the clock that is signed. */
  readonly clockOffset?: number;
  /** The header as a whole; `null` sends none. */
  readonly header?: string | null;
  /** Fields in the query in place of the header. */
  readonly inQuery?: boolean;
  readonly contentType?: string;
}

export interface IndependentClient {
  call(method: string, path: string, body?: unknown, tampering?: Tampering): Promise<Answer>;
  /** Sends the very same signed request again. */
  replay(): Promise<Answer>;
}

export function independentClient(
  baseUrl: string,
  credentials: { consumerKey: string; consumerSecret: string },
): IndependentClient {
  const oauth = new OAuth({
    consumer: { key: credentials.consumerKey, secret: credentials.consumerSecret },
    signature_method: 'HMAC-SHA1',
    hash_function: (text, key) => createHmac('sha1', key).update(text).digest('base64'),
  });
  let last: (() => Promise<Answer>) | undefined;

  function sign(method: string, url: string, tampering: Tampering): Record<string, string> {
    const original = oauth.getTimeStamp;
    if (tampering.clockOffset !== undefined) {
      const shift = tampering.clockOffset;
      oauth.getTimeStamp = () => Math.floor(Date.now() / 1000) + shift;
    }
    try {
      const fields: Record<string, string> = {};
      for (const [name, value] of Object.entries(oauth.authorize({ url, method }))) {
        if (name.startsWith('oauth_')) fields[name] = String(value);
      }
      return tampering.fields ? tampering.fields(fields) : fields;
    } finally {
      oauth.getTimeStamp = original;
    }
  }

  return {
    call(method, path, body, tampering = {}) {
      let url = `${baseUrl}${path}`;
      const fields = sign(method, url, tampering);
      const headers: Record<string, string> = { accept: 'application/json' };
      if (body !== undefined) headers['content-type'] = tampering.contentType ?? 'application/json';
      if (tampering.inQuery) {
        url += `${url.includes('?') ? '&' : '?'}${Object.entries(fields)
          .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
          .join('&')}`;
      } else if (tampering.header === undefined) {
        headers.authorization = oauth.toHeader(fields as unknown as OAuth.Authorization).Authorization;
      } else if (tampering.header !== null) {
        headers.authorization = tampering.header;
      }
      const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      last = async () =>
        read(await fetch(url, { method, headers, ...(payload === undefined ? {} : { body: payload }) }));
      return last();
    },
    replay() {
      if (!last) throw new Error('nothing was sent yet');
      return last();
    },
  };
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const errorType = (json as { errorType?: unknown } | undefined)?.errorType;
  return { status: response.status, text, json, errorType: typeof errorType === 'string' ? errorType : undefined };
}
