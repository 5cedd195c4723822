/**
 * One temporary folder for the whole run; its name reaches every test process through the environment. What Node has
 * compiled for one command is kept in it for the next one: half of a command's own time is compiling.
 */
import { access, chmod, constants, mkdtemp, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const gibibyte = 1024 ** 3;

/**
 * In memory where there is enough of it (Linux): a database is some hundred files, and making one on a disk takes half a
 * second of processor time. Nothing in the folder has to be durable.
 */
async function place(): Promise<string> {
  const memory = '/dev/shm';
  const room = await access(memory, constants.W_OK)
    .then(() => statfs(memory))
    .then(
      ({ bavail, bsize }) => bavail * bsize,
      () => 0,
    );
  return room > 2 * gibibyte && freemem() > 6 * gibibyte ? memory : tmpdir();
}

async function setup(): Promise<void> {
  const folder = await mkdtemp(join(await place(), 'connector-test-'));
  // PostgreSQL refuses to run as root and is lent another user, who must be able to enter.
  await chmod(folder, 0o755);
  process.env.CONNECTOR_TEST_FOLDER = folder;
  process.env.NODE_COMPILE_CACHE = join(folder, 'compiled');
}

// biome-ignore lint/style/noDefaultExport: Jest asks for a default export.
export default setup;
