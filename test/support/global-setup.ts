/**
 * One temporary folder for the whole run; its name reaches every test process through the environment. What Node has
 * compiled for one command is kept in it for the next one: half of a command's own time is compiling.
 */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-test-'));
  // PostgreSQL refuses to run as root and is lent another user, who must be able to enter.
  await chmod(folder, 0o755);
  process.env.CONNECTOR_TEST_FOLDER = folder;
  process.env.NODE_COMPILE_CACHE = join(folder, 'compiled');
}

// biome-ignore lint/style/noDefaultExport: Jest asks for a default export.
export default setup;
