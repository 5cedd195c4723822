/**
 * The commands and their options. Guarantees: exit code 0 when done, 1 when something failed, 2 for bad usage or
 * configuration, 3 when something is held and waits for a person; what is wrong is said in one line each on standard
 * error, and what the command line alone can tell is told before anything is opened. Does no work itself.
 */
import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { TargetName } from '../config/words.ts';
import { type AuditCommandOptions, showAudit } from './cli-audit.ts';
import { check } from './cli-check.ts';
import { painted } from './cli-colour.ts';
import { completionScript, type Shell, shells } from './cli-completion.ts';
import {
  type CommandContext,
  createOutput,
  type ExitCode,
  explainFailure,
  type GlobalOptions,
  refuseOtherKey,
  withApp,
} from './cli-context.ts';
import { type EraseOptions, erase, readSubject, recordRef } from './cli-erase.ts';
import { showErrors } from './cli-errors.ts';
import { showEvidence, verify } from './cli-evidence.ts';
import { addExamples } from './cli-examples.ts';
import { explainRecord } from './cli-explain.ts';
import { suggestCommands } from './cli-mistyped.ts';
import { moveStorage } from './cli-move.ts';
import {
  accept,
  addSuppression,
  carryOver,
  decide,
  holdId,
  listHolds,
  listParked,
  pause,
  reconcile,
  removeSuppression,
  resume,
  retry,
  showHold,
  suppressible,
} from './cli-operate.ts';
import { type PreviewCommandOptions, showPreview } from './cli-preview.ts';
import { refuseRedirection, showReport } from './cli-report.ts';
import { type SetupOptions, setup } from './cli-setup.ts';
import { start } from './cli-start.ts';
import { showStatus } from './cli-status.ts';
import { sync } from './cli-sync.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** What a command does with the global options; answers its exit code. */
type Work = (options: GlobalOptions) => Promise<ExitCode>;

/** Runs one command line (without node and the script). Never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = createProgram(async (command, work) => {
    exitCode = await work(command.optsWithGlobals<GlobalOptions>());
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

export type Execute = (command: Command, work: Work) => Promise<void>;

/** Every command; `execute` is what running one of them comes to. */
export function createProgram(execute: Execute): Command {
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
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => painted(title, 'title', process.stdout) })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 something failed, 2 bad usage or configuration, 3 something is held and waits for a person.',
    );
  addWork(program, execute);
  addQuestions(program, execute);
  addSetup(program, execute);
  addErase(program, execute);
  addHolds(program, execute);
  addOperations(program, execute);
  addCompletion(program, execute);
  addExamples(program);
  suggestCommands(program);
  return program;
}

interface Abandoning {
  readonly abandon: readonly TargetName[];
}

function abandonOption(): Option {
  return new Option('--abandon <target>', 'gives up a target that was taken out of the configuration (repeatable)')
    .argParser((name: string, former: readonly string[]) => [...former, name])
    .default([], 'none');
}

function addWork(program: Command, execute: Execute): void {
  program
    .command('start')
    .description('the worker: schedules, works and serves until it is told to stop')
    .addOption(abandonOption())
    .action((own: Abandoning, command: Command) => execute(command, (options) => start(options, own.abandon)));
  program
    .command('sync')
    .description('one full cycle: reads every table, applies everything that is due, answers marketing jobs')
    .addOption(abandonOption())
    .action((own: Abandoning, command: Command) => execute(command, (options) => withApp(options, 'take', sync, own)));
  program
    .command('reconcile')
    .description('compares the ledger with everything that is in the CRM')
    .action((_options, command: Command) => execute(command, (options) => withApp(options, 'join', reconcile)));
  program
    .command('audit')
    .description('compares the CRM, the ledger and what the targets really hold; changes nothing without --repair')
    .option('--sample <number>', 'only some records of each table, from a random place on', wholeNumber)
    .option('--repair', 'owe again what differs: nobody is created whom the rules forbid, no permission is raised')
    .action((own: AuditCommandOptions, command: Command) =>
      execute(command, (options) => withApp(options, 'join', (context) => showAudit(context, own))),
    );
  program
    .command('rekey')
    .description('carries the ledger over to a new privacy.hashKey; stop every worker first')
    .action((_options, command: Command) => execute(command, (options) => withApp(options, 'look', carryOver)));
  program
    .command('move-storage')
    .description('moves the ledger from the embedded database to storage.databaseUrl; stop every worker first')
    .action((_options, command: Command) => execute(command, moveStorage));
}

