/**
 * A Dataverse organization behind nock for the unit tests: it answers what a test has queued, in order, and writes down
 * what it was asked. A call that nobody queued an answer for fails by name.
 */
import nock from 'nock';
import { login, tenant, url } from './samples.ts';

export * from './samples.ts';

export interface Call {
  readonly method: string;
  /** As it went over the wire, below `/api/data/v9.2/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

export interface Organization {
  readonly calls: readonly Call[];
  /** Queues answers for the next calls. */
  answer(...answers: (Answer | ((call: Call) => Answer))[]): void;
  /** Answers that nobody asked for. */
  left(): number;
}

export function startOrganization(origin = url): Organization {
  const calls: Call[] = [];
  const queue: (Answer | ((call: Call) => Answer))[] = [];
  async function reply(request: Request): Promise<[number, string, Record<string, string>]> {
    const path = request.url.slice(`${origin}/api/data/v9.2/`.length);
    const headers = Object.fromEntries(request.headers);
    const call = { method: request.method, path, headers, body: await request.text() };
    calls.push(call);
    const next = queue.shift();
    if (next === undefined) throw new Error(`no answer was queued for ${call.method} ${path}`);
    const { status = 200, body, headers: sent = {} } = typeof next === 'function' ? next(call) : next;
    return [status, typeof body === 'string' ? body : JSON.stringify(body), sent];
  }
  for (const method of ['GET', 'PATCH', 'POST']) nock(origin).persist().intercept(/.*/, method).reply(reply);
  return { calls, answer: (...answers) => void queue.push(...answers), left: () => queue.length };
}

/** Entra ID with one working credential; answers how many tokens it gave. */
export function startLogin(): { readonly tokens: () => number } {
  let given = 0;
  nock(login)
    .persist()
    .get(`/${tenant}/v2.0/.well-known/openid-configuration`)
    .reply(200, {
      issuer: `${login}/${tenant}/v2.0`,
      token_endpoint: `${login}/${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${login}/${tenant}/oauth2/v2.0/authorize`,
      jwks_uri: `${login}/${tenant}/discovery/v2.0/keys`,
    });
  nock(login)
    .persist()
    .post(/\/oauth2\/v2\.0\/token/)
    .reply(() => {
      given += 1;
      return [200, { token_type: 'Bearer', expires_in: 3_599, access_token: `token-${given}` }];
    });
  return { tokens: () => given };
}
