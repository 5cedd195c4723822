import { afterEach, describe, expect, test } from '@jest/globals';
import axios from 'axios';
import { ConnectorError } from '../../../src/http/errors.ts';
import { type HealthServer, type ReadyPart, startHealthServer } from '../../../src/server/health.ts';
import type { Measure } from '../../../src/server/metrics.ts';
import { recordingLogger } from '../../support/logger.ts';

let server: HealthServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(parts: ReadyPart[] = [], measures: Measure[] = []) {
  const logger = recordingLogger();
  server = await startHealthServer({ server: { host: '127.0.0.1', port: 0 }, parts, measures, logger });
  const { origin } = server;
  const get = (path: string) => axios.get(origin + path, { validateStatus: () => true, proxy: false });
  return { get, server, logger };
}

const fine: ReadyPart = { name: 'database', check: async () => undefined };
const broken: ReadyPart = {
  name: 'queue',
  check: async () => {
    throw new ConnectorError('retry', 'QUEUE_AWAY', 'The queue is away.');
  },
};
const odd: ReadyPart = {
  name: 'crm',
  check: async () => {
    throw new Error('anna@acme.example');
  },
};

describe('the health server', () => {
  test('says that it is alive whatever is missing', async () => {
    const { get } = await start([broken]);
    expect(await get('/livez')).toMatchObject({ status: 200, data: { status: 'alive' } });
  });

  test('is ready when every part is there', async () => {
    const { get } = await start([fine]);
    expect(await get('/readyz')).toMatchObject({ status: 200, data: { status: 'ready' } });
  });

  test('names each part that is missing, by code only', async () => {
    const { get } = await start([fine, broken, odd]);
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      data: {
        status: 'not ready',
        missing: [
          { part: 'queue', code: 'QUEUE_AWAY' },
          { part: 'crm', code: 'UNAVAILABLE' },
        ],
      },
    });
  });

  test('is not ready while it drains', async () => {
    const { get, server: running } = await start([fine]);
    running.drain();
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      data: { missing: [{ part: 'worker', code: 'CLOSING' }] },
    });
  });

  test('shows measures as they are when asked, and drops what is gone', async () => {
    let owed: { labels: Record<string, string>; value: number }[] = [{ labels: { target: 'main' }, value: 3 }];
    const { get } = await start(
      [],
      [{ name: 'owed', help: 'Deliveries owed.', labels: ['target'], read: async () => owed }],
    );
    expect((await get('/metrics')).data).toContain('connector_owed{target="main"} 3');
    owed = [{ labels: { target: 'other' }, value: 1 }];
    const text = (await get('/metrics')).data as string;
    expect(text).toContain('connector_owed{target="other"} 1');
    expect(text).not.toContain('target="main"');
  });

  test('a measure that fails hides no other', async () => {
    const failing: Measure = { name: 'a', help: 'A.', labels: [], read: () => Promise.reject(new Error('no')) };
    const working: Measure = { name: 'b', help: 'B.', labels: [], read: async () => [{ labels: {}, value: 2 }] };
    const { get, logger } = await start([], [failing, working]);
    expect((await get('/metrics')).data).toContain('connector_b 2');
    expect(logger.lines).toContainEqual(expect.objectContaining({ message: 'a measure could not be read' }));
  });
});