function addQuestions(program: Command, execute: Execute): void {
  program
    .command('check')
    .description('tries out everything that the configuration needs, and says how to mend what is missing')
    .action((_options, command: Command) => execute(command, check));
  program
    .command('status')
    .description('how everything stands')
    .action((_options, command: Command) => execute(command, (options) => withApp(options, 'look', showStatus)));
  program
    .command('errors')
    .description('what a code means and how to mend it; without one, all codes')
    .argument('[code]', 'as it stands in brackets after a sentence')
    .action((code: string | undefined, _options, command: Command) =>
      execute(command, (options) => showErrors(options, code)),
    );
  program
    .command('explain')
    .description('why a record is treated as it is')
    .argument('<record>', 'contact/<guid>, lead/<guid> or account/<guid>')
    .option('--lookup', 'ask every target as well, and show where it differs from the CRM')
    .action((text: string, own: { lookup?: boolean }, command: Command) =>
      execute(command, (options) => {
        const ref = recordRef(text);
        return withApp(options, 'look', async (context) => {
          await refuseOtherKey(context);
          return explainRecord(context, ref, own.lookup === true);
        });
      }),
    );
  program
    .command('preview')
    .description('what a full pass would do, by target, table, action and rule; writes nothing anywhere')
    .option('--set <setting=value>', 'try a setting out, and show the difference; repeatable', collected, [])
    .option('--lookup', 'ask the targets whom they know')
    .option('--list', 'name every record')
    .option('--table <table>', 'only this table; repeatable', collected, [])
    .option('--sample <number>', 'only some records of each table', wholeNumber)
    .action((own: PreviewCommandOptions, command: Command) => execute(command, (options) => showPreview(options, own)));
  program
    .command('report')
    .description('what each target holds about a person, to answer them; on the terminal only, kept nowhere')
    .argument('<record>', 'contact/<guid>, lead/<guid> or account/<guid>')
    .option('--redirected', 'also where the output is no terminal: whoever redirects it keeps personal data')
    .action((text: string, own: { redirected?: boolean }, command: Command) =>
      execute(command, (options) => {
        const ref = recordRef(text);
        refuseRedirection(own.redirected === true);
        return withApp(options, 'look', async (context) => {
          await refuseOtherKey(context);
          return showReport(context, ref);
        });
      }),
    );
  const evidence = program
    .command('evidence')
    .description('what was done about a record, when, why, and what the platform answered')
    .argument('<record>', 'contact/<guid>, lead/<guid> or account/<guid>')
    .option('--csv', 'for a spreadsheet')
    .action((text: string, own: { csv?: boolean }, command: Command) =>
      execute(command, (options) => {
        const ref = recordRef(text);
        return withApp(options, 'look', (context) => showEvidence(context, ref, own.csv === true));
      }),
    );
  evidence
    .command('verify')
    .description('whether all evidence is as it was sealed')
    .option('--contains <hash>', 'the hash of a seal that was kept elsewhere: it has to be among them')
    .action((own: { contains?: string }, command: Command) =>
      execute(command, (options) => withApp(options, 'look', (context) => verify(context, own.contains))),
    );
}

function addSetup(program: Command, execute: Execute): void {
  program
    .command('setup')
    .description('makes in Dynamics what is needed there: Marketing Job table, change tracking, webhook; asks first')
    .option('--yes', 'make every change without asking')
    .option('--dry-run', 'only show what would be changed')
    .option(
      '--solution <name>',
      'unique name of the solution that the table goes into',
      uniqueName,
      'DynamicsEmailConnector',
    )
    .option('--publisher <name>', 'unique name of its publisher', uniqueName, 'dynamicsemailconnector')
    .action((own: SetupOptions, command: Command) => execute(command, (options) => setup(options, own)));
}

