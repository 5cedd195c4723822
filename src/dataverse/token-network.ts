/**
 * How MSAL reaches the network: over our own HTTP client, so that its proxy, authorities and time-outs hold, or, for
 * a managed identity, straight to the machine's own endpoint, which no proxy may see. Guarantees: what went wrong is
 * kept in `seen`, since MSAL replaces it by an error of its own; bodies are objects.
 *
 * An authority on this machine may be plain http, for local trials. MSAL refuses such an authority, so it is given the
 * https form; requests are then sent to the http origin, and that origin is translated back in what is answered (the
 * issuer has to match).
 */
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import type { HttpClient } from '../http/client.ts';
import { isLoopback, parseJson, retryAfterMs } from '../http/client.ts';
import { type ConnectorError, isConnectorError } from '../http/errors.ts';

/** What happened on the wire during one acquisition. */
export interface Seen {
  failure: ConnectorError | undefined;
  status: number | undefined;
  retryAfterMs: number | undefined;
}

export function nothingSeen(): Seen {
  return { failure: undefined, status: undefined, retryAfterMs: undefined };
}

/** The authority as MSAL takes it, and the origin that requests really go to. */
export function authorityFor(authority: string): { forMsal: string; host: string; plain: string | undefined } {
  const url = new URL(authority);
  const path = url.pathname.replace(/\/+$/, '');
  const local = url.protocol === 'http:' && isLoopback(url.hostname);
  return {
    forMsal: `${local ? `https://${url.host}` : url.origin}${path}`,
    host: url.host,
    plain: local ? url.origin : undefined,
  };
}

type Send = (
  method: 'GET' | 'POST',
  url: string,
  options: NetworkRequestOptions | undefined,
) => Promise<{ status: number; headers: Readonly<Record<string, string>>; text: string }>;

/** `plain` is the http origin on this machine that stands behind the https authority given to MSAL. */
export function networkOver(
  http: HttpClient,
  plain: string | undefined,
  seen: Seen,
  signal: AbortSignal,
  now: () => number,
): INetworkModule {
  const secure = plain?.replace(/^http:/, 'https:');
  return networkOf(seen, now, async (method, url, options) => {
    const target =
      plain !== undefined && secure !== undefined && url.startsWith(`${secure}/`)
        ? plain + url.slice(secure.length)
        : url;
    const answer = await http.request({
      method,
      url: target,
      template:
        method === 'GET' ? 'GET /{tenant}/v2.0/.well-known/openid-configuration' : 'POST /{tenant}/oauth2/v2.0/token',
      ...(options?.headers === undefined ? {} : { headers: options.headers }),
      ...(options?.body === undefined ? {} : { body: options.body }),
      signal,
    });
    const text =
      plain === undefined || secure === undefined ? answer.text : answer.text.replaceAll(`${plain}/`, `${secure}/`);
    return { ...answer, text };
  });
}

/**
 * For the token endpoint of the machine itself (169.254.169.254, App Service, Azure Arc): no proxy, no TLS there. MSAL
 * keeps the first one it is given for the life of the process, so it holds nothing that ends or belongs to one call;
 * what is not an answer about the identity is thrown, which MSAL turns into its `network_error`.
 */
export function localNetwork(timeoutMs: number): INetworkModule {
  async function exchange<T>(
    method: 'GET' | 'POST',
    url: string,
    options: NetworkRequestOptions | undefined,
  ): Promise<NetworkResponse<T>> {
    const answer = await fetch(url, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...(options?.headers === undefined ? {} : { headers: options.headers }),
      ...(options?.body === undefined ? {} : { body: options.body }),
    });
    // wire: the endpoint says 404, 410, 429 and 5xx while it starts, is updated or is busy.
    if ([404, 410, 429].includes(answer.status) || answer.status >= 500) throw new TypeError('not available');
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: bodyOf<T>(await answer.text()) };
  }
  return {
    sendGetRequestAsync: (url, options) => exchange('GET', url, options),
    sendPostRequestAsync: (url, options) => exchange('POST', url, options),
  };
}

/** Azure Arc answers its challenge with an empty body. */
function bodyOf<T>(text: string): T {
  const parsed = text === '' ? {} : parseJson(text, 'Entra ID');
  return (typeof parsed === 'object' && parsed !== null ? parsed : {}) as T;
}

function networkOf(seen: Seen, now: () => number, send: Send): INetworkModule {
  async function exchange<T>(
    method: 'GET' | 'POST',
    url: string,
    options: NetworkRequestOptions | undefined,
  ): Promise<NetworkResponse<T>> {
    try {
      const answer = await send(method, url, options);
      seen.status = answer.status;
      seen.retryAfterMs = retryAfterMs(answer.headers, now());
      return { status: answer.status, headers: { ...answer.headers }, body: bodyOf<T>(answer.text) };
    } catch (error) {
      if (isConnectorError(error)) seen.failure = error;
      throw error;
    }
  }
  return {
    sendGetRequestAsync: (url, options) => exchange('GET', url, options),
    sendPostRequestAsync: (url, options) => exchange('POST', url, options),
  };
}
