/**
 * A process that holds the embedded PostgreSQL of a folder until its standard input ends, for tests that kill it.
 * Ignores SIGINT, as a worker that drains does.
 */
import { startEmbedded } from '../../src/store/embedded.ts';
import { silentLogger } from './logger.ts';

const [dataDir = ''] = process.argv.slice(2);
process.on('SIGINT', () => undefined);
const server = await startEmbedded({ dataDir, logger: silentLogger, durable: false });
process.stdout.write(`${server.url}\n`);
process.stdin.resume();
process.stdin.once('end', async () => {
  await server.release();
  process.exit(0);
});
