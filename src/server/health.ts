/**
 * What a container platform and a monitoring system ask of the worker: `/livez` (the process answers), `/readyz`
 * (everything it needs is there, or which part is not), `/metrics` (Prometheus text). Guarantees: a part that hangs
 * makes the worker not ready and keeps no request waiting longer than a few seconds; nothing about a person is shown.
 */
import fastify from 'fastify';
import { Gauge, Registry } from 'prom-client';
import type { Settings } from '../../config/settings.ts';
import { isConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';

/** One thing the worker cannot do without. Throws when it is not there. */
export interface ReadyPart {
  readonly name: string;
  check(): Promise<void>;
}

/** A number that is looked up whenever somebody asks. */
export interface Measure {
  /** Prometheus name, without the prefix `connector_`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>;
}

export interface HealthServer {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly origin: string;
  /** From now on `/readyz` answers 503: nothing new should be sent here. */
  drain(): void;
  close(): Promise<void>;
}

/** Milliseconds that one part has to answer. */
const patience = 3_000;

/** Port 0 picks a free one. Throws what listening throws, e.g. EADDRINUSE. */
export async function startHealthServer(options: {
  readonly server: Settings['server'];
  readonly parts: readonly ReadyPart[];
  readonly measures: readonly Measure[];
  readonly logger: Logger;
}): Promise<HealthServer> {
  const { logger } = options;
  const app = fastify({ logger: false, forceCloseConnections: true });
  const registry = new Registry();
  const up = new Gauge({ name: 'connector_up', help: '1 while the worker runs.', registers: [registry] });
  up.set(1);
  for (const measure of options.measures) addGauge(registry, measure, logger);
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

function addGauge(registry: Registry, measure: Measure, logger: Logger): void {
  const gauge = new Gauge({
    name: `connector_${measure.name}`,
    help: measure.help,
    labelNames: [...measure.labels],
    registers: [registry],
    async collect() {
      gauge.reset();
      try {
        for (const { labels, value } of await inTime(measure.read())) gauge.set({ ...labels }, value);
      } catch (error) {
        // The others are still worth having; the absent one raises its own alarm.
        logger.warn({ error, measure: measure.name }, 'a measure could not be read');
      }
    },
  });
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('time is up')), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
