/**
 * The commands and their options. Guarantees: exit code 0 when done, 1 when something failed, 2 for bad usage or
 * configuration, 3 when something is held and waits for a person; what is wrong is said in one line each on standard
 * error. Does no work itself.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { type ExitCode, explainFailure, type GlobalOptions, withApp } from './cli-context.ts';
import { start } from './cli-start.ts';
import { sync } from './cli-sync.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** Runs one command line (without node and the script). Never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said what is wrong already. Help and version are no mistakes.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return explainFailure(error);
  }
}

function createProgram(finish: (code: ExitCode) => void): Command {
  const program = new Command('connector')
    .description('Keeps an email platform equal to what Dynamics 365 and the law say.')
    .version(version(), '--version')
    .addOption(
      new Option('--config <file>', 'the configuration')
        .env('CONNECTOR_CONFIG')
        .default('connector.yaml', './connector.yaml'),
    )
    .option('--json', 'the result as JSON, where there is one')
    .option('--quiet', 'no text; the exit code says it')
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(logLevels))
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 something failed, 2 bad usage or configuration, 3 something is held and waits for a person.',
    );
  const globals = (command: Command): GlobalOptions => command.optsWithGlobals<GlobalOptions>();

  program
    .command('start')
    .description('the worker: schedules, works and serves until it is told to stop')
    .action(async (_options, command: Command) => finish(await start(globals(command))));
  program
    .command('sync')
    .description('one full cycle: reads every table, applies everything that is due, answers marketing jobs')
    .action(async (_options, command: Command) => finish(await withApp(globals(command), 'take', sync)));
  return program;
}

/** Of the package that this file is in, from the sources and from what was built of them. */
function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // The other place, then.
    }
  }
  return 'unknown';
}
