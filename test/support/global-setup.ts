/** One temporary folder for the whole run; its name reaches every test process through the environment. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-test-'));
  // PostgreSQL refuses to run as root and is lent another user, who must be able to enter.
  await chmod(folder, 0o755);
  process.env.CONNECTOR_TEST_FOLDER = folder;
}

// biome-ignore lint/style/noDefaultExport: Jest asks for a default export.
export default setup;
