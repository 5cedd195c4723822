/** Stops the run's PostgreSQL, if a test asked for one, and removes the run's folder. */
import { rm } from 'node:fs/promises';
import { stopTestCluster } from './postgres.ts';

async function teardown(): Promise<void> {
  await stopTestCluster();
  if (process.env.CONNECTOR_TEST_FOLDER) await rm(process.env.CONNECTOR_TEST_FOLDER, { recursive: true, force: true });
}

// biome-ignore lint/style/noDefaultExport: Jest asks for a default export.
export default teardown;
