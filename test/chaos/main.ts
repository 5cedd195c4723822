/**
 * `npm run test:chaos`: many changes in the CRM while workers are killed, answers spoilt and databases restarted; then
 * the platform must equal the model. Exit code 1 when it does not, or when the run was too tame to prove anything.
 * Everything that was started is ended by its process id, at the end and on Ctrl-C.
 *
 *   --backend postgres|redis|both   --changes N   --records N   --kills N   --minutes N   --faulty 0.3   --seed N
 *   --targets 3 (Keap and BoldDesk besides Spotler; Keap is away for half of the time)
 *   --short (half a minute or so for each backend)     --keep (the folder with the logs, also when all is well)
 */
import { readOptions } from './options.ts';
import { run } from './run.ts';

const options = readOptions(process.argv.slice(2));
let failed = false;
process.stdout.write(`seed ${options.seed}\n`);
for (const backend of options.backends) {
  const verdict = await run(options, backend);
  failed ||= !verdict;
}
process.stdout.write(failed ? `chaos: FAILED (--seed ${options.seed})\n` : 'chaos: passed\n');
process.exit(failed ? 1 : 0);
