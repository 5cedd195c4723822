/** What `connector check` found, in text. Pure. */
import { table } from './cli-format.ts';
import type { Capabilities } from './platforms/platform.ts';

export interface Finding {
  readonly part: string;
  readonly ok: boolean;
  readonly subject: string;
  readonly message: string;
  /** How to mend it; empty when ok. */
  readonly mend: string;
}

export function findingLines(
  findings: readonly Finding[],
  capabilities: Readonly<Record<string, Capabilities>>,
): string[] {
  const lines: string[] = [];
  for (const [part, members] of Map.groupBy(findings, (finding) => finding.part)) {
    lines.push(part);
    const rows = members.map(({ ok, subject, message }) => [ok ? 'ok' : '✗', subject, message]);
    for (const [index, line] of table(rows, '  ').entries()) {
      lines.push(line);
      const { ok, mend } = members[index] ?? { ok: true, mend: '' };
      if (!ok && mend !== '') lines.push(`      mend: ${mend}`);
    }
  }
  for (const [target, found] of Object.entries(capabilities)) {
    lines.push(`what target ${target} can do`);
    for (const line of table(capabilityRows(found), '  ')) lines.push(line);
    for (const sentence of found.sideEffects) lines.push(`  ${sentence}`);
    for (const sentence of found.manualSteps ?? []) lines.push(`  By hand, after an erasure: ${sentence}`);
  }
  const wrong = findings.filter((finding) => !finding.ok).length;
  lines.push(wrong === 0 ? 'everything is as it should be' : `${wrong} to be mended`);
  return lines;
}

function capabilityRows(found: Capabilities): string[][] {
  const { erase } = found;
  const days = (value: number | undefined): string =>
    value === undefined ? 'not said by the vendor' : `${value} days`;
  return [
    ['erasing', erase.reversible ? `${erase.mode}, can be undone: reported as not erased` : erase.mode],
    ['last copy purged within', days(erase.purgeDays)],
    ['vendor backups kept', days(erase.vendorBackupDays)],
    ['permission reset', found.permissionReset],
    ['held people', found.pauseReversible ? 'are not mailed while they wait' : 'may still be mailed while they wait'],
    [
      'erased people',
      found.blocksReimport ? 'are refused by the platform itself' : 'are kept out by the connector only',
    ],
    ['people a call', String(found.bulkSize)],
  ];
}
