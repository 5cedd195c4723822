/**
 * What a container platform and a monitoring system ask of the worker: `/livez` (the process answers), `/readyz`
 * (everything it needs is there, or which part is not), `/metrics` (Prometheus text). Guarantees: a part that hangs
 * makes the worker not ready and keeps no request waiting longer than a few seconds; nothing about a person is shown.
 */
import fastify, { type FastifyInstance } from 'fastify';
import type { Settings } from '../../config/settings.ts';
import { isConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';
import { sendSecurityHeaders } from './headers.ts';
import { createMetrics, type Measure, type Metrics } from './metrics.ts';
import { inTime } from './patience.ts';

/** One thing the worker cannot do without. Throws when it is not there. */
export interface ReadyPart {
  readonly name: string;
  check(): Promise<void>;
}

export interface HealthServer {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly origin: string;
  /** From now on `/readyz` answers 503: nothing new should be sent here. */
  drain(): void;
  close(): Promise<void>;
}

/** Port 0 picks a free one. Throws what listening throws, e.g. EADDRINUSE. */
export async function startHealthServer(options: {
  readonly server: Settings['server'];
  readonly parts: readonly ReadyPart[];
  readonly measures: readonly Measure[];
  /** Where the work tells about itself; one of its own when left out. */
  readonly metrics?: Metrics;
  readonly logger: Logger;
  /** What else is served here; each in a room of its own. */
  readonly more?: readonly ((app: FastifyInstance) => Promise<void>)[];
}): Promise<HealthServer> {
  const { logger } = options;
  const app = fastify({ logger: false, forceCloseConnections: true });
  sendSecurityHeaders(app);
  const metrics = options.metrics ?? createMetrics([1, 60]);
  const { registry } = metrics;
  for (const measure of options.measures) metrics.addGauge(measure, logger);
  let draining = false;

  app.get('/livez', async () => ({ status: 'alive' }));

  app.get('/readyz', async (_request, reply) => {
    const missing = (await Promise.all(options.parts.map(missingPart))).filter((part) => part !== undefined);
    if (draining) missing.unshift({ part: 'worker', code: 'CLOSING' });
    return reply
      .code(missing.length === 0 ? 200 : 503)
      .send(missing.length === 0 ? { status: 'ready' } : { status: 'not ready', missing });
  });

  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));

  app.setErrorHandler((error, _request, reply) => {
    logger.error({ error }, 'request to the health server failed');
    return reply.code(500).send({ status: 'failed' });
  });

  for (const room of options.more ?? []) await app.register(async (scope) => room(scope));
  const origin = await app.listen({ host: options.server.host, port: options.server.port });
  return {
    origin,
    drain() {
      draining = true;
    },
    close: () => app.close(),
  };
}

async function missingPart(part: ReadyPart): Promise<{ part: string; code: string } | undefined> {
  try {
    await inTime(part.check());
    return undefined;
  } catch (error) {
    return { part: part.name, code: isConnectorError(error) ? error.code : 'UNAVAILABLE' };
  }
}
