/** `npm run test:properties`: ten thousand random histories, or PROPERTY_RUNS of them from PROPERTY_SEED; says what it did. */
import { checkHistories } from './history/check.ts';

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.PROPERTY_RUNS ?? 10_000);
process.stdout.write(`seed ${seed}, ${runs} histories\n`);
const started = Date.now();
const { figures, failure } = await checkHistories(runs, seed);
const seconds = ((Date.now() - started) / 1000).toFixed(1);
process.stdout.write(
  `${figures.histories} histories in ${seconds} s: ${figures.settlings} settlings compared with the model, ` +
    `${figures.deaths} workers died, ${figures.faults} calls failed, ids would have crossed ${figures.crossings} times\n`,
);
if (failure) process.stdout.write(`${failure}\n`);
process.exitCode = failure ? 1 : 0;
