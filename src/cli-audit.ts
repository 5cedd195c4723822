/**
 * `connector audit`: where CRM, ledger and targets disagree, by cause. Guarantees: prints ids, names of permissions and
 * properties, and our own words, never a value of a person; without `--repair` nothing changes anywhere. Exit code 3 says
 * that something waits for a person (a repair, or their hands), 1 that a part could not be looked at.
 */
import { actor, type CommandContext, type ExitCode } from './cli-context.ts';
import { count, table } from './cli-format.ts';
import { type AuditedTarget, type AuditReport, audit } from './sync/audit.ts';
import { causeWords, type Drift, driftCauses } from './sync/audit-causes.ts';
import type { Waiting } from './sync/audit-people.ts';

export interface AuditCommandOptions {
  readonly sample?: number;
  readonly repair?: boolean;
}

/** Records of a cause that are named in the text. */
const mostNamed = 20;

export async function showAudit(
  { app, options, output, signal }: CommandContext,
  own: AuditCommandOptions,
): Promise<ExitCode> {
  const tell = process.stderr.isTTY && !options.json;
  const report = await audit(app.core, {
    sample: own.sample,
    repair: own.repair === true,
    actor: actor(),
    signal,
    onProgress: (asked) => tell && output.note(`${count(asked, 'person', 'people')} asked about`),
  });
  const exitCode = exitCodeOf(report);
  if (options.json) output.json({ ...report, exitCode });
  else for (const line of auditLines(report)) output.line(line);
  return exitCode;
}

/** What could not be looked at comes before what waits for somebody. */
export function exitCodeOf({ targets, drifts, repaired }: AuditReport): ExitCode {
  if (targets.some((row) => row.trouble !== undefined || row.unanswered > 0)) return 1;
  if (drifts.length === 0) return 0;
  return repaired && repaired.byHand + repaired.overtaken === 0 ? 0 : 3;
}

export function auditLines(report: AuditReport): string[] {
  const lines = report.targets.flatMap((row, index) => [
    ...(index > 0 ? [''] : []),
    ...targetLines(
      row,
      report.drifts.filter(({ target }) => target === row.target),
    ),
  ]);
  return [...lines, '', ...endLines(report)];
}

const waitingWords: Readonly<Record<Waiting, string>> = {
  owed: 'owed',
  parked: 'parked',
  held: 'held by the brake, or kept by who reviewed that',
  erasing: 'being erased',
  unreadable: 'unreadable in the CRM',
  outside: 'not in the pilot',
};

function targetLines(row: AuditedTarget, drifts: readonly Drift[]): string[] {
  const lines = [`${row.target} (${row.platform})`, `  ${count(row.asked, 'person', 'people')} asked about`];
  const waiting = Object.entries(row.waiting).map(([why, n]) => `${n} ${waitingWords[why as Waiting]}`);
  if (waiting.length > 0) lines.push(`  not judged: ${waiting.join(', ')}`);
  if (row.unanswered > 0) lines.push(`  of ${row.unanswered} the target could not say`);
  if (row.optedOut > 0)
    lines.push(`  ${count(row.optedOut, 'permission')} of the CRM down there: theirs to decide, and no drift`);
  lines.push(...limitLines(row));
  if (row.trouble) lines.push(`  ended early: ${row.trouble.message} (${row.trouble.code})`);
  for (const cause of driftCauses) {
    const own = drifts.filter((drift) => drift.cause === cause);
    if (own.length === 0) continue;
    lines.push(`  ${own.length} ${causeWords[cause].sentence} (${cause}; repair: ${causeWords[cause].repair})`);
    const named = own.slice(0, mostNamed).map((drift) => [drift.record, drift.details.join(', ')]);
    lines.push(...table(named, '    '));
    if (own.length > mostNamed) lines.push(`    and ${own.length - mostNamed} more: --json names all`);
  }
  if (drifts.length === 0 && !row.trouble) lines.push('  no drift');
  return lines;
}

/** What could not be seen there. */
function limitLines({ listing, comparesData }: AuditedTarget): string[] {
  const lines: string[] = [];
  if (!comparesData) lines.push('  data cannot be compared on this platform: presence and permissions only');
  if (!listing)
    lines.push('  contacts cannot be listed on this platform: people whom no record leads to are not found');
  else {
    lines.push(`  ${count(listing.listed, 'contact')} listed, ${listing.foreign} of them without the id of a record`);
    if (listing.unsure > 0)
      lines.push(
        `  ${count(listing.unsure, 'GUID')} nobody knows, left alone: not all of contact, lead and account are synchronised, so a table that is not may have them`,
      );
  }
  return lines;
}

function endLines({ drifts, repaired }: AuditReport): string[] {
  if (!repaired) {
    const isDrifting = drifts.length > 0;
    return [isDrifting ? 'Nothing was changed; mend it with: connector audit --repair' : 'Nothing was changed.'];
  }
  const parts = [
    `${count(repaired.owed, 'person', 'people')} owed again`,
    ...(repaired.erasures > 0 ? [`${count(repaired.erasures, 'erasure')} asked for again`] : []),
    ...(repaired.byHand > 0 ? [`${repaired.byHand} to be mended by hand on the platform`] : []),
    ...(repaired.overtaken > 0 ? [`${repaired.overtaken} changed meanwhile and left alone`] : []),
  ];
  return [`${parts.join(', ')}: a running worker, or the next sync, takes it up`];
}
