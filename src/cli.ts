#!/usr/bin/env node
/** The `connector` command. Everything it can do is in cli-program.ts. */
import { run } from './cli-program.ts';

process.exitCode = await run(process.argv.slice(2));
// A connection that does not want to close keeps nobody waiting.
setTimeout(() => process.exit(), 5_000).unref();
