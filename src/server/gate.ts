/**
 * The door of the status page. Guarantees: without a session nobody gets past it, and no form is taken that did not come
 * from a page of that session; wrong tokens are counted and slowed down. Knows none of the pages behind it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logging.ts';
import { page } from './pages/layout.ts';
import { logInContent } from './pages/log-in.ts';
import { isSameSecret } from './secret.ts';
import { cookieName, createSessions, type Session, type Sessions, sessionMs } from './session.ts';
import { createTries } from './tries.ts';

/** Bytes of a form. */
const formLimit = 8 * 1024;

export type Form = Readonly<Record<string, string>>;

export interface Gate {
  /** Of a request that got past the door. */
  session(request: FastifyRequest): Session;
}

/** Forms are all that these pages take. */
export function takeForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: formLimit },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
}

export function formOf(request: FastifyRequest): Form {
  return (request.body ?? {}) as Form;
}

export function sendPage(reply: FastifyReply, text: string, status = 200): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(text);
}

/** Log-in and log-out; everything that is added to the instance that `inside` is given needs a session. */
export async function openGate(
  app: FastifyInstance,
  options: { readonly adminToken: string; readonly now: () => number; readonly logger: Logger },
  inside: (app: FastifyInstance, gate: Gate) => void,
): Promise<void> {
  const { adminToken, now, logger } = options;
  const sessions = createSessions(adminToken, now);
  const tries = createTries(now);

  // A browser says where a form comes from; another site's is not even read.
  app.addHook('onRequest', async (request, reply) => {
    const from = request.headers['sec-fetch-site'];
    if (request.method === 'POST' && from !== undefined && from !== 'same-origin') await refuse(reply);
  });

  app.get('/log-in', async (request, reply) => {
    const to = pathOf((request.query as Form).to);
    if (sessions.find(request.headers.cookie)) return reply.redirect(to, 303);
    return sendPage(reply, page({ title: 'Log in', content: logInContent(to, undefined) }));
  });

  app.post('/log-in', async (request, reply) => {
    const { token = '', to } = formOf(request);
    const again = (status: number, problem: string): FastifyReply =>
      sendPage(reply, page({ title: 'Log in', content: logInContent(pathOf(to), problem) }), status);
    const wait = tries.waitSeconds(request.ip);
    if (wait > 0) {
      reply.header('retry-after', String(wait));
      return again(429, `Too many wrong tokens. Try again in ${wait} seconds.`);
    }
    if (!isSameSecret(token, adminToken)) {
      tries.failed(request.ip);
      logger.warn({}, 'log-in to the status page refused: wrong token');
      return again(401, 'This is not the admin token.');
    }
    logger.info({}, 'log-in to the status page');
    return reply.header('set-cookie', cookie(request, sessions.begin(), sessionMs)).redirect(pathOf(to), 303);
  });

  await app.register(async (scope) => {
    const gate = guard(scope, sessions);
    scope.post('/log-out', async (request, reply) => {
      sessions.end(request.headers.cookie);
      return reply.header('set-cookie', cookie(request, '', 0)).redirect('/log-in', 303);
    });
    inside(scope, gate);
  });
}

function guard(scope: FastifyInstance, sessions: Sessions): Gate {
  const known = new WeakMap<FastifyRequest, Session>();
  scope.addHook('onRequest', async (request, reply) => {
    const session = sessions.find(request.headers.cookie);
    if (session) {
      known.set(request, session);
      return;
    }
    const to = request.method === 'GET' ? `?${new URLSearchParams({ to: pathOf(request.url) })}` : '';
    await reply.redirect(`/log-in${to}`, 303);
  });
  scope.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'POST') return;
    const { csrf = '' } = formOf(request);
    if (!isSameSecret(csrf, known.get(request)?.csrf ?? '')) await refuse(reply);
  });
  return {
    session(request) {
      const session = known.get(request);
      if (!session) throw new Error('this request did not come through the door');
      return session;
    },
  };
}

function refuse(reply: FastifyReply): FastifyReply {
  const content = 'This form did not come from a page of your session. Go back, load the page again, and repeat it.';
  return sendPage(reply, page({ title: 'Refused', content }), 403);
}

/** A path of this server, whatever was asked for. */
function pathOf(text: string | undefined): string {
  return text && /^\/(?!\/)[\w\-./?=&%+]*$/.test(text) ? text : '/';
}

function cookie(request: FastifyRequest, value: string, forMs: number): string {
  const secure = isSecure(request) ? '; Secure' : '';
  return `${cookieName}=${value}; Path=/; Max-Age=${Math.floor(forMs / 1000)}; HttpOnly; SameSite=Strict${secure}`;
}

/** By HTTPS, here or up to the gateway in front. Whoever forges it only loses a cookie of their own. */
function isSecure(request: FastifyRequest): boolean {
  const [forwarded = ''] = String(request.headers['x-forwarded-proto'] ?? '').split(',');
  return request.protocol === 'https' || forwarded.trim().toLowerCase() === 'https';
}
