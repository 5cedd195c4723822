/** `connector status`: how everything stands, for people and for a machine. */
import type { CommandContext, ExitCode } from './cli-context.ts';
import { mendLines } from './cli-errors.ts';
import { age, count, table, when } from './cli-format.ts';
import { type Status, status, type TableStatus, type TargetStatus } from './sync/status.ts';

/** Milliseconds that Dataverse has to answer; what only it knows is left out then. */
const crmPatienceMs = 10_000;

export async function showStatus({ app, options, output, signal }: CommandContext): Promise<ExitCode> {
  const found = await status(app.core, AbortSignal.any([signal, AbortSignal.timeout(crmPatienceMs)]));
  if (options.json) output.json(found);
  else for (const line of statusLines(found)) output.line(line, /^(alarm|hold) /.test(line) ? 'warn' : undefined);
  return found.holds.length > 0 ? 3 : 0;
}

export function statusLines(found: Status): string[] {
  return [
    `configuration  epoch ${found.epoch}${found.inForce ? '' : ', which is not this one'}`,
    'tables',
    ...table(
      found.tables.map((row) => [row.table, tableText(row)]),
      '  ',
    ),
    ...found.tables.flatMap((row) => (row.warning ? [`  ${row.table}: ${row.warning}`] : [])),
    'targets',
    ...found.targets.flatMap(targetLines),
    `erasures  ${count(found.erasures.open, 'open one')}${
      found.erasures.oldestMs === undefined ? '' : `, the oldest for ${age(found.erasures.oldestMs)}`
    }`,
    ...found.alarms.map(
      (alarm) =>
        `alarm  ${alarm.alarm} ${alarm.subject}, since ${when(alarm.raisedAt)}: ${alarm.message} (${alarm.code})`,
    ),
    ...found.holds.map((hold) => `hold ${hold.id}  ${hold.target}: ${count(hold.cases, 'case')} to be reviewed`),
    ...mendLines(codesOf(found), false),
  ];
}

function codesOf(found: Status): string[] {
  return [
    ...found.tables.flatMap((row) => (row.stopped ? [row.stopped.code] : [])),
    ...found.targets.flatMap((row) => (row.paused ? [row.paused.code] : [])),
    ...found.alarms.map((alarm) => alarm.code),
  ];
}

function tableText(row: TableStatus): string {
  const mode = row.mode === undefined ? 'not read yet' : `${row.mode}`;
  const read = row.ageMs === undefined ? 'never to its end' : `read to its end ${age(row.ageMs)} ago`;
  const stopped = row.stopped ? `; stopped: ${row.stopped.reason} (${row.stopped.code})` : '';
  return row.mode === undefined ? mode + stopped : `${mode}, ${read}${stopped}`;
}

function targetLines(row: TargetStatus): string[] {
  const profiles = Object.entries(row.profiles).map(([state, number]) => `${state} ${number.toLocaleString('en')}`);
  const lines = table(
    [
      [
        row.target,
        [
          `owed ${row.owed.toLocaleString('en')}${row.oldestDueMs ? ` (oldest due for ${age(row.oldestDueMs)})` : ''}`,
          `parked ${row.parked.toLocaleString('en')}`,
          `held ${row.held.toLocaleString('en')}`,
          `staged ${row.staged.toLocaleString('en')}`,
          `erasures ${row.erasures.toLocaleString('en')}`,
        ].join(', '),
      ],
    ],
    '  ',
  );
  if (row.dryRun) lines.push('    dry run: nothing is sent there, what is owed waits (connector preview shows it)');
  if (row.pilot) lines.push('    pilot: only the people that the configuration names are taken on');
  if (!row.configured) lines.push('    not in this configuration');
  lines.push(`    profiles: ${profiles.length === 0 ? 'none' : profiles.join(', ')}`);
  if (row.pace !== undefined) lines.push(`    pace: ${row.pace.toFixed(1)} calls a second`);
  if (row.paused) {
    const until = row.paused.until ? `until ${when(row.paused.until)}` : `until somebody resumes it`;
    lines.push(`    paused ${until}: ${row.paused.reason} (${row.paused.code})`);
  }
  return lines;
}
