#!/usr/bin/env node
/** The `connector` command. Everything it can do is in cli-program.ts. */
import { explainFailure } from './cli-context.ts';
import { run } from './cli-program.ts';

// Node would print the whole error, with whatever a library put on it.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => process.exit(explainFailure(error)));
}
process.exitCode = await run(process.argv.slice(2));
// A connection that does not want to close keeps nobody waiting.
setTimeout(() => process.exit(), 5_000).unref();
