/**
 * What every command shares: its configuration, its log, its way of printing and of failing. Guarantees: results go to
 * standard output and everything else to standard error; what was opened is closed, also after Ctrl-C; a failure is one
 * plain sentence and an exit code, never a foreign error's text.
 */
import { userInfo } from 'node:os';
import type { Logger as PinoLogger } from 'pino';
import { isConfigurationError, loadSettings, type SettingChange } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { type App, type OpenOptions, openApp } from './app.ts';
import { painted, type Tone } from './cli-colour.ts';
import { isConnectorError } from './http/errors.ts';
import { createLogger, framesOf, type LineSink, type Logger } from './logging.ts';
import { platforms } from './platforms/registry.ts';

/** 0 done · 1 something failed · 2 bad usage or configuration · 3 something is held and waits for a person. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface GlobalOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly logLevel?: Settings['log']['level'];
}

export interface Output {
  /** A line of the result; with a tone it is coloured, where colours are. */
  line(text?: string, tone?: Tone): void;
  /** The result for a machine. */
  json(value: unknown): void;
  /** For whoever watches; not part of the result. */
  note(text: string): void;
}

/** Ends a command with a sentence and a code. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

export function usageError(message: string): CommandError {
  return new CommandError(2, message);
}

export function createOutput(options: Pick<GlobalOptions, 'quiet'>): Output {
  return {
    line(text = '', tone) {
      if (options.quiet) return;
      process.stdout.write(`${tone === undefined ? text : painted(text, tone, process.stdout)}\n`);
    },
    json(value) {
      process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    note(text) {
      if (!options.quiet) process.stderr.write(`${text}\n`);
    },
  };
}

/** With `changes` as if the file said so. Throws ConfigurationError. */
export function readSettings(
  options: Pick<GlobalOptions, 'config'>,
  changes: readonly SettingChange[] = [],
): Promise<Settings> {
  const platformSchemas = Object.fromEntries(Object.entries(platforms).map(([name, { schema }]) => [name, schema]));
  return loadSettings({ file: options.config, env: process.env, platformSchemas, changes });
}

/** Every secret of the configuration, so that none can turn up in the log. */
function secretsOf(settings: Settings): Settings['privacy']['hashKey'][] {
  const { auth } = settings.dataverse;
  const { databaseUrl, redisUrl } = settings.storage;
  const platformSecrets = settings.targets.flatMap(({ platformSettings }) =>
    typeof platformSettings === 'object' && platformSettings !== null
      ? Object.values(platformSettings).filter((value) => isSecret(value))
      : [],
  );
  return [
    settings.privacy.hashKey,
    ...settings.privacy.previousHashKeys,
    auth.kind === 'secret' ? auth.clientSecret : undefined,
    databaseUrl,
    redisUrl,
    settings.server.adminToken,
    settings.alarms.webhook?.url,
    settings.alarms.webhook?.secret,
    settings.server.webhook?.secret,
    ...platformSecrets,
  ].filter((secret) => secret !== undefined);
}

function isSecret(value: unknown): value is Settings['privacy']['hashKey'] {
  return typeof value === 'object' && value !== null && 'reveal' in value;
}

/** A command that prints a result is quiet by itself; the worker logs as configured. */
export function openLog(
  settings: Settings,
  options: Pick<GlobalOptions, 'logLevel'>,
  use: 'worker' | 'command',
  sink?: LineSink,
): Logger {
  const configured = settings.log.level;
  const forCommand = configured === 'silent' || configured === 'error' ? configured : 'warn';
  const level = options.logLevel ?? (use === 'worker' ? configured : forCommand);
  return createLogger({ level, secrets: secretsOf(settings), ...(sink ? { sink } : {}) });
}

/** Aborted by the first SIGINT or SIGTERM; the second ends the process at once. */
export function interruption(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  function onSignal(): void {
    if (controller.signal.aborted) process.exit(1);
    controller.abort(new CommandError(1, 'stopped on request; what was begun is safe to repeat'));
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    stop() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}

export interface CommandContext {
  readonly app: App;
  readonly settings: Settings;
  readonly options: GlobalOptions;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Opens the program for one command and closes it again. */
export async function withApp(
  options: GlobalOptions,
  configuration: OpenOptions['configuration'],
  work: (context: CommandContext) => Promise<ExitCode>,
  taking: Pick<OpenOptions, 'abandon'> = {},
): Promise<ExitCode> {
  const settings = await readSettings(options);
  const logger = openLog(settings, options, 'command');
  const { signal, stop } = interruption();
  try {
    const app = await openOrRefuse({
      settings,
      logger: forRooms(logger),
      configuration,
      queues: false,
      signal,
      actor: actor(),
      ...taking,
    });
    try {
      return await work({ app, settings, options, output: createOutput(options), signal });
    } finally {
      await app.close();
    }
  } finally {
    stop();
  }
}

/** For what hashes an address, or compares one: with another key nothing would be found. Throws CommandError 2. */
export async function refuseOtherKey({ app }: CommandContext): Promise<void> {
  const { hashKey } = await app.core.store.installation.read();
  if (hashKey === null || hashKey === app.core.keyring.keyId) return;
  throw new CommandError(
    2,
    'privacy.hashKey is not the key that this ledger was made with; put the former key back (HASH_KEY_DIFFERS)',
  );
}

/** The rooms ask for pino's type and use the five levels of it. */
export function forRooms(logger: Logger): PinoLogger {
  return logger as unknown as PinoLogger;
}

/** A configuration that cannot be used is exit code 2, whatever finds it out. */
export async function openOrRefuse(options: OpenOptions): Promise<App> {
  try {
    return await openApp(options);
  } catch (error) {
    options.signal.throwIfAborted();
    throw asRefusal(error);
  }
}

/** What the configuration is to blame for ends the command with 2; anything else is left as it is. */
export function asRefusal(error: unknown): unknown {
  const isRefusal = isConnectorError(error) && error.kind === 'config';
  return isRefusal ? new CommandError(2, `${error.message} (${error.code})`) : error;
}

/** The name of who runs the command, for the evidence. */
export function actor(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Prints why a command ended and answers the exit code. */
export function explainFailure(error: unknown): ExitCode {
  if (isConfigurationError(error)) {
    complain(error.message);
    return 2;
  }
  if (error instanceof CommandError) {
    complain(error.message);
    return error.exitCode;
  }
  if (isConnectorError(error)) {
    complain(`${error.message} (${error.code})`);
    return 1;
  }
  // Whoever read the output (a pager, head) has gone: there is nobody to tell, and nothing is wrong.
  if ((error as { code?: unknown } | undefined)?.code === 'EPIPE') return 1;
  complain(describeUnexpected(error));
  return 1;
}

function complain(text: string): void {
  process.stderr.write(`${painted(text, 'bad', process.stderr)}\n`);
}

const whatToDo = 'a fault of this program: report it with these lines and with connector --version';

/** Class, code and frames of our own files: a foreign message may quote somebody's data. */
function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return `unexpected failure (UNEXPECTED); ${whatToDo}`;
  const code = (error as { code?: unknown }).code;
  return [
    `unexpected failure: ${error.name}${typeof code === 'string' ? ` (${code})` : ''}`,
    ...framesOf(error).slice(0, 8),
    `(UNEXPECTED) ${whatToDo}`,
  ].join('\n');
}
