/** A folder of one test below that of the run, which is in memory where it can be: for data folders with a server in them. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function testFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(process.env.CONNECTOR_TEST_FOLDER ?? tmpdir(), `${name}-`));
  // PostgreSQL refuses to run as root and is lent another user, who must be able to enter.
  await chmod(folder, 0o755);
  return folder;
}
