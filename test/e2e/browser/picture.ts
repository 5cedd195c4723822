/**
 * `npm run screenshot`: the picture of the status page in the README, taken from a real worker's ledger against the
 * simulators. Guarantees: the people, the decisions, the hold and the erasure are what the connector made of them; only
 * the hours before, which nobody wants to wait for, are written into the charts' buckets. `--all FOLDER` takes every page
 * there, on a phone and in the dark too.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startWorld } from '../../../fixtures/simulators/world.ts';
import { startHealthServer } from '../../../src/server/health.ts';
import { serveStatusPage } from '../../../src/server/status-page.ts';
import { logIn, openBrowser, openPage } from '../../support/browser.ts';
import { silentLogger } from '../../support/logger.ts';
import { stopTestCluster } from '../../support/postgres.ts';
import { openWorker } from '../../support/worker.ts';
import { aDay, believableDay } from './day.ts';

const token = 'a-token-for-the-picture-only';
const image = fileURLToPath(new URL('../../../docs/images/status.png', import.meta.url));
const all = process.argv[2] === '--all' ? process.argv[3] : undefined;
const folder = await mkdtemp(join(tmpdir(), 'connector-picture-'));
process.env.CONNECTOR_TEST_FOLDER = folder;

const world = await startWorld({ people: 400, seed: 7 });
const worker = await openWorker(world, {
  config: { server: { adminToken: token }, brake: { minCount: 10, maxPercent: 1 } },
  target: { requestsPerSecond: 10 },
});
const server = await startHealthServer({
  server: { host: '127.0.0.1', port: 0 },
  parts: [],
  measures: [],
  logger: silentLogger,
  more: [(room) => serveStatusPage(room, worker.core, silentLogger)],
});
const browser = await openBrowser();
try {
  const { held, failing } = await aDay(world, worker);
  await believableDay(worker);
  const { page } = await openPage(browser, server.origin, { width: 1100, height: 900 });
  await logIn(page, token);
  await page.screenshot({ path: image, fullPage: true });
  if (all) {
    await mkdir(all, { recursive: true });
    const paths = [
      '/',
      '/in-sync',
      '/excluded',
      '/failing',
      '/holds',
      `/holds/${held}`,
      '/parked',
      '/erasures',
      '/evidence',
      `/records/${failing}`,
    ];
    await everyPage(page, paths, join(all, 'wide'));
    for (const dark of [false, true]) {
      const phone = await openPage(browser, server.origin, { width: 390, height: 844, dark });
      await logIn(phone.page, token);
      await everyPage(phone.page, paths, join(all, dark ? 'phone-dark' : 'phone'));
    }
  }
} finally {
  await browser.close();
  await server.close();
  await worker.close();
  await world.close();
  await stopTestCluster();
  await rm(folder, { recursive: true, force: true });
}

async function everyPage(page: Page, paths: readonly string[], name: string): Promise<void> {
  for (const [index, path] of paths.entries()) {
    await page.goto(path);
    await page.screenshot({ path: `${name}-${index}.png`, fullPage: true });
  }
}
