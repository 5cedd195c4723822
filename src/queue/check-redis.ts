/** Whether a Redis can carry the queue. Reads only; answers within a few seconds. */
import { Redis } from 'ioredis';
import type { Secret } from '../../config/settings.ts';
import { ConnectorError } from '../http/errors.ts';

export interface RedisFinding {
  /** Its `maxmemory-policy`; undefined when it does not tell. */
  readonly evictionPolicy: string | undefined;
}

/** Milliseconds that it has to answer. */
const patience = 5_000;

/** Throws ConnectorError `config` REDIS_UNREACHABLE. */
export async function checkRedis(url: Secret): Promise<RedisFinding> {
  const redis = new Redis(url.reveal(), {
    lazyConnect: true,
    connectTimeout: patience,
    commandTimeout: patience,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // What goes wrong is thrown by the calls below.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const info = await redis.info('memory');
    return { evictionPolicy: /^maxmemory_policy:(\S+)/m.exec(info)?.[1] };
  } catch (cause) {
    throw new ConnectorError('config', 'REDIS_UNREACHABLE', 'Redis cannot be reached.', { cause });
  } finally {
    redis.disconnect();
  }
}
