/**
 * `connector preview`: what a full pass would do, and what a changed setting would change about it. Guarantees: writes
 * nothing anywhere; prints ids, rules and our own words. Exit code 3 says that the pass would leave something held, 1
 * that a part could not be rehearsed.
 */
import {
  ConfigurationError,
  isConfigurationError,
  type Mistake,
  parseChange,
  type SettingChange,
} from '../config/load.ts';
import { formatRecordRef, isTableName, type TableName } from '../config/words.ts';
import { openPreview } from './app-preview.ts';
import {
  asRefusal,
  createOutput,
  type ExitCode,
  forRooms,
  type GlobalOptions,
  interruption,
  type Output,
  openLog,
  readSettings,
  usageError,
} from './cli-context.ts';
import { differenceLines, listLines, previewLines } from './cli-preview-text.ts';
import { type Difference, differencesOf, type Preview, preview } from './sync/preview.ts';
import type { Stage } from './sync/rehearsal.ts';

export interface PreviewCommandOptions {
  readonly table: readonly string[];
  readonly sample?: number;
  readonly lookup?: boolean;
  readonly list?: boolean;
  readonly set: readonly string[];
}

export async function showPreview(options: GlobalOptions, own: PreviewCommandOptions): Promise<ExitCode> {
  const tables = own.table.map(tableName);
  const settings = await readSettings(options);
  const changes = parseChanges(own.set);
  const changed = changes.length > 0 ? await readSettings(options, changes) : undefined;
  for (const table of tables)
    if (!settings.tables[table] && !changed?.tables[table])
      throw usageError(`--table ${table}: this table is not synchronised by the configuration`);
  const logger = forRooms(openLog(settings, { logLevel: options.logLevel ?? 'error' }, 'command'));
  const output = createOutput(options);
  const { signal, stop } = interruption();
  try {
    const opened = await openPreview({ settings, logger });
    try {
      // Both copies now: what happens meanwhile is in neither.
      const before = await opened.stage(settings);
      const after = changed && (await opened.stage(changed));
      const run = (stage: Stage, what: string): Promise<Preview> =>
        preview(stage, {
          lookUp: own.lookup === true,
          share: { tables: tables.length > 0 ? tables : undefined, perTable: own.sample },
          signal,
          onPhase: (phase) => tellPhase(output, options, `${what}: ${phaseWords[phase]}`),
        });
      const now = await run(before, changed ? 'as it is' : 'preview');
      const then = after && (await run(after, 'with the change'));
      return show(now, then, own, options, output);
    } finally {
      await opened.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw asRefusal(error);
  } finally {
    stop();
  }
}

function tableName(text: string): TableName {
  if (isTableName(text)) return text;
  throw usageError(`--table ${text}: contact, lead or account is expected`);
}

/** All mistakes at once, as those of a file. */
function parseChanges(texts: readonly string[]): SettingChange[] {
  const changes: SettingChange[] = [];
  const mistakes: Mistake[] = [];
  for (const text of texts) {
    try {
      changes.push(parseChange(text));
    } catch (error) {
      if (!isConfigurationError(error)) throw error;
      mistakes.push(...error.mistakes);
    }
  }
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  return changes;
}

const phaseWords = {
  pull: 'reading what changed in Dynamics',
  jobs: 'reading marketing jobs',
  apply: 'deciding about what is owed',
  survey: 'deciding about everybody else',
} as const;

function tellPhase(output: Output, options: GlobalOptions, sentence: string): void {
  if (process.stderr.isTTY && !options.json) output.note(sentence);
}

function show(
  now: Preview,
  then: Preview | undefined,
  own: PreviewCommandOptions,
  options: GlobalOptions,
  output: Output,
): ExitCode {
  const last = then ?? now;
  const differences = then && differencesOf(now, then);
  const exitCode = exitCodeOf(last);
  if (options.json) {
    const part = ({ lines, ...rest }: Preview): object => (own.list ? { ...rest, lines: lines.map(asJson) } : rest);
    output.json({
      preview: part(now),
      ...(then ? { set: own.set, with: part(then), differences: differences?.map(asJson) } : {}),
      exitCode,
    });
    return exitCode;
  }
  for (const line of previewLines(now)) output.line(line);
  if (own.list && !then) for (const line of ['', ...listLines(now.lines)]) output.line(line);
  if (then && differences) {
    for (const line of ['', `with ${own.set.join(' and ')}`, ...previewLines(then), '']) output.line(line);
    for (const line of differenceLines(differences, own.list === true)) output.line(line);
  }
  output.line();
  output.line('Nothing was written anywhere.');
  return exitCode;
}

function asJson<Line extends Pick<Difference, 'ref'>>({ ref, ...line }: Line): object {
  return { record: formatRecordRef(ref), ...line };
}

/** Something that could not be rehearsed comes before something that would be held. */
function exitCodeOf(found: Preview): ExitCode {
  const failed =
    found.jobs.trouble !== undefined ||
    found.tables.some((row) => row.trouble !== undefined) ||
    found.targets.some((row) => row.trouble !== undefined);
  if (failed) return 1;
  return found.targets.some((row) => (row.held ?? 0) > 0) ? 3 : 0;
}
