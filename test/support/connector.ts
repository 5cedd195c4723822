/** Commands against a simulated world with a ledger of its own: a fresh one for each test of a file. */
import { afterEach, beforeEach, jest } from '@jest/globals';
import { startWorld, type World, type WorldOptions } from '../../fixtures/simulators/world.ts';
import {
  type CommandOptions,
  type ConfigurationFile,
  configurationFile,
  type Finished,
  type RunningCommand,
  runConnector,
  startConnector,
} from './command.ts';
import { type TestDatabase, withTestDatabase, withTestLedger } from './postgres.ts';
import { configurationOf, type Group, merge } from './worker.ts';

// A command is a process with a start of its own, and a busy machine starts several at once.
jest.setTimeout(180_000);

export interface ConnectorOptions extends WorldOptions {
  readonly emptyDatabase?: boolean;
}

export interface Connector {
  readonly world: World;
  readonly database: TestDatabase;
  /** Of the configuration. */
  readonly path: string;
  /** Merges over the test's configuration; `target` over its only target. */
  configure(config: Group, target?: Group): Promise<void>;
  run(...args: string[]): Promise<Finished>;
  /** A process that goes on; ended with the test. */
  start(...args: string[]): RunningCommand;
  /** The same, in another environment. */
  startWith(options: CommandOptions, ...args: string[]): RunningCommand;
}

/** `emptyDatabase` for tests of a very first start; the others find the tables there. */
export function connector({ emptyDatabase = false, ...options }: ConnectorOptions = {}): Connector {
  let world: World | undefined;
  let database: TestDatabase | undefined;
  let file: ConfigurationFile | undefined;
  let running: RunningCommand[] = [];

  beforeEach(async () => {
    world = await startWorld(options);
    database = await (emptyDatabase ? withTestDatabase() : withTestLedger());
    file = await configurationFile(complete(world, database, {}, {}));
  });

  afterEach(async () => {
    for (const { process: child, finished } of running) {
      child.kill('SIGKILL');
      await finished;
    }
    running = [];
    await file?.remove();
    await database?.drop();
    await world?.close();
  });

  function made<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('there is one inside a test only');
    return part;
  }

  function start(options: CommandOptions, args: readonly string[]): RunningCommand {
    const command = startConnector([...args, '--config', made(file).path], options);
    running.push(command);
    return command;
  }

  return {
    get world() {
      return made(world);
    },
    get database() {
      return made(database);
    },
    get path() {
      return made(file).path;
    },
    configure: (config, target = {}) => made(file).write(complete(made(world), made(database), config, target)),
    run: (...args) => runConnector([...args, '--config', made(file).path]),
    start: (...args) => start({}, args),
    startWith: (options, ...args) => start(options, args),
  };
}

function complete(world: World, database: TestDatabase, config: Group, target: Group): Group {
  const base = merge(configurationOf(world), { storage: { databaseUrl: database.url }, server: { port: 0 } });
  const [first] = base.targets as Group[];
  // As patient as a busy machine needs it: what is tested here is not who gives up when.
  const patient = merge(first ?? {}, { callTimeoutSeconds: 4, lateEffectSeconds: 8 });
  const dataverse = { callTimeoutSeconds: 20 };
  return merge(merge({ ...base, targets: [merge(patient, target)] }, { dataverse }), config);
}