function uniqueName(text: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(text)) {
    throw new InvalidArgumentError('A unique name is expected: letters, digits and underscores.');
  }
  return text;
}

function addErase(program: Command, execute: Execute): void {
  program
    .command('erase')
    .description('erases a person everywhere, and waits until every target has answered')
    .argument('[record]', 'contact/<guid>, lead/<guid> or account/<guid>')
    .option('--email <address>', 'everybody with this address')
    .option('--file <file>', 'every record of a file, one a line')
    .option('--no-wait', 'only ask for it')
    .option('--timeout <seconds>', 'how long to wait without any answer', seconds, 180)
    .action((ref: string | undefined, own: Omit<EraseOptions, 'ref'>, command: Command) =>
      execute(command, async (options) => {
        const subject = await readSubject({ ...own, ref });
        return withApp(options, 'join', (context) => erase(context, subject, { ...own, ref }));
      }),
    );
}

function collected(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) throw new InvalidArgumentError('A number above 0 is expected.');
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('A number of seconds is expected.');
  return value;
}

function addHolds(program: Command, execute: Execute): void {
  const holds = program
    .command('holds')
    .description('what the brake holds')
    .action((_options, command: Command) => execute(command, (options) => withApp(options, 'look', listHolds)));
  const onHold = (
    description: string,
    name: string,
    work: (context: CommandContext, id: number) => Promise<ExitCode>,
  ) =>
    holds
      .command(name)
      .description(description)
      .argument('<id>', 'its number')
      .action((text: string, _options, command: Command) =>
        execute(command, (options) => {
          const id = holdId(text);
          return withApp(options, 'look', (context) => work(context, id));
        }),
      );
  onHold('the cases of a hold', 'show', showHold);
  onHold('lets the cases pass that are still to be anonymized; good for 24 hours', 'approve', (context, id) =>
    decide(context, id, 'approved'),
  );
  onHold('leaves the people as they are until their records change', 'reject', (context, id) =>
    decide(context, id, 'rejected'),
  );
}

function addOperations(program: Command, execute: Execute): void {
  const parked = program
    .command('parked')
    .description('records that could not be applied, and why')
    .action((_options, command: Command) => execute(command, (options) => withApp(options, 'look', listParked)));
  parked
    .command('retry')
    .description('takes parked records up again')
    .argument('[record]', 'only this one')
    .action((text: string | undefined, _options, command: Command) =>
      execute(command, (options) => {
        const ref = text === undefined ? undefined : recordRef(text);
        return withApp(options, 'look', (context) => retry(context, ref));
      }),
    );
  const onTarget = (
    parent: Command,
    name: string,
    description: string,
    work: (context: CommandContext, target: string) => Promise<ExitCode>,
  ) =>
    parent
      .command(name)
      .description(description)
      .argument('<target>', 'its name in the configuration')
      .action((target: string, _options, command: Command) =>
        execute(command, (options) => withApp(options, 'look', (context) => work(context, target))),
      );
  onTarget(program, 'pause', 'sends nothing more to a target; what is owed waits', pause);
  onTarget(program, 'resume', 'goes on with a target', resume);
  const targets = program.command('targets').description('the targets of the configuration');
  onTarget(targets, 'accept', 'says that a target is another account now, and that this is meant', accept);

  const onListed = (name: string, description: string, work: typeof addSuppression) =>
    program
      .command(name)
      .description(description)
      .argument('<who>', 'an email address, or a record')
      .action((text: string, _options, command: Command) =>
        execute(command, (options) => {
          const who = suppressible(text);
          return withApp(options, 'look', async (context) => {
            await refuseOtherKey(context);
            return work(context, who);
          });
        }),
      );
  onListed('suppress', 'keeps somebody out for good: erases them where they are, creates them nowhere', addSuppression);
  onListed('unsuppress', 'takes somebody off that list', removeSuppression);
}

function addCompletion(program: Command, execute: Execute): void {
  program
    .command('completion')
    .description('a script with which a shell completes the commands')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action((shell: Shell, _options, command: Command) =>
      execute(command, async (options) => {
        createOutput(options).line(completionScript(program, shell).trimEnd());
        return 0;
      }),
    );
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
